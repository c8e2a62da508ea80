/* What the user's configuration says. SPDX-License-Identifier: MIT */
#ifndef SDESP_BARESIP_CONFIG_H
#define SDESP_BARESIP_CONFIG_H

#include "abi.h"
#include "sdesp.h"

/*
 * The policy of baresip's configuration file:
 *
 *	sdesp_suites    names of SPEC 13.3, in order of preference
 *	sdesp_psk_file  records "token hexkey own-name peer-name"; the first
 *	                is offered, all are accepted, nothing else is
 *	sdesp_loopback  yes: peers on this host are fine
 *
 * Always X25519: whether somebody reads the signalling is not known here.
 * Returns 0, or an errno after a message; the policy must not be used then.
 */
int config_read(struct sdesp_policy *policy, const struct conf *conf);

/* Wipe the keys. */
void config_forget(void);

#endif
