/*
 * One connection of a relay: a PCB and a socket, octets carried both ways at
 * the pace of whoever takes them. SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <string.h>

#include "socket.h"

struct sdesp_relay_link *sdesp_link_new(struct sdesp_relay *r, int fd)
{
	unsigned i = 0;

	while (i < SDESP_RELAY_LINKS && r->link[i].relay != NULL)
		i++;
	if (i == SDESP_RELAY_LINKS)
		return NULL;
	memset(&r->link[i], 0, sizeof r->link[i]);
	r->link[i].relay = r;
	r->link[i].fd = fd;
	r->links++;
	return &r->link[i];
}

/* How many octets lwIP surely takes now. A segment may be two pbufs in its
 * queue, and less than a segment is not worth the way. */
static size_t room(struct tcp_pcb *pcb)
{
	size_t queued = tcp_sndqueuelen(pcb), mss = tcp_mss(pcb), n;

	if (queued + 4 > TCP_SND_QUEUELEN)
		return 0;
	n = (TCP_SND_QUEUELEN - queued - 2) / 2 * mss;
	if (n > tcp_sndbuf(pcb))
		n = tcp_sndbuf(pcb);
	return n < mss ? 0 : n;
}

static void watch(struct sdesp_relay_link *link, unsigned wanted)
{
	if (link->wanted == wanted)
		return;
	link->wanted = (uint8_t)wanted;
	link->relay->watch(link->relay->ctx, link->fd, wanted);
}

void sdesp_link_watch(struct sdesp_relay_link *link)
{
	unsigned wanted = 0;

	if (!link->fd_joined || link->pending != NULL)
		wanted |= SDESP_RELAY_WRITE;
	if (link->fd_joined && link->pcb_joined && !link->fd_ended &&
		link->pcb != NULL && room(link->pcb) > 0)
		wanted |= SDESP_RELAY_READ;
	watch(link, wanted);
}

/* Leave the PCB to lwIP. */
static struct tcp_pcb *let_go(struct sdesp_relay_link *link)
{
	struct tcp_pcb *pcb = link->pcb;

	if (pcb != NULL) {
		tcp_arg(pcb, NULL);
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
	}
	link->pcb = NULL;
	return pcb;
}

static void release(struct sdesp_relay_link *link)
{
	if (link->pending != NULL)
		pbuf_free(link->pending);
	link->pending = NULL;
	link->relay->links--;
	link->relay = NULL;
}

void sdesp_link_reset(struct sdesp_relay_link *link)
{
	struct tcp_pcb *pcb = let_go(link);

	watch(link, 0);
	sdesp_socket_reset(link->fd);
	release(link);
	if (pcb != NULL)
		tcp_abort(pcb);
}

/* 0, or -1: the socket is broken. */
static int to_socket(struct sdesp_relay_link *link)
{
	while (link->pending != NULL) {
		struct pbuf *p = link->pending;
		int n = sdesp_socket_write(link->fd, p->payload, p->len);

		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		if (link->pcb != NULL)
			tcp_recved(link->pcb, (u16_t)n);
		link->pending = pbuf_free_header(p, (u16_t)n);
	}
	if (link->pcb_ended && !link->end_told) {
		sdesp_socket_shut(link->fd);
		link->end_told = 1;
	}
	return 0;
}

/* Likewise. The queue had room: if lwIP cannot take what was read, it is out
 * of memory, and the connection ends rather than lose octets. */
static int from_socket(struct sdesp_relay_link *link)
{
	uint8_t *octets = link->relay->octets;
	size_t most = room(link->pcb);
	int n;

	if (most == 0)
		return 0;
	if (most > sizeof link->relay->octets)
		most = sizeof link->relay->octets;
	n = sdesp_socket_read(link->fd, octets, most);
	if (n == SOCKET_END) {
		link->fd_ended = 1;
		return tcp_shutdown(link->pcb, 0, 1) == ERR_OK ? 0 : -1;
	}
	if (n < 0)
		return -1;
	if (n > 0 && tcp_write(link->pcb, octets, (u16_t)n,
			     TCP_WRITE_FLAG_COPY) != ERR_OK)
		return -1;
	tcp_output(link->pcb); /* what cannot leave now is sent again later */
	return 0;
}

/*
 * After something has moved. Where both ends have said all, lwIP delivers the
 * rest by itself: a PCB in TIME-WAIT may be freed without a word, so it is not
 * held. 0, or -1: the PCB was aborted, as lwIP's callbacks have to tell it.
 */
static int settle(struct sdesp_relay_link *link, int moved)
{
	if (moved != 0) {
		sdesp_link_reset(link);
		return -1;
	}
	if (link->fd_ended && link->pcb_ended && link->pcb != NULL)
		(void)tcp_close(let_go(link)); /* has sent its FIN already */
	if (link->fd_ended && link->end_told) {
		watch(link, 0);
		sdesp_socket_close(link->fd);
		release(link);
	} else {
		sdesp_link_watch(link);
	}
	return 0;
}

void sdesp_link_ready(struct sdesp_relay_link *link)
{
	int moved;

	if (!link->fd_joined) {
		int joined = sdesp_socket_joined(link->fd);

		if (joined < 0)
			sdesp_link_reset(link);
		if (joined <= 0)
			return;
		link->fd_joined = 1;
	}
	moved = to_socket(link);
	if (moved == 0 && link->pcb != NULL && link->pcb_joined &&
		!link->fd_ended)
		moved = from_socket(link);
	settle(link, moved);
}

/* --- what lwIP calls ------------------------------------------------------ */

/* p NULL: the peer sends no more. Refused octets lwIP keeps and brings again;
 * a chain counts its octets in 16 bits. */
static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct sdesp_relay_link *link = arg;
	int moved = 0;

	(void)pcb;
	(void)err;
	if (p == NULL) {
		link->pcb_ended = 1;
	} else if (link->pending == NULL) {
		link->pending = p;
	} else {
		if ((uint32_t)link->pending->tot_len + p->tot_len > 0xffff)
			return ERR_MEM;
		pbuf_cat(link->pending, p);
	}
	if (link->fd_joined)
		moved = to_socket(link);
	return settle(link, moved) == 0 ? ERR_OK : ERR_ABRT;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)pcb;
	(void)len;
	sdesp_link_watch(arg);
	return ERR_OK;
}

/* Broken by the peer, by time, or with its netif: the PCB is gone already. */
static void broken(void *arg, err_t err)
{
	struct sdesp_relay_link *link = arg;

	(void)err;
	link->pcb = NULL;
	sdesp_link_reset(link);
}

void sdesp_link_adopt(struct sdesp_relay_link *link, struct tcp_pcb *pcb)
{
	link->pcb = pcb;
	tcp_arg(pcb, link);
	tcp_recv(pcb, received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, broken);
	tcp_nagle_disable(pcb); /* it is the sockets' to wait */
}

err_t sdesp_link_joined(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct sdesp_relay_link *link = arg;

	(void)pcb;
	(void)err;
	link->pcb_joined = 1;
	sdesp_link_watch(link);
	return ERR_OK;
}
