/*
 * The UDP backend as a session sees it: methods, tables, rekeys.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/udp_pair.h"

#define PLAIN SDESP_AES_128_GCM_16
#define SPI_0 0xc0000001U /* towards end 0 */
#define SPI_1 0xc0000002U

static struct udp_end ends[2];
static const struct sdesp_backend_class *class;
static struct sdesp_backend *be; /* of end 1 */

static void start(void)
{
	struct sdesp_flow flow = udp_flow();

	udp_pair_init(ends, &flow, PLAIN, 0);
	be = &ends[1].udp.base;
	class = be->vtable;
}

/* --- methods ------------------------------------------------------------- */

static void test_features(void **state)
{
	struct sdesp_udp_config config = ends[1].udp.config;
	struct sdesp_features f;
	struct sdesp_udp u;

	(void)state;
	start();
	class->features(be, &f);
	assert_int_equal(f.suites, (*ends[1].udp.config.crypto)->suites);
	assert_int_equal(f.max_window, SDESP_MAX_WINDOW);
	assert_int_equal(f.modes, SDESP_TRANSPORT | SDESP_TUNNEL);
	assert_true(f.esn && f.udp && !f.raw && f.ipv4 && f.ipv6);
	assert_null(class->bypass);
	assert_null(class->cause);

	config = ends[1].udp.config;
	config.send = NULL;
	assert_int_equal(sdesp_udp_init(&u, &config), SDESP_ERR_ARG);
	config = ends[1].udp.config;
	config.crypto = NULL;
	assert_int_equal(sdesp_udp_init(&u, &config), SDESP_ERR_ARG);
}

static void test_larval(void **state)
{
	struct sdesp_flow flow = udp_flow();
	struct sdesp_sa sa = udp_sa(PLAIN, 0xc1000000);
	struct sdesp_sa_stats stats;

	(void)state;
	start();
	flow.remote = (struct sdesp_addr){0};
	assert_int_equal(class->spi_reserve(be, &flow, 255), SDESP_ERR_ARG);
	assert_int_equal(class->spi_reserve(be, &flow, sa.spi), SDESP_OK);
	assert_int_equal(
		class->spi_reserve(be, &flow, sa.spi), SDESP_ERR_EXISTS);
	assert_int_equal(
		class->spi_reserve(be, &flow, SPI_1), SDESP_ERR_EXISTS);
	assert_int_equal(
		class->sa_query(be, &flow, sa.spi, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_LARVAL);
	assert_int_equal(
		class->sa_delete(be, &flow, sa.spi, 1), SDESP_ERR_GONE);

	assert_int_equal(udp_receive_one(&ends[1], "\xc1\0\0\0\0\0\0\1", 8,
				 &ends[0].flow.local, 0),
		SDESP_ERR_SPI);
	assert_int_equal(ends[1].udp.counters.early, 1);

	/* Keys that do not fit leave it larval. */
	flow = ends[1].flow;
	sa.window = 31;
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_ERR_ARG);
	sa.window = 64;
	sa.suite = SDESP_SUITE_END;
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_ERR_ARG);
	assert_int_equal(
		class->sa_query(be, &flow, sa.spi, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_LARVAL);

	sa.suite = PLAIN;
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_OK);
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_ERR_EXISTS);
	assert_int_equal(class->spi_release(be, &flow, sa.spi), SDESP_ERR_GONE);
	assert_int_equal(
		class->sa_query(be, &flow, sa.spi, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_MATURE);
	assert_int_equal(class->sa_delete(be, &flow, sa.spi, 1), SDESP_OK);
	assert_int_equal(
		class->sa_delete(be, &flow, sa.spi, 1), SDESP_ERR_GONE);
	assert_int_equal(class->spi_release(be, &flow, sa.spi), SDESP_ERR_GONE);
	assert_int_equal(
		class->sa_query(be, &flow, sa.spi, 1, &stats), SDESP_ERR_GONE);
}

static void check_unsupported(const struct sdesp_flow *flow)
{
	struct sdesp_sa sa = udp_sa(PLAIN, 0xc1000000);

	assert_int_equal(
		class->sa_add(be, flow, &sa, 1), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(
		class->sa_add(be, flow, &sa, 0), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(class->policy_set(be, flow, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	assert_int_equal(class->sa_move(be, flow, &ends[1].flow, SPI_1, 1),
		SDESP_ERR_UNSUPPORTED);
}

static void test_unsupported(void **state)
{
	struct sdesp_flow flow;

	(void)state;
	start();
	flow = ends[1].flow;
	flow.udp = 0;
	check_unsupported(&flow);
	flow = ends[1].flow;
	flow.mode = 3;
	check_unsupported(&flow);
	flow = ends[1].flow;
	flow.remote = udp_addr("2001:db8::1", 4500);
	check_unsupported(&flow);
	flow = ends[1].flow;
	flow.local.family = flow.remote.family = 0;
	check_unsupported(&flow);
}

/* Two peers may choose the same SPI; one may not have it twice. */
static void test_outbound_names(void **state)
{
	struct sdesp_flow other;
	struct sdesp_sa_stats stats;

	(void)state;
	start();
	other = ends[1].flow;
	other.remote.port++;
	assert_int_equal(class->sa_add(be, &ends[1].flow, &ends[1].out, 0),
		SDESP_ERR_EXISTS);
	assert_int_equal(
		class->sa_query(be, &other, SPI_0, 0, &stats), SDESP_ERR_GONE);
	assert_int_equal(class->sa_add(be, &other, &ends[1].out, 0), SDESP_OK);
	assert_int_equal(class->sa_move(be, &ends[1].flow, &other, SPI_0, 0),
		SDESP_ERR_EXISTS);
	assert_int_equal(class->sa_delete(be, &other, SPI_0, 0), SDESP_OK);
	assert_int_equal(class->sa_move(be, &ends[1].flow, &other, SPI_0, 0),
		SDESP_ERR_GONE);
	assert_int_equal(udp_say(&ends[1], 1, 40000, "x", 1), SDESP_OK);
	assert_int_equal(
		class->sa_query(be, &ends[1].flow, SPI_0, 0, &stats), SDESP_OK);
	assert_int_equal(stats.packets, 1);
	assert_int_equal(stats.bytes, 9);
}

/* --- tables -------------------------------------------------------------- */

static void test_full_sas(void **state)
{
	struct sdesp_flow flow;
	struct sdesp_sa sa = udp_sa(PLAIN, 0);

	(void)state;
	start();
	flow = ends[1].flow;
	/* All in one hash chain. */
	for (unsigned i = 2; i < SDESP_UDP_SAS; i++)
		assert_int_equal(class->spi_reserve(
					 be, &flow, SPI_1 + i * SDESP_UDP_SAS),
			SDESP_OK);
	assert_int_equal(
		class->spi_reserve(be, &flow, 0xc2000000), SDESP_ERR_SPACE);
	sa.spi = 0xc2000000;
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_ERR_SPACE);
	assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_ERR_SPACE);
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);

	/* Taken out in another order than they came in. */
	for (unsigned i = 0; i < SDESP_UDP_SAS - 2; i++) {
		unsigned at = (i * 5 + 3) % (SDESP_UDP_SAS - 2) + 2;

		assert_int_equal(class->spi_release(
					 be, &flow, SPI_1 + at * SDESP_UDP_SAS),
			SDESP_OK);
		assert_int_equal(
			udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);
	}
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_OK);
}

static void test_full_flows(void **state)
{
	struct sdesp_flow flow;

	(void)state;
	start();
	flow = ends[1].flow;
	for (unsigned i = 1; i < SDESP_UDP_FLOWS; i++) {
		flow.ts[0].local.lo++;
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	}
	flow.ts[0].local.lo++;
	assert_int_equal(sdesp_udp_flow(&ends[1].udp, &flow), 0);
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_ERR_SPACE);
	assert_int_equal(class->policy_delete(be, &flow), SDESP_ERR_GONE);
	flow.ts[0].local.lo--;
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(class->policy_delete(be, &flow), SDESP_OK);
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
}

/* --- rekey --------------------------------------------------------------- */

static void rekey(struct udp_end *end, uint32_t in_spi, uint32_t out_spi)
{
	struct sdesp_backend *b = &end->udp.base;
	struct sdesp_sa in = udp_sa(PLAIN, in_spi),
			out = udp_sa(PLAIN, out_spi);

	assert_int_equal(class->sa_add(b, &end->flow, &in, 1), SDESP_OK);
	assert_int_equal(class->sa_add(b, &end->flow, &out, 0), SDESP_OK);
}

/* Traffic runs on through ten rekeys; nothing is lost, and what is late still
 * finds its SA. */
static void test_rekey_under_load(void **state)
{
	static struct udp_wire flight;
	uint32_t old_in[2] = {SPI_0, SPI_1};
	unsigned good = 0, said = 0;

	(void)state;
	start();
	for (uint32_t i = 1; i <= 10; i++) {
		uint32_t in[2] = {SPI_0 + i * 16, SPI_1 + i * 16};

		rekey(&ends[0], in[0], in[1]);
		rekey(&ends[1], in[1], in[0]);
		for (unsigned k = 0; k < 8; k++, said++) {
			struct sdesp_backend *b = &ends[0].udp.base;

			if (k == 4)
				assert_int_equal(
					class->policy_set(b, &ends[0].flow,
						SDESP_PROTECT, in[1]),
					SDESP_OK);
			assert_int_equal(udp_say(&ends[0], 40000, 1, "load", 4),
				SDESP_OK);
		}
		/* Half of it under way across the switch. */
		flight = ends[0].wire;
		ends[0].wire.n = 0;
		assert_int_equal(class->policy_set(be, &ends[1].flow,
					 SDESP_PROTECT, in[0]),
			SDESP_OK);
		good += (unsigned)udp_receive(
			&ends[1], &flight, &ends[0].flow.local, i);
		for (int e = 0; e < 2; e++) {
			struct sdesp_backend *b = &ends[e].udp.base;

			assert_int_equal(class->sa_delete(b, &ends[e].flow,
						 old_in[1 - e], 0),
				SDESP_OK);
			assert_int_equal(class->sa_delete(b, &ends[e].flow,
						 old_in[e], 1),
				SDESP_OK);
		}
		memcpy(old_in, in, sizeof in);
	}
	assert_int_equal(good, said);
	assert_int_equal(ends[0].udp.counters.blocked, 0);
}

/* --- resumed ------------------------------------------------------------- */

/* Another program goes on where this one stopped: no number comes again, and
 * what was received stays received. */
static void test_resume(void **state)
{
	static struct udp_wire seen;
	struct sdesp_replay window;

	(void)state;
	start();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(udp_say(&ends[0], 40000, 1, "x", 1), SDESP_OK);
	seen = ends[0].wire;
	assert_int_equal(
		udp_receive(&ends[1], &ends[0].wire, &ends[0].flow.local, 0),
		3);
	assert_int_equal(
		sdesp_udp_window(&ends[1].udp, SPI_1, &window), SDESP_OK);
	assert_int_equal(
		sdesp_udp_window(&ends[1].udp, SPI_0, &window), SDESP_ERR_GONE);

	start();
	assert_int_equal(
		sdesp_udp_resume_in(&ends[1].udp, SPI_1, &window), SDESP_OK);
	assert_int_equal(sdesp_udp_resume_in(&ends[1].udp, SPI_0, &window),
		SDESP_ERR_GONE);
	assert_int_equal(sdesp_udp_resume_out(
				 &ends[0].udp, &ends[0].flow, &ends[0].out, 3),
		SDESP_OK);
	assert_int_equal(sdesp_udp_resume_out(
				 &ends[0].udp, &ends[0].flow, &ends[0].in, 3),
		SDESP_ERR_GONE);
	assert_int_equal(
		udp_receive(&ends[1], &seen, &ends[0].flow.local, 0), 0);
	assert_int_equal(udp_pkts[0].status, SDESP_ERR_REPLAY);
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);
	assert_int_equal(udp_pkts[0].seq, 4);
}

/* --- end ----------------------------------------------------------------- */

static struct {
	unsigned n, inbound;
	uint32_t spi;
} logged;

static void keylog(void *ctx, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	assert_ptr_equal(ctx, &logged);
	assert_ptr_equal(flow, &ends[1].flow);
	logged.n++;
	logged.inbound += inbound != 0;
	logged.spi = sa->spi;
}

static void test_keylog_hook(void **state)
{
	struct sdesp_sa sa = udp_sa(PLAIN, 0xc5000000);

	(void)state;
	start();
	ends[1].udp.config.keylog = keylog;
	ends[1].udp.config.keylog_ctx = &logged;
	assert_int_equal(class->sa_add(be, &ends[1].flow, &sa, 1), SDESP_OK);
	assert_int_equal(
		class->sa_add(be, &ends[1].flow, &sa, 1), SDESP_ERR_EXISTS);
	assert_int_equal(class->sa_add(be, &ends[1].flow, &sa, 0), SDESP_OK);
	assert_int_equal(logged.n, 2);
	assert_int_equal(logged.inbound, 1);
	assert_int_equal(logged.spi, sa.spi);
}

/* What was deleted leaves no key behind. */
static void test_wiped(void **state)
{
	static const struct sdesp_udp_sa empty;
	const uint8_t *all = (const uint8_t *)&ends[1].udp;

	(void)state;
	start();
	assert_int_equal(
		class->sa_delete(be, &ends[1].flow, SPI_1, 1), SDESP_OK);
	assert_int_equal(
		class->sa_delete(be, &ends[1].flow, SPI_0, 0), SDESP_OK);
	for (unsigned i = 0; i < SDESP_UDP_SAS; i++)
		assert_memory_equal(&ends[1].udp.sas[i], &empty, sizeof empty);
	sdesp_udp_close(&ends[1].udp);
	for (size_t i = 0; i < sizeof ends[1].udp; i++)
		assert_int_equal(all[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_larval),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_outbound_names),
		cmocka_unit_test(test_full_sas),
		cmocka_unit_test(test_full_flows),
		cmocka_unit_test(test_rekey_under_load),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_keylog_hook),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
