/* See path.h. SPDX-License-Identifier: MIT */
#include "path.h"

#include <errno.h>
#include <string.h>

#include "sdesp_posix.h"

#define LAYER 10     /* of the helpers: above TURN and ICE, as SRTP's */
#define TICK_MS 1000 /* at the latest */
#define HEADROOM 64  /* what helpers below may put before a packet */
#define PROTOCOL_UDP 17

struct path {
	struct le le; /* of paths */
	struct lock *lock;
	struct udp_sock *rtp, *rtcp;
	struct udp_helper *rtp_helper, *rtcp_helper;
	struct tmr tmr;
	path_event_h *eventh; /* NULL: retired */
	void *arg;

	/* Under the lock. */
	bool begun; /* udp and session hold something */
	struct sdesp_bearssl crypto;
	struct sdesp_port port;
	struct sdesp_udp udp;
	struct sdesp_session session;
	struct sdesp_event events[SDESP_MAX_EVENTS];
	unsigned nevents;
	struct sdesp_udp_buf buf;
};

static struct list paths;

/* RFC 5761 4: RTCP packet types are 64 to 95 where RTP has the payload type. */
static bool is_rtcp(const uint8_t *data, size_t len)
{
	return len >= 2 && (data[1] & 0x7f) >= 64 && (data[1] & 0x7f) <= 95;
}

static void take_events(struct path *p)
{
	struct sdesp_session *session = &p->session;

	if (sdesp_sessions_poll(
		    &p->udp.base, &session, 1, sdesp_posix_now_ms()) != 0)
		return;
	while (p->nevents < SDESP_MAX_EVENTS &&
		sdesp_session_event(session, &p->events[p->nevents]))
		p->nevents++;
}

static void tick(void *arg)
{
	struct path *p = arg;
	struct sdesp_event events[SDESP_MAX_EVENTS];
	uint64_t now = sdesp_posix_now_ms(), next, other;
	unsigned n;

	lock_write_get(p->lock);
	next = sdesp_session_tick(&p->session, now);
	take_events(p);
	other = sdesp_udp_tick(&p->udp, now);
	n = p->nevents;
	memcpy(events, p->events, n * sizeof events[0]);
	p->nevents = 0;
	lock_rel(p->lock);

	if (other < next)
		next = other;
	if (next > now + TICK_MS)
		next = now + TICK_MS;
	tmr_start(&p->tmr, next > now ? next - now : 1, tick, p);

	/* A handler may end the call, and with it the path. */
	mem_ref(p);
	for (unsigned i = 0; i < n && p->eventh != NULL; i++)
		p->eventh(&events[i], p->arg);
	if (p->eventh != NULL)
		p->eventh(NULL, p->arg);
	mem_deref(p);
}

struct sdesp_session *path_lock(struct path *p)
{
	lock_write_get(p->lock);
	return &p->session;
}

void path_release(struct path *p)
{
	lock_rel(p->lock);
}

void path_unlock(struct path *p)
{
	path_release(p);
	if (p->eventh != NULL)
		tmr_start(&p->tmr, 0, tick, p);
}

void path_info(struct path *p, struct sdesp_session_info *now)
{
	lock_write_get(p->lock);
	sdesp_session_info(&p->session, now);
	lock_rel(p->lock);
}

void path_counters(struct path *p, struct sdesp_udp_counters *counters)
{
	lock_write_get(p->lock);
	*counters = p->udp.counters;
	lock_rel(p->lock);
}

/* Under the lock: a datagram of at most SDESP_UDP_DATAGRAM octets into buf,
 * where there is room around it for both ways. */
static struct sdesp_pkt load(struct path *p, const struct mbuf *mb)
{
	struct sdesp_pkt pkt = {0};

	pkt.data = p->buf.octets + SDESP_UDP_HEAD;
	pkt.len = mbuf_get_left(mb);
	pkt.head = SDESP_UDP_HEAD;
	pkt.tail = sizeof p->buf.octets - SDESP_UDP_HEAD - pkt.len;
	memcpy(pkt.data, mbuf_buf(mb), pkt.len);
	return pkt;
}

/* --- out ------------------------------------------------------------------ */

static int send_one(struct path *p, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkt)
{
	struct sockaddr_storage ss;
	struct mbuf *mb = mbuf_alloc(HEADROOM + pkt->len);
	struct sa sa;
	int err = ENOMEM;

	if (mb == NULL)
		return err;
	mb->pos = mb->end = HEADROOM;
	err = mbuf_write_mem(mb, pkt->data, pkt->len);
	mb->pos = HEADROOM;
	if (err == 0 && sdesp_udp_to_sockaddr(&ss, to, to->family) == 0)
		err = EAFNOSUPPORT;
	if (err == 0)
		err = sa_set_sa(&sa, (const struct sockaddr *)&ss);
	if (err == 0)
		err = udp_send_helper(p->rtp, &sa, mb, p->rtp_helper);
	mem_deref(mb);
	return err;
}

/* The send function of struct sdesp_udp_config. */
static size_t send_all(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	size_t sent = 0;

	while (sent < n && send_one(ctx, to, &pkts[sent]) == 0)
		sent++;
	return sent;
}

/* Seal what baresip wants to send, or drop it. */
static int seal(struct path *p, const struct mbuf *mb)
{
	size_t len = mbuf_get_left(mb);
	unsigned second = is_rtcp(mbuf_buf(mb), len);
	struct sdesp_session_info now;
	struct sdesp_pkt pkt;
	const struct sdesp_ts *ts;

	if (len > SDESP_UDP_DATAGRAM)
		return EMSGSIZE;
	lock_write_get(p->lock);
	sdesp_session_info(&p->session, &now);
	ts = &now.flow.ts[0];
	if (now.spi_out != 0) {
		pkt = load(p, mb);
		(void)sdesp_udp_send(&p->udp,
			sdesp_udp_flow(&p->udp, &now.flow),
			(uint16_t)(ts->local.lo + second),
			(uint16_t)(ts->remote.lo + second), &pkt, 1,
			sdesp_posix_now_ms());
	}
	lock_rel(p->lock);
	return 0;
}

/* Of both sockets: everything leaves by the RTP socket, inside ESP. */
static bool send_handler(int *err, struct sa *dst, struct mbuf *mb, void *arg)
{
	(void)dst; /* the session knows where to */
	*err = seal(arg, mb);
	return true;
}

/* --- in ------------------------------------------------------------------- */

/* What an authentic packet must be to go up: RTP on the first inner port,
 * RTCP on the second, whatever port it has here. */
static bool fits(const struct path *p, const struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta)
{
	struct sdesp_session_info now;
	unsigned second = is_rtcp(pkt->data, pkt->len);

	if (pkt->status != SDESP_OK || meta->kind != SDESP_UDP_ESP ||
		pkt->next_header != PROTOCOL_UDP)
		return false;
	sdesp_session_info(&p->session, &now);
	return meta->local_port == now.flow.ts[0].local.lo + second;
}

static bool recv_handler(struct sa *src, struct mbuf *mb, void *arg)
{
	struct path *p = arg;
	struct sockaddr_storage ss = {0};
	struct sdesp_udp_meta meta = {0};
	struct sdesp_pkt pkt;
	bool up, due;

	memcpy(&ss, &src->u, sizeof src->u);
	if (p->eventh == NULL || mbuf_get_left(mb) > SDESP_UDP_DATAGRAM ||
		sdesp_udp_from_sockaddr(&meta.from, &ss) != 0)
		return true;
	lock_write_get(p->lock);
	pkt = load(p, mb);
	(void)sdesp_udp_input(&p->udp, &pkt, &meta, 1, sdesp_posix_now_ms());
	up = fits(p, &pkt, &meta);
	if (up) {
		memcpy(mbuf_buf(mb), pkt.data, pkt.len); /* shorter than ESP */
		mb->end = mb->pos + pkt.len;
	}
	take_events(p);
	due = p->nevents > 0;
	lock_rel(p->lock);
	if (due)
		tmr_start(&p->tmr, 0, tick, p);
	return !up;
}

/* The RTCP socket: nothing of a stream in ESP arrives there. */
static bool refuse_handler(struct sa *src, struct mbuf *mb, void *arg)
{
	(void)src;
	(void)mb;
	(void)arg;
	return true;
}

/* --- life ----------------------------------------------------------------- */

static void path_destructor(void *arg)
{
	struct path *p = arg;

	tmr_cancel(&p->tmr);
	list_unlink(&p->le);
	if (p->begun) {
		(void)sdesp_session_close(&p->session);
		sdesp_udp_close(&p->udp);
	}
	memset(&p->buf, 0, sizeof p->buf);
	mem_deref(p->rtp_helper);
	mem_deref(p->rtcp_helper);
	mem_deref(p->rtp);
	mem_deref(p->rtcp);
	mem_deref(p->lock);
}

static void end(void *arg)
{
	mem_deref(arg);
}

static int begin(struct path *p, const struct sdesp_policy *policy)
{
	struct sdesp_udp_config config = {0};

	sdesp_bearssl_init(&p->crypto);
	sdesp_posix_port(&p->port);
	config.crypto = &p->crypto.vtable;
	config.send = send_all;
	config.send_ctx = p;
	config.keylog = sdesp_posix_keylog;
	if (sdesp_udp_init(&p->udp, &config) != 0 ||
		sdesp_session_init(
			&p->session, policy, &p->udp.base, &p->port) != 0)
		return EINVAL;
	p->begun = true;
	return 0;
}

int path_alloc(struct path **pp, struct udp_sock *rtp, struct udp_sock *rtcp,
	const struct sdesp_policy *policy, path_event_h *eventh, void *arg)
{
	struct path *p = mem_zalloc(sizeof *p, path_destructor);
	int err;

	if (p == NULL)
		return ENOMEM;
	tmr_init(&p->tmr);
	list_append(&paths, &p->le, p);
	p->eventh = eventh;
	p->arg = arg;
	p->rtp = mem_ref(rtp);
	p->rtcp = mem_ref(rtcp);
	err = lock_alloc(&p->lock);
	if (err == 0)
		err = begin(p, policy);
	if (err == 0)
		err = udp_register_helper(&p->rtp_helper, rtp, LAYER,
			send_handler, recv_handler, p);
	if (err == 0 && rtcp != NULL)
		err = udp_register_helper(&p->rtcp_helper, rtcp, LAYER,
			send_handler, refuse_handler, p);
	if (err != 0)
		mem_deref(p);
	else
		*pp = p;
	return err;
}

void path_retire(struct path *p)
{
	if (p == NULL)
		return;
	p->eventh = NULL;
	tmr_start(&p->tmr, 0, end, p);
}

void path_end_all(void)
{
	list_flush(&paths);
}
