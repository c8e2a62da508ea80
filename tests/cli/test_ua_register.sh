#!/bin/sh
# sdesp ua and a registrar: credentials, refusal, one that comes back.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/ua.sh"

# registrar NAME PASSWORD [GRANTED [again]]
registrar() {
	name=$1
	password=$2
	shift 2
	start "$name" /usr/bin/python3 "$here/registrar.py" "$((sip + 5))" \
		"our realm" camera "$password" 40 "$@"
	sleep 0.3
}

register() {
	start l "$SDESP" ua listen --sip "127.0.0.1:$sip" --aor "$camera" \
		--allow "$phone" --registrar "sip:127.0.0.1:$((sip + 5))" \
		--seconds 40 "$@"
	l=$pid
}

umask 077
echo 'our%20realm camera secret' > auth
echo 'another camera secret' > auth.other
umask 022

registrar r secret
r=$pid
register --auth auth
wait_for "registered" l.out "^registered $camera"
holds "with our address" grep -q "^here <sip:camera@127.0.0.1:$sip>" r.out
call c
ends "caller ends" "$pid" 0 INT
ends "listener ends" "$l" 0 INT
wait_for "un-registered" r.out '^gone'

register --auth auth.other
wait_for "no credentials" l.err 'realm "our realm", and there is no line for it'
wait_for "told" l.err 'not registered at .*; trying again'
ends "listener ends" "$l" 0 INT
kill "$r"
wait "$r" 2> /dev/null

# The registrar learns the password later: what was refused is tried again.
registrar r2 other
r=$pid
register --auth auth
wait_for "refused" l.err 'not registered at .*403 Forbidden; trying again'
kill "$r"
wait "$r" 2> /dev/null
registrar r3 secret
r=$pid
wait_for "registered in the end" l.out "^registered $camera" 30
holds "told once" [ "$(grep -c 'not registered' l.err)" = 1 ]
ends "listener ends" "$l" 0 INT

kill "$r"
wait "$r" 2> /dev/null

# One that grants four seconds, and whose first nonce was stale.
registrar r4 secret 4 again
r=$pid
register --auth auth
wait_for "registered in spite of a stale nonce" l.out "^registered $camera" 2
again() { [ "$(grep -c '^here' r4.out)" -ge 2 ]; }
until_holds "registered again before it ends" again
ends "listener ends" "$l" 0 INT
kill "$r"
wait "$r" 2> /dev/null

# A wrong password is not repeated as often as there are nonces.
registrar r5 other 300 again
register --auth auth
wait_for "wrong password" l.err 'not registered at .*took no credentials of ours'
holds "three answers" [ "$(grep -c '^refused' r5.out)" -le 3 ]
ends "listener ends" "$l" 0 INT

finish
