/*
 * Sequence numbers are reserved in the state file before they are used: a
 * program that dies loses some, none is used twice.
 * SPDX-License-Identifier: MIT
 */
#include "ports/posix/outbound.h"
#include "ports/posix/report.h"

int outbound_find(struct state *st, struct state_sa **sa)
{
	struct sdesp_session_info info;

	sdesp_session_info(&st->session, &info);
	*sa = state_backend_find(&st->backend, info.spi_out, 0);
	if (*sa == NULL)
		return refuse("%s: no keys: the answer is missing, or they "
			      "have expired",
			st->path);
	if (info.held)
		return refuse("%s: the session is on hold", st->path);
	if ((*sa)->spent)
		return refuse("%s: the outbound SA is spent: its keys were "
			      "given away (sdesp sa, or a run in the kernel "
			      "that was killed), somebody else may send with "
			      "them; rekey first",
			st->path);
	if ((*sa)->state == SDESP_SA_DEAD)
		return refuse(
			"%s: the keys have expired; rekey first", st->path);
	return DONE;
}

int outbound_reserve(struct state *st, struct state_sa *sa, uint64_t used)
{
	sa->stats.seq = used + OUTBOUND_BLOCK;
	return state_store(st);
}
