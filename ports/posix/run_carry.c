/*
 * Datagrams of applications on loopback, through the udp home and back.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/run_carry.h"

#define BATCH SDESP_UDP_BATCH

/* A rekey may change what the session is like. */
static void look(struct run_carry *c)
{
	sdesp_session_info(c->session, &c->info);
	c->largest = sdesp_suite_payload(sdesp_suite_by_id(c->info.suite),
			     SDESP_UDP_DATAGRAM) -
		     8;
}

/* Applications' datagrams on their way into ESP. */
static void from_application(void *ctx, int fd)
{
	struct run_carry *c = ctx;
	uint64_t now = sdesp_posix_now_ms();
	uint16_t local_port, remote_port;
	uint32_t flow;
	unsigned i;

	look(c);
	flow = sdesp_udp_flow(c->udp, &c->info.flow);
	for (i = 0; i < BATCH; i++) {
		struct sdesp_pkt pkt;

		memset(&pkt, 0, sizeof pkt);
		pkt.data = c->buf.octets + SDESP_UDP_HEAD;
		pkt.head = SDESP_UDP_HEAD;
		pkt.tail = SDESP_PKT_TAIL;
		if (!run_ports_receive(&c->ports, fd, pkt.data, c->largest + 1,
			    &pkt.len, &local_port, &remote_port))
			return;
		if (sdesp_udp_send(c->udp, flow, local_port, remote_port, &pkt,
			    1, now) != 1)
			c->lost++;
	}
}

void run_carry_deliver(
	void *ctx, struct sdesp_pkt *pkt, const struct sdesp_udp_meta *meta)
{
	struct run_carry *c = ctx;

	if (meta->kind == SDESP_UDP_ESP && pkt->next_header == 17)
		run_ports_deliver(&c->ports, pkt->data, pkt->len,
			meta->local_port, meta->remote_port);
}

int run_carry_open(struct run_carry *c, const struct sdesp_session *session,
	struct sdesp_udp *udp, struct sdesp_loop *loop, const struct options *o)
{
	c->session = session;
	c->udp = udp;
	look(c);
	c->ports.loop = loop;
	c->ports.readable = from_application;
	c->ports.ctx = c;
	c->ports.selectors = &c->info.flow;
	return run_ports_open(&c->ports, o);
}

void run_carry_close(struct run_carry *c)
{
	if (c->lost + c->ports.undeliverable > 0)
		note("%lu datagrams had nowhere to go",
			c->lost + c->ports.undeliverable);
	run_ports_close(&c->ports);
}
