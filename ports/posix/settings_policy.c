/*
 * The policy of a session, made from settings when it is needed.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/settings.h"

static int has(const struct sdesp_policy *p, const struct sdesp_proposal *one)
{
	unsigned i;

	for (i = 0; i < p->nproposals; i++) {
		const struct sdesp_proposal *other = &p->proposals[i];

		if (other->suite == one->suite &&
			other->method == one->method && other->esn == one->esn)
			return 1;
	}
	return 0;
}

static int add(
	struct sdesp_policy *p, unsigned suite, unsigned method, unsigned esn)
{
	struct sdesp_proposal one;

	one.suite = (uint8_t)suite;
	one.method = (uint8_t)method;
	one.esn = (uint8_t)esn;
	if (has(p, &one))
		return SDESP_OK;
	if (p->nproposals == SDESP_MAX_CRYPTO)
		return SDESP_ERR_LIMIT;
	p->proposals[p->nproposals++] = one;
	return SDESP_OK;
}

/* Every suite by every method that may be offered, preferred method first. */
static int add_all(struct settings *s)
{
	unsigned m, i;

	for (m = 0; m < s->nmethods; m++) {
		if (s->methods[m] == SDESP_INLINE && !s->local.secured)
			continue;
		for (i = 0; i < s->nsuites; i++) {
			if (add(&s->policy, s->suites[i], s->methods[m],
				    s->esn == ESN_ONLY) != SDESP_OK)
				return SDESP_ERR_LIMIT;
		}
	}
	return SDESP_OK;
}

/* Of the offered lines those that we allow: never more than fit. */
static void add_offered(struct settings *s, const struct sdesp_desc *desc)
{
	unsigned i;

	for (i = 0; i < desc->ncrypto; i++) {
		const struct sdesp_attr_crypto *line = &desc->crypto[i];

		if (memchr(s->suites, line->suite, s->nsuites) != NULL &&
			memchr(s->methods, line->method, s->nmethods) != NULL &&
			(line->esn || s->esn != ESN_ONLY) &&
			add(&s->policy, line->suite, line->method, line->esn) !=
				SDESP_OK)
			return;
	}
}

static void add_psks(struct settings *s)
{
	unsigned i;

	for (i = 0; i < s->npsks; i++) {
		const struct psk_record *r = &s->psks[i];

		s->views[i].token = r->token;
		s->views[i].key = r->key;
		s->views[i].key_len = r->key_len;
		s->views[i].own = r->own;
		s->views[i].peer = r->peer;
	}
	s->policy.psks = s->views;
	s->policy.npsks = s->npsks;
	s->policy.psk_required = s->npsks > 0;
	s->policy.psk_offer = s->psk_offer[0] != '\0' ? s->psk_offer : NULL;
}

int settings_policy(struct settings *s, const struct sdesp_section *offer)
{
	struct sdesp_desc desc;
	struct sdesp_why why;
	int status = SDESP_OK;

	sdesp_policy_init(&s->policy);
	s->policy.nproposals = 0;
	s->policy.loopback = s->loopback;
	s->policy.window = s->window;
	s->policy.hard = s->hard;
	add_psks(s);
	s->local.media = s->media;
	s->local.proto = s->proto;
	s->local.fmt = s->fmt[0] != '\0' ? s->fmt : NULL;
	if (offer != NULL && sdesp_desc_read(&desc, offer, &why) == SDESP_OK)
		add_offered(s, &desc);
	explicit_bzero(&desc, sizeof desc);
	/* A section that cannot be read, or has no line that we allow, is
	 * refused by the session, which says why. */
	if (s->policy.nproposals == 0)
		status = add_all(s);
	return offer != NULL ? SDESP_OK : status;
}
