/*
 * The systems. Each number is from the header named, or from what the kernel
 * does with it. SPDX-License-Identifier: MIT
 */
#include "dialect.h"

#define ROWS(a) .algorithms = (a), .nalgorithms = sizeof(a) / sizeof(a)[0]

enum { SHA2_128 = 16, SHA2_96 = 12 };

/* FreeBSD 14, sys/net/pfkeyv2.h: SADB_X_EALG_AESGCM16 20,
 * SADB_X_EALG_CHACHA20POLY1305 15, SADB_X_EALG_AES 12,
 * SADB_EALG_NULL 11, SADB_X_AALG_SHA2_256 5. An ICV is half of the hash:
 * sys/netipsec/xform_ah.c, xform_ah_authsize(). Keys of AEADs are followed by
 * their salt: sys/netipsec/xform_esp.c, esp_init(). */
static const struct pfkey_algorithm freebsd[] = {
	{SDESP_AES_128_GCM_16, 20, 0, 0},
	{SDESP_AES_256_GCM_16, 20, 0, 0},
	{SDESP_CHACHA20_POLY1305, 15, 0, 0},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_128},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_128},
	{SDESP_NULL_HMAC_SHA2_256_128, 11, 5, SHA2_128},
};

/* sys/netipsec/key.c: key_setsaval() takes the window in octets of its bitmap,
 * or in packets by SADB_X_EXT_SA_REPLAY; key_updateaddresses() clones an SA
 * with all but its addresses; SADB_X_SAFLAGS_ESN 0x400. */
const struct sdesp_pfkey_dialect sdesp_pfkey_freebsd = {
	.name = "FreeBSD",
	.satype = 3,
	.sa_len = 1,
	.inet6 = 28,
	.natt = NATT_KAME,
	.move = MOVE_UPDATE,
	.priority = 1,
	.window_unit = 8,
	.window_ext = 1,
	.max_window = SDESP_MAX_WINDOW,
	.esn = 0x400,
	ROWS(freebsd),
};

/* NetBSD 8, sys/net/pfkeyv2.h: the numbers of FreeBSD, without ChaCha20. */
static const struct pfkey_algorithm netbsd[] = {
	{SDESP_AES_128_GCM_16, 20, 0, 0},
	{SDESP_AES_256_GCM_16, 20, 0, 0},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_128},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_128},
	{SDESP_NULL_HMAC_SHA2_256_128, 11, 5, SHA2_128},
};

/* UPDATE puts a new SA in the place of the old one (sys/netipsec/key.c). */
const struct sdesp_pfkey_dialect sdesp_pfkey_netbsd = {
	.name = "NetBSD",
	.satype = 3,
	.sa_len = 1,
	.inet6 = 24,
	.natt = NATT_KAME,
	.window_unit = 8,
	.max_window = 255 * 8,
	ROWS(netbsd),
};

/* xnu, bsd/net/pfkeyv2.h: SADB_X_EALG_AES_GCM 13,
 * SADB_X_EALG_CHACHA20POLY1305 14, SADB_X_EALG_AES 12, SADB_EALG_NULL 3,
 * SADB_X_AALG_SHA2_256 6. */
static const struct pfkey_algorithm macos[] = {
	{SDESP_AES_128_GCM_16, 13, 0, 0},
	{SDESP_AES_256_GCM_16, 13, 0, 0},
	{SDESP_CHACHA20_POLY1305, 14, 0, 0},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 12, 6, SHA2_128},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, 12, 6, SHA2_128},
	{SDESP_NULL_HMAC_SHA2_256_128, 3, 6, SHA2_128},
};

/* The port is net.inet.ipsec.esp_port. bsd/netkey/key.c: key_migrate() hangs
 * an SA elsewhere, key_update() sets it up anew. */
const struct sdesp_pfkey_dialect sdesp_pfkey_macos = {
	.name = "macOS",
	.satype = 3,
	.sa_len = 1,
	.inet6 = 30,
	.natt = NATT_MACOS,
	.natt_port = 4500,
	.move = MOVE_MIGRATE,
	.window_unit = 8,
	.max_window = 255 * 8,
	ROWS(macos),
};

/* OpenBSD 7.8, sys/net/pfkeyv2.h: SADB_X_EALG_AESGCM16 20,
 * SADB_X_EALG_CHACHA20POLY1305 22, SADB_X_EALG_AES 12, SADB_EALG_NULL 11,
 * SADB_X_AALG_SHA2_256 5. */
static const struct pfkey_algorithm openbsd[] = {
	{SDESP_AES_128_GCM_16, 20, 0, 0},
	{SDESP_AES_256_GCM_16, 20, 0, 0},
	{SDESP_CHACHA20_POLY1305, 22, 0, 0},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_128},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_128},
	{SDESP_NULL_HMAC_SHA2_256_128, 11, 5, SHA2_128},
};

/* SADB_SATYPE_ESP is 2, against RFC 2367 3.3; SADB_X_SAFLAGS_ESN 0x400; the
 * port is net.inet.esp.udpencap_port. sys/net/pfkeyv2.c: UPDATE of an SA that
 * has keys takes ports, source and, as proxy, destination. */
const struct sdesp_pfkey_dialect sdesp_pfkey_openbsd = {
	.name = "OpenBSD",
	.satype = 2,
	.sa_len = 1,
	.inet6 = 24,
	.flows = 1,
	.natt = NATT_OPENBSD,
	.natt_port = 4500,
	.move = MOVE_PROXY,
	.window_unit = 1,
	.max_window = 255,
	.esn = 0x400,
	ROWS(openbsd),
};

/* Linux 6.1, include/uapi/linux/pfkeyv2.h: SADB_X_EALG_AESCBC 12,
 * SADB_EALG_NULL 11, SADB_X_AALG_SHA2_256HMAC 5, of which net/key/af_key.c
 * makes the 96 bits of icv_truncbits. Nor are there AEADs. */
static const struct pfkey_algorithm linux_rows[] = {
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_96},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, 12, 5, SHA2_96},
	{SDESP_NULL_HMAC_SHA2_256_128, 11, 5, SHA2_96},
};

const struct sdesp_pfkey_dialect sdesp_pfkey_linux = {
	.name = "Linux",
	.satype = 3,
	.inet6 = 10,
	.wide_reqid = 1,
	.natt = NATT_KAME,
	.move = MOVE_PORTS,
	.priority = 1,
	.counts = 1,
	.window_unit = 1,
	.max_window = 32,
	ROWS(linux_rows),
};

unsigned sdesp_pfkey_base(unsigned instance)
{
	return SDESP_PFKEY_REQID + instance * SDESP_PFKEY_REQIDS;
}

unsigned sdesp_pfkey_instance(uint32_t reqid)
{
	uint32_t n = (reqid - SDESP_PFKEY_REQID) / SDESP_PFKEY_REQIDS;

	return n < SDESP_PFKEY_INSTANCES ? (unsigned)n : SDESP_PFKEY_INSTANCES;
}

const struct pfkey_algorithm *sdesp_pfkey_algorithm(
	const struct sdesp_pfkey_dialect *d, unsigned suite)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(suite);

	for (unsigned i = 0; s != NULL && i < d->nalgorithms; i++) {
		const struct pfkey_algorithm *a = &d->algorithms[i];

		if (a->suite == suite &&
			(a->auth == 0 || a->auth_icv == s->icv_len))
			return a;
	}
	return NULL;
}
