#!/bin/sh
# Fail on an #include that runs against the rooms of docs/architecture.md:
# every room may use itself, the public headers, and the rooms named here.
# SPDX-License-Identifier: MIT
set -eu

# shellcheck disable=SC2046 # a list of files
awk '
BEGIN {
	use["base"] = ""
	use["sdp"] = "base"
	use["attr"] = "sdp base"
	use["nego"] = "attr sdp base"
	use["sa"] = "base"
	use["session"] = "nego sa attr sdp base"
	use["crypto"] = "base"
	use["esp"] = "base"
	libc["string.h"] = libc["stdint.h"] = libc["stddef.h"] = 1
}
function fail(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	bad = 1
}
FNR == 1 {
	n = split(FILENAME, part, "/")
	top = part[1]
	room = part[2]
	files++
}
/^[ \t]*#[ \t]*include[ \t]/ {
	name = $2
	if (name !~ /^[<"]/)
		next # a macro: a configuration from outside
	system_header = name ~ /^</
	gsub(/[<>"]/, "", name)
	# libsdesp needs no SIP stack: what is on top of one stands apart.
	if ((top != "ports" || part[3] == "lib") &&
		name ~ /^re(\/|\.h)|^openssl\/|sdesp_(re|libre)\.h$/)
		fail("the library includes " name)
	if (top == "core" && system_header) {
		if (name == "bearssl.h" ? room != "crypto" : !(name in libc))
			fail("core/" room " includes <" name ">")
		next
	}
	if (system_header) {
		# The netif is for devices too; only its relay is for POSIX.
		if (top == "ports" && room == "lwip" && !(name in libc) &&
			part[n] != "socket.c")
			fail("ports/lwip/" part[n] " includes <" name ">")
		next
	}
	if (name !~ /\//) {
		# Its own folder or a public header.
		if (name ~ /^sdesp/ || top != "core")
			next
		fail("\"" name "\" is neither public nor room/file.h")
		next
	}
	sub("^" top "/", "", name)
	split(name, to, "/")
	if (top == "ports" && to[1] != room && name !~ /\/sdesp_[a-z_]+\.h$/)
		fail("a port includes " name)
	else if (top == "backends" && to[1] != "base" && to[1] != room)
		fail("a backend includes " name)
	else if (top == "core" && to[1] != room &&
		index(" " use[room] " ", " " to[1] " ") == 0)
		fail("core/" room " includes " name)
	arrows++
}
END {
	printf "layers: %d files, %d arrows, %s\n", files, arrows,
		bad ? "broken" : "all as drawn"
	exit bad
}' $(find core backends ports -name '*.[ch]' | sort)
