/* Traffic of an end in user space. SPDX-License-Identifier: MIT */
#include "user.h"

#include <string.h>

#include "net.h"

enum { ICMP = 1, UDP = 17, ICMPV6 = 58, LARGEST = 1400 };

/* A packet being made: addresses, then header and payload of its protocol. */
struct made {
	struct sdesp_addr src, dst;
	uint8_t protocol;
	size_t len;
	uint8_t octets[LARGEST];
};

static uint32_t sum(uint32_t start, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		start += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return start;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t folded(uint32_t v)
{
	while (v >> 16 != 0)
		v = (v & 0xffff) + (v >> 16);
	return ~v & 0xffff;
}

/* RFC 768, 792, 4443: ICMP of IPv4 alone has no pseudo-header. */
static void put_checksum(struct made *made, size_t at)
{
	size_t n = made->src.family == 4 ? 4 : 16;
	uint32_t v = 0;

	if (made->protocol != ICMP) {
		v = sum(v, made->src.ip, n);
		v = sum(v, made->dst.ip, n);
		v += made->protocol + (uint32_t)made->len;
	}
	put16(made->octets + at, folded(sum(v, made->octets, made->len)));
}

/* The IP header of tunnel mode before it. */
static size_t put_header(uint8_t *out, const struct made *made)
{
	if (made->src.family == 4) {
		memset(out, 0, 20);
		out[0] = 0x45;
		put16(out + 2, 20 + (uint32_t)made->len);
		out[8] = 64;
		out[9] = made->protocol;
		memcpy(out + 12, made->src.ip, 4);
		memcpy(out + 16, made->dst.ip, 4);
		put16(out + 10, folded(sum(0, out, 20)));
		return 20;
	}
	memset(out, 0, 40);
	out[0] = 0x60;
	put16(out + 4, (uint32_t)made->len);
	out[6] = made->protocol;
	out[7] = 64;
	memcpy(out + 8, made->src.ip, 16);
	memcpy(out + 24, made->dst.ip, 16);
	return 40;
}

static void begin(struct made *made, const struct end *u,
	const struct terms *terms, unsigned protocol)
{
	int tunnel = terms->mode == SDESP_TUNNEL;

	memset(made, 0, sizeof *made);
	made->protocol = (uint8_t)protocol;
	made->src = tunnel ? net_inner(u->ns, terms->family)
			   : net_outer(u->ns, terms->family);
	made->dst = tunnel ? net_inner(!u->ns, terms->family)
			   : net_outer(!u->ns, terms->family);
}

static int send_made(
	struct end *u, const struct terms *terms, const struct made *made)
{
	struct sdesp_session_info info;
	struct sdesp_pkt pkt;

	memset(&pkt, 0, sizeof pkt);
	pkt.data = u->buf.octets + SDESP_UDP_HEAD;
	pkt.head = SDESP_UDP_HEAD;
	if (terms->mode == SDESP_TUNNEL)
		pkt.len = put_header(pkt.data, made);
	memcpy(pkt.data + pkt.len, made->octets, made->len);
	pkt.len += made->len;
	pkt.tail = sizeof u->buf.octets - SDESP_UDP_HEAD - pkt.len;
	pkt.next_header = made->protocol;
	sdesp_session_info(&u->session, &info);
	return sdesp_udp_output(&u->udp, sdesp_udp_flow(&u->udp, &info.flow),
		       &pkt, 1, net_now_ms()) == 1;
}

/* The next packet of this protocol: its octets behind IP, UDP and ICMP
 * headers, within a second; -1 for none. *type is ICMP's. */
static long receive(struct end *u, const struct terms *terms, unsigned protocol,
	uint8_t *data, uint8_t *type)
{
	uint64_t until = net_now_ms() + 1000;
	size_t ip = terms->mode != SDESP_TUNNEL ? 0
		    : terms->family == 4        ? 20
						: 40;

	while (net_now_ms() < until) {
		struct sdesp_udp_meta meta;
		struct sdesp_pkt pkt;
		size_t skip = ip;
		unsigned next;

		if (!net_wait(u->udp_socket.fd, 100) ||
			sdesp_udp_socket_receive(
				&u->udp_socket, &u->buf, &pkt, &meta, 1) != 1)
			continue;
		if (sdesp_udp_input(&u->udp, &pkt, &meta, 1, net_now_ms()) != 1)
			continue;
		next = pkt.next_header;
		if (ip != 0)
			next = pkt.data[terms->family == 4 ? 9 : 6];
		/* In transport mode UDP's header is off already. */
		if (protocol != UDP || ip != 0)
			skip += 8;
		if (next != protocol || pkt.len < skip)
			continue;
		*type = pkt.data[ip];
		memcpy(data, pkt.data + skip, pkt.len - skip);
		return (long)(pkt.len - skip);
	}
	return -1;
}

static void make_echo(struct made *made, const struct end *u,
	const struct terms *terms, int answer)
{
	int v6 = terms->family == 6;

	begin(made, u, terms, v6 ? ICMPV6 : ICMP);
	made->octets[0] = (uint8_t)(v6 ? 128 + answer : 8 * !answer);
	memset(made->octets + 8, 0x42, 56);
	made->len = 64;
	put_checksum(made, 2);
}

/* From port 40000 of end 0, or 40001 of end 1, to the other. */
static void make_datagram(struct made *made, const struct end *u,
	const struct terms *terms, uint8_t fill, size_t n)
{
	begin(made, u, terms, UDP);
	made->src.port = (uint16_t)(40000 + u->ns);
	put16(made->octets, made->src.port);
	put16(made->octets + 2, 40001 - (uint32_t)u->ns);
	made->len = 8 + n;
	put16(made->octets + 4, (uint32_t)made->len);
	memset(made->octets + 8, fill, n);
	put_checksum(made, 6);
}

/* What was made has come, with this type of ICMP. */
static int came(
	struct end *u, const struct terms *terms, const struct made *made)
{
	uint8_t type = 0, got[SDESP_UDP_DATAGRAM];

	return receive(u, terms, made->protocol, got, &type) ==
		       (long)made->len - 8 &&
	       (made->protocol == UDP || type == made->octets[0]) &&
	       memcmp(got, made->octets + 8, made->len - 8) == 0;
}

int user_ping(struct end *u, const struct terms *terms)
{
	struct made echo, answer;

	make_echo(&echo, u, terms, 0);
	make_echo(&answer, u, terms, 1);
	return send_made(u, terms, &echo) && came(u, terms, &answer);
}

int user_exchange(struct end *u, const struct terms *terms, int fd, size_t n)
{
	static uint8_t turn;
	uint8_t got[SDESP_UDP_DATAGRAM];
	struct made made;

	make_datagram(&made, u, terms, ++turn, n);
	return send_made(u, terms, &made) &&
	       net_receive(fd, got, sizeof got, 1000) == (long)n &&
	       memcmp(got, made.octets + 8, n) == 0 &&
	       net_send(fd, got, n, &made.src) && came(u, terms, &made);
}

static int pass(struct end *from, struct end *to, const struct terms *terms,
	const struct made *made)
{
	return send_made(from, terms, made) && came(to, terms, made);
}

int user_pair_ping(struct end *a, struct end *b, const struct terms *terms)
{
	struct made echo, answer;

	make_echo(&echo, a, terms, 0);
	make_echo(&answer, b, terms, 1);
	return pass(a, b, terms, &echo) && pass(b, a, terms, &answer);
}

int user_pair_exchange(
	struct end *a, struct end *b, const struct terms *terms, size_t n)
{
	static uint8_t turn;
	struct made there, back;

	make_datagram(&there, a, terms, ++turn, n);
	make_datagram(&back, b, terms, turn, n);
	return pass(a, b, terms, &there) && pass(b, a, terms, &back);
}
