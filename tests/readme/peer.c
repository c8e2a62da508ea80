/*
 * The other end of the README's example: a camera in the same program, which
 * answers the INVITE and must receive the packet. SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "sdesp.h"
#include "sdesp_posix.h"
#include "sdesp_udp_socket.h"

size_t invite(const char *offer, size_t len, char *answer, size_t cap);
int call(const struct sdesp_policy *policy, struct sdesp_local *local);

static struct sdesp_policy policy;
static struct sdesp_local local;
static struct sdesp_bearssl crypto;
static struct sdesp_port port;
static struct sdesp_udp udp;
static struct sdesp_udp_socket sock;
static struct sdesp_session session;

size_t invite(const char *offer, size_t len, char *answer, size_t cap)
{
	struct sdesp_section section;
	struct sdesp_why why;
	struct sdesp_text out;

	sdesp_text_init(&out, answer, cap);
	if (sdesp_sdp_find(&section, offer, len, 0, &why) != 0 ||
		sdesp_session_answer(
			&session, &section, &local, 0, &out, &why) != 0 ||
		sdesp_session_confirm(&session, 0) != 0)
		return 0;
	return out.len;
}

static int received_hello(void)
{
	static struct sdesp_udp_buf bufs[SDESP_UDP_BATCH];
	struct sdesp_pkt pkts[SDESP_UDP_BATCH];
	struct sdesp_udp_meta meta[SDESP_UDP_BATCH];
	struct pollfd pollfd = {sock.fd, POLLIN, 0};
	size_t n;

	while (poll(&pollfd, 1, 2000) > 0) {
		n = sdesp_udp_socket_receive(
			&sock, bufs, pkts, meta, SDESP_UDP_BATCH);
		sdesp_udp_input(&udp, pkts, meta, n, 0);
		for (size_t i = 0; i < n; i++) {
			if (pkts[i].status == SDESP_OK &&
				meta[i].local_port == 40001 &&
				pkts[i].len == 5 &&
				memcmp(pkts[i].data, "hello", 5) == 0)
				return 1;
		}
	}
	return 0;
}

int main(void)
{
	struct sdesp_udp_config config = {
		.crypto = &crypto.vtable,
		.send = sdesp_udp_socket_send,
		.send_ctx = &sock,
	};
	struct sdesp_local caller;
	int good;

	sdesp_policy_init(&policy);
	policy.loopback = 1;
	sdesp_bearssl_init(&crypto);
	sdesp_posix_port(&port);
	local = (struct sdesp_local){
		.media = "application",
		.proto = "UDP/ESP",
		.nmodes = 1,
		.modes = {SDESP_TRANSPORT},
		.nts = 1,
		.ts = {{17, {.kind = SDESP_TS_SELF, .hi = 65535},
			{.kind = SDESP_TS_PEER, .hi = 65535}}},
	};
	if (sdesp_addr_parse(&local.addr, "127.0.0.1", 9) != 0)
		return 1;
	caller = local;
	if (sdesp_udp_socket_open(&sock, &local.addr) != 0 ||
		sdesp_udp_init(&udp, &config) != 0 ||
		sdesp_session_init(&session, &policy, &udp.base, &port) != 0)
		return 1;
	good = call(&policy, &caller) == 0 && received_hello();
	good = sdesp_session_close(&session) == 0 && good;
	printf("%d passed, %d failed\n", good, !good);
	return !good;
}
