/* The backend's class. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_BACKEND_H
#define SDESP_TUN_BACKEND_H

#include "sdesp_tun.h"

extern const struct sdesp_backend_class sdesp_tun_class;

#endif
