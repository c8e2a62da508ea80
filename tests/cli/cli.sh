# Shared by the tests of the command: a directory of their own, counting.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh

: "${SDESP:?the path of the sdesp binary}"
case $SDESP in
*/*) SDESP=$(cd "$(dirname "$SDESP")" && pwd)/$(basename "$SDESP") ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
umask 022
passed=0
failed=0

pass() {
	passed=$((passed + 1))
	echo "PASS $1"
}

fail() {
	failed=$((failed + 1))
	echo "FAIL $1"
	if [ -s err ]; then sed 's/^/     /' err; fi
}

# holds NAME COMMAND...: the command succeeds.
holds() {
	name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name"; fi
}

# lacks NAME COMMAND...: it does not.
lacks() {
	name=$1
	shift
	if "$@"; then fail "$name"; else pass "$name"; fi
}

# expect CODE NAME COMMAND...: runs it, output in out, messages in err.
expect() {
	want=$1
	name=$2
	shift 2
	"$@" > out 2> err < /dev/null
	got=$?
	if [ "$got" -eq "$want" ]; then
		pass "$name"
	else
		fail "$name: exit code $got, expected $want"
	fi
}

# says PATTERN: the last messages hold a line like this.
says() {
	if grep -Eq -- "$1" err; then
		pass "says $1"
	else
		fail "does not say $1"
	fi
}

# prints PATTERN: likewise for the last output.
prints() {
	if grep -Eq -- "$1" out; then
		pass "prints $1"
	else
		fail "does not print $1"
	fi
}

# agree A B OFFER_OPTIONS [ANSWER_OPTIONS]: two states of one session.
agree() {
	rm -f "$1" "$2"
	# shellcheck disable=SC2086 # lists of options
	"$SDESP" offer --state "$1" $3 > "$1.o" 2> err &&
		"$SDESP" answer --state "$2" ${4-} "$1.o" \
			> "$1.n" 2> err &&
		"$SDESP" accept --state "$1" "$1.n" 2> err
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
