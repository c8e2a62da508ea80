/*
 * The appliance: answers, serves the picture. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "ports/posix/demo_end.h"
#include "ports/posix/transfer.h"

#define TRANSFER_MS 1500 /* about what the picture takes: time for a rekey */

struct appliance {
	struct demo_end end; /* first: the handlers' context */
	struct transfer_sender picture;
};

static struct appliance appliance;

static void answer(struct demo_end *end, const char *body, size_t len)
{
	char out[DEMO_MESSAGE_MAX / 2];
	struct sdesp_section section;
	struct sdesp_text text;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};
	int status = sdesp_sdp_find(&section, body, len, 0, &why);

	sdesp_text_init(&text, out, sizeof out);
	if (status == SDESP_OK)
		status = sdesp_session_answer(&end->session, &section,
			&end->local, sdesp_posix_now_ms(), &text, &why);
	if (status == SDESP_OK) {
		demo_end_tell_section(end, DEMO_ANSWER, &text);
		return;
	}
	demo_end_tell(end, DEMO_REFUSED, NULL, 0);
	demo_end_fail(end, "appliance: the offer is refused", status);
}

static void on_message(
	struct demo_end *end, char kind, const char *body, size_t len)
{
	if (kind == DEMO_OFFER)
		answer(end, body, len);
	else if (kind == DEMO_ACK && sdesp_session_confirm(&end->session,
					     sdesp_posix_now_ms()) != SDESP_OK)
		demo_end_fail(
			end, "appliance: no ACK expected", SDESP_ERR_STATE);
	else if (kind == DEMO_BYE)
		end->done = 1;
}

static void on_datagram(struct demo_end *end, const uint8_t *data, size_t len)
{
	(void)end;
	transfer_asked(&appliance.picture, data, len);
}

static uint64_t work(struct demo_end *end, uint64_t now_ms)
{
	uint8_t out[TRANSFER_DATAGRAM];
	size_t len = transfer_next(&appliance.picture, out, now_ms);
	uint64_t pause = appliance.picture.pause_ms;

	if (len > 0)
		demo_end_send(end, out, len);
	return now_ms + (pause > 0 ? pause : 1);
}

int demo_appliance(const struct demo_setup *setup, int signalling, int report)
{
	struct demo_end *end = &appliance.end;
	size_t pieces =
		(setup->picture_len + TRANSFER_PIECE - 1) / TRANSFER_PIECE;

	end->inner_port = DEMO_APPLIANCE_PORT;
	end->peer_port = DEMO_PHONE_PORT;
	end->message = on_message;
	end->datagram = on_datagram;
	end->work = work;
	transfer_send_init(&appliance.picture, setup->picture,
		setup->picture_len, TRANSFER_MS / pieces);
	if (demo_end_open(end, setup, signalling, NULL) != 0)
		return 1;
	demo_end_run(end);
	end->report.bytes = setup->picture_len;
	end->report.repeated = appliance.picture.repeated;
	demo_sha256(end->report.sha256, setup->picture, setup->picture_len);
	demo_end_finish(end, report);
	return end->failed;
}
