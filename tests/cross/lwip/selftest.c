/*
 * TCP through lwIP and ESP on a machine without an operating system: octets
 * both ways at once, some packets lost, keys changed in between.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "tests/lwip/stream.h"

enum { PORT = 8080, OCTETS = 200000 };

static struct net net;
static struct stream caller, server;

static int transfer(struct net_session *s)
{
	int rekeyed = 0;

	stream_init(&caller, 1, 2, OCTETS);
	stream_init(&server, 2, 1, OCTETS);
	if (stream_connect(&caller, &s->end[0].lwip, PORT) != SDESP_OK)
		return 0;
	while (!(stream_close(&caller) & stream_close(&server)) &&
		net_now_ms < 3600 * 1000) {
		net_step(&net);
		if (!rekeyed && server.read > OCTETS / 2) {
			net_rekey(&net, s, SDESP_CHACHA20_POLY1305);
			rekeyed = 1;
		}
	}
	return rekeyed && caller.read == OCTETS && server.read == OCTETS &&
	       caller.wrong + server.wrong == 0;
}

int main(void)
{
	struct tcp_pcb *listener;
	struct net_host *host;
	struct net_session *s;
	int good;

	net_init(&net);
	host = net_host(&net, "192.0.2.1", 4500);
	s = net_join(&net, host, net_host(&net, "198.51.100.2", 4501),
		SDESP_AES_128_GCM_16);
	net.lost = 10;
	if (sdesp_lwip_listen(&s->end[1].lwip, PORT, &listener) != SDESP_OK)
		return 1;
	tcp_arg(listener, &server);
	tcp_accept(listener, stream_accept);
	good = transfer(s);
	printf("%u octets each way through lwIP and ESP: %s\n",
		(unsigned)OCTETS, good ? "all there" : "FAIL");
	printf("%d passed, %d failed\n", good, !good);
	return !good;
}
