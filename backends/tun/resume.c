/*
 * SAs that were used before, by another program. SPDX-License-Identifier: MIT
 */
#include "sdesp_tun.h"

#include "table.h"

int sdesp_tun_resume_out(struct sdesp_tun *t, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, uint64_t seq)
{
	uint32_t slot = sdesp_tun_find_out(t, flow, sa->spi);

	if (slot == 0)
		return SDESP_ERR_GONE;
	return sdesp_esp_tx_init(
		&sdesp_tun_sa(t, slot)->esp.tx, t->config.crypto, sa, seq);
}

static struct sdesp_tun_sa *find_keyed(const struct sdesp_tun *t, uint32_t spi)
{
	uint32_t slot = sdesp_tun_find_in(t, spi);

	if (slot == 0 || sdesp_tun_sa(t, slot)->watch.state == SDESP_SA_LARVAL)
		return NULL;
	return sdesp_tun_sa(t, slot);
}

int sdesp_tun_resume_in(
	struct sdesp_tun *t, uint32_t spi, const struct sdesp_replay *window)
{
	struct sdesp_tun_sa *sa = find_keyed(t, spi);

	if (sa == NULL)
		return SDESP_ERR_GONE;
	return sdesp_esp_rx_resume(&sa->esp.rx, window);
}

int sdesp_tun_window(
	const struct sdesp_tun *t, uint32_t spi, struct sdesp_replay *window)
{
	const struct sdesp_tun_sa *sa = find_keyed(t, spi);

	if (sa == NULL)
		return SDESP_ERR_GONE;
	sdesp_esp_rx_window(&sa->esp.rx, window);
	return SDESP_OK;
}
