/*
 * The benchmark's main. SPDX-License-Identifier: MIT
 *
 *	bench                    measure everything
 *	bench --list             operations that can be counted, one a line
 *	bench --count N OP...    do one of them N times, for callgrind
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_part *const parts[] = {
	&bench_esp, &bench_nego, &bench_tun};

#define PARTS (sizeof parts / sizeof parts[0])

int main(int argc, char **argv)
{
	if (argc == 1) {
		for (size_t i = 0; i < PARTS; i++)
			parts[i]->run();
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < PARTS; i++)
			parts[i]->list();
		return 0;
	}
	if (argc > 3 && strcmp(argv[1], "--count") == 0)
		for (size_t i = 0; i < PARTS; i++)
			if (parts[i]->count(strtoul(argv[2], NULL, 10),
				    argc - 3, argv + 3))
				return 0;
	fprintf(stderr, "usage: bench [--list | --count N OPERATION...]\n");
	return 2;
}
