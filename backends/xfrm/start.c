/*
 * Begin and end: whose what is, what the kernel can do.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "backend.h"
#include "base/ct.h"
#include "policy.h"
#include "talk.h"

/* No SA has this: RFC 4303 2.1 reserves the SPI. */
#define NOBODY_SPI 1

/* What a probe varies. */
struct probe {
	uint8_t suite, family, mode, udp, esn;
};

/*
 * Change an SA that nobody has. The kernel builds it first, with cipher and
 * encapsulation, and then finds nothing to change: it could.
 */
static int can(struct sdesp_xfrm *x, const struct probe *probe)
{
	struct sdesp_xfrm_ident id;
	struct sdesp_addr addr;
	struct sdesp_sa sa;
	struct sdesp_nl m;

	memset(&addr, 0, sizeof addr);
	addr.family = probe->family;
	addr.ip[probe->family == 4 ? 3 : 15] = 1;
	addr.ip[0] = probe->family == 4 ? 127 : 0;
	addr.port = 1;
	memset(&id, 0, sizeof id);
	id.src = addr;
	id.dst = addr;
	id.spi = NOBODY_SPI;
	id.reqid = x->reqid;
	id.mode = probe->mode;
	id.udp = probe->udp;
	memset(&sa, 0, sizeof sa);
	sa.spi = NOBODY_SPI;
	sa.suite = probe->suite;
	sa.esn = probe->esn;
	sa.window = SDESP_MAX_WINDOW;
	memset(sa.keymat, 0x5a, sizeof sa.keymat);
	return sdesp_xfrm_put_sa(&m, x->request, sizeof x->request,
		       XFRM_MSG_UPDSA, &id, &sa, NULL, 1) &&
	       sdesp_xfrm_talk(x, &m, "asking the kernel for ESP", NULL) ==
		       -ESRCH;
}

/* The rest is asked with the first suite that there is. */
static int find_features(struct sdesp_xfrm *x)
{
	struct probe probe = {0, 4, SDESP_TRANSPORT, 0, 0};
	struct sdesp_features *f = &x->has;

	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		probe.suite = (uint8_t)id;
		if (can(x, &probe))
			f->suites |= SDESP_SUITE_BIT(id);
	}
	if (f->suites == 0)
		return SDESP_ERR_BACKEND;
	probe.suite = 1;
	while ((f->suites & SDESP_SUITE_BIT(probe.suite)) == 0)
		probe.suite++;
	f->max_window = SDESP_MAX_WINDOW;
	f->modes = SDESP_TRANSPORT;
	f->raw = 1;
	f->ipv4 = 1;
	probe.mode = SDESP_TUNNEL;
	if (can(x, &probe))
		f->modes |= SDESP_TUNNEL;
	probe.mode = SDESP_TRANSPORT;
	probe.udp = 1;
	f->udp = (uint8_t)can(x, &probe);
	probe.udp = 0;
	probe.esn = 1;
	f->esn = (uint8_t)can(x, &probe);
	probe.esn = 0;
	probe.family = 6;
	f->ipv6 = (uint8_t)can(x, &probe);
	x->cause[0] = '\0';
	return SDESP_OK;
}

/* The first instance that is free. */
static int claim(struct sdesp_xfrm *x, unsigned *own)
{
	for (*own = 0; *own < SDESP_XFRM_INSTANCES; ++*own) {
		if (x->config.io->claim(x->config.io_ctx, *own) == 0) {
			x->reqid = SDESP_XFRM_REQID + *own * SDESP_XFRM_RANGE;
			return SDESP_OK;
		}
	}
	return SDESP_ERR_EXISTS;
}

int sdesp_xfrm_init(
	struct sdesp_xfrm *x, const struct sdesp_xfrm_config *config)
{
	unsigned own;
	int status;

	memset(x, 0, sizeof *x);
	if (config->io == NULL)
		return SDESP_ERR_ARG;
	x->base.vtable = &sdesp_xfrm_class;
	x->config = *config;
	status = claim(x, &own);
	if (status != SDESP_OK)
		return status;
	status = sdesp_xfrm_bury(x, 0) == 0 && sdesp_xfrm_find_half(x) == 0
			 ? find_features(x)
			 : SDESP_ERR_BACKEND;
	if (status != SDESP_OK)
		x->config.io->release(x->config.io_ctx, own);
	x->open = status == SDESP_OK;
	return status;
}

static void end(struct sdesp_xfrm *x, int policies)
{
	(void)sdesp_xfrm_bury(x, policies);
	x->config.io->release(x->config.io_ctx, sdesp_xfrm_instance(x->reqid));
	sdesp_wipe(x, sizeof *x);
}

void sdesp_xfrm_close(struct sdesp_xfrm *x)
{
	if (x->open)
		end(x, 1);
}

void sdesp_xfrm_leave(struct sdesp_xfrm *x)
{
	if (!x->open)
		return;
	for (size_t i = 0; i < SDESP_XFRM_FLOWS && !x->heir; i++) {
		struct sdesp_flow flow = x->policies[i].flow;

		if (x->policies[i].used)
			(void)sdesp_xfrm_policy_delete(&x->base, &flow);
	}
	end(x, 0);
}

const char *sdesp_xfrm_cause(const struct sdesp_xfrm *x)
{
	return x->cause;
}
