/*
 * What a received datagram is, by its first octets. RFC 3948 2, RFC 7983 7.
 * SPDX-License-Identifier: MIT
 */
#include "base/be.h"

#include "table.h"

static const struct {
	uint8_t first, last, kind;
} ranges[] = {
	{0, 3, SDESP_UDP_STUN},
	{16, 19, SDESP_UDP_ZRTP},
	{20, 63, SDESP_UDP_DTLS},
	{64, 79, SDESP_UDP_TURN},
	{128, 191, SDESP_UDP_RTP},
	{192, 255, SDESP_UDP_ESP},
};

enum sdesp_udp_kind sdesp_udp_classify(
	const struct sdesp_udp *u, const uint8_t *data, size_t len)
{
	if (len == 0)
		return SDESP_UDP_UNKNOWN;
	if (len == 1 && data[0] == 0xff)
		return SDESP_UDP_KEEPALIVE;
	if (len >= 4) {
		uint32_t spi = sdesp_get32(data);

		if (spi == 0)
			return SDESP_UDP_MARKED;
		if (u != NULL && sdesp_udp_find_in(u, spi) != 0)
			return SDESP_UDP_ESP;
	}

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		if (data[0] >= ranges[i].first && data[0] <= ranges[i].last)
			return (enum sdesp_udp_kind)ranges[i].kind;
	}
	return SDESP_UDP_UNKNOWN;
}
