/*
 * What a kernel may say: each octet string is walked as a datagram and read
 * in every way there is, then given to a backend as its answers and notices.
 * The first octet says how. Numbers of an SA that is moved never go back.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <linux/netlink.h>
#include <string.h>

#include "backends/xfrm/message.h"
#include "sdesp_xfrm.h"

#define SKIP 1000

static struct {
	const uint8_t *p;
	size_t left;
	int right_seq; /* 1: numbers are made to fit */
	uint32_t seq;
} in;

/* --- by itself ------------------------------------------------------------ */

static void check_moved(const struct sdesp_nl_msg *msg)
{
	static const struct sdesp_xfrm_left left = {60, 1000000000};
	uint8_t buf[SDESP_XFRM_REQUEST];
	struct sdesp_xfrm_seen before, after;
	struct sdesp_xfrm_ident id;
	struct sdesp_nl_rest rest;
	struct sdesp_nl_msg moved;
	struct sdesp_nl m;

	memset(&id, 0, sizeof id);
	id.src.family = id.dst.family = 4;
	id.mode = SDESP_TRANSPORT;
	if (sdesp_xfrm_read_sa(&before, msg) != 0 ||
		sdesp_xfrm_put_moved(&m, buf, sizeof buf, XFRM_MSG_NEWSA, &id,
			msg, NULL, NULL, SKIP, &left) != 0)
		return;
	rest.p = buf;
	rest.len = sdesp_nl_end(&m, 1);
	if (rest.len == 0)
		return;
	FUZZ_CHECK(sdesp_nl_next(&moved, &rest) == 1);
	FUZZ_CHECK(sdesp_xfrm_read_sa(&after, &moved) == 0);
	FUZZ_CHECK(after.in == before.in);
	FUZZ_CHECK(after.out >= before.out || before.out > UINT64_MAX - SKIP);
}

static void read_all(const uint8_t *data, size_t size)
{
	struct sdesp_nl_rest rest = {data, size};
	struct sdesp_nl_msg msg;
	size_t octets = 0;

	while (sdesp_nl_next(&msg, &rest) == 1) {
		struct sdesp_xfrm_policy_seen policy;
		struct sdesp_xfrm_notice notice;
		const char *text;
		size_t text_len;
		int error;

		octets += sizeof(struct nlmsghdr) + msg.len;
		FUZZ_CHECK(octets <= size);
		if (sdesp_nl_error(&msg, &error, &text, &text_len) == 0)
			FUZZ_CHECK(text_len <= msg.len);
		(void)sdesp_xfrm_read_policy(&policy, &msg);
		sdesp_xfrm_read_notice(&notice, &msg);
		check_moved(&msg);
	}
}

/* --- to a backend --------------------------------------------------------- */

static int send_request(void *ctx, const uint8_t *msg, size_t len)
{
	struct nlmsghdr header;

	(void)ctx;
	FUZZ_CHECK(len >= sizeof header);
	memcpy(&header, msg, sizeof header);
	FUZZ_CHECK(header.nlmsg_len == len);
	in.seq = header.nlmsg_seq;
	return 0;
}

/* One message of the input, or what is left of it; now and then an error. */
static int receive(void *ctx, int events, uint8_t *buf, size_t cap, int wait_ms)
{
	struct nlmsghdr header;
	size_t n = in.left;

	(void)ctx;
	(void)events;
	(void)wait_ms;
	if (n == 0)
		return 0;
	if (n >= sizeof header) {
		memcpy(&header, in.p, sizeof header);
		if (header.nlmsg_len > 0 && header.nlmsg_len < n)
			n = (header.nlmsg_len + 3) & ~(size_t)3;
	}
	if (n > in.left)
		n = in.left;
	if (n > cap)
		n = cap;
	memcpy(buf, in.p, n);
	if (in.right_seq && n >= sizeof header) {
		memcpy(&header, buf, sizeof header);
		header.nlmsg_seq = in.seq;
		memcpy(buf, &header, sizeof header);
	}
	in.p += n;
	in.left -= n;
	return (int)n;
}

static uint32_t port(void *ctx)
{
	(void)ctx;
	return 1;
}

static int claim(void *ctx, unsigned instance)
{
	(void)ctx;
	(void)instance;
	return 0;
}

static void release(void *ctx, unsigned instance)
{
	(void)ctx;
	(void)instance;
}

static uint64_t now_ms(void *ctx)
{
	static uint64_t now;

	(void)ctx;
	return now += SDESP_XFRM_POLL_MS;
}

static int64_t wall_s(void *ctx)
{
	(void)ctx;
	return 1000000000;
}

static const struct sdesp_xfrm_io io = {
	send_request, receive, port, claim, release, now_ms, wall_s};

/* A backend in the midst of its work; the methods are what init gives. */
static void drive(unsigned how)
{
	static struct sdesp_xfrm x;
	struct sdesp_xfrm_config config = {&io, NULL};
	struct sdesp_backend_event ev;
	struct sdesp_sa_stats stats;
	struct sdesp_flow flow, other;

	if (sdesp_xfrm_init(&x, &config) != SDESP_OK) {
		x.open = 1;
		x.reqid = SDESP_XFRM_REQID;
		x.has.modes = SDESP_TRANSPORT | SDESP_TUNNEL;
	}
	memset(&flow, 0, sizeof flow);
	flow.local.family = flow.remote.family = 4;
	flow.mode = SDESP_TRANSPORT;
	flow.udp = 1;
	other = flow;
	other.remote.ip[0] = (uint8_t)(how >> 4);
	x.sas[0].state = SDESP_SA_MATURE;
	x.sas[0].inbound = how & 1;
	x.sas[0].udp = 1;
	x.sas[0].spi = 0x01020304;
	x.sas[0].local = flow.local;
	x.sas[0].remote = flow.remote;
	if (how & 2)
		(void)x.base.vtable->sa_move(
			&x.base, &other, &flow, 0x01020304, how & 1);
	if (how & 4)
		(void)x.base.vtable->sa_query(
			&x.base, &flow, 0x01020304, how & 1, &stats);
	for (unsigned i = 0; i < 64; i++) {
		if (x.base.vtable->poll(&x.base, &ev) != 1)
			break;
	}
	sdesp_xfrm_close(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	read_all(data + 1, size - 1);
	in.p = data + 1;
	in.left = size - 1;
	in.right_seq = data[0] >> 3 & 1;
	drive(data[0]);
	return 0;
}
