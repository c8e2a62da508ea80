/* Which outer addresses a peer may name. SPDX-License-Identifier: MIT */
#include "nego/address.h"

#include <string.h>

/* Ranges of addresses (RFC 6890) that are nobody's alone. */
static const struct range {
	uint8_t family;
	uint8_t bits;
	uint8_t start[12];
	const char *what;
} ranges[] = {
	{4, 8, {0}, "the address is unspecified"},
	{4, 4, {224}, "the address is a multicast address"},
	{4, 32, {255, 255, 255, 255}, "the address is a broadcast address"},
	{6, 8, {0xff}, "the address is a multicast address"},
	{6, 96, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
		"the address is IPv4 in the guise of IPv6"},
};

static int zero(const struct sdesp_addr *addr, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (addr->ip[i] != 0)
			return 0;
	}
	return 1;
}

int sdesp_address_unspecified(const struct sdesp_addr *addr)
{
	return addr->family != 0 && zero(addr, addr->family == 4 ? 4 : 16);
}

static int within(const struct sdesp_addr *addr, const struct range *range)
{
	size_t n = range->bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> range->bits % 8);

	if (addr->family != range->family ||
		memcmp(addr->ip, range->start, n) != 0)
		return 0;
	return mask == 0 || (addr->ip[n] & mask) == range->start[n];
}

static int is_loopback(const struct sdesp_addr *addr)
{
	if (addr->family == 4)
		return addr->ip[0] == 127;
	return zero(addr, 15) && addr->ip[15] == 1;
}

const char *sdesp_address_refusal(const struct sdesp_addr *peer,
	const struct sdesp_addr *own, int udp, int loopback)
{
	if (peer->family != 4 && peer->family != 6)
		return "there is no c= line with an IP address";
	if (sdesp_address_unspecified(peer))
		return "the address is unspecified";
	if (is_loopback(peer) && !loopback)
		return "the address is a loopback address";
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		if (within(peer, &ranges[i]))
			return ranges[i].what;
	}
	if (peer->family != own->family)
		return "the address is of another family than ours";
	if (sdesp_addr_same_ip(peer, own) && !is_loopback(peer))
		return "the address is our own";
	if (udp && peer->port == 0)
		return "there is no port";
	return NULL;
}
