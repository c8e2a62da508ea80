/*
 * What can go wrong around a session between TUN and XFRM, provoked in a guest:
 * the cable, the clock, the namespace, the peer.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

#define TUN ends[0]
#define XFRM ends[1]

static const struct terms tunnel = {
	SDESP_AES_128_GCM_16, SDESP_TUNNEL, 4, 0, 0, 0, 0};

static int undisturbed(void)
{
	CHECK(TUN.error == NULL && XFRM.error == NULL);
	CHECK(TUN.due + TUN.expired + TUN.failed == 0);
	CHECK(XFRM.due + XFRM.expired + XFRM.failed == 0);
	return exchange();
}

static int clock_jumps(void)
{
	CHECK(agree(&encap));
	ends_wait(&TUN, &XFRM, 1200);
	for (int days = 10; days >= -20; days -= 30) {
		CHECK(clock_jump(days));
		ends_wait(&TUN, &XFRM, 1200);
		CHECK(undisturbed());
		CHECK(rekey_from(days > 0));
		ends_wait(&TUN, &XFRM, 1200);
		CHECK(undisturbed());
	}
	CHECK(clock_jump(10));
	CHECK(finish());
	CHECK(TUN.lossless);
	return capture_is_clean() && left(1) == 0;
}

/* What one end still sends is ESP that nobody wants. */
static int peer_gone(void)
{
	CHECK(agree(&plain));
	CHECK(exchange());
	CHECK(end_finish(&TUN));
	CHECK(!say(1) || !hears(0));
	ends_wait(&XFRM, &XFRM, 100);
	CHECK(XFRM.error == NULL);
	CHECK(end_finish(&XFRM) && left(1) == 0);

	CHECK(agree(&plain));
	CHECK(exchange());
	CHECK(end_finish(&XFRM) && left(1) == 0);
	CHECK(!say(0) || !hears(1));
	ends_wait(&TUN, &TUN, 100);
	CHECK(TUN.error == NULL);
	CHECK(end_finish(&TUN));
	return capture_is_clean();
}

/* The sockets are at inner addresses from now on, or at outer ones. */
static void sit(int inner)
{
	for (int i = 0; i < 2; i++) {
		close(fd[i]);
		at[i] = inner ? net_inner(i, 4) : net_outer(i, 4);
		at[i].port = (uint16_t)(40000 + i);
		fd[i] = net_socket(i, SOCK_DGRAM, &at[i]);
	}
}

/* With the link went the route that named its address: what is for the peer
 * gets no further. */
static int interface_gone(void)
{
	CHECK(agree(&plain));
	CHECK(exchange() && capture_is_clean());
	CHECK(net_run(0, "ip link del v0"));
	CHECK(!say(0) && !say(1));
	ends_wait(&TUN, &XFRM, 100);
	CHECK(XFRM.error == NULL && XFRM.expired == 0);
	CHECK(finish() && left(1) == 0);
	net_cable();
	capture_start();
	CHECK(agree(&plain));
	CHECK(exchange());
	CHECK(finish());
	return capture_is_clean() && left(1) == 0;
}

/* In tunnel mode the TUN end says that it cannot send what it has sealed;
 * begun anew, it can. */
static int link_of_tunnel_gone(void)
{
	sit(1);
	CHECK(agree(&tunnel));
	CHECK(exchange() && capture_is_clean());
	CHECK(net_run(0, "ip link del v0"));
	ends_wait(&TUN, &XFRM, 100);
	CHECK(TUN.error == NULL);
	CHECK(say(0) && !hears(1));
	CHECK(TUN.error != NULL);
	printf("     %s\n", TUN.error);
	CHECK(strstr(TUN.error, "No such device") != NULL);
	CHECK(finish() && left(1) == 0);
	net_cable();
	capture_start();
	CHECK(agree(&tunnel));
	CHECK(exchange());
	CHECK(finish());
	return capture_is_clean() && left(1) == 0;
}

/* It loses its name first, and ends with the last of ours in it: the other end
 * then has no link. */
static int namespace_gone(void)
{
	uint64_t until;

	CHECK(agree(&tunnel));
	CHECK(net_run(1, "ip netns del sd1"));
	CHECK(exchange());
	CHECK(rekey_from(1));
	CHECK(capture_is_clean());
	CHECK(end_finish(&XFRM));
	end_close(&XFRM);
	close(fd[1]);
	capture_stop();
	net_forget(1);
	until = net_now_ms() + 5000;
	while (net_count(0, "ip link show type veth", "v0") != 0)
		CHECK(net_now_ms() < until);
	CHECK(say(0));
	net_sleep_ms(100);
	CHECK(TUN.error != NULL);
	CHECK(strstr(TUN.error, "No such device") != NULL);
	return end_finish(&TUN);
}

static const struct fault faults[] = {
	{"the clock jumps", clock_jumps},
	{"the peer has gone", peer_gone},
	{"the interface goes", interface_gone},
	{"the interface goes under a tunnel", link_of_tunnel_gone},
	{"the namespace goes", namespace_gone},
};

int main(void)
{
	return faults_run(
		faults, sizeof faults / sizeof faults[0], END_TUN, END_XFRM);
}
