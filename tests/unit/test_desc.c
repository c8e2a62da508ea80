/* Whole sections: what they say, and what refuses them.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/ct.h"
#include "sdesp_attr.h"
#include "tests/support/bodies.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A section that begins in line 1. */
#define GENERIC "m=application 4500 UDP/ESP transport\n"
#define AUDIO "m=audio 49170 UDP/ESP/RTP/AVP 0 8\n"
#define CONFIRM "a=esp-confirm:00112233445566778899aabbccddeeff\n"
#define LINE(tag) "a=esp-crypto:" tag " AES_128_GCM_16 inline:" BODIES_KEY_A
#define ONE LINE("1") "\n"
#define ESP "a=esp:spi=c3f1a2b4\n"
#define TS "a=esp-ts:17 self any peer any\n"

static int read_text(
	struct sdesp_desc *desc, const char *text, struct sdesp_why *why)
{
	struct sdesp_section section;

	assert_int_equal(sdesp_sdp_find(&section, text, strlen(text), 0, NULL),
		SDESP_OK);
	return sdesp_desc_read(desc, &section, why);
}

static void must_read(struct sdesp_desc *desc, const char *text)
{
	struct sdesp_why why = {0, 0, 0, "", NULL};

	if (read_text(desc, text, &why) != SDESP_OK)
		fail_msg("%u:%u: %s", why.line, why.column, why.what);
}

static void read_body(struct sdesp_desc *desc, const struct body *body)
{
	struct sdesp_section section;

	assert_int_equal(sdesp_sdp_find(&section, body->text,
				 strlen(body->text), body->index, NULL),
		SDESP_OK);
	assert_int_equal(sdesp_desc_read(desc, &section, NULL), SDESP_OK);
	assert_string_equal(desc->proto->name, body->proto);
}

static void test_bodies(void **state)
{
	struct sdesp_desc desc;

	(void)state;
	read_body(&desc, &sdp_bodies[0]);
	assert_int_equal(desc.nmodes, 1);
	assert_int_equal(desc.modes[0], SDESP_TRANSPORT);
	assert_int_equal(desc.ncrypto, 2);
	assert_int_equal(desc.crypto[0].esn, 1);
	assert_int_equal(desc.crypto[1].tag, 2);
	assert_int_equal(desc.crypto_line[1], 8);
	assert_int_equal(desc.nvoid, 0);
	assert_int_equal(desc.esp.spi, 0xc3f1a2b4);
	assert_int_equal(desc.esp_line, 9);
	assert_int_equal(desc.nts, 1);
	assert_int_equal(desc.ts_line, 10);
	assert_int_equal(desc.ts[0].remote.hi, 40010);
	assert_int_equal(desc.has_confirm, 0);

	read_body(&desc, &sdp_bodies[1]);
	assert_int_equal(desc.nmodes, 2);
	assert_int_equal(desc.modes[0], SDESP_TUNNEL);
	assert_int_equal(desc.modes[1], SDESP_TRANSPORT);
	assert_int_equal(desc.ncrypto, 1);
	assert_int_equal(desc.nvoid, 1);
	assert_string_equal(desc.first_void.what,
		"this is an MKI, which ESP does not have");
	assert_int_equal(desc.first_void.line, 53);
	assert_int_equal(desc.first_void.column, 82);
	assert_int_equal(desc.nts, 3);

	read_body(&desc, &sdp_bodies[2]);
	assert_int_equal(desc.modes[0], SDESP_TRANSPORT);
	assert_int_equal(desc.esp.port, 40000);
	assert_int_equal(desc.ncrypto, 2);
	assert_true(sdesp_span_is(desc.crypto[1].psk, "lab-7"));
	assert_int_equal(desc.has_confirm, 1);
	assert_int_equal(desc.confirm[15], 0xff);

	read_body(&desc, &sdp_bodies[3]);
	assert_int_equal(desc.crypto[0].suite, SDESP_NULL_HMAC_SHA2_256_128);
	read_body(&desc, &sdp_bodies[4]);
	assert_int_equal(desc.confirm[0], 0x0c);
}

static const struct {
	const char *text;
	int status;
	unsigned line, column;
	const char *what;
} refused[] = {
	{"m=application 4500 UDP/TLS transport\n", SDESP_ERR_VALUE, 1, 20,
		"this transport protocol is not ESP"},
	{"m=audio  4500  UDP/ESP/RTP/SAVP 0\n", SDESP_ERR_VALUE, 1, 16,
		"this transport protocol is not ESP"},
	{"m=application 0 UDP/ESP transport\na=esp:x\n", SDESP_ERR_REJECTED, 1,
		15, "the port is 0: the stream is declined"},
	{"m=application  4500/1 UDP/ESP transport\n", SDESP_ERR_VALUE, 1, 16,
		"the port has a \"/\" and a count"},
	{"m=video 4500 UDP/ESP transport\n", SDESP_ERR_VALUE, 1, 3,
		"plain ESP has another medium than this"},
	{"m=au(dio 4500 UDP/ESP/UDP x\n", SDESP_ERR_SYNTAX, 1, 3,
		"this is not the name of a medium"},
	{"m=audio 4500 UDP/ESP/RTP/AVP 0 \x01\n", SDESP_ERR_SYNTAX, 1, 32,
		"there is a control or non-ASCII character here"},
	{"m=audio 4500 UDP/ESP/RTP/AVP\n", SDESP_ERR_SYNTAX, 1, 29,
		"the m= line ends before its formats"},
	{"m=application 4500 UDP/ESP\n", SDESP_ERR_NO_MODE, 1, 27,
		"the m= line names no mode that is known"},
	{"m=application 4500 UDP/ESP Transport x\n", SDESP_ERR_NO_MODE, 1, 28,
		"the m= line names no mode that is known"},
	{GENERIC ESP TS, SDESP_ERR_MISSING, 1, 3,
		"the section has no a=esp-crypto line"},
	{GENERIC ONE TS, SDESP_ERR_MISSING, 1, 3,
		"the section has no a=esp line"},
	{GENERIC ONE "a=esp\n", SDESP_ERR_MISSING, 1, 3,
		"the section has no a=esp line"},
	{GENERIC ONE ESP "a=sendrecv\n" ESP, SDESP_ERR_REPEATED, 5, 7,
		"there is a second a=esp line"},
	{GENERIC ONE "a=esp:spi=1\n", SDESP_ERR_SYNTAX, 3, 11,
		"the SPI is not 8 hex digits"},
	{GENERIC ESP "a=esp-crypto:0 AES_128_GCM_16 inline:x\n",
		SDESP_ERR_SYNTAX, 3, 14,
		"the tag is not a number from 1 to 999999999"},
	{GENERIC ESP ONE LINE("2") "\n" ONE, SDESP_ERR_REPEATED, 5, 14,
		"this tag stands twice in the section"},
	{GENERIC ESP "a=esp-crypto:1 X Y\n" ONE, SDESP_ERR_REPEATED, 4, 14,
		"this tag stands twice in the section"},
	{GENERIC ESP ONE "a=esp-crypto:2 \xff\n", SDESP_ERR_SYNTAX, 4, 16,
		"there is a control or non-ASCII character here"},
	{GENERIC ESP "a=esp-crypto:1 X Y\na=esp-crypto:2\n", SDESP_ERR_NO_SUITE,
		3, 16, "this suite is not known"},
	{GENERIC ESP "a=esp-crypto:1\na=esp-crypto:2 X Y\n", SDESP_ERR_SYNTAX,
		3, 15, "the line ends before its suite"},
	{GENERIC ESP LINE("1") " PSK=a\n" LINE("2") " PSK=b\n", SDESP_ERR_VALUE,
		4, 1, "PSK= differs from the line before"},
	{GENERIC ESP LINE("1") " PSK=a\n" LINE("2") "\n", SDESP_ERR_VALUE, 4, 1,
		"PSK= differs from the line before"},
	{GENERIC ESP ONE LINE("2") " PSK=a\n", SDESP_ERR_VALUE, 4, 1,
		"PSK= differs from the line before"},
	{GENERIC ESP ONE "a=esp-ts:any 10.0.0.1/8 any any any\n",
		SDESP_ERR_VALUE, 4, 14,
		"the address has bits beyond its prefix"},
	{GENERIC ESP ONE TS TS TS TS TS, SDESP_ERR_LIMIT, 8, 10,
		"there are too many esp-ts lines"},
	{GENERIC ESP ONE LINE("2") "\n" LINE("3") "\na=esp-crypto:4 X Y\n" LINE(
		 "5") "\n" LINE("6") "\n" LINE("7") "\n" LINE("8") "\n" LINE("9") "\n",
		SDESP_ERR_LIMIT, 11, 14, "there are too many esp-crypto lines"},
	{GENERIC ESP ONE CONFIRM CONFIRM, SDESP_ERR_REPEATED, 5, 15,
		"there is a second a=esp-confirm line"},
	{GENERIC ESP ONE "a=esp-confirm: 00112233\n", SDESP_ERR_SYNTAX, 4, 16,
		"the confirmation is not 16 octets in hex"},
	{GENERIC ESP ONE "a=esp-confirm:\x80\n", SDESP_ERR_SYNTAX, 4, 15,
		"there is a control or non-ASCII character here"},
	{AUDIO ONE ESP, SDESP_ERR_MISSING, 3, 7,
		"the inner port of the medium is missing"},
	{AUDIO ONE "a=esp:spi=c3f1a2b4;port=65535\n", SDESP_ERR_VALUE, 3, 7,
		"RTP also needs the port after its own"},
	{AUDIO ONE "a=esp:spi=c3f1a2b4;port=4000\n" TS, SDESP_ERR_VALUE, 4, 10,
		"media inside ESP have no a=esp-ts line"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct sdesp_desc desc;
		struct sdesp_why why = {0, 0, 0, "", NULL};
		int status;

		memset(&desc, 0x5a, sizeof desc);
		status = read_text(&desc, refused[i].text, &why);
		if (status != refused[i].status ||
			why.line != refused[i].line ||
			why.column != refused[i].column ||
			strcmp(why.what, refused[i].what) != 0)
			fail_msg("case %zu: %s, %u:%u: %s", i,
				sdesp_status_name(status), why.line, why.column,
				why.what);
		assert_int_equal(why.status, status);
		assert_true(sdesp_ct_zero(&desc, sizeof desc));
		assert_int_equal(
			read_text(&desc, refused[i].text, NULL), status);
	}
}

static void test_limits(void **state)
{
	struct sdesp_desc desc;

	(void)state;
	must_read(&desc,
		GENERIC ESP ONE
			LINE("2") "\n" LINE("3") "\n" LINE("999999999") "\n" LINE(
				"5") "\n" LINE("6") "\n" LINE("7") "\n" LINE("8") "\n" TS
				TS TS TS);
	assert_int_equal(desc.ncrypto, 8);
	assert_int_equal(desc.nts, 4);
	assert_int_equal(desc.ts_line, 11);
}

/* What must not refuse a section. */
static void test_tolerated(void **state)
{
	static const char *const texts[] = {
		"m=application 4500 UDP/ESP x transport y transport\n" ESP ONE,
		"m=application 1 ESP tunnel\n" ESP ONE,
		GENERIC "junk\na=ESP:x\na=esp\na=esp-x:1\n=\n" ESP ONE,
		GENERIC "a=esp:spi=c3f1a2b4;port=4000;x\n" ONE,
		GENERIC "a=esp:spi=00000100\n" ONE,
		GENERIC ESP "a=esp-crypto:4\n" ONE,
		"a=esp-crypto:x\na=esp:x\nm=audio 1 UDP/ESP/TCP x\n"
		"a=esp:spi=c3f1a2b4;port=65535\n" ONE,
		"m=audio 1 UDP/ESP/RTP/AVP 0\n"
		"a=esp:spi=c3f1a2b4;port=65534\n" ONE,
		GENERIC ESP ONE "a=esp-crypto:2 X Y PSK=z\n" LINE("3") "\n",
	};
	struct sdesp_desc desc;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		must_read(&desc, texts[i]);
	must_read(&desc, texts[0]);
	assert_int_equal(desc.nmodes, 1);
}

/* From pairs the same is read, and places are pairs. */
static void test_pairs(void **state)
{
	struct sdesp_pair pairs[] = {
		{sdesp_span_of("esp-crypto"),
			sdesp_span_of("1 AES_128_GCM_16 inline:" BODIES_KEY_A)},
		{sdesp_span_of("inactive"), {NULL, 0}},
		{sdesp_span_of("esp"), sdesp_span_of("spi=c3f1a2b4")},
	};
	struct sdesp_section section;
	struct sdesp_desc desc;
	struct sdesp_why why;

	(void)state;
	sdesp_section_from_pairs(&section, 0, sdesp_span_of("application"),
		4500, sdesp_span_of("UDP/ESP"), sdesp_span_of("transport"),
		NULL, pairs, COUNT(pairs));
	assert_int_equal(sdesp_desc_read(&desc, &section, &why), SDESP_OK);
	assert_int_equal(desc.crypto_line[0], 1);
	assert_int_equal(desc.esp_line, 3);
	assert_int_equal(desc.esp.spi, 0xc3f1a2b4);

	pairs[2].value = sdesp_span_of("spi=c3f1a2b4;port=x");
	assert_int_equal(
		sdesp_desc_read(&desc, &section, &why), SDESP_ERR_SYNTAX);
	assert_int_equal(why.line, 3);
	assert_int_equal(why.column, 19);
	pairs[2].name = sdesp_span_of("x");
	assert_int_equal(
		sdesp_desc_read(&desc, &section, &why), SDESP_ERR_MISSING);
	assert_int_equal(why.line, 0);
	assert_int_equal(why.column, 0);
	section.port = 0;
	assert_int_equal(
		sdesp_desc_read(&desc, &section, &why), SDESP_ERR_REJECTED);
	assert_int_equal(why.column, 0);

	/* Line ends cannot be smuggled in. */
	pairs[2].name = sdesp_span_of("esp");
	pairs[2].value = sdesp_span_of("spi=c3f1a2b4\nesp-ts:any");
	section.port = 4500;
	assert_int_equal(
		sdesp_desc_read(&desc, &section, &why), SDESP_ERR_SYNTAX);
	assert_int_equal(why.column, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
