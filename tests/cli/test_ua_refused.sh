#!/bin/sh
# sdesp ua: who is refused, what cannot be agreed on, what goes wrong, and
# what is said then. SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/ua.sh"

# try CODE NAME OPTION...: one call, to its end.
try() {
	code=$1
	name=$2
	shift 2
	expect "$code" "$name" "$SDESP" ua call --seconds 20 "$@"
}

invite() {
	/usr/bin/python3 "$here/invite.py" "$sip" "$@"
}

listen --allow "$phone" --allow sip:alice@example.org
try 1 "not on the list" --aor sip:eve@127.0.0.1 "$camera:$sip"
prints '^closed .*403 Forbidden'
holds "told there" grep -q '^refused sip:eve@127.0.0.1: 403' l.out

# The same answer whatever the body, and whether or not anybody has that name.
"$SDESP" offer --state o --local 127.0.0.1:4500 > good 2> err
sed '/a=esp-crypto/d' good > bad
head -c 60000 /dev/zero | tr '\0' x > long
invite sip:eve@127.0.0.1 > none
invite sip:eve@127.0.0.1 application/sdp good > r1
invite sip:eve@127.0.0.1 application/sdp bad > r2
invite sip:eve@127.0.0.1 application/sdp long > r3
invite sip:eve@127.0.0.1 "multipart/mixed;boundary=x" good > r4
holds "403" grep -q '^SIP/2.0 403 Forbidden' none
lacks "no Warning" grep -qi '^Warning' none
lacks "no SDP" grep -q '^v=0' none
sed -i '/^Content-Length/d' none
for r in r1 r2 r3 r4; do
	sed -i '/^Content-Length/d' $r
	holds "$r: nothing learnt from the body" cmp -s none $r
done
# Strangers do not write on the operator's terminal.
invite "$(printf 'sip:eve\033[31m@127.0.0.1')" > r8
holds "control characters: 400" grep -q '^SIP/2.0 400' r8
METHOD=MESSAGE invite sip:eve@127.0.0.1 > r9
holds "no call: 405" grep -q '^SIP/2.0 405' r9
holds "what is allowed" grep -q '^Allow: INVITE' r9
lacks "nothing of it shown" grep -q "$(printf '\033')\|MESSAGE" l.out l.err
# A caller on the list learns why there is no agreement.
invite "$phone" application/sdp bad > r5
holds "488" grep -q '^SIP/2.0 488' r5
holds "Warning" grep -Eqi '^Warning: 3[0-9][0-9] .*esp' r5
"$SDESP" ua call --aor "$phone" --seconds 20 "sip:nobody@127.0.0.1:$sip" \
	> out 2> err
prints '^closed .*404'
try 1 "no suite in common" --aor "$phone" --suites NULL_HMAC_SHA2_256_128 \
	"$camera:$sip"
prints '^closed .*488'
holds "counted" kill "$l"
ends "listener ends" "$l" 0
holds "nobody got through" grep -q '^served 0 calls, refused' l.out

# A caller that says nothing more: the listener's end is an ordinary one.
listen --allow "$phone"
ACK=no invite "$phone" application/sdp good > r10
holds "200" grep -q '^SIP/2.0 200' r10
ends "listener ends" "$l" 0 INT
holds "told" grep -q '^closed .*given up, no answer' l.out

# P-Asserted-Identity: only from a trusted proxy, and then nothing else.
listen --allow "$phone" --trust 192.0.2.1
try 1 "round the proxy" --aor "$phone" "$camera:$sip"
holds "told there" grep -q 'not sent by a trusted proxy' l.out
ends "listener ends" "$l" 0 INT
listen --allow "$phone" --trust 127.0.0.1
try 1 "nothing asserted" --aor "$phone" "$camera:$sip"
holds "told there" grep -q 'asserts no identity' l.out
# 488 is for callers on the list alone.
invite sip:anonymous@anonymous.invalid application/sdp bad \
	"P-Asserted-Identity: <$phone>" > r6
holds "asserted: on the list" grep -q '^SIP/2.0 488' r6
invite "$phone" application/sdp bad \
	"P-Asserted-Identity: <sip:eve@127.0.0.1>" > r7
holds "asserted: not on the list" grep -q '^SIP/2.0 403' r7
ends "listener ends" "$l" 0 INT

# Pre-shared keys.
key=00112233445566778899aabbccddeeff
umask 077
echo "lab $key phone camera" > psk.phone
echo "lab $key camera phone" > psk.camera
echo "lab ${key}ff phone camera" > psk.other
umask 022
listen --allow "$phone" --psk psk.camera
call c --psk psk.phone
holds "with a PSK" grep -q '^established .* psk ' c.out
ends "caller ends" "$pid" 0 INT
try 1 "wrong PSK" --aor "$phone" --psk psk.other "$camera:$sip"
prints '^closed '
try 1 "no PSK" --aor "$phone" "$camera:$sip"
prints '^closed .*488'
ends "listener ends" "$l" 0 INT

# inline: fine on loopback. Its secrets never go where anybody can read them.
listen --allow "$phone"
call c --method inline
holds "inline on loopback" grep -q '^established .* inline ' c.out
ends "caller ends" "$pid" 0 INT
ends "listener ends" "$l" 0 INT
try 1 "inline, unsecured" --method inline --sip 127.0.0.1 \
	"sip:camera@192.0.2.1:$sip"
says 'inline needs secured signalling'
try 1 "inline, beyond a proxy" --method inline \
	--proxy "sip:127.0.0.1:$sip" "$camera:$sip"
says 'whoever reads it can read the traffic'

# Nobody there.
try 3 "nobody listens" --transport tcp "$camera:$sip"
prints '^closed .*'
start r "$SDESP" ua listen --sip "127.0.0.1:$sip" --allow "$phone" \
	--aor "$camera" --transport tcp --seconds 30 \
	--registrar "sip:127.0.0.1:$((sip + 5))"
wait_for "registrar gone" r.err 'not registered at .*; trying again'
holds "told once" [ "$(grep -c registered r.err)" = 1 ]
ends "ends without it" "$pid" 0 INT

# Somebody who has moved: nobody is called whom the person did not name.
cat > moved.py << 'END'
import re, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.settimeout(20)
text, peer = s.recvfrom(65536)
kept = re.findall(r"(?im)^(?:Via|From|To|Call-ID|CSeq):.*\r\n", text.decode())
s.sendto(("SIP/2.0 302 Moved\r\n" + "".join(kept) + "Contact: <sip:new@192.0.2.9>"
          "\r\nContent-Length: 0\r\n\r\n").encode(), peer)
END
start m /usr/bin/python3 moved.py "$sip"
try 1 "moved" --aor "$phone" "$camera:$sip"
prints '^closed .*: 302 Moved: try sip:new@192.0.2.9'

# A peer that is killed: silence, a question, no answer.
listen --allow "$phone" --transport tcp --silence 1
start c "$SDESP" ua call --aor "$phone" --transport tcp --silence 1 \
	--seconds 50 "$camera:$sip"
c=$pid
wait_for "established" c.out '^established'
sleep 3
lacks "silence alone ends nothing" grep -q '^closed' l.out
kill -9 "$c"
wait_for "the peer vanished" l.out '^closed .*silent for [0-9]+ s, and no answer'
ends "listener ends" "$l" 0 INT

# Options.
expect 2 "nobody allowed" "$SDESP" ua listen
says '--allow URI is missing'
expect 2 "no SIP URI" "$SDESP" ua call camera
says 'expected a SIP URI'
expect 2 "no transport" "$SDESP" ua call --transport sctp "$camera"
expect 2 "another transport" "$SDESP" ua call "$camera;transport=tcp"
expect 2 "sips" "$SDESP" ua call --transport tls --tls-ca ca \
	sips:camera@127.0.0.1
says 'expected sip: and --transport tls'
expect 2 "no address of ours" "$SDESP" ua call --sip 0.0.0.0 "$camera"
expect 3 "not our address" "$SDESP" ua call --sip 192.0.2.1 "$camera"
expect 2 "malformed --forward" "$SDESP" ua call --forward 1 "$camera"
expect 2 "too many ports" "$SDESP" ua listen --allow "$phone" --expose 1 \
	--expose 2 --expose 3 --expose 4 --expose 5
expect 2 "registrar without aor" "$SDESP" ua listen --allow "$phone" \
	--registrar sip:127.0.0.1
echo "realm user password" > auth
expect 1 "credentials open to others" "$SDESP" ua call --auth auth "$camera"
says 'mode is 644'
listen --allow "$phone"
expect 3 "address in use" "$SDESP" ua listen --sip "127.0.0.1:$sip" \
	--allow "$phone"
says 'Address already in use'

finish
