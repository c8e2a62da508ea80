#!/bin/sh
# demo and bench, and what tshark makes of the capture.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

picture=$here/../../docs/protocol.png
start=$(date +%s)
expect 0 demo "$SDESP" demo --picture "$picture" --out d
[ $(($(date +%s) - start)) -lt 10 ] && pass "under 10 seconds" || fail "slow"
cp out report
for line in 'picture is the same' 'both ends rekeyed' \
	'every replayed and every altered packet was refused' \
	'nothing of the picture could be read'; do
	prints "  ok .*$line"
done
cmp -s d/picture.png "$picture" && pass "same file" || fail "another file"
digest=$(sha256sum < "$picture" | cut -d' ' -f1)
grep -q "$digest" report && pass "its SHA-256" || fail "SHA-256"
[ "$(stat -c %a d/esp_sa)" = 600 ] && pass "keys are private" || fail "keys"

if command -v tshark > /dev/null; then
	sed -n '/WIRESHARK_CONFIG_DIR/,/^$/p' report > decode
	grep -q onpath.pcap decode && pass "the command is printed" || fail "command"
	sed -i '/^$/d' decode
	sed -i '$s/$/ -T fields -e esp.icv_good -e udp.dstport/' decode
	sh decode > fields 2> err
	all=$(wc -l < fields)
	good=$(grep -c '^1' fields)
	[ "$all" -gt 100 ] && [ "$good" -ge $((all - 2)) ] &&
		pass "tshark: $good of $all right" || fail "tshark: $good of $all"
	grep -q ',8080' fields && pass "tshark decrypts" || fail "no inner port"
else
	echo "note: tshark is not there"
fi

head -c 100 "$picture" > tiny
expect 1 "too small a picture" "$SDESP" demo --picture tiny --out e
expect 3 "no picture" "$SDESP" demo --picture nothing --out e
expect 0 "twice in one place" "$SDESP" demo --picture "$picture" --out d
expect 0 bench "$SDESP" bench
prints '^AES_128_GCM_16 '
prints '^NULL_HMAC_SHA2_256_128 '

finish
