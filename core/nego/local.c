/* What a caller says of its own end. SPDX-License-Identifier: MIT */
#include "nego/local.h"

#include <string.h>

#include "base/span.h"
#include "nego/address.h"
#include "nego/narrow.h"

static int side_good(const struct sdesp_ts_side *side, int family,
	enum sdesp_ts_kind foreign)
{
	unsigned bits = side->family == 4 ? 32 : 128;

	if (side->kind > SDESP_TS_PREFIX || side->kind == foreign ||
		side->lo > side->hi)
		return 0;
	if (side->kind != SDESP_TS_PREFIX)
		return 1;
	if (side->family != family || side->prefix_len > bits)
		return 0;
	for (unsigned i = side->prefix_len; i < 128; i++) {
		if ((side->ip[i / 8] & 0x80 >> i % 8) != 0)
			return 0;
	}
	return 1;
}

static int any_ports(const struct sdesp_ts_side *side)
{
	return side->lo == 0 && side->hi == UINT16_MAX;
}

static int ts_good(const struct sdesp_ts *ts)
{
	int family = ts->local.kind == SDESP_TS_PREFIX ? ts->local.family
						       : ts->remote.family;

	if (ts->protocol > SDESP_TS_ANY_PROTOCOL ||
		!side_good(&ts->local, family, SDESP_TS_PEER) ||
		!side_good(&ts->remote, family, SDESP_TS_SELF))
		return 0;
	return sdesp_protocol_has_ports(ts->protocol) ||
	       (any_ports(&ts->local) && any_ports(&ts->remote));
}

static int generic_good(const struct sdesp_local *local)
{
	if (!sdesp_span_is(sdesp_span_of(local->media), "application") ||
		local->nmodes < 1 || local->nmodes > 2 || local->nts < 1 ||
		local->nts > SDESP_MAX_TS)
		return 0;
	for (unsigned i = 0; i < local->nmodes; i++) {
		if (local->modes[i] != SDESP_TRANSPORT &&
			local->modes[i] != SDESP_TUNNEL)
			return 0;
	}
	if (local->nmodes == 2 && local->modes[0] == local->modes[1])
		return 0;
	for (unsigned i = 0; i < local->nts; i++) {
		if (!ts_good(&local->ts[i]))
			return 0;
	}
	return 1;
}

static int in_place_good(const struct sdesp_local *local, unsigned inner)
{
	if (local->fmt == NULL || local->fmt[0] == '\0' ||
		local->inner_port == 0 ||
		(inner == SDESP_INNER_RTP && local->inner_port == UINT16_MAX))
		return 0;
	for (const char *p = local->fmt; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			return 0;
	}
	return 1;
}

int sdesp_local_check(const struct sdesp_local *local,
	const struct sdesp_features *features, int loopback)
{
	static const struct sdesp_addr nobody;
	const struct sdesp_proto *proto =
		sdesp_proto_find(sdesp_span_of(local->proto));
	struct sdesp_addr nobodys = nobody;

	nobodys.family = local->addr.family;
	if (proto == NULL || !sdesp_span_token(sdesp_span_of(local->media)) ||
		strlen(local->media) >= SDESP_MEDIA_TEXT ||
		local->direction > SDESP_INACTIVE ||
		sdesp_address_refusal(
			&local->addr, &nobodys, proto->udp, loopback) != NULL)
		return SDESP_ERR_ARG;
	if (proto->inner == SDESP_GENERIC ? !generic_good(local)
					  : !in_place_good(local, proto->inner))
		return SDESP_ERR_ARG;
	if (!(proto->udp ? features->udp : features->raw) ||
		!(local->addr.family == 4 ? features->ipv4 : features->ipv6))
		return SDESP_ERR_POLICY;
	for (unsigned i = 0; i < local->nmodes; i++) {
		if ((features->modes & local->modes[i]) != 0)
			return SDESP_OK;
	}
	if (proto->inner != SDESP_GENERIC &&
		(features->modes & SDESP_TRANSPORT) != 0)
		return SDESP_OK;
	return SDESP_ERR_POLICY;
}

void sdesp_local_flow(struct sdesp_flow *flow, const struct sdesp_local *local)
{
	const struct sdesp_proto *proto =
		sdesp_proto_find(sdesp_span_of(local->proto));

	memset(flow, 0, sizeof *flow);
	flow->local = local->addr;
	flow->mode = SDESP_TRANSPORT;
	flow->udp = proto->udp;
	if (!proto->udp)
		flow->local.port = 0;
	if (proto->inner != SDESP_GENERIC) {
		sdesp_ts_in_place(flow, proto->inner, local->inner_port, 0);
		return;
	}
	flow->mode = local->modes[0];
	flow->nts = local->nts;
	memcpy(flow->ts, local->ts, local->nts * sizeof local->ts[0]);
}
