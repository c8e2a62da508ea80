/*
 * What may happen in which state, and what comes next. SPEC 9.4.
 * SPDX-License-Identifier: MIT
 */
#include "session/session.h"

/* The cells: a state, or the status that refuses the input. */
enum {
	NO = SDESP_ERR_STATE,
	GLARE = SDESP_ERR_GLARE,
	IDLE = SDESP_IDLE,
	OFFERED = SDESP_OFFERED,
	EARLY = SDESP_EARLY,
	ANSWERED = SDESP_ANSWERED,
	CONF = SDESP_CONFIRMED,
	R_OFFERED = SDESP_REKEY_OFFERED,
	R_EARLY = SDESP_REKEY_EARLY,
	R_ANSWERED = SDESP_REKEY_ANSWERED,
	FRESH = SDESP_REFRESH_OFFERED,
	CLOSED = SDESP_CLOSED
};

/* clang-format off */
static const int8_t table[SDESP_SESSION_STATES][SDESP_INPUTS] = {
	/* offer, refresh, peer's offer, peer's refresh,
	 * provisional, final, refused answer, confirm,
	 * fail, settled, give up, close */
	[SDESP_IDLE] = {
		OFFERED, NO, ANSWERED, NO,
		NO, NO, NO, NO,
		IDLE, NO, NO, CLOSED,
	},
	[SDESP_OFFERED] = {
		NO, NO, GLARE, GLARE,
		EARLY, CONF, OFFERED, NO,
		IDLE, NO, NO, CLOSED,
	},
	[SDESP_EARLY] = {
		NO, NO, GLARE, GLARE,
		EARLY, CONF, EARLY, NO,
		IDLE, NO, NO, CLOSED,
	},
	[SDESP_ANSWERED] = {
		NO, NO, NO, NO,
		NO, NO, NO, CONF,
		IDLE, NO, NO, CLOSED,
	},
	[SDESP_CONFIRMED] = {
		R_OFFERED, FRESH, R_ANSWERED, CONF,
		CONF, CONF, NO, NO,
		CONF, NO, NO, CLOSED,
	},
	[SDESP_REKEY_OFFERED] = {
		NO, NO, GLARE, GLARE,
		R_EARLY, CONF, CONF, NO,
		CONF, NO, NO, CLOSED,
	},
	[SDESP_REKEY_EARLY] = {
		NO, NO, GLARE, GLARE,
		R_EARLY, CONF, CONF, NO,
		CONF, NO, NO, CLOSED,
	},
	[SDESP_REKEY_ANSWERED] = {
		NO, NO, R_ANSWERED, CONF,
		NO, NO, NO, R_ANSWERED,
		CONF, CONF, CONF, CLOSED,
	},
	[SDESP_REFRESH_OFFERED] = {
		NO, NO, GLARE, GLARE,
		FRESH, CONF, CONF, NO,
		CONF, NO, NO, CLOSED,
	},
	[SDESP_CLOSED] = {
		NO, NO, NO, NO,
		NO, NO, NO, NO,
		CLOSED, NO, NO, CLOSED,
	},
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
