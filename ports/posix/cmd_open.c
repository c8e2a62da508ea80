/*
 * sdesp open: ESP packets of a capture become clear again.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/packet.h"
#include "ports/posix/report.h"
#include "ports/posix/state.h"
#include "ports/posix/translate.h"

struct opener {
	struct state *st;
	struct sdesp_bearssl crypto;
	struct sdesp_esp_rx rx[STATE_SAS]; /* as in st->backend.sas */
	uint8_t ready[STATE_SAS];
};

/* Where the ESP packet lies in b; NULL: nowhere, and why not. */
static uint8_t *find_esp(const struct packet *p, struct translate_buffer *b,
	size_t *len, int *in_udp, const char **why)
{
	uint8_t *at = b->data + p->header_len;

	*len = p->len - p->header_len;
	*in_udp = p->protocol == PACKET_UDP;
	if (p->fragment) {
		*why = "it is a fragment";
		return NULL;
	}
	if (p->protocol == PACKET_ESP)
		return at;
	if (!*in_udp || *len < PACKET_UDP_HEADER) {
		*why = "it is not ESP";
		return NULL;
	}
	at += PACKET_UDP_HEADER;
	*len -= PACKET_UDP_HEADER;
	if (*len == 1 && at[0] == 0xff) {
		*why = TRANSLATE_DROP; /* keepalive */
		return NULL;
	}
	return at;
}

static const char *open_esp(struct opener *o, struct sdesp_pkt *pkt,
	const struct state_sa **sa, int in_udp)
{
	uint32_t spi = sdesp_esp_spi(pkt->data, pkt->len);
	struct state_sa *found = state_backend_find(&o->st->backend, spi, 1);
	size_t i;

	if (found == NULL || found->flow.udp != in_udp)
		return "no SA of this session receives it";
	i = (size_t)(found - o->st->backend.sas);
	if (!o->ready[i])
		return "its SA is closed: a program died with the replay "
		       "window; rekey first";
	*sa = found;
	if (sdesp_esp_open(
		    &o->rx[i], pkt, 1, (uint32_t)(o->st->clock_ms / 1000)) == 1)
		return NULL;
	return pkt->status == SDESP_ERR_DUMMY ? TRANSLATE_DROP
					      : sdesp_status_text(pkt->status);
}

static const char outside[] = "it is outside the selectors of the session";

/* The payload gets the old header back, between the ends as agreed. */
static const char *finish_transport(struct translate_buffer *b,
	const struct packet *p, const struct sdesp_pkt *pkt,
	const struct sdesp_flow *flow)
{
	static uint8_t header[PCAP_PACKET_MAX];
	size_t len =
		packet_payload_len(flow, pkt->next_header, pkt->data, pkt->len);

	if (len == 0)
		return outside;
	memcpy(header, b->data, p->header_len);
	packet_set_ends(header, p, &flow->remote, &flow->local);
	packet_set_payload(header, p, pkt->next_header, len);
	if (flow->udp)
		packet_repair(pkt->data, len, pkt->next_header, &flow->remote,
			&flow->local);
	b->data = pkt->data - p->header_len;
	b->len = p->header_len + len;
	memcpy(b->data, header, p->header_len);
	return NULL;
}

static const char *finish_tunnel(struct translate_buffer *b,
	const struct sdesp_pkt *pkt, const struct sdesp_flow *flow)
{
	struct packet inner;
	const char *why = packet_read(&inner, pkt->data, pkt->len);

	if (why != NULL)
		return why;
	if (!packet_fits(&inner, flow, 1))
		return outside;
	b->data = pkt->data;
	b->len = inner.len;
	return NULL;
}

static const char *open_packet(void *ctx, struct translate_buffer *b)
{
	struct opener *o = ctx;
	const struct state_sa *sa = NULL;
	struct sdesp_pkt pkt;
	struct packet p;
	const char *why = packet_read(&p, b->data, b->len);
	int in_udp = 0;

	if (why != NULL)
		return why;
	memset(&pkt, 0, sizeof pkt);
	pkt.data = find_esp(&p, b, &pkt.len, &in_udp, &why);
	if (pkt.data == NULL)
		return why;
	pkt.head = TRANSLATE_HEAD;
	pkt.tail = TRANSLATE_TAIL;
	/* Opening may use the octets before the packet, where the header is:
	 * a copy of it further down stays whole. */
	memmove(b->data - SDESP_PKT_HEAD, b->data, p.header_len);
	b->data -= SDESP_PKT_HEAD;
	why = open_esp(o, &pkt, &sa, in_udp);
	if (why != NULL)
		return why;
	return sa->flow.mode == SDESP_TUNNEL
		       ? finish_tunnel(b, &pkt, &sa->flow)
		       : finish_transport(b, &p, &pkt, &sa->flow);
}

static int prepare(struct opener *o)
{
	unsigned i, n = 0;

	sdesp_bearssl_init(&o->crypto);
	for (i = 0; i < STATE_SAS; i++) {
		const struct state_sa *sa = &o->st->backend.sas[i];

		if (!sa->inbound || sa->state == SDESP_SA_NONE ||
			sa->state == SDESP_SA_LARVAL)
			continue;
		n++;
		o->ready[i] =
			!sa->unclean &&
			sdesp_esp_rx_init(&o->rx[i], &o->crypto.vtable,
				&sa->sa) == SDESP_OK &&
			sdesp_esp_rx_resume(&o->rx[i], &sa->replay) == SDESP_OK;
	}
	if (n == 0)
		return refuse("%s: no keys: the answer is missing, or they "
			      "have expired",
			o->st->path);
	return DONE;
}

static void keep(struct opener *o, unsigned i)
{
	struct state_sa *sa = &o->st->backend.sas[i];
	struct sdesp_sa_stats now, *kept = &sa->stats;

	sdesp_esp_rx_stats(&o->rx[i], &now);
	sdesp_esp_rx_window(&o->rx[i], &sa->replay);
	sdesp_esp_rx_wipe(&o->rx[i]);
	kept->state = sa->state = now.state;
	kept->seq = sa->replay.top;
	kept->packets += now.packets;
	kept->bytes += now.bytes;
	kept->replays += now.replays;
	kept->icv_failures += now.icv_failures;
	kept->malformed += now.malformed;
	if (kept->packets > 0 && !sa->used) {
		sa->used = 1;
		state_backend_event(&o->st->backend, sa, SDESP_BACKEND_USED);
	}
}

static int settle(struct opener *o, int code)
{
	unsigned i;
	int stored;

	for (i = 0; i < STATE_SAS; i++) {
		if (o->ready[i])
			keep(o, i);
	}
	stored = state_tick(o->st);
	if (stored == DONE)
		stored = state_store(o->st);
	return stored == DONE ? code : stored;
}

static int run(const struct options *o)
{
	static struct state st;
	static struct opener opener;
	int code = state_open(&st, o->state);

	opener.st = &st;
	if (code == DONE)
		code = prepare(&opener);
	if (code == DONE)
		code = settle(&opener, translate(o->arg[0], o->arg[1], "opened",
					       open_packet, &opener));
	return state_close(&st, code);
}

const struct command cmd_open = {
	"open",
	"--state FILE IN.pcap OUT.pcap",
	"check and decrypt the packets of a capture",
	"IN.pcap holds ESP packets for us (link type RAW, 101), plain or in UDP;\n"
	"OUT.pcap gets the packets that were inside. Forged, replayed and foreign\n"
	"packets are refused, and told; the exit code is then 1. FILE remembers what\n"
	"was opened: a second time it is a replay.",
	FOR_OPEN,
	2,
	2,
	run,
};
