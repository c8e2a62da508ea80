/*
 * Offer, answer and accept on a session that there is: at rest in its file, or
 * alive in sdesp run, which is then asked to do the same.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_EXCHANGE_H
#define SDESP_CMD_EXCHANGE_H

#include <stdio.h>

#include "ports/posix/body.h"
#include "ports/posix/control_wire.h"

/*
 * A rekey or, with o->refresh, a refresh; taking such an offer back; the answer
 * to one; the answer to our own. The session is loaded, or alive. What comes
 * out of it is written to out once the file has it. An exit code, with a
 * message: then the SAs in use are as before; st->settings may not be.
 */
int exchange_offer(struct state *st, const struct options *o, FILE *out);
int exchange_withdraw(struct state *st);
int exchange_answer(struct state *st, const struct options *o,
	const struct body *offer, FILE *out);
int exchange_accept(struct state *st, const struct body *answer);

/* settings_change(), as far as a session that is alive can follow. */
int exchange_change(struct state *st, const struct options *o);

/* Let the sdesp run that has o->state do it. body may be NULL. The exit code of
 * it all; or -1: nobody runs the session. */
int exchange_ask(const struct options *o, enum control_verb verb,
	const struct body *body);

#endif
