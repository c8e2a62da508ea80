#!/bin/sh
# xfrm_moves.c in a guest. SPDX-License-Identifier: MIT
exec sh tests/kernel/guest.sh "${SDESP_GUEST:-uml}" 300 "$BUILD/kernel" \
	./xfrm_moves
