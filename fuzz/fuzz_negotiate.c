/*
 * Offer, answer and accept between two sessions, with a network between them
 * that changes octets as the input says. Every refusal has its reason and
 * leaves nothing; when both ends agree they have the same keys.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "sdesp.h"
#include "tests/support/fake_backend.h"

enum { TEXT = 4096, WORDS = 32 };

struct end {
	struct fake_backend backend;
	struct sdesp_session session;
	struct sdesp_policy policy;
	struct sdesp_port port;
	struct sdesp_local local;
	struct sdesp_psk psk;
	uint8_t drawn;
};

static int draw(void *ctx, uint8_t *buf, size_t len)
{
	struct end *e = ctx;

	e->drawn++;
	memset(buf, e->drawn, len);
	return 0;
}

/* Both ends as the first octets of the input say. */
static void begin(struct end *e, unsigned which, unsigned choice)
{
	static const uint8_t key[16] = {1, 2, 3};
	struct sdesp_policy *policy = &e->policy;
	struct sdesp_local *l = &e->local;

	memset(e, 0, sizeof *e);
	e->drawn = (uint8_t)(which * 100);
	fake_backend_init(&e->backend);
	sdesp_policy_init(policy);
	for (unsigned i = 0; i < policy->nproposals; i++)
		policy->proposals[i].esn = choice >> i & 1;
	e->psk.token = "lab-7";
	e->psk.key = key;
	e->psk.key_len = sizeof key;
	e->psk.own = which ? "hub-1" : "camera-17";
	e->psk.peer = which ? "camera-17" : "hub-1";
	policy->psks = &e->psk;
	policy->npsks = 1;
	policy->psk_offer = choice & 64 ? "lab-7" : NULL;
	e->port.random = draw;
	e->port.ctx = e;
	e->port.kex = &sdesp_bearssl_kex;
	l->addr.family = 4;
	l->addr.ip[0] = 192;
	l->addr.ip[3] = (uint8_t)(1 + which);
	l->addr.port = 4500;
	l->media = "application";
	l->proto = "UDP/ESP";
	l->secured = choice >> 7 & 1;
	l->modes[l->nmodes++] = SDESP_TRANSPORT;
	l->nts = 1;
	l->ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	l->ts[0].local.kind = SDESP_TS_SELF;
	l->ts[0].remote.kind = SDESP_TS_PEER;
	l->ts[0].local.hi = l->ts[0].remote.hi = 65535;
	FUZZ_CHECK(sdesp_session_init(&e->session, policy, &e->backend.base,
			   &e->port) == SDESP_OK);
}

/* Where the line that holds an octet begins, and where the next one does. */
static void line_at(const struct sdesp_text *text, size_t at, size_t *begin_at,
	size_t *end_at)
{
	while (at > 0 && text->buf[at - 1] != '\n')
		at--;
	*begin_at = at;
	while (at < text->len && text->buf[at] != '\n')
		at++;
	*end_at = at < text->len ? at + 1 : at;
}

static void put(
	struct sdesp_text *text, size_t at, const void *octets, size_t n)
{
	if (text->len + n > text->cap)
		return;
	memmove(text->buf + at + n, text->buf + at, text->len - at);
	memcpy(text->buf + at, octets, n);
	text->len += n;
}

static void cut(struct sdesp_text *text, size_t at, size_t n)
{
	n = n < text->len - at ? n : text->len - at;
	memmove(text->buf + at, text->buf + at + n, text->len - at - n);
	text->len -= n;
}

/* What the network does to a text. */
static void damage(struct sdesp_text *text, struct fuzz_input *in)
{
	static const char *const words[] = {" ", "\t", "\r\n", "|2^31", "|1:4",
		" ESN", " PSK=lab-7", " WSH=64", " -LTS=3600", " X", ";port=1",
		"a=esp:spi=c0000001\r\n", "a=esp-ts:any self any peer any\r\n",
		"a=sendonly\r\n", "m=audio 0 RTP/AVP 0\r\n", "tunnel "};
	char line[TEXT];
	unsigned n = fuzz_take(in) % 4;

	while (n-- > 0 && text->len > 0) {
		uint8_t how = fuzz_take(in);
		size_t at = fuzz_take(in), from, to;
		const char *word = words[how / 8 % 16];

		at = (at << 8 | fuzz_take(in)) % text->len;
		line_at(text, at, &from, &to);
		switch (how % 8) {
		case 0:
			text->buf[at] = (char)fuzz_take(in);
			break;
		case 1:
			text->buf[at] ^= (char)(1 << fuzz_take(in) % 8);
			break;
		case 2:
			cut(text, at, 1u + fuzz_take(in) % 8);
			break;
		case 3:
			put(text, at, word, strlen(word));
			break;
		case 4:
			cut(text, from, to - from);
			break;
		case 5:
			memcpy(line, text->buf + from, to - from);
			put(text, from, line, to - from);
			break;
		case 6: /* the line moves to the end */
			memcpy(line, text->buf + from, to - from);
			cut(text, from, to - from);
			put(text, text->len, line, to - from);
			break;
		default:
			to = fuzz_take(in) % WORDS;
			to = to < in->len ? to : in->len;
			put(text, at, in->p, to);
			in->p += to;
			in->len -= to;
		}
	}
}

static void check_refusal(int status, const struct sdesp_why *why)
{
	FUZZ_CHECK(status < 0);
	if (status > -20 || status <= -60)
		return;
	FUZZ_CHECK(why->status == status);
	FUZZ_CHECK(why->what != NULL && why->what[0] != '\0');
}

/* Both ends have two SAs, crosswise the same. */
static void check_agreement(struct end *a, struct end *b)
{
	struct sdesp_session_info x, y;

	sdesp_session_info(&a->session, &x);
	sdesp_session_info(&b->session, &y);
	FUZZ_CHECK(x.spi_in == y.spi_out && x.spi_out == y.spi_in);
	FUZZ_CHECK(x.suite == y.suite && x.method == y.method);
	FUZZ_CHECK(x.esn == y.esn && x.psk == y.psk);
	FUZZ_CHECK(x.flow.mode == y.flow.mode && x.flow.nts == y.flow.nts);
	for (int turn = 0; turn < 2; turn++) {
		const struct fake_sa *in =
			fake_backend_find(&a->backend, x.spi_in, 1);
		const struct fake_sa *out =
			fake_backend_find(&b->backend, y.spi_out, 0);

		FUZZ_CHECK(in != NULL && out != NULL);
		FUZZ_CHECK(memcmp(in->sa.keymat, out->sa.keymat,
				   sizeof in->sa.keymat) == 0);
		in = fake_backend_find(&b->backend, y.spi_in, 1);
		out = fake_backend_find(&a->backend, x.spi_out, 0);
	}
}

/* One offer and answer; 1 when both ends agree. */
static int exchange(struct end *a, struct end *b, struct fuzz_input *in)
{
	char offer_buf[TEXT], answer_buf[TEXT];
	struct sdesp_text offer, answer;
	struct sdesp_section section;
	struct sdesp_why why;
	int status;

	sdesp_text_init(&offer, offer_buf, sizeof offer_buf);
	sdesp_text_init(&answer, answer_buf, sizeof answer_buf);
	FUZZ_CHECK(sdesp_session_offer(&a->session, &a->local, 1000, &offer) ==
		   SDESP_OK);
	damage(&offer, in);
	memset(&why, 0, sizeof why);
	status = sdesp_sdp_find(&section, offer.buf, offer.len, 0, &why);
	if (status == SDESP_OK)
		status = sdesp_session_answer(
			&b->session, &section, &b->local, 1000, &answer, &why);
	if (status != SDESP_OK) {
		check_refusal(status, &why);
		FUZZ_CHECK(answer.len == 0);
		return 0;
	}
	damage(&answer, in);
	memset(&why, 0, sizeof why);
	status = sdesp_sdp_find(&section, answer.buf, answer.len, 0, &why);
	if (status == SDESP_OK)
		status = sdesp_session_accept(
			&a->session, &section, 1, 1000, &why);
	if (status != SDESP_OK) {
		check_refusal(status, &why);
		return 0;
	}
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct end a, b;
	struct fuzz_input in = {data, size};
	unsigned choice = fuzz_take(&in);
	int agreed;

	begin(&a, 0, choice);
	begin(&b, 1, choice);
	agreed = exchange(&a, &b, &in);
	if (agreed) {
		check_agreement(&a, &b);
		FUZZ_CHECK(sdesp_session_confirm(&b.session, 1000) == SDESP_OK);
		agreed = exchange(&b, &a, &in);
		if (agreed) {
			FUZZ_CHECK(sdesp_session_confirm(&a.session, 1000) ==
				   SDESP_OK);
			(void)sdesp_session_tick(&a.session, 3000);
			check_agreement(&b, &a);
		}
	}
	(void)sdesp_session_close(&a.session);
	(void)sdesp_session_close(&b.session);
	FUZZ_CHECK(fake_backend_empty(&a.backend));
	FUZZ_CHECK(fake_backend_empty(&b.backend));
	FUZZ_CHECK(a.backend.misuse == NULL && b.backend.misuse == NULL);
	return 0;
}
