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
	each=$(((many - few) / 100))
	# What a whole inline offer and answer may cost, both ends together.
	[ "$what" != "negotiate inline" ] || budget="  budget 200000 $(
		[ "$each" -le 200000 ] && echo kept || echo MISSED)"
	printf '  %-34s %9d%s\n' "$what" "$each" "${budget:-}"
	budget=
done
