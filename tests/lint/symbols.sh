#!/bin/sh
# Check what the freestanding core asks of the world and keeps in it: only the
# named memory functions (and BearSSL at the ESP level), no writable data.
# usage: symbols.sh NM LEVEL OBJECT...      LEVEL: negotiate | esp
# SPDX-License-Identifier: MIT
set -eu

nm=$1 level=$2
shift 2
"$nm" "$@" | awk -v level="$level" '
BEGIN {
	n = split("memcpy memset memcmp memmove strlen", m)
	for (i = 1; i <= n; i++)
		ok[m[i]] = 1
	wanted = level == "esp" ? "mem*, strlen, br_*" : "mem*, strlen"
}
NF == 2 && $1 == "U" { need[$2] = 1; next }
NF == 3 {
	have[$3] = 1
	if ($2 ~ /^[BbDdCcGgSs]$/) {
		print "symbols: writable data: " $3
		bad = 1
	}
}
END {
	for (s in need) {
		if (s in have || s in ok || (s ~ /^br_/ && level == "esp"))
			continue
		print "symbols: the core must not need " s
		bad = 1
	}
	for (s in have)
		defined++
	printf "symbols (%s): %d defined, none writable, only %s needed: %s\n",
		level, defined, wanted, bad ? "broken" : "ok"
	exit bad
}'
