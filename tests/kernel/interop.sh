#!/bin/sh
# Run the matrix and print docs/interop.md.
# usage: BUILD=... interop.sh       (make interop does)
# SPDX-License-Identifier: MIT
set -eu

out=$(mktemp)
trap 'rm -f "$out"' EXIT

cat << 'TEXT'
# Backends with each other

Made by "make interop". Every cell is a session between two network
namespaces: ping, UDP, and a file whose SHA-256 is compared (by TCP where both
ends have a kernel's stack, else the same octets there and back by UDP), with a
rekey in its midst that loses no packet; a capture at both ends shows ESP and
nothing of the flow in the clear. "-" does not exist: the udp backend has no
raw ESP. Linux' ESP has no implicit IVs (RFC 8750), so there are no suites of
_IIV with xfrm; that any other suite is missing from a backend is a failure.
TEXT
sh tests/kernel/test_matrix.sh > "$out" || {
	cat "$out" >&2
	exit 1
}
echo
grep '^|' "$out"
echo
sed -n 's/^\([0-9]* passed, [0-9]* failed\)$/\1./p' "$out"
