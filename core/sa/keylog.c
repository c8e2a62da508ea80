/*
 * Lines of Wireshark's esp_sa table. SPDX-License-Identifier: MIT
 *
 * Names and key shapes are those that tshark 4.0 accepts: an AES-GCM key is
 * followed by its salt (RFC 4106 8.1).
 */
#include "sdesp_keylog.h"

#include "base/be.h"
#include "base/ct.h"
#include "base/text.h"

static const char gcm[] = "AES-GCM with 16 octet ICV [RFC4106]";
static const char cbc[] = "AES-CBC [RFC3602]";
static const char null[] = "NULL";

/* By suite; those that are missing cannot be decrypted. */
static const char *const ciphers[SDESP_SUITE_END] = {
	[SDESP_AES_128_GCM_16] = gcm,
	[SDESP_AES_256_GCM_16] = gcm,
	[SDESP_AES_128_CBC_HMAC_SHA2_256_128] = cbc,
	[SDESP_AES_256_CBC_HMAC_SHA2_256_128] = cbc,
	[SDESP_NULL_HMAC_SHA2_256_128] = null,
};

static void put_key(struct sdesp_text *t, const uint8_t *key, size_t len)
{
	if (len == 0)
		return;
	sdesp_text_string(t, "0x");
	sdesp_text_hex(t, key, len);
}

static void put_spi(struct sdesp_text *t, uint32_t spi)
{
	uint8_t octets[4];

	sdesp_put32(octets, spi);
	put_key(t, octets, sizeof octets);
}

/* For a suite that Wireshark does not know. */
static void put_comment(struct sdesp_text *t, const struct sdesp_suite *suite,
	const struct sdesp_sa *sa)
{
	sdesp_text_string(t, "# ");
	sdesp_text_string(t, suite->name);
	sdesp_text_string(t, " spi ");
	put_spi(t, sa->spi);
	sdesp_text_string(t, " keys ");
	put_key(t, sa->keymat, suite->keymat_len);
}

static void put_entry(struct sdesp_text *t, const struct sdesp_suite *suite,
	const struct sdesp_flow *flow, const struct sdesp_sa *sa, int inbound)
{
	size_t cipher_len = (size_t)suite->key_len + suite->salt_len;
	char addr[SDESP_ADDR_TEXT] = "*";

	if (!inbound)
		sdesp_addr_print(addr, &flow->remote);
	sdesp_text_string(t, flow->remote.family == 6 ? "\"IPv6\",\"*\",\""
						      : "\"IPv4\",\"*\",\"");
	sdesp_text_string(t, addr);
	sdesp_text_string(t, "\",\"");
	put_spi(t, sa->spi);
	sdesp_text_string(t, "\",\"");
	sdesp_text_string(t, ciphers[suite->id]);
	sdesp_text_string(t, "\",\"");
	put_key(t, sa->keymat, cipher_len);
	sdesp_text_string(t, suite->auth_len != 0
				     ? "\",\"HMAC-SHA-256-128 [RFC4868]\",\""
				     : "\",\"NULL\",\"");
	put_key(t, sa->keymat + cipher_len, suite->auth_len);
	sdesp_text_string(t, "\"");
}

int sdesp_keylog_line(char *buf, size_t *len, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->suite);
	struct sdesp_text t;

	if (*len > 0)
		buf[0] = '\0';
	if (suite == NULL)
		return SDESP_ERR_ARG;
	sdesp_text_init(&t, buf, *len);
	if (ciphers[suite->id] != NULL)
		put_entry(&t, suite, flow, sa, inbound);
	else
		put_comment(&t, suite, sa);
	sdesp_text_char(&t, '\n');
	sdesp_text_char(&t, '\0');
	if (t.status != SDESP_OK) {
		sdesp_wipe(buf, t.len);
		return t.status;
	}
	*len = t.len - 1;
	return SDESP_OK;
}
