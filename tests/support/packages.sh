#!/bin/sh
# Install the Debian packages named as arguments that are not there yet.
# SPDX-License-Identifier: MIT
set -eu

missing=
for p in "$@"; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
		grep -q 'install ok installed' || missing="$missing $p"
done
if [ -z "$missing" ]; then
	echo "packages: all there"
	exit 0
fi
echo "packages: installing$missing"
if [ "$(id -u)" != 0 ]; then
	echo "packages: root is needed to install them" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null
