/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#include "tests/support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* GUARD_MAX octets with an unmapped page on both sides. */
static char *map(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, GUARD_MAX + 2 * page, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED ||
		mprotect(p + page, GUARD_MAX, PROT_READ | PROT_WRITE) != 0) {
		perror("guard pages");
		exit(1);
	}
	return p + page;
}

static char *place(char **area, const void *data, size_t len, int at_end)
{
	char *p;

	if (*area == NULL)
		*area = map();
	if (len > GUARD_MAX) {
		fprintf(stderr, "guard pages: %zu octets are too many\n", len);
		exit(1);
	}
	p = at_end ? *area + GUARD_MAX - len : *area;
	if (len > 0)
		memcpy(p, data, len);
	return p;
}

char *guard_end(const void *data, size_t len)
{
	static char *area;

	return place(&area, data, len, 1);
}

char *guard_start(const void *data, size_t len)
{
	static char *area;

	return place(&area, data, len, 0);
}
