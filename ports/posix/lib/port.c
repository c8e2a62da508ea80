/*
 * The core's port on this system. SPDX-License-Identifier: MIT
 */
#include "ports/posix/sdesp_posix.h"

void sdesp_posix_port(struct sdesp_port *port)
{
	port->random = sdesp_posix_random;
	port->ctx = NULL;
	port->kex = &sdesp_bearssl_kex;
}
