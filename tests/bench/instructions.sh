#!/bin/sh
# Instructions per operation, counted by valgrind's callgrind: the difference
# of two runs of different length, so that start-up cancels out.
# usage: instructions.sh BENCH
# SPDX-License-Identifier: MIT
set -eu

bench=$1
command -v valgrind >/dev/null || {
	echo "instructions: SKIP: no valgrind: run \"make test-deps\" as root"
	[ "${SDESP_REQUIRE_ALL:-0}" != 1 ]
	exit
}
count() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		"$bench" --count "$@" 2>&1 | awk '/Collected/ { print $NF }'
}
echo "== instructions per operation (callgrind)"
"$bench" --list | while read -r what; do
	# shellcheck disable=SC2086 # an operation and its arguments
	few=$(count 10 $what)
	# shellcheck disable=SC2086
	many=$(count 110 $what)
	printf '%-44s %9d\n' "$what" $(((many - few) / 100))
done
