#!/bin/sh
# The PF_KEY backend against the AF_KEY of a Linux kernel, in a guest: no
# program of the host's and no SA of the host's has to do with it.
# SPDX-License-Identifier: MIT
set -eu

job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
cp "${BUILD:-build}/kernel/pfkey" "$job/"
cat > "$job/run" <<'END'
set -e
ip link add va type veth peer name vb
ip link set va up
ip link set vb up
ip addr add 192.0.2.1/24 dev va
ip addr add 2001:db8::1/64 dev va nodad
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev va
./pfkey
left=$(ip xfrm state; ip xfrm policy)
[ -z "$left" ] || { echo "left over: $left"; exit 1; }
END
sh tests/kernel/guest.sh "${SDESP_GUEST:-uml}" 120 "$job" sh run
