/*
 * What tests of faults share: two ends that send to each other between outer
 * addresses, and words to say what is expected. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_FAULT_H
#define TESTS_KERNEL_FAULT_H

#include "capture.h"
#include "end.h"
#include "net.h"

/* Ends 0 and 1; UDP sockets at their outer IPv4 addresses, ports 40000 and
 * 40001. */
extern struct end ends[2];
extern int fd[2];
extern struct sdesp_addr at[2];

extern const struct terms plain; /* transport, IPv4, raw */
extern const struct terms encap; /* in UDP, with ESN */

/* Says what is not so; returns ok. */
int check(int ok, const char *what);

#define CHECK(expr)                                                            \
	do {                                                                   \
		if (!check((expr), #expr))                                     \
			return 0;                                              \
	} while (0)

/* 100 octets there and back. */
int exchange(void);
int exchange_step(void *ctx);

int say(int from);  /* 1 when the kernel took it */
int hears(int who); /* 1 when it came within 300 ms */

int agree(const struct terms *terms);
int finish(void);

/* A rekey between ends in use, offered by this one, with exchanges all the
 * way. */
int rekey_from(int offerer);

/* Set the guest's clock forward, or back. */
int clock_jump(int days);

/* How many SAs and policies of ours a namespace's kernel has. */
int left(int ns);

/* The last number of an SA in use; UINT64_MAX when it has gone. */
uint64_t seq_of(struct end *e, int inbound);

struct fault {
	const char *name;
	int (*test)(void);
};

/* Make the network, open the ends, run tests until one fails, and print what
 * came of it. What follows a failure would begin amid what is left. Returns
 * the exit status. */
int faults_run(const struct fault *faults, size_t n, enum end_kind first,
	enum end_kind second);

#endif
