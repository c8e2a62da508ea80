#!/bin/sh
# Rekeys and refreshes of a session that sdesp run has, under traffic; requests
# that are none. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

python=/usr/bin/python3
# Ports that nobody has: from our process number, on loopback.
base=$((20000 + $$ % 20000))
service=$base
entry=$((base + 1))
a_port=$((base + 2))
b_port=$((base + 3))
started=
trap 'kill $started 2> /dev/null; rm -rf "$work"' EXIT

# Waits for a line in a file, at most five seconds.
until_says() {
	n=0
	until grep -q "$2" "$1" || [ $n = 50 ]; do
		sleep 0.1
		n=$((n + 1))
	done
}
# run STATE OPTIONS: until it is ready; its pid in $pid.
run() {
	: > "$1.err"
	# shellcheck disable=SC2086 # a list of options
	"$SDESP" run --state "$1" ${2-} --time 60 2> "$1.err" &
	pid=$!
	started="$started $pid"
	until_says "$1.err" running
}
run_a() {
	run a "-L $entry:$service"
	a=$pid
}
run_both() {
	run b "--expose $service"
	b=$pid
	run_a
}
spis() {
	"$SDESP" status --state "$1" --json | "$python" -c 'import json, sys
for sa in json.load(sys.stdin)["sessions"][0]["sas"]:
    if not sa["old"]: print(sa["direction"], sa["spi"])' | sort
}
# What the other end says of the pair: in is out.
mirror() { spis "$1" | sed 's/^in/x/;s/^out/in/;s/^x/out/' | sort; }
pair_changes() {
	spis a > now
	lacks "$1: other SPIs" cmp -s now was
	holds "$1: two of them" [ "$(wc -l < now)" = 2 ]
	cp now was
}
settled() {
	n=0
	until spis a > in_a && mirror b > in_b && cmp -s in_a in_b ||
		[ $n = 50 ]; do
		sleep 0.1
		n=$((n + 1))
	done
	cmp in_a in_b
}
# exchange NAME FROM TO OPTION: the three commands, both programs running.
exchange() {
	expect 0 "$1: offered" "$SDESP" offer --state "$2" "$4"
	cp out o
	expect 0 "$1: answered" "$SDESP" answer --state "$3" o
	cp out n
	expect 0 "$1: accepted" "$SDESP" accept --state "$2" n
	holds "$1: nothing on standard output" [ ! -s out ]
	holds "$1: both go by the same pair" settled
}

# An answer that nobody accepts: looked at in the end.
"$SDESP" offer --state c --local "127.0.0.1:$((base + 4))" > o
"$SDESP" answer --state d --local "127.0.0.1:$((base + 5))" o > n
expect 0 "idle session" "$SDESP" accept --state c n
run d
d=$pid
"$SDESP" offer --state c --rekey > o
expect 0 "idle: answered" "$SDESP" answer --state d o
cp out idle

"$SDESP" offer --state a --local "127.0.0.1:$a_port" > o
"$SDESP" answer --state b --local "127.0.0.1:$b_port" o > n
expect 0 "session" "$SDESP" accept --state a n
"$python" "$here/echo.py" serve "$service" 2> /dev/null &
server=$!
started="$started $server"
run_both
"$python" "$here/echo.py" stream "$entry" > stream &
stream=$!
started="$started $stream"
sleep 0.3
spis a > was

for i in 1 2 3; do
	exchange "rekey $i of a" a b --rekey
	says 'the new keys are in use'
	pair_changes "rekey $i of a"
	exchange "rekey $i of b" b a --rekey
	pair_changes "rekey $i of b"
done
holds "a run says it" [ "$(grep -c 'rekeyed: SPI in [0-9a-f]\{8\}, out' a.err)" = 6 ]
holds "b run says it" [ "$(grep -c 'rekeyed: SPI in [0-9a-f]\{8\}, out' b.err)" = 6 ]
exchange "refresh" b a --refresh
spis a > now
holds "a refresh keeps the keys" cmp now was

# Refused: in the words of a session at rest, and nothing changes.
expect 0 "an offer" "$SDESP" offer --state a --rekey
cp out o
expect 0 "its answer" "$SDESP" answer --state b o
cp out n
sed 's/AES_128_GCM_16/AES_256_GCM_16/' n > wrong
cp a rest
expect 1 "a wrong answer, at rest" "$SDESP" accept --state rest wrong
cp err at_rest
expect 1 "a wrong answer" "$SDESP" accept --state a wrong
holds "the same words" cmp err at_rest
says '^wrong:[0-9]+:[0-9]+: '
head -c 30 n > wrong
expect 1 "half an answer" "$SDESP" accept --state a wrong
: > wrong
expect 1 "no answer" "$SDESP" accept --state a wrong
sleep 3
spis a > now
holds "the old pair stays" cmp now was
holds "and works at b, too" settled
expect 0 "the right answer" "$SDESP" accept --state a n
holds "goes over to the new pair" settled
pair_changes "the right answer"
expect 1 "once" "$SDESP" accept --state a n
says '^sdesp: a: no offer is open'
expect 1 "one's own offer" "$SDESP" answer --state a o
expect 3 "no such file" "$SDESP" answer --state a none
expect 1 "no SDP" "$SDESP" answer --state a "$SDESP"
expect 2 "other options" "$SDESP" offer --state a --rekey --esn
says 'only --local and --direction may change'
expect 2 "no direction" "$SDESP" offer --state a --rekey --direction x
expect 1 "another address" "$SDESP" offer --state a --refresh \
	--local 127.0.0.9:9
says '^sdesp: a: sdesp run holds the address in use'
# An answer that is lost: a refresh brings back the old pair.
expect 0 "an offer" "$SDESP" offer --state a --rekey
cp out o
expect 0 "whose answer is lost" "$SDESP" answer --state b o
exchange "so a refresh is made" a b --refresh
spis a > now
holds "of the old pair" cmp now was
exchange "after them" a b --rekey
pair_changes "after them"

# Several at once: each is served, the last one counts.
"$SDESP" offer --state a --rekey > o1 2> err1 &
one=$!
"$SDESP" offer --state a --rekey > o2 2> err2 &
two=$!
wait $one
holds "first of two" [ $? = 0 ]
wait $two
holds "second of two" [ $? = 0 ]
lacks "two offers" cmp -s o1 o2
exchange "after that" a b --rekey
pair_changes "after that"

# What no command of ours asks.
for what in nothing http random zeros cut open body sdp huge; do
	expect 0 "request: $what" "$python" "$here/control.py" a.sock $what
	if [ $what = sdp ]; then prints '^1sdesp: a: no offer is open'
	else prints '^2sdesp: bad request: '; fi
done
: > stalled
"$python" "$here/control.py" a.sock stall > stalled &
stall=$!
until_says stalled stalled
exchange "beside stalled ones" a b --rekey
pair_changes "beside stalled ones"
wait $stall
if [ "$(id -u)" = 0 ]; then
	# The tree may be where only its owner may look.
	cp "$here/control.py" . && chmod 755 . && chmod 666 a.sock
	expect 0 "another user" setpriv --reuid=65534 --regid=65534 \
		--clear-groups "$python" ./control.py a.sock http
	lacks "gets no word" grep -q . out
	chmod 600 a.sock
fi

kill "$stream"
wait "$stream"
cat stream
holds "nothing is lost" grep -Eq '^[0-9]{3,} sent, 0 lost' stream

# Counters of all pairs; the file has the last one.
sent=$(cut -d ' ' -f 1 stream)
spis a > was
kill "$a" "$b"
wait "$a"
holds "a ends" [ $? = 0 ]
wait "$b"
holds "b ends" [ $? = 0 ]
for e in a b; do
	holds "$e: counts go on, nothing was refused" sh -c \
		"sed -n 's/.*sent \([0-9]*\) packets, received \([0-9]*\); refused: 0 replays, 0 forgeries, 0 others/\1 \2/p' $e.err |
		{ read -r s r && [ \$s -ge $sent ] && [ \$r -ge $sent ]; }"
done
spis a > now
holds "the file has the pair" cmp now was
run_both
expect 0 "and runs on" "$python" "$here/echo.py" ask "$entry" 5

# Hold and resume.
expect 0 "hold" "$SDESP" offer --state a --refresh --direction inactive
cp out o
expect 0 "held" "$SDESP" answer --state b o
cp out n
expect 0 "on hold" "$SDESP" accept --state a n
"$SDESP" status --state a > out
prints 'on hold, running'
expect 1 "nothing is sent" "$python" "$here/echo.py" ask "$entry" 1 1
expect 0 "resume" "$SDESP" offer --state a --refresh --direction sendrecv
cp out o
expect 0 "resumed" "$SDESP" answer --state b o
cp out n
expect 0 "no more on hold" "$SDESP" accept --state a n
expect 0 "it is sent" "$python" "$here/echo.py" ask "$entry" 5

# Killed after a rekey: nothing is used twice, and another rekey mends it.
exchange "before it is killed" a b --rekey
kill -9 "$a"
wait "$a" 2> /dev/null
run_a
holds "its window is lost" grep -q 'stays closed' a.err
exchange "after it was killed" a b --rekey
expect 0 "mended" "$python" "$here/echo.py" ask "$entry" 5
kill "$a"
wait "$a"
# Killed while it accepts: the file, as it is then, takes no answer.
expect 0 "an offer" "$SDESP" offer --state a --rekey
cp out o
expect 0 "its answer" "$SDESP" answer --state b o
cp out n
holds "killed while it accepts" "$python" -c 'import hashlib, re
spi = bytes.fromhex(re.search("spi=([0-9a-f]{8})", open("o").read())[1])
whole = bytearray(open("a", "rb").read()[:-32])
larval = bytes([1, 1, 0, 0, 0, 4, 127, 0, 0, 1])
at = whole.rindex(larval, 0, whole.index(spi))
whole[at + 3] = 1
open("a", "r+b").write(whole + hashlib.sha256(whole).digest())'
expect 1 "not accepted again" "$SDESP" accept --state a n
says 'a program died while it accepted an answer to this offer'
expect 0 "so a refresh" "$SDESP" offer --state a --refresh
cp out o
"$SDESP" answer --state b o > n 2> err
expect 0 "ends it" "$SDESP" accept --state a n
expect 0 "an offer at rest" "$SDESP" offer --state a --rekey
cp out o
"$SDESP" answer --state b o > n 2> err
run_a
expect 0 "is accepted under run" "$SDESP" accept --state a n
holds "by both" settled
expect 0 "and carries" "$python" "$here/echo.py" ask "$entry" 5
expect 0 "an offer" "$SDESP" offer --state a --rekey
expect 0 "crosses another" "$SDESP" offer --state b --rekey
cp out o
expect 1 "and is not answered" "$SDESP" answer --state a o
says 'our own offer is open.*sdesp offer --withdraw --state a'
expect 0 "the pair stays" "$python" "$here/echo.py" ask "$entry" 5
cp o crossed
expect 0 "another" "$SDESP" offer --state a --rekey
expect 0 "it is taken back" "$SDESP" offer --state a --withdraw
holds "without a word" [ ! -s out ]
expect 1 "once" "$SDESP" offer --state a --withdraw
says '^sdesp: a: no offer of a rekey or refresh is open'
expect 0 "so the other is answered" "$SDESP" answer --state a crossed
cp out n
expect 0 "and accepted" "$SDESP" accept --state b n
holds "by both" settled
expect 0 "and carries" "$python" "$here/echo.py" ask "$entry" 5
kill "$a" "$b"
wait "$a" "$b"

# A rekey is due, by the number of packets.
rm -f a b
holds "few packets: session" agree a b \
	"--local 127.0.0.1:$a_port --packets 1000" "--local 127.0.0.1:$b_port"
run_both
expect 0 "nearly all of them" "$python" "$here/echo.py" ask "$entry" 325
until_says a.err due
holds "says with which command" grep -qx \
	'sdesp: a rekey is due: sdesp offer --rekey --state a' a.err
exchange "the last minute" a b --rekey
expect 0 "as many again" "$python" "$here/echo.py" ask "$entry" 325
kill "$a" "$b"
wait "$a" "$b"

# 22 seconds after its answer.
n=0
until grep -q rekeyed d.err || [ $n = 300 ]; do
	sleep 0.1
	n=$((n + 1))
done
holds "idle: goes over in the end" grep -q rekeyed d.err
expect 0 "idle: accepted late" "$SDESP" accept --state c idle
spis c > in_a
mirror d > in_b
holds "idle: both go by the same pair" cmp in_a in_b
kill "$d"
wait "$d"

finish
