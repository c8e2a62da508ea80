/* The transport protocols of m= lines (SPEC 3). SPDX-License-Identifier: MIT */
#include "sdesp_attr.h"

static const struct sdesp_proto protos[] = {
	{"UDP/ESP", 1, SDESP_GENERIC},
	{"UDP/ESP/RTP/AVP", 1, SDESP_INNER_RTP},
	{"UDP/ESP/RTP/AVPF", 1, SDESP_INNER_RTP},
	{"UDP/ESP/UDP", 1, SDESP_INNER_UDP},
	{"UDP/ESP/TCP", 1, SDESP_INNER_TCP},
	{"ESP", 0, SDESP_GENERIC},
	{"ESP/RTP/AVP", 0, SDESP_INNER_RTP},
	{"ESP/RTP/AVPF", 0, SDESP_INNER_RTP},
	{"ESP/UDP", 0, SDESP_INNER_UDP},
	{"ESP/TCP", 0, SDESP_INNER_TCP},
};

const struct sdesp_proto *sdesp_proto_find(struct sdesp_span proto)
{
	for (size_t i = 0; i < sizeof protos / sizeof protos[0]; i++) {
		if (sdesp_span_is(proto, protos[i].name))
			return &protos[i];
	}
	return NULL;
}
