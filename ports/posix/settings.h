/*
 * What the person at the keyboard allows: the floor and our own section, kept
 * in the state file so that later commands need no options.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_SETTINGS_H
#define SDESP_CMD_SETTINGS_H

#include "ports/posix/options.h"
#include "sdesp_session.h"

#define SETTINGS_PSKS 8
#define SETTINGS_NAME 65 /* token or name of 64 octets, and its NUL */
#define SETTINGS_FMT 128

struct psk_record {
	char token[SETTINGS_NAME], own[SETTINGS_NAME], peer[SETTINGS_NAME];
	uint8_t key[64];
	uint8_t key_len;
};

/* The ESN of what we accept. */
enum { ESN_EITHER, ESN_ONLY };

struct settings {
	uint8_t suites[SDESP_SUITE_END];
	uint8_t nsuites;
	uint8_t methods[2], nmethods;
	uint8_t esn;
	uint8_t loopback;
	uint16_t window;
	struct sdesp_limits hard;
	struct psk_record psks[SETTINGS_PSKS];
	uint8_t npsks;
	char psk_offer[SETTINGS_NAME]; /* empty: none */
	struct sdesp_local local;      /* its texts are the arrays below */
	char media[32], proto[32], fmt[SETTINGS_FMT];

	/* Made from the above by settings_policy(). */
	struct sdesp_policy policy;
	struct sdesp_psk views[SETTINGS_PSKS];
};

/*
 * Read the options of offer (offer NULL) or answer: then media and proto are
 * the offered section's, and the address follows from it. Returns an exit
 * code, with a message.
 */
int settings_from_options(struct settings *s, const struct options *o,
	const struct sdesp_section *offer);

/* Read the options of a later offer or answer: an exit code, with a message
 * if they ask for more than another place or direction. */
int settings_change(struct settings *s, const struct options *o);

/* What can be said of them without the session: an exit code, with a
 * message. */
int settings_check_change(const struct options *o);

/*
 * Make s->policy and the pointers of s->local. With an offer the lines we
 * accept are those it has and we allow, whatever their number; without one
 * they are what we offer. SDESP_ERR_LIMIT: more lines than one section takes.
 */
int settings_policy(struct settings *s, const struct sdesp_section *offer);

/* Read a file of PSK records (psk.c). An exit code, with a message. */
int psk_file_read(struct settings *s, const char *path);

#endif
