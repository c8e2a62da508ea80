/* What SAs have to tell their session. SPDX-License-Identifier: MIT */
#ifndef SDESP_PFKEY_EVENTS_H
#define SDESP_PFKEY_EVENTS_H

#include "reader.h"

/* A message that is no reply to us. */
void sdesp_pfkey_event(struct sdesp_pfkey *pf, const struct pfkey_message *msg);

/* Raise an event of an SA, once. */
void sdesp_pfkey_raise(struct sdesp_pfkey_sa *sa, unsigned type);

/* The method. */
int sdesp_pfkey_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev);

#endif
