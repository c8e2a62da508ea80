/*
 * Addresses, ports and clocks that move under SAs of the kernel, provoked in a
 * guest. At no time is a packet of the flow in the clear.
 * SPDX-License-Identifier: MIT
 */
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"
#include "user.h"

static struct end third;

/* Our end has another address, or port, and tells the other. */
static int refresh_from(uint8_t octet, uint16_t port)
{
	char octets[2][2048];
	struct sdesp_text offer, answer;
	struct sdesp_section section;
	struct sdesp_why why;

	sdesp_text_init(&offer, octets[0], sizeof octets[0]);
	sdesp_text_init(&answer, octets[1], sizeof octets[1]);
	ends[0].local.addr.ip[3] = octet;
	if (ends[0].encap >= 0) {
		close(ends[0].encap);
		if (port != 0)
			ends[0].local.addr.port = port;
		ends[0].encap = net_socket(0, SOCK_DGRAM, &ends[0].local.addr);
		CHECK(sdesp_xfrm_encap(ends[0].encap, 4) == SDESP_OK);
	}
	CHECK(sdesp_session_refresh(&ends[0].session, &ends[0].local,
		      net_now_ms(), &offer) == SDESP_OK);
	CHECK(sdesp_sdp_find(&section, offer.buf, offer.len, 0, &why) ==
		SDESP_OK);
	CHECK(sdesp_session_answer(&ends[1].session, &section, &ends[1].local,
		      net_now_ms(), &answer, &why) == SDESP_OK);
	CHECK(sdesp_sdp_find(&section, answer.buf, answer.len, 0, &why) ==
		SDESP_OK);
	CHECK(sdesp_session_accept(&ends[0].session, &section, 1, net_now_ms(),
		      &why) == SDESP_OK);
	close(fd[0]);
	at[0].ip[3] = octet;
	fd[0] = net_socket(0, SOCK_DGRAM, &at[0]);
	return 1;
}

static void come_back(const struct sdesp_addr *old)
{
	close(fd[0]);
	at[0] = *old;
	fd[0] = net_socket(0, SOCK_DGRAM, &at[0]);
}

/* Counters go on, never back. */
static int address_moves(const struct terms *terms)
{
	struct sdesp_addr old = at[0];
	uint64_t before;
	int ok;

	CHECK(agree(terms));
	CHECK(exchange() && exchange());
	before = seq_of(&ends[1], 1);
	CHECK(before >= 2 && before < 10);
	CHECK(refresh_from(11, 0));
	ok = check(exchange(), "traffic at the new address");
	ok = ok &&
	     check(seq_of(&ends[1], 1) > before + 65535, "numbers went on");
	ok = ok && check(seq_of(&ends[1], 1) < before + 65600, "not too far");
	come_back(&old);
	CHECK(ok);
	CHECK(finish());
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

static int move_raw(void)
{
	return address_moves(&plain);
}

static int move_udp(void)
{
	return address_moves(&encap);
}

/* A peer in user space whose NAT gives it another port. */
static int rebinding(void)
{
	struct sdesp_session_info info;
	struct sdesp_addr other = net_outer(0, 4);
	struct terms terms = encap;
	int old;

	CHECK(end_open(&third, 0, END_UDP));
	CHECK(end_begin(&third, &terms) && end_begin(&ends[1], &terms));
	ends[1].policy.move = SDESP_MOVE_ALWAYS;
	CHECK(ends_agree(&third, &ends[1], NULL, NULL));
	CHECK(user_exchange(&third, &terms, fd[1], 100));
	ends_wait(&third, &ends[1], 100);
	other.port = 4700;
	old = third.udp_socket.fd;
	third.udp_socket.fd = net_socket(0, SOCK_DGRAM, &other);
	/* What it sends comes from there; answers go where it was, for now. */
	CHECK(!user_exchange(&third, &terms, fd[1], 100));
	ends_wait(&third, &ends[1], 2200);
	CHECK(!user_exchange(&third, &terms, fd[1], 100));
	ends_wait(&third, &ends[1], 200);
	sdesp_session_info(&ends[1].session, &info);
	CHECK(info.flow.remote.port == 4700);
	CHECK(user_exchange(&third, &terms, fd[1], 100));
	close(old);
	CHECK(end_finish(&third) && end_finish(&ends[1]));
	(void)capture_take();
	return left(1) == 0;
}

/* The kernel reckons lifetimes by the time of day; what is copied with a move
 * is older than the lifetime then. */
static int clock_jumps(void)
{
	CHECK(agree(&plain));
	ends_wait(&ends[0], &ends[1], 1200);
	for (int days = 10; days >= -20; days -= 30) {
		CHECK(clock_jump(days));
		ends_wait(&ends[0], &ends[1], 1200);
		CHECK(exchange());
		CHECK(rekey_from(0));
		ends_wait(&ends[0], &ends[1], 1200);
		CHECK(exchange());
	}
	CHECK(clock_jump(10));
	CHECK(ends[0].expired + ends[1].expired == 0);
	CHECK(ends[0].due + ends[1].due == 0);
	CHECK(finish());
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

/* The same around moves, which the kernel ends with a look at the clock: a
 * port that changes in place, an address for which the SA is added again. */
static int clock_moves(const struct terms *terms, uint8_t octet, uint16_t port)
{
	struct sdesp_addr old = at[0];
	int ok = 1;

	CHECK(agree(terms));
	ends_wait(&ends[0], &ends[1], 1200);
	for (int days = 10; ok && days >= -20; days -= 30) {
		CHECK(clock_jump(days));
		CHECK(refresh_from(
			days > 0 ? octet : 1, days > 0 ? port : 4500));
		ends_wait(&ends[0], &ends[1], 1200);
		ok = check(exchange(), "traffic after a move") &&
		     check(ends[0].expired + ends[1].expired == 0, "no end");
		CHECK(clock_jump(days));
		ends_wait(&ends[0], &ends[1], 1200);
		ok = ok && check(exchange(), "and after another step");
		CHECK(clock_jump(-days));
	}
	CHECK(clock_jump(10));
	come_back(&old);
	CHECK(ok && finish());
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

static int clock_moves_raw(void)
{
	return clock_moves(&plain, 11, 0);
}

static int clock_moves_port(void)
{
	return clock_moves(&encap, 1, 4600);
}

static const struct fault faults[] = {
	{"our address moves, raw", move_raw},
	{"our address moves, UDP and ESN", move_udp},
	{"the peer's port moves", rebinding},
	{"the clock jumps", clock_jumps},
	{"the clock jumps, and our address moves", clock_moves_raw},
	{"the clock jumps, and our port moves", clock_moves_port},
};

int main(void)
{
	return faults_run(
		faults, sizeof faults / sizeof faults[0], END_XFRM, END_XFRM);
}
