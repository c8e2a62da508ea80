/*
 * The netif: its addresses, size, and its way from session to lwIP and back.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "lwip/inet_chksum.h"
#include "lwip/ip.h"

#include "connections.h"
#include "sdesp_lwip.h"

enum {
	TCP = 6,
	UDP = 17,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	UDP_HEADER = 8,
	TCP_HEADER = 20,
	TCP_FLAGS = 13, /* offsets */
	TCP_SUM = 16,
	SYN = 2,
	ACK = 16,
	TTL = 64,
	LEAST_MTU = 256,
	MOST_NETIFS = 250 /* lwIP numbers them in one octet */
};

/* Sums are of 16-bit words, most significant octet first (RFC 1071). */
static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* What is to be added to the complement of a checksum: the outer addresses,
 * less ours (RFC 1624 3). */
static uint16_t patch_of(
	const struct sdesp_lwip *l, const struct sdesp_flow *flow)
{
	size_t n = flow->local.family == 4 ? 4 : 16;
	uint32_t ours = 0, outer = 0;
	uint8_t ip[8];

	memcpy(ip, netif_ip4_addr(&l->netif), 4);
	memcpy(ip + 4, ip_2_ip4(&l->peer), 4);
	ours = sum_words(ours, ip, sizeof ip);
	outer = sum_words(outer, flow->local.ip, n);
	outer = sum_words(outer, flow->remote.ip, n);
	return fold(outer + (uint16_t)~fold(ours));
}

/* --- lwIP to session ------------------------------------------------------ */

static int send_tcp(struct sdesp_lwip *l, struct sdesp_pkt *pkt)
{
	uint8_t *sum;

	if (pkt->len < TCP_HEADER)
		return SDESP_ERR_SHORT;
	sum = pkt->data + TCP_SUM;
	put16(sum, (uint16_t)~fold((uint16_t)~sum_words(0, sum, 2) +
				   (uint32_t)l->patch));
	sdesp_udp_output(l->udp, l->id, pkt, 1, l->now_ms());
	return pkt->status;
}

/* The backend writes the header anew, checksum and all. */
static int send_udp(struct sdesp_lwip *l, struct sdesp_pkt *pkt)
{
	uint16_t from, to;

	if (pkt->len < UDP_HEADER)
		return SDESP_ERR_SHORT;
	from = (uint16_t)sum_words(0, pkt->data, 2);
	to = (uint16_t)sum_words(0, pkt->data + 2, 2);
	pkt->data += UDP_HEADER;
	pkt->head += UDP_HEADER;
	pkt->len -= UDP_HEADER;
	sdesp_udp_send(l->udp, l->id, from, to, pkt, 1, l->now_ms());
	return pkt->status;
}

/* lwIP keeps its pbufs for retransmission, so what is sealed in place is a
 * copy. */
static int copy_out(struct sdesp_lwip *l, struct pbuf *p, struct sdesp_pkt *pkt)
{
	uint8_t header[IP4_HEADER];
	size_t len = p->tot_len;

	if (pbuf_copy_partial(p, header, IP4_HEADER, 0) != IP4_HEADER ||
		header[0] != 0x45 || len > SDESP_LWIP_MTU)
		return SDESP_ERR_SPACE;
	if (((header[6] & 0x3f) | header[7]) != 0 ||
		(header[9] != TCP && header[9] != UDP))
		return SDESP_ERR_UNSUPPORTED; /* nor a fragment */
	pkt->next_header = header[9];
	pkt->data = l->octets + SDESP_PKT_HEAD;
	pkt->len = len - IP4_HEADER;
	pkt->head = SDESP_PKT_HEAD;
	pkt->tail = sizeof l->octets - SDESP_PKT_HEAD - pkt->len;
	pbuf_copy_partial(p, pkt->data, (u16_t)pkt->len, IP4_HEADER);
	return SDESP_OK;
}

static err_t output(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
	struct sdesp_lwip *l = netif->state;
	struct sdesp_pkt pkt = {0};
	int status = SDESP_ERR_UNSUPPORTED;

	if (ip4_addr_cmp(to, ip_2_ip4(&l->peer)))
		status = copy_out(l, p, &pkt);
	if (status == SDESP_OK)
		status = pkt.next_header == TCP ? send_tcp(l, &pkt)
						: send_udp(l, &pkt);
	if (status != SDESP_OK) {
		l->unsent++;
		return ERR_IF;
	}
	l->sent++;
	return ERR_OK;
}

/* --- session to lwIP ------------------------------------------------------ */

static void put_ip4(const struct sdesp_lwip *l, uint8_t *h, unsigned protocol,
	size_t payload)
{
	memset(h, 0, IP4_HEADER);
	h[0] = 0x45;
	put16(h + 2, (unsigned)(IP4_HEADER + payload));
	h[8] = TTL;
	h[9] = (uint8_t)protocol;
	memcpy(h + 12, ip_2_ip4(&l->peer), 4);
	memcpy(h + 16, netif_ip4_addr(&l->netif), 4);
	put16(h + 10, (uint16_t)~fold(sum_words(0, h, IP4_HEADER)));
}

/* PBUF_RAM, in one piece of the right size. (Debian's liblwip 2.1.3 must not
 * be asked for a PBUF_POOL: its pool is of 592 octets, its pbuf_alloc() takes
 * them for 1536.)
 *
 * What the backend took off is put back: RFC 768. A checksum of 0 says that
 * there is none. */
static struct pbuf *take_udp(
	const struct sdesp_pkt *pkt, const struct sdesp_udp_meta *meta)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)pkt->len, PBUF_RAM);
	uint8_t header[UDP_HEADER] = {0};

	if (p == NULL)
		return NULL;
	put16(header, meta->remote_port);
	put16(header + 2, meta->local_port);
	put16(header + 4, (unsigned)(UDP_HEADER + pkt->len));
	if (pbuf_take(p, pkt->data, (u16_t)pkt->len) != ERR_OK ||
		pbuf_add_header(p, UDP_HEADER) != 0 ||
		pbuf_take(p, header, UDP_HEADER) != ERR_OK) {
		pbuf_free(p);
		return NULL;
	}
	return p;
}

static struct pbuf *take_tcp(struct sdesp_lwip *l, struct sdesp_pkt *pkt)
{
	struct pbuf *p = pbuf_alloc(PBUF_IP, (u16_t)pkt->len, PBUF_RAM);
	uint16_t sum;

	if (p == NULL)
		return NULL;
	put16(pkt->data + TCP_SUM, 0);
	if (pbuf_take(p, pkt->data, (u16_t)pkt->len) != ERR_OK) {
		pbuf_free(p);
		return NULL;
	}
	sum = inet_chksum_pseudo(p, TCP, (u16_t)pkt->len, ip_2_ip4(&l->peer),
		netif_ip4_addr(&l->netif));
	if (pbuf_take_at(p, &sum, sizeof sum, TCP_SUM) != ERR_OK) {
		pbuf_free(p);
		return NULL;
	}
	return p;
}

static int take(struct sdesp_lwip *l, struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta)
{
	unsigned protocol = pkt->next_header;
	uint8_t header[IP4_HEADER];
	struct pbuf *p;

	if (protocol != TCP && protocol != UDP)
		return SDESP_ERR_UNSUPPORTED;
	if (pkt->len > 0xffff - IP4_HEADER - UDP_HEADER)
		return SDESP_ERR_SPACE;
	if (protocol == TCP && pkt->len < TCP_HEADER)
		return SDESP_ERR_SHORT;
	if (protocol == TCP && (pkt->data[TCP_FLAGS] & (SYN | ACK)) == SYN &&
		!sdesp_lwip_make_room(l))
		return SDESP_ERR_SPACE;

	p = protocol == TCP ? take_tcp(l, pkt) : take_udp(pkt, meta);
	if (p == NULL)
		return SDESP_ERR_SPACE;
	put_ip4(l, header, protocol, p->tot_len);
	if (pbuf_add_header(p, IP4_HEADER) != 0 ||
		pbuf_take(p, header, IP4_HEADER) != ERR_OK ||
		l->netif.input(p, &l->netif) != ERR_OK) {
		pbuf_free(p);
		return SDESP_ERR_SPACE;
	}
	return SDESP_OK;
}

int sdesp_lwip_input(struct sdesp_lwip *l, struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta)
{
	int status = SDESP_ERR_GONE;

	if (meta->kind == SDESP_UDP_ESP && meta->flow != 0 &&
		meta->flow == l->id)
		status = take(l, pkt, meta);
	if (status == SDESP_OK)
		l->received++;
	else
		l->dropped++;
	return status;
}

/* --- coming and going ----------------------------------------------------- */

int sdesp_lwip_move(struct sdesp_lwip *l, const struct sdesp_flow *flow,
	unsigned suite, size_t mtu)
{
	const struct sdesp_suite *row = sdesp_suite_by_id(suite);
	size_t outer = UDP_HEADER +
		       (flow->local.family == 4 ? IP4_HEADER : IP6_HEADER);
	uint32_t id = sdesp_udp_flow(l->udp, flow);
	size_t room;

	if (flow->mode != SDESP_TRANSPORT || row == NULL || mtu <= outer)
		return SDESP_ERR_ARG;
	room = IP4_HEADER + sdesp_suite_payload(row, mtu - outer);
	if (room < LEAST_MTU)
		return SDESP_ERR_ARG;
	if (id == 0)
		return SDESP_ERR_GONE;
	l->id = id;
	l->flow = *flow;
	l->patch = patch_of(l, flow);
	l->netif.mtu = (u16_t)(room < SDESP_LWIP_MTU ? room : SDESP_LWIP_MTU);
	return SDESP_OK;
}

static err_t init(struct netif *netif)
{
	netif->name[0] = 'e';
	netif->name[1] = 's';
	netif->output = output;
	return ERR_OK;
}

static int netif_is_left(void)
{
	struct netif *netif;
	unsigned n = 0;

	NETIF_FOREACH(netif)
	n++;
	return n < MOST_NETIFS;
}

int sdesp_lwip_open(
	struct sdesp_lwip *l, const struct sdesp_lwip_config *config)
{
	ip4_addr_t own, mask, peer;
	int status;

	memset(l, 0, sizeof *l);
	l->udp = config->udp;
	l->now_ms = config->now_ms;
	l->next_port = (uint16_t)config->now_ms();
	if (!netif_is_left() ||
		netif_add_noaddr(&l->netif, l, init, ip_input) == NULL)
		return SDESP_ERR_SPACE;
	IP4_ADDR(&own, 240, 0, l->netif.num, 1);
	IP4_ADDR(&mask, 255, 255, 255, 255);
	IP4_ADDR(&peer, 240, 0, l->netif.num, 2);
	ip_addr_copy_from_ip4(l->peer, peer);
	netif_set_addr(&l->netif, &own, &mask, &peer);
	status = sdesp_lwip_move(l, &config->flow, config->suite, config->mtu);
	if (status != SDESP_OK) {
		netif_remove(&l->netif);
		return status;
	}
	netif_set_up(&l->netif);
	netif_set_link_up(&l->netif);
	return SDESP_OK;
}

void sdesp_lwip_close(struct sdesp_lwip *l)
{
	netif_remove(&l->netif);
	sdesp_lwip_forget(l);
}
