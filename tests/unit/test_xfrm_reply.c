/*
 * Netlink messages that come: walked, searched, read.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>

#include "backends/xfrm/message.h"
#include "backends/xfrm/selector.h"
#include "tests/support/guard.h"
#include "tests/support/hex.h"
#include "tests/unit/xfrm_message_fixture.h"

/* --- what comes ----------------------------------------------------------- */

static int walk(const char *text, unsigned *n)
{
	uint8_t octets[256];
	size_t len = hex(octets, text);
	struct sdesp_nl_rest rest;
	struct sdesp_nl_msg msg;
	int more;

	rest.p = (const uint8_t *)guard_end(octets, len);
	rest.len = len;
	for (*n = 0; (more = sdesp_nl_next(&msg, &rest)) == 1; ++*n)
		continue;
	return more;
}

static void test_walk(void **state)
{
	unsigned n;

	(void)state;
	assert_int_equal(walk("", &n), 0);
	/* Two messages, the first of 17 octets with its padding. */
	assert_int_equal(walk("11000000 0200 0000 00000000 00000000 ff000000"
			      "10000000 0300 0000 00000000 00000000",
				 &n),
		0);
	assert_int_equal(n, 2);
	/* The last may lack its padding. */
	assert_int_equal(
		walk("11000000 0200 0000 00000000 00000000 ff", &n), 0);
	assert_int_equal(n, 1);
	/* Zero, less than a header, more than there is, a cut header. */
	assert_int_equal(walk("00000000 0200 0000 00000000 00000000", &n), -1);
	assert_int_equal(walk("0f000000 0200 0000 00000000 00000000", &n), -1);
	assert_int_equal(walk("11000000 0200 0000 00000000 00000000", &n), -1);
	assert_int_equal(walk("ffffffff 0200 0000 00000000 00000000", &n), -1);
	assert_int_equal(walk("10000000 0200 0000", &n), -1);
	assert_int_equal(n, 0);
}

static int find(const char *text, unsigned type, size_t min, size_t *len)
{
	uint8_t octets[256];
	struct sdesp_nl_attr attr = {0, NULL, 0};
	struct sdesp_nl_msg msg;
	int found;

	memset(&msg, 0, sizeof msg);
	msg.len = hex(octets, text);
	msg.body = (const uint8_t *)guard_end(octets, msg.len);
	found = sdesp_nl_find(&attr, &msg, 2, type, min);
	*len = attr.len;
	return found;
}

static void test_find(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(find("00000000 0500 0100 ff000000 0800 0200 01020304",
				 2, 4, &len),
		1);
	assert_int_equal(len, 4);
	/* Too short for what it should be; not there. */
	assert_int_equal(find("00000000 0500 0100 ff000000", 1, 2, &len), 0);
	assert_int_equal(find("00000000 0500 0100 ff000000", 3, 0, &len), 0);
	/* NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type. */
	assert_int_equal(find("00000000 0500 01c0 ff", 1, 1, &len), 1);
	/* Lengths of 0, below the header, beyond the end end the search. */
	assert_int_equal(
		find("00000000 0000 0100 0800 0200 01020304", 2, 0, &len), 0);
	assert_int_equal(find("00000000 0300 0200 01", 2, 0, &len), 0);
	assert_int_equal(find("00000000 0900 0200 01020304", 2, 0, &len), 0);
	assert_int_equal(find("00000000 0400", 2, 0, &len), 0);
	/* A body shorter than its fixed part. */
	assert_int_equal(find("00", 0, 0, &len), 0);
}

static void test_error(void **state)
{
	static const char text[] = "eaffffff 18000000 1000 0000 01000000"
				   "00000000 aabbccddeeff0011"
				   "0700 0100 6e6f00";
	uint8_t octets[64];
	struct sdesp_nl_msg msg;
	const char *words;
	size_t len;
	int error;

	(void)state;
	memset(&msg, 0, sizeof msg);
	msg.flags = NLM_F_ACK_TLVS;
	msg.len = hex(octets, text);
	msg.body = octets;
	assert_int_equal(sdesp_nl_error(&msg, &error, &words, &len), 0);
	assert_int_equal(error, -22);
	assert_int_equal(len, 2);
	assert_memory_equal(words, "no", 2);
	/* The copy of the request is said to be longer than all. */
	memset(octets + 4, 0xff, 4);
	assert_int_equal(sdesp_nl_error(&msg, &error, &words, &len), 0);
	assert_int_equal(len, 0);
	msg.len = 19;
	assert_int_equal(sdesp_nl_error(&msg, &error, &words, &len), -1);
	/* No errno is positive or that far down. */
	msg.len = 24;
	octets[3] = 0x80;
	assert_int_equal(sdesp_nl_error(&msg, &error, &words, &len), -1);
	octets[3] = 0;
	assert_int_equal(sdesp_nl_error(&msg, &error, &words, &len), -1);
}

/* What the kernel would say of an SA: a request of ours, come back. */
static struct sdesp_nl_msg said(
	uint8_t *buf, size_t cap, const struct sdesp_sa *sa)
{
	struct sdesp_flow flow = flow_of(SDESP_TRANSPORT, 0);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl_rest rest;
	struct sdesp_nl_msg msg;
	struct sdesp_nl m;

	sdesp_xfrm_ident(&id, &flow, sa->spi, 0x5de50001, 0);
	assert_int_equal(sdesp_xfrm_put_sa(&m, buf, cap, XFRM_MSG_NEWSA, &id,
				 sa, NULL, 0),
		1);
	rest.p = buf;
	rest.len = sdesp_nl_end(&m, 1);
	assert_int_equal(sdesp_nl_next(&msg, &rest), 1);
	return msg;
}

/* Where oseq and oseq_hi lie in that: behind 16 + 224 + 4. */
#define OSEQ 248
#define OSEQ_HI 256

static uint64_t moved_seq(struct sdesp_sa *sa, uint32_t low, uint32_t high)
{
	struct sdesp_flow to = flow_of(SDESP_TRANSPORT, 0);
	struct sdesp_xfrm_ident id;
	struct sdesp_xfrm_seen seen;
	struct sdesp_nl_rest rest;
	struct sdesp_nl_msg msg;
	struct sdesp_nl m;
	uint8_t buf[1024], out[1024];

	msg = said(buf, sizeof buf, sa);
	memcpy(buf + OSEQ, &low, 4);
	memcpy(buf + OSEQ_HI, &high, 4);
	to.remote.ip[3] = 99;
	sdesp_xfrm_ident(&id, &to, sa->spi, 0x5de50002, 0);
	assert_int_equal(
		sdesp_xfrm_put_moved(&m, out, sizeof out, XFRM_MSG_NEWSA, &id,
			&msg, NULL, NULL, 65536, NULL),
		0);
	rest.p = out;
	rest.len = sdesp_nl_end(&m, 1);
	assert_int_equal(sdesp_nl_next(&msg, &rest), 1);
	assert_int_equal(sdesp_xfrm_read_sa(&seen, &msg), 0);
	assert_true(seen.keyed);
	assert_int_equal(seen.info.reqid, 0x5de50002);
	assert_int_equal(((uint8_t *)&seen.info.id.daddr)[3], 99);
	/* The keys come last, and are the same. */
	assert_memory_equal(rest.p - sizeof sa->keymat / 4, sa->keymat,
		sizeof sa->keymat / 4);
	return seen.out;
}

/* Numbers never come again: they go on further up, and end where they end. */
static void test_moved(void **state)
{
	struct sdesp_sa sa = sa_of(SDESP_AES_128_GCM_16);

	(void)state;
	assert_true(moved_seq(&sa, 0, 0) == 65536);
	assert_true(moved_seq(&sa, 1000, 0) == 66536);
	assert_true(moved_seq(&sa, UINT32_MAX - 1, 0) == UINT32_MAX);
	sa.esn = 1;
	assert_true(
		moved_seq(&sa, UINT32_MAX, 0) == (uint64_t)UINT32_MAX + 65536);
	assert_true(moved_seq(&sa, 5, 7) == ((uint64_t)7 << 32) + 65541);
}

/* What a move by this message leaves of a lifetime, when the kernel looks. */
static int64_t left_after(unsigned type, uint64_t add_s, int64_t wall_s)
{
	struct sdesp_sa sa = sa_of(SDESP_AES_128_GCM_16);
	struct sdesp_xfrm_left left = {60, wall_s};
	struct sdesp_flow to = flow_of(SDESP_TRANSPORT, 0);
	struct xfrm_lifetime_cur now;
	struct sdesp_xfrm_ident id;
	struct sdesp_xfrm_seen seen;
	struct sdesp_nl_attr attr;
	struct sdesp_nl_rest rest;
	struct sdesp_nl_msg msg;
	struct sdesp_nl m;
	uint8_t buf[1024], out[1024];

	msg = said(buf, sizeof buf, &sa);
	memcpy(buf + 16 + offsetof(struct xfrm_usersa_info, curlft.add_time),
		&add_s, sizeof add_s);
	sdesp_xfrm_ident(&id, &to, sa.spi, 0x5de50002, 0);
	assert_int_equal(sdesp_xfrm_put_moved(&m, out, sizeof out, type, &id,
				 &msg, NULL, NULL, 0, &left),
		0);
	rest.p = out;
	rest.len = sdesp_nl_end(&m, 1);
	assert_int_equal(sdesp_nl_next(&msg, &rest), 1);
	assert_int_equal(sdesp_xfrm_read_sa(&seen, &msg), 0);
	assert_int_equal(sdesp_nl_find(&attr, &msg, sizeof seen.info,
				 XFRMA_LTIME_VAL, sizeof now),
		1);
	memcpy(&now, attr.p, sizeof now);
	/* An update leaves the kernel's own. */
	if (type == XFRM_MSG_NEWSA)
		add_s = now.add_time;
	return (int64_t)(seen.info.lft.hard_add_expires_seconds + add_s) -
	       wall_s;
}

/* The time of day was set while the SA lived: what is left of it is not. */
static void test_moved_in_time(void **state)
{
	static const int64_t walls[] = {1000, 1000 + 864000, 990, 1};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof walls / sizeof walls[0]; i++)
		assert_int_equal(
			left_after(XFRM_MSG_NEWSA, 1000, walls[i]), 60);
	for (i = 0; i < 3; i++)
		assert_int_equal(
			left_after(XFRM_MSG_UPDSA, 1000, walls[i]), 60);
	/* Set back by more than a life: later, but never without a limit. */
	assert_int_equal(left_after(XFRM_MSG_UPDSA, 1000, 1), 1000);
}

/* Without numbers, or with hidden keys, there is no way. */
static void test_not_moved(void **state)
{
	struct sdesp_flow to = flow_of(SDESP_TRANSPORT, 0);
	struct sdesp_sa sa = sa_of(SDESP_AES_128_GCM_16);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl_msg msg;
	struct sdesp_nl m;
	uint8_t buf[1024], out[1024];

	(void)state;
	sdesp_xfrm_ident(&id, &to, sa.spi, 1, 0);
	memset(sa.keymat, 0, sizeof sa.keymat);
	msg = said(buf, sizeof buf, &sa);
	assert_int_equal(
		sdesp_xfrm_put_moved(&m, out, sizeof out, XFRM_MSG_NEWSA, &id,
			&msg, NULL, NULL, 0, NULL),
		-1);
	sa = sa_of(SDESP_AES_128_GCM_16);
	msg = said(buf, sizeof buf, &sa);
	buf[242] = 99; /* the type of REPLAY_ESN_VAL */
	assert_int_equal(
		sdesp_xfrm_put_moved(&m, out, sizeof out, XFRM_MSG_NEWSA, &id,
			&msg, NULL, NULL, 0, NULL),
		-1);
	msg = said(buf, sizeof buf, &sa);
	memset(buf + 244, 0xff, 4); /* the length of its bitmap */
	assert_int_equal(
		sdesp_xfrm_put_moved(&m, out, sizeof out, XFRM_MSG_NEWSA, &id,
			&msg, NULL, NULL, 0, NULL),
		-1);
	msg.len = 223;
	assert_int_equal(
		sdesp_xfrm_put_moved(&m, out, sizeof out, XFRM_MSG_NEWSA, &id,
			&msg, NULL, NULL, 0, NULL),
		-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_moved_in_time),
		cmocka_unit_test(test_not_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
