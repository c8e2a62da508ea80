#!/bin/sh
# Two of Debian's baresip call each other with their media inside ESP, at
# each other's address and through Kamailio.
# SPDX-License-Identifier: MIT
set -u
module=${BUILD:-build}/baresip/sdesp.so

skip() {
	echo "SKIP: $*"
	exit 77
}

for p in baresip kamailio; do
	command -v $p > /dev/null || skip "$p is missing"
done
[ -f "$module" ] || skip "no $module: libre-dev is missing, or this is a build with sanitizers"
/usr/bin/python3 -c 'import socket
socket.socket(socket.AF_PACKET, socket.SOCK_RAW)' 2> /dev/null ||
	skip "no right to capture on the loopback interface"
export SDESP_BARESIP_MODULE="$module"
exec timeout -k 10 420 /usr/bin/python3 tests/interop/try_baresip.py "$@"
