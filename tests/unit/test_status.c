/*
 * What sdesp status prints: for people and as JSON.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports/posix/status.h"

static void make(struct status *s)
{
	memset(s, 0, sizeof *s);
	s->name = "x\"y\\z\n.state";
	s->backend = "tun";
	s->device = "sdesp0";
	s->now_ms = 100000;
	s->info.state = SDESP_CONFIRMED;
	s->info.suite = SDESP_AES_128_GCM_16;
	s->info.method = SDESP_X25519;
	s->info.spi_in = 0xc3f1a2b4;
	s->info.spi_out = 0x1234;
	s->info.since_ms = 40000;
	s->info.rekey_ms = 160999;
	s->info.flow = (struct sdesp_flow){.local = {4, {192, 0, 2, 1}, 4500},
		.remote = {4, {192, 0, 2, 2}, 4501},
		.mode = SDESP_TRANSPORT,
		.udp = 1,
		.nts = 1};
	s->info.flow.ts[0].protocol = 17;
	s->info.flow.ts[0].remote.kind = SDESP_TS_PEER;
	s->info.flow.ts[0].remote.lo = s->info.flow.ts[0].remote.hi = 7;
	s->info.flow.ts[0].local.hi = 65535;
	s->nsas = 2;
	s->sas[0] = (struct status_sa){
		1, 0, 0xc3f1a2b4, {SDESP_SA_DYING, 90, 80, 70, 60, 50, 40}};
	s->sas[1] = (struct status_sa){
		0, 0, 0x1234, {SDESP_SA_MATURE, 9, 8, 7, 0, 0, 0}};
}

static void printed(
	const char *want, const struct status *s, unsigned n, int json)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	status_print(out, s, n, json);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void test_text(void **state)
{
	struct status s;

	(void)state;
	make(&s);
	s.name = "a.state";
	printed("a.state: established, running, backend tun, device sdesp0\n"
		"  peer      192.0.2.2:4501, from 192.0.2.1:4500\n"
		"  keys      AES_128_GCM_16, x25519, transport mode, ESP in "
		"UDP\n"
		"  age       60 s; rekey due in 60 s\n"
		"  traffic   17 self any peer 7\n"
		"  in        spi c3f1a2b4, dying: 80 packets, 70 octets; "
		"refused: 60 replays, 50 forgeries, 40 malformed\n"
		"  out       spi 00001234, mature: 8 packets, 7 octets; last "
		"number 9\n",
		&s, 1, 0);
	s.backend = NULL;
	s.info.spi_in = s.info.spi_out = 0;
	s.info.state = SDESP_OFFERED;
	printed("a.state: offered, not running\n", &s, 1, 0);
}

static void test_json(void **state)
{
	struct status s[2];

	(void)state;
	make(&s[0]);
	printed("{\"sessions\":[\n {\"name\":\"x\\\"y\\\\z\\u000a.state\","
		"\"state\":\"established\",\"held\":false,\"backend\":\"tun\","
		"\"device\":\"sdesp0\",\"local\":\"192.0.2.1:4500\","
		"\"remote\":\"192.0.2.2:4501\",\"suite\":\"AES_128_GCM_16\","
		"\"method\":\"x25519\",\"psk\":false,\"mode\":\"transport\","
		"\"udp\":true,\"esn\":false,\"age\":60,\"rekey\":60,"
		"\"expiry\":null,\"traffic\":[\"17 self any peer 7\"],\"sas\":["
		"\n  {\"direction\":\"in\",\"spi\":\"c3f1a2b4\",\"old\":false,"
		"\"state\":\"dying\",\"packets\":80,\"octets\":70,"
		"\"replays\":60,\"forgeries\":50,\"malformed\":40,"
		"\"number\":90},"
		"\n  {\"direction\":\"out\",\"spi\":\"00001234\",\"old\":false,"
		"\"state\":\"mature\",\"packets\":8,\"octets\":7,"
		"\"replays\":0,\"forgeries\":0,\"malformed\":0,"
		"\"number\":9}]}]}\n",
		s, 1, 1);
	memset(s, 0, sizeof s);
	s[0].name = "a";
	s[1].name = "b";
	printed("{\"sessions\":["
		"\n {\"name\":\"a\",\"state\":\"idle\",\"held\":false,"
		"\"backend\":null,\"device\":null,\"traffic\":[],\"sas\":[]},"
		"\n {\"name\":\"b\",\"state\":\"idle\",\"held\":false,"
		"\"backend\":null,\"device\":null,\"traffic\":[],\"sas\":[]}"
		"]}\n",
		s, 2, 1);
	printed("{\"sessions\":[]}\n", s, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
