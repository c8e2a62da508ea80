#!/bin/sh
# run --backend tun between two network namespaces: programs that know nothing
# of sdesp, somebody on the wire, a killed end. And what the command says where
# a backend cannot be. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh disable=SC2086 # $traffic is words
. "$here/cli.sh"

skip() { echo "SKIP: $1"; exit 77; }
a=sdesp-ra$$ b=sdesp-rb$$
started=
clean() {
	for p in $started; do kill -9 "$p" 2> /dev/null; done
	ip netns del "$a" 2> /dev/null
	ip netns del "$b" 2> /dev/null
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

[ "$(id -u)" = 0 ] || skip "network namespaces want root"
command -v ip > /dev/null || skip "no ip (iproute2)"
[ -x /usr/bin/python3 ] || skip "no python3"
ip netns add "$a" 2> err || skip "$(cat err)"
ip netns add "$b" || exit 1
ip -n "$a" link add link0 type veth peer name link0 netns "$b" 2> err ||
	skip "$(cat err)"

in_a() { ip netns exec "$a" "$@"; }
in_b() { ip netns exec "$b" "$@"; }
traffic="/usr/bin/python3 $here/traffic.py"
# start NAME NAMESPACE COMMAND...: in the background, its pid in $pid, what it
# says in NAME.log.
start() {
	log=$1.log
	space=$2
	shift 2
	: > "$log"
	ip netns exec "$space" "$@" > "$log" 2>&1 &
	pid=$!
	started="$started $pid"
}
# Wait until a log has a line like this.
until_log() {
	n=0
	until grep -q "$2" "$1.log" || [ $n = 100 ]; do
		sleep 0.1
		n=$((n + 1))
	done
}
# Both ends, until they are ready.
run_both() {
	start a "$a" "$SDESP" run --state a.state --backend tun
	run_a=$pid
	start b "$b" "$SDESP" run --state b.state --backend tun
	run_b=$pid
	until_log a running
	until_log b running
}
end() { kill -INT "$@" && wait "$@"; }

for n in "$a" "$b"; do
	ip netns exec "$n" sh -c 'for f in all default link0; do
		echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; done'
	ip -n "$n" link set lo up
	ip -n "$n" link set link0 up
done
ip -n "$a" addr add 10.99.0.1/24 dev link0
ip -n "$b" addr add 10.99.0.2/24 dev link0
ip -n "$b" addr add 10.99.0.3/24 dev link0
ip -n "$a" addr add fd99::1/64 dev link0 nodad
ip -n "$b" addr add fd99::2/64 dev link0 nodad
ip -n "$a" addr add 10.10.1.1/24 dev lo
ip -n "$b" addr add 10.10.2.1/24 dev lo

# What nothing of ours has touched.
settings() {
	for n in "$a" "$b"; do
		ip -n "$n" rule
		ip -n "$n" -6 rule
		ip -n "$n" route show table all type unicast
		ip -n "$n" -o link | cut -d: -f2
		ip -n "$n" xfrm policy
	done
}
settings > before

# heard NAME ADDRESS SOURCE COUNT: of each kind that b sends from SOURCE in the
# clear, so much comes through a's kernel.
heard() {
	start hear "$a" $traffic hear "$2" 7008
	hear=$pid
	until_log hear ready
	in_b $traffic knock "$2" 7008 "$3"
	kill "$hear"
	wait "$hear"
	holds "$1: $(tail -n 1 hear.log)" grep -q \
		"^$4 datagrams, $4 pings, $4 connections" hear.log
}
# shut NAME OWN PEER: what is not ESP neither comes to a nor goes, between
# these two; what another host sends and gets does.
shut() {
	if grep -q 'not refused\|this kernel has no' a.log; then
		echo "SKIP $1: $(cat a.log)"
		holds "$1: everything is required" \
			[ "${SDESP_REQUIRE_ALL:-0}" != 1 ]
		return
	fi
	heard "$1: nothing comes in the clear" "$2" "$3" 0
	expect 1 "$1: nothing goes by the link" in_a $traffic shout "$3" \
		7007 link0
	says 'Operation not permitted|Permission denied|Invalid argument'
	heard "$1: another host is heard" 10.99.0.1 10.99.0.3 3
	expect 0 "$1: another host is sent to" in_a $traffic shout \
		10.99.0.3 7007 link0
}
# alone NAME OWN PEER: a runs, b does not.
alone() {
	heard "$1: before" "$2" "$3" 3
	start a "$a" "$SDESP" run --state a.state --backend tun
	run_a=$pid
	until_log a running
	shut "$1" "$2" "$3"
}

# carried NAME ADDRESS: pings, datagrams and a stream get to b.
carried() {
	expect 0 "$1: ping" in_a $traffic ping "$2" 10
	expect 0 "$1: UDP" in_a $traffic udp "$2" 7007 40
	expect 0 "$1: TCP" in_a $traffic tcp "$2" 7007 1000000
}

# cell NAME OFFER-OPTIONS ANSWER-OPTIONS ADDRESS
cell() {
	holds "$1: session" agree a.state b.state "$2" "$3"
	run_both
	start wire "$a" $traffic sniff link0 4500
	wire=$pid
	until_log wire ready
	start serve "$b" $traffic serve "$4" 7007
	serve=$pid
	sleep 0.3
	carried "$1" "$4"
}

cell "transport, UDP" "--local 10.99.0.1:4500" "--local 10.99.0.2:4500" \
	10.99.0.2
expect 0 "status" "$SDESP" status --state a.state
prints 'established, running, backend tun, device sdesp0'
prints 'peer +10.99.0.2:4500, from 10.99.0.1:4500'
prints 'rekey due in [0-9]+ s; keys expire in [0-9]+ s'
prints 'in +spi [0-9a-f]{8}, mature: [0-9]{3,} packets'
prints 'out +spi [0-9a-f]{8}, mature: [0-9]{3,} packets'
expect 0 "status --json" "$SDESP" status --state a.state --json
# shellcheck disable=SC2016 # python's
holds "is JSON" /usr/bin/python3 -c 'import json
s = json.load(open("out"))["sessions"][0]
assert s["backend"] == "tun" and s["remote"] == "10.99.0.2:4500", s
assert [x["direction"] for x in s["sas"]] == ["in", "out"], s
assert all(x["packets"] > 99 and x["forgeries"] == 0 for x in s["sas"]), s'
for word in key salt secret; do
	lacks "no $word in it" grep -q "\"$word\"" out
done
holds "the socket is private" [ "$(stat -c %a a.state.sock)" = 600 ]

# rekey FROM TO [OPTION]: the three commands, while both ends run.
rekey() {
	expect 0 "$1 offers" "$SDESP" offer --state "$1.state" "${3---rekey}"
	cp out offer
	expect 0 "$2 answers" "$SDESP" answer --state "$2.state" offer
	cp out answer
	expect 0 "$1 accepts" "$SDESP" accept --state "$1.state" answer
}
# Under pings, which never stop and never get out in the clear.
start pings "$a" $traffic keep 10.99.0.2
pings=$pid
for _ in 1 2 3; do
	rekey a b
	sleep 0.5
	rekey b a
	sleep 0.5
done
rekey a b --refresh
expect 0 "status after them" "$SDESP" status --state a.state
spi=$(sed -n 's/^  out *spi \([0-9a-f]*\),.*/\1/p' out)
holds "new SPIs are told" grep -q "rekeyed: SPI in .*, out $spi" a.log
holds "six times" [ "$(grep -c rekeyed: a.log)" = 6 ]
kill "$pings"
wait "$pings"
holds "no ping is lost" [ $? = 0 ]
cat pings.log
carried "after rekeys" 10.99.0.2

# Killed: what a leads nowhere stays led.
kill -9 "$run_a"
wait "$run_a" 2> /dev/null
expect 1 "killed: nothing arrives" in_a $traffic udp 10.99.0.2 7007 2
holds "killed: still led" sh -c "ip -n $a rule | grep -q 'to 10.99.0.2 blackhole'"
expect 3 "status of nobody is the file's" "$SDESP" status --state a.state2
expect 0 "status of nobody" "$SDESP" status --state a.state
prints 'established, not running'

# It comes back; its window is lost, so b is heard again after a rekey.
end "$run_b"
expect 0 "rekey offered" "$SDESP" offer --state a.state --rekey
cp out offer
expect 0 "rekey answered" "$SDESP" answer --state b.state offer
cp out answer
expect 0 "rekey accepted" "$SDESP" accept --state a.state answer
run_both
carried "after a rekey" 10.99.0.2
end "$run_a" "$run_b"
holds "ends" [ $? = 0 ]

# Again with the same SAs: numbers go on.
run_both
carried "again" 10.99.0.2
end "$run_a" "$run_b"
holds "nothing refused" grep -q 'refused: 0 replays, 0 forgeries, 0 others' b.log
end_wire() {
	kill "$serve" "$wire"
	wait "$wire" "$serve" 2> /dev/null
	holds "$1: nothing in the clear" grep -q '[0-9]\{3\} ESP, 0 clear' \
		wire.log
	grep clear: wire.log
	settings > after
	holds "$1: everything is undone" cmp before after
}
end_wire "transport, UDP"

cell "transport, raw, IPv6" "--local [fd99::1]:9 --encap none --esn" \
	"--local [fd99::2]:9" fd99::2
end "$run_a" "$run_b"
end_wire "transport, raw, IPv6"

# What comes and goes in the clear, where b has no ESP. The first is killed, the
# second sweeps what it left once it ends.
holds "alone: session" agree a.state b.state \
	"--local 10.99.0.1:4500" "--local 10.99.0.2:4500"
alone "alone" 10.99.0.1 10.99.0.2
kill -9 "$run_a"
wait "$run_a" 2> /dev/null
shut "killed" 10.99.0.1 10.99.0.2
holds "alone, IPv6: session" agree a.state b.state \
	"--local [fd99::1]:4500 --encap none" "--local [fd99::2]:4500"
alone "alone, IPv6" fd99::1 fd99::2
end "$run_a"
start a "$a" setpriv --bounding-set -all,+net_admin,+net_raw,+dac_override \
	"$SDESP" run --state a.state --backend tun
run_a=$pid
until_log a running
holds "without CAP_BPF: it says what is not refused" grep -q \
	'CAP_BPF are needed.*: what comes .* is not refused' a.log
heard "without CAP_BPF" fd99::1 fd99::2 3
end "$run_a"

# Two are killed, one comes back.
cp a.state six.state
holds "two: session" agree a.state b.state \
	"--local 10.99.0.1:4500" "--local 10.99.0.2:4500"
start a "$a" "$SDESP" run --state a.state --backend tun
run_a=$pid
until_log a running
start six "$a" "$SDESP" run --state six.state --backend tun
until_log six running
kill -9 "$run_a" "$pid"
wait "$run_a" "$pid" 2> /dev/null
start a "$a" "$SDESP" run --state a.state --backend tun
run_a=$pid
until_log a running
shut "two: the one that is back" 10.99.0.1 10.99.0.2
shut "two: the one that is not" fd99::1 fd99::2
end "$run_a"
settings > after
holds "alone: everything is undone" cmp before after

# A tunnel between what both ends have on lo, and a program of its own.
rm -f a.state b.state
"$SDESP" offer --state a.state --local 10.99.0.1:4500 --mode tunnel \
	--ts "any 10.10.1.0/24 any 10.10.2.0/24 any" > offer
"$SDESP" answer --state b.state --local 10.99.0.2:4500 --mode tunnel \
	--ts "any 10.10.2.0/24 any 10.10.1.0/24 any" offer > answer
expect 0 "tunnel: session" "$SDESP" accept --state a.state answer
start b "$b" "$SDESP" run --state b.state --backend tun
run_b=$pid
until_log b running
start serve "$b" $traffic serve 10.10.2.1 7007
serve=$pid
sleep 0.3
expect 0 "tunnel: a program inside" in_a "$SDESP" run --state a.state \
	--backend tun --exec $traffic tcp 10.10.2.1 7007 200000
expect 9 "its own exit code" in_a "$SDESP" run --state a.state --backend tun \
	--exec sh -c 'exit 9'
expect 3 "no such program" in_a "$SDESP" run --state a.state --backend tun \
	--exec ./none
says 'exec ./none: No such file'
expect 1 "udp has no tunnel" in_a "$SDESP" run --state a.state
says 'backend tun and xfrm carry tunnels'
# Only one who ignores SIGTERM is killed; both within three seconds.
start a "$a" "$SDESP" run --state a.state --backend tun --exec \
	sh -c 'trap "" TERM; while :; do sleep 0.1; done'
run_a=$pid
until_log a running
kill -TERM "$run_a"
wait "$run_a"
holds "a program that does not want to end" [ $? = 137 ]
start a "$a" "$SDESP" run --state a.state --backend tun --exec sleep 60
run_a=$pid
until_log a running
ip -n "$a" link del sdesp0
wait "$run_a"
holds "a device that goes away ends the program" [ $? = 3 ]
holds "and is told" grep -q 'sdesp0: the device has gone' a.log
end "$run_b"
kill "$serve"
settings > after
holds "tunnel: everything is undone" cmp before after

# The selectors' traffic alone.
holds "one port: session" agree a.state b.state \
	"--local 10.99.0.1:4500" "--local 10.99.0.2:4500"
rm -f a.state b.state
"$SDESP" offer --state a.state --local 10.99.0.1:4500 \
	--ts "17 self any peer 7007" > offer
"$SDESP" answer --state b.state --local 10.99.0.2:4500 offer > answer
"$SDESP" accept --state a.state answer
start a "$a" "$SDESP" run --state a.state --backend tun
run_a=$pid
start b "$b" "$SDESP" run --state b.state --backend tun
run_b=$pid
start serve "$b" $traffic serve 10.99.0.2 7007
serve=$pid
until_log a running
until_log b running
sleep 0.3
expect 0 "one port: UDP" in_a $traffic udp 10.99.0.2 7007 20
expect 0 "one port: the rest as always" in_a $traffic ping 10.99.0.2 2
end "$run_a" "$run_b"
kill "$serve"

# Reverse path filtering.
in_a sh -c 'echo 1 > /proc/sys/net/ipv4/conf/link0/rp_filter'
expect 1 "rp_filter" in_a "$SDESP" run --state a.state --backend tun --time 1
says 'net.ipv4.conf.link0.rp_filter is 1: .*sysctl -w net.ipv4.conf.link0.rp_filter=2'
in_a sh -c 'echo 0 > /proc/sys/net/ipv4/conf/link0/rp_filter'

# What cannot be, and what helps.
expect 2 "no such backend" "$SDESP" run --state a.state --backend x
says 'expected udp, tun or xfrm'
expect 2 "-L is for udp" "$SDESP" run --state a.state --backend tun -L 1:2
says 'are for --backend udp'
expect 1 "another host's address" "$SDESP" run --state a.state --backend tun
says '10.99.0.1 is no address of this host'
holds "loopback: session" agree c.state d.state "" ""
expect 1 "loopback" "$SDESP" run --state c.state --backend tun
says 'the peer is this host itself: .*--backend udp'
if ip -n "$a" xfrm state add src 10.99.0.1 dst 10.99.0.9 proto esp \
	spi 0x999 mode transport aead 'rfc4106(gcm(aes))' \
	0x1111111111111111111111111111111111111111 128 2> err; then
	echo "not shown: this kernel has ESP"
else
	expect 3 "a kernel without ESP" in_a "$SDESP" run --state a.state \
		--backend xfrm --time 1
	says '(CONFIG_INET_ESP|CONFIG_XFRM_USER).*--backend (udp and --backend tun|tun and udp) do ESP'
fi
cp "$SDESP" sdesp
chmod 755 "$work"
chown 65534 c.state
for backend in tun xfrm; do
	expect 3 "$backend without privilege" setpriv --reuid=65534 \
		--regid=65534 --clear-groups ./sdesp run --state c.state \
		--backend $backend --time 1
	says "backend $backend: .*CAP_NET_ADMIN.*--backend udp needs"
done

finish
