#!/bin/sh
# SIPp against both ends: malformed and late answers, bad offers,
# glare, BYE during a rekey, an ACK that is late or never comes.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/../cli/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/../cli/ua.sh"
command -v sipp > /dev/null || { echo "SKIP: no sipp"; exit 77; }
# shellcheck source=tests/interop/sipp.sh
. "$here/sipp.sh"

peer=$((base + 3))

# --- SIPp calls ------------------------------------------------------------

# calls NAME SCENARIO OPTION...
calls() {
	name=$1
	scenario=$2
	shift 2
	if sipp_plays "$scenario" "" "127.0.0.1:$sip" -p "$peer" \
		-s camera -inf keys.csv -key ua "$l" "$@"; then
		pass "$name"
	else
		fail "$name"
		cat "$scenario.err"
	fi
}
logged() { grep -c "$2" "$1.log"; }

listen --allow sip:sipp@127.0.0.1 --expose "$web"
calls "a call" call -m 1 -d 100
wait_for "it is over" l.out '^closed'

calls "the ACK is late" late-ack -m 1
holds "the 200 came again" [ "$(logged late-ack '^CSeq: 1 INVITE')" -ge 5 ]
holds "up once" [ "$(grep -c '^established' l.out)" = 2 ]

calls "glare: 491 for each, then BYE" glare -m 1
lacks "glare: no rekey came of it" grep -q '^rekeyed' l.out
calls "BYE during our rekey" bye-in-rekey -m 1

# refused NAME REASON LINES: an offer, its section given with | between lines.
refused() {
	name=$1
	if sipp_plays refused "$3" "127.0.0.1:$sip" -p "$peer" -s camera \
		-key reason "$2" -m 1; then
		pass "$name"
	else
		fail "$name"
		cat refused.err
	fi
}
m="m=application 9999 UDP/ESP transport"
share=Yc1WTdFZ9oDnJX4UUeHRgV0ZpsZhEhT1yQOVRK9Gvn4=
line="a=esp-crypto:1 AES_128_GCM_16 x25519:$share"
spi="a=esp:spi=c3000000"
ts="a=esp-ts:6 self any peer $web"
refused "no ESP at all" "no media section" "m=audio 9999 RTP/AVP 0"
refused "unknown suite" "suite" \
	"$m|a=esp-crypto:1 DES_MD5 x25519:$share|$spi|$ts"
refused "a key that is too short" "key" \
	"$m|a=esp-crypto:1 AES_128_GCM_16 x25519:AAAA|$spi|$ts"
refused "no SPI" "" "$m|$line|$ts"
refused "SPI 0" "SPI" "$m|$line|a=esp:spi=00000000|$ts"
refused "two a=esp" "esp" "$m|$line|$spi|$spi|$ts"
refused "inline on insecure signalling would be fine on loopback, MKI not" "" \
	"$m|a=esp-crypto:1 AES_128_GCM_16 inline:$share 1:4|$spi|$ts"
refused "selectors that nobody granted" "selector" \
	"$m|$line|$spi|a=esp-ts:6 self any peer 22"
refused "a multicast address" "address" \
	"$m|c=IN IP4 224.0.0.1|$line|$spi|$ts"
holds "none of them was taken" [ "$(grep -c '^established' l.out)" = 4 ]

calls "the ACK never comes" no-ack -m 1
wait_for "which ends the call" l.out '^closed .*ACK' 10
ends "the listener ends" "$l" 0 TERM
holds "four calls were up, and all five are over" [ "$(grep -c \
	'^established' l.out) $(grep '^closed' l.out | grep -vc ': 488 ')" = "4 5" ]

# --- SIPp is called --------------------------------------------------------

# answers NAME SCENARIO SECTION: SIPp waits for a call.
answers() {
	sipp_plays "$2" "$3" "" -p "$sip" -inf keys.csv -m 1 &
	uas=$!
	pids="$pids $uas"
	name=$1
	sleep 0.3
}
# to_it: our call, which must fail.
to_it() {
	expect 1 "$name: refused" "$SDESP" ua call --aor "$phone" \
		--seconds 20 --forward "$entry:$web" "$camera:$sip"
	holds "$name: ACK and BYE" wait "$uas"
}
ats="a=esp-ts:6 self $web peer any"
confirm=a=esp-confirm:00112233445566778899aabbccddeeff
answers "no confirmation" answer "$m|$line|$spi|$ats"
to_it
prints '^closed .*esp-confirm'
answers "a wrong confirmation" answer "$m|$line|$spi|$ats|$confirm"
to_it
prints '^closed .*confirm'
answers "two lines in the answer" answer \
	"$m|$line|a=esp-crypto:2 AES_256_GCM_16 x25519:$share|$spi|$ats|$confirm"
to_it
answers "a tag that nobody offered" answer \
	"$m|a=esp-crypto:9 AES_128_GCM_16 x25519:$share|$spi|$ats|$confirm"
to_it
answers "selectors wider than offered" answer \
	"$m|$line|$spi|a=esp-ts:any self any peer any|$confirm"
to_it
answers "the section declined" answer "m=application 0 UDP/ESP transport"
to_it
answers "no section" answer "a=nothing"
to_it
# (Right ones, which SIPp cannot make, are in try_answers.py.)
answers "a wrong confirmation, 200 twice" answer-twice \
	"$m|$line|$spi|$ats|$confirm"
to_it
answers "a wrong confirmation, from two branches" answer-fork \
	"$m|$line|$spi|$ats|$confirm"
to_it
lacks "never established" grep -q '^established' out
answers "200 after CANCEL" late-answer "$m|$line|$spi|$ats|$confirm"
start late "$SDESP" ua call --aor "$phone" --seconds 30 \
	--forward "$entry:$web" "$camera:$sip"
late=$pid
sleep 1
kill -INT "$late"
holds "200 after CANCEL: ACK and BYE" wait "$uas"
wait "$late"
lacks "200 after CANCEL: never established" grep -q '^established' late.out

finish
