/*
 * libre's headers, told what they were built with: without it their bool is
 * another type than the library's. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_RE_H
#define SDESP_RE_H

#ifndef HAVE_INTTYPES_H
#define HAVE_INTTYPES_H 1
#endif
#ifndef HAVE_STDBOOL_H
#define HAVE_STDBOOL_H 1
#endif
#ifndef HAVE_INET6
#define HAVE_INET6 1
#endif
#ifndef USE_OPENSSL
#define USE_OPENSSL 1
#endif

#include <re/re.h>

#endif
