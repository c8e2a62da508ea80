#!/bin/sh
# run: any UDP program through the session. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

# Ports that nobody has: from our process number, on loopback.
base=$((20000 + $$ % 12700))
service=$base
entry=$((base + 1))
a_port=$((base + 2))
b_port=$((base + 3))

ts="17 self any peer $service"
"$SDESP" offer --state a --local "127.0.0.1:$a_port" --ts "$ts" > o
"$SDESP" answer --state b --local "127.0.0.1:$b_port" o > n
expect 0 "session" "$SDESP" accept --state a n

/usr/bin/python3 "$here/echo.py" serve "$service" 2> /dev/null &
server=$!
SDESP_KEYLOGFILE=keys "$SDESP" run --state b --expose "$service" --time 30 \
	2> b.err &
b=$!
"$SDESP" run --state a -L "$entry:$service" --time 30 2> a.err &
a=$!
sleep 0.5
expect 0 "three clients, 60 datagrams" \
	/usr/bin/python3 "$here/echo.py" ask "$entry" 20
kill -INT "$a"
kill -TERM "$b"
holds "ends on SIGINT" wait "$a"
holds "ends on SIGTERM" wait "$b"
kill "$server"
wait "$server" 2> /dev/null
expect 0 "counted" "$SDESP" sa --state a
prints '(6[0-9]|[7-9][0-9]) packets'
holds "key log" [ "$(grep -c AES-GCM keys)" = 2 ]
holds "key log is private" [ "$(stat -c %a keys)" = 600 ]

# Numbers go on where they were: the second run is not taken for a replay.
/usr/bin/python3 "$here/echo.py" serve "$service" 2> /dev/null &
server=$!
"$SDESP" run --state b --expose "$service" --time 30 2> b.err &
b=$!
"$SDESP" run --state a -L "127.0.0.1:$entry:$service" --time 30 2> a.err &
a=$!
sleep 0.5
expect 0 "again" /usr/bin/python3 "$here/echo.py" ask "$entry" 5
kill "$a" "$b" "$server"
wait "$a" "$b"
wait "$server" 2> /dev/null
holds "nothing refused" grep -q 'refused: 0 replays, 0 forgeries, 0 others' b.err

expect 0 "--time" "$SDESP" run --state a --time 1
expect 2 "malformed -L" "$SDESP" run --state a -L x
expect 2 "malformed --expose" "$SDESP" run --state a --expose 0
rm -f c d
"$SDESP" offer --state c --encap none > o && "$SDESP" answer --state d o > n &&
	"$SDESP" accept --state c n
expect 1 "raw ESP" "$SDESP" run --state c --time 1
says 'IP protocol 50'

finish
