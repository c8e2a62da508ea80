/*
 * The PF_KEY backend and its messages against a Linux kernel. Runs as root in
 * a guest, beside a device that 192.0.2.1 and 2001:db8::1 are on.
 *
 * The backend itself has no suite on Linux, and says so. SAs are therefore
 * added message by message, with keys that no session would use.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "tests/kernel/pfkey_fixture.h"

#include <signal.h>

static void test_features(void)
{
	struct sdesp_flow f =
		flow_to("192.0.2.1", "192.0.2.2", SDESP_TRANSPORT, 0, 9000);
	struct sdesp_sa sa = keys(0x1000);
	struct sdesp_features features;

	pf.base.vtable->features(&pf.base, &features);
	CHECK(features.suites == 0);
	CHECK(features.esn == 0);
	CHECK(features.max_window == 32);
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		sa.suite = (uint8_t)id;
		CHECK(pf.base.vtable->sa_add(&pf.base, &f, &sa, 1) ==
			SDESP_ERR_UNSUPPORTED);
	}
}

static void test_larval(const struct sdesp_flow *f)
{
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct sdesp_flow nobody = *f;
	struct sdesp_sa sa = keys(0xabcd1234);
	struct sdesp_sa_stats stats;

	CHECK(c->spi_reserve(&pf.base, f, sa.spi) == SDESP_OK);
	CHECK(c->spi_reserve(&pf.base, f, sa.spi) == SDESP_ERR_EXISTS);
	CHECK(c->spi_reserve(&other.base, f, sa.spi) == SDESP_ERR_EXISTS);
	CHECK(query(f, sa.spi, 1, &stats) == SDESP_OK);
	CHECK(stats.state == SDESP_SA_LARVAL);
	CHECK(c->spi_release(&pf.base, f, sa.spi) == SDESP_OK);
	CHECK(c->spi_release(&pf.base, f, sa.spi) == SDESP_ERR_GONE);
	CHECK(c->spi_reserve(&other.base, f, sa.spi) == SDESP_OK);
	CHECK(c->spi_release(&other.base, f, sa.spi) == SDESP_OK);

	memset(&nobody.remote, 0, sizeof nobody.remote);
	CHECK(c->spi_reserve(&pf.base, &nobody, sa.spi) == SDESP_OK);
	CHECK(c->spi_release(&pf.base, &nobody, sa.spi) == SDESP_OK);

	CHECK(c->spi_reserve(&pf.base, f, sa.spi) == SDESP_OK);
	CHECK(add(PFKEY_UPDATE, f, &sa, 1) == SDESP_OK);
	CHECK(query(f, sa.spi, 1, &stats) == SDESP_OK);
	CHECK(stats.state == SDESP_SA_MATURE);
	CHECK(shut(f, sa.spi, 1) == SDESP_OK);
	CHECK(shut(f, sa.spi, 1) == SDESP_ERR_GONE);
	CHECK(add(PFKEY_UPDATE, f, &sa, 1) == SDESP_ERR_GONE);
	CHECK(strstr(pf.cause, "PF_KEY UPDATE: ") == pf.cause);
}

static void test_get(const struct sdesp_flow *f)
{
	struct sdesp_sa sa = keys(0x2001);
	struct sdesp_pfkey_sa at;
	struct pfkey_message msg;
	struct pfkey_writer w;
	const uint8_t *key;

	CHECK(add(PFKEY_ADD, f, &sa, 0) == SDESP_OK);
	CHECK(add(PFKEY_ADD, f, &sa, 0) == SDESP_ERR_EXISTS);
	sdesp_pfkey_name(&at, f, sa.spi, 0);
	sdesp_pfkey_ask(&pf, &w, PFKEY_GET);
	sdesp_pfkey_put_name(&w, &at);
	CHECK(sdesp_pfkey_exchange(&pf, &w, &msg) == SDESP_OK);
	CHECK(sdesp_pfkey_get_spi(&msg) == sa.spi);
	key = sdesp_pfkey_ext(&msg, PFKEY_EXT_KEY_ENCRYPT, 8 + 16);
	CHECK(key != NULL && memcmp(key + 8, sa.keymat, 16) == 0);
	key = sdesp_pfkey_ext(&msg, PFKEY_EXT_KEY_AUTH, 8 + 32);
	CHECK(key != NULL && memcmp(key + 8, sa.keymat + 16, 32) == 0);
	CHECK(shut(f, sa.spi, 0) == SDESP_OK);

	sdesp_pfkey_ask(&pf, &w, PFKEY_GET);
	sdesp_pfkey_put_name(&w, &at);
	CHECK(sdesp_pfkey_exchange(&pf, &w, &msg) == SDESP_ERR_GONE);
}

/* All SAs of ESP, one message each; the last has number 0. */
static void test_dump(const struct sdesp_flow *f)
{
	struct sdesp_sa one = keys(0x3001), two = keys(0x3002);
	struct pfkey_message msg;
	struct pfkey_writer w;
	unsigned ones = 0, twos = 0, n = 0, last = 1;

	CHECK(add(PFKEY_ADD, f, &one, 1) == SDESP_OK);
	CHECK(add(PFKEY_ADD, f, &two, 0) == SDESP_OK);
	sdesp_pfkey_ask(&pf, &w, PFKEY_DUMP);
	CHECK(sdesp_pfkey_end(&w) == SDESP_OK);
	CHECK(pf.config.send(pf.config.ctx, w.buf, w.len) == 0);
	while (last != 0 && n < 10) {
		long len = pf.config.receive(
			pf.config.ctx, pf.reply, sizeof pf.reply, 1);

		CHECK(len > 0 && sdesp_pfkey_read(&msg, pf.reply,
					 (size_t)len) == SDESP_OK);
		if (len <= 0)
			break;
		ones += sdesp_pfkey_get_spi(&msg) == one.spi;
		twos += sdesp_pfkey_get_spi(&msg) == two.spi;
		last = msg.seq;
		n++;
	}
	CHECK(ones == 1 && twos == 1 && last == 0);
	CHECK(shut(f, one.spi, 1) == SDESP_OK);
	CHECK(shut(f, two.spi, 0) == SDESP_OK);
}

/* Which of two outbound SAs is used, is what the policy says. */
static void test_switch(const struct sdesp_flow *f)
{
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct sdesp_sa one = keys(0x4001), two = keys(0x4002);

	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(c->policy_set(&pf.base, f, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == EPERM);
	CHECK(say("192.0.2.2", 9001) == 0);
	CHECK(c->policy_set(&pf.base, f, SDESP_PROTECT, one.spi) ==
		SDESP_ERR_GONE);

	CHECK(add(PFKEY_ADD, f, &one, 0) == SDESP_OK);
	CHECK(add(PFKEY_ADD, f, &two, 0) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == EPERM);
	for (unsigned round = 1; round <= 3; round++) {
		CHECK(c->policy_set(&pf.base, f, SDESP_PROTECT, one.spi) ==
			SDESP_OK);
		CHECK(say("192.0.2.2", 9000) == 0);
		CHECK(packets(f, one.spi) == round);
		CHECK(packets(f, two.spi) == round - 1);
		CHECK(c->policy_set(&pf.base, f, SDESP_PROTECT, two.spi) ==
			SDESP_OK);
		CHECK(say("192.0.2.2", 9000) == 0);
		CHECK(packets(f, one.spi) == round);
		CHECK(packets(f, two.spi) == round);
	}
	CHECK(c->policy_set(&pf.base, f, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == EPERM);
	CHECK(c->policy_set(&other.base, f, SDESP_BLOCK, 0) ==
		SDESP_ERR_BACKEND);
	CHECK(strstr(other.cause, "PF_KEY SPDADD: ") == other.cause);
	CHECK(say("192.0.2.2", 9000) == EPERM);
	CHECK(c->policy_delete(&pf.base, f) == SDESP_OK);
	CHECK(c->policy_delete(&pf.base, f) == SDESP_ERR_GONE);
	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(shut(f, one.spi, 0) == SDESP_OK);
	CHECK(shut(f, two.spi, 0) == SDESP_OK);
}

static void test_bypass(const struct sdesp_flow *f)
{
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct sdesp_addr local = f->local, remote = f->remote;
	struct sdesp_flow all = *f;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	all.ts[0].remote.lo = 0;
	all.ts[0].remote.hi = UINT16_MAX;
	remote.port = 5060;
	CHECK(c->policy_set(&pf.base, &all, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(c->bypass(&pf.base, 17, &local, &remote) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == EPERM);
	CHECK(say("192.0.2.2", 5060) == 0);
	CHECK(c->policy_delete(&pf.base, &all) == SDESP_OK);
	CHECK(sdesp_pfkey_socket_encap(fd, 4) == SDESP_OK);
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK(sdesp_pfkey_socket_encap(fd, 6) == SDESP_OK);
	close(fd);
}

/* Whatever the shape, the kernel takes the messages of it. */
static void test_shapes(void)
{
	static const char *const ends[2][2] = {
		{"192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8::2"}};
	const struct sdesp_backend_class *c = pf.base.vtable;

	for (unsigned i = 0; i < 8; i++) {
		struct sdesp_flow f = flow_to(ends[i & 1][0], ends[i & 1][1],
			(i & 2) != 0 ? SDESP_TUNNEL : SDESP_TRANSPORT,
			(i & 4) != 0, 9000);
		struct sdesp_sa in = keys(0xc0005001), out = keys(0xc0005002);

		f.ts[0].local.lo = 4000;
		f.ts[0].local.hi = 4001;
		CHECK(c->policy_set(&pf.base, &f, SDESP_BLOCK, 0) == SDESP_OK);
		CHECK(add(PFKEY_ADD, &f, &in, 1) == SDESP_OK);
		CHECK(add(PFKEY_ADD, &f, &out, 0) == SDESP_OK);
		CHECK(c->policy_set(&pf.base, &f, SDESP_PROTECT, out.spi) ==
			SDESP_OK);
		CHECK(c->policy_delete(&pf.base, &f) == SDESP_OK);
		CHECK(shut(&f, out.spi, 0) == SDESP_OK);
		CHECK(shut(&f, in.spi, 1) == SDESP_OK);
	}
}

static void test_events(const struct sdesp_flow *f)
{
	struct sdesp_sa sa = keys(0x6001);
	struct sdesp_pfkey_sa at;
	struct pfkey_writer w;
	uint32_t spi;

	sa.soft.seconds = 1;
	sa.hard.seconds = 3;
	CHECK(add(PFKEY_ADD, f, &sa, 0) == SDESP_OK);
	CHECK(event(&spi, 5) == SDESP_BACKEND_SOFT + 1 && spi == sa.spi);
	CHECK(event(&spi, 5) == SDESP_BACKEND_HARD + 1 && spi == sa.spi);
	CHECK(shut(f, sa.spi, 0) == SDESP_ERR_GONE);

	sa = keys(0x6002);
	CHECK(add(PFKEY_ADD, f, &sa, 1) == SDESP_OK);
	sdesp_pfkey_name(&at, f, sa.spi, 1);
	sdesp_pfkey_begin(&w, &sdesp_pfkey_linux, PFKEY_DELETE, 1, 1);
	sdesp_pfkey_put_name(&w, &at);
	CHECK(sdesp_pfkey_end(&w) == SDESP_OK);
	CHECK(other.config.send(other.config.ctx, w.buf, w.len) == 0);
	CHECK(event(&spi, 2) == SDESP_BACKEND_GONE + 1 && spi == sa.spi);
	CHECK(shut(f, sa.spi, 1) == SDESP_ERR_GONE);

	CHECK(add(PFKEY_ADD, f, &sa, 1) == SDESP_OK);
	sdesp_pfkey_begin(&w, &sdesp_pfkey_linux, PFKEY_FLUSH, 2, 1);
	CHECK(sdesp_pfkey_end(&w) == SDESP_OK);
	CHECK(other.config.send(other.config.ctx, w.buf, w.len) == 0);
	CHECK(event(&spi, 2) == SDESP_BACKEND_LOST + 1);
	CHECK(shut(f, sa.spi, 1) == SDESP_ERR_GONE);
	CHECK(event(&spi, 1) == 0);
}

/* Linux counts packets, looks before it counts, and says what it sees. */
static void test_packets(const struct sdesp_flow *f)
{
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct sdesp_sa sa = keys(0x7001);
	uint32_t spi;

	sa.soft.packets = 1;
	sa.hard.packets = 2;
	CHECK(add(PFKEY_ADD, f, &sa, 0) == SDESP_OK);
	CHECK(c->policy_set(&pf.base, f, SDESP_PROTECT, sa.spi) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(event(&spi, 1) == 0);
	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(event(&spi, 2) == SDESP_BACKEND_SOFT + 1 && spi == sa.spi);
	CHECK(say("192.0.2.2", 9000) != 0);
	CHECK(event(&spi, 2) == SDESP_BACKEND_HARD + 1 && spi == sa.spi);
	CHECK(c->policy_delete(&pf.base, f) == SDESP_OK);
	CHECK(shut(f, sa.spi, 0) == SDESP_ERR_GONE);
}

/* What has to be asked for is asked for when it is due. */
static void test_tick(const struct sdesp_flow *f)
{
	struct sdesp_sa sa = keys(0x7002);
	uint32_t spi;

	CHECK(add(PFKEY_ADD, f, &sa, 1) == SDESP_OK);
	CHECK(sdesp_pfkey_tick(&pf, 1000) == 2000);
	CHECK(event(&spi, 1) == 0);
	CHECK(pf.base.vtable->spi_release(&pf.base, f, sa.spi) ==
		SDESP_ERR_GONE);
	CHECK(shut(f, sa.spi, 1) == SDESP_OK);
	CHECK(sdesp_pfkey_tick(&pf, 9000) == UINT64_MAX);
}

/* The port that an SA says it goes to; 0 = none. */
static unsigned port_of(const struct sdesp_flow *f, uint32_t spi, int inbound)
{
	struct sdesp_pfkey_sa at;
	struct pfkey_message msg;
	struct pfkey_writer w;
	const uint8_t *p;

	sdesp_pfkey_name(&at, f, spi, inbound);
	sdesp_pfkey_ask(&pf, &w, PFKEY_GET);
	sdesp_pfkey_put_name(&w, &at);
	if (sdesp_pfkey_exchange(&pf, &w, &msg) != SDESP_OK)
		return 0;
	p = sdesp_pfkey_ext(
		&msg, inbound ? KAME_EXT_NAT_T_SPORT : KAME_EXT_NAT_T_DPORT, 8);
	return p == NULL ? 0 : (unsigned)(p[4] << 8 | p[5]);
}

/* Ports change under an SA that is in use, and nothing else does. */
static void test_move(void)
{
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct sdesp_flow f =
		flow_to("192.0.2.1", "192.0.2.2", SDESP_TRANSPORT, 1, 9000);
	struct sdesp_flow to = f, far = f;
	struct sdesp_sa in = keys(0x8001), out = keys(0x8002);

	to.remote.port = 4501;
	far.remote = addr("192.0.2.3", 4500);
	CHECK(c->policy_set(&pf.base, &f, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(add(PFKEY_ADD, &f, &in, 1) == SDESP_OK);
	CHECK(add(PFKEY_ADD, &f, &out, 0) == SDESP_OK);
	CHECK(c->policy_set(&pf.base, &f, SDESP_PROTECT, out.spi) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(port_of(&f, out.spi, 0) == 4500);

	CHECK(c->sa_move(&pf.base, &far, &f, out.spi, 0) ==
		SDESP_ERR_UNSUPPORTED);
	CHECK(c->policy_set(&pf.base, &to, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(c->sa_move(&pf.base, &to, &f, in.spi, 1) == SDESP_OK);
	CHECK(c->sa_move(&pf.base, &to, &f, out.spi, 0) == SDESP_OK);
	CHECK(port_of(&to, out.spi, 0) == 4501);
	CHECK(port_of(&to, in.spi, 1) == 4501);
	CHECK(packets(&to, out.spi) == 2);
	CHECK(c->policy_delete(&pf.base, &f) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == EPERM);
	CHECK(c->policy_set(&pf.base, &to, SDESP_PROTECT, out.spi) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == 0);
	CHECK(packets(&to, out.spi) == 3);
	CHECK(c->policy_delete(&pf.base, &to) == SDESP_OK);
	CHECK(shut(&to, in.spi, 1) == SDESP_OK);
	CHECK(shut(&to, out.spi, 0) == SDESP_OK);
}

/* Why every suite is refused: the ICV of HMAC-SHA-256 has 12 octets on the
 * wire, and the rule is 16 (RFC 4868 2.6). */
static void test_wire(const struct sdesp_flow *f)
{
	enum { IP = 20, ESP = 8, IV = 16, PADDED = 16, ICV = 12 };
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct pollfd p = {.events = POLLIN};
	struct sdesp_sa out = keys(0x9001);
	uint8_t frame[256];
	unsigned len = 0;

	p.fd = socket(AF_PACKET, SOCK_DGRAM, htons(0x0800));
	CHECK(p.fd >= 0);
	CHECK(add(PFKEY_ADD, f, &out, 0) == SDESP_OK);
	CHECK(c->policy_set(&pf.base, f, SDESP_PROTECT, out.spi) == SDESP_OK);
	CHECK(say("192.0.2.2", 9000) == 0);
	while (len == 0 && poll(&p, 1, 2000) == 1) {
		ssize_t n = recv(p.fd, frame, sizeof frame, 0);

		if (n > IP && frame[9] == 50)
			len = (unsigned)n;
	}
	CHECK(len == IP + ESP + IV + PADDED + ICV);
	close(p.fd);
	CHECK(c->policy_delete(&pf.base, f) == SDESP_OK);
	CHECK(shut(f, out.spi, 0) == SDESP_OK);
}

/* A request that the kernel cannot read is answered as such, or not at all. */
static void test_refusal(void)
{
	struct pfkey_writer w;

	sdesp_pfkey_ask(&pf, &w, PFKEY_ADD);
	CHECK(sdesp_pfkey_tell(&pf, &w) == SDESP_ERR_BACKEND);
	CHECK(strstr(pf.cause, "Invalid argument") != NULL);
	CHECK(pf.unsure == 0);
}

static int begin(void)
{
	struct sdesp_pfkey_config config;

	if (sdesp_pfkey_socket_open(&socks[0], &config) != SDESP_OK) {
		perror("PF_KEY");
		return 0;
	}
	CHECK(sdesp_pfkey_init(&pf, &config) == SDESP_OK);
	return 1;
}

/* Leave one of everything behind. */
static void live_and_die(void)
{
	const struct sdesp_backend_class *c = pf.base.vtable;
	struct sdesp_flow f =
		flow_to("192.0.2.1", "192.0.2.2", SDESP_TRANSPORT, 1, 9000);
	struct sdesp_flow six =
		flow_to("2001:db8::1", "2001:db8::2", SDESP_TUNNEL, 0, 9000);
	struct sdesp_addr local = f.local, remote = f.remote;
	struct sdesp_sa in = keys(0xa001), out = keys(0xa002);

	CHECK(c->spi_reserve(&pf.base, &f, 0xa003) == SDESP_OK);
	CHECK(c->policy_set(&pf.base, &f, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(c->policy_set(&pf.base, &six, SDESP_BLOCK, 0) == SDESP_OK);
	CHECK(add(PFKEY_ADD, &f, &in, 1) == SDESP_OK);
	CHECK(add(PFKEY_ADD, &f, &out, 0) == SDESP_OK);
	CHECK(c->policy_set(&pf.base, &f, SDESP_PROTECT, out.spi) == SDESP_OK);
	local.port = remote.port = 5060;
	CHECK(c->bypass(&pf.base, 17, &local, &remote) == SDESP_OK);
	if (failed == 0)
		(void)kill(getpid(), SIGKILL);
}

static void test_all(void)
{
	struct sdesp_flow f =
		flow_to("192.0.2.1", "192.0.2.2", SDESP_TRANSPORT, 0, 9000);
	struct sdesp_pfkey_config config;

	CHECK(sdesp_pfkey_socket_open(&socks[1], &config) == SDESP_OK);
	CHECK(sdesp_pfkey_init(&other, &config) == SDESP_OK);
	CHECK(pf.instance == 0 && other.instance == 1);

	test_features();
	test_larval(&f);
	test_get(&f);
	test_dump(&f);
	test_switch(&f);
	test_bypass(&f);
	test_shapes();
	test_events(&f);
	test_packets(&f);
	test_tick(&f);
	test_move();
	test_wire(&f);
	test_refusal();

	sdesp_pfkey_close(&other);
	sdesp_pfkey_socket_close(&socks[1]);
}

/* With "die", leave things behind; with "sweep", look for them. */
int main(int argc, char **argv)
{
	if (!begin())
		return 1;
	if (argc > 1 && strcmp(argv[1], "die") == 0)
		live_and_die();
	else if (argc == 1)
		test_all();
	sdesp_pfkey_close(&pf);
	sdesp_pfkey_socket_close(&socks[0]);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
