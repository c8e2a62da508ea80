#!/bin/sh
# matrix.c in a guest. SPDX-License-Identifier: MIT
exec sh tests/kernel/guest.sh "${SDESP_GUEST:-uml}" 580 "$BUILD/kernel" \
	./matrix
