#!/bin/sh
# Run the demo as a user who is not root.
# usage: unprivileged.sh SDESP
# SPDX-License-Identifier: MIT
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$1" "$dir/sdesp"
cp docs/protocol.png "$dir/"
chmod 755 "$dir" "$dir/sdesp"
chmod 644 "$dir/protocol.png"
mkdir -m 777 "$dir/tmp"
set -- "$dir/sdesp" demo --picture "$dir/protocol.png" --out "$dir/tmp/out"
if [ "$(id -u)" = 0 ]; then
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		env HOME="$dir/tmp" TMPDIR="$dir/tmp" timeout 60 "$@"
else
	TMPDIR="$dir/tmp" timeout 60 "$@"
fi
