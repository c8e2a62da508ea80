/* What the kernel tells unasked. SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>

#include "base/be.h"
#include "message.h"

static uint32_t host32(uint32_t be)
{
	uint8_t octets[4];

	memcpy(octets, &be, sizeof octets);
	return sdesp_get32(octets);
}

static uint16_t host16(uint16_t be)
{
	uint8_t octets[2];

	memcpy(octets, &be, sizeof octets);
	return sdesp_get16(octets);
}

/* Family 0 when it is neither IPv4 nor IPv6. */
static void read_addr(struct sdesp_addr *addr, const xfrm_address_t *from,
	unsigned family, unsigned port)
{
	memset(addr, 0, sizeof *addr);
	addr->port = (uint16_t)port;
	if (family == AF_INET) {
		addr->family = 4;
		memcpy(addr->ip, from, 4);
	} else if (family == AF_INET6) {
		addr->family = 6;
		memcpy(addr->ip, from, sizeof addr->ip);
	}
}

static void read_expire(
	struct sdesp_xfrm_notice *notice, const struct sdesp_nl_msg *msg)
{
	struct xfrm_user_expire expire;

	if (msg->len < sizeof expire)
		return;
	memcpy(&expire, msg->body, sizeof expire);
	notice->type = expire.hard ? SDESP_XFRM_HARD : SDESP_XFRM_SOFT;
	notice->spi = host32(expire.state.id.spi);
	read_addr(&notice->dst, &expire.state.id.daddr, expire.state.family, 0);
}

static void read_deleted(
	struct sdesp_xfrm_notice *notice, const struct sdesp_nl_msg *msg)
{
	struct xfrm_usersa_id id;

	if (msg->len < sizeof id)
		return;
	memcpy(&id, msg->body, sizeof id);
	notice->type = SDESP_XFRM_DELETED;
	notice->spi = host32(id.spi);
	read_addr(&notice->dst, &id.daddr, id.family, 0);
}

static void read_mapped(
	struct sdesp_xfrm_notice *notice, const struct sdesp_nl_msg *msg)
{
	struct xfrm_user_mapping map;

	if (msg->len < sizeof map)
		return;
	memcpy(&map, msg->body, sizeof map);
	notice->type = SDESP_XFRM_MAPPED;
	notice->spi = host32(map.id.spi);
	read_addr(&notice->dst, &map.id.daddr, map.id.family, 0);
	read_addr(&notice->from, &map.new_saddr, map.id.family,
		host16(map.new_sport));
}

void sdesp_xfrm_read_notice(
	struct sdesp_xfrm_notice *notice, const struct sdesp_nl_msg *msg)
{
	memset(notice, 0, sizeof *notice);
	if (msg->type == XFRM_MSG_EXPIRE)
		read_expire(notice, msg);
	else if (msg->type == XFRM_MSG_DELSA)
		read_deleted(notice, msg);
	else if (msg->type == XFRM_MSG_MAPPING)
		read_mapped(notice, msg);
	else if (msg->type == XFRM_MSG_FLUSHSA)
		notice->type = SDESP_XFRM_FLUSHED;
}
