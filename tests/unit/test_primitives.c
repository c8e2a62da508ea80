/*
 * Published vectors for the primitives as the provider chooses and uses them.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bearssl.h>
#include <string.h>

#include "crypto/hmac.h"
#include "tests/support/hex.h"

static const struct sdesp_kex_class *const kex = &sdesp_bearssl_kex;
static struct sdesp_bearssl provider;

static void assert_hex(const uint8_t *octets, const char *text)
{
	uint8_t want[256];
	size_t n = hex(want, text);

	assert_memory_equal(octets, want, n);
}

/* FIPS 180-4, the examples of NIST's "SHA256.pdf". */
static void test_sha256(void **state)
{
	static const char *const text =
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	struct sdesp_hash h;
	uint8_t digest[32];

	(void)state;
	kex->hash_init(&h);
	kex->hash_update(&h, "abc", 3);
	kex->hash_final(&h, digest);
	assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223"
			   "b00361a396177a9cb410ff61f20015ad");
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		kex->hash_init(&h);
		kex->hash_update(&h, text, cut);
		kex->hash_update(&h, text + cut, strlen(text) - cut);
		kex->hash_final(&h, digest);
		assert_hex(digest, "248d6a61d20638b8e5c026930c3e6039"
				   "a33ce45964ff2167f6ecedd419db06c1");
	}
}

/* RFC 4231 4.2, 4.3 and 4.7; RFC 4868 2.7.1. HKDF-Extract is HMAC. */
static void test_hmac(void **state)
{
	static const struct {
		const char *key, *data, *mac;
	} rows[] = {
		{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
			"b0344c61d8db38535ca8afceaf0bf12b"
			"881dc200c9833da726e9376c2e32cff7"},
		{"4a656665", "what do ya want for nothing?",
			"5bdcc146bf60754e6a042426089575c7"
			"5a003f089d2739839dec58b964ec3843"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"Test Using Larger Than Block-Size Key - Hash Key "
			"First",
			"60e431591ee0b67f0d8a26aacbf5b77f"
			"8e0bc6213728c5140546040f0ee37f54"},
		{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
		 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
			"Hi There",
			"198a607eb44bfbc69903a0f1cf2bbdc5"
			"ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t key[256], mac[32];
		size_t n = hex(key, rows[i].key);
		struct sdesp_hmac_key hmac;
		br_sha256_context hash;

		sdesp_hmac_init(&hmac, key, n);
		sdesp_hmac_begin(&hash, &hmac);
		br_sha256_update(&hash, rows[i].data, strlen(rows[i].data));
		sdesp_hmac_end(&hash, &hmac, mac);
		assert_hex(mac, rows[i].mac);
	}
}

/* A PRK is kept as the key of its HMAC. */
static void assert_prk(const struct sdesp_prk *prk, const char *want)
{
	struct sdesp_hmac_key hmac;
	uint8_t octets[32];

	hex(octets, want);
	sdesp_hmac_init(&hmac, octets, sizeof octets);
	assert_memory_equal(prk, &hmac, sizeof hmac);
}

/* RFC 5869 A.1 to A.3. */
static void test_hkdf(void **state)
{
	uint8_t salt[80], ikm[80], info[80], okm[8160], again[8160];
	struct sdesp_prk prk;

	(void)state;
	memset(ikm, 0x0b, 22);
	hex(salt, "000102030405060708090a0b0c");
	hex(info, "f0f1f2f3f4f5f6f7f8f9");
	kex->hkdf_extract(&prk, salt, 13, ikm, 22);
	assert_prk(&prk, "077709362c2e32df0ddc3f0dc47bba63"
			 "90b6c73bb50f9c3122ec844ad7c2b3e5");
	kex->hkdf_expand(okm, 42, &prk, info, 10);
	assert_hex(okm, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02"
			"d56ecc4c5bf34007208d5b887185865");

	for (unsigned i = 0; i < 80; i++) {
		ikm[i] = (uint8_t)i;
		salt[i] = (uint8_t)(0x60 + i);
		info[i] = (uint8_t)(0xb0 + i);
	}
	kex->hkdf_extract(&prk, salt, 80, ikm, 80);
	assert_prk(&prk, "06a6b88c5853361a06104c9ceb35b45c"
			 "ef760014904671014a193f40c15fc244");
	kex->hkdf_expand(okm, 82, &prk, info, 80);
	assert_hex(okm, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050c"
			"c4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c"
			"2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434"
			"f1d87");

	memset(ikm, 0x0b, 22);
	kex->hkdf_extract(&prk, salt, 0, ikm, 22);
	assert_prk(&prk, "19ef24a32c717b167f33a91d6f648bdf"
			 "96596776afdb6377ac434c1c293ccb04");
	kex->hkdf_expand(okm, 42, &prk, info, 0);
	assert_hex(okm, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454"
			"e5f3c738d2d9d201395faa4b61a96c8");

	/* A shorter output is the beginning of a longer one. */
	kex->hkdf_expand(okm, sizeof okm, &prk, info, 10);
	for (size_t n = 0; n < 100; n++) {
		memset(again, 0xee, sizeof again);
		kex->hkdf_expand(again, n, &prk, info, 10);
		assert_memory_equal(again, okm, n);
		assert_int_equal(again[n], 0xee);
	}
}

/* RFC 7748 5.2 and 6.1. */
static void test_x25519(void **state)
{
	uint8_t k[32], u[32], r[32];

	(void)state;
	hex(k, "a546e36bf0527c9d3b16154b82465edd"
	       "62144c0ac1fc5a18506a2244ba449ac4");
	hex(u, "e6db6867583030db3594c1a424b15f7c"
	       "726624ec26b3353b10a903a6d0ab1c4c");
	kex->x25519(r, k, u);
	assert_hex(r, "c3da55379de9c6908e94ea4df28d084f"
		      "32eccf03491c71f754b4075577a28552");

	/* The top bit of u is set here, and ignored. */
	hex(k, "4b66e9d4d1b4673c5ad22691957d6af5"
	       "c11b6421e0ea01d42ca4169e7918ba0d");
	hex(u, "e5210f12786811d3f4b7959d0538ae2c"
	       "31dbe7106fc03c3efc4cd549c715a493");
	kex->x25519(r, k, u);
	assert_hex(r, "95cbde9476e8907d7aade45cb4b873f8"
		      "8b595a68799fa152e6f8f7647aac7957");

	memset(k, 0, sizeof k);
	memset(u, 0, sizeof u);
	k[0] = u[0] = 9;
	for (unsigned i = 0; i < 1000; i++) {
		kex->x25519(r, k, u);
		memcpy(u, k, sizeof u);
		memcpy(k, r, sizeof k);
		if (i == 0)
			assert_hex(k, "422c8e7a6227d7bca1350b3e2bb7279f"
				      "7897b87bb6854b783c60e80311ae3079");
	}
	assert_hex(k, "684cf59ba83309552800ef566f2f4d3c"
		      "1c3887c49360e3875f2eb94d99532c51");

	/* 6.1. */
	hex(k, "77076d0a7318a57d3c16c17251b26645"
	       "df4c2f87ebc0992ab177fba51db92c2a");
	kex->x25519(r, k, NULL);
	assert_hex(r, "8520f0098930a754748b7ddcb43ef75a"
		      "0dbf3a0d26381af4eba4a98eaa9b4e6a");
	hex(u, "de9edb7d7b7dc1b4d35b61c2ece43537"
	       "3f8343c85b78674dadfc7e146f882b4f");
	kex->x25519(u, k, u);
	assert_hex(u, "4a5d9d5ba4ce2de1728e3bf480350f25"
		      "e07e21c947d19e3376f09b3c1e161742");

	/* Points of small order give zero: the caller's to refuse. */
	memset(u, 0, sizeof u);
	kex->x25519(r, k, u);
	assert_memory_equal(r, u, 32);
	u[0] = 1;
	kex->x25519(r, k, u);
	u[0] = 0;
	assert_memory_equal(r, u, 32);
}

/* The Galois/Counter Mode of Operation, McGrew and Viega, test case 4. */
static void test_gcm(void **state)
{
	br_aes_gen_ctr_keys aes;
	uint8_t key[16], iv[12], h[16] = {0}, text[64] = {0}, y[16] = {0};
	uint8_t aad[20], lengths[16] = {0};

	(void)state;
	hex(key, "feffe9928665731c6d6a8f9467308308");
	hex(iv, "cafebabefacedbaddecaf888");
	hex(aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	hex(text, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a"
		  "318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba63"
		  "7b39");
	provider.aes_ctr->init(&aes.vtable, key, sizeof key);
	aes.vtable->run(&aes.vtable, (const uint8_t[12]){0}, 0, h, 16);
	assert_hex(h, "b83b533708bf535d0aa6e52980d53b78");
	aes.vtable->run(&aes.vtable, iv, 2, text, 60);
	assert_hex(text, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c1"
			 "7e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b39"
			 "6a0aac973d58e091");
	lengths[7] = 160;
	lengths[14] = 1;
	lengths[15] = 0xe0;
	provider.ghash(y, h, aad, 20);
	provider.ghash(y, h, text, 64);
	provider.ghash(y, h, lengths, 16);
	aes.vtable->run(&aes.vtable, iv, 1, y, 16);
	assert_hex(y, "5bc94fbc3221a5db94fae95ae7121a47");
}

/* NIST SP 800-38C, example 1. */
static void test_ccm(void **state)
{
	br_aes_gen_ctrcbc_keys aes;
	uint8_t key[16], blocks[48], counter[16], text[32] = {0};
	uint8_t mac[16] = {0};

	(void)state;
	hex(key, "404142434445464748494a4b4c4d4e4f");
	hex(blocks, "4f101112131415160000000000000004"
		    "00080001020304050607000000000000"
		    "20212223000000000000000000000000");
	hex(counter, "07101112131415160000000000000000");
	memcpy(text + 16, blocks + 32, 16);
	provider.aes_ctrcbc->init(&aes.vtable, key, sizeof key);
	aes.vtable->mac(&aes.vtable, mac, blocks, sizeof blocks);
	aes.vtable->ctr(&aes.vtable, counter, text, sizeof text);
	for (unsigned i = 0; i < 4; i++)
		mac[i] ^= text[i];
	assert_hex(text + 16, "7162015b");
	assert_hex(mac, "4dac255d");
}

/* RFC 3602 4, cases 1 and 2. */
static void test_cbc(void **state)
{
	static const struct {
		const char *key, *iv, *plain, *cipher;
	} rows[] = {
		{"06a9214036b8a15b512e03d534120006",
			"3dafba429d9eb430b422da802c9fac41",
			"53696e676c6520626c6f636b206d7367",
			"e353779c1079aeb82708942dbe77181a"},
		{"c286696d887c9aa0611bbb3e2025a45a",
			"562e17996d093d28ddb3ba695a2e6f58",
			"000102030405060708090a0b0c0d0e0f"
			"101112131415161718191a1b1c1d1e1f",
			"d296cd94c2cccf8a3a863028b5e1dc0a"
			"7586602d253cfff91b8266bea6d61ab1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		br_aes_gen_cbcenc_keys enc;
		br_aes_gen_cbcdec_keys dec;
		uint8_t key[16], iv[16], text[32];
		size_t n = hex(text, rows[i].plain);

		hex(key, rows[i].key);
		hex(iv, rows[i].iv);
		provider.aes_cbcenc->init(&enc.vtable, key, sizeof key);
		enc.vtable->run(&enc.vtable, iv, text, n);
		assert_hex(text, rows[i].cipher);
		hex(iv, rows[i].iv);
		provider.aes_cbcdec->init(&dec.vtable, key, sizeof key);
		dec.vtable->run(&dec.vtable, iv, text, n);
		assert_hex(text, rows[i].plain);
	}
}

/* RFC 3686 6, test vectors 1 and 2: nonce, IV, and the counter from 1. */
static void test_ctr(void **state)
{
	br_aes_gen_ctr_keys aes;
	uint8_t key[16], iv[12], text[32];

	(void)state;
	hex(key, "ae6852f8121067cc4bf7a5765577f39e");
	hex(iv, "000000300000000000000000");
	hex(text, "53696e676c6520626c6f636b206d7367");
	provider.aes_ctr->init(&aes.vtable, key, sizeof key);
	aes.vtable->run(&aes.vtable, iv, 1, text, 16);
	assert_hex(text, "e4095d4fb7a7b3792d6175a3261311b8");
	hex(key, "7e24067817fae0d743d6ce1f32539163");
	hex(iv, "006cb6dbc0543b59da48d90b");
	for (unsigned i = 0; i < 32; i++)
		text[i] = (uint8_t)i;
	provider.aes_ctr->init(&aes.vtable, key, sizeof key);
	aes.vtable->run(&aes.vtable, iv, 1, text, 32);
	assert_hex(text, "5104a106168a72d9790d41ee8edad388"
			 "eb2e1efc46da57c8fce630df9141be28");
}

/* RFC 8439 2.8.2. */
static void test_chachapoly(void **state)
{
	uint8_t key[32], nonce[12], aad[12], tag[16];
	uint8_t text[] = "Ladies and Gentlemen of the class of '99: If I could "
			 "offer you only one tip for the future, sunscreen "
			 "would be it.";

	(void)state;
	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(0x80 + i);
	hex(nonce, "070000004041424344454647");
	hex(aad, "50515253c0c1c2c3c4c5c6c7");
	provider.poly1305(key, nonce, text, sizeof text - 1, aad, sizeof aad,
		tag, provider.chacha20, 1);
	assert_hex(text, "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2"
			 "b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a"
			 "9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee32809"
			 "1b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9d"
			 "e576d26586cec64b6116");
	assert_hex(tag, "1ae10b594f09e26a7e902ecbd0600691");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_gcm),
		cmocka_unit_test(test_ccm),
		cmocka_unit_test(test_cbc),
		cmocka_unit_test(test_ctr),
		cmocka_unit_test(test_chachapoly),
	};

	sdesp_bearssl_init(&provider);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
