/* Names and sentences for statuses. SPDX-License-Identifier: MIT */
#include "sdesp_status.h"

#include <stddef.h>

struct row {
	int status;
	const char *name, *text;
};

#define ROW(s, text)                                                           \
	{                                                                      \
		s, #s, text                                                    \
	}

static const struct row rows[] = {
	ROW(SDESP_OK, "all is well"),

	ROW(SDESP_ERR_ARG, "an argument is not what the function asks for"),
	ROW(SDESP_ERR_SPACE, "the output buffer or a table is full"),
	ROW(SDESP_ERR_STATE, "this cannot be done in the present state"),
	ROW(SDESP_ERR_POLICY, "local policy leaves nothing to offer"),

	ROW(SDESP_ERR_SYNTAX, "the text breaks the grammar"),
	ROW(SDESP_ERR_LIMIT, "the text is larger than our limits allow"),
	ROW(SDESP_ERR_MISSING, "a line that must be there is missing"),
	ROW(SDESP_ERR_REPEATED, "something stands twice that may stand once"),
	ROW(SDESP_ERR_VALUE, "a value is well formed but not allowed here"),
	ROW(SDESP_ERR_REFLECTED, "our own secret or share was sent back to us"),
	ROW(SDESP_ERR_REUSED, "an SPI or secret of a pair still held is used"),

	ROW(SDESP_ERR_REJECTED, "the peer declined this stream (port 0)"),
	ROW(SDESP_ERR_NO_SUITE, "no esp-crypto line suits both sides"),
	ROW(SDESP_ERR_NO_MODE, "the two sides have no mode in common"),
	ROW(SDESP_ERR_NO_TS, "the two sides have no traffic in common"),
	ROW(SDESP_ERR_FLOOR, "this is weaker than policy or the live keys"),
	ROW(SDESP_ERR_PSK, "no pre-shared key has this name"),
	ROW(SDESP_ERR_INSECURE, "inline keys need secured signalling"),
	ROW(SDESP_ERR_ADDRESS, "local policy refuses this address"),
	ROW(SDESP_ERR_MISMATCH, "the answer does not fit the offer"),
	ROW(SDESP_ERR_CONFIRM, "the answer's confirmation is missing or wrong"),
	ROW(SDESP_ERR_KEX, "the Diffie-Hellman result is zero"),
	ROW(SDESP_ERR_GLARE, "both sides made an offer at the same time"),
	ROW(SDESP_ERR_FORKED, "this is a branch beyond the two allowed"),
	ROW(SDESP_ERR_MIXED, "this is neither a refresh nor a rekey"),

	ROW(SDESP_ERR_SHORT, "the packet is too short for ESP"),
	ROW(SDESP_ERR_SPI, "no security association has this SPI"),
	ROW(SDESP_ERR_REPLAY, "the packet was seen before or is too old"),
	ROW(SDESP_ERR_AUTH, "the packet's integrity check failed"),
	ROW(SDESP_ERR_PADDING, "the packet is authentic but malformed inside"),
	ROW(SDESP_ERR_SEQ, "the sequence numbers are used up"),
	ROW(SDESP_ERR_EXPIRED, "the security association has expired"),
	ROW(SDESP_ERR_SELECTOR, "the packet is outside the agreed traffic"),
	ROW(SDESP_ERR_BLOCKED, "nothing may be sent on this flow now"),
	ROW(SDESP_ERR_DUMMY, "the packet is a dummy"),

	ROW(SDESP_ERR_RANDOM, "there are no random numbers now"),
	ROW(SDESP_ERR_BACKEND, "the backend failed"),
	ROW(SDESP_ERR_EXISTS, "this SPI is taken"),
	ROW(SDESP_ERR_UNSUPPORTED, "the backend or provider cannot do this"),
	ROW(SDESP_ERR_GONE, "there is no such security association"),
};

static const struct row *find(int status)
{
	static const struct row unknown = {0, "unknown", "unknown status"};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].status == status)
			return &rows[i];
	}
	return &unknown;
}

const char *sdesp_status_name(int status)
{
	return find(status)->name;
}

const char *sdesp_status_text(int status)
{
	return find(status)->text;
}
