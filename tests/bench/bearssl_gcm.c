/*
 * AES-GCM of the same octets by BearSSL's own br_gcm interface.
 * SPDX-License-Identifier: MIT
 */
#include "tests/bench/subject.h"

#include <bearssl.h>
#include <string.h>

#include "sdesp_sa.h"
#include "tests/bench/bench.h"

static br_aes_gen_ctr_keys aes;
static br_gcm_context gcm;
static uint8_t memory[BENCH_BATCH][BENCH_SIZE_MAX + 64];
static size_t text;

static int begin(unsigned suite, size_t size)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(suite);
	const br_block_ctr_class *ctr = br_aes_x86ni_ctr_get_vtable();
	br_ghash ghash = br_ghash_pclmul_get();
	uint8_t key[32];

	if (suite != SDESP_AES_128_GCM_16 && suite != SDESP_AES_256_GCM_16)
		return 0;
	memset(key, 0x5a, sizeof key);
	if (ctr == NULL)
		ctr = &br_aes_ct64_ctr_vtable;
	if (ghash == 0)
		ghash = br_ghash_ctmul64;
	ctr->init(&aes.vtable, key, s->key_len);
	br_gcm_init(&gcm, &aes.vtable, ghash);

	/* What is encrypted includes padding and trailer. */
	text = size + sdesp_suite_overhead(s, size) - 16 - s->icv_len;
	return 1;
}

static void reset(void)
{
}

static void start(uint8_t *packet)
{
	uint8_t nonce[12];

	memset(nonce, 1, 4);
	memcpy(nonce + 4, packet + 8, 8);
	br_gcm_reset(&gcm, nonce, sizeof nonce);
	br_gcm_aad_inject(&gcm, packet, 8);
	br_gcm_flip(&gcm);
}

static void seal(void)
{
	for (size_t i = 0; i < BENCH_BATCH; i++) {
		start(memory[i]);
		br_gcm_run(&gcm, 1, memory[i] + 16, text);
		br_gcm_get_tag(&gcm, memory[i] + 16 + text);
	}
}

static void open(void)
{
	for (size_t i = 0; i < BENCH_BATCH; i++) {
		start(memory[i]);
		br_gcm_run(&gcm, 0, memory[i] + 16, text);
		if (!br_gcm_check_tag(&gcm, memory[i] + 16 + text))
			bench_fail("br_gcm: open");
	}
}

static void end(void)
{
}

const struct bench_subject bench_bearssl_gcm = {
	"br_gcm", begin, reset, seal, open, end};
