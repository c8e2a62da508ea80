/* Packets cut into fragments. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_PIECE_H
#define SDESP_TUN_PIECE_H

#include <stddef.h>
#include <stdint.h>

struct sdesp_tun_cut {
	const uint8_t *packet;
	size_t len;
	size_t header;  /* octets that every piece begins with */
	size_t next_at; /* IPv6: where they say what follows */
	size_t step;    /* octets of payload in a piece */
	size_t at;      /* of the next piece */
	uint32_t ident; /* IPv6 */
};

/*
 * Begin to cut a packet into pieces of at most mtu octets. header and next_at
 * are as sdesp_tun_upper() gives them; of an IPv4 packet that is a fragment
 * itself, header is the size of its header. SDESP_ERR_SPACE: too few octets.
 */
int sdesp_tun_cut_begin(struct sdesp_tun_cut *cut, size_t mtu);

/* Write the next piece; its size, or 0 after the last. */
size_t sdesp_tun_cut_next(struct sdesp_tun_cut *cut, uint8_t *piece);

#endif
