/* The world's ends, and what stands between them and it.
 * SPDX-License-Identifier: MIT */
#include "tests/support/world.h"

#include <string.h>

struct world world;

size_t world_below(size_t n)
{
	return dice_below(&world.dice, n);
}

static struct world_end *end_of(struct sdesp_backend *be)
{
	for (unsigned i = 0; i < WORLD_ENDS; i++)
		if (&world.end[i].backend.base == be)
			return &world.end[i];
	return NULL;
}

/* Once a call has failed, always. */
int world_has_failed(struct world_end *e)
{
	const struct fake_backend *be = &e->backend;

	if (be->fail_at != 0 && be->calls >= be->fail_at)
		e->failed = 1;
	return e->failed;
}

static int draw(void *ctx, uint8_t *buf, size_t len)
{
	struct world_end *e = ctx;

	if (e->random_fails > 0 && --e->random_fails == 0)
		return SDESP_ERR_RANDOM;
	dice_fill(&world.dice, buf, len);
	if (len == 32 && world.nsecrets < WORLD_SECRETS)
		memcpy(world.secret[world.nsecrets++], buf, 32);
	return 0;
}

/* No SPI comes back. */
static int reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct world_end *e = end_of(be);
	int status = e->fake->spi_reserve(be, flow, spi);

	if (status != SDESP_OK || world.nreserved == WORLD_SECRETS)
		return status;
	for (unsigned i = 0; i < world.nreserved; i++)
		WORLD_HOLDS(world.reserved[i].end != e->id ||
			    world.reserved[i].spi != spi);
	world.reserved[world.nreserved].end = e->id;
	world.reserved[world.nreserved++].spi = spi;
	WORLD_HOLDS(spi >= SDESP_SPI_MIN && (!flow->udp || spi >> 24 >= 0xc0));
	return status;
}

/* A key is installed once inbound here and once outbound there. Only one that
 * never carried a packet, because its backend failed before the flow was let
 * through, may be installed again. */
static int add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct world_end *e = end_of(be);
	int status = e->fake->sa_add(be, flow, sa, inbound);

	if (status != SDESP_OK || world.ninstalled == WORLD_SECRETS)
		return status;
	for (unsigned i = 0; i < world.ninstalled; i++) {
		if (memcmp(world.installed[i].keymat, sa->keymat, 16) != 0)
			continue;
		if (world.installed[i].end == e->id) {
			WORLD_HOLDS(world.installed[i].inbound == inbound);
			WORLD_HOLDS(world_has_failed(e) &&
				    !world.installed[i].used);
			return status;
		}
		WORLD_HOLDS(world.installed[i].inbound != inbound);
		WORLD_HOLDS(world.installed[i].spi == sa->spi);
		WORLD_HOLDS(memcmp(world.installed[i].keymat, sa->keymat,
				    sizeof sa->keymat) == 0);
	}
	memcpy(world.installed[world.ninstalled].keymat, sa->keymat,
		sizeof sa->keymat);
	world.installed[world.ninstalled].spi = sa->spi;
	world.installed[world.ninstalled].end = e->id;
	world.installed[world.ninstalled++].inbound = inbound;
	return status;
}

/* From now on the pair carries packets. */
static int set_policy(struct sdesp_backend *be, const struct sdesp_flow *flow,
	enum sdesp_action action, uint32_t spi)
{
	struct world_end *e = end_of(be);
	int status = e->fake->policy_set(be, flow, action, spi);
	const struct fake_sa *sa = fake_backend_find(&e->backend, spi, 0);

	if (status != SDESP_OK || action != SDESP_PROTECT || sa == NULL)
		return status;
	for (unsigned i = 0; i < world.ninstalled; i++)
		if (world.installed[i].end == e->id &&
			memcmp(world.installed[i].keymat, sa->sa.keymat, 16) ==
				0)
			world.installed[i].used = 1;
	return status;
}

void world_begin_end(unsigned i)
{
	struct world_end *e = &world.end[i];
	struct sdesp_local *l = &e->local;

	memset(e, 0, sizeof *e);
	e->id = i;
	fake_backend_init(&e->backend);
	e->fake = e->backend.base.vtable;
	e->class = *e->fake;
	e->class.spi_reserve = reserve;
	e->class.sa_add = add;
	e->class.policy_set = set_policy;
	e->backend.base.vtable = &e->class;
	e->port.random = draw;
	e->port.ctx = e;
	e->port.kex = &sdesp_bearssl_kex;
	l->media = "application";
	l->proto = "UDP/ESP";
	l->addr.family = 4;
	l->addr.ip[0] = 192;
	l->addr.ip[2] = 2;
	l->addr.ip[3] = (uint8_t)(10 + i);
	l->addr.port = 4500;
	l->secured = 1;
	l->modes[0] = SDESP_TRANSPORT;
	l->nmodes = 1;
	l->nts = 1;
	l->ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	l->ts[0].local.kind = SDESP_TS_SELF;
	l->ts[0].remote.kind = SDESP_TS_PEER;
	l->ts[0].local.hi = l->ts[0].remote.hi = 65535;
	WORLD_HOLDS(sdesp_session_init(&e->session, &world.policy,
			    &e->backend.base, &e->port) == 0);
}

void world_begin(uint64_t seed)
{
	const char *phase = world.phase;
	unsigned agreed = world.agreed, rekeyed = world.rekeyed,
		 failed = world.failed_calls;

	memset(&world, 0, sizeof world);
	world.phase = phase;
	world.agreed = agreed;
	world.rekeyed = rekeyed;
	world.failed_calls = failed;
	world.seed = seed;
	world.dice.state = seed;
	world.now_ms = 1000000;
	sdesp_policy_init(&world.policy);
	world.policy.hard.seconds = world_below(2) ? 3600 : 0;
	world.policy.hard.packets = world_below(2) ? 1000000 : 0;
	world.policy.move = (uint8_t)world_below(3);
	if (world_below(3) == 0) {
		for (unsigned i = 0; i < 3; i++)
			world.policy.proposals[i] =
				world.policy.proposals[i + 3];
		world.policy.nproposals = 3;
	}
	for (unsigned i = 0; i < WORLD_ENDS; i++)
		world_begin_end(i);
}

void world_close(struct world_end *e)
{
	static const struct sdesp_session wiped;
	struct sdesp_session_info info;

	(void)sdesp_session_close(&e->session);
	WORLD_HOLDS(fake_backend_empty(&e->backend));
	sdesp_session_info(&e->session, &info);
	WORLD_HOLDS(info.state == SDESP_CLOSED);
	WORLD_HOLDS(info.spi_in == 0 && info.spi_out == 0);
	e->session.state = wiped.state;
	WORLD_HOLDS(memcmp(&e->session, &wiped, sizeof wiped) == 0);
	e->session.state = SDESP_CLOSED;
}
