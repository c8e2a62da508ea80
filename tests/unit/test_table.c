/*
 * Every input in every state: the session's table is read, and the session
 * does what it says. SPEC 9.4. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "session/session.h"
#include "tests/support/agreement.h"

/* a is walked; b is its peer; c writes offers that are fresh to a. */
static struct end a, b, c;

/* Texts that b has at hand. */
static char refresh[sizeof a.text]; /* of the live pair */
static char answer[sizeof a.text];  /* to what a offered */

static void begin(void)
{
	end_init(&a, "192.0.2.10", 4500, 1);
	end_init(&b, "198.51.100.20", 4501, 2);
	end_init(&c, "198.51.100.20", 4501, 3);
	refresh[0] = answer[0] = '\0';
}

static void confirmed(void)
{
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	memcpy(answer, b.text, sizeof answer);
	assert_int_equal(end_refresh(&b, 0), SDESP_OK);
	memcpy(refresh, b.text, sizeof refresh);
	sdesp_session_fail(&b.session, 0);
}

static void answered_by_b(int final, int accept)
{
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	memcpy(answer, b.text, sizeof answer);
	if (accept)
		assert_int_equal(end_accept(&a, &b, final, 0), SDESP_OK);
}

/* Bring a into a state. */
static void reach(unsigned state)
{
	begin();
	switch (state) {
	case SDESP_IDLE:
		break;
	case SDESP_OFFERED:
	case SDESP_EARLY:
		assert_int_equal(end_offer(&a, 0), SDESP_OK);
		answered_by_b(0, state == SDESP_EARLY);
		break;
	case SDESP_ANSWERED:
		assert_int_equal(end_offer(&b, 0), SDESP_OK);
		assert_int_equal(end_answer(&a, &b, 0), SDESP_OK);
		assert_int_equal(end_accept(&b, &a, 1, 0), SDESP_OK);
		assert_int_equal(end_refresh(&b, 0), SDESP_OK);
		memcpy(refresh, b.text, sizeof refresh);
		break;
	case SDESP_CONFIRMED:
		confirmed();
		break;
	case SDESP_REKEY_OFFERED:
	case SDESP_REKEY_EARLY:
		confirmed();
		assert_int_equal(end_offer(&a, 0), SDESP_OK);
		answered_by_b(0, state == SDESP_REKEY_EARLY);
		break;
	case SDESP_REKEY_ANSWERED:
		confirmed();
		assert_int_equal(end_offer(&b, 0), SDESP_OK);
		assert_int_equal(end_answer(&a, &b, 0), SDESP_OK);
		break;
	case SDESP_REFRESH_OFFERED:
		confirmed();
		assert_int_equal(end_refresh(&a, 0), SDESP_OK);
		answered_by_b(0, 0);
		break;
	default:
		confirmed();
		assert_int_equal(sdesp_session_close(&a.session), SDESP_OK);
		break;
	}
	assert_int_equal(end_info(&a).state, state);
}

/* An answer that does not fit; any text where none was asked for. */
static int refused_answer(void)
{
	char text[sizeof answer];

	memcpy(text, answer[0] != '\0' ? answer : c.text, sizeof text);
	edit(text, sizeof text, "UDP/ESP", "UDP/ODD");
	return end_accept_text(&a, text, 1, 0);
}

static int good_answer(int final)
{
	return end_accept_text(
		&a, answer[0] != '\0' ? answer : c.text, final, 0);
}

/* Do it. Returns the status, SDESP_OK for what returns none. */
static int apply(unsigned state, unsigned input)
{
	assert_int_equal(end_offer(&c, 0), SDESP_OK);
	switch (input) {
	case SDESP_IN_OFFER:
		return end_offer(&a, 0);
	case SDESP_IN_REFRESH:
		return end_refresh(&a, 0);
	case SDESP_IN_PEER_OFFER:
		return end_answer(&a, &c, 0);
	case SDESP_IN_PEER_REFRESH:
		return end_answer_text(
			&a, refresh[0] != '\0' ? refresh : c.text, 0);
	case SDESP_IN_PROVISIONAL:
		return good_answer(0);
	case SDESP_IN_FINAL:
		return good_answer(1);
	case SDESP_IN_REFUSED:
		return refused_answer();
	case SDESP_IN_CONFIRM:
		return sdesp_session_confirm(&a.session, 0);
	case SDESP_IN_FAIL:
		sdesp_session_fail(&a.session, 0);
		return SDESP_OK;
	case SDESP_IN_SETTLED:
		if (state == SDESP_REKEY_ANSWERED)
			assert_int_equal(
				sdesp_session_confirm(&a.session, 0), SDESP_OK);
		(void)sdesp_session_tick(&a.session, 2000);
		return SDESP_OK;
	case SDESP_IN_GIVE_UP:
		(void)sdesp_session_tick(&a.session, 32000);
		return SDESP_OK;
	default:
		return sdesp_session_close(&a.session);
	}
}

/* Where the table's word is about something that cannot be asked for. */
static int impossible(unsigned state, unsigned input)
{
	/* Without a pair an offer is never a refresh. */
	return state == SDESP_IDLE && input == SDESP_IN_PEER_REFRESH;
}

/* Inputs that come of themselves have no caller to be refused. */
static int silent(unsigned input)
{
	return input == SDESP_IN_FAIL || input == SDESP_IN_SETTLED ||
	       input == SDESP_IN_GIVE_UP;
}

static void check(unsigned state, unsigned input)
{
	int next = sdesp_table_next(state, (enum sdesp_input)input);
	unsigned sas, policies;
	int status;

	reach(state);
	sas = fake_backend_sas(&a.backend);
	policies = fake_backend_policies(&a.backend);
	status = apply(state, input);
	if (next < 0) {
		if (input == SDESP_IN_REFUSED && state == SDESP_CONFIRMED)
			assert_int_equal(status, SDESP_ERR_FORKED);
		else
			assert_int_equal(status, silent(input) ? 0 : next);
		assert_int_equal(end_info(&a).state, state);
		assert_int_equal(fake_backend_sas(&a.backend), sas);
		assert_int_equal(fake_backend_policies(&a.backend), policies);
	} else {
		assert_int_equal(status,
			input == SDESP_IN_REFUSED ? SDESP_ERR_MISMATCH : 0);
		assert_int_equal(end_info(&a).state, next);
	}
	assert_int_equal(sdesp_session_close(&a.session), SDESP_OK);
	assert_int_equal(sdesp_session_close(&b.session), SDESP_OK);
	assert_true(fake_backend_empty(&a.backend));
	assert_true(fake_backend_empty(&b.backend));
	assert_null(a.backend.misuse);
	assert_null(b.backend.misuse);
}

static void test_walk(void **cmocka)
{
	unsigned walked = 0;

	(void)cmocka;
	for (unsigned state = 0; state < SDESP_SESSION_STATES; state++) {
		for (unsigned input = 0; input < SDESP_INPUTS; input++) {
			if (impossible(state, input))
				continue;
			check(state, input);
			walked++;
		}
	}
	assert_int_equal(walked, SDESP_SESSION_STATES * SDESP_INPUTS - 1);
}

/* Every cell is a state or one of the two refusals; close ends all. */
static void test_cells(void **cmocka)
{
	(void)cmocka;
	for (unsigned state = 0; state < SDESP_SESSION_STATES; state++) {
		for (unsigned i = 0; i < SDESP_INPUTS; i++) {
			int next = sdesp_table_next(state, (enum sdesp_input)i);

			assert_true(next < SDESP_SESSION_STATES);
			assert_true(next >= 0 || next == SDESP_ERR_STATE ||
				    next == SDESP_ERR_GLARE);
		}
		assert_int_equal(
			sdesp_table_next(state, SDESP_IN_CLOSE), SDESP_CLOSED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
