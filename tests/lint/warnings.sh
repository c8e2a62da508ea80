#!/bin/sh
# Compile every file with gcc and clang, warnings as errors, to nothing.
# usage: warnings.sh FLAGS FILE...
# SPDX-License-Identifier: MIT
set -eu

flags=$1
shift
for cc in gcc clang; do
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} sh -c \
		"$cc $flags -O1 -Werror -fsyntax-only {} || exit 255"
	echo "warnings: $# files, none with $cc"
done
