/*
 * Three ends of dialogs; every test must leave nothing behind. For tests with
 * cmocka. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SESSION_FIXTURE_H
#define TESTS_SESSION_FIXTURE_H

#include "tests/support/agreement.h"

static struct end a, b, c;

static inline int setup(void **state)
{
	(void)state;
	end_init(&a, "192.0.2.10", 4500, 1);
	end_init(&b, "198.51.100.20", 4501, 2);
	end_init(&c, "203.0.113.30", 4502, 3);
	return 0;
}

/* Whatever a test did, closing leaves nothing. */
static inline int teardown(void **state)
{
	struct end *const ends[] = {&a, &b, &c};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int failed = ends[i]->backend.misuse != NULL;

		if (failed)
			print_error("misuse: %s\n", ends[i]->backend.misuse);
		if (sdesp_session_close(&ends[i]->session) != SDESP_OK ||
			!fake_backend_empty(&ends[i]->backend) || failed ||
			fake_backend_key_in(&ends[i]->backend,
				&ends[i]->session, sizeof ends[i]->session))
			return -1;
	}
	return 0;
}

static inline unsigned state_of(const struct end *e)
{
	return end_info(e).state;
}

static inline void only(
	struct end *e, unsigned suite, unsigned method, unsigned esn)
{
	e->policy.nproposals = 1;
	e->policy.proposals[0].suite = (uint8_t)suite;
	e->policy.proposals[0].method = (uint8_t)method;
	e->policy.proposals[0].esn = (uint8_t)esn;
}

static const uint8_t psk_key[32] = {1, 2, 3};
static const struct sdesp_psk psk_a = {
	"lab-7", psk_key, sizeof psk_key, "alice", "bob"};
static const struct sdesp_psk psk_b = {
	"lab-7", psk_key, sizeof psk_key, "bob", "alice"};

static inline void poll_one(struct end *e, uint64_t now_ms)
{
	struct sdesp_session *const sessions[] = {&c.session, &e->session};

	assert_int_equal(
		sdesp_sessions_poll(&e->backend.base, sessions, 2, now_ms), 0);
}

static inline struct sdesp_addr elsewhere(unsigned last, unsigned port)
{
	struct sdesp_addr addr = {4, {203, 0, 113, (uint8_t)last}, 0};

	addr.port = (uint16_t)port;
	return addr;
}

static inline unsigned move(struct end *e, uint32_t spi, unsigned last,
	uint32_t quiet_ms, uint64_t now_ms)
{
	struct sdesp_addr addr = elsewhere(last, 7000);

	(void)end_saw(e, 0);
	fake_backend_raise_moved(&e->backend,
		fake_backend_find(&e->backend, spi, 1), &addr, quiet_ms);
	poll_one(e, now_ms);
	return end_event(e);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
