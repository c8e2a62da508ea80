#!/bin/sh
# What a BSD would compile, as far as that can be seen on Linux: the Makefile's
# list for it, each file of that by clang for that system (macOS: by gcc with
# its macro in place of Linux'), with glibc's headers for the system's, and what
# the objects call. Not shown by it: that the systems' own headers have all the
# same names, that it links, and anything of how it runs there.
# SPDX-License-Identifier: MIT
set -eu
export LC_ALL=C

command -v clang >/dev/null || {
	echo 'SKIP: no clang here (make test-deps)'
	exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

ok() { passed=$((passed + 1)); }
bad() {
	echo "FAIL $*"
	failed=$((failed + 1))
}

# What may be called: POSIX, and what all four have besides.
cat > "$dir/may" <<'END'
__errno_location
bind
clock_gettime
close
fcntl
flock
getentropy
getenv
getpid
getsockname
htons
memcmp
memcpy
memmove
memset
ntohs
open
poll
read
recvmsg
send
sendmsg
setsockopt
snprintf
socket
strchr
strerror
strlen
strrchr
write
END

for pair in FreeBSD:freebsd NetBSD:netbsd OpenBSD:openbsd Darwin:macos; do
	os=${pair%:*} dialect=${pair#*:}
	MAKEFLAGS='' make -s OS="$os" sources > "$dir/list"
	if grep -q 'backends/tun\|backends/xfrm' "$dir/list"; then
		bad "$os: Linux' backends are in the list"
	elif ! grep -q backends/pfkey/socket.c "$dir/list"; then
		bad "$os: PF_KEY is not in the list"
	else
		ok
	fi
	mkdir "$dir/$os"
	case $os in
	Darwin) cc='gcc -U__linux__ -U__gnu_linux__ -D__APPLE__' ;;
	*) cc="clang --target=x86_64-unknown-$dialect -isystem /usr/include \
		-isystem /usr/include/$(gcc -print-multiarch)" ;;
	esac
	n=0 wrong=0
	for f in $(grep -v '^core/crypto' "$dir/list"); do
		own=
		# A BSD shows everything unless asked for less.
		case $f in backends/pfkey/*) own=-D_DEFAULT_SOURCE= ;; esac
		n=$((n + 1))
		# shellcheck disable=SC2086 # words
		$cc -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
			-Werror -fno-pic -fno-stack-protector $own \
			-Icore/include -Icore -Ibackends/udp -Ibackends/pfkey \
			-Iports/posix -I. -c -o "$dir/$os/$n.o" "$f" || wrong=1
	done
	if [ "$wrong" = 0 ] && [ "$n" -gt 60 ]; then
		ok
	else
		bad "$os: $n files, not all compile"
	fi
	nm -u "$dir/$os"/*.o | sed -n 's/^ *U //p' | sort -u > "$dir/used"
	grep -v '^sdesp_' "$dir/used" | sort | comm -23 - "$dir/may" > "$dir/no"
	if [ -s "$dir/no" ]; then
		bad "$os: not known to be there: $(tr '\n' ' ' < "$dir/no")"
	else
		ok
	fi
	if [ "$(grep -c '^sdesp_pfkey_\(freebsd\|netbsd\|openbsd\|macos\|linux\)$' \
		"$dir/used")" = 1 ] && grep -q "^sdesp_pfkey_$dialect$" "$dir/used"; then
		ok
	else
		bad "$os: the wrong dialect: $(grep '^sdesp_pfkey_' "$dir/used")"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
