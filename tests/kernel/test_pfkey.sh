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

# Another program's, with marks that are nearly ours and with none.
esp() {
	ip xfrm state add src 192.0.2.1 dst "$1" proto esp spi "$2" reqid "$3" \
		mode transport auth-trunc 'hmac(sha256)' \
		0x1111111111111111111111111111111111111111111111111111111111111111 \
		128 enc 'cbc(aes)' 0x22222222222222222222222222222222
}
esp 192.0.2.9 0xb001 12287
esp 192.0.2.9 0xb002 16384
ip xfrm policy add src 192.0.2.1 dst 192.0.2.9 dir out priority 24031 \
	tmpl proto esp reqid 12287 mode transport
ip xfrm policy add src 192.0.2.9 dst 192.0.2.1 dir in action block
ip xfrm policy add src 192.0.2.1 dst 192.0.2.8 dir out priority 24064 \
	action block
state() { ip xfrm state; ip xfrm policy; }
state > before
status=0
./pfkey die || status=$?
[ "$status" = 137 ] || { echo "not killed: $status"; exit 1; }
state > left
n=$(grep -c 'dst' left)
[ "$n" -gt "$(($(grep -c dst before) + 8))" ] || { echo "nothing left: $n"; exit 1; }
./pfkey die || status=$?
./pfkey sweep
state > after
cmp before after || { echo 'not as before:'; cat after; exit 1; }
echo '3 passed, 0 failed (killed, killed again, swept: foreign ones are left)'
END
sh tests/kernel/guest.sh "${SDESP_GUEST:-uml}" 120 "$job" sh run
