/*
 * What the cable between two namespaces has seen. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_CAPTURE_H
#define TESTS_KERNEL_CAPTURE_H

struct capture {
	unsigned esp;     /* packets, in UDP too */
	unsigned from[2]; /* of these, by who sent them */
	unsigned clear;   /* IP packets that are neither ESP nor NDP */
	unsigned missed;  /* frames that the capture was too slow for */
	char first[80];   /* of those in the clear, in words */
};

/* Begin, also anew on another cable. Exits with a message when it cannot. */
void capture_start(void);
void capture_stop(void);

/* Since the last call. */
struct capture capture_take(void);

/* 1 when nothing since was in the clear, and nothing was missed; else says
 * what was. */
int capture_is_clean(void);

#endif
