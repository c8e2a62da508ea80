/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "tests/lwip/served.h"

struct net_session *served_pair(struct net *net, const char *a, const char *b)
{
	struct net_host *caller;

	net_init(net);
	caller = net_host(net, a, 4500);
	return net_join(
		net, caller, net_host(net, b, 4501), SDESP_AES_128_GCM_16);
}

struct tcp_pcb *served_port(struct net_session *s, struct stream *stream)
{
	struct tcp_pcb *listener = NULL;

	assert_int_equal(
		sdesp_lwip_listen(&s->end[1].lwip, SERVED_PORT, &listener),
		SDESP_OK);
	tcp_arg(listener, stream);
	tcp_accept(listener, stream_accept);
	return listener;
}

void served_close(struct net_session *s)
{
	net_close(s, 0);
	net_close(s, 1);
	assert_null(tcp_active_pcbs);
	assert_null(tcp_tw_pcbs);
	assert_null(tcp_bound_pcbs);
}

void served_syn(uint8_t segment[20], uint16_t from, uint16_t to)
{
	memset(segment, 0, 20);
	segment[0] = (uint8_t)(from >> 8);
	segment[1] = (uint8_t)from;
	segment[2] = (uint8_t)(to >> 8);
	segment[3] = (uint8_t)to;
	segment[12] = 0x50;
	segment[13] = 0x02;
	segment[14] = 0x10;
	segment[16] = 0xde;
	segment[17] = 0xad;
}
