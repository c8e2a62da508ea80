/* Nonblocking TCP sockets of the host. SPDX-License-Identifier: MIT */
#ifndef SDESP_LWIP_SOCKET_H
#define SDESP_LWIP_SOCKET_H

#include "sdesp_sa.h"

/* What reading and writing give instead of octets. */
enum { SOCKET_NONE = 0, SOCKET_END = -1, SOCKET_BROKEN = -2 };

/* A descriptor, or -1 with errno. listen: port 0 takes any, written back. */
int sdesp_socket_listen(struct sdesp_addr *at);
int sdesp_socket_accept(int fd);
int sdesp_socket_dial(uint16_t port); /* 127.0.0.1 */

/* Is a dialled one connected? 1, 0 not yet, -1 it failed. */
int sdesp_socket_joined(int fd);

/* How many octets (at most 65535), or one of the above. */
int sdesp_socket_read(int fd, uint8_t *data, size_t len);
int sdesp_socket_write(int fd, const uint8_t *data, size_t len);

void sdesp_socket_shut(int fd); /* no more is written */
void sdesp_socket_close(int fd);
void sdesp_socket_reset(int fd); /* and the other end learns that it broke */

#endif
