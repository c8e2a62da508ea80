#!/bin/sh
# Fetch a Debian source package into a folder, for cross builds. The mirrors
# are those that this machine's apt already uses.
# usage: debian-source.sh PACKAGE FOLDER
# SPDX-License-Identifier: MIT
set -eu

package=$1 dir=$2
if [ -d "$dir/debian" ]; then
	echo "$package source: there"
	exit 0
fi
echo "$package source: fetching into $dir"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial" "$tmp/src"
# shellcheck disable=SC2016 # the format is apt's, not the shell's
apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)' \
	'Created-By: Packages' | sort -u |
	awk -F'|' '$1 == "Debian" && $4 == "main" && $3 !~ /-/ {
		print "deb-src", $2, $3, $4 }' > "$tmp/sources.list"
cat > "$tmp/apt.conf" <<-EOF
	Dir::Etc::sourcelist "$tmp/sources.list";
	Dir::Etc::sourceparts "-";
	Dir::State::lists "$tmp/lists";
	Dir::Cache "$tmp/cache";
	APT::Sandbox::User "root";
EOF
export APT_CONFIG="$tmp/apt.conf"
apt-get update -qq
(cd "$tmp/src" && apt-get source -qq "$package" >/dev/null)
mkdir -p "$(dirname "$dir")"
rm -rf "$dir"
mv "$tmp/src/$package"-*/ "$dir"
