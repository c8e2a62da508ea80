/*
 * What a running command tells of its sessions, for people and as JSON. Never
 * a key. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_STATUS_H
#define SDESP_CMD_STATUS_H

#include <stdio.h>

#include "sdesp_session.h"

#define STATUS_SAS 3

struct status_sa {
	uint8_t inbound;
	uint8_t old; /* 1: of before the rekey; still opens, sends no more */
	uint32_t spi;
	struct sdesp_sa_stats stats;
};

/* One session. The texts are the caller's. */
struct status {
	const char *name;    /* state file, or who the peer is */
	const char *backend; /* NULL: none, the session rests in a file */
	const char *device;  /* NULL: none */
	uint64_t now_ms;     /* on the session's clock */
	struct sdesp_session_info info;
	unsigned nsas;
	struct status_sa sas[STATUS_SAS];
};

/* Take session and counters, of the backend that has the SAs. */
void status_take(struct status *s, const struct sdesp_session *session,
	struct sdesp_backend *be, uint64_t now_ms);

/*
 * Print n sessions: a few lines for each, or with json one object,
 *
 *	{"sessions":[{"name":"a.state","state":"established",...,
 *	 "sas":[{"direction":"in","spi":"c3f1a2b4",...}, ...]}, ...]}
 *
 * Times are seconds from now; null: never.
 */
void status_print(FILE *out, const struct status *list, unsigned n, int json);

#endif
