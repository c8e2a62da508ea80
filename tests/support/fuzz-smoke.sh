#!/bin/sh
# Run every libFuzzer harness for SDESP_FUZZ_SECONDS from its seeds. New
# inputs go to a scratch folder; a crash fails the test and is kept.
# SPDX-License-Identifier: MIT
set -u

seconds=${SDESP_FUZZ_SECONDS:-30}
passed=0 failed=0
for harness in build/libfuzzer/fuzz_*; do
	name=${harness##*/fuzz_}
	scratch=build/libfuzzer/corpus-$name
	mkdir -p "$scratch"
	if "$harness" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-dict=fuzz/dict/sdesp.dict -artifact_prefix="build/libfuzzer/$name-" \
		-print_final_stats=1 "$scratch" "fuzz/corpus/$name" \
		> "build/libfuzzer/$name.log" 2>&1; then
		echo "fuzz_$name: $(grep -m1 number_of_executed "build/libfuzzer/$name.log")"
		passed=$((passed + 1))
	else
		tail -n 40 "build/libfuzzer/$name.log"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
