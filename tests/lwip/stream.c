/* SPDX-License-Identifier: MIT */
#include "tests/lwip/stream.h"

#include <string.h>

static uint8_t octet_at(uint32_t seed, size_t at)
{
	uint32_t x = ((uint32_t)at + seed) * 2654435761u;

	return (uint8_t)(x >> 24 ^ x >> 9);
}

static void write_more(struct stream *s)
{
	uint8_t octets[2048];

	while (s->written < s->to_write) {
		size_t n = s->to_write - s->written, i;

		if (n > sizeof octets)
			n = sizeof octets;
		if (n > tcp_sndbuf(s->pcb))
			n = tcp_sndbuf(s->pcb);
		for (i = 0; i < n; i++)
			octets[i] = octet_at(s->seed_out, s->written + i);
		if (n == 0 || tcp_write(s->pcb, octets, (u16_t)n,
				      TCP_WRITE_FLAG_COPY) != ERR_OK)
			break;
		s->written += n;
	}
	if (s->written == s->to_write && !s->shut)
		s->shut = tcp_shutdown(s->pcb, 0, 1) == ERR_OK;
	tcp_output(s->pcb);
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct stream *s = arg;
	const struct pbuf *q;

	(void)err;
	if (p == NULL) {
		s->ended = 1;
		return ERR_OK;
	}
	for (q = p; q != NULL; q = q->next) {
		const uint8_t *octets = q->payload;
		u16_t i;

		for (i = 0; i < q->len; i++) {
			if (octets[i] != octet_at(s->seed_in, s->read++))
				s->wrong++;
		}
	}
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	return ERR_OK;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)pcb;
	(void)len;
	write_more(arg);
	return ERR_OK;
}

static void failed(void *arg, err_t err)
{
	struct stream *s = arg;

	s->pcb = NULL;
	s->err = err == ERR_CLSD ? ERR_OK : err; /* in good order */
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct stream *s = arg;

	(void)pcb;
	(void)err;
	s->connected = 1;
	write_more(s);
	return ERR_OK;
}

static void adopt(struct stream *s, struct tcp_pcb *pcb)
{
	s->pcb = pcb;
	tcp_arg(pcb, s);
	tcp_recv(pcb, received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
}

void stream_init(
	struct stream *s, uint32_t seed_out, uint32_t seed_in, size_t to_write)
{
	memset(s, 0, sizeof *s);
	s->seed_out = seed_out;
	s->seed_in = seed_in;
	s->to_write = to_write;
}

int stream_connect(struct stream *s, struct sdesp_lwip *lwip, uint16_t port)
{
	struct tcp_pcb *pcb = NULL;
	int status = sdesp_lwip_connect(lwip, port, connected, s, &pcb);

	if (status == SDESP_OK)
		adopt(s, pcb);
	return status;
}

err_t stream_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct stream *s = arg;

	if (err != ERR_OK || s->pcb != NULL) {
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	adopt(s, pcb);
	return connected(s, pcb, err);
}

int stream_close(struct stream *s)
{
	if (s->pcb != NULL && s->shut && s->ended) {
		tcp_arg(s->pcb, NULL);
		tcp_recv(s->pcb, NULL);
		tcp_sent(s->pcb, NULL);
		tcp_err(s->pcb, NULL);
		tcp_close(s->pcb);
		s->pcb = NULL;
	}
	return s->pcb == NULL;
}
