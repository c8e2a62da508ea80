/*
 * What sdesp needs of a cryptographic library, as two classes: one for
 * packets, one for keying. SPEC 7 and 8. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CRYPTO_H
#define SDESP_CRYPTO_H

#include "sdesp_sa.h"

/*
 * One packet in the caller's memory. len octets at data are the payload when
 * plain and the ESP packet, SPI to ICV, when sealed. head octets before data
 * and tail octets after data + len belong to the packet too: sealing grows
 * into them, and both directions use them as scratch space. Afterwards the
 * head is as it was, but for the header that sealing puts there; what was in
 * the tail is lost.
 */
struct sdesp_pkt {
	uint8_t *data;
	size_t len;
	size_t head, tail;
	uint64_t seq;        /* out: sequence number, with its high half */
	int status;          /* out: enum sdesp_status */
	uint8_t next_header; /* in when sealing, out when opening */
};

/* Octets needed around a payload to seal it, and around a packet to open it.
 * With SDESP_PKT_TAIL_FAST behind the payload both are faster on a CPU with
 * AES instructions. */
#define SDESP_PKT_HEAD 24 /* SPI, sequence number, IV of at most 16 */
#define SDESP_PKT_TAIL 48 /* padding, trailer, ICV, scratch space */
#define SDESP_PKT_TAIL_FAST 72
#define SDESP_PKT_OPEN_HEAD 8
#define SDESP_PKT_OPEN_TAIL 12

/* The key schedule of one SA; the caller's memory, fields private. */
struct sdesp_cipher {
	const struct sdesp_crypto_class *const *crypto;
	const struct sdesp_suite *suite;
	uint8_t esn;
	union {
		uint64_t align;
		void *pointer;
		uint8_t octets[SDESP_CIPHER_STATE];
	} state;
};

/*
 * A packet provider. An instance is a struct that begins with a pointer to
 * its class; it lives longer than every cipher made from it, holds what was
 * probed of the CPU, and is constant after its own init: threads share it.
 *
 * The ESP layer has checked sizes and written the header: on entry to both
 * calls data is the SPI, in front of it are pkt->head octets. The IV field
 * is the provider's to write when sealing. len spans SPI to ICV (the ICV's
 * room included). pkt->seq is the whole number. Packets whose status is not
 * SDESP_OK on entry are passed over.
 */
struct sdesp_crypto_class {
	unsigned version; /* 1; later fields are only ever appended */
	const char *name;
	uint32_t suites; /* set of SDESP_SUITE_BIT */

	/* Fill cipher->state from keymat (suite->keymat_len octets); the
	 * other fields are set. One cipher serves one direction.
	 * SDESP_ERR_UNSUPPORTED: not a suite of this provider. */
	int (*init)(
		struct sdesp_cipher *cipher, const uint8_t *keymat, int seal);

	/* Write IV, ciphertext and ICV of n packets, in place. */
	void (*seal)(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkts,
		size_t n);

	/* Check the ICV, in constant time, and decrypt, in place. A packet
	 * with a wrong ICV gets SDESP_ERR_AUTH; its payload is wiped, or with
	 * keep not 0 the packet is left as it came. */
	void (*open)(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkts,
		size_t n, int keep);
};

/* Running SHA-256; fields private. */
struct sdesp_hash {
	union {
		uint64_t align;
		void *pointer;
		uint8_t octets[128];
	} state;
};

/* The key of HKDF-Expand, in the form that its provider finds quickest to use
 * again; fields private, secret. Whoever has it wipes it. */
struct sdesp_prk {
	uint8_t octets[64];
};

/* The keying provider: pure functions, no instance (SPEC 7). */
struct sdesp_kex_class {
	unsigned version; /* 1; later fields are only ever appended */
	const char *name;
	void (*hash_init)(struct sdesp_hash *h);
	void (*hash_update)(struct sdesp_hash *h, const void *data, size_t len);
	void (*hash_final)(struct sdesp_hash *h, uint8_t digest[32]);

	/* RFC 5869 2.2 and 2.3 with SHA-256; salt_len 0: no salt; len at
	 * most 8160. */
	void (*hkdf_extract)(struct sdesp_prk *prk, const uint8_t *salt,
		size_t salt_len, const uint8_t *ikm, size_t ikm_len);
	void (*hkdf_expand)(uint8_t *okm, size_t len,
		const struct sdesp_prk *prk, const uint8_t *info,
		size_t info_len);

	/* RFC 7748 5: result = scalar (clamped inside) times u. u NULL = the
	 * base point. The caller checks for a zero result. */
	void (*x25519)(
		uint8_t result[32], const uint8_t scalar[32], const uint8_t *u);
};

/* The provider on BearSSL (core/crypto); fields private. The incomplete types
 * are BearSSL's block cipher classes. */
struct sdesp_bearssl {
	const struct sdesp_crypto_class *vtable;
	const struct br_block_ctr_class_ *aes_ctr;
	const struct br_block_ctrcbc_class_ *aes_ctrcbc;
	const struct br_block_cbcenc_class_ *aes_cbcenc;
	const struct br_block_cbcdec_class_ *aes_cbcdec;
	void (*ghash)(void *y, const void *h, const void *data, size_t len);
	uint32_t (*chacha20)(const void *key, const void *iv, uint32_t counter,
		void *data, size_t len);
	void (*poly1305)(const void *key, const void *iv, void *data,
		size_t len, const void *aad, size_t aad_len, void *tag,
		uint32_t (*chacha20)(
			const void *, const void *, uint32_t, void *, size_t),
		int encrypt);
	uint8_t ctr_step; /* octets that aes_ctr takes at once, a power of 2 */
};

/* Choose the fastest constant-time code for this CPU. Call once; it costs
 * some microseconds. It cannot fail. */
void sdesp_bearssl_init(struct sdesp_bearssl *provider);

extern const struct sdesp_kex_class sdesp_bearssl_kex;

#endif
