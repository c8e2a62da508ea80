/*
 * What a killed process left in the kernel is found and removed by the next
 * one, and nothing else. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "backends/pfkey/request.h"
#include "tests/unit/pfkey_fixture.h"

static struct sdesp_pfkey next;
static struct sdesp_pfkey_config config;

/* A pair, a larval SA, a policy, a bypass. */
static void live(struct sdesp_pfkey *of, uint32_t spi, uint8_t peer)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa sa = keys(spi);
	struct sdesp_addr local = addr("192.0.2.1", 5060), remote = local;

	f.remote.ip[3] = peer;
	remote.ip[3] = peer;
	assert_int_equal(class->spi_reserve(&of->base, &f, spi), SDESP_OK);
	assert_int_equal(class->sa_add(&of->base, &f, &sa, 1), SDESP_OK);
	assert_int_equal(class->spi_reserve(&of->base, &f, spi + 1), 0);
	sa.spi += 2;
	assert_int_equal(class->sa_add(&of->base, &f, &sa, 0), SDESP_OK);
	assert_int_equal(
		class->policy_set(&of->base, &f, SDESP_PROTECT, sa.spi), 0);
	f.remote.ip[3]++;
	assert_int_equal(class->policy_set(&of->base, &f, SDESP_BLOCK, 0), 0);
	if (kernel.dialect->priority)
		assert_int_equal(
			class->bypass(&of->base, 17, &local, &remote), 0);
}

/* kill -9: its memory is gone, and what it held. */
static void die(struct sdesp_pfkey *of)
{
	kernel.held &= ~((uint32_t)1 << of->instance);
	memset(of, 0, sizeof *of);
}

/* What another program has, with marks that are nearly ours. */
static void add_foreign(void)
{
	const struct sdesp_pfkey_dialect *d = kernel.dialect;
	static const uint16_t reqids[] = {0, SDESP_PFKEY_REQID - 1, 0x4000};
	struct sdesp_flow f = flow();
	struct sdesp_pfkey_sa at = {.mode = SDESP_TRANSPORT,
		.local = f.local,
		.remote = addr("203.0.113.1", 0)};
	struct sdesp_sa sa = keys(0);
	struct pfkey_message msg;
	struct pfkey_writer w;

	for (uint32_t i = 0; i < 3; i++) {
		at.spi = sa.spi = 0x7000 + i;
		at.reqid = reqids[i];
		sdesp_pfkey_begin(&w, d, PFKEY_ADD, 1, 99);
		sdesp_pfkey_put_sa(&w, &at, &sa, d->algorithms);
		assert_int_equal(sdesp_pfkey_end(&w), SDESP_OK);
		if (d->flows) /* another's name is in the identity */
			for (size_t n = 0; n + 6 < w.len; n++)
				if (memcmp(w.buf + n, "sdesp-", 6) == 0)
					w.buf[n] = 'S';
		assert_int_equal(sdesp_pfkey_read(&msg, w.buf, w.len), 0);
		assert_int_equal(config.send(config.ctx, w.buf, w.len), 0);
		assert_int_equal(config.receive(config.ctx, pf.reply,
					 sizeof pf.reply, 0) > 0,
			1);
	}
	if (d->flows)
		return;
	for (uint32_t i = 0; i < 4; i++) {
		struct pfkey_selector sel = {.local = f.local,
			.remote = addr("203.0.113.1", 0),
			.local_prefix = 32,
			.remote_prefix = 32,
			.protocol = (uint8_t)(i + 1)};
		size_t at_priority;

		sdesp_pfkey_begin(&w, d, KAME_SPDADD, 1, 99);
		sdesp_pfkey_put_policy(&w, &sel, i % 2 != 0,
			i < 2 ? PFKEY_RULE_BLOCK : PFKEY_RULE_PROTECT, &f,
			0x4000, 0);
		assert_int_equal(sdesp_pfkey_end(&w), SDESP_OK);
		at_priority = 16 + 24 + 24 + 12;
		memset(w.buf + at_priority, 0, 4);
		assert_int_equal(config.send(config.ctx, w.buf, w.len), 0);
		assert_int_equal(config.receive(config.ctx, pf.reply,
					 sizeof pf.reply, 0) > 0,
			1);
	}
}

/* OpenBSD's larval SAs have no identity. The kernel forgets them itself. */
static unsigned larval(unsigned n)
{
	return kernel.dialect->flows ? n : 0;
}

static void begin(const struct sdesp_pfkey_dialect *d)
{
	start(d);
	config = pf.config;
}

static void test_swept(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		uint32_t before;

		begin(dialects[i]);
		add_foreign();
		before = fake_pfkey_sum(&kernel);
		live(&pf, 0x2000, 20);
		assert_int_not_equal(fake_pfkey_sum(&kernel), before);
		die(&pf);
		assert_int_equal(sdesp_pfkey_init(&next, &config), SDESP_OK);
		if (!dialects[i]->flows)
			assert_int_equal(fake_pfkey_sum(&kernel), before);
		assert_int_equal(fake_pfkey_sas(&kernel), 3 + larval(1));
		assert_int_equal(next.instance, 0);
		sdesp_pfkey_close(&next);
		assert_int_equal(fake_pfkey_sas(&kernel), 3 + larval(1));
		assert_int_equal(kernel.held, 0);
	}
}

/* The living keep what they have; two dead ones are swept at once. */
static void test_living_kept(void **state)
{
	static struct sdesp_pfkey two, three;

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		uint32_t before;

		begin(dialects[i]);
		live(&pf, 0x2000, 20);
		before = fake_pfkey_sum(&kernel);
		assert_int_equal(sdesp_pfkey_init(&two, &config), SDESP_OK);
		assert_int_equal(two.instance, 1);
		assert_int_equal(fake_pfkey_sum(&kernel), before);
		live(&two, 0x3000, 30);
		assert_int_equal(sdesp_pfkey_init(&three, &config), SDESP_OK);
		assert_int_equal(three.instance, 2);
		live(&three, 0x4000, 40);
		die(&two);
		die(&three);
		assert_int_equal(sdesp_pfkey_init(&next, &config), SDESP_OK);
		assert_int_equal(next.instance, 1);
		if (!dialects[i]->flows)
			assert_int_equal(fake_pfkey_sum(&kernel), before);
		assert_int_equal(fake_pfkey_sas(&kernel), 3 + larval(2));
		assert_int_equal(kernel.held, 3);
	}
}

/* More than one dump can note. */
static void test_many(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		begin(dialects[i]);
		for (uint32_t n = 0; n < 60; n++) {
			struct sdesp_sa sa = keys(0x2000 + n);

			assert_int_equal(
				class->sa_add(&pf.base, &f, &sa, n % 2), 0);
		}
		die(&pf);
		assert_int_equal(sdesp_pfkey_init(&next, &config), SDESP_OK);
		assert_int_equal(fake_pfkey_sas(&kernel), 0);
	}
}

/* A sweep that fails holds nothing, says why, and can be done again. */
static void test_sweep_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALECTS * FAKE_FAULTS; i++) {
		unsigned nth = 2, failures = 0;
		int status;

		do {
			begin(dialects[i % DIALECTS]);
			add_foreign();
			live(&pf, 0x2000, 20);
			die(&pf);
			fake_pfkey_fail(&kernel,
				(enum fake_pfkey_fault)(i / DIALECTS), nth, 0);
			status = sdesp_pfkey_init(&next, &config);
			if (status != SDESP_OK) {
				failures++;
				assert_int_equal(status, SDESP_ERR_BACKEND);
				assert_string_not_equal(next.cause, "");
				assert_int_equal(kernel.held, 0);
				fake_pfkey_fail(&kernel, FAKE_REFUSE, 0, 0);
				kernel.head = kernel.tail;
				assert_int_equal(
					sdesp_pfkey_init(&next, &config),
					SDESP_OK);
			}
			if (kernel.dialect->flows && status == SDESP_OK) {
				/* DUMP itself has no reply to miss there */
				fake_pfkey_fail(&kernel, FAKE_REFUSE, 0, 0);
				die(&next);
				assert_int_equal(
					sdesp_pfkey_init(&next, &config),
					SDESP_OK);
			}
			assert_int_equal(
				fake_pfkey_sas(&kernel), 3 + larval(1));
			if (!kernel.dialect->flows)
				assert_int_equal(
					fake_pfkey_policies(&kernel), 4);
		} while (nth++ < 40);
		assert_in_range(failures, 1, nth);
	}
}

static void test_all_held(void **state)
{
	static struct sdesp_pfkey more[SDESP_PFKEY_INSTANCES];

	(void)state;
	begin(dialects[0]);
	for (unsigned i = 1; i < SDESP_PFKEY_INSTANCES; i++)
		assert_int_equal(sdesp_pfkey_init(&more[i], &config), SDESP_OK);
	assert_int_equal(sdesp_pfkey_init(&next, &config), SDESP_ERR_EXISTS);
	assert_string_equal(
		next.cause, "PF_KEY instance: none is free to be held");
	sdesp_pfkey_close(&next); /* holds nothing to let go */
	sdesp_pfkey_close(&more[5]);
	assert_int_equal(sdesp_pfkey_init(&next, &config), SDESP_OK);
	assert_int_equal(next.instance, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swept),
		cmocka_unit_test(test_living_kept),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_sweep_fails),
		cmocka_unit_test(test_all_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
