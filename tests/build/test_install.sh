#!/bin/sh
# "make install" gives a tree that a stranger can build against, with the
# static and with the shared library, and the shared one exports only what
# the headers declare.
# SPDX-License-Identifier: MIT
set -eu

fail() {
	echo "FAIL $*"
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
MAKEFLAGS='' make -s BUILD="${BUILD:-build}" DESTDIR="$dir" PREFIX=/usr install >/dev/null

for f in bin/sdesp lib/libsdesp.a lib/libsdesp.so include/sdesp/sdesp.h \
	lib/pkgconfig/sdesp.pc share/man/man1/sdesp.1 share/sdesp/protocol.png \
	lib/libsdesp-lwip.a lib/pkgconfig/sdesp-lwip.pc; do
	[ -e "$dir/usr/$f" ] || fail "$f is not installed"
done

module=lib/baresip/modules/sdesp.so
if [ -e "${BUILD:-build}/baresip/sdesp.so" ]; then
	[ -e "$dir/usr/$module" ] || fail "$module is not installed"
fi

# Every public header compiles by itself; a private part comes with its owner.
# lwIP's own headers want POSIX.
lwip="-isystem /usr/include/lwip -D_POSIX_C_SOURCE=200809L"
for h in "$dir"/usr/include/sdesp/*.h; do
	case $h in *_private.h) continue ;; esac
	printf '#include "%s"\nint main(void) { return 0; }\n' "${h##*/}" \
		> "$dir/h.c"
	case ${h##*/} in
	sdesp_lwip.h | sdesp_relay.h) more=$lwip ;;
	*) more= ;;
	esac
	# shellcheck disable=SC2086 # a list of flags
	gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		-I"$dir/usr/include/sdesp" $more "$dir/h.c" || fail "$h"
done

# What stands on lwIP needs of the library no more than it exports.
cat > "$dir/relay.c" <<-'EOF'
	#include "sdesp_relay.h"
	int main(void)
	{
		static struct sdesp_relay relay;
		sdesp_relay_init(&relay, 0, 0, 0);
		sdesp_relay_close(&relay);
		return sdesp_relay_expose(&relay, 1) == 0;
	}
EOF
# shellcheck disable=SC2086 # lists of flags
gcc -std=c99 -I"$dir/usr/include/sdesp" $lwip ${LDFLAGS:-} -o "$dir/relay" "$dir/relay.c" \
	-L"$dir/usr/lib" -Wl,--unresolved-symbols=report-all \
	"$dir/usr/lib/libsdesp-lwip.a" "$dir/usr/lib/libsdesp.so" -llwip \
	-lbearssl || fail "libsdesp-lwip does not link"

# Nothing but declared names leaves the shared library.
nm -D --defined-only "$dir/usr/lib/libsdesp.so" |
	awk '{ sub("@.*", "", $3); print $3 }' | sort -u > "$dir/exported"
grep -qx sdesp_session_init "$dir/exported" || fail "no sdesp_session_init"
while read -r name; do
	grep -qw "$name" "$dir"/usr/include/sdesp/*.h || fail "$name is exported"
done < "$dir/exported"
grep -v '^sdesp_' "$dir/exported" && fail "foreign names are exported"
echo "4 passed, 0 failed"
