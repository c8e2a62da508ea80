/*
 * What can go wrong between sessions and a kernel, provoked in a guest: death
 * of a process, expiry, SAs and policies of others, links that go. At
 * no time is a packet of the flow in the clear.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "user.h"

#define REKEYS 1000

static struct end third;
/* From the answer on, the answerer's side of the flow is shut. */
static int answered(void *ctx)
{
	int *steps = ctx;

	if (++*steps == 2) {
		CHECK(!say(1) || !hears(0));
		CHECK(capture_is_clean());
	}
	return 1;
}

static int set_up(void)
{
	int steps = 0;

	CHECK(end_begin(&ends[0], &plain) && end_begin(&ends[1], &plain));
	CHECK(ends_agree(&ends[0], &ends[1], answered, &steps));
	CHECK(exchange());
	CHECK(left(0) > 0 && left(1) > 0);
	CHECK(finish());
	CHECK(left(0) == 0 && left(1) == 0);
	return capture_is_clean();
}

static int many_rekeys(void)
{
	CHECK(agree(&encap));
	for (int i = 0; i < REKEYS; i++) {
		struct end *a = &ends[i & 1], *b = &ends[!(i & 1)];
		uint64_t until = net_now_ms() + 3000;

		CHECK(ends_agree(a, b, exchange_step, NULL));
		while (b->rekeyed <= (unsigned)i && net_now_ms() < until) {
			CHECK(exchange());
			end_turn(a);
			end_turn(b);
		}
		CHECK(a->rekeyed == (unsigned)i + 1);
		CHECK(b->rekeyed == (unsigned)i + 1);
		CHECK(seq_of(a, 0) == seq_of(b, 1));
		CHECK(capture_is_clean());
	}
	CHECK(finish());
	CHECK(left(0) == 0 && left(1) == 0);
	return capture_is_clean();
}

static int expiry(void)
{
	struct terms terms = plain;
	int said = 0;

	terms.hard = 50;
	CHECK(agree(&terms));
	for (int i = 0; i < 48; i++)
		said += say(0);
	CHECK(said == 48);
	ends_wait(&ends[0], &ends[1], 50);
	CHECK(ends[0].due == 1);
	for (int i = 0; i < 20; i++)
		(void)say(0);
	ends_wait(&ends[0], &ends[1], 1500);
	CHECK(ends[0].expired == 1);
	CHECK(!say(0) || capture_is_clean());
	CHECK(!say(1) || capture_is_clean());
	CHECK(finish());
	while (hears(1))
		continue;
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

/* An SA deleted by somebody, then all of them. */
static int behind_our_back(void)
{
	CHECK(agree(&plain));
	CHECK(net_run(0, "ip xfrm state deleteall proto esp"));
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[0].expired == 1);
	CHECK(!say(0) || !hears(1));
	CHECK(finish());
	CHECK(agree(&plain));
	CHECK(net_run(1, "ip xfrm state flush"));
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[1].expired == 1);
	CHECK(!say(1) || !hears(0));
	CHECK(finish());
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

/* Both ends in a process that dies at once when it is told to. */
static int dead_process(void)
{
	int said[2], wait_for;
	char octet;
	pid_t child;

	CHECK(net_run(0, "ip xfrm state add src 192.0.2.1 dst 192.0.2.77 "
			 "proto esp spi 0x1001 reqid 7 mode transport "
			 "enc 'ecb(cipher_null)' ''"));
	CHECK(net_run(0, "ip xfrm policy add src 192.0.2.1 dst 192.0.2.77 "
			 "dir out tmpl proto esp reqid 7 mode transport"));
	end_close(&ends[0]);
	end_close(&ends[1]);
	CHECK(pipe(said) == 0);
	child = fork();
	if (child == 0) {
		octet = end_open(&ends[0], 0, END_XFRM) &&
			end_open(&ends[1], 1, END_XFRM) && agree(&plain);
		if (write(said[1], &octet, 1) == 1)
			pause();
		_exit(1);
	}
	CHECK(child > 0 && read(said[0], &octet, 1) == 1 && octet == 1);
	CHECK(exchange());
	kill(child, SIGKILL);
	waitpid(child, &wait_for, 0);
	close(said[0]);
	close(said[1]);
	CHECK(exchange());
	CHECK(net_run(1, "ip xfrm state flush"));
	CHECK(!say(1) || !hears(0));
	CHECK(say(0) && !hears(1));
	CHECK(left(0) > 0 && left(1) > 0);
	CHECK(capture_is_clean());

	/* Closed until the same flow is there again. */
	CHECK(end_open(&ends[0], 0, END_XFRM));
	CHECK(end_open(&ends[1], 1, END_XFRM));
	CHECK(net_count(0, "ip xfrm state", "reqid 15752") == 0);
	CHECK(left(0) > 0 && left(1) > 0);
	(void)say(0);
	(void)say(1);
	CHECK(!hears(0) && !hears(1));
	CHECK(agree(&plain) && exchange());
	CHECK(capture_is_clean());
	CHECK(finish());
	end_close(&ends[0]);
	end_close(&ends[1]);
	CHECK(left(0) == 0 && left(1) == 0);
	CHECK(end_open(&ends[0], 0, END_XFRM));
	CHECK(end_open(&ends[1], 1, END_XFRM));
	CHECK(net_count(0, "ip xfrm state", "0x00001001") == 1);
	CHECK(net_count(0, "ip xfrm policy", "192.0.2.77") == 1);
	return net_run(0, "ip xfrm state flush; ip xfrm policy flush");
}

static int two_processes(void)
{
	CHECK(agree(&plain));
	CHECK(end_open(&third, 0, END_XFRM));
	CHECK(third.xfrm.reqid != ends[0].xfrm.reqid);
	CHECK(exchange());
	end_close(&third);
	CHECK(exchange());
	CHECK(finish());
	return capture_is_clean();
}

static int foreign_policy(void)
{
	CHECK(net_run(1, "ip xfrm policy add src 192.0.2.1 dst 192.0.2.2 "
			 "dir in"));
	CHECK(end_begin(&ends[0], &plain) && end_begin(&ends[1], &plain));
	CHECK(!ends_agree(&ends[0], &ends[1], NULL, NULL));
	printf("     %s\n", ends[1].error);
	CHECK(strstr(ends[1].error, "another program") != NULL);
	CHECK(finish());
	CHECK(net_count(1, "ip xfrm policy", "dir in") == 1);
	CHECK(left(0) == 0 && left(1) == 0);
	return net_run(1, "ip xfrm policy flush");
}

/* No SA is left, everything is blocked, link addresses are forgotten: the
 * signalling's sockets get through all the same. */
static int signalling(void)
{
	struct terms terms = plain;
	struct sdesp_addr end[2];
	int sip[2];

	terms.family = 6;
	CHECK(agree(&terms));
	for (int i = 0; i < 2; i++) {
		end[i] = net_outer(i, 6);
		end[i].port = 5060;
		sip[i] = net_socket(i, SOCK_DGRAM, &end[i]);
	}
	CHECK(net_exchange(sip[0], &end[0], sip[1], &end[1], 100));
	CHECK(capture_is_clean());
	for (int i = 0; i < 2; i++) {
		CHECK(sdesp_xfrm_bypass(sip[i], 6) == SDESP_OK);
		CHECK(net_run(i, "ip xfrm state flush; ip -6 neigh flush all"));
	}
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[0].expired == 1 && ends[1].expired == 1);
	CHECK(!net_ping(0, &end[0], &end[1]));
	CHECK(net_exchange(sip[0], &end[0], sip[1], &end[1], 100));
	CHECK(capture_take().clear == 2);
	close(sip[0]);
	close(sip[1]);
	CHECK(finish());
	return left(0) == 0 && left(1) == 0;
}

/* The cable is cut, another one is laid: the session does not notice. */
static int interface_gone(void)
{
	CHECK(agree(&plain));
	CHECK(exchange() && capture_is_clean());
	CHECK(net_run(0, "ip link del v0"));
	CHECK(!say(0) && !say(1));
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[0].error == NULL && ends[0].expired == 0);
	net_cable();
	capture_start();
	CHECK(exchange());
	CHECK(rekey_from(0));
	CHECK(finish());
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

/* So many notices that ours is lost among them: the dump finds out. */
static int notices_lost(void)
{
	static const char flood[] =
		"for i in $(seq 1 400); do "
		"echo xfrm state add src 192.0.2.1 dst 192.0.2.77 proto esp "
		"spi $((65536 + i)) reqid 7 enc ecb\\(cipher_null\\) '\"\"';"
		"done | ip -batch -";
	int octets = 4096;

	CHECK(agree(&plain));
	CHECK(setsockopt(ends[0].xfrm_socket.events, SOL_SOCKET, SO_RCVBUF,
		      &octets, sizeof octets) == 0);
	CHECK(net_run(0, flood));
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[0].error == NULL && ends[0].expired == 0);
	CHECK(exchange());
	CHECK(net_run(0, "ip xfrm state flush"));
	CHECK(net_run(0, flood));
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[0].error == NULL && ends[0].expired == 1);
	CHECK(!say(0) || !hears(1));
	CHECK(finish());
	CHECK(net_run(0, "ip xfrm state flush"));
	return capture_is_clean() && left(0) == 0 && left(1) == 0;
}

static void narrow(struct end *e, unsigned lo, unsigned hi)
{
	struct sdesp_ts *ts = &e->local.ts[0];

	ts->protocol = 17;
	ts->local.lo = ts->remote.lo = (uint16_t)lo;
	ts->local.hi = ts->remote.hi = (uint16_t)hi;
}

/* Ports 40000 to 40010 both ways: what is outside goes by no SA, and an ICMP
 * error does not quote in the clear what came in ESP. */
static int port_range(void)
{
	struct sdesp_addr closed = at[1];
	struct capture seen;

	CHECK(end_begin(&ends[0], &plain) && end_begin(&ends[1], &plain));
	narrow(&ends[0], 40000, 40010);
	narrow(&ends[1], 40000, 40010);
	CHECK(ends_agree(&ends[0], &ends[1], NULL, NULL));
	CHECK(exchange());
	closed.port = 40010;
	CHECK(net_send(fd[0], "secret", 6, &closed));
	net_sleep_ms(50);
	seen = capture_take();
	CHECK(seen.clear == 0);
	CHECK(seen.esp == 4);
	closed.port = 40011;
	CHECK(net_send(fd[0], "open", 4, &closed));
	net_sleep_ms(50);
	seen = capture_take();
	CHECK(seen.clear == 2 && seen.esp == 0);
	CHECK(finish());
	return left(0) == 0 && left(1) == 0;
}

/* Its own words (extended ACK) are in the cause: here on a window of more than
 * the 4096 packets that it can. */
static int kernels_words(void)
{
	struct sdesp_backend *be = ends[0].backend;
	struct sdesp_flow flow;
	struct sdesp_sa sa;

	memset(&flow, 0, sizeof flow);
	flow.local = at[0];
	flow.remote = at[1];
	flow.mode = SDESP_TRANSPORT;
	memset(&sa, 0, sizeof sa);
	sa.spi = 0x2000;
	sa.suite = SDESP_AES_128_GCM_16;
	sa.window = 2 * SDESP_MAX_WINDOW;
	net_enter(0);
	CHECK(be->vtable->sa_add(be, &flow, &sa, 1) == SDESP_ERR_BACKEND);
	printf("     %s\n", sdesp_xfrm_cause(&ends[0].xfrm));
	CHECK(strstr(sdesp_xfrm_cause(&ends[0].xfrm), "(kernel: ") != NULL);
	return left(0) == 0;
}

/* The kernel says no to whoever may not; the cause says what would help. */
static int ask_as_nobody(void)
{
	struct sdesp_xfrm_config config = {
		&sdesp_xfrm_socket_io, &third.xfrm_socket};

	net_enter(0);
	CHECK(setuid(65534) == 0);
	CHECK(sdesp_xfrm_socket_open(&third.xfrm_socket) == SDESP_OK);
	CHECK(sdesp_xfrm_init(&third.xfrm, &config) == SDESP_ERR_BACKEND);
	printf("     %s\n", sdesp_xfrm_cause(&third.xfrm));
	return strstr(sdesp_xfrm_cause(&third.xfrm), "CAP_NET_ADMIN") != NULL;
}

static int without_permission(void)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		status = !ask_as_nobody();
		fflush(stdout);
		_exit(status);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

static const struct fault faults[] = {
	{"set-up and close", set_up},
	{"a thousand rekeys under traffic", many_rekeys},
	{"expiry", expiry},
	{"SAs deleted behind our back", behind_our_back},
	{"kill -9 and restart", dead_process},
	{"two processes", two_processes},
	{"a policy of another program", foreign_policy},
	{"signalling over IPv6 when all else is blocked", signalling},
	{"a range of ports", port_range},
	{"notices are lost", notices_lost},
	{"the interface goes, and comes back", interface_gone},
	{"the kernel's own words", kernels_words},
	{"without permission", without_permission},
};

int main(void)
{
	return faults_run(
		faults, sizeof faults / sizeof faults[0], END_XFRM, END_XFRM);
}
