#!/bin/sh
# seal and open: round trips, and everything that must be refused.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

packets() {
	/usr/bin/python3 "$here/packets.py" "$@"
}

round_trip() {
	if agree a b "$2" "$3" && "$SDESP" seal --state a clear sealed 2> err &&
		"$SDESP" open --state b sealed opened 2> err &&
		cmp clear opened 2> err && ! cmp -s clear sealed; then
		pass "$1"
	else
		fail "$1"
	fi
}

packets make clear 127.0.0.1 127.0.0.2
for suite in AES_128_GCM_16 AES_256_GCM_16 CHACHA20_POLY1305 \
	AES_128_GCM_16_IIV AES_256_GCM_16_IIV CHACHA20_POLY1305_IIV \
	AES_128_CCM_8 AES_128_CBC_HMAC_SHA2_256_128 \
	AES_256_CBC_HMAC_SHA2_256_128 NULL_HMAC_SHA2_256_128; do
	for how in "" --esn "--encap none"; do
		round_trip "$suite $how" "--suites $suite $how" "--suites $suite"
	done
done
packets make clear ::1 2001:db8::2
rm -f a b
packets make clear fd00::1 fd00::2
for how in "" "--encap none"; do
	round_trip "IPv6 $how" "--local [fd00::1]:4500 $how" "--local [fd00::2]:4500"
done

# A tunnel carries both families; what is outside its prefixes stays out.
tunnel() {
	rm -f a b
	"$SDESP" offer --state a --mode tunnel --ts "any $1 any $2 any" > o &&
		"$SDESP" answer --state b --mode tunnel --ts "any $2 any $1 any" o > n &&
		"$SDESP" accept --state a n
}
packets make clear 10.1.0.1 10.2.0.2
tunnel 10.1.0.0/16 10.2.0.0/16
expect 0 "tunnel seal" "$SDESP" seal --state a clear sealed
expect 0 "tunnel open" "$SDESP" open --state b sealed opened
holds "tunnel" cmp -s clear opened
packets make clear fd01::1 fd02::2
tunnel fd01::/64 fd02::/64
expect 0 "tunnel seal, IPv6 inside" "$SDESP" seal --state a clear sealed
expect 0 "tunnel open, IPv6 inside" "$SDESP" open --state b sealed opened
holds "tunnel, IPv6 inside" cmp -s clear opened
packets make clear 10.9.0.1 10.2.0.2
expect 1 "outside the prefixes" "$SDESP" seal --state a clear sealed
says 'outside the selectors'

# Outside the selectors: refused, never passed through.
packets make clear 127.0.0.1 127.0.0.2
rm -f a b
"$SDESP" offer --state a --ts "17 self any peer 5001" > o
"$SDESP" answer --state b o > n
"$SDESP" accept --state a n
expect 1 "another port" "$SDESP" seal --state a clear sealed
says '45 refused'
holds "nothing passed" [ "$(stat -c %s sealed)" = 24 ]
packets make other 192.0.2.1 127.0.0.2
agree a b "" ""
expect 1 "another source" "$SDESP" seal --state a other sealed

# Forgery, replay, other SAs.
agree a b "" ""
"$SDESP" seal --state a clear sealed 2> /dev/null
for at in 40 60 -1 -16; do
	packets flip sealed forged 44 $at
	cp b c
	expect 1 "a bit changed at $at" "$SDESP" open --state c forged opened
	says 'packet 45 refused'
	says '44 packets opened, 1 refused'
done
packets flip sealed forged 3 31
expect 1 "another SPI" "$SDESP" open --state b forged opened
says 'packet 4 refused: no SA'
expect 1 "the rest is a replay" "$SDESP" open --state b sealed opened
says '1 packets opened, 44 refused'
expect 1 "all is a replay" "$SDESP" open --state b sealed opened
says '0 packets opened, 45 refused'
expect 0 "counted" "$SDESP" sa --state b
prints '89 replays'
agree a b "" ""
expect 1 "another session's" "$SDESP" open --state b sealed opened
expect 1 "clear packets" "$SDESP" open --state b clear opened

# Files.
packets swap clear swapped
expect 0 "big-endian, nanoseconds" "$SDESP" seal --state a swapped sealed
expect 0 "open that" "$SDESP" open --state b sealed opened
head -c 100 clear > cut.pcap
rm -f none
expect 1 "cut short" "$SDESP" seal --state a cut.pcap none
says 'cut.pcap: cut short in packet 2'
holds "no partial output" [ ! -e none ]
head -c 20 clear > cut.pcap
expect 1 "cut in its header" "$SDESP" seal --state a cut.pcap none
packets make ether 127.0.0.1 127.0.0.2 1
expect 1 "link type" "$SDESP" seal --state a ether none
says 'link type 1; expected 101'
echo 'no capture at all, only text' > text
expect 1 "not pcap" "$SDESP" seal --state a text none
expect 3 "absent" "$SDESP" seal --state a absent none
lacks "no temporary file is left" sh -c "find . -name '*.??????' | grep -q ."

# Another implementation opens what we seal.
if command -v tshark > /dev/null; then
	agree a b "--local 127.0.0.1:4500" ""
	"$SDESP" seal --state a clear sealed 2> /dev/null
	mkdir -p ws
	"$SDESP" sa --state a --format wireshark > ws/esp_sa
	n=$(WIRESHARK_CONFIG_DIR=ws tshark -r sealed \
		-o esp.enable_encryption_decode:TRUE \
		-o esp.enable_authentication_check:TRUE \
		-T fields -e esp.icv_good 2> /dev/null | grep -c '^1$')
	holds "tshark verifies 45" [ "$n" = 45 ]
else
	echo "note: tshark is not there"
fi

finish
