#!/bin/sh
# sdesp run --backend xfrm in a guest, alone and with tun: run.sh.
# SPDX-License-Identifier: MIT
set -u
: "${SDESP:=$BUILD/sdesp}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$SDESP" "$work/sdesp"
cp "$BUILD/kernel/run" tests/kernel/run.sh "$work/"
sh tests/kernel/guest.sh "${SDESP_GUEST:-uml}" 300 "$work" sh ./run.sh
