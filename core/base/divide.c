/* SPDX-License-Identifier: MIT */
#include "base/divide.h"

uint32_t sdesp_divide(uint64_t *value, uint32_t by)
{
	uint64_t quotient = 0;
	uint32_t rest = 0;

	/* Most values need a single step. */
	if (*value <= UINT32_MAX) {
		rest = (uint32_t)*value % by;
		*value = (uint32_t)*value / by;
		return rest;
	}
	for (int shift = 48; shift >= 0; shift -= 16) {
		rest = rest << 16 | (uint16_t)(*value >> shift);
		quotient = quotient << 16 | rest / by;
		rest %= by;
	}
	*value = quotient;
	return rest;
}
