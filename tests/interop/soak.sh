#!/bin/sh
# SIPp calls sdesp ua listen 2000 times, twice (with sanitizers 200): what the
# listener holds after the second time is what it held after the first.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/../cli/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/../cli/ua.sh"
command -v sipp > /dev/null || { echo "SKIP: no sipp"; exit 77; }
# shellcheck source=tests/interop/sipp.sh
. "$here/sipp.sh"

calls=2000
[ "${BUILD-}" != build-san ] || calls=200

# held NAME: counts into NAME.calls, NAME.fds and NAME.kb, and told.
held() {
	"$SDESP" status --json --status-socket status > "$1.calls" 2> err
	# shellcheck disable=SC2012 # numbers are names there
	ls "/proc/$l/fd" | wc -l > "$1.fds"
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$l/status" > "$1.kb"
	echo "NOTE $1: $(cat "$1.calls"), $(cat "$1.fds") descriptors," \
		"resident $(cat "$1.kb") KiB"
}

# soak NAME: all calls, four at a time; then the 32 s that SIP remembers them.
soak() {
	if sipp_plays call "" "127.0.0.1:$sip" -p $((base + 3)) -s camera \
		-inf keys.csv -m "$calls" -l 4 -r 1000 -d 1; then
		pass "$1: $calls calls"
	else
		fail "$1: $calls calls"
		cat call.err
	fi
	sleep 33
	held "$1"
}

listen --seconds 300 --allow sip:sipp@127.0.0.1 --expose "$web" \
	--status-socket status
held start
soak first
soak second
holds "no session is left" [ "$(cat second.calls)" = '{"sessions":[]}' ]
holds "no descriptor" [ "$(cat start.fds)" = "$(cat second.fds)" ]
# 256 KiB are 131 octets a call. Sanitizers keep what was freed: they look for
# leaks at the end.
[ "$calls" = 200 ] || holds "no memory" \
	[ $(($(cat second.kb) - $(cat first.kb))) -le 256 ]
# Its table has room for the SAs of four calls: one in 500 left would fill it.
ends "the listener ends" "$l" 0 TERM
holds "all were served" grep -q "^served $((2 * calls)) calls, refused 0" l.out
lacks "nothing was left behind" grep -q . l.err

finish
