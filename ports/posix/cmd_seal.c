/*
 * sdesp seal: clear packets of a capture become ESP.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/outbound.h"
#include "ports/posix/packet.h"
#include "ports/posix/report.h"
#include "ports/posix/translate.h"

#define NEXT_IP4 4
#define NEXT_IP6 41

struct sealer {
	struct state *st;
	struct state_sa *sa;
	struct sdesp_bearssl crypto;
	struct sdesp_esp_tx tx;
	uint64_t used, reserved; /* numbers */
	uint64_t sealed;         /* packets */
};

/* Seal len octets at payload; head octets before it are free. */
static const char *seal_payload(struct sealer *s, struct sdesp_pkt *pkt,
	uint8_t *payload, size_t len, size_t head, unsigned next_header)
{
	if (s->used == s->reserved) {
		if (outbound_reserve(s->st, s->sa, s->used) != DONE)
			return TRANSLATE_STOP;
		s->reserved = s->sa->stats.seq;
	}
	memset(pkt, 0, sizeof *pkt);
	pkt->data = payload;
	pkt->len = len;
	pkt->head = head;
	pkt->tail = TRANSLATE_TAIL;
	pkt->next_header = (uint8_t)next_header;
	if (sdesp_esp_seal(&s->tx, pkt, 1) != 1)
		return sdesp_status_text(pkt->status);
	s->used = pkt->seq;
	s->sealed++;
	return NULL;
}

/* Put the UDP header of the encapsulation before the ESP packet. */
static void encapsulate(struct sealer *s, struct translate_buffer *b)
{
	const struct sdesp_flow *f = &s->sa->flow;

	if (!f->udp)
		return;
	b->data -= PACKET_UDP_HEADER;
	packet_set_udp(b->data, &f->local, &f->remote, b->len);
	b->len += PACKET_UDP_HEADER;
}

/* The packet would be longer than IP allows: decided before it is sealed. */
static int too_long(const struct sealer *s, size_t header_len, size_t len)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(s->sa->sa.suite);

	return header_len + PACKET_UDP_HEADER + len +
		       sdesp_suite_overhead(suite, len) >
	       PCAP_PACKET_MAX;
}

static const char *seal_transport(
	struct sealer *s, const struct packet *p, struct translate_buffer *b)
{
	static uint8_t header[PCAP_PACKET_MAX];
	size_t payload_len = p->len - p->header_len;
	struct sdesp_pkt pkt;
	const char *why;

	if (p->fragment)
		return "it is a fragment: transport mode takes whole packets";
	if (too_long(s, p->header_len, payload_len))
		return "it is too long once sealed";
	memcpy(header, b->data, p->header_len);
	why = seal_payload(s, &pkt, b->data + p->header_len, payload_len,
		TRANSLATE_HEAD + p->header_len, p->protocol);
	if (why != NULL)
		return why;
	b->data = pkt.data;
	b->len = pkt.len;
	encapsulate(s, b);
	packet_set_payload(
		header, p, s->sa->flow.udp ? PACKET_UDP : PACKET_ESP, b->len);
	b->data -= p->header_len;
	b->len += p->header_len;
	memcpy(b->data, header, p->header_len);
	return NULL;
}

static const char *seal_tunnel(
	struct sealer *s, const struct packet *p, struct translate_buffer *b)
{
	const struct sdesp_flow *f = &s->sa->flow;
	unsigned traffic_class =
		p->family == 4
			? b->data[1]
			: (unsigned)(b->data[0] << 4 | b->data[1] >> 4) & 0xff;
	uint8_t header[40];
	struct sdesp_pkt pkt;
	const char *why;
	size_t header_len;

	if (too_long(s, sizeof header, p->len))
		return "it is too long once sealed";
	why = seal_payload(s, &pkt, b->data, p->len, TRANSLATE_HEAD,
		p->family == 4 ? NEXT_IP4 : NEXT_IP6);
	if (why != NULL)
		return why;
	b->data = pkt.data;
	b->len = pkt.len;
	encapsulate(s, b);
	header_len = packet_new_header(header, &f->local, &f->remote,
		traffic_class, f->udp ? PACKET_UDP : PACKET_ESP, b->len);
	b->data -= header_len;
	b->len += header_len;
	memcpy(b->data, header, header_len);
	return NULL;
}

static const char *seal_packet(void *ctx, struct translate_buffer *b)
{
	struct sealer *s = ctx;
	struct packet p;
	const char *why = packet_read(&p, b->data, b->len);

	if (why != NULL)
		return why;
	if (!packet_fits(&p, &s->sa->flow, 0))
		return "it is outside the selectors of the session";
	return s->sa->flow.mode == SDESP_TUNNEL ? seal_tunnel(s, &p, b)
						: seal_transport(s, &p, b);
}

/* Keep what was used and tell the session of limits. */
static int settle(struct sealer *s, int code)
{
	struct sdesp_sa_stats stats, *kept = &s->sa->stats;
	int stored;

	sdesp_esp_tx_stats(&s->tx, &stats);
	sdesp_esp_tx_wipe(&s->tx);
	kept->packets += s->sealed;
	kept->bytes += stats.bytes;
	kept->seq = s->used;
	kept->state = s->sa->state = stats.state;
	if (stats.state == SDESP_SA_DYING)
		state_backend_event(&s->st->backend, s->sa, SDESP_BACKEND_SOFT);
	if (stats.state == SDESP_SA_DEAD)
		state_backend_event(&s->st->backend, s->sa, SDESP_BACKEND_HARD);
	stored = state_tick(s->st);
	if (stored == DONE)
		stored = state_store(s->st);
	return stored == DONE ? code : stored;
}

static int seal(struct state *st, const struct options *o)
{
	static struct sealer s;
	int code, status;

	s.st = st;
	code = outbound_find(st, &s.sa);
	if (code != DONE)
		return code;
	sdesp_bearssl_init(&s.crypto);
	s.used = s.reserved = s.sa->stats.seq;
	status = sdesp_esp_tx_init(&s.tx, &s.crypto.vtable, &s.sa->sa, s.used);
	if (status != SDESP_OK)
		return refuse_status(st->path, 0, status, NULL);
	code = translate(o->arg[0], o->arg[1], "sealed", seal_packet, &s);
	return settle(&s, code);
}

static int run(const struct options *o)
{
	static struct state st;
	int code = state_open(&st, o->state);

	if (code == DONE)
		code = seal(&st, o);
	return state_close(&st, code);
}

const struct command cmd_seal = {
	"seal",
	"--state FILE IN.pcap OUT.pcap",
	"protect the packets of a capture",
	"IN.pcap holds IP packets (link type RAW, 101) as they would be sent in the\n"
	"clear; OUT.pcap gets the ESP packets, in UDP when that was agreed. A packet\n"
	"outside the selectors is refused, never passed through; the exit code is then 1.\n"
	"Sequence numbers are reserved in FILE before anything is written.",
	FOR_SEAL,
	2,
	2,
	run,
};
