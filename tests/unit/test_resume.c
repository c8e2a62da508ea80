/*
 * SAs that go on elsewhere: numbers and windows out and in.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backends/tun/sdesp_tun.h"
#include "backends/udp/sdesp_udp.h"

static struct sdesp_bearssl crypto;

static void make_sa(struct sdesp_sa *sa, unsigned window)
{
	memset(sa, 0, sizeof *sa);
	sa->spi = 0xc0000001;
	sa->suite = SDESP_AES_128_GCM_16;
	sa->window = (uint16_t)window;
	memset(sa->keymat, 7, sizeof sa->keymat);
}

struct slot {
	uint8_t octets[96 + 16 + SDESP_PKT_TAIL];
};

static void seal_one(
	struct sdesp_esp_tx *tx, struct sdesp_pkt *pkt, struct slot *slot)
{
	memset(slot, 0, sizeof *slot);
	memset(pkt, 0, sizeof *pkt);
	pkt->data = slot->octets + 96;
	pkt->len = 16;
	pkt->head = 96;
	pkt->tail = SDESP_PKT_TAIL;
	pkt->next_header = 17;
	assert_int_equal(sdesp_esp_seal(tx, pkt, 1), 1);
}

/* What one receiver took another does not take after a resume. */
static void test_window(void **state)
{
	struct sdesp_esp_tx tx;
	struct sdesp_esp_rx first, second;
	struct sdesp_replay window;
	struct sdesp_sa sa;
	struct sdesp_pkt pkt, again;
	struct slot slot, copy;

	(void)state;
	make_sa(&sa, 64);
	assert_int_equal(sdesp_esp_tx_init(&tx, &crypto.vtable, &sa, 40), 0);
	assert_int_equal(sdesp_esp_rx_init(&first, &crypto.vtable, &sa), 0);
	assert_int_equal(sdesp_esp_rx_init(&second, &crypto.vtable, &sa), 0);
	seal_one(&tx, &pkt, &slot);
	assert_int_equal(pkt.seq, 41);
	copy = slot;
	again = pkt;
	again.data = copy.octets + (pkt.data - slot.octets);
	assert_int_equal(sdesp_esp_open(&first, &pkt, 1, 0), 1);

	sdesp_esp_rx_window(&first, &window);
	assert_int_equal(window.top, 41);
	assert_int_equal(sdesp_esp_rx_resume(&second, &window), 0);
	assert_int_equal(sdesp_esp_open(&second, &again, 1, 0), 0);
	assert_int_equal(again.status, SDESP_ERR_REPLAY);
	seal_one(&tx, &pkt, &slot);
	assert_int_equal(sdesp_esp_open(&second, &pkt, 1, 0), 1);
}

static void test_window_of_another_size(void **state)
{
	struct sdesp_esp_rx rx;
	struct sdesp_replay window;
	struct sdesp_sa sa;

	(void)state;
	make_sa(&sa, 64);
	assert_int_equal(sdesp_esp_rx_init(&rx, &crypto.vtable, &sa), 0);
	assert_int_equal(sdesp_replay_init(&window, 128), 0);
	assert_int_equal(sdesp_esp_rx_resume(&rx, &window), SDESP_ERR_ARG);
	sdesp_esp_rx_window(&rx, &window);
	window.head = window.words;
	assert_int_equal(sdesp_esp_rx_resume(&rx, &window), SDESP_ERR_ARG);
}

static size_t send_nothing(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	(void)ctx;
	(void)to;
	(void)pkts;
	return n;
}

static void make_flow(struct sdesp_flow *flow)
{
	memset(flow, 0, sizeof *flow);
	flow->mode = SDESP_TRANSPORT;
	flow->udp = 1;
	assert_int_equal(sdesp_addr_parse(&flow->local, "192.0.2.1", 9), 0);
	assert_int_equal(sdesp_addr_parse(&flow->remote, "192.0.2.2", 9), 0);
	flow->local.port = flow->remote.port = 4500;
}

static void test_udp(void **state)
{
	static struct sdesp_udp u;
	struct sdesp_udp_config config;
	struct sdesp_flow flow;
	struct sdesp_replay window, now;
	struct sdesp_sa_stats stats;
	struct sdesp_sa sa;
	struct sdesp_backend *be = &u.base;

	(void)state;
	memset(&config, 0, sizeof config);
	config.crypto = &crypto.vtable;
	config.send = send_nothing;
	assert_int_equal(sdesp_udp_init(&u, &config), 0);
	make_flow(&flow);
	make_sa(&sa, 64);
	assert_int_equal(sdesp_replay_init(&window, 64), 0);
	sdesp_replay_commit(&window, 1000);

	assert_int_equal(
		sdesp_udp_resume_out(&u, &flow, &sa, 9), SDESP_ERR_GONE);
	assert_int_equal(
		sdesp_udp_resume_in(&u, sa.spi, &window), SDESP_ERR_GONE);
	assert_int_equal(sdesp_udp_window(&u, sa.spi, &now), SDESP_ERR_GONE);
	assert_int_equal(be->vtable->spi_reserve(be, &flow, sa.spi), 0);
	assert_int_equal(
		sdesp_udp_resume_in(&u, sa.spi, &window), SDESP_ERR_GONE);

	assert_int_equal(be->vtable->sa_add(be, &flow, &sa, 1), 0);
	assert_int_equal(be->vtable->sa_add(be, &flow, &sa, 0), 0);
	assert_int_equal(sdesp_udp_resume_out(&u, &flow, &sa, 77), 0);
	assert_int_equal(sdesp_udp_resume_in(&u, sa.spi, &window), 0);
	assert_int_equal(be->vtable->sa_query(be, &flow, sa.spi, 0, &stats), 0);
	assert_int_equal(stats.seq, 77);
	assert_int_equal(sdesp_udp_window(&u, sa.spi, &now), 0);
	assert_int_equal(now.top, 1000);

	assert_int_equal(sdesp_replay_init(&window, 128), 0);
	assert_int_equal(
		sdesp_udp_resume_in(&u, sa.spi, &window), SDESP_ERR_ARG);
	sdesp_udp_close(&u);
}

static size_t drop(void *ctx, const struct sdesp_pkt *pkts, size_t n)
{
	(void)ctx;
	(void)pkts;
	return n;
}

static void test_tun(void **state)
{
	static struct sdesp_tun t;
	struct sdesp_tun_config config;
	struct sdesp_flow flow;
	struct sdesp_replay window, now;
	struct sdesp_sa_stats stats;
	struct sdesp_sa sa;
	struct sdesp_backend *be = &t.base;
	size_t size = sdesp_tun_memory(4, 2);
	void *memory = malloc(size);

	(void)state;
	memset(&config, 0, sizeof config);
	config.crypto = &crypto.vtable;
	config.send = drop;
	config.answer = drop;
	config.link_mtu = 1500;
	config.max_sas = 4;
	config.max_flows = 2;
	assert_int_equal(sdesp_tun_init(&t, &config, memory, size), 0);
	make_flow(&flow);
	make_sa(&sa, 64);
	assert_int_equal(sdesp_replay_init(&window, 64), 0);
	sdesp_replay_commit(&window, 1000);

	assert_int_equal(
		sdesp_tun_resume_out(&t, &flow, &sa, 9), SDESP_ERR_GONE);
	assert_int_equal(be->vtable->spi_reserve(be, &flow, sa.spi), 0);
	assert_int_equal(
		sdesp_tun_resume_in(&t, sa.spi, &window), SDESP_ERR_GONE);
	assert_int_equal(sdesp_tun_window(&t, sa.spi, &now), SDESP_ERR_GONE);

	assert_int_equal(be->vtable->sa_add(be, &flow, &sa, 1), 0);
	assert_int_equal(be->vtable->sa_add(be, &flow, &sa, 0), 0);
	assert_int_equal(sdesp_tun_resume_out(&t, &flow, &sa, 77), 0);
	assert_int_equal(sdesp_tun_resume_in(&t, sa.spi, &window), 0);
	assert_int_equal(be->vtable->sa_query(be, &flow, sa.spi, 0, &stats), 0);
	assert_int_equal(stats.seq, 77);
	assert_int_equal(sdesp_tun_window(&t, sa.spi, &now), 0);
	assert_int_equal(now.top, 1000);

	assert_int_equal(sdesp_replay_init(&window, 128), 0);
	assert_int_equal(
		sdesp_tun_resume_in(&t, sa.spi, &window), SDESP_ERR_ARG);
	sdesp_tun_close(&t);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_of_another_size),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tun),
	};

	sdesp_bearssl_init(&crypto);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
