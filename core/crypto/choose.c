/*
 * Which of BearSSL's implementations the provider uses: constant-time code
 * only. SPDX-License-Identifier: MIT
 */
#include "crypto/engine.h"

#if SDESP_BEARSSL_SMALL

/* Without the multiplication of 32 by 32 bits to 64, which takes longer for
 * some operands than for others on a Cortex-M3. */
void sdesp_bearssl_init(struct sdesp_bearssl *provider)
{
	*provider = (struct sdesp_bearssl)
	{
		.vtable = &sdesp_bearssl_class,
#if SDESP_WITH_GCM
		.aes_ctr = &br_aes_ct_ctr_vtable, .ghash = br_ghash_ctmul32,
		.ctr_step = 1,
#endif
#if SDESP_WITH_CHACHAPOLY
		.chacha20 = br_chacha20_ct_run,
		.poly1305 = br_poly1305_ctmul32_run,
#endif
#if SDESP_WITH_CCM
		.aes_ctrcbc = &br_aes_ct_ctrcbc_vtable,
#endif
#if SDESP_WITH_CBC
		.aes_cbcenc = &br_aes_ct_cbcenc_vtable,
		.aes_cbcdec = &br_aes_ct_cbcdec_vtable,
#endif
	};
}

#else

/* Portable code first; where the CPU has instructions, these. The functions
 * that ask for them execute CPUID, which is slow in a virtual machine. */
void sdesp_bearssl_init(struct sdesp_bearssl *provider)
{
	*provider = (struct sdesp_bearssl){
		.vtable = &sdesp_bearssl_class,
		.aes_ctr = &br_aes_ct64_ctr_vtable,
		.aes_ctrcbc = &br_aes_ct64_ctrcbc_vtable,
		.aes_cbcenc = &br_aes_ct64_cbcenc_vtable,
		.aes_cbcdec = &br_aes_ct64_cbcdec_vtable,
		.ghash = br_ghash_ctmul64,
		.ctr_step = 1,
		.chacha20 = br_chacha20_ct_run,
		.poly1305 = br_poly1305_ctmul_run,
	};
	if (br_aes_x86ni_ctr_get_vtable() != NULL) {
		provider->aes_ctr = br_aes_x86ni_ctr_get_vtable();
		provider->ctr_step = 64;
		provider->aes_ctrcbc = br_aes_x86ni_ctrcbc_get_vtable();
		provider->aes_cbcenc = br_aes_x86ni_cbcenc_get_vtable();
		provider->aes_cbcdec = br_aes_x86ni_cbcdec_get_vtable();
	} else if (br_aes_pwr8_ctr_get_vtable() != NULL) {
		provider->aes_ctr = br_aes_pwr8_ctr_get_vtable();
		provider->aes_ctrcbc = br_aes_pwr8_ctrcbc_get_vtable();
		provider->aes_cbcenc = br_aes_pwr8_cbcenc_get_vtable();
		provider->aes_cbcdec = br_aes_pwr8_cbcdec_get_vtable();
	}
	if (br_ghash_pclmul_get() != 0)
		provider->ghash = br_ghash_pclmul_get();
	else if (br_ghash_pwr8_get() != 0)
		provider->ghash = br_ghash_pwr8_get();
	if (br_chacha20_sse2_get() != 0)
		provider->chacha20 = br_chacha20_sse2_get();
	if (br_poly1305_ctmulq_get() != 0)
		provider->poly1305 = br_poly1305_ctmulq_get();
}

#endif
