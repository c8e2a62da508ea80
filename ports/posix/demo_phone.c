/*
 * The phone: offers, fetches the picture, rekeys half way, says goodbye.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "ports/posix/demo_end.h"
#include "ports/posix/transfer.h"

#define ASK_MS 60    /* asks are repeated while nothing comes */
#define QUIET_MS 150 /* between the last ask and goodbye: all has arrived */

struct phone {
	struct demo_end end; /* first: the handlers' context */
	struct transfer_receiver picture;
	uint64_t asked_ms;
	int established, rekey_begun;
};

static struct phone phone;

static void offer(struct phone *p)
{
	char section[DEMO_MESSAGE_MAX / 2];
	struct sdesp_text text;
	int status;

	sdesp_text_init(&text, section, sizeof section);
	status = sdesp_session_offer(
		&p->end.session, &p->end.local, sdesp_posix_now_ms(), &text);
	if (status != SDESP_OK)
		demo_end_fail(&p->end, "phone: no offer", status);
	else
		demo_end_tell_section(&p->end, DEMO_OFFER, &text);
}

static void ask(struct phone *p)
{
	uint8_t out[TRANSFER_ASK];

	transfer_ask(&p->picture, out);
	demo_end_send(&p->end, out, sizeof out);
	p->asked_ms = sdesp_posix_now_ms();
}

static void on_message(
	struct demo_end *end, char kind, const char *body, size_t len)
{
	struct sdesp_section section;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};
	int status;

	if (kind != DEMO_ANSWER) {
		demo_end_fail(end, "phone: the offer was refused",
			SDESP_ERR_REJECTED);
		return;
	}
	status = sdesp_sdp_find(&section, body, len, 0, &why);
	if (status == SDESP_OK)
		status = sdesp_session_accept(
			&end->session, &section, 1, sdesp_posix_now_ms(), &why);
	if (status != SDESP_OK) {
		demo_end_fail(end, "phone: no use for the answer", status);
		return;
	}
	demo_end_tell(end, DEMO_ACK, NULL, 0);
	phone.established = 1;
}

static void save_picture(const struct phone *p)
{
	char path[DEMO_FILE_PATH];
	FILE *file;

	demo_file(path, p->end.setup, DEMO_COPY);
	file = fopen(path, "wb");
	if (file == NULL)
		return;
	fwrite(p->picture.data, 1, p->picture.total, file);
	fclose(file);
}

/* Pieces that follow too soon after the half would be the last ones under the
 * old keys: a slow rekey is waited for. */
static int is_waiting(const struct phone *p)
{
	return p->rekey_begun && p->end.report.rekeys == 0 &&
	       p->picture.count * 5 >= p->picture.pieces * 3;
}

/* Every piece is acknowledged. Half of them there: time for new keys, while
 * the rest goes on. */
static void on_datagram(struct demo_end *end, const uint8_t *data, size_t len)
{
	if (!transfer_piece(&phone.picture, data, len))
		return;
	if (!is_waiting(&phone))
		ask(&phone);
	if (!phone.rekey_begun &&
		phone.picture.count * 2 >= phone.picture.pieces) {
		phone.rekey_begun = 1;
		offer(&phone);
	}
	(void)end;
}

static uint64_t work(struct demo_end *end, uint64_t now_ms)
{
	if (!phone.established)
		return UINT64_MAX;
	if (transfer_complete(&phone.picture) && end->report.rekeys > 0) {
		if (now_ms < phone.asked_ms + QUIET_MS)
			return phone.asked_ms + QUIET_MS;
		demo_end_tell(end, DEMO_BYE, NULL, 0);
		end->done = 1;
		return now_ms;
	}
	if (is_waiting(&phone))
		return now_ms + ASK_MS;
	if (now_ms >= phone.asked_ms + ASK_MS)
		ask(&phone);
	return phone.asked_ms + ASK_MS;
}

int demo_phone(const struct demo_setup *setup, int signalling, int report)
{
	struct demo_end *end = &phone.end;

	end->inner_port = DEMO_PHONE_PORT;
	end->peer_port = DEMO_APPLIANCE_PORT;
	end->message = on_message;
	end->datagram = on_datagram;
	end->work = work;
	if (demo_end_open(end, setup, signalling, DEMO_KEYS) != 0)
		return 1;
	offer(&phone);
	demo_end_run(end);
	end->report.bytes = phone.picture.total;
	demo_sha256(
		end->report.sha256, phone.picture.data, phone.picture.total);
	save_picture(&phone);
	demo_end_finish(end, report);
	return end->failed;
}
