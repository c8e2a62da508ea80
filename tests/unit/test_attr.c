/* a=esp, a=esp-ts, a=esp-confirm: what is read, what is refused, where and
 * why. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_attr.h"
#include "tests/support/refusal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- esp ------------------------------------------------------------ */

static void test_esp_reads(void **state)
{
	static const struct {
		const char *value;
		uint32_t spi;
		uint16_t port;
	} cases[] = {
		{"spi=c3f1a2b4", 0xc3f1a2b4, 0},
		{" spi=C3F1A2B4\t", 0xc3f1a2b4, 0},
		{"spi=00000100", 256, 0},
		{"spi=ffffffff;port=1", 0xffffffff, 1},
		{"spi=00001f40;x-mtu=1400;x-flag;port=65535", 8000, 65535},
		{"spi=00001f40;PORT=x;x=a=b;y=\"!", 8000, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sdesp_attr attr = value_of(cases[i].value);
		struct sdesp_attr_esp esp;

		assert_int_equal(sdesp_attr_esp_parse(&esp, &attr, NULL), 0);
		assert_int_equal(esp.spi, cases[i].spi);
		assert_int_equal(esp.port, cases[i].port);
	}
}

#define NO_SPI "the value does not begin with the SPI"
#define DIGITS "the SPI is not 8 hex digits"
#define NAME "there is no proper name after \";\""
#define AGAIN "this name stands twice"
#define PORT "the port is not a number"

static const struct refusal bad_esp[] = {
	{"", SDESP_ERR_SYNTAX, 1, NO_SPI},
	{"port=1;spi=c3f1a2b4", SDESP_ERR_SYNTAX, 1, NO_SPI},
	{"SPI=c3f1a2b4", SDESP_ERR_SYNTAX, 1, NO_SPI},
	{"spi", SDESP_ERR_SYNTAX, 1, NO_SPI},
	{"spi=", SDESP_ERR_SYNTAX, 5, DIGITS},
	{"spi=c3f1a2b", SDESP_ERR_SYNTAX, 5, DIGITS},
	{"spi=c3f1a2b4c", SDESP_ERR_SYNTAX, 5, DIGITS},
	{"spi=0xc3f1a2", SDESP_ERR_SYNTAX, 5, DIGITS},
	{"spi=000000ff", SDESP_ERR_VALUE, 5,
		"SPIs up to 000000ff are reserved"},
	{"spi=00000000", SDESP_ERR_VALUE, 5,
		"SPIs up to 000000ff are reserved"},
	{"spi=c3f1a2b4;", SDESP_ERR_SYNTAX, 14, NAME},
	{"spi=c3f1a2b4;;x", SDESP_ERR_SYNTAX, 14, NAME},
	{"spi=c3f1a2b4;=x", SDESP_ERR_SYNTAX, 14, NAME},
	{"spi=c3f1a2b4;a:b=x", SDESP_ERR_SYNTAX, 14, NAME},
	{"spi=c3f1a2b4; x=1", SDESP_ERR_SYNTAX, 14, NAME},
	{"spi=c3f1a2b4 ;x=1", SDESP_ERR_SYNTAX, 14,
		"there is text after the last field"},
	{"spi=c3f1a2b4;x=", SDESP_ERR_SYNTAX, 16,
		"there is nothing after \"=\""},
	{"spi=c3f1a2b4;spi=c3f1a2b5", SDESP_ERR_REPEATED, 14, AGAIN},
	{"spi=c3f1a2b4;x=1;y;x", SDESP_ERR_REPEATED, 20, AGAIN},
	{"spi=c3f1a2b4;port=1;port=1", SDESP_ERR_REPEATED, 21, AGAIN},
	{"spi=c3f1a2b4;port", SDESP_ERR_SYNTAX, 18, PORT},
	{"spi=c3f1a2b4;port=x", SDESP_ERR_SYNTAX, 19, PORT},
	{"spi=c3f1a2b4;port=040", SDESP_ERR_SYNTAX, 19, PORT},
	{"spi=c3f1a2b4;port=0", SDESP_ERR_VALUE, 19, "this is not a port"},
	{"spi=c3f1a2b4;port=65536", SDESP_ERR_VALUE, 19, "this is not a port"},
	{"spi=c3f1a2b4;x=\x80", SDESP_ERR_SYNTAX, 16, STRANGER},
};

static void test_esp_refuses(void **state)
{
	struct sdesp_attr_esp esp = {77, 7};
	struct sdesp_why why;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_esp); i++) {
		struct sdesp_attr attr = value_of(bad_esp[i].value);

		assert_why(&bad_esp[i], sdesp_attr_esp_parse(&esp, &attr, &why),
			&why);
		assert_int_equal(esp.spi, 77);
		assert_int_equal(esp.port, 7);
	}
}

/* --- esp-ts --------------------------------------------------------- */

#define FIVE "the line has fewer than five fields"
#define PROTO "this is not an IP protocol number"
#define ADDRESS "this is not an address"
#define PREFIX "this is not a prefix length"
#define HOST "the address has bits beyond its prefix"
#define PORTS "these are not ports"
#define NO_PORTS "this protocol has no ports"

static const struct refusal bad_ts[] = {
	{"", SDESP_ERR_SYNTAX, 1, FIVE},
	{"17", SDESP_ERR_SYNTAX, 3, FIVE},
	{"17 self any peer", SDESP_ERR_SYNTAX, 17, FIVE},
	{"17 self any peer any any", SDESP_ERR_SYNTAX, 22,
		"there is text after the last field"},
	{"udp self any peer any", SDESP_ERR_SYNTAX, 1, PROTO},
	{"256 self any peer any", SDESP_ERR_SYNTAX, 1, PROTO},
	{"017 self any peer any", SDESP_ERR_SYNTAX, 1, PROTO},
	{"ANY self any peer any", SDESP_ERR_SYNTAX, 1, PROTO},
	{"17 peer any peer any", SDESP_ERR_VALUE, 4,
		"\"peer\" cannot be your own side"},
	{"17 self any self any", SDESP_ERR_VALUE, 13,
		"\"self\" cannot be the far side"},
	{"17 Self any peer any", SDESP_ERR_SYNTAX, 4, ADDRESS},
	{"17 host.example any peer any", SDESP_ERR_SYNTAX, 4, ADDRESS},
	{"17 self any 10.0.0/8 any", SDESP_ERR_SYNTAX, 13, ADDRESS},
	{"17 self any fe80::%1/64 any", SDESP_ERR_SYNTAX, 13, ADDRESS},
	{"17 10.0.0.0 any peer any", SDESP_ERR_SYNTAX, 12,
		"the address has no prefix length"},
	{"17 10.0.0.0/ any peer any", SDESP_ERR_SYNTAX, 13, PREFIX},
	{"17 10.0.0.0/33 any peer any", SDESP_ERR_SYNTAX, 13, PREFIX},
	{"17 10.0.0.0/08 any peer any", SDESP_ERR_SYNTAX, 13, PREFIX},
	{"17 ::/129 any peer any", SDESP_ERR_SYNTAX, 7, PREFIX},
	{"17 10.0.0.1/8 any peer any", SDESP_ERR_VALUE, 4, HOST},
	{"17 self any 10.0.1.0/23 any", SDESP_ERR_VALUE, 13, HOST},
	{"17 self any 2001:db8::1/127 any", SDESP_ERR_VALUE, 13, HOST},
	{"17 self any 0.0.0.1/0 any", SDESP_ERR_VALUE, 13, HOST},
	{"17 10.0.0.0/8 any ::/0 any", SDESP_ERR_VALUE, 1,
		"one side is IPv4 and the other IPv6"},
	{"17 self x peer any", SDESP_ERR_SYNTAX, 9, PORTS},
	{"17 self 65536 peer any", SDESP_ERR_SYNTAX, 9, PORTS},
	{"17 self 053 peer any", SDESP_ERR_SYNTAX, 9, PORTS},
	{"17 self 1- peer any", SDESP_ERR_SYNTAX, 9, PORTS},
	{"17 self -1 peer any", SDESP_ERR_SYNTAX, 9, PORTS},
	{"17 self 1-2-3 peer any", SDESP_ERR_SYNTAX, 9, PORTS},
	{"17 self 1 - 2 peer any", SDESP_ERR_SYNTAX, 11, ADDRESS},
	{"17 self any peer 2-1", SDESP_ERR_VALUE, 18,
		"the port range runs backwards"},
	{"any self 53 peer any", SDESP_ERR_VALUE, 10, NO_PORTS},
	{"1 self any peer 0-65535", SDESP_ERR_VALUE, 17, NO_PORTS},
	{"17 self any peer any\x1b", SDESP_ERR_SYNTAX, 21, STRANGER},
};

static void test_ts_refuses(void **state)
{
	static const struct sdesp_ts zero;
	struct sdesp_ts ts;
	struct sdesp_why why;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_ts); i++) {
		struct sdesp_attr attr = value_of(bad_ts[i].value);

		memset(&ts, 0x5a, sizeof ts);
		assert_why(&bad_ts[i], sdesp_attr_ts_parse(&ts, &attr, &why),
			&why);
		assert_memory_equal(&ts, &zero, sizeof ts);
	}
}

/* What is read, and how it is printed. */
static void test_ts_reads(void **state)
{
	static const char *const cases[][2] = {
		{"17 self any peer 40000-40010",
			"17 self any peer 40000-40010"},
		{" any  any any\tany any ", "any any any any any"},
		{"0 self any peer any", "0 self any peer any"},
		{"255 self any peer any", "255 self any peer any"},
		{"6 0.0.0.0/0 0 ::/0 any", NULL},
		{"6 0.0.0.0/0 0 10.2.0.0/16 443-443",
			"6 0.0.0.0/0 0 10.2.0.0/16 443"},
		{"132 self 0-65535 peer 65535", "132 self any peer 65535"},
		{"any 2001:DB8:0::/47 any 2001:db8:b::1/128 any",
			"any 2001:db8::/47 any 2001:db8:b::1/128 any"},
		{"17 self any ::ffff:10.0.0.0/104 any",
			"17 self any ::ffff:10.0.0.0/104 any"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sdesp_attr attr = value_of(cases[i][0]);
		struct sdesp_text text;
		struct sdesp_ts ts;
		char buf[200], want[200] = "a=esp-ts:";
		int status = sdesp_attr_ts_parse(&ts, &attr, NULL);

		assert_int_equal(status,
			cases[i][1] != NULL ? SDESP_OK : SDESP_ERR_VALUE);
		if (status != SDESP_OK)
			continue;
		sdesp_text_init(&text, buf, sizeof buf);
		sdesp_attr_ts_print(&text, &ts);
		strcat(strcat(want, cases[i][1]), "\r\n");
		assert_int_equal(text.len, strlen(want));
		assert_memory_equal(buf, want, text.len);
	}
}

/* --- esp-confirm ---------------------------------------------------- */

static void test_confirm(void **state)
{
	static const struct refusal bad[] = {
		{"", SDESP_ERR_SYNTAX, 1,
			"the confirmation is not 16 octets in hex"},
		{" 00112233445566778899aabbccddeef", SDESP_ERR_SYNTAX, 2,
			"the confirmation is not 16 octets in hex"},
		{"00112233445566778899aabbccddeeff0", SDESP_ERR_SYNTAX, 1,
			"the confirmation is not 16 octets in hex"},
		{"00112233445566778899aabbccddeefg", SDESP_ERR_SYNTAX, 1,
			"the confirmation is not 16 octets in hex"},
		{"00112233445566778899aabbccddeeff x", SDESP_ERR_SYNTAX, 34,
			"there is text after the last field"},
		{"\x80", SDESP_ERR_SYNTAX, 1, STRANGER},
	};
	struct sdesp_attr attr = value_of(" 00112233445566778899AABBCCDDEEFF");
	uint8_t confirm[16];
	struct sdesp_text text;
	struct sdesp_why why;
	char buf[48];

	(void)state;
	assert_int_equal(sdesp_attr_confirm_parse(confirm, &attr, NULL), 0);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(confirm[i], i * 0x11);
	sdesp_text_init(&text, buf, sizeof buf);
	sdesp_attr_confirm_print(&text, confirm);
	assert_int_equal(text.len, 48);
	assert_memory_equal(
		buf, "a=esp-confirm:00112233445566778899aabbccddeeff\r\n", 48);
	for (size_t i = 0; i < COUNT(bad); i++) {
		attr = value_of(bad[i].value);
		assert_why(&bad[i],
			sdesp_attr_confirm_parse(confirm, &attr, &why), &why);
		assert_int_equal(confirm[1], 0x11);
	}
}

static void test_protos(void **state)
{
	static const struct sdesp_proto want[] = {
		{"UDP/ESP", 1, SDESP_GENERIC},
		{"ESP", 0, SDESP_GENERIC},
		{"UDP/ESP/RTP/AVP", 1, SDESP_INNER_RTP},
		{"UDP/ESP/RTP/AVPF", 1, SDESP_INNER_RTP},
		{"ESP/RTP/AVP", 0, SDESP_INNER_RTP},
		{"ESP/RTP/AVPF", 0, SDESP_INNER_RTP},
		{"UDP/ESP/UDP", 1, SDESP_INNER_UDP},
		{"ESP/UDP", 0, SDESP_INNER_UDP},
		{"UDP/ESP/TCP", 1, SDESP_INNER_TCP},
		{"ESP/TCP", 0, SDESP_INNER_TCP},
	};
	static const char *const others[] = {"", "UDP", "udp/esp", "UDP/ESP/",
		"UDP/ESP/RTP/SAVP", "ESP/UDP/ESP", "RTP/AVP", "ESPX", "TCP/ESP",
		"UDP/ESP/RTP"};
	struct sdesp_span absent = {NULL, 0};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct sdesp_proto *row =
			sdesp_proto_find(sdesp_span_of(want[i].name));

		assert_non_null(row);
		assert_string_equal(row->name, want[i].name);
		assert_int_equal(row->udp, want[i].udp);
		assert_int_equal(row->inner, want[i].inner);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		assert_null(sdesp_proto_find(sdesp_span_of(others[i])));
	assert_null(sdesp_proto_find(absent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_esp_reads),
		cmocka_unit_test(test_esp_refuses),
		cmocka_unit_test(test_ts_refuses),
		cmocka_unit_test(test_ts_reads),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_protos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
