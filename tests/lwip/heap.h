/*
 * The heap of a hosted lwIP, which takes all its memory there, counted.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LWIP_HEAP_H
#define TESTS_LWIP_HEAP_H

/* Blocks that it holds now. */
extern long heap_blocks;

#endif
