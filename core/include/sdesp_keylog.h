/*
 * Keys for Wireshark and tshark. SPDX-License-Identifier: MIT
 *
 * Opt-in for debugging: whoever reads such a line reads the traffic.
 */
#ifndef SDESP_KEYLOG_H
#define SDESP_KEYLOG_H

#include "sdesp_sa.h"

/* Octets that any line fits, with its LF and NUL. */
#define SDESP_KEYLOG_LINE 320

/*
 * Write one line of Wireshark's esp_sa table (tshark -o 'uat:esp_sa:...' takes
 * it without its LF), for one direction of flow: LF and NUL follow it.
 * Source and destination are what a capture at this host shows whatever NAT
 * does: the peer's address where we send, "*" elsewhere. A suite that
 * Wireshark 4.0 cannot decrypt gives a comment line that holds the keys too.
 *
 * *len is capacity in, length without NUL out. SDESP_ERR_SPACE: cap is too
 * small, which SDESP_KEYLOG_LINE never is; SDESP_ERR_ARG: no such suite. buf
 * then holds an empty string if it holds anything.
 */
SDESP_CHECK int sdesp_keylog_line(char *buf, size_t *len,
	const struct sdesp_flow *flow, const struct sdesp_sa *sa, int inbound);

#endif
