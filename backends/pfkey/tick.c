/*
 * What has to be asked for: packets against limits, and first use.
 * SPEC 9.3. SPDX-License-Identifier: MIT
 */
#include "events.h"
#include "methods.h"

#define EVERY_MS 1000

static int told(const struct sdesp_pfkey_sa *sa, unsigned type)
{
	return (sa->told & 1U << type) != 0;
}

/* Are packets to be counted for the kernel? It may do it itself, and say so
 * by EXPIRE. */
static int limited(
	const struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *sa)
{
	return !pf->config.dialect->counts &&
	       (sa->hard.packets != 0 || sa->soft.packets != 0);
}

static int watched(
	const struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *sa)
{
	if (sa->state <= SDESP_SA_LARVAL || told(sa, SDESP_BACKEND_HARD) ||
		told(sa, SDESP_BACKEND_GONE))
		return 0;
	return limited(pf, sa) ||
	       (sa->inbound && !told(sa, SDESP_BACKEND_USED));
}

static void judge(struct sdesp_pfkey_sa *sa, const struct sdesp_sa_stats *stats)
{
	if (sa->inbound && stats->packets != 0)
		sdesp_pfkey_raise(sa, SDESP_BACKEND_USED);
	if (sa->soft.packets != 0 && stats->packets >= sa->soft.packets)
		sdesp_pfkey_raise(sa, SDESP_BACKEND_SOFT);
	if (sa->hard.packets != 0 && stats->packets >= sa->hard.packets)
		sdesp_pfkey_raise(sa, SDESP_BACKEND_HARD);
}

/* A kernel that does not answer is asked about nothing more this time. */
uint64_t sdesp_pfkey_tick(struct sdesp_pfkey *pf, uint64_t now_ms)
{
	int any = 0, due = now_ms >= pf->next_ms, mute = 0;
	struct sdesp_sa_stats stats;

	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++) {
		struct sdesp_pfkey_sa *sa = &pf->sas[i];
		int status;

		if (!watched(pf, sa))
			continue;
		any = 1;
		if (!due || mute)
			continue;
		status = sdesp_pfkey_stats(pf, sa, &stats);
		if (status == SDESP_OK)
			judge(sa, &stats);
		else if (status == SDESP_ERR_GONE)
			sdesp_pfkey_raise(sa, SDESP_BACKEND_GONE);
		else
			mute = pf->unsure;
	}
	if (due)
		pf->next_ms = now_ms + EVERY_MS;
	return any ? pf->next_ms : UINT64_MAX;
}
