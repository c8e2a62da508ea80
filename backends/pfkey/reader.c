/*
 * Reading what comes from a kernel. RFC 2367 2 and 3.
 * SPDX-License-Identifier: MIT
 */
#include "reader.h"

#include <string.h>

#include "base/be.h"

#define BASE 16 /* octets of the base message */

unsigned sdesp_pfkey_get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

uint32_t sdesp_pfkey_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

uint64_t sdesp_pfkey_get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

int sdesp_pfkey_read(struct pfkey_message *msg, const uint8_t *buf, size_t len)
{
	size_t at = BASE;

	memset(msg, 0, sizeof *msg);
	if (len < BASE || buf[0] != PFKEY_V2 ||
		(size_t)sdesp_pfkey_get16(buf + 4) * 8 != len)
		return SDESP_ERR_SYNTAX;
	msg->type = buf[1];
	msg->error = buf[2];
	msg->satype = buf[3];
	msg->seq = sdesp_pfkey_get32(buf + 8);
	msg->pid = sdesp_pfkey_get32(buf + 12);

	while (at < len) { /* len is a multiple of 8 */
		size_t octets = (size_t)sdesp_pfkey_get16(buf + at) * 8;
		unsigned type = sdesp_pfkey_get16(buf + at + 2);

		if (octets == 0 || octets > len - at)
			return SDESP_ERR_SYNTAX;
		if (type < PFKEY_EXTS) {
			if (msg->ext[type].p != NULL)
				return SDESP_ERR_SYNTAX;
			msg->ext[type].p = buf + at;
			msg->ext[type].len = octets;
		}
		at += octets;
	}
	return SDESP_OK;
}

const uint8_t *sdesp_pfkey_ext(
	const struct pfkey_message *msg, unsigned type, size_t least)
{
	return msg->ext[type].len < least ? NULL : msg->ext[type].p;
}

uint32_t sdesp_pfkey_get_spi(const struct pfkey_message *msg)
{
	const uint8_t *p = sdesp_pfkey_ext(msg, PFKEY_EXT_SA, 16);

	return p == NULL ? 0 : sdesp_get32(p + 4);
}

int sdesp_pfkey_get_address(struct sdesp_addr *addr,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg,
	unsigned type)
{
	const uint8_t *p = sdesp_pfkey_ext(msg, type, 24);
	unsigned af;

	memset(addr, 0, sizeof *addr);
	if (p == NULL)
		return 0;
	p += 8;
	af = d->sa_len ? p[1] : sdesp_pfkey_get16(p);
	if (af == 2) {
		addr->family = 4;
		memcpy(addr->ip, p + 4, 4);
	} else if (af == d->inet6 && msg->ext[type].len >= 8 + 28) {
		addr->family = 6;
		memcpy(addr->ip, p + 8, 16);
	} else {
		return 0;
	}
	addr->port = sdesp_get16(p + 2);
	return 1;
}

/*
 * Is an algorithm listed, with keys of this length? Some systems count the
 * salt in the lengths that they list and some do not: either way will do.
 */
static int listed(const struct pfkey_message *msg, unsigned type, unsigned id,
	unsigned key_bits, unsigned salt_bits)
{
	const uint8_t *p = sdesp_pfkey_ext(msg, type, 8);

	for (size_t at = 8; p != NULL && at + 8 <= msg->ext[type].len;
		at += 8) {
		if (p[at] == id &&
			key_bits + salt_bits >= sdesp_pfkey_get16(p + at + 2) &&
			key_bits <= sdesp_pfkey_get16(p + at + 4))
			return 1;
	}
	return 0;
}

uint32_t sdesp_pfkey_get_suites(
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	uint32_t suites = 0;

	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		const struct sdesp_suite *s = sdesp_suite_by_id(id);
		const struct pfkey_algorithm *a = sdesp_pfkey_algorithm(d, id);

		if (a == NULL ||
			!listed(msg, PFKEY_EXT_SUPPORTED_ENCRYPT, a->encrypt,
				s->key_len * 8U, s->salt_len * 8U))
			continue;
		if (a->auth == 0 || listed(msg, PFKEY_EXT_SUPPORTED_AUTH,
					    a->auth, s->auth_len * 8U, 0))
			suites |= SDESP_SUITE_BIT(id);
	}
	return suites;
}

/* OpenBSD counts packets and numbers in extensions of its own. */
static void get_flow_counters(
	struct sdesp_sa_stats *stats, const struct pfkey_message *msg)
{
	const uint8_t *p = sdesp_pfkey_ext(msg, OPENBSD_EXT_COUNTER, 24);

	stats->packets = 0;
	if (p != NULL)
		stats->packets =
			sdesp_pfkey_get64(p + 8) + sdesp_pfkey_get64(p + 16);
	p = sdesp_pfkey_ext(msg, OPENBSD_EXT_REPLAY, 16);
	if (p != NULL)
		stats->seq = sdesp_pfkey_get64(p + 8);
}

int sdesp_pfkey_get_stats(struct sdesp_sa_stats *stats,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	static const uint8_t states[] = {SDESP_SA_LARVAL, SDESP_SA_MATURE,
		SDESP_SA_DYING, SDESP_SA_DEAD};
	const uint8_t *p = sdesp_pfkey_ext(msg, PFKEY_EXT_SA, 16);

	memset(stats, 0, sizeof *stats);
	if (p == NULL || p[9] >= sizeof states)
		return SDESP_ERR_SYNTAX;
	stats->state = states[p[9]];

	p = sdesp_pfkey_ext(msg, PFKEY_EXT_LIFETIME_CURRENT, 32);
	if (p != NULL) {
		stats->packets = sdesp_pfkey_get32(p + 4);
		stats->bytes = sdesp_pfkey_get64(p + 8);
	}
	if (d->flows) {
		get_flow_counters(stats, msg);
		return SDESP_OK;
	}
	p = sdesp_pfkey_ext(msg, KAME_EXT_SA2, 16);
	if (p != NULL)
		stats->seq = sdesp_pfkey_get32(p + 8);
	return SDESP_OK;
}
