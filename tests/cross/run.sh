#!/bin/sh
# Build the core, the UDP backend and BearSSL for two foreign machines and run
# the self-test on their emulators: a big-endian 32-bit PowerPC, and a
# Cortex-M3 without an operating system. The same with lwIP and its netif.
# usage: run.sh [SCRATCH]
# SPDX-License-Identifier: MIT
set -eu

out=${1:-${BUILD:-build}/cross}
bearssl=.deps/bearssl lwip=.deps/lwip
for need in "$bearssl/inc/bearssl.h" "$lwip/src/include/lwip/tcp.h"; do
	[ -f "$need" ] || {
		echo "cross: $need is missing: run \"make test-deps\" as root" >&2
		exit 1
	}
done
warn="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
include="-Icore/include -Icore -Ibackends/udp -I. -isystem $bearssl/inc"
lwip_include="$lwip/src/include -isystem tests/cross/lwip"

# compile FLAGS DIR FILE...: objects into DIR
compile() {
	how=$1 to=$2
	shift 2
	mkdir -p "$to"
	for f in "$@"; do
		echo "$f $to/$(echo "${f#.deps/}" | tr / -).o"
	done | xargs -P "$(nproc)" -L1 sh -c "$cc $how -c -o \$1 \$0"
}

# build NAME CC FLAGS LINK EXTRA-SOURCES
build() {
	dir=$out/$1 cc=$2 flags=$3 link=$4 extra=$5
	rm -rf "$dir"
	ours="$flags -std=c99 $warn $include"
	# shellcheck disable=SC2046,SC2086 # lists of files and flags
	{
		compile "$ours" "$dir/both" $extra $(find core backends/udp \
			-name '*.c' ! -name sock\*.c)
		compile "$flags -w -I$bearssl/src -I$bearssl/inc" "$dir/both" \
			$(find "$bearssl/src" -name '*.c' ! -path '*/ssl/*' \
			! -path '*/x509/*' ! -path '*/rsa/*' ! -name sysrng.c)
		compile "$ours" "$dir/selftest" tests/cross/selftest.c \
			tests/support/vectors.c
		$cc $flags $link -o "$dir/selftest.elf" "$dir"/both/*.o \
			"$dir"/selftest/*.o

		compile "$ours -Iports/lwip -isystem $lwip_include" \
			"$dir/lwip" tests/cross/lwip/selftest.c \
			tests/lwip/keys.c tests/lwip/net.c tests/lwip/stream.c \
			tests/support/pair.c tests/support/udp_pair.c \
			ports/lwip/connect.c \
			ports/lwip/connections.c ports/lwip/netif.c \
			ports/lwip/tick.c
		compile "$flags -w -I$lwip_include" "$dir/lwip" \
			"$lwip"/src/core/*.c "$lwip"/src/core/ipv4/*.c
		$cc $flags $link -Wl,-Map="$dir/lwip.map" \
			-o "$dir/lwip.elf" "$dir"/both/*.o "$dir"/lwip/*.o
	}
}

on_m3() {
	timeout 120 qemu-system-arm -M mps2-an385 -display none -serial none \
		-monitor none -semihosting-config enable=on,target=native \
		-kernel "$1"
}

echo "== PowerPC, 32 bits, big-endian"
build powerpc powerpc-linux-gnu-gcc "-O2" "-static" ""
timeout 120 qemu-ppc "$out/powerpc/selftest.elf"
timeout 120 qemu-ppc "$out/powerpc/lwip.elf"

echo "== Cortex-M3, no operating system"
build m3 arm-none-eabi-gcc \
	"-Os -mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections -DSDESP_UDP_SAS=4 -DSDESP_UDP_FLOWS=2" \
	"--specs=rdimon.specs -nostartfiles -Ttests/cross/mps2.ld -Wl,--gc-sections" \
	tests/cross/startup.c
on_m3 "$out/m3/selftest.elf"
on_m3 "$out/m3/lwip.elf"
awk -f tests/cross/flash.awk "$out/m3/lwip.map"
