/*
 * The only place that compares or wipes secrets.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_CT_H
#define SDESP_BASE_CT_H

#include <stddef.h>

/* 1 when n octets are equal; time depends on n alone. */
int sdesp_ct_equal(const void *a, const void *b, size_t n);

/* 1 when n octets are all zero; time depends on n alone. */
int sdesp_ct_zero(const void *a, size_t n);

/* Set n octets to zero, also where the compiler sees no later use. */
void sdesp_wipe(void *p, size_t n);

#endif
