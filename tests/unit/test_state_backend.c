/*
 * The books of a state file while a backend is live: here, other books.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ports/posix/outbound.h"
#include "ports/posix/state.h"

#define SPI 0xc0001234

static const struct sdesp_flow flow = {.local = {4, {192, 0, 2, 1}, 4500},
	.remote = {4, {192, 0, 2, 2}, 4500},
	.mode = SDESP_TRANSPORT,
	.udp = 1,
	.nts = 1};

static struct state_backend own, live;
static struct sdesp_backend *const be = &own.base;

static int setup(void **state)
{
	(void)state;
	state_backend_init(&own);
	state_backend_init(&live);
	own.live = &live.base;
	return 0;
}

static struct sdesp_sa keys(uint32_t spi)
{
	struct sdesp_sa sa;

	memset(&sa, 0, sizeof sa);
	sa.spi = spi;
	sa.suite = SDESP_AES_128_GCM_16;
	sa.window = 64;
	return sa;
}

static int add(uint32_t spi, int inbound)
{
	struct sdesp_sa sa = keys(spi);

	return be->vtable->sa_add(be, &flow, &sa, inbound);
}

/* A new pair is in both, and the file says whose it is before it moves. */
static void passes_on(void **state)
{
	const struct state_sa *in, *out;

	(void)state;
	own.outlives = 1;
	assert_int_equal(be->vtable->spi_reserve(be, &flow, SPI), SDESP_OK);
	assert_int_equal(live.sas[0].state, SDESP_SA_LARVAL);
	assert_int_equal(add(SPI, 1), SDESP_OK);
	assert_int_equal(add(7, 0), SDESP_OK);
	assert_non_null(state_backend_find(&live, SPI, 1));
	assert_non_null(state_backend_find(&live, 7, 0));
	in = state_backend_find(&own, SPI, 1);
	out = state_backend_find(&own, 7, 0);
	assert_int_equal(in->lent, STATE_LIVE);
	assert_true(in->unclean && !in->spent);
	assert_int_equal(out->lent, STATE_LIVE);
	assert_true(out->spent && !out->unclean);
	assert_int_equal(out->stats.seq, OUTBOUND_BLOCK);
}

/* What the live one refuses is in neither. */
static void refused(void **state)
{
	(void)state;
	assert_int_equal(
		live.base.vtable->spi_reserve(&live.base, &flow, SPI), 0);
	assert_int_equal(
		be->vtable->spi_reserve(be, &flow, SPI), SDESP_ERR_EXISTS);
	assert_int_equal(own.sas[0].state, SDESP_SA_NONE);
	memset(live.sas, SDESP_SA_MATURE, sizeof live.sas);
	assert_int_equal(add(SPI, 1), SDESP_ERR_SPACE);
	assert_null(state_backend_find(&own, SPI, 1));
}

static void released(void **state)
{
	(void)state;
	assert_int_equal(be->vtable->spi_reserve(be, &flow, SPI), SDESP_OK);
	assert_int_equal(be->vtable->spi_release(be, &flow, SPI), SDESP_OK);
	assert_int_equal(live.sas[0].state, SDESP_SA_NONE);
	assert_int_equal(own.sas[0].state, SDESP_SA_NONE);
}

/* Packets of an SA that is deleted stay in the count. */
static void counts(void **state)
{
	(void)state;
	assert_int_equal(add(SPI, 1), SDESP_OK);
	state_backend_find(&live, SPI, 1)->stats.packets = 12;
	assert_int_equal(be->vtable->sa_delete(be, &flow, SPI, 1), SDESP_OK);
	assert_int_equal(own.gone[1].packets, 12);
	assert_int_equal(own.gone[0].packets, 0);
	assert_null(state_backend_find(&live, SPI, 1));
}

/* An answer that is being accepted is marked at the SPI of the offer. */
static void begun(void **state)
{
	(void)state;
	state_backend_begin(&own, 1);
	assert_false(state_backend_begun(&own));
	assert_int_equal(be->vtable->spi_reserve(be, &flow, SPI), SDESP_OK);
	assert_false(state_backend_begun(&own));
	state_backend_begin(&own, 1);
	assert_true(state_backend_begun(&own));
	state_backend_begin(&own, 0);
	assert_false(state_backend_begun(&own));
	state_backend_begin(&own, 1);
	assert_int_equal(add(SPI, 1), SDESP_OK);
	assert_false(state_backend_begun(&own));
}

/* A rekey with other selectors leaves its own policy behind. */
static void policies(void **state)
{
	struct sdesp_flow other = flow;

	(void)state;
	other.ts[0].protocol = 17;
	assert_int_equal(
		be->vtable->policy_set(be, &flow, SDESP_PROTECT, 7), SDESP_OK);
	assert_int_equal(
		be->vtable->policy_set(be, &other, SDESP_PROTECT, 8), SDESP_OK);
	assert_int_equal(be->vtable->policy_delete(be, &flow), SDESP_OK);
	assert_false(own.policies[0].used);
	assert_true(own.policies[1].used);
	assert_int_equal(own.policies[1].spi, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(passes_on, setup),
		cmocka_unit_test_setup(refused, setup),
		cmocka_unit_test_setup(released, setup),
		cmocka_unit_test_setup(counts, setup),
		cmocka_unit_test_setup(begun, setup),
		cmocka_unit_test_setup(policies, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
