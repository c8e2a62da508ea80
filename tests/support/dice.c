/* SPDX-License-Identifier: MIT */
#include "tests/support/dice.h"

#include <string.h>

void dice_mutate(struct dice *d, char *buf, size_t *len)
{
	static const char special[] = " \t\r\n:;=|/^,.-+0123456789afAFm\xff";
	size_t n = 1 + dice_below(d, 4);

	while (n-- > 0 && *len > 0) {
		size_t at = dice_below(d, *len);

		switch (dice_below(d, 4)) {
		case 0:
			buf[at] = (char)dice_next(d);
			break;
		case 1:
			memmove(buf + at, buf + at + 1, *len - at - 1);
			--*len;
			break;
		case 2:
			memmove(buf + at + 1, buf + at, *len - at);
			++*len;
			break;
		default:
			buf[at] = special[dice_below(d, sizeof special)];
			break;
		}
	}
}
