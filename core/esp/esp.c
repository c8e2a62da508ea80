/* What both directions of ESP share. SPDX-License-Identifier: MIT */
#include "esp/esp.h"

#include "base/be.h"

int sdesp_esp_cipher_init(struct sdesp_cipher *cipher,
	const struct sdesp_crypto_class *const *crypto,
	const struct sdesp_sa *sa, int seal)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->suite);

	if (suite == NULL || sa->spi < SDESP_SPI_MIN)
		return SDESP_ERR_ARG;
	if (((*crypto)->suites & SDESP_SUITE_BIT(suite->id)) == 0)
		return SDESP_ERR_UNSUPPORTED;
	cipher->crypto = crypto;
	cipher->suite = suite;
	cipher->esn = sa->esn != 0;
	return (*crypto)->init(cipher, sa->keymat, seal);
}

uint32_t sdesp_esp_spi(const uint8_t *packet, size_t len)
{
	return len < SDESP_ESP_HEADER ? 0 : sdesp_get32(packet);
}
