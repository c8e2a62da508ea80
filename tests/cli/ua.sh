# Shared by the tests of sdesp ua: ports, two ends, waiting for what they say.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # the tests' variables, cli.sh's

# Ports that nobody has: from our process number, below the ephemeral ones.
base=$((20000 + $$ % 1270 * 10))
sip=$base
web=$((base + 1))
entry=$((base + 2))
camera=sip:camera@127.0.0.1
phone=sip:phone@127.0.0.1
pids=

# Whatever a test starts ends with it.
cleanup() {
	# shellcheck disable=SC2086 # a list
	[ -z "$pids" ] || kill $pids 2> /dev/null
	wait 2> /dev/null
	rm -rf "$work"
}
trap cleanup EXIT

# start NAME COMMAND...: in the background; NAME.out, NAME.err, $pid.
start() {
	as=$1
	shift
	# Now, not when it runs: nobody waits for what an earlier one said.
	: > "$as.out"
	: > "$as.err"
	"$@" > "$as.out" 2> "$as.err" < /dev/null &
	pid=$!
	pids="$pids $pid"
}

# listen OPTION...: a camera that lives 60 seconds at most.
listen() {
	start l "$SDESP" ua listen --sip "127.0.0.1:$sip" --aor "$camera" \
		--seconds 60 "$@"
	l=$pid
	wait_for "listening" l.out '^listening'
}

# call NAME OPTION...: a phone, up to its session.
call() {
	name=$1
	shift
	start "$name" "$SDESP" ua call --aor "$phone" --seconds 50 "$@" \
		"$camera:$sip"
	wait_for "$name: established" "$name.out" '^established'
}

# wait_for NAME FILE PATTERN [SECONDS]: until a line of FILE is like that.
wait_for() {
	tenths=$((${4:-10} * 10))
	until grep -Eqs -- "$3" "$2"; do
		tenths=$((tenths - 1))
		if [ "$tenths" -le 0 ]; then
			fail "$1: no \"$3\" in $2"
			sed 's/^/     /' "${2%.*}.out" "${2%.*}.err"
			return 1
		fi
		sleep 0.1
	done
	pass "$1"
}

# until_holds NAME COMMAND...: the command succeeds within five seconds.
until_holds() {
	what=$1
	shift
	tenths=50
	until "$@" || [ "$tenths" -le 0 ]; do
		tenths=$((tenths - 1))
		sleep 0.1
	done
	holds "$what" "$@"
}

# ends NAME PID CODE [SIGNAL]: it ends with this exit code, when told to.
ends() {
	if [ $# -gt 3 ]; then kill "-$4" "$2"; fi
	wait "$2"
	got=$?
	if [ "$got" -eq "$3" ]; then
		pass "$1"
	else
		fail "$1: exit code $got, expected $3"
	fi
}

# serve DIR: what 127.0.0.1:$web gives by HTTP.
serve() {
	start http /usr/bin/python3 -m http.server "$web" --bind 127.0.0.1 \
		--directory "$1"
	http=$pid
	tenths=50
	until curl -s -o /dev/null "http://127.0.0.1:$web/" ||
		[ "$tenths" -le 0 ]; do
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

# fetch FILE PORT: as it comes through; compared with the one in www.
fetch() {
	curl -s --max-time 30 -o got "http://127.0.0.1:$2/$1" &&
		cmp -s got "www/$1"
}
