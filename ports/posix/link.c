/*
 * The interfaces of this host, for Linux. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/posix/link.h"
#include "sdesp_udp_socket.h"

int link_named(struct link *link, const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request;
	int found;

	memset(link, 0, sizeof *link);
	memset(&request, 0, sizeof request);
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	found = fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0;
	if (found) {
		memcpy(link->name, request.ifr_name, sizeof link->name);
		link->mtu = (size_t)request.ifr_mtu;
		link->index = if_nametoindex(name);
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static int of_interface(struct sdesp_addr *addr, const struct ifaddrs *i)
{
	struct sockaddr_storage ss;

	if (i->ifa_addr == NULL)
		return 0;
	memset(&ss, 0, sizeof ss);
	if (i->ifa_addr->sa_family == AF_INET)
		memcpy(&ss, i->ifa_addr, sizeof(struct sockaddr_in));
	else if (i->ifa_addr->sa_family == AF_INET6)
		memcpy(&ss, i->ifa_addr, sizeof(struct sockaddr_in6));
	else
		return 0;
	return sdesp_udp_from_sockaddr(addr, &ss) == SDESP_OK;
}

static int is_within(const struct sdesp_addr *addr,
	const struct sdesp_addr *prefix, unsigned bits)
{
	unsigned i;

	if (addr->family != prefix->family)
		return 0;
	for (i = 0; i < bits; i++) {
		if (((addr->ip[i / 8] ^ prefix->ip[i / 8]) >> (7 - i % 8) &
			    1) != 0)
			return 0;
	}
	return 1;
}

/* The first address within the prefix, and whose it is. */
static int search(struct sdesp_addr *own, char name[LINK_NAME],
	const struct sdesp_addr *prefix, unsigned bits)
{
	struct ifaddrs *all, *i;
	int found = 0;

	if (getifaddrs(&all) != 0)
		return 0;
	for (i = all; i != NULL && !found; i = i->ifa_next) {
		found = of_interface(own, i) && is_within(own, prefix, bits);
		if (found)
			snprintf(name, LINK_NAME, "%s", i->ifa_name);
	}
	freeifaddrs(all);
	return found;
}

int link_of(struct link *link, const struct sdesp_addr *addr)
{
	char name[LINK_NAME];
	struct sdesp_addr own;

	return search(&own, name, addr, addr->family == 4 ? 32 : 128) &&
	       link_named(link, name);
}

int link_is_own(const struct sdesp_addr *addr)
{
	char name[LINK_NAME];
	struct sdesp_addr own;

	return (addr->family == 4 && addr->ip[0] == 127) ||
	       search(&own, name, addr, addr->family == 4 ? 32 : 128);
}

int link_within(
	struct sdesp_addr *own, const struct sdesp_addr *prefix, unsigned bits)
{
	char name[LINK_NAME];

	return search(own, name, prefix, bits);
}

/* The kernel takes the larger of the link's and everybody's. */
const char *link_strict(char setting[64], const char *name)
{
	const char *const whose[] = {name, "all"};
	int strict = -1, larger = 0;
	unsigned i;

	for (i = 0; i < 2; i++) {
		char path[96];
		FILE *file;
		int value = 0;

		snprintf(path, sizeof path,
			"/proc/sys/net/ipv4/conf/%s/rp_filter", whose[i]);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		if (fscanf(file, "%d", &value) == 1 && value == 1)
			strict = (int)i;
		if (value > larger)
			larger = value;
		fclose(file);
	}
	if (strict < 0 || larger > 1)
		return NULL;
	snprintf(setting, 64, "net.ipv4.conf.%s.rp_filter", whose[strict]);
	return setting;
}
