/* SPDX-License-Identifier: MIT */
#include "tests/lwip/heap.h"

#include <stdlib.h>

#include "lwip/mem.h"

long heap_blocks;

/* In the place of the library's. */
void *mem_malloc(mem_size_t size)
{
	void *p = malloc(size);

	heap_blocks += p != NULL;
	return p;
}

void mem_free(void *p)
{
	heap_blocks -= p != NULL;
	free(p);
}
