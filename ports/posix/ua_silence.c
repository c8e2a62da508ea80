/*
 * Peers that vanish without a BYE: no valid packet for long, and no answer.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua.h"

#define LOOK_MS 500 /* how exactly silence is measured */

/* Nothing valid has come for long: a re-INVITE that keeps the keys finds out
 * whether the peer lives, and ends the call if not. */
static void watch(struct ua_call *c, uint64_t now)
{
	struct sdesp_backend *be = ua_path_home(c->ua)->backend;
	uint64_t silence = c->ua->config.silence_ms;
	struct sdesp_sa_stats stats;

	memset(&stats, 0, sizeof stats);
	if (be->vtable->sa_query(
		    be, &c->info.flow, c->info.spi_in, 1, &stats) != SDESP_OK)
		return;
	if (stats.packets != c->packets) {
		c->packets = stats.packets;
		c->heard_ms = now;
		c->asked_ms = 0;
	}
	if (silence == 0 || now - c->heard_ms < silence ||
		now - c->asked_ms < silence)
		return;
	c->asked_ms = now;
	if (sdesp_call_hold(c->call, 0) != SDESP_OK)
		sdesp_call_hangup(c->call);
}

static void look(void *arg)
{
	struct ua *ua = arg;
	uint64_t now = sdesp_posix_now_ms();
	unsigned i;

	for (i = 0; i < UA_CALLS; i++) {
		if (ua->call[i].call != NULL && ua->call[i].established)
			watch(&ua->call[i], now);
	}
	tmr_start(&ua->look, LOOK_MS, look, ua);
}

void ua_silence_open(struct ua *ua)
{
	tmr_start(&ua->look, LOOK_MS, look, ua);
}

void ua_silence_close(struct ua *ua)
{
	tmr_cancel(&ua->look);
}
