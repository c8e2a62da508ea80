/*
 * Ports as the options --expose and --forward name them.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_PORTS_H
#define SDESP_CMD_PORTS_H

#include "ports/posix/options.h"
#include "sdesp_sa.h"

/* A port of ours that peers reach, or a peer's that is reached from at. */
struct port_word {
	int forward;
	uint16_t port; /* inside ESP */
	struct sdesp_addr at;
};

#define PORT_WORDS (2 * LIST_MAX)

/* Read both lists. An exit code, with a message. */
int port_words_read(struct port_word words[PORT_WORDS], unsigned *n,
	const struct options *o);

#endif
