#!/bin/sh
# sdesp ua: a page through a call, rekeyed in mid-transfer, several callers.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/ua.sh"
command -v curl > /dev/null || { echo "SKIP: curl is missing"; exit 77; }

mkdir www
head -c 40000000 /dev/urandom > www/large
echo "hello from the camera" > www/index.html
serve www

for transport in udp tcp; do
	listen --transport $transport --expose "$web" --allow "$phone"
	call c --transport $transport --forward "$entry:$web"
	c=$pid
	wait_for "$transport: forwarding" c.out "^forwarding 127.0.0.1:$entry -> $web"
	holds "$transport: a page" fetch index.html "$entry"
	curl -s --max-time 30 --limit-rate 15M -o got \
		"http://127.0.0.1:$entry/large" &
	transfer=$!
	sleep 0.4
	kill -USR1 "$c"
	wait_for "$transport: rekeyed" c.out '^rekeyed' 5
	holds "$transport: the rekey came while it ran" kill -0 "$transfer"
	holds "$transport: transfer" wait "$transfer"
	holds "$transport: nothing lost" cmp -s got www/large
	wait_for "$transport: rekeyed there" l.out '^rekeyed' 5
	kill -USR1 "$l"
	rekeyed_twice() { [ "$(grep -c '^rekeyed' l.out)" = 2 ]; }
	until_holds "$transport: rekeyed from there" rekeyed_twice
	ends "$transport: caller ends" "$c" 0 INT
	wait_for "$transport: BYE" l.out '^closed' 5
	holds "$transport: summary" grep -Eq \
		'^sent [0-9]+ packets, received [0-9]+; refused: 0 replays, 0 forgeries, 0 others' c.out
	ends "$transport: listener ends" "$l" 0 TERM
	holds "$transport: counted" grep -q '^served 1 calls, refused 0' l.out
done

# Four callers at once, each with its own session; the fifth finds no room.
listen --expose "$web" --allow "$phone" --status-socket status
for i in 1 2 3 4; do
	call "c$i" --forward "$((entry + i)):$web"
	eval "p$i=\$pid"
done
for i in 1 2 3 4; do
	fetch large $((entry + i)) && cp got "got$i"
done
for i in 1 2 3 4; do
	holds "caller $i is served" cmp -s "got$i" www/large
done
holds "each with its own keys" [ \
	"$(grep -h '^established' c?.out | cut -d' ' -f2 | sort -u | wc -l)" = 4 ]
ln -s status call.sock
expect 1 "a call is not rekeyed by hand" "$SDESP" offer --state call --rekey
says 'sdesp ua rekeys its calls by itself'
expect 0 "status" "$SDESP" status --status-socket status
holds "of each call" [ "$(grep -c '^sip:phone' out)" = 4 ]
expect 1 "the fifth" "$SDESP" ua call --aor "$phone" --seconds 20 \
	"$camera:$sip"
prints '^closed .*486'
kill "$l"
# shellcheck disable=SC2154 # by eval
for p in "$p1" "$p2" "$p3" "$p4"; do
	ends "the listener hangs up" "$p" 0
done
ends "listener ends" "$l" 0

# A name that only the hosts file has. SIP is for loopback all the same.
listen --expose "$web" --allow "$phone"
start c "$SDESP" ua call --aor "$phone" --seconds 20 --method inline \
	--sip 127.0.0.1 --forward "$entry:$web" "sip:camera@localhost:$sip"
wait_for "by name: forwarding" c.out '^forwarding'
holds "by name: a page" fetch index.html "$entry"
ends "caller ends" "$pid" 0 INT
ends "listener ends" "$l" 0 INT

# SIP and ESP over IPv6.
if grep -qs . /proc/net/if_inet6; then
	start l "$SDESP" ua listen --sip "[::1]:$sip" --aor 'sip:camera@[::1]' \
		--allow 'sip:phone@[::1]' --expose "$web" --seconds 30
	l=$pid
	wait_for "IPv6: listening" l.out "^listening sip:camera@\[::1\]:$sip"
	start c "$SDESP" ua call --aor 'sip:phone@[::1]' --seconds 20 \
		--forward "$entry:$web" "sip:camera@[::1]:$sip"
	wait_for "IPv6: forwarding" c.out '^forwarding'
	holds "IPv6: a page" fetch index.html "$entry"
	kill -USR1 "$l"
	wait_for "IPv6: rekeyed" c.out '^rekeyed'
	ends "IPv6: caller ends" "$pid" 0 INT
	ends "IPv6: listener ends" "$l" 0 INT
else
	echo "SKIP: IPv6: this machine has none"
fi

# --forward to what is not exposed: the session has no such selector.
listen --expose "$web" --allow "$phone"
expect 1 "a port that is not exposed" "$SDESP" ua call --aor "$phone" \
	--seconds 20 --forward "$entry:$((web + 1))" "$camera:$sip"
prints '^closed .*488'
ends "listener ends" "$l" 0 INT

finish
