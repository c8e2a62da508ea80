/*
 * The interfaces of this host. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_LINK_H
#define SDESP_CMD_LINK_H

#include <stddef.h>

#include "sdesp_sa.h"

#define LINK_NAME 16

struct link {
	char name[LINK_NAME];
	unsigned index;
	size_t mtu;
};

/* The interface that has this address. 1; 0: none has it. */
int link_of(struct link *link, const struct sdesp_addr *addr);

/* The interface of this name. 1 or 0, likewise. */
int link_named(struct link *link, const char *name);

/* 1 when packets to this address do not leave this host, else 0. */
int link_is_own(const struct sdesp_addr *addr);

/* An address of this host within a prefix of bits. 1 or 0, likewise. */
int link_within(
	struct sdesp_addr *own, const struct sdesp_addr *prefix, unsigned bits);

/*
 * The name of the setting that makes the kernel check where IPv4 packets of a
 * link come from strictly, so that it takes only what its own routes lead
 * back to; NULL when none does.
 */
const char *link_strict(char setting[64], const char *name);

#endif
