/*
 * What the core asks of a platform. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_PORT_H
#define SDESP_PORT_H

#include "sdesp_crypto.h"

struct sdesp_port {
	/* Fill buf with len octets fit for keys. 0, or negative when there
	 * are none now: the call that wanted them then fails with
	 * SDESP_ERR_RANDOM and changes nothing. */
	int (*random)(void *ctx, uint8_t *buf, size_t len);
	void *ctx;
	const struct sdesp_kex_class *kex;
};

#endif
