#!/bin/sh
# Flash and RAM: text, data and bss of each level as a linker leaves it, with
# BearSSL's part apart; sizes of the public structs; worst stack use.
# usage: size.sh SCRATCH
# SPDX-License-Identifier: MIT
set -eu

out=$1
bearssl=.deps/bearssl
flags="-std=c99 -Os -ffunction-sections -fdata-sections -Icore/include -Icore
	-I. -I$bearssl/inc"
[ -f "$bearssl/inc/bearssl.h" ] || {
	echo "size: no BearSSL source: run \"make test-deps\" as root" >&2
	exit 1
}
command -v arm-none-eabi-gcc >/dev/null || {
	echo "size: no arm-none-eabi-gcc: run \"make test-deps\" as root" >&2
	exit 1
}

# A small device's limits: one suite a line is enough, a window of 64.
small="-DSDESP_MAX_WINDOW=64"

negotiate="sdesp_session_init sdesp_session_offer sdesp_session_refresh
	sdesp_session_answer sdesp_session_accept sdesp_session_confirm
	sdesp_session_fail sdesp_session_tick sdesp_session_notify
	sdesp_session_event sdesp_session_close sdesp_policy_init sdesp_sdp_find"
keying="sdesp_bearssl_kex"
packets="sdesp_bearssl_init sdesp_esp_tx_init sdesp_esp_rx_init
	sdesp_esp_seal sdesp_esp_open"
udp="sdesp_udp_init sdesp_udp_input sdesp_udp_send sdesp_udp_tick"

# archive NAME CC FLAGS: everything as one archive each, ours and BearSSL's.
archive() {
	name=$1 cc=$2 extra=$3
	mkdir -p "$out/$name"
	# shellcheck disable=SC2086,SC2046 # lists of flags and files
	for f in $(find core backends/udp -name '*.c' ! -name socket.c); do
		echo "$f $out/$name/ours-$(echo "$f" | tr / -).o"
	done | xargs -P "$(nproc)" -L1 sh -c \
		"$cc $(echo $flags) $extra -fstack-usage -c -o \$1 \$0"
	find "$bearssl/src" -name '*.c' ! -path '*/ssl/*' ! -path '*/x509/*' \
		! -path '*/rsa/*' | while read -r f; do
		echo "$f $out/$name/bear-$(basename "$f").o"
	done | xargs -P "$(nproc)" -L1 sh -c "$cc -Os -ffunction-sections \
		-fdata-sections $extra -I$bearssl/inc -I$bearssl/src -w \
		-c -o \$1 \$0"
	rm -f "$out/$name"/lib*.a
	"${cc%gcc}ar" rcs "$out/$name/libours.a" "$out/$name"/ours-*.o
	"${cc%gcc}ar" rcs "$out/$name/libbear.a" "$out/$name"/bear-*.o
}

# row NAME CC LINK LABEL ROOTS: link what the roots need, print the parts.
row() {
	name=$1 cc=$2 link=$3 label=$4 roots=$5
	echo 'int main(void) { return 0; } void _start(void) { }' > "$out/main.c"
	undefined=
	for r in $roots; do undefined="$undefined -Wl,-u,$r"; done
	# shellcheck disable=SC2086 # lists of flags
	$cc $link -Os -nostartfiles -Wl,--gc-sections $undefined \
		-Wl,-Map="$out/$name/map" -o "$out/$name/linked" "$out/main.c" \
		-L"$out/$name" -Wl,--start-group -lours -lbear -Wl,--end-group -lc \
		-lgcc 2> "$out/$name/link.log" || {
		cat "$out/$name/link.log" >&2
		exit 1
	}
	awk -v label="$label" -f tests/bench/size.awk "$out/$name/map"
}

levels() {
	title=$1 name=$2 cc=$3 link=$4
	echo "== $title"
	printf '%-34s %7s %8s %7s %6s %6s\n' 'level (octets)' ours BearSSL \
		libc data bss
	row "$name" "$cc" "$link" 'negotiate, crypto of your own' "$negotiate"
	row "$name" "$cc" "$link" 'negotiate on BearSSL' "$negotiate $keying"
	row "$name" "$cc" "$link" 'software ESP alone' "$packets"
	row "$name" "$cc" "$link" 'all, with the UDP backend' \
		"$negotiate $keying $packets $udp"
}

archive x86-64 gcc ""
levels "x86-64, -Os, all suites" x86-64 gcc "-static"
archive m3 arm-none-eabi-gcc "-mcpu=cortex-m3 -mthumb $small"
levels "Cortex-M3, -Os, all suites" m3 arm-none-eabi-gcc \
	"-mcpu=cortex-m3 -mthumb"
