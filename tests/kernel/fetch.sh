#!/bin/sh
# Fetch the Debian kernel that QEMU boots, unpacked and not installed:
# whatever its meta package names today, which changes with every update.
# usage: fetch.sh DIR      gives DIR/boot/vmlinuz-* and DIR/modules
# SPDX-License-Identifier: MIT
set -eu

dir=$1
meta=linux-image-6.12-cloud-amd64

if [ -d "$dir/modules" ]; then
	echo "guest kernel: there"
	exit 0
fi
apt-cache show "$meta" >/dev/null 2>&1 || apt-get update -qq
package=$(apt-cache depends "$meta" |
	sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download \
	"${package:-$meta}")
dpkg-deb -x "$work"/*.deb "$work/root"
mkdir -p "$dir"
rm -rf "${dir:?}/boot"
mv "$work/root/boot" "$dir/boot"
for m in "$work"/root/lib/modules/* "$work"/root/usr/lib/modules/*; do
	[ ! -d "$m/kernel" ] || mv "$m" "$dir/modules"
done
echo "guest kernel: ${package:-$meta}"
