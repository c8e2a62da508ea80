#!/bin/sh
# Replay every fuzz seed through its harness's plain main.
# SPDX-License-Identifier: MIT
set -eu

n=0
for harness in "${BUILD:-build}"/fuzz/fuzz_*; do
	case $harness in *.*) continue ;; esac
	corpus=fuzz/corpus/${harness##*/fuzz_}
	[ -d "$corpus" ] || { echo "no seeds in $corpus"; exit 1; }
	"$harness" "$corpus"
	n=$((n + 1))
done
[ "$n" -gt 0 ] || { echo "no harness was built"; exit 1; }
echo "$n passed, 0 failed"
