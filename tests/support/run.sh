#!/bin/sh
# Run test programs one after the other, each bounded in time, and count.
# usage: run.sh RESULTS TEST...     (a test is a program or a script)
#
# A test passes with exit status 0 and is skipped with 77, which counts as a
# failure when SDESP_REQUIRE_ALL=1. Its own count is taken from cmocka's
# closing lines or from a line "N passed, N failed"; without one it is 1. Its
# lines "NOTE ..." are shown even when it passes.
# Appends "passed failed skipped" to RESULTS and prints the closing line.
# SPDX-License-Identifier: MIT
set -u

results=$1
shift
limit=${SDESP_TEST_LIMIT:-600}
mkdir -p "$(dirname "$results")"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

for t in "$@"; do
	start=$(date +%s)
	case $t in
	*.sh) timeout -k 5 "$limit" sh "$t" > "$log" 2>&1 < /dev/null ;;
	*) timeout -k 5 "$limit" "$t" > "$log" 2>&1 < /dev/null ;;
	esac
	status=$?
	took=$(($(date +%s) - start))
	p=$(awk '/^\[  PASSED  \] [0-9]+ test\(s\)/ { n += $4 }
		/^[0-9]+ passed, [0-9]+ failed/ { n += $1 }
		END { print n + 0 }' "$log")
	f=$(awk '/^\[  FAILED  \] [0-9]+ test\(s\)/ { n += $4 }
		/^[0-9]+ passed, [0-9]+ failed/ { n += $3 }
		END { print n + 0 }' "$log")
	case $status in
	0)
		[ $((p + f)) -gt 0 ] || p=1
		if [ "$f" -gt 0 ]; then
			echo "FAIL $t: exit status 0 with failures"
			cat "$log"
		else
			echo "pass $t ($p, ${took}s)"
			sed -n 's/^NOTE /     /p' "$log"
		fi
		;;
	77)
		why=$(grep -m1 SKIP "$log" || echo "SKIP: no reason given")
		p=0
		if [ "${SDESP_REQUIRE_ALL:-0}" = 1 ]; then
			f=1
			echo "FAIL $t: $why (SDESP_REQUIRE_ALL=1)"
		else
			f=0
			skipped=$((skipped + 1))
			echo "skip $t: $why"
		fi
		;;
	*)
		[ "$f" -gt 0 ] || f=1
		echo "FAIL $t: exit status $status"
		cat "$log"
		;;
	esac
	passed=$((passed + p))
	failed=$((failed + f))
done

echo "$passed $failed $skipped" >> "$results"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
