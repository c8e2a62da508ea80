/*
 * What can go wrong behind TUN devices, provoked in a guest: death of a
 * process, expiry, a device or a peer that goes. At no time is a packet of the
 * flow in the clear. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"

static int silent(int from)
{
	return !say(from) || !hears(!from);
}

/* Nothing at all has been on the wire. */
static int wire_is_quiet(void)
{
	struct capture seen = capture_take();

	return seen.esp == 0 && seen.clear == 0 && seen.missed == 0;
}

/* Between two messages of the first exchange, the flow is shut. */
static int shut(void *ctx)
{
	int *steps = ctx;

	if (++*steps < 3)
		CHECK(silent(1) && silent(0));
	return capture_is_clean();
}

static int set_up(void)
{
	int steps = 0;

	CHECK(silent(0) && silent(1) && wire_is_quiet());
	CHECK(end_begin(&ends[0], &plain) && end_begin(&ends[1], &plain));
	CHECK(silent(0) && silent(1) && wire_is_quiet());
	CHECK(ends_agree(&ends[0], &ends[1], shut, &steps) && steps == 3);
	CHECK(exchange() && capture_is_clean());
	CHECK(finish());
	CHECK(ends[0].lossless && ends[1].lossless);
	return silent(0) && silent(1) && wire_is_quiet();
}

static int rekey(void)
{
	CHECK(agree(&encap));
	CHECK(rekey_from(1));
	CHECK(finish());
	CHECK(ends[0].lossless && ends[1].lossless);
	return capture_is_clean();
}

static int expiry(void)
{
	struct terms terms = plain;
	int heard = 0;

	terms.hard = 50;
	CHECK(agree(&terms));
	for (int i = 0; i < 48; i++)
		heard += say(0) && hears(1);
	CHECK(heard == 48);
	ends_wait(&ends[0], &ends[1], 50);
	CHECK(ends[0].due == 1 && ends[0].expired == 0);
	for (int i = 0; i < 20; i++)
		(void)say(0);
	ends_wait(&ends[0], &ends[1], 100);
	CHECK(ends[0].expired == 1);
	while (hears(1))
		heard++;
	/* One number went to the dummy packet of the beginning. */
	CHECK(heard <= 50);
	CHECK(silent(0) && silent(1));
	CHECK(finish());
	return capture_is_clean();
}

/* Both ends, in a process that never ends by itself. */
static void live(int said)
{
	uint8_t ok = agree(&plain) != 0;

	if (write(said, &ok, 1) != 1)
		_exit(1);
	for (int i = 0; i < 2000; i++)
		ends_wait(&ends[0], &ends[1], 10);
	_exit(1);
}

static int dead_process(void)
{
	int said[2], status;
	uint8_t ok;
	pid_t child;

	CHECK(pipe(said) == 0);
	fflush(stdout);
	child = fork();
	if (child == 0)
		live(said[1]);
	CHECK(child > 0 && read(said[0], &ok, 1) == 1 && ok == 1);
	CHECK(exchange());
	for (int i = 0; i < 100; i++)
		(void)(say(0) & say(1));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(said[0]);
	close(said[1]);
	while (hears(0) || hears(1))
		continue;
	CHECK(capture_is_clean());
	CHECK(silent(0) && silent(1) && wire_is_quiet());
	CHECK(agree(&plain)); /* nothing is in the way */
	CHECK(exchange());
	CHECK(finish());
	return capture_is_clean();
}

/* The end says so once, and what is left of it closes. */
static int device_gone(void)
{
	CHECK(agree(&plain));
	CHECK(exchange());
	CHECK(net_run(0, "ip link del sdesp0"));
	net_sleep_ms(50);
	CHECK(ends[0].error != NULL);
	printf("     %s\n", ends[0].error);
	CHECK(strstr(ends[0].error, "File descriptor in bad state") != NULL);
	CHECK(silent(0) && silent(1));
	CHECK(capture_is_clean());
	CHECK(finish());
	CHECK(agree(&plain));
	CHECK(exchange());
	CHECK(finish());
	return capture_is_clean();
}

/* Somebody sets the device down: nothing leaves beside it. */
static int device_down(void)
{
	CHECK(agree(&plain));
	CHECK(net_run(0, "ip link set sdesp0 down"));
	CHECK(silent(0) && silent(1));
	CHECK(capture_is_clean());
	CHECK(finish());
	return capture_is_clean();
}

static int peer_gone(void)
{
	CHECK(agree(&plain));
	CHECK(exchange());
	CHECK(end_finish(&ends[1]));
	CHECK(silent(0));
	ends_wait(&ends[0], &ends[0], 100);
	CHECK(ends[0].error == NULL);
	CHECK(end_begin(&ends[1], &plain)); /* as after a restart */
	CHECK(silent(0));
	CHECK(ends[1].tun.counters.unknown_spi > 0);
	CHECK(finish());
	return capture_is_clean();
}

static const struct fault faults[] = {
	{"set-up and close", set_up},
	{"a rekey", rekey},
	{"expiry", expiry},
	{"kill -9 and restart", dead_process},
	{"the device is deleted", device_gone},
	{"the device is set down", device_down},
	{"the peer has gone", peer_gone},
};

int main(void)
{
	return faults_run(
		faults, sizeof faults / sizeof faults[0], END_TUN, END_TUN);
}
