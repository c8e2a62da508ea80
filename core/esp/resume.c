/*
 * A receiver's window, out and in again. SPDX-License-Identifier: MIT
 */
#include "sdesp_esp.h"

void sdesp_esp_rx_window(
	const struct sdesp_esp_rx *rx, struct sdesp_replay *window)
{
	*window = rx->replay;
}

int sdesp_esp_rx_resume(
	struct sdesp_esp_rx *rx, const struct sdesp_replay *window)
{
	if (window->size != rx->replay.size ||
		window->words != rx->replay.words ||
		window->head >= window->words)
		return SDESP_ERR_ARG;
	rx->replay = *window;
	return SDESP_OK;
}
