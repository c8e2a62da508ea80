/*
 * The life cycle under any order of events: three sessions, a signalling
 * channel that loses, repeats, reorders, damages and forks, time that jumps,
 * backends and random sources that fail. After every step the invariants of
 * SPEC 9 hold; after close nothing is left. SPDX-License-Identifier: MIT
 *
 * Arguments or environment: SDESP_HISTORIES (how many), SDESP_SEED (first).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdesp.h"
#include "tests/support/dice.h"
#include "tests/support/fake_backend.h"

#define ENDS 3
#define TEXT 2048
#define MESSAGES 16
#define SECRETS 512
#define STEPS 60

#define SECONDS_AT_MOST 15
#define HISTORIES 4000

enum kind { OFFER, ANSWER, FINAL, ACK, REFUSAL };

struct message {
	enum kind kind;
	unsigned from, to;
	size_t len;
	char text[TEXT];
};

struct end {
	struct fake_backend backend;
	const struct sdesp_backend_class *fake;
	struct sdesp_backend_class class; /* the fake's, with us in between */
	struct sdesp_port port;
	struct sdesp_local local;
	struct sdesp_session session;
	unsigned id;
	int random_fails; /* 1: now; n: at the n-th draw from now */
	unsigned draws;
	int failed; /* 1: the backend has failed a call */
};

/* One history. */
static struct world {
	struct dice dice;
	struct end end[ENDS];
	struct message queue[MESSAGES];
	unsigned nqueue;
	uint64_t now_ms;
	struct sdesp_policy policy;

	uint8_t secret[SECRETS][32]; /* all that was ever drawn */
	unsigned nsecrets;
	struct {
		uint8_t keymat[SDESP_KEYMAT_MAX];
		uint32_t spi;
		unsigned end;
		int inbound;
	} installed[SECRETS];
	unsigned ninstalled;
	struct {
		uint32_t spi;
		unsigned end;
	} reserved[SECRETS];
	unsigned nreserved;

	/* How often things really happened: a test of nothing proves nothing. */
	unsigned agreed, rekeyed, failed_calls;
} w;

static uint64_t seed;
static const char *phase;

/* Not an assertion of cmocka's: it says which history. */
#define HOLDS(x)                                                               \
	do {                                                                   \
		if (!(x))                                                      \
			fail_msg("seed %llu, %s: %s (line %d)",                \
				(unsigned long long)seed, phase, #x,           \
				__LINE__);                                     \
	} while (0)

static size_t below(size_t n)
{
	return dice_below(&w.dice, n);
}

static struct end *end_of(struct sdesp_backend *be)
{
	for (unsigned i = 0; i < ENDS; i++)
		if (&w.end[i].backend.base == be)
			return &w.end[i];
	return NULL;
}

/* --- what stands between the sessions and the world --------------------- */

static int draw(void *ctx, uint8_t *buf, size_t len)
{
	struct end *e = ctx;

	e->draws++;
	if (e->random_fails > 0 && --e->random_fails == 0)
		return SDESP_ERR_RANDOM;
	dice_fill(&w.dice, buf, len);
	if (len == 32 && w.nsecrets < SECRETS)
		memcpy(w.secret[w.nsecrets++], buf, 32);
	return 0;
}

/* No SPI comes back. */
static int reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct end *e = end_of(be);
	int status = e->fake->spi_reserve(be, flow, spi);

	if (status != SDESP_OK || w.nreserved == SECRETS)
		return status;
	for (unsigned i = 0; i < w.nreserved; i++)
		HOLDS(w.reserved[i].end != e->id || w.reserved[i].spi != spi);
	w.reserved[w.nreserved].end = e->id;
	w.reserved[w.nreserved++].spi = spi;
	HOLDS(spi >= SDESP_SPI_MIN && (!flow->udp || spi >> 24 >= 0xc0));
	return status;
}

/* No key is installed twice: once inbound here, once outbound there. */
static int add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct end *e = end_of(be);
	int status = e->fake->sa_add(be, flow, sa, inbound);

	if (status != SDESP_OK || w.ninstalled == SECRETS)
		return status;
	for (unsigned i = 0; i < w.ninstalled; i++) {
		if (memcmp(w.installed[i].keymat, sa->keymat, 16) != 0)
			continue;
		HOLDS(w.installed[i].end != e->id);
		HOLDS(w.installed[i].inbound != inbound);
		HOLDS(w.installed[i].spi == sa->spi);
		HOLDS(memcmp(w.installed[i].keymat, sa->keymat,
			      sizeof sa->keymat) == 0);
	}
	memcpy(w.installed[w.ninstalled].keymat, sa->keymat,
		sizeof sa->keymat);
	w.installed[w.ninstalled].spi = sa->spi;
	w.installed[w.ninstalled].end = e->id;
	w.installed[w.ninstalled++].inbound = inbound;
	return status;
}

static void begin_end(unsigned i)
{
	struct end *e = &w.end[i];
	struct sdesp_local *l = &e->local;

	memset(e, 0, sizeof *e);
	e->id = i;
	fake_backend_init(&e->backend);
	e->fake = e->backend.base.vtable;
	e->class = *e->fake;
	e->class.spi_reserve = reserve;
	e->class.sa_add = add;
	e->backend.base.vtable = &e->class;
	e->port.random = draw;
	e->port.ctx = e;
	e->port.kex = &sdesp_bearssl_kex;
	l->media = "application";
	l->proto = "UDP/ESP";
	l->addr.family = 4;
	l->addr.ip[0] = 192;
	l->addr.ip[2] = 2;
	l->addr.ip[3] = (uint8_t)(10 + i);
	l->addr.port = 4500;
	l->secured = 1;
	l->modes[0] = SDESP_TRANSPORT;
	l->nmodes = 1;
	l->nts = 1;
	l->ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	l->ts[0].local.kind = SDESP_TS_SELF;
	l->ts[0].remote.kind = SDESP_TS_PEER;
	l->ts[0].local.hi = l->ts[0].remote.hi = 65535;
	HOLDS(sdesp_session_init(&e->session, &w.policy, &e->backend.base,
		      &e->port) == 0);
}

/* --- the invariants ------------------------------------------------------ */

static int memory_holds(
	const void *memory, size_t size, const void *what, size_t len)
{
	const uint8_t *p = memory;

	for (size_t i = 0; i + len <= size; i++)
		if (p[i] == *(const uint8_t *)what &&
			memcmp(p + i, what, len) == 0)
			return 1;
	return 0;
}

static int negotiated(const struct sdesp_session_info *info)
{
	switch (info->state) {
	case SDESP_IDLE:
	case SDESP_OFFERED:
	case SDESP_CLOSED:
		return 0;
	default:
		return 1;
	}
}

/* Once a call has failed, always. */
static int has_failed(struct end *e)
{
	const struct fake_backend *be = &e->backend;

	if (be->fail_at != 0 && be->calls >= be->fail_at)
		e->failed = 1;
	return e->failed;
}

/* What may leave: nothing, or through an SA that is there. */
static void check_flow(struct end *e)
{
	struct sdesp_session_info info;
	const struct fake_policy *policy;
	const struct fake_sa *sa;

	sdesp_session_info(&e->session, &info);
	if (!negotiated(&info))
		return;
	policy = fake_backend_policy(&e->backend, &info.flow);
	HOLDS(policy != NULL);
	if (policy->action == SDESP_BLOCK)
		return;
	sa = fake_backend_find(&e->backend, policy->spi, 0);
	if (sa == NULL) {
		/* A backend that would not block when the SA died: what is
		 * to be protected and cannot be is dropped. */
		HOLDS(has_failed(e));
		return;
	}
	HOLDS(!info.held || has_failed(e));
	HOLDS(sdesp_addr_equal(&sa->flow.remote, &info.flow.remote));
}

/* Keys are the backend's alone; an offer's secrets go with the offer. */
static void check_secrets(struct end *e)
{
	struct sdesp_session_info info;

	sdesp_session_info(&e->session, &info);
	for (unsigned i = 0; i < w.ninstalled; i++)
		HOLDS(!memory_holds(&e->session, sizeof e->session,
			w.installed[i].keymat, 16));
	if (info.state != SDESP_CONFIRMED && info.state != SDESP_IDLE)
		return;
	for (unsigned i = 0; info.method != SDESP_INLINE && i < w.nsecrets; i++)
		HOLDS(!memory_holds(&e->session, sizeof e->session,
			w.secret[i], 32));
}

/* Both say that they are connected to each other: they share the keys. */
static void check_agreement(struct end *a, struct end *b)
{
	struct sdesp_session_info x, y;
	const struct fake_sa *in, *out;

	sdesp_session_info(&a->session, &x);
	sdesp_session_info(&b->session, &y);
	if (x.spi_in == 0 || x.spi_in != y.spi_out || y.spi_in != x.spi_out)
		return;
	for (int turn = 0; turn < 2; turn++) {
		in = fake_backend_find(&a->backend, x.spi_in, 1);
		out = fake_backend_find(&b->backend, y.spi_out, 0);
		if (in != NULL && out != NULL) {
			HOLDS(memcmp(in->sa.keymat, out->sa.keymat,
				      sizeof in->sa.keymat) == 0);
			HOLDS(in->sa.suite == out->sa.suite);
			HOLDS(in->sa.esn == out->sa.esn);
			w.agreed++;
		}
		in = fake_backend_find(&b->backend, y.spi_in, 1);
		out = fake_backend_find(&a->backend, x.spi_out, 0);
	}
}

static void check_all(void)
{
	for (unsigned i = 0; i < ENDS; i++) {
		if (w.end[i].backend.misuse != NULL)
			fail_msg("seed %llu, %s: %s",
				(unsigned long long)seed, phase,
				w.end[i].backend.misuse);
		(void)has_failed(&w.end[i]);
		check_flow(&w.end[i]);
		check_secrets(&w.end[i]);
		for (unsigned j = 0; j < i; j++)
			check_agreement(&w.end[i], &w.end[j]);
	}
}

/* --- what can happen ----------------------------------------------------- */

static void post(enum kind kind, unsigned from, unsigned to,
	const struct sdesp_text *text)
{
	struct message *m;

	if (w.nqueue == MESSAGES)
		return;
	m = &w.queue[w.nqueue++];
	m->kind = kind;
	m->from = from;
	m->to = to;
	m->len = text ? text->len : 0;
	if (text)
		memcpy(m->text, text->buf, text->len);
}

/* The other end: B and C talk to A, A to B, and to C where it forks. */
static void post_offer(struct end *e, const struct sdesp_text *text)
{
	if (e->id != 0) {
		post(OFFER, e->id, 0, text);
		return;
	}
	if (below(4) != 0)
		post(OFFER, 0, 1, text);
	if (below(3) == 0)
		post(OFFER, 0, 2, text);
}

static void count(int status)
{
	w.failed_calls += status != SDESP_OK;
}

static void make_offer(struct end *e, int refresh)
{
	char buf[TEXT];
	struct sdesp_text text;
	int status;

	sdesp_text_init(&text, buf, sizeof buf);
	if (refresh && below(3) == 0)
		e->local.addr.port = (uint16_t)(4500 + below(4));
	if (refresh)
		e->local.direction = (uint8_t)(below(3) ? 0 : below(4));
	status = refresh ? sdesp_session_refresh(&e->session, &e->local,
				   w.now_ms, &text)
			 : sdesp_session_offer(&e->session, &e->local, w.now_ms,
				   &text);
	count(status);
	if (status == SDESP_OK)
		post_offer(e, &text);
	else
		HOLDS(text.len == 0);
}

static void take_offer(struct end *e, struct message *m,
	const struct sdesp_section *section)
{
	char buf[TEXT];
	struct sdesp_text text;
	struct sdesp_why why = {0};
	int status;

	sdesp_text_init(&text, buf, sizeof buf);
	status = sdesp_session_answer(
		&e->session, section, &e->local, w.now_ms, &text, &why);
	count(status);
	if (status != SDESP_OK) {
		HOLDS(text.len == 0);
		HOLDS(status > -20 || status <= -60 || why.what != NULL);
		post(REFUSAL, e->id, m->from, NULL);
		return;
	}
	if (below(3) == 0)
		post(ANSWER, e->id, m->from, &text);
	post(FINAL, e->id, m->from, &text);
}

static void take_answer(struct end *e, struct message *m,
	const struct sdesp_section *section)
{
	struct sdesp_why why = {0};
	int status = sdesp_session_accept(
		&e->session, section, m->kind == FINAL, w.now_ms, &why);

	count(status);
	HOLDS(status > -20 || status <= -60 || why.what != NULL);
	if (m->kind == FINAL)
		post(ACK, e->id, m->from, NULL);
}

static void deliver(struct message *m)
{
	struct end *e = &w.end[m->to];
	struct sdesp_section section;
	struct sdesp_why why;

	switch (m->kind) {
	case ACK:
		count(sdesp_session_confirm(&e->session, w.now_ms));
		return;
	case REFUSAL:
		sdesp_session_fail(&e->session, w.now_ms);
		return;
	default:
		break;
	}
	if (sdesp_sdp_find(&section, m->text, m->len, 0, &why) != 0)
		return;
	if (m->kind == OFFER)
		take_offer(e, m, &section);
	else
		take_answer(e, m, &section);
}

/* Deliver, lose, repeat or damage a message, not always the oldest. */
static void signal_once(void)
{
	struct message m;
	unsigned i;

	if (w.nqueue == 0)
		return;
	i = below(3) ? 0 : (unsigned)below(w.nqueue);
	m = w.queue[i];
	if (below(12) != 0) {
		w.nqueue--;
		memmove(&w.queue[i], &w.queue[i + 1],
			(w.nqueue - i) * sizeof w.queue[0]);
	}
	if (below(15) == 0)
		return;
	if (below(15) == 0 && m.len > 0 && m.len + 4 < sizeof m.text)
		dice_mutate(&w.dice, m.text, &m.len);
	deliver(&m);
}

static void pass_time(void)
{
	static const uint32_t most[] = {500, 3000, 40000, 9000000};

	w.now_ms += below(most[below(4)]);
	for (unsigned i = 0; i < ENDS; i++) {
		uint64_t next =
			sdesp_session_tick(&w.end[i].session, w.now_ms);

		HOLDS(next > w.now_ms);
	}
}

static void happen_in_backend(struct end *e)
{
	struct sdesp_backend_event ev;
	struct fake_sa *sa = &e->backend.sas[below(4)];

	if (sa->state == SDESP_SA_NONE || sa->state == SDESP_SA_LARVAL)
		return;
	memset(&ev, 0, sizeof ev);
	ev.type = (uint8_t)below(SDESP_BACKEND_LOST + 1);
	ev.inbound = sa->inbound;
	ev.spi = sa->sa.spi;
	ev.local = sa->flow.local;
	ev.addr = sa->flow.remote;
	ev.addr.port = (uint16_t)(5000 + below(3));
	ev.quiet_ms = (uint32_t)below(5000);
	if (ev.type == SDESP_BACKEND_GONE)
		fake_backend_vanish(&e->backend, sa);
	(void)sdesp_session_notify(&e->session, &ev, w.now_ms);
}

static void drain_events(struct end *e)
{
	struct sdesp_event ev;

	while (sdesp_session_event(&e->session, &ev)) {
		HOLDS(ev.type >= SDESP_EV_ESTABLISHED);
		HOLDS(ev.type <= SDESP_EV_FAILED);
		w.rekeyed += ev.type == SDESP_EV_REKEYED;
		if (ev.type == SDESP_EV_REFRESH_DUE && below(4) != 0)
			make_offer(e, 1);
		else if (ev.type == SDESP_EV_REKEY_DUE && below(4) != 0)
			make_offer(e, 0);
	}
}

static void close_end(struct end *e)
{
	static const struct sdesp_session wiped;
	struct sdesp_session_info info;

	(void)sdesp_session_close(&e->session);
	HOLDS(fake_backend_empty(&e->backend));
	sdesp_session_info(&e->session, &info);
	HOLDS(info.state == SDESP_CLOSED);
	HOLDS(info.spi_in == 0 && info.spi_out == 0);
	e->session.state = wiped.state;
	HOLDS(memcmp(&e->session, &wiped, sizeof wiped) == 0);
	e->session.state = SDESP_CLOSED;
}

static void step(void)
{
	struct end *e = &w.end[below(ENDS)];
	size_t what = below(40);

	if (what < 22)
		signal_once();
	else if (what < 26)
		make_offer(e, 0);
	else if (what < 28)
		make_offer(e, 1);
	else if (what < 32)
		pass_time();
	else if (what < 35)
		happen_in_backend(e);
	else if (what < 36)
		fake_backend_fail(&e->backend,
			1 + (unsigned)below(8), (unsigned)below(3));
	else if (what < 37)
		e->random_fails = 1 + (int)below(6);
	else if (what < 38)
		sdesp_session_fail(&e->session, w.now_ms);
	else if (what < 39)
		count(sdesp_session_confirm(&e->session, w.now_ms));
	else if (below(4) == 0) {
		close_end(e);
		begin_end(e->id);
	}
	drain_events(e);
	check_all();
}

static void begin_world(uint64_t from)
{
	unsigned agreed = w.agreed, rekeyed = w.rekeyed, failed = w.failed_calls;

	memset(&w, 0, sizeof w);
	w.agreed = agreed;
	w.rekeyed = rekeyed;
	w.failed_calls = failed;
	seed = from;
	w.dice.state = from;
	w.now_ms = 1000000;
	sdesp_policy_init(&w.policy);
	w.policy.hard.seconds = below(2) ? 3600 : 0;
	w.policy.hard.packets = below(2) ? 1000000 : 0;
	w.policy.move = (uint8_t)below(3);
	if (below(3) == 0) {
		for (unsigned i = 0; i < 3; i++)
			w.policy.proposals[i] = w.policy.proposals[i + 3];
		w.policy.nproposals = 3;
	}
	for (unsigned i = 0; i < ENDS; i++)
		begin_end(i);
}

static void end_world(void)
{
	for (unsigned i = 0; i < ENDS; i++)
		close_end(&w.end[i]);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}

static void test_random_histories(void **state)
{
	unsigned long n = setting("SDESP_HISTORIES", 0);
	unsigned long first = setting("SDESP_SEED", 1);
	time_t until = time(NULL) + SECONDS_AT_MOST;
	unsigned long i;

	(void)state;
	phase = "random history";
	for (i = 0; i < (n ? n : HISTORIES); i++) {
		if (!n && time(NULL) >= until)
			break;
		begin_world(first + i);
		for (unsigned s = 0; s < STEPS; s++)
			step();
		end_world();
	}
	print_message("%lu histories, %u agreements, %u rekeys, %u calls "
		      "refused\n",
		i, w.agreed, w.rekeyed, w.failed_calls);
	assert_true(w.agreed > i && w.rekeyed > 0 && w.failed_calls > 0);
}

/* --- every call failing in turn, in one short history -------------------- */

/* Deliver all that is waiting, in order. */
static void settle(void)
{
	struct message m;

	while (w.nqueue > 0) {
		m = w.queue[0];
		w.nqueue--;
		memmove(&w.queue[0], &w.queue[1],
			w.nqueue * sizeof w.queue[0]);
		deliver(&m);
		check_all();
	}
}

static void offer_to(struct end *e, int refresh)
{
	char buf[TEXT];
	struct sdesp_text text;

	sdesp_text_init(&text, buf, sizeof buf);
	if ((refresh ? sdesp_session_refresh(
			       &e->session, &e->local, w.now_ms, &text)
		     : sdesp_session_offer(&e->session, &e->local, w.now_ms,
			       &text)) == SDESP_OK)
		post(OFFER, e->id, 1 - e->id, &text);
	check_all();
	settle();
}

static void wait_ms(uint64_t ms)
{
	w.now_ms += ms;
	for (unsigned i = 0; i < 2; i++)
		(void)sdesp_session_tick(&w.end[i].session, w.now_ms);
	check_all();
	settle();
}

/* Call, rekeys from both sides, drain, a moved address, expiry, BYE. */
static void short_history(void)
{
	offer_to(&w.end[0], 0);
	offer_to(&w.end[0], 0);
	wait_ms(2500);
	wait_ms(61000);
	offer_to(&w.end[1], 0);
	wait_ms(2500);
	w.end[1].local.addr.port = 4600;
	offer_to(&w.end[1], 1);
	wait_ms(100000000);
	offer_to(&w.end[0], 0);
	wait_ms(2500);
	check_all();
	end_world();
}

static void test_every_backend_call_fails(void **state)
{
	unsigned n;

	(void)state;
	phase = "the n-th backend call fails";
	for (unsigned e = 0; e < 2; e++) {
		for (n = 1; n < 200; n++) {
			begin_world(n);
			fake_backend_fail(&w.end[e].backend, n, 0);
			short_history();
			if (!has_failed(&w.end[e]))
				break;
		}
		assert_in_range(n, 10, 199);
	}
}

static void test_every_draw_fails(void **state)
{
	unsigned n;

	(void)state;
	phase = "the n-th draw of random octets fails";
	for (unsigned e = 0; e < 2; e++) {
		for (n = 1; n < 100; n++) {
			begin_world(n);
			w.end[e].random_fails = (int)n;
			short_history();
			if (w.end[e].random_fails > 0)
				break;
		}
		assert_in_range(n, 3, 99);
	}
}

/* Nothing fails: the history does what it says. */
static void test_short_history(void **state)
{
	unsigned before;

	(void)state;
	phase = "nothing fails";
	begin_world(7);
	before = w.agreed;
	short_history();
	assert_true(w.agreed > before + 10);
	assert_int_equal(w.ninstalled, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_history),
		cmocka_unit_test(test_every_backend_call_fails),
		cmocka_unit_test(test_every_draw_fails),
		cmocka_unit_test(test_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
