/* Parties of SIP calls in one process. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* mkdtemp() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/libre/party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdesp_posix.h"

/* --- what the adapter tells --------------------------------------------- */

static struct party *parties[6]; /* that are open */

/* What went wrong in a handler, where cmocka must not jump out of libre. */
static const char *fault;

static void expect(bool good, const char *what)
{
	if (!good && fault == NULL)
		fault = what;
}

static void incoming(
	struct sdesp_call *call, const struct sdesp_caller *caller, void *arg)
{
	struct party *p = arg;

	p->incoming++;
	p->call = call;
	snprintf(p->from, sizeof p->from, "%s", caller->from);
	snprintf(p->asserted, sizeof p->asserted, "%s",
		caller->asserted[0] != NULL ? caller->asserted[0] : "");
	p->transport = caller->transport;
	p->secured = caller->secured;
	if (p->says == PARTY_ACCEPTS)
		expect(sdesp_call_accept(call, &p->setup) == SDESP_OK,
			"accept");
	else if (p->says == PARTY_REJECTS)
		expect(sdesp_call_reject(call, 403, "Forbidden") == SDESP_OK,
			"reject");
	else
		expect(sdesp_call_ring(call) == SDESP_OK, "ring");
}

static void progress(struct sdesp_call *call, unsigned scode, void *arg)
{
	struct party *p = arg;

	(void)call;
	(void)scode;
	p->progress++;
}

static void event(
	struct sdesp_call *call, const struct sdesp_event *event, void *arg)
{
	struct party *p = arg;

	(void)call;
	p->events[event->type]++;
}

static void closed(
	struct sdesp_call *call, const struct sdesp_call_end *end, void *arg)
{
	struct party *p = arg;

	/* One that was refused before there was a setup. */
	for (unsigned i = 0; p == NULL && i < ARRAY_SIZE(parties); i++) {
		if (parties[i] != NULL && parties[i]->call == call)
			p = parties[i];
	}
	expect(p != NULL, "closed: whose call?");
	if (p == NULL)
		return;
	p->closed++;
	p->end = *end;
	snprintf(p->text, sizeof p->text, "%s", end->text);
	snprintf(p->contact, sizeof p->contact, "%s",
		end->contact != NULL ? end->contact : "");
	p->end.text = p->end.contact = NULL;
	if (p->call == call)
		p->call = NULL;
	if (p->ends)
		p->ua = mem_deref(p->ua);
}

static void touched(void *arg)
{
	struct party *p = arg;

	p->touched++;
	expect(sdesp_libre_poll(p->ua, &p->backend.base) == SDESP_OK, "poll");
}

/* --- the log ------------------------------------------------------------ */

static void trace(bool tx, enum sip_transp tp, const struct sa *src,
	const struct sa *dst, const uint8_t *pkt, size_t len, void *arg)
{
	struct party *p = arg;
	struct pl first, second, cseq;
	size_t used = strlen(p->log);
	struct pl text = {(const char *)pkt, len};

	(void)tp;
	(void)src;
	(void)dst;
	if (re_regex(text.p, text.l, "[^ ]+ [^ ]+ ", &first, &second) != 0)
		return;
	if (pl_strcmp(&first, "SIP/2.0") != 0)
		(void)re_snprintf(p->log + used, sizeof p->log - used,
			"%s %r\n", tx ? ">" : "<", &first);
	else if (re_regex(text.p, text.l, "CSeq: [0-9]+ [A-Z]+", NULL, &cseq) ==
		 0)
		(void)re_snprintf(p->log + used, sizeof p->log - used,
			"%s %r %r\n", tx ? ">" : "<", &second, &cseq);
}

unsigned party_saw(const struct party *p, const char *line)
{
	size_t len = strlen(line);
	unsigned n = 0;

	for (const char *at = p->log; *at != '\0'; at = strchr(at, '\n') + 1)
		n += strncmp(at, line, len) == 0 && at[len] == '\n';
	return n;
}

/* --- opening and closing ------------------------------------------------ */

void party_init(struct party *p, enum sip_transp tp)
{
	struct sdesp_ts *ts = &p->setup.local.ts[0];

	memset(p, 0, sizeof *p);
	p->tp = tp;
	fake_backend_init(&p->backend);
	sdesp_policy_init(&p->policy);
	p->policy.loopback = 1;
	sdesp_posix_port(&p->port);

	p->setup.policy = &p->policy;
	p->setup.backend = &p->backend.base;
	p->setup.arg = p;
	p->setup.local.media = "application";
	p->setup.local.proto = "UDP/ESP";
	assert_int_equal(sdesp_posix_parse_addr(
				 &p->setup.local.addr, "127.0.0.1:40000", 0),
		SDESP_OK);
	p->setup.local.modes[0] = SDESP_TRANSPORT;
	p->setup.local.nmodes = 1;
	p->setup.local.nts = 1;
	ts->protocol = SDESP_TS_ANY_PROTOCOL;
	ts->local.kind = SDESP_TS_SELF;
	ts->remote.kind = SDESP_TS_PEER;
	ts->local.hi = ts->remote.hi = 65535;

	p->config.port = &p->port;
	p->config.user = "party";
	p->config.incoming = incoming;
	p->config.touched = touched;
	p->config.progress = progress;
	p->config.event = event;
	p->config.closed = closed;
	p->config.arg = p;
}

static void open_tls(struct party *p)
{
	const char *file = party_certificate();

	if (p->tls == NULL)
		assert_int_equal(
			tls_alloc(&p->tls, TLS_METHOD_SSLV23, file, NULL), 0);
}

void party_open(struct party *p)
{
	struct sa any;
	unsigned i = 0;

	while (parties[i] != NULL)
		assert_true(++i < ARRAY_SIZE(parties));
	parties[i] = p;
	assert_int_equal(
		sip_alloc(&p->sip, NULL, 32, 32, 32, "test", NULL, p), 0);
	sip_set_trace_handler(p->sip, trace);
	assert_int_equal(sa_set_str(&any, "127.0.0.1", 0), 0);
	if (p->tp == SIP_TRANSP_TLS)
		open_tls(p);
	assert_int_equal(sip_transp_add(p->sip, p->tp, &any, p->tls), 0);
	assert_int_equal(sip_transp_laddr(p->sip, &p->addr, p->tp, &any), 0);
	p->config.sip = p->sip;
	assert_int_equal(sdesp_libre_alloc(&p->ua, &p->config), SDESP_OK);
}

void party_vanish(struct party *p)
{
	for (unsigned i = 0; i < ARRAY_SIZE(parties); i++) {
		if (parties[i] == p)
			parties[i] = NULL;
	}
	p->ua = mem_deref(p->ua);
	sip_close(p->sip, true);
	p->sip = mem_deref(p->sip);
	p->tls = mem_deref(p->tls);
	assert_null(p->backend.misuse);
	assert_true(fake_backend_empty(&p->backend));
	p->call = NULL;
}

void party_close(struct party *p)
{
	unsigned calls = p->ua != NULL ? sdesp_libre_calls(p->ua) : 0;

	party_vanish(p);
	assert_int_equal(calls, 0);
}

int party_call_uri(struct party *p, const char *uri)
{
	struct sdesp_call_target target = {
		uri, "sip:alice@example.com", NULL, 0};

	return sdesp_call_make(&p->call, p->ua, &target, &p->setup);
}

int party_call(struct party *p, const struct party *to)
{
	char uri[128];

	(void)re_snprintf(uri, sizeof uri, "sip:bob@%J%s", &to->addr,
		sip_transp_param(to->tp));
	return party_call_uri(p, uri);
}

/* --- libre's loop ------------------------------------------------------- */

static struct {
	bool (*done)(void *arg);
	void *arg;
	struct tmr look, end;
	bool late;
} waiting;

static void look(void *arg)
{
	(void)arg;
	if (waiting.done != NULL && waiting.done(waiting.arg))
		re_cancel();
	else
		tmr_start(&waiting.look, 2, look, NULL);
}

static void end(void *arg)
{
	(void)arg;
	waiting.late = true;
	re_cancel();
}

static bool run(bool (*done)(void *arg), void *arg, unsigned ms)
{
	waiting.done = done;
	waiting.arg = arg;
	waiting.late = false;
	tmr_start(&waiting.look, 1, look, NULL);
	tmr_start(&waiting.end, ms, end, NULL);
	assert_int_equal(re_main(NULL), 0);
	tmr_cancel(&waiting.look);
	tmr_cancel(&waiting.end);
	if (fault != NULL) {
		const char *what = fault;

		fault = NULL;
		fail_msg("in a handler: %s", what);
	}
	return !waiting.late;
}

void run_until(bool (*done)(void *arg), void *arg, unsigned ms)
{
	assert_true(run(done, arg, ms));
}

void run_for(unsigned ms)
{
	assert_false(run(NULL, NULL, ms));
}

struct count {
	const unsigned *n;
	unsigned least;
};

static bool counted(void *arg)
{
	struct count *count = arg;

	return *count->n >= count->least;
}

void run_until_count(const unsigned *n, unsigned least, unsigned ms)
{
	struct count count = {n, least};

	run_until(counted, &count, ms);
}

int run_begin(void **state)
{
	(void)state;
	return libre_init();
}

int run_end(void **state)
{
	struct memstat stat;

	(void)state;
	libre_close();
	if (mem_get_stat(&stat) == 0 && stat.blocks_cur != 0) {
		fprintf(stderr, "%u blocks of libre's memory are left\n",
			(unsigned)stat.blocks_cur);
		mem_debug();
		return -1;
	}
	return 0;
}

/* --- certificate -------------------------------------------------------- */

static char dir[] = "/tmp/sdesp-libre.XXXXXX", pem[64];

static void clean(void)
{
	(void)remove(pem);
	(void)remove(dir);
}

const char *party_certificate(void)
{
	char command[512];

	if (pem[0] != '\0')
		return pem;
	assert_non_null(mkdtemp(dir));
	snprintf(pem, sizeof pem, "%s/pem", dir);
	atexit(clean);
	snprintf(command, sizeof command,
		"openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
		"-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
		"-keyout %s/key -out %s/crt 2>/dev/null && "
		"cat %s/key %s/crt > %s && rm %s/key %s/crt",
		dir, dir, dir, dir, pem, dir, dir);
	assert_int_equal(system(command), 0);
	return pem;
}
