/*
 * From the old keys to the new ones. SPDX-License-Identifier: MIT
 */
#include "ports/posix/report.h"
#include "ports/posix/run_follow.h"

/* How long an answer may be on its way to the other end. */
#define DELIVERY_MS 20000

static int confirm(struct state *st)
{
	int status = sdesp_session_confirm(&st->session, st->clock_ms);

	return status == SDESP_OK ? DONE
				  : refuse_status(st->path, 0, status, NULL);
}

/*
 * Nobody brings us the ACK of a rekey that we answered. The first packet under
 * the new keys says that the answer has arrived; without one it is believed
 * after a while, which a person may need to carry it (SPEC 5.4, 10.2).
 */
static int settle(struct run_follow *f, struct state *st,
	const struct sdesp_session_info *info)
{
	if (info->state != SDESP_REKEY_ANSWERED)
		f->answered_ms = 0;
	else if (info->spi_out != f->spi_out)
		return confirm(st);
	else if (f->answered_ms == 0)
		f->answered_ms = st->clock_ms;
	else if (st->clock_ms - f->answered_ms >= DELIVERY_MS)
		return confirm(st);
	return DONE;
}

int run_follow(struct run_follow *f, struct state *st)
{
	struct sdesp_session_info info;
	int code;

	sdesp_session_info(&st->session, &info);
	code = settle(f, st, &info);
	if (code != DONE || info.spi_out == f->spi_out || info.spi_out == 0)
		return code;
	f->spi_out = info.spi_out;
	note("rekeyed: SPI in %08lx, out %08lx", (unsigned long)info.spi_in,
		(unsigned long)info.spi_out);
	return state_store(st);
}
