/*
 * A sender that nothing stops. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_POUR_H
#define TESTS_KERNEL_POUR_H

#include <signal.h>

/* Send datagrams to port 9 of this address and echo requests, by turns, 500 a
 * second, whatever becomes of them, until it is over; print "N sent, M
 * refused". An exit code. */
int pour(const char *address, const volatile sig_atomic_t *over);

#endif
