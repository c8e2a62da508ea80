/*
 * What the three processes say, held against each other. Every figure comes
 * from their counters. SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/demo.h"
#include "ports/posix/sa_print.h"

struct judge {
	int failed;
};

/* One line of the verdict. */
static void check(struct judge *j, int good, const char *what)
{
	printf("  %s  %s\n", good ? "ok  " : "FAIL", what);
	if (!good)
		j->failed = 1;
}

static uint64_t accepted(const struct demo_end_report *end)
{
	return end->counters.opened + end->counters.dummies;
}

static uint64_t refused(const struct demo_end_report *end)
{
	return end->counters.replays + end->counters.forged;
}

/* What was sent to an end and neither accepted nor refused there. */
static uint64_t lost(const struct demo_path_report *path, unsigned direction,
	const struct demo_end_report *end)
{
	uint64_t sent = path->forwarded[direction] + path->replayed[direction] +
			path->altered[direction];
	uint64_t seen = accepted(end) + refused(end);

	return sent > seen ? sent - seen : 0;
}

static int hostile_as_injected(const struct demo_path_report *path,
	unsigned direction, const struct demo_end_report *end)
{
	if (lost(path, direction, end) > 0)
		return refused(end) > 0;
	return end->counters.replays == path->replayed[direction] &&
	       end->counters.forged == path->altered[direction];
}

static void print_end(const char *name, const struct demo_end_report *r)
{
	const struct sdesp_udp_counters *c = &r->counters;

	printf("  %-10s %6llu %9llu %11llu %9llu\n", name,
		(unsigned long long)c->sealed, (unsigned long long)accepted(r),
		(unsigned long long)c->replays, (unsigned long long)c->forged);
}

static void print_report(const struct demo_end_report *phone,
	const struct demo_end_report *appliance,
	const struct demo_path_report *path)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(phone->suite);

	printf("\nsuite       %s, keys by %s\n",
		suite != NULL ? suite->name : "none",
		phone->method == SDESP_X25519 ? "X25519" : "inline secrets");
	printf("SPIs        %08lx to the phone, %08lx to the appliance\n",
		(unsigned long)phone->spi_in[0],
		(unsigned long)phone->spi_out[0]);
	printf("rekeyed     %u time, after %llu packets: now %08lx and %08lx "
	       "(%llu more)\n",
		phone->rekeys, (unsigned long long)phone->by_pair[0],
		(unsigned long)phone->spi_in[1],
		(unsigned long)phone->spi_out[1],
		(unsigned long long)phone->by_pair[1]);
	printf("\npackets       sent  accepted  refused as        as\n"
	       "                               replayed    forged\n");
	print_end("phone", phone);
	print_end("appliance", appliance);
	printf("  %-10s forwarded %llu, replayed %llu, sent altered copies of "
	       "%llu\n",
		"on path",
		(unsigned long long)(path->forwarded[0] + path->forwarded[1]),
		(unsigned long long)(path->replayed[0] + path->replayed[1]),
		(unsigned long long)(path->altered[0] + path->altered[1]));
	printf("\npicture     %llu octets, SHA-256 at the phone:\n            ",
		(unsigned long long)phone->bytes);
	sa_hex(stdout, phone->sha256, sizeof phone->sha256);
	printf("\n            pieces sent again: %llu\n\n",
		(unsigned long long)appliance->repeated);
}

static void print_files(
	const struct demo_setup *setup, const struct demo_path_report *path)
{
	const char *dir = setup->directory;

	printf("\nWhat the program on the path recorded, decrypted with the "
	       "phone's keys:\n\n"
	       "  WIRESHARK_CONFIG_DIR=%s tshark -r %s/" DEMO_CAPTURE
	       " \\\n      -d udp.port==%u,udpencap -d udp.port==%u,udpencap "
	       "\\\n"
	       "      -o esp.enable_encryption_decode:TRUE "
	       "-o esp.enable_authentication_check:TRUE\n\n",
		dir, dir, (unsigned)path->port[0], (unsigned)path->port[1]);
	printf("capture     %s/" DEMO_CAPTURE "\nkeys        %s/" DEMO_KEYS
	       "\npicture     %s/" DEMO_COPY "\n",
		dir, dir, dir);
}

int demo_judge(const struct demo_setup *setup,
	const struct demo_end_report *phone,
	const struct demo_end_report *appliance,
	const struct demo_path_report *path)
{
	struct judge j = {0};

	print_report(phone, appliance, path);
	check(&j, phone->complete && appliance->complete && path->complete,
		"all three came to their end");
	check(&j,
		phone->bytes == appliance->bytes &&
			memcmp(phone->sha256, appliance->sha256, 32) == 0,
		"the picture is the same at both ends: nothing lost");
	check(&j,
		phone->rekeys > 0 && appliance->rekeys > 0 &&
			phone->by_pair[0] > 0 && phone->by_pair[1] > 0 &&
			phone->spi_in[0] != phone->spi_in[1],
		"both ends rekeyed while the picture was on its way");
	check(&j,
		accepted(appliance) <= path->forwarded[0] &&
			accepted(phone) <= path->forwarded[1] &&
			hostile_as_injected(path, 0, appliance) &&
			hostile_as_injected(path, 1, phone),
		"every replayed and every altered packet was refused");
	check(&j,
		path->plaintext == 0 &&
			path->forwarded[0] + path->forwarded[1] > 0,
		"nothing of the picture could be read on the path");
	if (lost(path, 0, appliance) + lost(path, 1, phone) > 0)
		printf("  note  the kernel dropped %llu datagrams; what was "
		       "needed was sent again\n",
			(unsigned long long)(lost(path, 0, appliance) +
					     lost(path, 1, phone)));
	print_files(setup, path);
	return j.failed;
}
