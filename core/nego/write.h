/* Writing our sections. SPEC 5.1 and 5.2. SPDX-License-Identifier: MIT */
#ifndef SDESP_NEGO_WRITE_H
#define SDESP_NEGO_WRITE_H

#include "sdesp_session.h"

/* The m= line, c=, and the direction where it is not sendrecv. modes are
 * those of a generic section. */
void sdesp_write_media(struct sdesp_text *out, const struct sdesp_local *local,
	const struct sdesp_proto *proto, const uint8_t *modes, size_t nmodes);

/* a=esp, and a=esp-ts in a generic section. */
void sdesp_write_esp(struct sdesp_text *out, const struct sdesp_local *local,
	const struct sdesp_proto *proto, uint32_t spi,
	const struct sdesp_flow *flow);

#endif
