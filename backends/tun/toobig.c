/*
 * ICMP "too big": RFC 1191 4, RFC 4443 3.2. SPDX-License-Identifier: MIT
 */
#include "toobig.h"

#include <string.h>

#include "base/be.h"
#include "base/sum.h"

#include "header.h"
#include "sdesp_inner.h"

enum {
	ICMP_HEADER = 8,
	ICMP_UNREACHABLE = 3,
	ICMP_FRAGMENT_NEEDED = 4,
	ICMP6_TOO_BIG = 2,
	ICMP4_MOST = 576
};

/* 0 and 8 are echo, 13 and 14 timestamp; the errors are below, 3 to 5, 11 and
 * 12. ICMPv6 has them below 128. */
static int is_error(unsigned protocol, const uint8_t *icmp)
{
	static const uint8_t errors[] = {3, 4, 5, 11, 12};

	if (protocol == NEXT_ICMP6)
		return icmp[0] < 128;
	return protocol == NEXT_ICMP &&
	       memchr(errors, icmp[0], sizeof errors) != NULL;
}

static int is_one_host(const uint8_t *ip, unsigned family)
{
	static const uint8_t none[16];

	if (family == 6)
		return ip[0] != 0xff && memcmp(ip, none, 16) != 0;
	return ip[0] != 0 && ip[0] < 224;
}

static int may_tell(const uint8_t *packet, size_t len)
{
	unsigned family = packet[0] >> 4;
	size_t at, next_at, size = family == 4 ? 4 : 16;
	const uint8_t *src = packet + (family == 4 ? 12 : 8);

	if (!is_one_host(src, family) || !is_one_host(src + size, family))
		return 0;
	if (family == 4 && (sdesp_get16(packet + 6) & IP4_OFFSET) != 0)
		return 0;
	at = sdesp_tun_upper(packet, &next_at);
	return at == 0 || at >= len || !is_error(packet[next_at], packet + at);
}

size_t sdesp_tun_too_big(uint8_t message[SDESP_TUN_TOOBIG],
	const uint8_t *packet, size_t len, size_t mtu)
{
	unsigned family = packet[0] >> 4;
	int v4 = family == 4;
	size_t header = sdesp_tun_header_size(family), size = v4 ? 4 : 16;
	size_t most = v4 ? ICMP4_MOST : SDESP_TUN_TOOBIG;
	struct sdesp_addr src = {.family = (uint8_t)family}, dst = src;
	struct sdesp_tun_header h = {.src = &src,
		.dst = &dst,
		.ttl = 64,
		.protocol = v4 ? NEXT_ICMP : NEXT_ICMP6,
		.df = 1};
	uint8_t *icmp = message + header;
	uint64_t sum;

	if (!may_tell(packet, len))
		return 0;
	if (len > most - header - ICMP_HEADER)
		len = most - header - ICMP_HEADER;
	memcpy(dst.ip, packet + (v4 ? 12 : 8), size);
	memcpy(src.ip, packet + (v4 ? 16 : 24), size);
	sdesp_tun_header_put(message, &h, ICMP_HEADER + len);

	icmp[0] = v4 ? ICMP_UNREACHABLE : ICMP6_TOO_BIG;
	icmp[1] = v4 ? ICMP_FRAGMENT_NEEDED : 0;
	sdesp_put16(icmp + 2, 0);
	sdesp_put32(icmp + 4, (uint32_t)mtu); /* below 65536 */
	memcpy(icmp + ICMP_HEADER, packet, len);
	len += ICMP_HEADER;
	sum = v4 ? 0 : sdesp_tun_pseudo(message, NEXT_ICMP6, len);
	sdesp_put16(icmp + 2, sdesp_sum_fold(sdesp_sum(sum, icmp, len)));
	return header + len;
}
