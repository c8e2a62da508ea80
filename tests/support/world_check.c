/* What must always be so (SPEC 9 and 12.5). SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/world.h"

static int memory_holds(
	const void *memory, size_t size, const void *what, size_t len)
{
	const uint8_t *p = memory;

	for (size_t i = 0; i + len <= size; i++)
		if (p[i] == *(const uint8_t *)what &&
			memcmp(p + i, what, len) == 0)
			return 1;
	return 0;
}

static int negotiated(const struct sdesp_session_info *info)
{
	switch (info->state) {
	case SDESP_IDLE:
	case SDESP_OFFERED:
	case SDESP_CLOSED:
		return 0;
	default:
		return 1;
	}
}

/* What may leave: nothing, or through an SA that is there. */
static void check_flow(struct world_end *e)
{
	struct sdesp_session_info info;
	const struct fake_policy *policy;
	const struct fake_sa *sa;

	sdesp_session_info(&e->session, &info);
	if (!negotiated(&info))
		return;
	policy = fake_backend_policy(&e->backend, &info.flow);
	WORLD_HOLDS(policy != NULL);
	if (policy->action == SDESP_BLOCK)
		return;
	sa = fake_backend_find(&e->backend, policy->spi, 0);
	if (sa == NULL) {
		/* A backend that would not block when the SA died: what is
		 * to be protected and cannot be is dropped. */
		WORLD_HOLDS(world_has_failed(e));
		return;
	}
	WORLD_HOLDS(!info.held || world_has_failed(e));
	WORLD_HOLDS(sdesp_addr_equal(&sa->flow.remote, &info.flow.remote));
}

/* Keys are the backend's alone; an offer's secrets go with the offer. */
static void check_secrets(struct world_end *e)
{
	struct sdesp_session_info info;

	sdesp_session_info(&e->session, &info);
	for (unsigned i = 0; i < world.ninstalled; i++)
		WORLD_HOLDS(!memory_holds(&e->session, sizeof e->session,
			world.installed[i].keymat, 16));
	if (info.state != SDESP_CONFIRMED && info.state != SDESP_IDLE)
		return;
	for (unsigned i = 0; info.method != SDESP_INLINE && i < world.nsecrets;
		i++)
		WORLD_HOLDS(!memory_holds(
			&e->session, sizeof e->session, world.secret[i], 32));
}

/* Both say that they are connected to each other: they share the keys. */
static void check_agreement(struct world_end *a, struct world_end *b)
{
	struct sdesp_session_info x, y;
	const struct fake_sa *in, *out;

	sdesp_session_info(&a->session, &x);
	sdesp_session_info(&b->session, &y);
	if (x.spi_in == 0 || x.spi_in != y.spi_out || y.spi_in != x.spi_out)
		return;
	for (int turn = 0; turn < 2; turn++) {
		in = fake_backend_find(&a->backend, x.spi_in, 1);
		out = fake_backend_find(&b->backend, y.spi_out, 0);
		if (in != NULL && out != NULL) {
			WORLD_HOLDS(memcmp(in->sa.keymat, out->sa.keymat,
					    sizeof in->sa.keymat) == 0);
			WORLD_HOLDS(in->sa.suite == out->sa.suite);
			WORLD_HOLDS(in->sa.esn == out->sa.esn);
			world.agreed++;
		}
		in = fake_backend_find(&b->backend, y.spi_in, 1);
		out = fake_backend_find(&a->backend, x.spi_out, 0);
	}
}

/* The fake backend also sees a key again that never carried a packet: that is
 * how an answer is taken once more after the backend failed. */
static void check_misuse(struct world_end *e)
{
	const char *misuse = e->backend.misuse;

	if (misuse == NULL)
		return;
	if (world_has_failed(e) && strcmp(misuse, "a key is used twice") == 0)
		return;
	fprintf(stderr, "%s\n", misuse);
	WORLD_HOLDS(misuse == NULL);
}

void world_check(void)
{
	for (unsigned i = 0; i < WORLD_ENDS; i++) {
		(void)world_has_failed(&world.end[i]);
		check_misuse(&world.end[i]);
		check_flow(&world.end[i]);
		check_secrets(&world.end[i]);
		for (unsigned j = 0; j < i; j++)
			check_agreement(&world.end[i], &world.end[j]);
	}
}
