/* TCP MSS (RFC 9293 3.7.1). SPDX-License-Identifier: MIT */
#include "clamp.h"

#include "base/be.h"

#include "header.h"

enum { TCP_HEADER = 20, SYN = 2, KIND_END = 0, KIND_NOP = 1, KIND_MSS = 2 };

/* The sum is over pairs of octets: a field at an odd place is two halves. */
static void set_mss(uint8_t *tcp, size_t at, uint16_t mss)
{
	if (at % 2 == 0) {
		sdesp_tun_patch(tcp + 16, tcp + at, mss);
		return;
	}
	sdesp_tun_patch(tcp + 16, tcp + at - 1,
		(uint16_t)((unsigned)tcp[at - 1] << 8 | mss >> 8));
	sdesp_tun_patch(tcp + 16, tcp + at + 1,
		(uint16_t)((unsigned)(mss & 0xff) << 8 | tcp[at + 2]));
}

static int clamp(uint8_t *tcp, size_t len, uint16_t most)
{
	size_t end = (size_t)(tcp[12] >> 4) * 4, at = TCP_HEADER;

	if (end > len)
		return 0;
	while (at < end && tcp[at] != KIND_END) {
		if (tcp[at] == KIND_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > end - at)
			return 0;
		if (tcp[at] == KIND_MSS && tcp[at + 1] == 4) {
			if (sdesp_get16(tcp + at + 2) <= most)
				return 0;
			set_mss(tcp, at + 2, most);
			return 1;
		}
		at += tcp[at + 1];
	}
	return 0;
}

int sdesp_tun_clamp(uint8_t *packet, size_t len, size_t mtu)
{
	size_t next_at, at = sdesp_tun_upper(packet, &next_at);
	size_t headers = sdesp_tun_header_size(packet[0] >> 4) + TCP_HEADER;

	if (at == 0 || packet[next_at] != NEXT_TCP || len - at < TCP_HEADER ||
		(packet[at + 13] & SYN) == 0 || mtu <= headers)
		return 0;
	mtu -= headers;
	return clamp(
		packet + at, len - at, (uint16_t)(mtu < 65535 ? mtu : 65535));
}
