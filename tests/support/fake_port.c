/* A platform without chance. SPDX-License-Identifier: MIT */
#include "fake_port.h"

#include <string.h>

#include "dice.h"

static int fill(void *ctx, uint8_t *buf, size_t len)
{
	struct fake_port *fake = ctx;

	fake->calls++;
	if (fake->fail_at != 0 && fake->calls >= fake->fail_at)
		return SDESP_ERR_RANDOM;
	dice_fill(&fake->dice, buf, len);
	return SDESP_OK;
}

void fake_port_init(struct fake_port *fake, uint64_t seed)
{
	memset(fake, 0, sizeof *fake);
	fake->dice.state = seed;
	fake->port.random = fill;
	fake->port.ctx = fake;
	fake->port.kex = &sdesp_bearssl_kex;
}
