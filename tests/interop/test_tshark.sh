#!/bin/sh
# tshark decodes what the demo recorded: the call's SIP, and every packet of
# ESP, with a right ICV and TCP inside, from the key file that the demo wrote.
# usage: test_tshark.sh [DIR]     (DIR: what "sdesp demo --out DIR" left)
# SPDX-License-Identifier: MIT
set -u

sdesp=${SDESP:-build/sdesp}
command -v tshark > /dev/null || { echo "SKIP: tshark is missing"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dir=${1:-$work/demo}
failed=0 passed=0

# check NAME GOT WANTED
check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		echo "FAIL $1: $2, not $3"
		failed=$((failed + 1))
	fi
}

if [ $# -eq 0 ]; then
	if ! "$sdesp" demo --out "$dir" > "$work/report"; then
		cat "$work/report"
		echo "FAIL: the demo failed"
		exit 1
	fi
fi

# Only the recorded folder's key file counts, not this user's own.
mkdir "$work/config"
cp "$dir/esp_sa" "$work/config/"
export WIRESHARK_CONFIG_DIR="$work/config"
ports=$(tshark -r "$dir/onpath.pcap" -Y '!sip' -T fields -e udp.srcport -e udp.dstport \
	2> "$work/log" | tr '\t' '\n' | sort -u)

# show FILTER FIELD...
show() {
	filter=$1
	shift
	# shellcheck disable=SC2046 # options
	tshark -r "$dir/onpath.pcap" \
		$(for p in $ports; do echo "-d udp.port==$p,udpencap"; done) \
		-o esp.enable_encryption_decode:TRUE \
		-o esp.enable_authentication_check:TRUE -Y "$filter" \
		-T fields $(for f in "$@"; do echo "-e $f"; done) 2>> "$work/log"
}

lines() {
	wc -l | tr -d ' '
}

all=$(show esp esp.spi | lines)
# A dummy packet: padding 1 2, its length, next header 59.
dummies=$(show "esp.decrypted_data == 01:02:02:3b" esp.spi | lines)
check "packets with a right ICV" \
	"$(show "esp.icv_good == 1 && !(esp.icv_bad == 1)" esp.spi | lines)" "$all"
check "packets with TCP inside" \
	"$(show esp frame.protocols | grep -c 'esp:tcp')" $((all - dummies))
check "requests for the picture" \
	"$(show 'tcp contains "GET /picture.png"' esp.spi | lines)" 1
check "INVITE and re-INVITE" \
	"$(show 'sip.Method == "INVITE"' sip.CSeq.seq | sort -u | lines)" 2
check "SPIs seen" "$(show esp esp.spi | sort -u | lines)" \
	"$(grep -c '^"IPv' "$dir/esp_sa")"
if [ $# -eq 0 ]; then
	accepted=$(awk '/^  (phone|camera) +[0-9]/ { n += $3 }
		END { print n + 0 }' "$work/report")
	# The last two may race with the BYE: each end says goodbye in TCP.
	check "packets that the ends accepted: $accepted of $all" \
		"$((all - accepted >= 0 && all - accepted <= 2))" 1
fi
[ "$all" -gt 0 ] || { echo "FAIL: no packet was recorded"; failed=1; }
[ "$failed" -eq 0 ] || cat "$work/log"
echo "$passed passed, $failed failed ($all packets)"
[ "$failed" -eq 0 ]
