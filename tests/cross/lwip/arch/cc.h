/* lwIP on a bare machine with gcc and newlib. SPDX-License-Identifier: MIT */
#ifndef TESTS_CROSS_LWIP_CC_H
#define TESTS_CROSS_LWIP_CC_H

#ifndef BYTE_ORDER
#define LITTLE_ENDIAN __ORDER_LITTLE_ENDIAN__
#define BIG_ENDIAN __ORDER_BIG_ENDIAN__
#define BYTE_ORDER __BYTE_ORDER__
#endif

#endif
