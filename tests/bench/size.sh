#!/bin/sh
# Flash, RAM and stack: text, data and bss of each level as the linker leaves
# it, BearSSL's part apart; sizes of the public structs; deepest stack. What the
# small machine may have of each is said beside it.
# usage: size.sh SCRATCH
# SPDX-License-Identifier: MIT
set -eu

out=$1
bearssl=.deps/bearssl
for need in "$bearssl/inc/bearssl.h" "$(command -v arm-none-eabi-gcc)"; do
	[ -e "$need" ] || {
		echo "size: BearSSL's source or arm-none-eabi-gcc is missing:" \
			"run \"make test-deps\" as root" >&2
		exit 1
	}
done
gc="-Os -ffunction-sections -fdata-sections -fno-pic -fcallgraph-info=su
	-U_FORTIFY_SOURCE -fno-stack-protector"
include="-Icore/include -Icore -Ibackends/udp -I$bearssl/inc"

negotiate="sdesp_session_init sdesp_session_offer sdesp_session_refresh
	sdesp_session_answer sdesp_session_accept sdesp_session_confirm
	sdesp_session_fail sdesp_session_tick sdesp_session_notify
	sdesp_session_event sdesp_session_close sdesp_policy_init sdesp_sdp_find"
keying="sdesp_bearssl_kex"
packets="sdesp_bearssl_init sdesp_esp_tx_init sdesp_esp_rx_init
	sdesp_esp_seal sdesp_esp_open"
udp="sdesp_udp_init sdesp_udp_input sdesp_udp_send sdesp_udp_tick"

# compile FLAGS DIR OBJECT-PREFIX INCLUDES FILE...
compile() {
	flags=$1 dir=$2 prefix=$3 inc=$4
	shift 4
	mkdir -p "$dir"
	# shellcheck disable=SC2086,SC2116 # lists of flags, joined to one line
	for f in "$@"; do
		echo "$f $dir/$prefix$(echo "$f" | sed 's|.*/src/||; s|[/.]|-|g').o"
	done | xargs -P "$(nproc)" -L1 sh -c \
		"$cc $(echo $gc $flags $inc) -c -o \$1 \$0"
	"${cc%gcc}ar" rcs "$dir/lib${prefix%-}.a" "$dir/$prefix"*.o
}

# variant NAME FLAGS: our part in another configuration, beside BearSSL's.
variant() {
	name=$1
	rm -rf "$out/$arch-$name"
	# shellcheck disable=SC2046 # a list of files
	compile "-std=c99 $machine $2" "$out/$arch-$name" ours- "$include" \
		$(find core backends/udp -name '*.c' ! -name sock\*.c)
}

# row LABEL ROOTS: what these roots pull in.
row() {
	undefined=
	for r in $2; do undefined="$undefined -Wl,-u,$r"; done
	# shellcheck disable=SC2086 # lists of flags
	$cc $machine -nostartfiles -static -Wl,--gc-sections \
		-Wl,--build-id=none $undefined -Wl,-Map="$out/map" \
		-o "$out/linked" "$out/$arch-main.o" -L"$out/$arch-$name" \
		-L"$out/$arch-bear" -nostdlib -Wl,--start-group -lours -lbear \
		-lgcc -Wl,--end-group
	awk -v label="$1" -f tests/bench/size.awk "$out/map" | tee "$out/row"
}

# budget LIMIT WHAT VALUE: only the small machine has budgets.
budget() {
	[ "$arch" = m3 ] || return 0
	printf '  %-47s %6d, budget %5d %s\n' "$2" "$3" "$1" \
		"$([ "$3" -le "$1" ] && echo kept || echo MISSED)"
}

# flash: all text of the row just printed.
flash() {
	awk '{ print $(NF-4) + $(NF-3) + $(NF-2) }' "$out/row"
}

# structs: sizes as the compiler sees them.
structs() {
	{
		echo '#include "sdesp.h"'
		echo '#include "sdesp_udp.h"'
		for s in session policy esp_tx esp_rx cipher sa pkt udp; do
			echo "char of_${s}[sizeof(struct sdesp_$s)];"
		done
	} > "$out/structs.c"
	# shellcheck disable=SC2086 # lists of flags
	$cc -std=c99 $machine $1 $include -c -o "$out/structs.o" "$out/structs.c"
	"${cc%gcc}nm" -t d -S "$out/structs.o" | sort -k4 |
		awk '{ sub("of_", "", $4); printf "  struct sdesp_%-10s %7d\n", $4, $2 }' |
		tee "$out/sizes"
}

# An inbound SA is the larger one.
ram() {
	awk '$2 == "sdesp_esp_rx" { n += $3 } $2 == "sdesp_cipher" { n -= $3 }
		END { print n }' "$out/sizes"
}

# machine ARCH CC FLAGS SMALL TITLE
measure() {
	arch=$1 cc=$2 machine=$3 small=$4 title=$5
	mkdir -p "$out"
	# shellcheck disable=SC2046 # a list of files
	compile "-w $machine" "$out/$arch-bear" bear- \
		"-I$bearssl/inc -I$bearssl/src" \
		$(find "$bearssl/src" -name '*.c' ! -path '*/ssl/*' \
			! -path '*/x509/*' ! -path '*/rsa/*')
	cat > "$out/main.c" <<-'EOF'
		void _start(void) { }
		void memcpy(void) { }
		void memmove(void) { }
		void memset(void) { }
		void memcmp(void) { }
		void strlen(void) { }
	EOF
	# shellcheck disable=SC2086 # lists of flags
	$cc $machine -w -fno-builtin -c -o "$out/$arch-main.o" "$out/main.c"

	echo "== $title"
	printf '%-40s %6s %8s %5s %5s %5s\n' 'octets' ours BearSSL gcc data bss
	variant full "$small"
	row 'negotiate, crypto of your own' "$negotiate"
	row 'negotiate on BearSSL' "$negotiate $keying"
	budget 12288 'negotiation, BearSSL included' "$(flash)"
	row 'ESP, all suites' "$packets"
	row 'all of it and the UDP backend' "$negotiate $keying $packets $udp"
	echo "sizes of structs, all suites, default limits"
	structs ""
	only="$small -DSDESP_WITH_CBC=0 -DSDESP_WITH_CCM=0 -DSDESP_WITH_NULL=0"
	variant gcm "$only -DSDESP_WITH_CHACHAPOLY=0"
	row 'ESP, AES-GCM alone' "$packets"
	budget 12288 'ESP with one AEAD, BearSSL included' "$(flash)"
	variant chachapoly "$only -DSDESP_WITH_GCM=0"
	row 'ESP, ChaCha20-Poly1305 alone' "$packets"
	budget 12288 'ESP with one AEAD, BearSSL included' "$(flash)"
	row 'all of it, ChaCha20-Poly1305 alone' \
		"$negotiate $keying $packets $udp"
	echo "sizes of structs, ChaCha20-Poly1305 alone, window 64"
	structs "$only -DSDESP_WITH_GCM=0"
	budget 512 'RAM of an SA beside its key schedule' "$(ram)"
	echo "deepest stack, in octets"
	/usr/bin/python3 tests/bench/stack.py "$arch" "$out/$arch-full" \
		"$out/$arch-bear" | tee "$out/stack"
	budget 2048 'stack' "$(awk '$2 > n { n = $2 } END { print n + 0 }' \
		"$out/stack")"
}

measure x86-64 gcc "" "" 'x86-64, -Os'
measure m3 arm-none-eabi-gcc "-mcpu=cortex-m3 -mthumb" \
	"-DSDESP_MAX_WINDOW=64 -DSDESP_UDP_SAS=4 -DSDESP_UDP_FLOWS=1 \
	-DSDESP_WITH_REASONS=0" 'Cortex-M3, -Os, window 64, no texts of refusals'
