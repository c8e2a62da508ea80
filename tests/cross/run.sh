#!/bin/sh
# Build the core, the UDP backend and BearSSL for two foreign machines and run
# the self-test on their emulators: a big-endian 32-bit PowerPC, and a
# Cortex-M3 without an operating system.
# usage: run.sh [SCRATCH]
# SPDX-License-Identifier: MIT
set -eu

out=${1:-${BUILD:-build}/cross}
bearssl=.deps/bearssl
[ -f "$bearssl/inc/bearssl.h" ] || {
	echo "cross: BearSSL's source is missing: run \"make test-deps\" as root" >&2
	exit 1
}
warn="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
include="-Icore/include -Icore -Ibackends/udp -I. -isystem $bearssl/inc"

# build NAME CC FLAGS LINK EXTRA-SOURCES
build() {
	dir=$out/$1 cc=$2 flags=$3 link=$4 extra=$5
	mkdir -p "$dir"
	rm -f "$dir"/*.o
	# shellcheck disable=SC2044,SC2046,SC2086 # lists of files
	{
		for f in $(find core backends/udp -name '*.c' ! -name sock\*.c) \
			tests/cross/selftest.c tests/support/vectors.c $extra; do
			echo "$f $dir/$(echo "$f" | tr / -).o -std=c99 $warn $include"
		done
		for f in $(find "$bearssl/src" -name '*.c' ! -path '*/ssl/*' \
			! -path '*/x509/*' ! -path '*/rsa/*' ! -name sysrng.c); do
			echo "$f $dir/bear-$(basename "$f").o -w -I$bearssl/src -I$bearssl/inc"
		done
	} | xargs -P "$(nproc)" -L1 sh -c \
		"f=\$0 o=\$1; shift; $cc $flags \"\$@\" -c -o \$o \$f"
	# shellcheck disable=SC2086 # lists of flags
	$cc $flags $link -o "$dir/selftest" "$dir"/*.o
}

echo "== PowerPC, 32 bits, big-endian"
build powerpc powerpc-linux-gnu-gcc "-O2" "-static" ""
timeout 120 qemu-ppc "$out/powerpc/selftest"

echo "== Cortex-M3, no operating system"
build m3 arm-none-eabi-gcc \
	"-Os -mcpu=cortex-m3 -mthumb -ffunction-sections -DSDESP_UDP_SAS=4 -DSDESP_UDP_FLOWS=2" \
	"--specs=rdimon.specs -nostartfiles -Ttests/cross/mps2.ld -Wl,--gc-sections" \
	tests/cross/startup.c
timeout 120 qemu-system-arm -M mps2-an385 -display none -serial none \
	-monitor none -semihosting-config enable=on,target=native \
	-kernel "$out/m3/selftest"
