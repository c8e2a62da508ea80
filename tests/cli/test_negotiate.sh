#!/bin/sh
# offer, answer, accept: every suite by every method, and what is refused.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

# The hand-typed default.
expect 0 "offer with nothing but a state" "$SDESP" offer --state a
cp out o
expect 0 "answer with nothing but a state" "$SDESP" answer --state b o
cp out n
expect 0 accept "$SDESP" accept --state a n
expect 1 "accept again" "$SDESP" accept --state a n
says 'no offer is open'

# Keys agree: what one end has as "in" the other has as "out".
mirror() {
	"$SDESP" sa --state "$1" --format json | sed 's/^{"in"://' |
		sed -n "$2s/.*\"spi\":\"\([^\"]*\)\",\"suite\":\"\([^\"]*\)\",\"key\":\"\([^\"]*\)\",\"[a-z_]*\":\"\([^\"]*\)\".*/\1 \2 \3 \4/p"
}

for suite in AES_128_GCM_16 AES_256_GCM_16 CHACHA20_POLY1305 \
	AES_128_GCM_16_IIV AES_256_GCM_16_IIV CHACHA20_POLY1305_IIV \
	AES_128_CCM_8 AES_128_CBC_HMAC_SHA2_256_128 \
	AES_256_CBC_HMAC_SHA2_256_128 NULL_HMAC_SHA2_256_128; do
	for method in "x25519" "inline --secured"; do
		for esn in "" --esn; do
			what="$suite $method $esn"
			if agree a b "--suites $suite --method $method $esn" \
				"--suites $suite --method $method" &&
				[ -n "$(mirror a 1)" ] &&
				[ "$(mirror a 1)" = "$(mirror b 2)" ] &&
				[ "$(mirror a 2)" = "$(mirror b 1)" ]; then
				pass "$what"
			else
				fail "$what"
			fi
		done
	done
done

# Modes, encapsulation, addresses, media in place.
for pair in \
	"--encap none:" \
	"--local [::1]:4500 --loopback:--local [::1]:4501 --loopback" \
	"--local 127.0.0.1:7000:--local 127.0.0.1:7001" \
	"--media audio --inner RTP/AVP --inner-port 4000 --fmt 0:--inner-port 5000" \
	"--inner UDP --inner-port 4000 --fmt x --encap none:--inner-port 5000"; do
	case $pair in
	*]*) left=${pair%%:--local*} right="--local${pair##*:--local}" ;;
	*:--*) left=${pair%:--*} right="--${pair##*:--}" ;;
	*) left=${pair%:} right= ;;
	esac
	if agree a b "$left" "$right"; then pass "$pair"; else fail "$pair"; fi
done
rm -f a b
expect 0 "tunnel offer" "$SDESP" offer --state a --mode tunnel \
	--ts "any 10.1.0.0/16 any 10.2.0.0/16 any"
cp out o
expect 0 "tunnel answer, narrower" "$SDESP" answer --state b --mode tunnel \
	--ts "6 10.2.5.0/24 443 10.1.0.0/16 any" o
prints '^a=esp-ts:6 10.2.5.0/24 443 10.1.0.0/16 any'
cp out n
expect 0 "tunnel accept" "$SDESP" accept --state a n

rm -f a b
expect 0 "IPv6 loopback, both on one address" sh -c \
	"'$SDESP' offer --state a --local [::1]:4500 > o && '$SDESP' answer --state b o"
prints '^m=application 4501 UDP/ESP'

# Pre-shared keys.
key=00112233445566778899aabbccddeeff
(
	umask 077
	echo "lab $key camera hub" > psk.a
	printf '# ours\n\nlab %s hub camera\n' "$key" > psk.b
	echo "lab $key camera camera" > psk.same
	echo "lab 0011 hub camera" > psk.short
	echo "lab ${key}ff hub camera" > psk.other
)
if agree a b "--psk psk.a" "--psk psk.b"; then
	pass "PSK"
else
	fail "PSK"
fi
expect 0 "text names the PSK" "$SDESP" sa --state a
prints 'pre-shared key'
rm -f b c
expect 1 "PSK required, none offered" sh -c \
	"'$SDESP' offer --state c > o && '$SDESP' answer --state b --psk psk.b o"
says '^o:[0-9]+:[0-9]+: '
expect 1 "wrong PSK" sh -c "rm -f c d; '$SDESP' offer --state c --psk psk.a > o &&
	'$SDESP' answer --state d --psk psk.other o > n && '$SDESP' accept --state c n"
says '^n:[0-9]+:[0-9]+: '
rm -f c
expect 1 "PSK: same names" "$SDESP" offer --state c --psk psk.same
says '^psk.same:1:[0-9]+: .*expected'
expect 1 "PSK: short key" "$SDESP" offer --state c --psk psk.short
says '^psk.short:1:5: .*expected'
chmod 644 psk.a
expect 1 "PSK: file open to others" "$SDESP" offer --state c --psk psk.a
says 'mode is 644'
holds "no state is left" [ ! -e c ]

# Refusals of texts name the place.
"$SDESP" offer --state e > o
refused() {
	rm -f f
	expect 1 "refused: $1" "$SDESP" answer --state f bad
	says '^bad:[0-9]+:[0-9]+: '
	holds "no state is left" [ ! -e f ]
}
sed 's/a=esp:spi=......../a=esp:spi=000000ff/' o > bad
refused "reserved SPI"
sed 's/x25519:..../x25519:****/' o > bad
refused "base64"
sed 's/AES_128_GCM_16/X/;s/AES_256_GCM_16/Y/;s/CHACHA20_POLY1305/Z/' o > bad
refused "no suite"
sed 's/127.0.0.1/224.0.0.1/' o > bad
refused "multicast"
sed 's/^m=.*/m=audio 4000 RTP\/AVP 0\r/' o > bad
refused "no section for ESP"
sed '/^a=esp:/d' o > bad
refused "no a=esp"
printf 'm=' > bad
refused "m= line"
: > bad
refused "empty"
"$SDESP" answer --state f o > n
sed 's/esp-confirm:./esp-confirm:x/' n > bad
expect 1 "confirm" "$SDESP" accept --state e bad
says '^bad:[0-9]+:[0-9]+: '
expect 0 "the offer is still open" "$SDESP" accept --state e n
rm -f g
expect 1 "inline needs --secured" "$SDESP" offer --state g --method inline
says 'secured'

# Several sections: ours is answered, the rest declined.
rm -f f
{
	sed -n '1,5p' o
	printf 'm=video 5000 RTP/AVP 31\r\n'
	sed -n '6,$p' o
	printf 'm=audio 5002 RTP/AVP 0\r\n'
} > many
expect 0 "the section among others" "$SDESP" answer --state f many
prints '^m=video 0 RTP/AVP'
prints '^m=audio 0 RTP/AVP'
holds "three sections" [ "$(grep -c '^m=' out)" = 3 ]
rm -f h
expect 1 "--index of another's section" "$SDESP" answer --state h --index 0 many
says '^many:6:1: '
expect 1 "--index beyond the last" "$SDESP" answer --state h --index 9 many

# Rekey by both ends, refresh, an offer that was never answered.
agree a b "" ""
old=$(mirror a 1)
expect 0 "rekey offer" "$SDESP" offer --state b --rekey
expect 0 "rekey offer again, the first was lost" "$SDESP" offer --state b --rekey
cp out o
expect 0 "rekey answer" "$SDESP" answer --state a o
cp out n
expect 0 "rekey accept" "$SDESP" accept --state b n
sleep 2.2
holds "rekeyed at both ends" [ "$(mirror a 1)" = "$(mirror b 2)" ]
holds "to something new" [ "$(mirror a 1)" != "$old" ]
now=$(mirror a 1)
expect 0 "refresh offer" "$SDESP" offer --state a --refresh --local 127.0.0.3:4600
cp out o
expect 0 "refresh answer" "$SDESP" answer --state b o
cp out n
expect 0 "refresh accept" "$SDESP" accept --state a n
holds "keys stay" [ "$(mirror a 1)" = "$now" ]
expect 0 "the peer has moved" "$SDESP" sa --state b
prints '127.0.0.3:4600'
agree a b "--esn" ""
expect 0 "rekey offer by the end that did not ask for ESN" \
	"$SDESP" offer --state b --rekey
prints '^a=esp-crypto:1 .* ESN'
cp out o
expect 0 "the end that did asks for no other" "$SDESP" answer --state a o
# Both ends offer: one gives way.
agree a b "" ""
expect 0 "an offer" "$SDESP" offer --state a --rekey
cp out o
expect 0 "crosses another" "$SDESP" offer --state b --rekey
cp out other
expect 1 "neither answers, b" "$SDESP" answer --state b o
says 'our own offer is open.*sdesp offer --withdraw --state b'
expect 1 "neither answers, a" "$SDESP" answer --state a other
expect 2 "withdraw, and refresh" "$SDESP" offer --state b --withdraw --refresh
expect 2 "withdraw, and move" "$SDESP" offer --state b --withdraw \
	--local 127.0.0.4:4700
expect 0 "withdraw" "$SDESP" offer --state b --withdraw
holds "says nothing" [ ! -s out ]
expect 1 "withdraw again" "$SDESP" offer --state b --withdraw
says '^sdesp: b: no offer of a rekey or refresh is open'
expect 0 "now b answers" "$SDESP" answer --state b o
cp out n
expect 0 "and a accepts" "$SDESP" accept --state a n
sleep 2.2
holds "one pair at both ends" [ "$(mirror a 1)" = "$(mirror b 2)" ]

expect 2 "a rekey takes no new policy" "$SDESP" offer --state a --rekey --suites AES_128_CCM_8

# Usage.
expect 2 "no command" "$SDESP"
expect 2 "unknown command" "$SDESP" nonsense
expect 2 "unknown option" "$SDESP" offer --state x --nonsense
expect 2 "no state" "$SDESP" offer
expect 2 "unknown suite" "$SDESP" offer --state x --suites DES
expect 2 "malformed selector" "$SDESP" offer --state x --ts "17 self any"
says '^--ts:1:[0-9]+: '
expect 2 "tunnel without selectors" "$SDESP" offer --state x --mode tunnel
expect 2 "too many lines" "$SDESP" offer --state x --secured --suites \
	AES_128_GCM_16,AES_256_GCM_16,CHACHA20_POLY1305,AES_128_CCM_8,AES_128_GCM_16_IIV
expect 3 "no such file" "$SDESP" answer --state x nothing
holds "no state is left" [ ! -e x ]
for command in offer answer accept sa check seal open run demo bench; do
	expect 0 "$command --help" "$SDESP" $command --help
	prints "^usage: sdesp $command"
done
expect 0 "--help" "$SDESP" --help
expect 0 "--version" "$SDESP" --version
expect 3 "full disk" sh -c "'$SDESP' --help > /dev/full"

finish
