/*
 * SAs that were used before, by another program. SPDX-License-Identifier: MIT
 */
#include "sdesp_udp.h"

#include "table.h"

int sdesp_udp_resume_out(struct sdesp_udp *u, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, uint64_t seq)
{
	unsigned slot = sdesp_udp_find_out(u, flow, sa->spi);

	if (slot == 0)
		return SDESP_ERR_GONE;
	return sdesp_esp_tx_init(
		&u->sas[slot - 1].esp.tx, u->config.crypto, sa, seq);
}

static unsigned find_keyed(const struct sdesp_udp *u, uint32_t spi)
{
	unsigned slot = sdesp_udp_find_in(u, spi);

	if (slot == 0 || u->sas[slot - 1].watch.state == SDESP_SA_LARVAL)
		return 0;
	return slot;
}

int sdesp_udp_resume_in(
	struct sdesp_udp *u, uint32_t spi, const struct sdesp_replay *window)
{
	unsigned slot = find_keyed(u, spi);

	if (slot == 0)
		return SDESP_ERR_GONE;
	return sdesp_esp_rx_resume(&u->sas[slot - 1].esp.rx, window);
}

int sdesp_udp_window(
	const struct sdesp_udp *u, uint32_t spi, struct sdesp_replay *window)
{
	unsigned slot = find_keyed(u, spi);

	if (slot == 0)
		return SDESP_ERR_GONE;
	sdesp_esp_rx_window(&u->sas[slot - 1].esp.rx, window);
	return SDESP_OK;
}
