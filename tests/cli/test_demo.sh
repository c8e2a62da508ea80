#!/bin/sh
# demo and bench, and what tshark makes of the capture.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

picture=$here/../../docs/protocol.png
start=$(date +%s)
expect 0 demo "$SDESP" demo --picture "$picture" --out d
holds "under 10 seconds" [ $(($(date +%s) - start)) -lt 10 ]
cp out report
for line in 'picture is the same' 'both ends rekeyed' \
	'every replayed and every altered packet was refused' \
	'nothing of the picture could be read' \
	'the call was made and ended as calls are' \
	"the intruder's call was refused"; do
	prints "  ok .*$line"
done
# The ladder is what the program on the path saw pass.
for row in '-- INVITE  a=esp:spi=[0-9a-f]{8} -+>' \
	'-- re-INVITE  a=esp:spi=[0-9a-f]{8} -+>' \
	'<- 200 OK  a=esp:spi=[0-9a-f]{8} -+' '-- ACK -+>' '-- BYE -+>' \
	'== ESP: [0-9]+ -->, <-- [0-9]+ =+'; do
	prints "^ +[0-9]+ +\|$row\|\$"
done
lacks "no line beyond 90 columns" grep -Eq '^ .{90}' report
lacks "the key is gone" [ -e d/psk.phone ]
holds "same file" cmp -s d/picture.png "$picture"
digest=$(sha256sum < "$picture" | cut -d' ' -f1)
holds "its SHA-256" grep -q "$digest" report
holds "keys are private" [ "$(stat -c %a d/esp_sa)" = 600 ]

if command -v tshark > /dev/null; then
	sed -n '/WIRESHARK_CONFIG_DIR/,/^$/p' report > decode
	holds "the command is printed" grep -q onpath.pcap decode
	sed -i '/^$/d' decode
	sed -i '$s/$/ -Y esp -T fields -e esp.icv_good -e tcp.flags.syn/' decode
	sh decode > fields 2> err
	all=$(wc -l < fields)
	good=$(grep -c '^1' fields)
	holds "tshark: $all packets" [ "$all" -gt 100 ]
	holds "tshark: $good of them right" [ "$good" -ge $((all - 2)) ]
	holds "tshark decrypts" grep -q '1$' fields
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
