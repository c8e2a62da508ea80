/*
 * Build-time limits. SPDX-License-Identifier: MIT
 *
 * Every value may be set before this header is read: with -D, or in a file
 * named by -DSDESP_CONFIG_FILE='"my_config.h"'. All objects of one program
 * must be built with the same values: they size public structs.
 */
#ifndef SDESP_CONFIG_H
#define SDESP_CONFIG_H

#include <stdint.h>

#ifdef SDESP_CONFIG_FILE
#include SDESP_CONFIG_FILE
#endif

/* Crypto lines in one section, ours or the peer's. SPEC 11 demands 8. */
#ifndef SDESP_MAX_CRYPTO
#define SDESP_MAX_CRYPTO 8
#endif

/* Selector lines in one section. SPEC 11 demands 4. */
#ifndef SDESP_MAX_TS
#define SDESP_MAX_TS 4
#endif

/* Octets in one attribute value. SPEC 11 demands 255. */
#ifndef SDESP_MAX_VALUE
#define SDESP_MAX_VALUE 255
#endif

/* Largest anti-replay window, in packets: a multiple of 32, 32 to 4096.
 * Every inbound SA holds (this + 32) / 8 octets of bitmap. */
#ifndef SDESP_MAX_WINDOW
#define SDESP_MAX_WINDOW 4096
#endif

/* Families of suites that the software ESP is built with: each costs flash. A
 * suite left out can still be negotiated for a backend that has it. */
#ifndef SDESP_WITH_GCM
#define SDESP_WITH_GCM 1
#endif
#ifndef SDESP_WITH_CHACHAPOLY
#define SDESP_WITH_CHACHAPOLY 1
#endif
#ifndef SDESP_WITH_CCM
#define SDESP_WITH_CCM 1
#endif
#ifndef SDESP_WITH_CBC
#define SDESP_WITH_CBC 1
#endif
#ifndef SDESP_WITH_NULL
#define SDESP_WITH_NULL 1
#endif

/* 0 leaves out the texts of struct sdesp_why: what and expected are NULL then,
 * status, line and column stay. They are a quarter of negotiation's flash. */
#ifndef SDESP_WITH_REASONS
#define SDESP_WITH_REASONS 1
#endif

/* Octets of key schedule in every SA: the smallest that holds the families
 * above on BearSSL, which checks it when it is compiled. */
#ifndef SDESP_CIPHER_STATE
#if SDESP_WITH_CBC
#define SDESP_CIPHER_STATE 576
#elif SDESP_WITH_GCM || SDESP_WITH_CCM
#define SDESP_CIPHER_STATE 280
#else
#define SDESP_CIPHER_STATE 64
#endif
#endif

/* 1 links the constant-time code of BearSSL that is made for small 32-bit
 * CPUs and nothing else; 0 chooses at run time among what the CPU has. */
#ifndef SDESP_BEARSSL_SMALL
#if UINTPTR_MAX > 0xffffffff
#define SDESP_BEARSSL_SMALL 0
#else
#define SDESP_BEARSSL_SMALL 1
#endif
#endif

/* Events that a session holds for its caller. Past that the oldest of the
 * same kind is replaced: see sdesp_session_event(). */
#ifndef SDESP_MAX_EVENTS
#define SDESP_MAX_EVENTS 8
#endif

#endif
