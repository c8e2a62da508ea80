/*
 * Netlink messages that we send, octet by octet, against the layouts of
 * linux/xfrm.h and linux/netlink.h counted by hand for 64-bit Linux, little
 * endian. SPDX-License-Identifier: MIT
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

#define HEADER 16

/* Octets that are not zero: where, and what. */
struct part {
	size_t at;
	const char *hex;
};

static void assert_octets(const uint8_t *buf, size_t len, size_t want_len,
	const struct part *parts, size_t n)
{
	uint8_t want[2048], some[256];

	assert_int_equal(len, want_len);
	memset(want, 0, sizeof want);
	for (size_t i = 0; i < n; i++) {
		size_t octets = hex(some, parts[i].hex);

		assert_true(parts[i].at + octets <= want_len);
		memcpy(want + parts[i].at, some, octets);
	}
	for (size_t i = 0; i < want_len; i++) {
		if (buf[i] != want[i])
			fail_msg("octet %zu: %02x, not %02x", i, buf[i],
				want[i]);
	}
}

#define PARTS(array) array, sizeof array / sizeof array[0]

/* The classic mistakes are 220 and 164. */
static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct xfrm_selector), 56);
	assert_int_equal(sizeof(struct xfrm_usersa_info), 224);
	assert_int_equal(sizeof(struct xfrm_userpolicy_info), 168);
	assert_int_equal(sizeof(struct xfrm_usersa_id), 24);
	assert_int_equal(sizeof(struct xfrm_user_tmpl), 64);
	assert_int_equal(sizeof(struct xfrm_userspi_info), 232);
}

static void test_inbound_aead(void **state)
{
	/* Header 16, xfrm_usersa_info 224 (id at 56, saddr 80, lft 96, reqid
	 * 208), then attributes: replay 4 + 24 + 8, encap 4 + 24, AEAD 4 + 72
	 * + 20. */
	static const struct part parts[] = {
		{0, "90010000"},          /* length 400 */
		{4, "1a00 0501"},         /* UPDSA; REQUEST ACK REPLACE */
		{8, "07000000"},          /* sequence number */
		{16 + 40, "0200"},        /* selector: AF_INET */
		{16 + 56, "c0000201"},    /* id.daddr: us */
		{16 + 72, "c0000001 32"}, /* id.spi, proto 50 */
		{16 + 80, "c6336402"},    /* saddr: the peer */
		{16 + 96, "5000000000000000 6000000000000000"},  /* bytes */
		{16 + 112, "0a00000000000000 ffffffffffffffff"}, /* packets */
		{16 + 136, "100e000000000000"},                  /* hard add */
		{16 + 208, "0100e55d 0200 00 00 90"}, /* reqid, family, mode,
							 window, ESN ICMP */
		{240, "2400 1700"},                   /* REPLAY_ESN_VAL */
		{244, "02000000"},                    /* two words */
		{264, "40000000"},                    /* of a window of 64 */
		{276, "1c00 0400"},                   /* ENCAP */
		{280, "0200 1195 1194"}, /* UDP, from 4501 to 4500 */
		{304, "6000 1200"},      /* ALG_AEAD */
		{308, "7266633431303628 67636d2861657329 29"}, /* the name */
		{372, "a0000000 80000000"}, /* key and ICV, bits */
		{380, "000102030405060708090a0b0c0d0e0f10111213"},
	};
	struct sdesp_flow flow = flow_of(SDESP_TRANSPORT, 1);
	struct sdesp_sa sa = sa_of(SDESP_AES_128_GCM_16);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;
	uint8_t buf[1024];

	(void)state;
	sa.esn = 1;
	sa.soft.bytes = 80;
	sa.hard.bytes = 96;
	sa.soft.packets = 10;
	sa.hard.seconds = 3600;
	sdesp_xfrm_ident(&id, &flow, sa.spi, 0x5de50001, 1);
	assert_int_equal(sdesp_xfrm_put_sa(&m, buf, sizeof buf, XFRM_MSG_UPDSA,
				 &id, &sa, NULL, 1),
		1);
	assert_octets(buf, sdesp_nl_end(&m, 7), 400, PARTS(parts));
}

static void test_outbound_pair(void **state)
{
	/* Attributes: replay 4 + 24 + 4, AUTH_TRUNC 4 + 72 + 32, CRYPT 4 + 68
	 * + 16. */
	static const struct part parts[] = {
		{0, "d4010000 1000 0506 08000000"}, /* 468, NEWSA; REQUEST ACK
						       EXCL CREATE */
		{16 + 56, "c6336402"},
		{16 + 72, "c0000001 32"},
		{16 + 80, "c0000201"},
		{16 + 96, "ffffffffffffffff ffffffffffffffff"},
		{16 + 112, "ffffffffffffffff ffffffffffffffff"},
		{16 + 208, "0100e55d 0200 01 00 20"}, /* tunnel, AF_UNSPEC */
		{240, "2000 1700 01000000"},
		{264, "20000000"},
		{272, "6c00 1400"}, /* ALG_AUTH_TRUNC */
		{276, "686d6163287368613235 3629"},
		{340, "00010000 80000000"}, /* 256 and 128 bits */
		{348, "101112131415161718191a1b1c1d1e1f"},
		{364, "202122232425262728292a2b2c2d2e2f"},
		{380, "5800 0200"}, /* ALG_CRYPT */
		{384, "6362632861657329"},
		{448, "80000000"},
		{452, "000102030405060708090a0b0c0d0e0f"},
	};
	struct sdesp_flow flow = flow_of(SDESP_TUNNEL, 0);
	struct sdesp_sa sa = sa_of(SDESP_AES_128_CBC_HMAC_SHA2_256_128);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;
	uint8_t buf[1024];

	(void)state;
	sdesp_xfrm_ident(&id, &flow, sa.spi, 0x5de50001, 0);
	assert_int_equal(sdesp_xfrm_put_sa(&m, buf, sizeof buf, XFRM_MSG_NEWSA,
				 &id, &sa, NULL, 0),
		1);
	assert_octets(buf, sdesp_nl_end(&m, 8), 468, PARTS(parts));
}

static void test_policy(void **state)
{
	static const struct part parts[] = {
		{0, "fc000000 1300 0506 09000000"}, /* NEWPOLICY, 252 */
		{16, "c6336402"},
		{32, "c0000201"},            /* daddr, saddr */
		{48, "9c41 ffff 9c40 ffff"}, /* 40001, from 40000 */
		{56, "0200 20 20 11"},       /* AF_INET /32 /32 UDP */
		{72, "ffffffffffffffff ffffffffffffffff"},
		{88, "ffffffffffffffff ffffffffffffffff"},
		{168, "e803000000000000 01 00 02"}, /* priority, out, allow,
						       ICMP */
		{184, "4400 0500"},                 /* TMPL */
		{188, "c6336402"},
		{204, "c0000001 32"},
		{212, "0200"},
		{216, "c0000201"},
		{232, "0100e55d"},
		{240, "ffffffff"},
		{244, "ffffffffffffffff"},
	};
	struct sdesp_flow flow = flow_of(SDESP_TRANSPORT, 0);
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS];
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;
	uint8_t buf[512];

	(void)state;
	flow.nts = 1;
	flow.ts[0].protocol = 17;
	flow.ts[0].local.kind = SDESP_TS_SELF;
	flow.ts[0].local.lo = flow.ts[0].local.hi = 40000;
	flow.ts[0].remote.kind = SDESP_TS_PEER;
	flow.ts[0].remote.lo = flow.ts[0].remote.hi = 40001;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 1);
	sdesp_xfrm_ident(&id, &flow, 0xc0000001, 0x5de50001, 0);
	sdesp_xfrm_put_policy(&m, buf, sizeof buf, XFRM_MSG_NEWPOLICY, &sel[0],
		XFRM_POLICY_OUT, XFRM_POLICY_ALLOW, &id);
	assert_octets(buf, sdesp_nl_end(&m, 9), 252, PARTS(parts));
}

static void test_numbers(void **state)
{
	/* xfrm_aevent_id 48 (saddr at 24, reqid 44), then REPLAY_ESN_VAL: 4 +
	 * 24 and the bitmap. */
	static const struct part in[] = {
		{0, "64000000 1e00 0501 04000000"},
		{16, "c0000201"},
		{32, "c0000001 0200 32"},
		{40, "c6336402"},
		{60, "0100e55d"},
		{64, "2400 1700"},
		{68, "02000000"},
		{76, "07000000"}, /* seq */
		{84, "03000000"}, /* seq_hi */
		{88, "40000000 ffffffffffffffff"},
	};
	static const struct part out[] = {
		{0, "60000000 1e00 0501 05000000"},
		{16, "c6336402"},
		{32, "c0000001 0200 32"},
		{40, "c0000201"},
		{60, "0100e55d"},
		{64, "2000 1700"},
		{68, "01000000 07000000"}, /* oseq */
		{80, "03000000"},          /* oseq_hi */
		{88, "20000000"},
	};
	struct sdesp_flow flow = flow_of(SDESP_TRANSPORT, 0);
	struct sdesp_sa sa = sa_of(SDESP_AES_128_GCM_16);
	uint64_t seq = (uint64_t)3 << 32 | 7;
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;
	uint8_t buf[512];

	(void)state;
	sdesp_xfrm_ident(&id, &flow, sa.spi, 0x5de50001, 1);
	sdesp_xfrm_put_numbers(&m, buf, sizeof buf, &id, &sa, 1, seq);
	assert_octets(buf, sdesp_nl_end(&m, 4), 100, PARTS(in));
	sdesp_xfrm_ident(&id, &flow, sa.spi, 0x5de50001, 0);
	sdesp_xfrm_put_numbers(&m, buf, sizeof buf, &id, &sa, 0, seq);
	assert_octets(buf, sdesp_nl_end(&m, 5), 96, PARTS(out));
}

static void test_names(void **state)
{
	static const struct part get[] = {{0, "28000000 1200 0500 01000000"},
		{16, "c0000201"}, {32, "c0000001 0200 32"}};
	static const struct part dump[] = {{0, "10000000 1500 0103 02000000"}};
	static const struct part alloc[] = {{0, "f8000000 1600 0500 03000000"},
		{56, "0200"}, {72, "c0000201"}, {88, "c0000001 32"},
		{96, "c6336402"}, {224, "0000e55d 0200"},
		{240, "010000c0 010000c0"}};
	struct sdesp_flow flow = flow_of(SDESP_TRANSPORT, 0);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;
	uint8_t buf[512];

	(void)state;
	sdesp_xfrm_ident(&id, &flow, 0xc0000001, 0x5de50000, 1);
	sdesp_xfrm_put_name(&m, buf, sizeof buf, XFRM_MSG_GETSA, &id);
	assert_octets(buf, sdesp_nl_end(&m, 1), 40, PARTS(get));
	sdesp_xfrm_put_dump(&m, buf, sizeof buf, XFRM_MSG_GETPOLICY);
	assert_octets(buf, sdesp_nl_end(&m, 2), 16, PARTS(dump));
	sdesp_xfrm_put_allocspi(&m, buf, sizeof buf, &id);
	assert_octets(buf, sdesp_nl_end(&m, 3), 248, PARTS(alloc));
}

/* Every suite that Linux has fits, with the largest window; no other does. */
static void test_suites(void **state)
{
	static const struct {
		uint8_t suite;
		uint16_t len; /* octets of algorithms */
	} known[] = {{SDESP_AES_128_GCM_16, 96}, {SDESP_AES_256_GCM_16, 112},
		{SDESP_CHACHA20_POLY1305, 112}, {SDESP_AES_128_GCM_16_IIV, 0},
		{SDESP_AES_256_GCM_16_IIV, 0}, {SDESP_CHACHA20_POLY1305_IIV, 0},
		{SDESP_AES_128_CCM_8, 96},
		{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 196},
		{SDESP_AES_256_CBC_HMAC_SHA2_256_128, 212},
		{SDESP_NULL_HMAC_SHA2_256_128, 180}};
	struct sdesp_flow flow = flow_of(SDESP_TRANSPORT, 1);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;
	uint8_t buf[SDESP_XFRM_REQUEST];

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct sdesp_sa sa = sa_of(known[i].suite);
		size_t fixed = HEADER + 224 + 28 + 512 + 28, len;

		sa.window = 4096;
		sdesp_xfrm_ident(&id, &flow, sa.spi, 1, 1);
		assert_int_equal(sdesp_xfrm_put_sa(&m, buf, sizeof buf,
					 XFRM_MSG_NEWSA, &id, &sa, NULL, 1),
			known[i].len != 0);
		len = sdesp_nl_end(&m, 1);
		assert_int_equal(len, fixed + known[i].len);
		/* One octet less, and it says so. */
		(void)sdesp_xfrm_put_sa(
			&m, buf, len - 1, XFRM_MSG_NEWSA, &id, &sa, NULL, 1);
		assert_int_equal(sdesp_nl_end(&m, 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_inbound_aead),
		cmocka_unit_test(test_outbound_pair),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_suites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
