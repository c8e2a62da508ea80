/*
 * sdesp: IPsec ESP keyed by the SDP offer/answer. SPDX-License-Identifier: MIT
 *
 * Conventions, stated once:
 *
 * - The caller owns all memory. Nothing is allocated, nothing is global but
 *   constant tables. Structs have a public size; fields are private unless
 *   their header describes them.
 * - Functions return 0 or a negative enum sdesp_status, data leaves through
 *   pointers. On failure outputs are untouched or wiped.
 * - Lengths follow pointers, destinations come first, contexts before both.
 * - A pointer argument must not be NULL unless its text says so, and must not
 *   alias another, unless its text says so.
 * - Text is octets with a length; it need not end in NUL and is never kept.
 * - Different objects may be used by different threads at the same time; one
 *   object by one thread at a time. Constant objects are shared freely.
 * - "SPEC n" is a section of SPEC.md, the protocol's normative text.
 */
#ifndef SDESP_H
#define SDESP_H

#include "sdesp_session.h"
#include "sdesp_esp.h"

#define SDESP_VERSION "0.1.0"

#endif
