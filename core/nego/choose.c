/* The floor, and the choice of a line. SPDX-License-Identifier: MIT */
#include "nego/choose.h"

#include "nego/refuse.h"

unsigned sdesp_psk_find(
	const struct sdesp_policy *policy, struct sdesp_span token)
{
	for (size_t i = 0; i < policy->npsks; i++) {
		if (sdesp_span_is(token, policy->psks[i].token))
			return (unsigned)i + 1;
	}
	return 0;
}

static unsigned strength(unsigned suite)
{
	return sdesp_suite_by_id(suite)->strength;
}

int sdesp_floor_check(const struct sdesp_floor *floor,
	const struct sdesp_proposal *proposal, unsigned psk)
{
	const struct sdesp_keying *live = floor->live;

	if ((floor->features.suites & SDESP_SUITE_BIT(proposal->suite)) == 0 ||
		proposal->esn > floor->features.esn)
		return SDESP_ERR_NO_SUITE;
	if (proposal->method == SDESP_INLINE && !floor->secured)
		return SDESP_ERR_INSECURE;
	if (psk == 0 && floor->policy->psk_required)
		return SDESP_ERR_FLOOR;
	if (live == NULL)
		return SDESP_OK;
	if ((live->method == SDESP_X25519 &&
		    proposal->method == SDESP_INLINE) ||
		(live->psk != 0 && psk == 0) ||
		strength(proposal->suite) < strength(live->suite))
		return SDESP_ERR_FLOOR;
	return SDESP_OK;
}

static int listed(const struct sdesp_policy *policy,
	const struct sdesp_proposal *proposal)
{
	for (unsigned i = 0; i < policy->nproposals; i++) {
		const struct sdesp_proposal *own = &policy->proposals[i];

		if (own->suite == proposal->suite &&
			own->method == proposal->method &&
			own->esn == proposal->esn)
			return 1;
	}
	return 0;
}

static int judge(const struct sdesp_floor *floor,
	const struct sdesp_attr_crypto *line, unsigned *psk)
{
	struct sdesp_proposal proposal = {line->suite, line->method, line->esn};

	*psk = 0;
	if (!listed(floor->policy, &proposal))
		return SDESP_ERR_NO_SUITE;
	if (line->psk.p != NULL) {
		*psk = sdesp_psk_find(floor->policy, line->psk);
		if (*psk == 0)
			return SDESP_ERR_PSK;
	}
	return sdesp_floor_check(floor, &proposal, *psk);
}

static const char *reason(int status)
{
	switch (status) {
	case SDESP_ERR_INSECURE:
		return "the key is in the open, and the signalling is not "
		       "secured";
	case SDESP_ERR_FLOOR:
		return "the line is below what this end, or the pair in use, "
		       "demands";
	case SDESP_ERR_PSK:
		return "there is no pre-shared key of this name";
	default:
		return "this end supports none of the lines";
	}
}

/*
 * When none will do, the reason given is that of the first line that was
 * turned down for more than not being listed; else that of a void line.
 */
int sdesp_choose_line(unsigned *line, unsigned *psk,
	const struct sdesp_floor *floor, const struct sdesp_desc *desc,
	struct sdesp_why *why)
{
	int worst = SDESP_ERR_NO_SUITE;
	unsigned place = desc->crypto_line[0];

	for (unsigned i = 0; i < desc->ncrypto; i++) {
		int status = judge(floor, &desc->crypto[i], psk);

		if (status == SDESP_OK) {
			*line = i;
			return SDESP_OK;
		}
		if (worst == SDESP_ERR_NO_SUITE &&
			status != SDESP_ERR_NO_SUITE) {
			worst = status;
			place = desc->crypto_line[i];
		}
	}
	if (worst == SDESP_ERR_NO_SUITE && desc->nvoid > 0) {
		if (why != NULL)
			*why = desc->first_void;
		return desc->first_void.status;
	}
	return sdesp_refuse(why, worst, place, reason(worst), NULL);
}
