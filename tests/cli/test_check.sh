#!/bin/sh
# check: bodies of all kinds. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

"$SDESP" offer --state a --esn --ts "17 self any peer 40000-40010" > o
expect 0 "an offer" "$SDESP" check o
prints '^o:6: section 0, application: ESP in UDP to 127.0.0.1 port 4500, transport mode$'
prints '^o:[0-9]+: keys, choice 1: AES_128_GCM_16, an X25519 share, 64-bit'
prints '^o:[0-9]+: receives on SPI [0-9a-f]{8}$'
prints '^o:[0-9]+: traffic: 17 self any peer 40000-40010$'
expect 0 "standard input" sh -c "'$SDESP' check - < o"
expect 0 "LF alone, no end" sh -c "tr -d '\r' < o | head -c -1 | '$SDESP' check -"

wrong() {
	expect 1 "wrong: $1" "$SDESP" check bad
	says "^bad:$2: "
}
sed 's/spi=......../spi=12345/' o > bad
wrong "SPI" '11:[0-9]+'
sed 's/40000-40010/40010-40000/' o > bad
wrong "range" '12:[0-9]+'
sed 's/^m=application 4500/m=application x/' o > bad
wrong "m= line" '6:[0-9]+'
sed '/^c=/d' o > bad
wrong "no address" '5:1'
sed '/^a=esp-crypto/d' o > bad
wrong "no keys" '[0-9]+:[0-9]+'

printf 'v=0\r\nm=audio 5000 RTP/SAVP 0\r\na=crypto:1 X inline:y\r\n' > other
expect 0 "others' sections" "$SDESP" check other
prints '^other:2: section 0, audio RTP/SAVP: not for ESP'
expect 0 "no section" "$SDESP" check /dev/null
sed 's/^m=application 4500/m=application 0/' o > declined
expect 0 "declined" "$SDESP" check declined
prints 'declined'
head -c 70000 /dev/zero > large
expect 1 "too large" "$SDESP" check large
expect 3 "absent" "$SDESP" check absent
head -c 5000 /dev/urandom > noise
"$SDESP" check noise > out 2> err
code=$?
holds "noise" [ "$code" -le 1 ]

finish
