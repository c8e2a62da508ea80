/* IP headers: written, patched, looked through. SPDX-License-Identifier: MIT */
#include "header.h"

#include <string.h>

#include "base/be.h"
#include "base/sum.h"

size_t sdesp_tun_header_size(unsigned family)
{
	return family == 4 ? IP4_HEADER : IP6_HEADER;
}

static void put_ip4(uint8_t *p, const struct sdesp_tun_header *h, size_t len)
{
	memset(p, 0, IP4_HEADER);
	p[0] = 0x45;
	p[1] = h->tos;
	sdesp_put16(p + 2, (uint16_t)(IP4_HEADER + len));
	sdesp_put16(p + 4, h->df ? 0 : h->ident);
	sdesp_put16(p + 6, h->df ? IP4_DF : 0);
	p[8] = h->ttl;
	p[9] = h->protocol;
	memcpy(p + 12, h->src->ip, 4);
	memcpy(p + 16, h->dst->ip, 4);
	sdesp_tun_sum_ip4(p);
}

static void put_ip6(uint8_t *p, const struct sdesp_tun_header *h, size_t len)
{
	sdesp_put32(p, (uint32_t)6 << 28 | (uint32_t)h->tos << 20);
	sdesp_put16(p + 4, (uint16_t)len);
	p[6] = h->protocol;
	p[7] = h->ttl;
	memcpy(p + 8, h->src->ip, 16);
	memcpy(p + 24, h->dst->ip, 16);
}

void sdesp_tun_header_put(
	uint8_t *p, const struct sdesp_tun_header *h, size_t len)
{
	if (h->src->family == 4)
		put_ip4(p, h, len);
	else
		put_ip6(p, h, len);
}

unsigned sdesp_tun_tos(const uint8_t *packet)
{
	if (packet[0] >> 4 == 4)
		return packet[1];
	return sdesp_get16(packet) >> 4 & 0xff;
}

void sdesp_tun_set_tos(uint8_t *packet, unsigned tos)
{
	uint16_t first = sdesp_get16(packet);

	if (packet[0] >> 4 == 4)
		sdesp_tun_patch(packet + 10, packet,
			(uint16_t)((first & 0xff00) | tos));
	else
		sdesp_put16(packet, (uint16_t)((first & 0xf00f) | tos << 4));
}

void sdesp_tun_patch(uint8_t *sum, uint8_t *field, uint16_t value)
{
	uint64_t s = (uint16_t)~sdesp_get16(sum);

	s += (uint16_t)~sdesp_get16(field);
	s += value;
	sdesp_put16(field, value);
	sdesp_put16(sum, sdesp_sum_fold(s));
}

void sdesp_tun_sum_ip4(uint8_t *packet)
{
	size_t header = (size_t)(packet[0] & 15) * 4;

	sdesp_put16(packet + 10, 0);
	sdesp_put16(packet + 10, sdesp_sum_fold(sdesp_sum(0, packet, header)));
}

uint64_t sdesp_tun_pseudo(const uint8_t *packet, unsigned protocol, size_t len)
{
	uint64_t s = protocol + len;

	if (packet[0] >> 4 == 4)
		return sdesp_sum(s, packet + 12, 8);
	return sdesp_sum(s, packet + 8, 32);
}

size_t sdesp_tun_upper(const uint8_t *packet, size_t *next_at)
{
	size_t at = IP6_HEADER;

	if (packet[0] >> 4 == 4) {
		*next_at = 9;
		if ((sdesp_get16(packet + 6) & (IP4_MF | IP4_OFFSET)) != 0)
			return 0;
		return (size_t)(packet[0] & 15) * 4;
	}
	*next_at = 6;
	for (;;) {
		unsigned next = packet[*next_at];

		if (next == NEXT_FRAGMENT)
			return 0;
		if (next != 0 && next != NEXT_ROUTING && next != NEXT_OPTIONS)
			return at;
		*next_at = at;
		at += 8 + (size_t)packet[at + 1] * 8;
	}
}
