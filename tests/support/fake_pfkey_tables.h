/* The half of the fake kernel that obeys. SPDX-License-Identifier: MIT */
#ifndef TESTS_FAKE_PFKEY_TABLES_H
#define TESTS_FAKE_PFKEY_TABLES_H

#include "backends/pfkey/reader.h"
#include "tests/support/fake_pfkey.h"

/* Do as a message says: 0, or the errno of its reply. */
int fake_pfkey_obey(struct fake_pfkey *k, const struct pfkey_message *msg);

/* The SA that a message names; NULL = none. */
const struct fake_pfkey_item *fake_pfkey_find_sa(
	struct fake_pfkey *k, const struct pfkey_message *msg);

uint32_t fake_pfkey_hash(uint32_t h, const uint8_t *p, size_t len);

#endif
