/* A backend that only remembers. SPDX-License-Identifier: MIT */
#include "fake_backend.h"

#include <string.h>

static struct fake_backend *self(struct sdesp_backend *be)
{
	return (struct fake_backend *)be;
}

static void misuse(struct fake_backend *fake, const char *what)
{
	if (fake->misuse == NULL)
		fake->misuse = what;
}

/* 1 when this call is to fail. */
static int fails(struct fake_backend *fake)
{
	fake->calls++;
	return fake->fail_at != 0 && fake->calls >= fake->fail_at &&
	       fake->calls - fake->fail_at <= fake->fail_more;
}

static int alike(const struct fake_sa *sa, const struct sdesp_flow *flow)
{
	if (!sdesp_addr_equal(&sa->flow.local, &flow->local))
		return 0;
	return sa->inbound || sdesp_addr_equal(&sa->flow.remote, &flow->remote);
}

static struct fake_sa *lookup(struct fake_backend *fake,
	const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	for (unsigned i = 0; i < FAKE_SAS; i++) {
		struct fake_sa *sa = &fake->sas[i];

		if (sa->state != SDESP_SA_NONE && sa->inbound == inbound &&
			sa->sa.spi == spi && alike(sa, flow))
			return sa;
	}
	return NULL;
}

static struct fake_sa *room(struct fake_backend *fake)
{
	unsigned used = fake_backend_sas(fake);

	if (used + 1 > fake->max_sas)
		fake->max_sas = used + 1;
	for (unsigned i = 0; i < FAKE_SAS; i++) {
		if (fake->sas[i].state == SDESP_SA_NONE)
			return &fake->sas[i];
	}
	return NULL;
}

static void features(struct sdesp_backend *be, struct sdesp_features *f)
{
	*f = self(be)->features;
}

static int spi_reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct fake_backend *fake = self(be);
	struct fake_sa *sa;

	if (fails(fake))
		return SDESP_ERR_BACKEND;
	if (spi < SDESP_SPI_MIN)
		misuse(fake, "a reserved SPI is asked for");
	if (flow->udp && spi < 0xc0000000)
		misuse(fake, "an SPI that is not clear of other protocols");
	if (fake->taken_spis > 0) {
		fake->taken_spis--;
		return SDESP_ERR_EXISTS;
	}
	if (lookup(fake, flow, spi, 1) != NULL)
		return SDESP_ERR_EXISTS;
	sa = room(fake);
	if (sa == NULL)
		return SDESP_ERR_SPACE;
	memset(sa, 0, sizeof *sa);
	sa->state = SDESP_SA_LARVAL;
	sa->inbound = 1;
	sa->flow = *flow;
	sa->sa.spi = spi;
	return SDESP_OK;
}

static int spi_release(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct fake_backend *fake = self(be);
	struct fake_sa *sa = lookup(fake, flow, spi, 1);
	int status = fails(fake) ? SDESP_ERR_BACKEND : SDESP_OK;

	if (sa == NULL || sa->state != SDESP_SA_LARVAL) {
		misuse(fake, "an SPI is released that is not reserved");
		return SDESP_ERR_GONE;
	}
	memset(sa, 0, sizeof *sa);
	return status;
}

static unsigned find_key(
	const struct fake_backend *fake, const struct sdesp_sa *sa)
{
	unsigned i = 0;

	while (i < fake->nkeys &&
		memcmp(fake->keys[i], sa->keymat, FAKE_KEY_LEN) != 0)
		i++;
	return i;
}

static void remember_key(struct fake_backend *fake, const struct sdesp_sa *sa)
{
	unsigned i = find_key(fake, sa);

	if (i == fake->nkeys && i < FAKE_KEYS)
		memcpy(fake->keys[fake->nkeys++], sa->keymat, FAKE_KEY_LEN);
}

static int sa_add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct fake_backend *fake = self(be);
	struct fake_sa *own = lookup(fake, flow, sa->spi, inbound);

	if (fails(fake))
		return SDESP_ERR_BACKEND;
	if (own != NULL && own->state != SDESP_SA_LARVAL) {
		misuse(fake, "an SA is added twice");
		return SDESP_ERR_EXISTS;
	}
	if ((fake->features.suites & SDESP_SUITE_BIT(sa->suite)) == 0 ||
		sa->window < 32 || sa->window > fake->features.max_window ||
		sa->esn > fake->features.esn)
		misuse(fake, "an SA beyond the features");
	if (flow->nts < 1 || (flow->mode & fake->features.modes) == 0)
		misuse(fake, "a flow beyond the features");
	if (fake_backend_policy(fake, flow) == NULL)
		misuse(fake, "an SA before the flow is blocked");
	if (!inbound && fake_backend_sends(fake, flow) == sa->spi)
		misuse(fake, "a policy names an SA that was not there");
	if (!inbound && find_key(fake, sa) < fake->nkeys &&
		fake->spent[find_key(fake, sa)])
		misuse(fake, "an outbound key is used again: nonces repeat");
	if (own == NULL)
		own = room(fake);
	if (own == NULL)
		return SDESP_ERR_SPACE;
	remember_key(fake, sa);
	memset(own, 0, sizeof *own);
	own->state = SDESP_SA_MATURE;
	own->inbound = inbound != 0;
	own->flow = *flow;
	own->sa = *sa;
	return SDESP_OK;
}

static int sa_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound)
{
	struct fake_backend *fake = self(be);
	struct fake_sa *sa = lookup(fake, old, spi, inbound);

	if (fails(fake))
		return SDESP_ERR_BACKEND;
	if (sa == NULL || sa->state == SDESP_SA_LARVAL) {
		misuse(fake, "an SA is moved that is not there");
		return SDESP_ERR_GONE;
	}
	if (!sdesp_flow_equal(&sa->flow, old))
		misuse(fake, "an SA is moved from where it was not");
	sa->flow = *flow;
	return SDESP_OK;
}

static int sa_delete(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	struct fake_backend *fake = self(be);
	struct fake_sa *sa = lookup(fake, flow, spi, inbound);
	int status = fails(fake) ? SDESP_ERR_BACKEND : SDESP_OK;

	if (sa == NULL && fake->vanished > 0) {
		fake->vanished--;
		return SDESP_ERR_GONE;
	}
	if (sa == NULL || sa->state == SDESP_SA_LARVAL) {
		misuse(fake, "an SA is deleted that is not there");
		return SDESP_ERR_GONE;
	}
	if (!sdesp_flow_equal(&sa->flow, flow))
		misuse(fake, "an SA is deleted under another flow");
	memset(sa, 0, sizeof *sa);
	return status;
}

static int sa_query(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound, struct sdesp_sa_stats *stats)
{
	struct fake_backend *fake = self(be);
	struct fake_sa *sa = lookup(fake, flow, spi, inbound);

	if (fails(fake))
		return SDESP_ERR_BACKEND;
	if (sa == NULL)
		return SDESP_ERR_GONE;
	*stats = sa->stats;
	if (stats->state == SDESP_SA_NONE)
		stats->state = sa->state;
	return SDESP_OK;
}

static struct fake_policy *find_policy(
	struct fake_backend *fake, const struct sdesp_flow *flow)
{
	for (unsigned i = 0; i < FAKE_POLICIES; i++) {
		if (fake->policies[i].used &&
			sdesp_flow_equal(&fake->policies[i].flow, flow))
			return &fake->policies[i];
	}
	return NULL;
}

static int policy_set(struct sdesp_backend *be, const struct sdesp_flow *flow,
	enum sdesp_action action, uint32_t spi)
{
	struct fake_backend *fake = self(be);
	struct fake_policy *policy = find_policy(fake, flow);
	const struct fake_sa *sa = lookup(fake, flow, spi, 0);

	if (fails(fake))
		return SDESP_ERR_BACKEND;
	if (action == SDESP_PROTECT &&
		(sa == NULL || !sdesp_flow_equal(&sa->flow, flow))) {
		misuse(fake, "a policy names an SA that is not there");
		return SDESP_ERR_GONE;
	}
	for (unsigned i = 0; policy == NULL && i < FAKE_POLICIES; i++) {
		if (!fake->policies[i].used)
			policy = &fake->policies[i];
	}
	if (policy == NULL)
		return SDESP_ERR_SPACE;
	if (action == SDESP_PROTECT && find_key(fake, &sa->sa) < FAKE_KEYS)
		fake->spent[find_key(fake, &sa->sa)] = 1;
	policy->used = 1;
	policy->action = (uint8_t)action;
	policy->spi = action == SDESP_PROTECT ? spi : 0;
	policy->flow = *flow;
	return SDESP_OK;
}

static int policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct fake_backend *fake = self(be);
	struct fake_policy *policy = find_policy(fake, flow);
	int status = fails(fake) ? SDESP_ERR_BACKEND : SDESP_OK;

	if (policy == NULL) {
		misuse(fake, "a policy is deleted that is not there");
		return SDESP_ERR_GONE;
	}
	memset(policy, 0, sizeof *policy);
	return status;
}

static int poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct fake_backend *fake = self(be);

	if (fake->nevents == 0)
		return 0;
	*ev = fake->events[0];
	fake->nevents--;
	memmove(&fake->events[0], &fake->events[1],
		fake->nevents * sizeof fake->events[0]);
	return 1;
}

static const struct sdesp_backend_class class = {
	.version = 1,
	.name = "fake",
	.features = features,
	.spi_reserve = spi_reserve,
	.spi_release = spi_release,
	.sa_add = sa_add,
	.sa_move = sa_move,
	.sa_delete = sa_delete,
	.sa_query = sa_query,
	.policy_set = policy_set,
	.policy_delete = policy_delete,
	.poll = poll,
};

void fake_backend_init(struct fake_backend *fake)
{
	memset(fake, 0, sizeof *fake);
	fake->base.vtable = &class;
	fake->features.suites =
		SDESP_SUITE_BIT(SDESP_SUITE_END) - SDESP_SUITE_BIT(1);
	fake->features.max_window = SDESP_MAX_WINDOW;
	fake->features.modes = SDESP_TRANSPORT | SDESP_TUNNEL;
	fake->features.esn = 1;
	fake->features.udp = 1;
	fake->features.raw = 1;
	fake->features.ipv4 = 1;
	fake->features.ipv6 = 1;
}

void fake_backend_fail(struct fake_backend *fake, unsigned nth, unsigned more)
{
	fake->fail_at = nth != 0 ? fake->calls + nth : 0;
	fake->fail_more = more;
}

unsigned fake_backend_sas(const struct fake_backend *fake)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_SAS; i++)
		n += fake->sas[i].state != SDESP_SA_NONE;
	return n;
}

unsigned fake_backend_policies(const struct fake_backend *fake)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_POLICIES; i++)
		n += fake->policies[i].used;
	return n;
}

int fake_backend_empty(const struct fake_backend *fake)
{
	return fake_backend_sas(fake) == 0 && fake_backend_policies(fake) == 0;
}

struct fake_sa *fake_backend_find(
	struct fake_backend *fake, uint32_t spi, int inbound)
{
	for (unsigned i = 0; i < FAKE_SAS; i++) {
		struct fake_sa *sa = &fake->sas[i];

		if (sa->state != SDESP_SA_NONE && sa->sa.spi == spi &&
			sa->inbound == inbound)
			return sa;
	}
	return NULL;
}

const struct fake_policy *fake_backend_policy(
	const struct fake_backend *fake, const struct sdesp_flow *flow)
{
	for (unsigned i = 0; i < FAKE_POLICIES; i++) {
		if (fake->policies[i].used &&
			sdesp_flow_equal(&fake->policies[i].flow, flow))
			return &fake->policies[i];
	}
	return NULL;
}

uint32_t fake_backend_sends(
	const struct fake_backend *fake, const struct sdesp_flow *flow)
{
	const struct fake_policy *policy = fake_backend_policy(fake, flow);

	return policy != NULL ? policy->spi : 0;
}

static struct sdesp_backend_event *queue(
	struct fake_backend *fake, const struct fake_sa *sa)
{
	struct sdesp_backend_event *ev =
		&fake->events[fake->nevents++ % FAKE_EVENTS];

	memset(ev, 0, sizeof *ev);
	if (sa != NULL) {
		ev->inbound = sa->inbound;
		ev->spi = sa->sa.spi;
		ev->local = sa->flow.local;
	}
	return ev;
}

void fake_backend_raise(struct fake_backend *fake, const struct fake_sa *sa,
	enum sdesp_backend_event_type type)
{
	queue(fake, sa)->type = (uint8_t)type;
}

void fake_backend_raise_moved(struct fake_backend *fake,
	const struct fake_sa *sa, const struct sdesp_addr *addr,
	uint32_t quiet_ms)
{
	struct sdesp_backend_event *ev = queue(fake, sa);

	ev->type = SDESP_BACKEND_MOVED;
	ev->addr = *addr;
	ev->quiet_ms = quiet_ms;
}

void fake_backend_raise_lost(struct fake_backend *fake)
{
	queue(fake, NULL)->type = SDESP_BACKEND_LOST;
}

void fake_backend_vanish(struct fake_backend *fake, struct fake_sa *sa)
{
	fake->vanished++;
	memset(sa, 0, sizeof *sa);
}

int fake_backend_key_in(
	const struct fake_backend *fake, const void *octets, size_t len)
{
	const uint8_t *p = octets;

	for (size_t at = 0; at + FAKE_KEY_LEN <= len; at++) {
		for (unsigned i = 0; i < fake->nkeys; i++) {
			if (memcmp(p + at, fake->keys[i], FAKE_KEY_LEN) == 0)
				return 1;
		}
	}
	return 0;
}
