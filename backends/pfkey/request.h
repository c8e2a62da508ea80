/* What we ask of a kernel, message by message. SPDX-License-Identifier: MIT */
#ifndef SDESP_PFKEY_REQUEST_H
#define SDESP_PFKEY_REQUEST_H

#include "reader.h"
#include "writer.h"

/* Each writes the extensions of a message that has begun. */

/* GETSPI, one SPI only. */
void sdesp_pfkey_put_getspi(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at);

/* UPDATE and ADD. */
void sdesp_pfkey_put_sa(struct pfkey_writer *w, const struct sdesp_pfkey_sa *at,
	const struct sdesp_sa *sa, const struct pfkey_algorithm *algorithm);

/* GET and DELETE. */
void sdesp_pfkey_put_name(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at);

/* The message of d->move that moves an SA; got is GET's answer, which
 * MOVE_PORTS takes the keys from. */
void sdesp_pfkey_put_move(struct pfkey_writer *w,
	const struct sdesp_pfkey_sa *from, const struct sdesp_pfkey_sa *to,
	const struct pfkey_message *got);

/* A selector as one policy can hold it; a family of 0 is not used. Ports: 0 =
 * all. */
struct pfkey_selector {
	uint8_t protocol; /* 0 = any */
	uint8_t local_prefix, remote_prefix;
	struct sdesp_addr local, remote;
};

/* The nth selector of a flow: 1, or 0 when there are no more, or
 * SDESP_ERR_UNSUPPORTED when policies cannot hold the flow. */
int sdesp_pfkey_selector(struct pfkey_selector *sel,
	const struct sdesp_flow *flow, unsigned nth);

enum pfkey_rule {
	PFKEY_RULE_BLOCK,
	PFKEY_RULE_PROTECT, /* outbound through one SA, inbound through any */
	PFKEY_RULE_BYPASS
};

/* SPDADD, SPDUPDATE and SPDDELETE, ADDFLOW and DELFLOW. flow says how to
 * protect; spi names the outbound SA, reqid it or the instance alone. */
void sdesp_pfkey_put_policy(struct pfkey_writer *w,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_flow *flow, unsigned reqid, uint32_t spi);

#endif
