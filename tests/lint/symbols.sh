#!/bin/sh
# Check what the freestanding core asks of the world and keeps in it: only the
# named memory functions (and BearSSL at the ESP level), no writable data.
# usage: symbols.sh NM LEVEL OBJECT...      LEVEL: negotiate | esp
# SPDX-License-Identifier: MIT
set -eu

nm=$1 level=$2
shift 2
"$nm" "$@" | awk -v level="$level" '
BEGIN { split("memcpy memset memcmp memmove strlen", m); for (i in m) ok[m[i]] = 1 }
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
		if ((s in have) || (s in ok) || s == "_GLOBAL_OFFSET_TABLE_")
			continue
		if (s ~ /^br_/ && level == "esp")
			continue
		if (s ~ /^__aeabi_/)
			continue
		print "symbols: the core must not need " s
		bad = 1
	}
	printf "symbols (%s): %d defined, no writable data, only %s needed: %s\n",
		level, length(have), level == "esp" ?
		"mem*, strlen, br_*" : "mem*, strlen", bad ? "broken" : "ok"
	exit bad
}'
