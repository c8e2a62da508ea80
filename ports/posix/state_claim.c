/*
 * What a file says of SAs that a program has taken.
 * SPDX-License-Identifier: MIT
 */
#include "ports/posix/state.h"

void state_backend_begin(struct state_backend *b, int begun)
{
	unsigned i;

	for (i = 0; i < STATE_SAS; i++) {
		if (b->sas[i].state == SDESP_SA_LARVAL)
			b->sas[i].unclean = begun != 0;
	}
}

int state_backend_begun(const struct state_backend *b)
{
	unsigned i;

	for (i = 0; i < STATE_SAS; i++) {
		if (b->sas[i].state == SDESP_SA_LARVAL && b->sas[i].unclean)
			return 1;
	}
	return 0;
}

/* If we are killed, the window of an inbound SA is lost, and a kernel goes on
 * sending with an outbound one: nobody knows its numbers then. */
void state_backend_claim(struct state_backend *b, struct state_sa *sa)
{
	sa->lent = STATE_CLAIMED;
	if (sa->inbound)
		sa->unclean = 1;
	else
		sa->spent = b->outlives;
}

void state_backend_unclaim(struct state_sa *sa)
{
	sa->lent = STATE_RESTS;
	if (sa->inbound)
		sa->unclean = 0;
	else
		sa->spent = 0;
}
