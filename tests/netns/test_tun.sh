#!/bin/sh
# Two network namespaces, a wire, the TUN backend in both: ping, UDP, and TCP
# with a hash, through rekeys, in each mode and encapsulation; nothing in the
# clear on the wire; and a flood that leaves memory as it was.
# SPDX-License-Identifier: MIT
set -u

pair=${BUILD:-build}/tests/netns/tun_pair
a=sdesp-a$$ b=sdesp-b$$
work=$(mktemp -d)
passed=0 failed=0

skip() { echo "SKIP: $1"; exit 77; }
clean() {
	for p in ${pid:-} ${watcher:-}; do kill "$p" 2> /dev/null; done
	ip netns del "$a" 2> /dev/null
	ip netns del "$b" 2> /dev/null
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

[ "$(id -u)" = 0 ] || skip "network namespaces want root"
command -v ip > /dev/null || skip "no ip (iproute2)"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
ip netns add "$a" 2> "$work/err" || skip "$(cat "$work/err")"
ip netns add "$b" || exit 1
ip -n "$a" link add link0 type veth peer name link0 netns "$b" \
	2> "$work/err" || skip "$(cat "$work/err")"
ip -n "$a" tuntap add probe mode tun 2> "$work/err" || skip "$(cat "$work/err")"
ip -n "$a" link del probe
python=$(command -v /usr/bin/python3 || command -v python3) || skip "no python3"
tshark=$(command -v tshark) || skip "no tshark"

# side NS OUTER-4 OUTER-6
side() {
	# shellcheck disable=SC2016 # expanded inside
	ip netns exec "$1" sh -c 'for f in all default link0; do
		echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter
		echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done'
	ip -n "$1" link set lo up
	ip -n "$1" link set link0 up
	ip -n "$1" addr add "$2/24" dev link0
	ip -n "$1" addr add "$3/64" dev link0 nodad
}
side "$a" 10.99.0.1 fd99::1
side "$b" 10.99.0.2 fd99::2

cat > "$work/carry.py" << 'EOF'
"""carry.py WHAT ADDRESS NUMBER. serve: echo UDP, hash TCP. ping, udp, tcp: send
so many packets, or of so many octets, or so many octets, and compare what comes
back. flood: ten seconds of datagrams, half of them with this SPI."""
import hashlib, os, socket, struct, sys, threading, time
what, address = sys.argv[1:3]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
def echo():
    s = socket.socket(family, socket.SOCK_DGRAM); s.bind((address, 7007))
    while True:
        data, peer = s.recvfrom(65535); s.sendto(data, peer)
def sink():
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 7007)); s.listen()
    while True:
        c, _ = s.accept(); h = hashlib.sha256()
        while data := c.recv(65536): h.update(data)
        c.sendall(h.digest()); c.close()
if what == "serve":
    threading.Thread(target=echo, daemon=True).start(); sink()
elif what == "udp":
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(2); lost = 0
    size = int(sys.argv[3])
    for i in range(300):
        data = os.urandom(size); s.sendto(data, (address, 7007))
        try: lost += s.recv(65535) != data
        except OSError: lost += 1
        time.sleep(0.003)
    sys.exit(f"{lost} of 300 lost" if lost else 0)
elif what == "tcp":
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(30)
    s.connect((address, 7007)); h = hashlib.sha256(); left = int(sys.argv[3])
    while left > 0:
        data = os.urandom(65536); s.sendall(data); h.update(data)
        left -= len(data); time.sleep(0.001)
    s.shutdown(socket.SHUT_WR)
    sys.exit(0 if s.recv(32, socket.MSG_WAITALL) == h.digest() else "hash")
elif what == "ping":
    v6 = family == socket.AF_INET6
    s = socket.socket(family, socket.SOCK_RAW, 58 if v6 else 1)
    s.settimeout(2); lost = 0
    for i in range(int(sys.argv[3])):
        body = struct.pack("!HH", os.getpid() & 65535, i) + os.urandom(996)
        n = sum(struct.unpack("!500H", body)) + (0 if v6 else 0x0800)
        n = (n & 65535) + (n >> 16); n = (n & 65535) + (n >> 16)
        s.sendto(struct.pack("!BBH", 128 if v6 else 8, 0, n ^ 65535) + body,
                 (address, 0))
        try:
            while True:
                got = s.recv(65535)[0 if v6 else 20:]
                if got[0] == (129 if v6 else 0) and got[4:] == body: break
        except OSError: lost += 1
        time.sleep(0.01)
    sys.exit(f"{lost} lost" if lost else 0)
elif what == "flood":
    end = time.time() + 10; n = 0
    s = socket.socket(family, socket.SOCK_DGRAM); junk = os.urandom(65536)
    spi = bytes.fromhex(sys.argv[3])
    while time.time() < end:
        for i in range(0, 60000, 300):
            s.sendto((spi if i % 600 else b"") + junk[i:i + 200], (address, 4500))
            n += 1
    print(n, "datagrams")
EOF

inside() { ns=$1; shift; ip netns exec "$ns" "$@" 9>&-; }
check() {
	what=$1
	shift
	if "$@" > "$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED $name: $what: $(tail -n 1 "$work/out")"
	fi
}

# What is for the peer itself goes into the device or nowhere; what the device
# sends is bound to link0, and passes.
close_in() {
	for ns in "$a" "$b"; do
		for v in -4 -6; do
			ip -n "$ns" $v rule add pref 100 oif link0 lookup main
			ip -n "$ns" $v rule add pref 200 lookup 42
		done
	done
	for peer in 10.99.0.2 fd99::2; do
		ip -n "$a" route add blackhole "$peer" table 42 metric 9999
	done
	for peer in 10.99.0.1 fd99::1; do
		ip -n "$b" route add blackhole "$peer" table 42 metric 9999
	done
}
let_out() {
	for ns in "$a" "$b"; do
		for v in -4 -6; do
			ip -n "$ns" $v rule del pref 100
			ip -n "$ns" $v rule del pref 200
		done
	done
}

# await WORD FILE: until it is there, for 20 s.
await() {
	tries=0
	until grep -qs "$1" "$2"; do
		[ "$((tries += 1))" -le 200 ] || return 1
		sleep 0.1
	done
}

# start MODE ENCAP FAMILY SUITE REKEY-MS: the pair runs when this returns 0.
start() {
	name="$1 $2 IPv$3 $4"
	rm -f "$work/in" "$work/log" # of the last one: it says ready
	mkfifo "$work/in"
	"$pair" "$a" "$b" link0 "$1" "$2" "$3" "$4" "$5" \
		< "$work/in" > "$work/log" 2>&1 &
	pid=$!
	exec 9> "$work/in"
	await '^ready' "$work/log" || {
		failed=$((failed + 1))
		echo "FAILED $name: $(cat "$work/log")"
		exec 9>&-
		wait "$pid"
		pid=
		return 1
	}
	if [ "$1" = tunnel ]; then
		ip -n "$a" addr add 10.10.1.1/24 dev sdesp0
		ip -n "$b" addr add 10.10.2.1/24 dev sdesp0
		ip -n "$a" addr add fd10:1::1/64 dev sdesp0 nodad
		ip -n "$b" addr add fd10:2::1/64 dev sdesp0 nodad
		ip -n "$a" route add 10.10.2.0/24 dev sdesp0 src 10.10.1.1
		ip -n "$b" route add 10.10.1.0/24 dev sdesp0 src 10.10.2.1
		ip -n "$a" route add fd10:2::/64 dev sdesp0
		ip -n "$b" route add fd10:1::/64 dev sdesp0
		peers='10.10.2.1 fd10:2::1'
	elif [ "$3" = 4 ]; then
		route="dev sdesp0 table 42 src"
		# shellcheck disable=SC2086 # words
		ip -n "$a" route add 10.99.0.2 $route 10.99.0.1
		# shellcheck disable=SC2086
		ip -n "$b" route add 10.99.0.1 $route 10.99.0.2
		peers=10.99.0.2
	else
		route="dev sdesp0 table 42 src"
		# shellcheck disable=SC2086
		ip -n "$a" route add fd99::2 $route fd99::1
		# shellcheck disable=SC2086
		ip -n "$b" route add fd99::1 $route fd99::2
		peers=fd99::2
	fi
}

# finish REKEYS: both ends must end well, after so many rekeys, with nothing
# left. Whatever was sealed was opened, but for what was on the way just now.
finish() {
	exec 9>&- # the devices are served until they are quiet
	wait "$pid"
	status=$?
	pid=
	check "end: $(cat "$work/log")" test "$status" = 0
	# shellcheck disable=SC2016 # awk's
	check "counters differ: $(cat "$work/log")" awk '
		/^[AB]:/ { gsub(",", ""); s[$1] = $5; o[$1] = $7 + $9; n++
			bad += $11 + $13 + $15 + $17
			if ($2 < least) exit 1 }
		END { ab = s["A:"] - o["B:"]; ba = s["B:"] - o["A:"]
			exit !(n == 2 && bad == 0 && ab >= 0 && ab <= 2 &&
			ba >= 0 && ba <= 2) }' least="$1" "$work/log"
	echo "$name: $(grep '^A:' "$work/log")"
}

# What the tests send, in the clear.
watch() {
	ip netns exec "$a" "$tshark" -n -q -i link0 -w "$work/wire.pcap" -f \
		'icmp[0] == 0 or icmp[0] == 8 or tcp or (udp and not port 4500) or (icmp6 and ip6[40] >= 128 and ip6[40] <= 129)' \
		> "$work/tshark" 2>&1 &
	watcher=$!
	await Capturing "$work/tshark" || {
		cat "$work/tshark"
		exit 1
	}
}
unwatch() {
	kill -INT "$watcher"
	wait "$watcher"
	"$tshark" -n -r "$work/wire.pcap" > "$work/clear" 2> /dev/null
	check "in the clear: $(head -n 3 "$work/clear")" \
		test ! -s "$work/clear"
}

carry() {
	start "$1" "$2" "$3" "$4" 400 || return
	for peer in $peers; do
		ip netns exec "$b" "$python" "$work/carry.py" serve "$peer" \
			9>&- &
		server=$!
		check "ping $peer" inside "$a" \
			"$python" "$work/carry.py" ping "$peer" 100
		check "udp $peer" inside "$a" \
			"$python" "$work/carry.py" udp "$peer" 1200
		[ "$1" = transport ] || check "large udp $peer" inside "$a" \
			"$python" "$work/carry.py" udp "$peer" 4000
		check "tcp $peer" inside "$a" \
			"$python" "$work/carry.py" tcp "$peer" 8000000
		kill "$server"
		wait "$server" 2> /dev/null
	done
	finish 3
}

watch
carry tunnel udp 4 AES_128_GCM_16
carry tunnel raw 4 AES_256_GCM_16
carry tunnel udp 6 CHACHA20_POLY1305
carry tunnel raw 6 AES_128_CBC_HMAC_SHA2_256_128
close_in
carry transport udp 4 AES_128_GCM_16_IIV
carry transport raw 4 AES_128_GCM_16
carry transport udp 6 AES_128_CCM_8
carry transport raw 6 AES_256_CBC_HMAC_SHA2_256_128

# Killed in the middle of a transfer.
if start transport raw 4 AES_128_GCM_16 0; then
	ip netns exec "$b" "$python" "$work/carry.py" serve "$peers" 9>&- &
	server=$!
	sleep 0.5
	ip netns exec "$a" "$python" "$work/carry.py" tcp "$peers" 99000000 \
		9>&- > "$work/out" 2>&1 &
	client=$!
	sleep 0.7
	# shellcheck disable=SC2046 # two
	kill -9 $(sed -n 's/^pids //p' "$work/log")
	sleep 1.5
	check "the transfer was over before the kill" kill "$client"
	kill "$server"
	exec 9>&-
	wait "$pid" "$client" "$server" 2> /dev/null
	pid=
	name="after kill -9"
fi
unwatch
let_out

# A link that takes less than the backend was told: what is lost is learnt
# from, then TCP is told and the rest cut.
for ns in "$a" "$b"; do ip -n "$ns" link set link0 mtu 1400; done
if start tunnel udp 4 AES_128_GCM_16 0; then
	name="$name, MTU 1400"
	ip netns exec "$b" "$python" "$work/carry.py" serve 10.10.2.1 9>&- &
	server=$!
	inside "$a" "$python" "$work/carry.py" udp 10.10.2.1 4000 \
		> /dev/null 2>&1
	check "large udp" inside "$a" \
		"$python" "$work/carry.py" udp 10.10.2.1 4000
	check "tcp" inside "$a" "$python" "$work/carry.py" tcp 10.10.2.1 8000000
	kill "$server"
	wait "$server" 2> /dev/null
	exec 9>&-
	wait "$pid"
	pid=
	echo "$name: $(grep '^A:' "$work/log")"
fi
for ns in "$a" "$b"; do ip -n "$ns" link set link0 mtu 1500; done

# A flood for 10 s: half of it of an SPI that is there, so that each is opened.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
if start tunnel udp 4 AES_128_GCM_16 0; then
	victim=$(sed -n 's/^pids \([0-9]*\) .*/\1/p' "$work/log")
	ip netns exec "$b" "$python" "$work/carry.py" flood 10.99.0.1 \
		"$(sed -n 's/^spi A //p' "$work/log")" > "$work/flood" 9>&- &
	flood=$!
	sleep 1
	before=$(resident "$victim")
	wait "$flood"
	after=$(resident "$victim")
	check "memory grows: $before to $after KiB" test "$after" -le "$before"
	echo "flood: $(cat "$work/flood") in 10 s; resident $before KiB 1 s" \
		"into it, $after KiB after it"
	exec 9>&-
	wait "$pid"
	pid=
	echo "$name: $(grep '^A:' "$work/log")"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
