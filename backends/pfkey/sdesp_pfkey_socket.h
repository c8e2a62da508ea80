/*
 * The socket under sdesp_pfkey.h: BSDs, macOS, Linux.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_PFKEY_SOCKET_H
#define SDESP_PFKEY_SOCKET_H

#include "sdesp_pfkey.h"

/* How long a reply is waited for. */
#define SDESP_PFKEY_WAIT_MS 2000

/* Where instances are held: flock(2) on sdesp-pfkey.0 to .15 there. All who
 * share one kernel's SAs must share it, which containers may not. */
#define SDESP_PFKEY_LOCKS "/var/run"

struct sdesp_pfkey_socket {
	int fd; /* -1 = none; for poll(2): then call the poll method */
	uint64_t sent_ms;
	const char *locks; /* another folder, if set before init */
	int held[SDESP_PFKEY_INSTANCES]; /* -1 = not by us */
};

/*
 * Open a PF_KEY socket and fill *config for sdesp_pfkey_init(): functions,
 * dialect of this system, process id. Takes privilege.
 *
 * SDESP_ERR_UNSUPPORTED  this program does not know the system's PF_KEY
 * SDESP_ERR_BACKEND      errno says why: EAFNOSUPPORT and EPROTONOSUPPORT
 *                        that this kernel has no PF_KEY, EPERM and EACCES
 *                        that one may not. s->fd is -1.
 */
SDESP_CHECK int sdesp_pfkey_socket_open(
	struct sdesp_pfkey_socket *s, struct sdesp_pfkey_config *config);

/* Close it; what it holds is free again. */
void sdesp_pfkey_socket_close(struct sdesp_pfkey_socket *s);

/*
 * Let the kernel take ESP out of an open UDP socket of the caller's (family 4
 * or 6), which is bound to the local address of flows with udp: before their
 * first spi_reserve. Whatever else comes there still comes to the caller, and
 * the socket itself is outside all policies. OpenBSD and macOS have one port
 * for that, named by sysctl (net.inet.esp.udpencap_port,
 * net.inet.ipsec.esp_port), and no such socket.
 *
 * SDESP_ERR_UNSUPPORTED  as on those; SDESP_ERR_BACKEND: errno says why
 */
SDESP_CHECK int sdesp_pfkey_socket_encap(int fd, unsigned family);

#endif
