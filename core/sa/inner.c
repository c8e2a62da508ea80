/*
 * Inner packets, read for their selectors. SPEC 8.5, RFC 4301 5.2.
 * SPDX-License-Identifier: MIT
 */
#include "sdesp_inner.h"

#include <string.h>

#include "base/be.h"
#include "base/sum.h"

enum {
	UDP = 17,
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	DESTINATION = 60,
	MAX_EXTENSIONS = 8
};

/* Every protocol that has ports begins with them. */
static int read_ports(struct sdesp_inner *inner, const uint8_t *data, size_t at)
{
	if (inner->later || !sdesp_protocol_has_ports(inner->protocol))
		return SDESP_OK;
	if (inner->len - at < 4)
		return SDESP_ERR_PADDING;
	inner->src.port = sdesp_get16(data + at);
	inner->dst.port = sdesp_get16(data + at + 2);
	return SDESP_OK;
}

/* RFC 791 3.1. */
static int read_ip4(struct sdesp_inner *inner, const uint8_t *data, size_t len)
{
	size_t header;

	if (len < 20)
		return SDESP_ERR_PADDING;
	header = (size_t)(data[0] & 15) * 4;
	inner->len = sdesp_get16(data + 2);
	if (header < 20 || inner->len < header || inner->len > len)
		return SDESP_ERR_PADDING;

	inner->protocol = data[9];
	inner->src.family = inner->dst.family = 4;
	memcpy(inner->src.ip, data + 12, 4);
	memcpy(inner->dst.ip, data + 16, 4);
	inner->later = (sdesp_get16(data + 6) & 0x1fff) != 0;
	return read_ports(inner, data, header);
}

/* RFC 8200 4. */
static int read_ip6(struct sdesp_inner *inner, const uint8_t *data, size_t len)
{
	unsigned next;
	size_t at = 40;

	if (len < at)
		return SDESP_ERR_PADDING;
	inner->len = at + sdesp_get16(data + 4);
	if (inner->len > len)
		return SDESP_ERR_PADDING;
	inner->src.family = inner->dst.family = 6;
	memcpy(inner->src.ip, data + 8, 16);
	memcpy(inner->dst.ip, data + 24, 16);

	next = data[6];
	for (int i = 0; i <= MAX_EXTENSIONS; i++) {
		size_t size = 8;

		if (inner->later ||
			(next != HOP_BY_HOP && next != ROUTING &&
				next != FRAGMENT && next != DESTINATION)) {
			inner->protocol = (uint8_t)next;
			return read_ports(inner, data, at);
		}
		if (inner->len - at < size)
			return SDESP_ERR_PADDING;
		if (next == FRAGMENT)
			inner->later = sdesp_get16(data + at + 2) >> 3 != 0;
		else
			size += (size_t)data[at + 1] * 8;
		if (inner->len - at < size)
			return SDESP_ERR_PADDING;
		next = data[at];
		at += size;
	}
	return SDESP_ERR_PADDING;
}

int sdesp_inner_packet(
	struct sdesp_inner *inner, const uint8_t *data, size_t len)
{
	memset(inner, 0, sizeof *inner);
	if (len > 0 && data[0] >> 4 == 4)
		return read_ip4(inner, data, len);
	if (len > 0 && data[0] >> 4 == 6)
		return read_ip6(inner, data, len);
	return SDESP_ERR_PADDING;
}

int sdesp_inner_payload(struct sdesp_inner *inner,
	const struct sdesp_flow *flow, int inbound, unsigned next_header,
	const uint8_t *data, size_t len)
{
	inner->src = inbound ? flow->remote : flow->local;
	inner->dst = inbound ? flow->local : flow->remote;
	inner->src.port = inner->dst.port = 0;
	inner->protocol = (uint8_t)next_header;
	inner->later = 0;
	inner->len = len;

	if (next_header == UDP) {
		if (len < SDESP_INNER_UDP)
			return SDESP_ERR_PADDING;
		inner->len = sdesp_get16(data + 4);
		if (inner->len < SDESP_INNER_UDP || inner->len > len)
			return SDESP_ERR_PADDING;
	}
	return read_ports(inner, data, 0);
}

int sdesp_inner_fits(const struct sdesp_inner *inner,
	const struct sdesp_flow *flow, int inbound)
{
	const struct sdesp_addr *local = inbound ? &inner->dst : &inner->src;
	const struct sdesp_addr *remote = inbound ? &inner->src : &inner->dst;

	if (inner->later)
		return sdesp_flow_match_fragment(
			flow, inner->protocol, local, remote);
	return sdesp_flow_match(flow, inner->protocol, local, remote);
}

void sdesp_inner_udp(uint8_t header[SDESP_INNER_UDP],
	const struct sdesp_flow *flow, uint16_t local_port,
	uint16_t remote_port, const uint8_t *payload, size_t len)
{
	size_t n = flow->local.family == 4 ? 4 : 16;
	uint64_t s;

	sdesp_put16(header, local_port);
	sdesp_put16(header + 2, remote_port);
	sdesp_put16(header + 4, (uint16_t)(SDESP_INNER_UDP + len));
	sdesp_put16(header + 6, 0);

	s = UDP + SDESP_INNER_UDP + len;
	s = sdesp_sum(s, flow->local.ip, n);
	s = sdesp_sum(s, flow->remote.ip, n);
	s = sdesp_sum(s, header, SDESP_INNER_UDP);
	s = sdesp_sum(s, payload, len);
	sdesp_put16(header + 6, sdesp_sum_udp(s));
}
