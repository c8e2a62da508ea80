#!/bin/sh
# link_faults.c in a guest. SPDX-License-Identifier: MIT
exec sh tests/kernel/guest.sh "${SDESP_GUEST:-uml}" 300 "$BUILD/kernel" \
	./link_faults
