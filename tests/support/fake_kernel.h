/*
 * The XFRM half of a kernel, as far as a backend can tell: SAs and policies
 * in tables, answers to netlink requests, failures on demand.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_FAKE_KERNEL_H
#define TESTS_FAKE_KERNEL_H

#include <linux/xfrm.h>

#include "sdesp_xfrm.h"

#define KERNEL_SAS 64
#define KERNEL_POLICIES 256
#define KERNEL_QUEUE 256
#define KERNEL_OCTETS 2048

struct kernel_sa {
	int used, keyed;
	struct xfrm_usersa_info info;
	size_t nattrs; /* octets of attributes, as they came */
	uint8_t attrs[1024];
};

struct kernel_policy {
	int used;
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl tmpl;
};

struct kernel_queue {
	unsigned n, at;
	struct {
		int len; /* negative: an error instead */
		uint8_t octets[KERNEL_OCTETS];
	} item[KERNEL_QUEUE];
};

/* What is wrong with every answer from now on. */
enum kernel_mangle {
	KERNEL_WELL,
	KERNEL_SILENT,
	KERNEL_ZERO_LENGTH,
	KERNEL_TOO_LONG,
	KERNEL_SHORT,
	KERNEL_OTHER_SEQ,
	KERNEL_NO_DATA /* an ACK, but not what was asked for */
};

struct fake_kernel {
	struct kernel_sa sas[KERNEL_SAS];
	struct kernel_policy policies[KERNEL_POLICIES];
	struct kernel_queue answers, notices;

	unsigned requests; /* so far */
	unsigned opened;   /* policies deleted so far */
	unsigned fail_at;  /* this one (from 1) fails; 0 = none */
	unsigned fail_more;
	int error; /* how: an errno; 0 is ENOMEM */
	int no_esp;
	enum kernel_mangle mangle;

	uint32_t claimed; /* instances: by others or us */
	uint64_t now_ms;
	int64_t wall_s; /* time of day */
};

extern const struct sdesp_xfrm_io fake_kernel_io;

/* A kernel with nothing in it; a backend over it. Exits when that fails. */
void fake_kernel_init(struct fake_kernel *kernel);
void fake_kernel_begin(struct fake_kernel *kernel, struct sdesp_xfrm *x);

/* Fail the nth request from now, and more after it. */
void fake_kernel_fail(struct fake_kernel *kernel, unsigned nth, unsigned more);

/* Counted: SAs with keys, all of them, policies. */
unsigned fake_kernel_mature(const struct fake_kernel *kernel);
unsigned fake_kernel_sas(const struct fake_kernel *kernel);
unsigned fake_kernel_policies(const struct fake_kernel *kernel);

/* The SA with this SPI (host order), and the policy of a direction that is
 * the first; NULL = none. */
struct kernel_sa *fake_kernel_sa(struct fake_kernel *kernel, uint32_t spi);
struct kernel_policy *fake_kernel_policy(
	struct fake_kernel *kernel, unsigned dir);

/* Put in what another program made. */
void fake_kernel_put_sa(
	struct fake_kernel *kernel, uint32_t spi, uint32_t reqid);
void fake_kernel_put_policy(struct fake_kernel *kernel,
	const struct xfrm_selector *sel, unsigned dir, uint32_t reqid);

/* Queue a notice with this body, from a port; n octets. */
void fake_kernel_notice(struct fake_kernel *kernel, unsigned type,
	uint32_t port, const void *body, size_t n);

/* The same for an SA: EXPIRE, and MAPPING from an address. */
void fake_kernel_expire(
	struct fake_kernel *kernel, const struct kernel_sa *sa, int hard);
void fake_kernel_map(struct fake_kernel *kernel, const struct kernel_sa *sa,
	const struct sdesp_addr *from);

/* Let the next notice be lost. */
void fake_kernel_lose(struct fake_kernel *kernel);

/* A datagram, or with len negative an error, for whoever reads the queue; and
 * one with one message: body and what follows it, aligned. */
void kernel_queue_put(struct kernel_queue *q, const void *p, int len);
void kernel_queue_msg(struct kernel_queue *q, unsigned type, unsigned flags,
	uint32_t seq, uint32_t port, const void *body, size_t n,
	const void *more, size_t nmore);

#endif
