/*
 * Sessions: addresses and directions change, by a refresh or by packets.
 * SPEC 10.3 to 10.6. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"
#include "tests/unit/session_fixture.h"

static void test_refresh_moves(void **state)
{
	struct sdesp_session_info old;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	old = end_info(&b);
	a.local.addr.ip[3] = 77;
	a.local.addr.port = 4600;
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_null(strstr(a.text, "esp-confirm"));
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_null(strstr(b.text, "esp-confirm"));
	assert_int_equal(end_info(&b).flow.remote.port, 4600);
	assert_int_equal(end_info(&b).flow.remote.ip[3], 77);
	assert_int_equal(end_info(&b).spi_in, old.spi_in);
	assert_int_equal(end_accept(&a, &b, 0, 2000), SDESP_OK);
	assert_int_equal(end_info(&a).flow.local.port, 4500);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_int_equal(end_info(&a).flow.local.port, 4600);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&a.backend), 1);
	assert_int_equal(fake_backend_policies(&b.backend), 1);
	for (unsigned i = 0; i < FAKE_SAS; i++) {
		if (a.backend.sas[i].state != SDESP_SA_NONE)
			assert_int_equal(
				a.backend.sas[i].flow.local.port, 4600);
	}
}

/* b has answered a refresh with another port, and direction. */
static void answer_refresh(uint64_t now_ms)
{
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	a.local.addr.port = 4600;
	a.local.direction = SDESP_INACTIVE;
	assert_int_equal(end_refresh(&a, now_ms), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, now_ms), SDESP_OK);
	assert_int_equal(end_info(&b).flow.remote.port, 4600);
	assert_int_equal(end_info(&b).held, 1);
	(void)end_saw(&b, 0);
}

/* SPEC 10.3: what we answered is undone when its re-INVITE fails after all. */
static void test_refresh_undone(void **state)
{
	uint8_t blob[4096];
	size_t len = sizeof blob;

	(void)state;
	answer_refresh(1000);
	sdesp_session_fail(&a.session, 1500);
	assert_int_equal(sdesp_session_save(&b.session, blob, &len), SDESP_OK);
	assert_int_equal(sdesp_session_load(&b.session, &b.policy,
				 &b.backend.base, &b.port.port, blob, len),
		SDESP_OK);
	sdesp_session_fail(&b.session, 32999);
	assert_int_equal(state_of(&b), SDESP_CONFIRMED);
	assert_int_equal(end_info(&b).flow.remote.port, 4500);
	assert_int_equal(end_info(&b).held, 0);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&b.backend), 1);
	assert_int_equal(end_event(&b), 0);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_ERR_STATE);
}

/* What ends the time in which it can be. */
static void test_refresh_stays(void **state)
{
	for (unsigned how = 0; how < 5; how++) {
		setup(state);
		answer_refresh(1000);
		if (how == 0)
			assert_int_equal(
				sdesp_session_confirm(&b.session, 1100),
				SDESP_OK);
		if (how == 1) {
			assert_int_equal(end_refresh(&b, 1100), SDESP_OK);
			sdesp_session_fail(&b.session, 1200);
		}
		if (how == 2) {
			assert_int_equal(end_offer(&b, 1100), SDESP_OK);
			sdesp_session_fail(&b.session, 1200);
		}
		if (how == 3) {
			b.policy.move = SDESP_MOVE_ALWAYS;
			assert_int_equal(
				move(&b, end_info(&b).spi_in, 9, 5000, 1100),
				SDESP_EV_PEER_MOVED);
		}
		sdesp_session_fail(&b.session, how == 4 ? 33000 : 1300);
		assert_int_equal(
			end_info(&b).flow.remote.port, how == 3 ? 7000 : 4600);
		assert_int_equal(end_info(&b).held, 1);
		assert_int_equal(teardown(state), 0);
	}
	setup(state);
}

/* Undone as a whole, or the caller is told. */
static void test_refresh_undo_fails(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 9; nth++) {
		struct sdesp_session_info now;

		setup(state);
		answer_refresh(1000);
		fake_backend_fail(&b.backend, nth, 0);
		sdesp_session_fail(&b.session, 1100);
		fake_backend_fail(&b.backend, 0, 0);
		now = end_info(&b);
		if (now.flow.remote.port == 4600)
			assert_true(end_saw(&b, SDESP_EV_FAILED));
		else
			assert_int_equal(now.flow.remote.port, 4500);
		assert_true(now.spi_in == 0 ||
			    fake_backend_find(&b.backend, now.spi_in, 1)
					    ->flow.remote.port ==
				    now.flow.remote.port);
		assert_int_equal(teardown(state), 0);
	}
	setup(state);
}

/* The backend fails in the middle of a move: all is as before, or the pair
 * is buried, never half moved. */
static void test_refresh_move_fails(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 8; more++) {
		for (unsigned nth = 1; nth < 9; nth++) {
			struct sdesp_session_info old, now;
			int status;

			setup(state);
			assert_int_equal(agree(&a, &b, 0), SDESP_OK);
			old = end_info(&b);
			a.local.addr.port = 4600;
			assert_int_equal(end_refresh(&a, 0), SDESP_OK);
			fake_backend_fail(&b.backend, nth, more);
			status = end_answer(&b, &a, 0);
			fake_backend_fail(&b.backend, 0, 0);
			now = end_info(&b);
			if (status == SDESP_OK) {
				assert_int_equal(end_accept(&a, &b, 1, 0), 0);
				assert_true(agreed(&a, &b));
			} else if (more == 0) {
				assert_int_equal(status, SDESP_ERR_BACKEND);
				assert_true(
					sdesp_flow_equal(&old.flow, &now.flow));
				assert_int_equal(old.spi_out, now.spi_out);
				assert_int_equal(fake_backend_sends(
							 &b.backend, &now.flow),
					now.spi_out);
			}
			assert_int_equal(fake_backend_policies(&b.backend), 1);
			assert_int_equal(teardown(state), 0);
		}
	}
}

static void test_hold(void **state)
{
	struct sdesp_session_info info;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	info = end_info(&b);
	a.local.direction = SDESP_SENDONLY;
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_non_null(strstr(a.text, "a=sendonly\r\n"));
	b.local.direction = SDESP_RECVONLY;
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(end_info(&b).held, 1);
	assert_int_equal(fake_backend_sends(&b.backend, &info.flow), 0);
	assert_int_equal(end_info(&a).held, 0);
	assert_int_equal(fake_backend_sas(&b.backend), 2);

	/* A rekey on hold stays on hold. */
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	info = end_info(&b);
	assert_int_equal(fake_backend_sends(&b.backend, &info.flow), 0);

	a.local.direction = b.local.direction = SDESP_SENDRECV;
	assert_int_equal(end_refresh(&a, 2000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_true(agreed(&a, &b));

	/* The old way (RFC 2543): the address is unspecified. */
	assert_int_equal(end_refresh(&a, 2000), SDESP_OK);
	edit(a.text, sizeof a.text, "192.0.2.10", "0.0.0.0");
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_int_equal(end_info(&b).held, 1);
	assert_int_equal(end_info(&b).flow.remote.port, 4500);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_int_equal(end_refresh(&a, 2000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_true(agreed(&a, &b));
}

static void test_glare(void **state)
{
	char offer[sizeof a.text];

	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_offer(&b, 0), SDESP_OK);
	memcpy(offer, a.text, sizeof offer);
	assert_int_equal(end_answer(&a, &b, 0), SDESP_ERR_GLARE);
	assert_int_equal(a.why.status, SDESP_ERR_GLARE);
	assert_int_equal(end_answer_text(&b, offer, 0), SDESP_ERR_GLARE);
	assert_int_equal(state_of(&a), SDESP_OFFERED);
	sdesp_session_fail(&b.session, 0);
	assert_int_equal(state_of(&b), SDESP_IDLE);
	assert_true(fake_backend_empty(&b.backend));
	assert_int_equal(end_answer_text(&b, offer, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
}

static void test_moved_nat(void **state)
{
	uint32_t spi;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	spi = end_info(&b).spi_in;

	/* It was heard from where its SDP said: no NAT, only an event. */
	assert_int_equal(move(&b, spi, 5, 5000, 0), SDESP_EV_PEER_ELSEWHERE);
	assert_int_equal(end_info(&b).flow.remote.port, 4500);

	/* It never was. */
	assert_int_equal(move(&b, spi, 5, UINT32_MAX, 0), SDESP_EV_PEER_MOVED);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&b.backend), 1);

	/* From then on it may move, but not at once nor too often. */
	assert_int_equal(move(&b, spi, 6, 2000, 9999), SDESP_EV_PEER_ELSEWHERE);
	assert_int_equal(
		move(&b, spi, 6, 1999, 10000), SDESP_EV_PEER_ELSEWHERE);
	assert_int_equal(move(&b, spi, 6, 2000, 10000), SDESP_EV_PEER_MOVED);
	assert_int_equal(move(&b, spi, 6, 2000, 20000), 0);
	assert_int_equal(move(&b, spi, 255, 5000, 30000), SDESP_EV_PEER_MOVED);

	/* A refresh or rekey that says the same address as before does not
	 * lead back to it. */
	assert_int_equal(end_refresh(&a, 30000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 30000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 30000), SDESP_OK);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_int_equal(agree(&a, &b, 30000), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 32000);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_true(agreed(&a, &b));

	/* Never on a draining SA. */
	assert_int_equal(move(&b, end_info(&b).spi_drain, 9, 9000, 50000),
		SDESP_EV_PEER_ELSEWHERE);
	a.local.addr.port = 4600;
	assert_int_equal(end_refresh(&a, 50000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 50000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 50000), SDESP_OK);
	assert_int_equal(end_info(&b).flow.remote.port, 4600);
}

static void test_moved_policy(void **state)
{
	struct sdesp_addr loop = {4, {127, 0, 0, 1}, 9};
	uint32_t spi;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	spi = end_info(&b).spi_in;
	b.policy.move = SDESP_MOVE_NEVER;
	assert_int_equal(
		move(&b, spi, 5, UINT32_MAX, 0), SDESP_EV_PEER_ELSEWHERE);
	b.policy.move = SDESP_MOVE_ALWAYS;
	assert_int_equal(move(&b, spi, 5, 2000, 0), SDESP_EV_PEER_MOVED);
	fake_backend_raise_moved(
		&b.backend, fake_backend_find(&b.backend, spi, 1), &loop, 9000);
	poll_one(&b, 60000);
	assert_int_equal(end_event(&b), SDESP_EV_PEER_ELSEWHERE);
	fake_backend_fail(&b.backend, 2, 0);
	assert_int_equal(
		move(&b, spi, 7, 2000, 60000), SDESP_EV_PEER_ELSEWHERE);
	assert_true(agreed(&a, &b));
}

/* While a rekey is open both pairs follow. */
static void test_moved_in_rekey(void **state)
{
	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(move(&b, end_info(&b).spi_in, 5, UINT32_MAX, 0),
		SDESP_EV_PEER_MOVED);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&b.backend), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refresh_moves),
		TEST(test_refresh_undone),
		TEST(test_refresh_stays),
		TEST(test_refresh_undo_fails),
		TEST(test_refresh_move_fails),
		TEST(test_hold),
		TEST(test_glare),
		TEST(test_moved_nat),
		TEST(test_moved_policy),
		TEST(test_moved_in_rekey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
