/*
 * How large packets may be: by suite and encapsulation, and by what the
 * network says. RFC 4301 8.2, RFC 1191. SPDX-License-Identifier: MIT
 */
#include "mtu.h"

#include <string.h>

#include "hash.h"

enum { IP4 = 20, IP6 = 40, UDP = 8, LEAST4 = 576, LEAST6 = 1280 };

static size_t plain_header(const struct sdesp_flow *flow)
{
	return flow->local.family == 4 ? IP4 : IP6;
}

size_t sdesp_tun_before(const struct sdesp_flow *flow, size_t header)
{
	if (flow->mode == SDESP_TUNNEL)
		header = plain_header(flow);
	return header + (flow->udp ? UDP : 0);
}

size_t sdesp_tun_room(const struct sdesp_suite *suite,
	const struct sdesp_flow *flow, size_t header, size_t mtu)
{
	size_t before = sdesp_tun_before(flow, header), room = 0;

	if (mtu > before)
		room = sdesp_suite_payload(suite, mtu - before);
	if (room > 0 && flow->mode == SDESP_TRANSPORT)
		room += header;
	return room;
}

size_t sdesp_tun_mtu(const struct sdesp_suite *suite,
	const struct sdesp_flow *flow, size_t link_mtu)
{
	return sdesp_tun_room(suite, flow, plain_header(flow), link_mtu);
}

/* One report for each of so many addresses: who shares a place with another
 * loses its own, and learns it again. */
static struct sdesp_tun_path *path_of(
	const struct sdesp_tun *t, const struct sdesp_addr *remote)
{
	uint64_t words[3] = {0, 0, remote->family}, h;

	memcpy(words, remote->ip, sizeof remote->ip);
	h = sdesp_tun_hash(t->config.seed, words, 3);
	return &t->paths[(uint32_t)h & t->path_mask];
}

void sdesp_tun_pmtu(struct sdesp_tun *t, const struct sdesp_addr *remote,
	size_t mtu, uint64_t now_ms)
{
	size_t least = remote->family == 4 ? LEAST4 : LEAST6;
	struct sdesp_tun_path *path = path_of(t, remote);

	if (mtu < least)
		mtu = least;
	if (mtu >= t->config.link_mtu)
		return;
	path->remote = *remote;
	path->mtu = (uint16_t)mtu;
	path->until_ms = now_ms + SDESP_TUN_PMTU_MS;
	t->reported = 1;
}

size_t sdesp_tun_path_mtu(const struct sdesp_tun *t,
	const struct sdesp_addr *remote, uint64_t now_ms)
{
	const struct sdesp_tun_path *path;

	if (!t->reported)
		return t->config.link_mtu;
	path = path_of(t, remote);
	if (path->until_ms <= now_ms ||
		!sdesp_addr_same_ip(&path->remote, remote))
		return t->config.link_mtu;
	return path->mtu;
}
