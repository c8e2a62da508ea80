#!/bin/sh
# Kamailio between the two ends: registrar and proxy that wants passwords, over
# UDP and TCP, with one INVITE forked to two appliances, with a media relay in
# the path, and when it goes away. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/../cli/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/../cli/ua.sh"
for program in kamailio rtpengine curl tshark; do
	command -v $program > /dev/null ||
		{ echo "SKIP: no $program"; exit 77; }
done

proxy=$((base + 3))
ng=$((base + 4))
registrar=sip:127.0.0.1:$proxy
mkdir www run
head -c 300000 /dev/urandom > www/picture
serve www
for who in camera phone; do
	echo "127.0.0.1 $who secret-of-$who" > $who.auth
	chmod 600 $who.auth
done

# proxy_begins OPTION...: Kamailio, until proxy_ends.
proxy_begins() {
	rm -f run/pid
	start proxy kamailio -f "$here/proxy.cfg" -l "udp:127.0.0.1:$proxy" \
		-l "tcp:127.0.0.1:$proxy" -DD -E -m 32 -M 8 -w "$work/run" \
		-Y "$work/run" -P "$work/run/pid" "$@"
	kamailio=$pid
	tenths=50
	until [ -s run/pid ] || [ "$tenths" -le 0 ]; do
		tenths=$((tenths - 1))
		sleep 0.1
	done
}
# Now and then a worker misses that the main process ends.
proxy_ends() {
	workers=$(cat "/proc/$kamailio/task/$kamailio/children")
	kill "$kamailio"
	wait "$kamailio"
	for worker in $workers; do kill -9 "$worker" 2> /dev/null; done
}

# camera NAME PORT OPTION...: an appliance that registers.
camera() {
	name=$1
	start "$name" env SDESP_KEYLOGFILE="$work/$name.keys" \
		"$SDESP" ua listen --sip "127.0.0.1:$2" \
		--aor sip:camera@127.0.0.1 --registrar "$registrar" \
		--auth camera.auth --trust 127.0.0.1 --allow "$phone" \
		--expose "$web" --seconds 60 --transport "$transport"
	wait_for "$transport: $name is registered" "$name.out" '^registered'
}

# phone NAME OPTION...: a call to whoever answers.
phone() {
	name=$1
	shift
	start "$name" "$SDESP" ua call --aor "$phone" --auth phone.auth \
		--proxy "$registrar" --transport "$transport" --seconds 60 \
		--forward "$entry:$web" "$@" "$camera"
	wait_for "$transport: $name is through" "$name.out" '^forwarding'
}

# Which of the two answered first, and which was told to forget it.
judge() {
	spi=$(sed -n 's/^established [0-9a-f]* \([0-9a-f]*\) .*/\1/p' p.out)
	for c in c1 c2; do
		if grep -q "^established $spi " $c.out; then
			winner=$c
		else
			loser=$c
		fi
	done
}

for transport in udp tcp; do
	proxy_begins
	camera c1 $((base + 5))
	first=$pid
	camera c2 $((base + 6))
	second=$pid
	start capture tshark -q -n -i lo -f 'udp[8:4] >= 0xc0000000' \
		-w esp.pcap -a duration:30
	capture=$pid
	[ "$(id -u)" = 0 ] && wait_for "capturing" capture.err Capturing
	phone p
	p=$pid
	holds "$transport: a page through the winner" fetch picture "$entry"
	judge
	wait_for "$transport: the loser has let go" "$loser.out" '^closed' 5
	lacks "$transport: the winner has not" grep -q '^closed' "$winner.out"
	kill -USR1 "$p"
	wait_for "$transport: rekeyed through the proxy" p.out '^rekeyed' 5
	holds "$transport: a page with new keys" fetch picture "$entry"
	kill -INT "$capture"
	wait "$capture"

	# The loser knows the caller's share too, and has keys of his own for
	# the same SPI; none of them opens a packet.
	for who in "$winner" "$loser"; do
		mkdir -p "$who.ws"
		cp "$who.keys" "$who.ws/esp_sa"
		WIRESHARK_CONFIG_DIR="$work/$who.ws" tshark -n -r esp.pcap -d udp.port==1-65535,udpencap \
			-o esp.enable_encryption_decode:TRUE \
			-o esp.enable_authentication_check:TRUE \
			-T fields -e esp.sequence -e tcp.port \
			> "$who.seen" 2> /dev/null
	done
	holds "$transport: the winner's keys open the traffic" \
		[ "$(grep -c "$web" "$winner.seen")" -gt 200 ]
	holds "$transport: the loser's open none of it" \
		[ "$(grep -c "$web" "$loser.seen")" = 0 ]

	ends "$transport: the phone hangs up" "$p" 0 INT
	wait_for "$transport: the winner hears of it" "$winner.out" '^closed' 5
	for who in $first $second; do
		ends "$transport: a camera ends" "$who" 0 TERM
	done
	holds "$transport: nothing left behind" \
		[ "$(grep -c '^established' c1.out c2.out |
			cut -d: -f2 | paste -sd+ | bc)" = \
		"$(grep -c '^closed' c1.out c2.out |
			cut -d: -f2 | paste -sd+ | bc)" ]
	proxy_ends
done

# The proxy goes away in the middle of a call and comes back: packets flow on,
# and the call is rekeyed and ended through the new one, which knows nothing.
transport=udp
proxy_begins
camera c1 $((base + 5))
first=$pid
phone p
p=$pid
proxy_ends
holds "without the proxy: a page" fetch picture "$entry"
proxy_begins
kill -USR1 "$p"
wait_for "through the new one: rekeyed" p.out '^rekeyed' 15
holds "through the new one: a page" fetch picture "$entry"
ends "through the new one: the phone hangs up" "$p" 0 INT
wait_for "through the new one: the camera hears of it" c1.out '^closed' 5
ends "the camera ends" "$first" 0 TERM

# No registrar, then there is one.
proxy_ends
start c1 "$SDESP" ua listen --sip "127.0.0.1:$((base + 5))" \
	--aor sip:camera@127.0.0.1 --registrar "$registrar" --seconds 60 \
	--auth camera.auth --trust 127.0.0.1 --allow "$phone" --expose "$web" \
	--transport tcp
first=$pid
wait_for "no registrar: told" c1.err 'not registered .*trying again' 10
proxy_begins
wait_for "a registrar: registered" c1.out '^registered' 40
ends "the camera ends" "$first" 0 TERM
proxy_ends

# A media relay: its addresses in the SDP, all packets by way of it.
media=$((50000 + $$ % 400 * 20))
start relay rtpengine --table=-1 --interface=127.0.0.1 --foreground \
	--listen-ng="127.0.0.1:$ng" --log-stderr --port-min=$media \
	--port-max=$((media + 19))
relay=$pid
expect 0 "the relay runs" /usr/bin/python3 "$here/relay.py" "$ng" ping
proxy_begins -A "NG=\"udp:127.0.0.1:$ng\""
camera c1 $((base + 5))
first=$pid
start capture tshark -q -n -i lo -f "udp portrange $media-$((media + 19))" \
	-w relay.pcap -a duration:30
capture=$pid
wait_for "capturing" capture.err Capturing
phone p
p=$pid
holds "relay: a page" fetch picture "$entry"
kill -USR1 "$p"
wait_for "relay: rekeyed" p.out '^rekeyed' 5
holds "relay: a page with new keys" fetch picture "$entry"
kill -INT "$capture"
wait "$capture"
holds "relay: every packet went through it" \
	[ "$(tshark -n -r relay.pcap 2> /dev/null | wc -l)" -gt 800 ]
ends "relay: the phone hangs up" "$p" 0 INT
wait_for "relay: the camera hears of it" c1.out '^closed' 5
holds "relay: nothing refused" grep -q \
	'refused: 0 replays, 0 forgeries, 0 others' p.out
ends "relay: the camera ends" "$first" 0 TERM
kill "$relay"
proxy_ends
finish
