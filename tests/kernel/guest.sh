#!/bin/sh
# Run a command in a throw-away guest, as root, whose kernel has ESP, whatever
# the one of this machine has. The guest has no disk and no network card.
#
#   guest.sh uml|qemu SECONDS DIR COMMAND [ARGUMENT...]
#
# uml is Debian's user-mode-linux, an ordinary process; no sanitizer runs in
# it. qemu boots .deps/guest (fetch.sh). DIR is copied in and is where the
# command starts; shared libraries of programs in it come along. Prints the
# guest's console, exits with the command's status; 124: time is up, 125: the
# guest died, 77: something is missing here, after a line "SKIP: reason".
# SPDX-License-Identifier: MIT
set -eu

kind=$1 limit=$2 dir=$3
shift 3
cache=${GUEST_CACHE:-.deps/guest}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

need() {
	for p in "$@"; do
		command -v "$p" >/dev/null || {
			echo "SKIP: no $p here (make test-deps)"
			exit 77
		}
	done
}

need busybox ip
bb=$(command -v busybox)
case $kind in
uml)
	need linux.uml
	for modules in /usr/lib/uml/modules/*; do :; done
	;;
qemu)
	need qemu-system-x86_64
	modules=$cache/modules
	;;
esac
[ -d "$modules/kernel" ] || {
	echo "SKIP: no kernel for $kind here (make test-deps)"
	exit 77
}
for ko in "$modules"/kernel/net/xfrm/xfrm_user.ko*; do :; done
case $ko in
*.xz) "$bb" unxz -c "$ko" > "$work/ko" ;;
*) cp "$ko" "$work/ko" ;;
esac
release=$(strings "$work/ko" | sed -n 's/^vermagic=\([^ ]*\).*/\1/p')

# Folder to initramfs archive.
pack() {
	(cd "$1" && find . | LC_ALL=C sort | "$bb" cpio -o -H newc 2>/dev/null)
}

# libs ROOT PROGRAM...: their shared libraries, at their own places.
libs() {
	root=$1
	shift
	ldd "$@" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | sort -u |
		while read -r f; do
			[ -e "$root$f" ] || {
				mkdir -p "$root${f%/*}"
				cp -L "$f" "$root$f"
			}
		done
}

# The part that all runs share: busybox, ip, modules, init.
make_base() {
	r=$work/base
	to=$r/lib/modules/$release
	mkdir -p "$r/bin" "$r/sbin" "$r/proc" "$r/sys" "$r/dev" "$r/tmp" \
		"$r/run" "$r/etc" "$r/job" "$r/var" "$to/kernel"
	ln -s ../run "$r/var/run"
	cp "$bb" "$r/bin/busybox"
	for a in $("$bb" --list); do
		[ -e "$r/bin/$a" ] || ln -s busybox "$r/bin/$a"
	done
	ln -s ../bin/busybox "$r/sbin/modprobe"
	# busybox's shell would run its own ip.
	for p in sh ip timeout; do
		rm -f "$r/bin/$p"
		cp -L "$(command -v $p)" "$r/bin/$p"
		libs "$r" "$r/bin/$p"
	done
	for s in crypto lib arch/x86/crypto net drivers/net/tun.ko \
		drivers/net/tun.ko.xz drivers/net/veth.ko \
		drivers/net/veth.ko.xz; do
		[ -e "$modules/kernel/$s" ] || continue
		mkdir -p "$to/kernel/$(dirname "$s")"
		cp -r "$modules/kernel/$s" "$to/kernel/$(dirname "$s")/"
	done
	cp "$modules"/modules.builtin* "$modules/modules.order" "$to/" \
		2>/dev/null || true
	find "$to" -name '*.ko.xz' -exec "$bb" unxz {} +
	"$bb" depmod -b "$r" "$release"
	cat > "$r/init" <<-'INIT'
		#!/bin/sh
		export PATH=/bin:/sbin HOME=/ TERM=dumb
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		mount -t tmpfs run /run
		stty -F /dev/console -onlcr 2>/dev/null
		for m in ipv6 xfrm_user af_key esp4 esp6 veth tun; do
			modprobe -q $m
		done
		ip link set lo up
		cd /job && sh /job.sh </dev/null
		echo "guest: exit status $?"
		dmesg | grep -E 'WARNING:|BUG:|Oops|general protection|refcount' &&
			echo "guest: the kernel complained"
		poweroff -f
	INIT
	chmod +x "$r/init"
	pack "$r"
}

mkdir -p "$cache"
base=$cache/base.$release.$(cksum < "$0" | cut -d' ' -f1)
[ -s "$base" ] || {
	make_base > "$work/base.cpio"
	mv "$work/base.cpio" "$base"
}

r=$work/job
mkdir -p "$r/job"
cp -R "$dir/." "$r/job/"
find "$r/job" -type f -perm -100 > "$work/programs"
while read -r p; do libs "$r" "$p"; done < "$work/programs"
for a in "$@"; do
	printf "'%s' " "$(printf '%s' "$a" | sed "s/'/'\\\\''/g")"
done > "$r/job.sh"
{
	cat "$base"
	pack "$r"
} > "$work/initrd"

status=0
if [ "$kind" = uml ]; then
	timeout -k 5 "$limit" linux.uml mem=512M initrd="$work/initrd" \
		uml_dir="$work" con=null con0=null,fd:1 ssl=null quiet \
		loglevel=2 panic=-1 < /dev/null > "$work/console" 2>&1 ||
		status=$?
else
	timeout -k 5 "$limit" qemu-system-x86_64 -M q35 -accel tcg \
		-cpu max,la57=off -m 512 -nodefaults -no-user-config \
		-display none -nic none -no-reboot -serial stdio \
		-kernel "$cache"/boot/vmlinuz-* -initrd "$work/initrd" \
		-append "console=ttyS0 quiet loglevel=2 panic=-1" \
		< /dev/null > "$work/console" 2>&1 || status=$?
fi
tr -d '\r' < "$work/console" | grep -v '^guest: exit status\|System halted' ||
	true
[ "$status" != 124 ] && [ "$status" != 137 ] || exit 124
status=$(tr -d '\r' < "$work/console" |
	sed -n 's/^guest: exit status //p' | tail -n 1)
! grep -q '^guest: the kernel complained' "$work/console" || exit 125
exit "${status:-125}"
