/*
 * How long a call takes to be set up, without sdesp and with it: from INVITE
 * until both ends have what they need, both ends in one process.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/libre/carrier.h"

#define CALLS 300 /* of each sort, in turn */
#define LATE_MS 5000

enum sort { PLAIN, INLINE, X25519, SORTS };

static const char *const names[SORTS] = {"without sdesp", "inline", "x25519"};

/* Two ends of libre alone. */
static struct end {
	struct sip *sip;
	struct sipsess_sock *sock;
	struct sipsess *sess;
	struct sa addr;
} plain[2];

static struct carrier ends[2];
static unsigned ready, over; /* ends of the call at hand */
static double took[SORTS][CALLS];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void count(unsigned *n)
{
	if (++*n == 2)
		re_cancel();
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "set-up time: %s\n", what);
	exit(1);
}

static void late(void *arg)
{
	must(false, arg);
}

/* libre's loop, until a handler ends it. */
static void run(char *what)
{
	struct tmr tmr;

	tmr_init(&tmr);
	tmr_start(&tmr, LATE_MS, late, what);
	must(re_main(NULL) == 0, what);
	tmr_cancel(&tmr);
}

/* --- without ------------------------------------------------------------ */

static struct mbuf *sdp(void)
{
	struct mbuf *mb = mbuf_alloc(256);

	must(mb != NULL && mbuf_write_str(mb,
				   "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
				   "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
				   "m=application 40000 udp control\r\n") == 0,
		"no memory");
	mb->pos = 0;
	return mb;
}

static int on_offer(struct mbuf **mb, const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	*mb = sdp();
	return 0;
}

static int on_answer(const struct sip_msg *msg, void *arg)
{
	(void)arg;
	must(mbuf_get_left(msg->mb) > 0, "an answer without SDP");
	return 0;
}

static void on_established(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	count(&ready);
}

static void on_closed(int err, const struct sip_msg *msg, void *arg)
{
	(void)err;
	(void)msg;
	(void)arg;
	count(&over);
}

static void on_call(const struct sip_msg *msg, void *arg)
{
	struct end *e = arg;
	struct mbuf *body = sdp();

	must(sipsess_accept(&e->sess, e->sock, msg, 200, "OK", "bob",
		     "application/sdp", body, NULL, NULL, false, on_offer,
		     on_answer, on_established, NULL, NULL, on_closed, e,
		     NULL) == 0,
		"the call cannot be taken");
	mem_deref(body);
}

static void open_plain(struct end *e)
{
	struct sa any;

	must(sa_set_str(&any, "127.0.0.1", 0) == 0 &&
			sip_alloc(&e->sip, NULL, 32, 32, 32, "test", NULL, e) ==
				0 &&
			sip_transp_add(e->sip, SIP_TRANSP_UDP, &any) == 0 &&
			sip_transp_laddr(
				e->sip, &e->addr, SIP_TRANSP_UDP, &any) == 0 &&
			sipsess_listen(&e->sock, e->sip, 32, on_call, e) == 0,
		"no SIP");
}

static double call_plain(void)
{
	struct mbuf *body;
	char uri[64];
	double start;

	(void)re_snprintf(uri, sizeof uri, "sip:bob@%J", &plain[1].addr);
	start = now_us();
	body = sdp();
	must(sipsess_connect(&plain[0].sess, plain[0].sock, uri, NULL,
		     "sip:alice@example.com", "alice", NULL, 0,
		     "application/sdp", body, NULL, NULL, false, on_offer,
		     on_answer, NULL, on_established, NULL, NULL, on_closed,
		     NULL, NULL) == 0,
		"cannot call");
	mem_deref(body);
	run("not established");
	start = now_us() - start;
	/* The end that hangs up is not told. */
	count(&over);
	plain[0].sess = mem_deref(plain[0].sess);
	run("not closed");
	plain[1].sess = mem_deref(plain[1].sess);
	return start;
}

/* --- with --------------------------------------------------------------- */

static void on_event(
	struct sdesp_call *call, const struct sdesp_event *event, void *arg)
{
	(void)call;
	(void)arg;
	if (event->type == SDESP_EV_ESTABLISHED)
		count(&ready);
}

static void on_end(
	struct sdesp_call *call, const struct sdesp_call_end *end, void *arg)
{
	(void)call;
	(void)end;
	(void)arg;
	count(&over);
}

static double call_sdesp(unsigned method)
{
	struct party *alice = &ends[0].party;
	double start;

	alice->policy.nproposals = 1;
	alice->policy.proposals[0].suite = SDESP_AES_128_GCM_16;
	alice->policy.proposals[0].method = (uint8_t)method;
	start = now_us();
	must(party_call(alice, &ends[1].party) == SDESP_OK, "cannot call");
	run("not established");
	start = now_us() - start;
	sdesp_call_hangup(alice->call);
	run("not closed");
	return start;
}

/* --- figures ------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(void)
{
	printf("\ncall set-up, INVITE to ACK, SIP over UDP on loopback, both "
	       "ends in one\n"
	       "process, %d calls of each sort in turn, us (added: to the "
	       "first line)\n"
	       "  %-14s %8s %8s %8s %8s\n",
		CALLS, "", "median", "added", "95 %", "added");
	for (unsigned i = 0; i < SORTS; i++) {
		double *t = took[i];

		qsort(t, CALLS, sizeof *t, compare);
		printf("  %-14s %8.0f %8.0f %8.0f %8.0f\n", names[i],
			t[CALLS / 2], t[CALLS / 2] - took[0][CALLS / 2],
			t[CALLS * 95 / 100],
			t[CALLS * 95 / 100] - took[0][CALLS * 95 / 100]);
	}
}

int main(void)
{
	must(libre_init() == 0, "no libre");
	for (unsigned i = 0; i < 2; i++) {
		open_plain(&plain[i]);
		carrier_init(&ends[i], SIP_TRANSP_UDP);
		ends[i].party.config.event = on_event;
		ends[i].party.config.closed = on_end;
		carrier_open(&ends[i]);
	}
	ends[1].party.policy.nproposals = 2;
	ends[1].party.policy.proposals[0].suite = SDESP_AES_128_GCM_16;
	ends[1].party.policy.proposals[0].method = SDESP_X25519;
	ends[1].party.policy.proposals[1].suite = SDESP_AES_128_GCM_16;
	ends[1].party.policy.proposals[1].method = SDESP_INLINE;
	for (unsigned i = 0; i < CALLS; i++) {
		for (unsigned sort = 0; sort < SORTS; sort++) {
			ready = over = 0;
			took[sort][i] =
				sort == PLAIN
					? call_plain()
					: call_sdesp(sort == INLINE
							     ? SDESP_INLINE
							     : SDESP_X25519);
		}
	}
	print();
	for (unsigned i = 0; i < 2; i++) {
		carrier_close(&ends[i]);
		sipsess_close_all(plain[i].sock);
		mem_deref(plain[i].sock);
		sip_close(plain[i].sip, true);
		mem_deref(plain[i].sip);
	}
	libre_close();
	return 0;
}
