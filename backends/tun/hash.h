/* The keyed hash of the tables. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_HASH_H
#define SDESP_TUN_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * SipHash-1-3 (Aumasson and Bernstein 2012) of n words, the least octet of
 * each first, under the key whose halves are seed and 0. Peers have a say in
 * addresses, ports and SPIs: nobody who does not know the seed can choose
 * many that collide.
 */
uint64_t sdesp_tun_hash(uint64_t seed, const uint64_t *words, size_t n);

#endif
