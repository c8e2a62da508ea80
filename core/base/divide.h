/*
 * Division of 64 bits in steps of 32: small machines do no more at once, and
 * what their compilers bring for it is larger than all of base64.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_DIVIDE_H
#define SDESP_BASE_DIVIDE_H

#include <stdint.h>

/* Divide *value by a number from 1 to 65536; returns the remainder. */
uint32_t sdesp_divide(uint64_t *value, uint32_t by);

#endif
