/*
 * What may happen in which state, and what comes next. SPEC 9.4.
 * SPDX-License-Identifier: MIT
 */
#include "session/session.h"

/* The cells: the next state, or the status that refuses the input. */
enum {
	no = SDESP_ERR_STATE,
	glar = SDESP_ERR_GLARE,
	idle = SDESP_IDLE,
	offd = SDESP_OFFERED,
	erly = SDESP_EARLY,
	answ = SDESP_ANSWERED,
	conf = SDESP_CONFIRMED,
	k_of = SDESP_REKEY_OFFERED,
	k_er = SDESP_REKEY_EARLY,
	k_an = SDESP_REKEY_ANSWERED,
	r_of = SDESP_REFRESH_OFFERED,
	clsd = SDESP_CLOSED
};

/*
 * A row for each state; a column for each enum sdesp_input, in its order: our
 * offer and refresh, the peer's offer and refresh, provisional, final and
 * refused answer, confirm, fail, settled, given up, close.
 */
/* clang-format off */
static const int8_t table[SDESP_SESSION_STATES][SDESP_INPUTS] = {
	[SDESP_IDLE] =
	{offd, no,   answ, no,   no,   no,   no,   no,   idle, no,   no,   clsd},
	[SDESP_OFFERED] =
	{no,   no,   glar, glar, erly, conf, idle, no,   idle, no,   no,   clsd},
	[SDESP_EARLY] =
	{no,   no,   glar, glar, erly, conf, idle, no,   idle, no,   no,   clsd},
	[SDESP_ANSWERED] =
	{no,   no,   no,   conf, no,   no,   no,   conf, idle, no,   no,   clsd},
	[SDESP_CONFIRMED] =
	{k_of, r_of, k_an, conf, conf, conf, no,   no,   conf, no,   no,   clsd},
	[SDESP_REKEY_OFFERED] =
	{no,   no,   glar, glar, k_er, conf, conf, no,   conf, no,   no,   clsd},
	[SDESP_REKEY_EARLY] =
	{no,   no,   glar, glar, k_er, conf, conf, no,   conf, no,   no,   clsd},
	[SDESP_REKEY_ANSWERED] =
	{no,   no,   no,   conf, no,   no,   no,   k_an, conf, conf, conf, clsd},
	[SDESP_REFRESH_OFFERED] =
	{no,   no,   glar, glar, r_of, conf, conf, no,   conf, no,   no,   clsd},
	[SDESP_CLOSED] =
	{no,   no,   no,   no,   no,   no,   no,   no,   clsd, no,   no,   clsd},
};
/* clang-format on */

int sdesp_table_next(unsigned state, enum sdesp_input input)
{
	return table[state][input];
}

int sdesp_session_may(const struct sdesp_session *s, enum sdesp_input input)
{
	int next = sdesp_table_next(s->state, input);

	return next < 0 ? next : SDESP_OK;
}

void sdesp_session_go(struct sdesp_session *s, enum sdesp_input input)
{
	int next = sdesp_table_next(s->state, input);

	if (next >= 0)
		s->state = (uint8_t)next;
}
