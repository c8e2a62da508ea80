#!/bin/sh
# A media relay in the path: rtpengine hands our lines on octet for octet, its
# new ports break nothing, and ESP flows through it, in a section of its own
# and in place of audio. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/../cli/cli.sh"

command -v rtpengine > /dev/null || { echo "SKIP: no rtpengine"; exit 77; }
python=/usr/bin/python3

# Ports that nobody has: from our process number, on loopback.
base=$((20000 + $$ % 12700))
ng=$base
service=$((base + 2))
entry=$((base + 3))
a_port=$((base + 4))
b_port=$((base + 5))
relay() { "$python" "$here/relay.py" "$ng" "$@"; }

timeout 60 rtpengine --table=-1 --interface=127.0.0.1 \
	--listen-ng="127.0.0.1:$ng" --port-min=$((base + 10)) \
	--port-max=$((base + 60)) --foreground --log-stderr 2> relay.log &
engine=$!
trap 'kill $engine 2> /dev/null; rm -rf "$work"' EXIT
expect 0 "the relay runs" relay ping
[ "$failed" -eq 0 ] || { cat relay.log; finish; exit 1; }

# through NAME PORT OFFER-OPTIONS ANSWER-OPTIONS: a session whose SDP and
# packets go by the relay; a service at the answerer's PORT inside ESP.
through() {
	rm -f a b
	# shellcheck disable=SC2086 # lists of options
	"$SDESP" offer --state a --local "127.0.0.1:$a_port" $3 > o
	expect 0 "$1: offer through the relay" relay offer "$1" o
	mv out o2
	expect 0 "$1: every line as we wrote it" \
		"$python" "$here/relay.py" same o o2
	# shellcheck disable=SC2086
	"$SDESP" answer --state b --local "127.0.0.1:$b_port" $4 o2 > n
	expect 0 "$1: answer through the relay" relay answer "$1" n
	mv out n2
	expect 0 "$1: every line as we wrote it, back" \
		"$python" "$here/relay.py" same n n2
	expect 0 "$1: accepted, and confirmed keys" \
		"$SDESP" accept --state a n2
	lacks "$1: the relay put itself in between" \
		grep -q "^m=.* $b_port " n2

	"$python" "$here/../cli/echo.py" serve "$2" 2> /dev/null &
	server=$!
	"$SDESP" run --state b --expose "$2" --time 20 2> b.err &
	b=$!
	"$SDESP" run --state a -L "$entry:$2" --time 20 2> a.err &
	a=$!
	sleep 0.5
	expect 0 "$1: 40 datagrams there and back" \
		"$python" "$here/../cli/echo.py" ask "$entry" 20 2
	kill "$a" "$b" "$server"
	wait "$a" "$b"
	wait "$server" 2> /dev/null
	holds "$1: nothing refused" grep -q \
		'refused: 0 replays, 0 forgeries, 0 others' b.err
	expect 0 "$1: the relay's own counters" relay delete "$1"
	prints '^(4[0-9]|[5-9][0-9]) (4[0-9]|[5-9][0-9])$'
}

through generic "$service" "" ""
through audio 7000 "--media audio --inner RTP/AVP --inner-port 6000 --fmt 0" \
	"--inner-port 7000"

finish
