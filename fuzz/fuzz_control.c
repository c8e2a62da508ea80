/*
 * A request to a command that runs, or a reply of one. What is read as a
 * request is written again as the same octets; all texts lie within and end
 * there. SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"
#include "ports/posix/control_wire.h"

static void request(const char *octets, size_t len)
{
	static char again[CONTROL_REQUEST_MAX];
	struct control_request r;

	if (control_read(&r, octets, len) != NULL)
		return;
	FUZZ_CHECK(r.verb < CONTROL_VERBS);
	FUZZ_CHECK(r.body >= octets && r.body + r.len + 1 == octets + len);
	FUZZ_CHECK(control_write(again, &r) == len);
	FUZZ_CHECK(memcmp(again, octets, len) == 0);
}

static void reply(const char *octets, size_t len)
{
	struct control_reply r;

	if (control_read_reply(&r, octets, len) != 0)
		return;
	FUZZ_CHECK(r.code >= 0 && r.code <= 3);
	FUZZ_CHECK(r.messages == octets + 1);
	FUZZ_CHECK(r.output + strlen(r.output) + 1 == octets + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request((const char *)data, size);
	reply((const char *)data, size);
	return 0;
}
