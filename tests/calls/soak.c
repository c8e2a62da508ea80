/*
 * 2000 calls over real SIP and real sockets, both ends ours, of every kind of
 * end: what is held afterwards is what was held before.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/libre/carrier.h"

/* With sanitizers fewer; and there the heap is LeakSanitizer's to look at. */
#ifdef __SANITIZE_ADDRESS__
#define CALLS 200
static size_t heap(void)
{
	return 0;
}
#else
#include <malloc.h>
#define CALLS 2000
static size_t heap(void)
{
	return mallinfo2().uordblks;
}
#endif

#define SLACK 1024 /* octets: malloc gives some pieces 16 more than asked */
#define PATIENCE_MS 3000
#define LAST_MS 80000 /* 64 * T1 for a refresh, as much for BYE */

enum kind { PLAIN, REKEYED, CANCELED, REJECTED, NO_AGREEMENT, VANISHED, KINDS };

static const char *const names[KINDS] = {"to their end", "rekeyed", "canceled",
	"rejected with 403", "refused with 488",
	"left by a peer that vanished"};

/* Ends over UDP and over TCP, and one over UDP whose peer dies. */
static struct carrier ends[2][2], survivor, mortal;
static unsigned done[KINDS], packets;

static unsigned descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void begin(struct carrier *c)
{
	memset(c->party.events, 0, sizeof c->party.events);
	c->party.closed = c->party.progress = c->party.incoming = 0;
	c->party.log[0] = '\0';
	c->heard = 0;
}

static void dial(struct carrier *from, struct carrier *to)
{
	begin(from);
	begin(to);
	assert_int_equal(party_call(&from->party, &to->party), SDESP_OK);
}

static void wait_event(struct carrier *c, unsigned type)
{
	run_until_count(&c->party.events[type], 1, PATIENCE_MS);
}

static void wait_closed(struct carrier *c, enum sdesp_call_why why)
{
	run_until_count(&c->party.closed, 1, PATIENCE_MS);
	assert_int_equal(c->party.end.why, why);
}

/* One packet each way. */
static void talk(struct carrier *a, struct carrier *b)
{
	unsigned here = a->heard, there = b->heard;

	assert_int_equal(carrier_say(a), 1);
	run_until_count(&b->heard, there + 1, PATIENCE_MS);
	assert_int_equal(carrier_say(b), 1);
	run_until_count(&a->heard, here + 1, PATIENCE_MS);
	packets += 2;
}

static void establish(struct carrier *a, struct carrier *b)
{
	dial(a, b);
	wait_event(a, SDESP_EV_ESTABLISHED);
	wait_event(b, SDESP_EV_ESTABLISHED);
	talk(a, b);
}

/* One call of a kind; turn: the callee hangs up, or rekeys. */
static void one(enum kind kind, struct carrier *a, struct carrier *b, bool turn)
{
	struct carrier *ender = turn ? b : a, *other = turn ? a : b;

	switch (kind) {
	case PLAIN:
	case REKEYED:
		establish(a, b);
		if (kind == REKEYED) {
			assert_int_equal(
				sdesp_call_rekey(ender->party.call), SDESP_OK);
			wait_event(a, SDESP_EV_REKEYED);
			wait_event(b, SDESP_EV_REKEYED);
			talk(a, b);
		}
		sdesp_call_hangup(ender->party.call);
		wait_closed(ender, SDESP_CALL_HUNG_UP);
		wait_closed(other, SDESP_CALL_BYE);
		break;
	case CANCELED:
		b->party.says = PARTY_RINGS;
		dial(a, b);
		run_until_count(&a->party.progress, 1, PATIENCE_MS);
		sdesp_call_hangup(a->party.call);
		wait_closed(a, SDESP_CALL_HUNG_UP);
		wait_closed(b, SDESP_CALL_CANCELED);
		break;
	case REJECTED:
		b->party.says = PARTY_REJECTS;
		dial(a, b);
		wait_closed(a, SDESP_CALL_REFUSED);
		wait_closed(b, SDESP_CALL_REFUSED);
		break;
	case NO_AGREEMENT:
		b->party.policy.nproposals = 1;
		b->party.policy.proposals[0].suite =
			SDESP_AES_256_CBC_HMAC_SHA2_256_128;
		dial(a, b);
		wait_closed(a, SDESP_CALL_REFUSED);
		wait_closed(b, SDESP_CALL_NO_AGREEMENT);
		b->party.policy = a->party.policy;
		break;
	case VANISHED: /* TCP: nobody listens there any more */
		establish(a, b);
		carrier_vanish(b);
		run_for(5); /* libre sees its connection closed */
		assert_int_equal(sdesp_call_rekey(a->party.call), SDESP_OK);
		wait_closed(a, SDESP_CALL_TRANSPORT);
		carrier_init(b, SIP_TRANSP_TCP);
		carrier_open(b);
		break;
	case KINDS:
		break;
	}
	b->party.says = PARTY_ACCEPTS;
	done[kind]++;
}

/* What is held. */
struct held {
	unsigned calls, sas, descriptors;
	size_t heap;
};

static struct held look(void)
{
	struct held held = {0, 0, descriptors(), heap()};

	for (unsigned i = 0; i < 2; i++) {
		for (unsigned j = 0; j < 2; j++) {
			held.calls += sdesp_libre_calls(ends[i][j].party.ua);
			held.sas += carrier_holds(&ends[i][j]);
		}
	}
	held.calls += sdesp_libre_calls(survivor.party.ua);
	held.sas += carrier_holds(&survivor);
	return held;
}

static void say(const char *when, const struct held *held)
{
	printf("NOTE %s: %u calls, %u SAs, SPIs and policies, %u descriptors",
		when, held->calls, held->sas, held->descriptors);
	if (held->heap > 0)
		printf(", %zu octets of heap", held->heap);
	printf("\n");
	fflush(stdout);
}

static void open_pair(struct carrier pair[2], enum sip_transp tp)
{
	for (unsigned i = 0; i < 2; i++) {
		carrier_init(&pair[i], tp);
		carrier_open(&pair[i]);
	}
}

static void close_pair(struct carrier pair[2])
{
	carrier_close(&pair[0]);
	carrier_close(&pair[1]);
}

static enum kind kind_of(unsigned i)
{
	static const enum kind kinds[20] = {PLAIN, PLAIN, REKEYED, PLAIN,
		CANCELED, CANCELED, PLAIN, REJECTED, REKEYED, PLAIN, VANISHED,
		NO_AGREEMENT, PLAIN, PLAIN, REKEYED, CANCELED, PLAIN, PLAIN,
		REJECTED, NO_AGREEMENT};

	return kinds[i % 20];
}

/* The call of a peer that died; the session timer asks for it, in vain. */
static void call_the_dying(void)
{
	carrier_init(&mortal, SIP_TRANSP_UDP);
	mortal.party.config.min_se = 1;
	carrier_open(&mortal);
	establish(&survivor, &mortal);
	carrier_vanish(&mortal);
	done[VANISHED]++;
}

static void call_all(void)
{
	for (unsigned i = 1; i < CALLS; i++) {
		enum kind kind = kind_of(i);
		struct carrier *pair = ends[kind == VANISHED || i % 11 == 0];

		one(kind, &pair[0], &pair[1], i % 3 == 0);
	}
	for (unsigned i = 0; i < KINDS; i++)
		printf("NOTE calls %s: %u\n", names[i], done[i]);
	printf("NOTE packets, all of which arrived: %u\n", packets);
}

/* What is made once and kept, by OpenSSL above all, is made here. */
static void warm_up(void)
{
	static struct carrier pair[2];

	for (unsigned i = 0; i < 2; i++) {
		open_pair(pair, i == 0 ? SIP_TRANSP_UDP : SIP_TRANSP_TCP);
		for (unsigned kind = 0; kind < VANISHED; kind++)
			one(kind, &pair[0], &pair[1], false);
		close_pair(pair);
	}
	memset(done, 0, sizeof done);
	packets = 0;
}

static void test_soak(void **state)
{
	struct held before, after;

	(void)state;
	warm_up();
	open_pair(ends[0], SIP_TRANSP_UDP);
	open_pair(ends[1], SIP_TRANSP_TCP);
	carrier_init(&survivor, SIP_TRANSP_UDP);
	survivor.party.config.session_expires = 2;
	survivor.party.config.min_se = 1;
	carrier_open(&survivor);
	before = look();
	say("before", &before);

	call_the_dying();
	call_all();
	after = look();
	say("at once", &after);
	/* SIP's timers run for 32 s; libre keeps connections for longer. */
	close_pair(ends[1]);
	open_pair(ends[1], SIP_TRANSP_TCP);
	run_until_count(&survivor.party.closed, 1, LAST_MS);
	assert_int_equal(survivor.party.end.why, SDESP_CALL_TIMEOUT);
	run_for(33000);
	after = look();
	say("after", &after);
	assert_int_equal(after.calls, 0);
	assert_int_equal(after.sas, 0);
	assert_int_equal(after.descriptors, before.descriptors);
	assert_true(after.heap <= before.heap + SLACK);

	close_pair(ends[0]);
	close_pair(ends[1]);
	carrier_close(&survivor);
}

/* The thread's cache of freed memory counts as in use: do without it. */
static void uncached(char **argv)
{
	if (getenv("GLIBC_TUNABLES") != NULL)
		return;
	(void)setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	(void)execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_soak)};

	(void)argc;
	uncached(argv);
	return cmocka_run_group_tests(tests, run_begin, run_end);
}
