/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/packet.h"
#include "sdesp_inner.h"

#define IP4_HEADER 20
#define IP6_HEADER 40
#define EXTENSIONS_MAX 8

enum { HOP_BY_HOP = 0, TCP = 6, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static const char *read_ip4(struct packet *p, const uint8_t *data, size_t len)
{
	size_t total;

	p->header_len = (data[0] & 15) * 4U;
	if (len < IP4_HEADER || p->header_len < IP4_HEADER ||
		p->header_len > len)
		return "its IPv4 header is malformed";
	total = get16(data + 2);
	if (total < p->header_len || total > len)
		return "its IPv4 length is wrong";
	p->len = total;
	p->next_at = 9;
	p->protocol = data[9];
	p->fragment = (get16(data + 6) & 0x3fff) != 0;
	memcpy(p->src.ip, data + 12, 4);
	memcpy(p->dst.ip, data + 16, 4);
	return NULL;
}

/* Extension headers that ESP follows stay outside it (RFC 4303 3.1.1). */
static const char *walk_extensions(struct packet *p, const uint8_t *data)
{
	unsigned i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		size_t at = p->header_len;

		if (p->protocol == FRAGMENT)
			p->fragment = 1;
		if (p->protocol != HOP_BY_HOP && p->protocol != ROUTING &&
			p->protocol != DESTINATION)
			return NULL;
		if (p->len - at < 8 || p->len - at < data[at + 1] * 8U + 8)
			return "its IPv6 extension headers are malformed";
		p->protocol = data[at];
		p->next_at = at;
		p->header_len = at + data[at + 1] * 8U + 8;
	}
	return "it has too many IPv6 extension headers";
}

static const char *read_ip6(struct packet *p, const uint8_t *data, size_t len)
{
	if (len < IP6_HEADER)
		return "its IPv6 header is malformed";
	p->len = IP6_HEADER + get16(data + 4);
	if (p->len > len)
		return "its IPv6 length is wrong";
	p->header_len = IP6_HEADER;
	p->next_at = 6;
	p->protocol = data[6];
	memcpy(p->src.ip, data + 8, 16);
	memcpy(p->dst.ip, data + 24, 16);
	return walk_extensions(p, data);
}

const char *packet_read(struct packet *p, const uint8_t *data, size_t len)
{
	struct sdesp_inner inner;
	const char *wrong;

	memset(p, 0, sizeof *p);
	if (len == 0 || (data[0] >> 4 != 4 && data[0] >> 4 != 6))
		return "it is neither IPv4 nor IPv6";
	p->family = p->src.family = p->dst.family = data[0] >> 4;
	wrong = p->family == 4 ? read_ip4(p, data, len)
			       : read_ip6(p, data, len);
	if (wrong != NULL)
		return wrong;
	if (sdesp_inner_packet(&inner, data, len) != SDESP_OK)
		return "its headers are malformed";
	if (p->fragment)
		p->protocol = inner.protocol; /* what it is a fragment of */
	p->later = inner.later;
	p->src.port = inner.src.port;
	p->dst.port = inner.dst.port;
	return NULL;
}

int packet_fits(
	const struct packet *p, const struct sdesp_flow *flow, int inbound)
{
	const struct sdesp_addr *local = inbound ? &p->dst : &p->src;
	const struct sdesp_addr *remote = inbound ? &p->src : &p->dst;

	if (flow->mode == SDESP_TRANSPORT &&
		(!sdesp_addr_same_ip(local, &flow->local) ||
			!sdesp_addr_same_ip(remote, &flow->remote)))
		return 0;
	if (p->later)
		return sdesp_flow_match_fragment(
			flow, p->protocol, local, remote);
	return sdesp_flow_match(flow, p->protocol, local, remote);
}

size_t packet_payload_len(const struct sdesp_flow *flow, unsigned next_header,
	const uint8_t *payload, size_t len)
{
	struct sdesp_inner inner;

	if (sdesp_inner_payload(&inner, flow, 1, next_header, payload, len) !=
			SDESP_OK ||
		!sdesp_inner_fits(&inner, flow, 1))
		return 0;
	return inner.len;
}

static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	if (len == 1)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

static unsigned fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return 0xffff & ~sum;
}

/* RFC 768, RFC 8200 8.1: over pseudo-header and payload. 65535 octets of
 * words do not overflow 32 bits. */
static unsigned checksum(const struct sdesp_addr *src,
	const struct sdesp_addr *dst, unsigned protocol, const uint8_t *payload,
	size_t len)
{
	size_t ip = src->family == 4 ? 4 : 16;
	uint32_t sum = add_words(protocol + (uint32_t)len, src->ip, ip);

	return fold(add_words(add_words(sum, dst->ip, ip), payload, len));
}

static void set_ip4_checksum(uint8_t *data)
{
	size_t len = (data[0] & 15) * 4U;

	put16(data + 10, 0);
	put16(data + 10, fold(add_words(0, data, len)));
}

void packet_set_payload(
	uint8_t *data, const struct packet *p, unsigned protocol, size_t len)
{
	data[p->next_at] = (uint8_t)protocol;
	if (p->family == 4) {
		put16(data + 2, p->header_len + len);
		set_ip4_checksum(data);
	} else {
		put16(data + 4, p->header_len - IP6_HEADER + len);
	}
}

void packet_set_ends(uint8_t *data, const struct packet *p,
	const struct sdesp_addr *src, const struct sdesp_addr *dst)
{
	size_t ip = p->family == 4 ? 4 : 16;
	uint8_t *at = data + (p->family == 4 ? 12 : 8);

	memcpy(at, src->ip, ip);
	memcpy(at + ip, dst->ip, ip);
}

size_t packet_new_header(uint8_t *data, const struct sdesp_addr *src,
	const struct sdesp_addr *dst, unsigned traffic_class, unsigned protocol,
	size_t len)
{
	struct packet p;

	memset(&p, 0, sizeof p);
	p.family = src->family;
	memset(data, 0, p.family == 4 ? IP4_HEADER : IP6_HEADER);
	if (p.family == 4) {
		p.header_len = IP4_HEADER;
		p.next_at = 9;
		data[0] = 0x45;
		data[1] = (uint8_t)traffic_class;
		data[6] = 0x40; /* do not fragment */
		data[8] = 64;
	} else {
		p.header_len = IP6_HEADER;
		p.next_at = 6;
		data[0] = (uint8_t)(0x60 | traffic_class >> 4);
		data[1] = (uint8_t)(traffic_class << 4);
		data[7] = 64;
	}
	packet_set_ends(data, &p, src, dst);
	packet_set_payload(data, &p, protocol, len);
	return p.header_len;
}

void packet_set_udp(uint8_t *udp, const struct sdesp_addr *src,
	const struct sdesp_addr *dst, size_t len)
{
	unsigned sum;

	put16(udp, src->port);
	put16(udp + 2, dst->port);
	put16(udp + 4, PACKET_UDP_HEADER + len);
	put16(udp + 6, 0);
	if (src->family == 4)
		return;
	sum = checksum(src, dst, PACKET_UDP, udp, PACKET_UDP_HEADER + len);
	put16(udp + 6, sum != 0 ? sum : 0xffff);
}

void packet_repair(uint8_t *payload, size_t len, unsigned protocol,
	const struct sdesp_addr *src, const struct sdesp_addr *dst)
{
	size_t at = protocol == TCP ? 16 : 6;
	unsigned sum;

	if ((protocol != TCP && protocol != PACKET_UDP) || len < at + 2 ||
		(protocol == PACKET_UDP && get16(payload + at) == 0) ||
		checksum(src, dst, protocol, payload, len) == 0)
		return;
	put16(payload + at, 0);
	sum = checksum(src, dst, protocol, payload, len);
	put16(payload + at, sum == 0 && protocol == PACKET_UDP ? 0xffff : sum);
}
