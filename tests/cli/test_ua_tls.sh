#!/bin/sh
# sdesp ua over TLS: who has to prove what, and how it is said when not.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"
# shellcheck source=tests/cli/ua.sh
. "$here/ua.sh"
command -v openssl > /dev/null || { echo "SKIP: openssl is missing"; exit 77; }

# authority NAME, certificate NAME AUTHORITY ALTERNATIVE-NAME: PEM files.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" 2> log
}
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2> log
	echo "subjectAltName=$3" > ext
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days 2 \
		-extfile ext -out "$1.crt" 2> log
	cat "$1.crt" "$1.key" > "$1.pem"
}
authority ca
authority other
certificate camera ca IP:127.0.0.1
certificate phone ca IP:127.0.0.1
certificate stranger other IP:127.0.0.1
certificate elsewhere ca DNS:camera.example.org

try() {
	code=$1
	name=$2
	shift 2
	expect "$code" "$name" "$SDESP" ua call --transport tls --seconds 20 \
		--aor "$phone" "$@" "$camera:$sip"
}

# Both prove who they are; inline is for TLS, too.
listen --transport tls --tls-cert camera.pem --tls-ca ca.pem --allow "$phone"
call c --transport tls --tls-cert phone.pem --tls-ca ca.pem --method inline
c=$pid
kill -USR1 "$l"
wait_for "rekeyed from there" c.out '^rekeyed'
ends "caller ends" "$c" 0 INT
wait_for "BYE" l.out '^closed'
# In TLS 1.3 a client is refused when it believes itself connected: what it
# sees is an alert, or, if that is overtaken by a reset, no answer.
refused() {
	name=$1
	shift
	"$SDESP" ua call --transport tls --seconds 3 --aor "$phone" "$@" \
		"$camera:$sip" > out 2> err
	case $? in
	1) prints '^closed .*: given up, no answer' ;;
	3) says 'TLS: the other end refuses' ;;
	*) fail "$name" ;;
	esac
}
refused "a caller without certificate" --tls-ca ca.pem
refused "a caller of another authority" --tls-cert stranger.pem --tls-ca ca.pem
wait_for "told there" l.err 'TLS: certificate .*CN ?= ?stranger.*'
try 3 "a listener of another authority" --tls-cert phone.pem \
	--tls-ca other.pem
says 'TLS: certificate .*self-signed'
ends "listener ends" "$l" 0 INT
holds "nobody else got through" grep -q '^served 1 calls' l.out

# The certificate of another host.
listen --transport tls --tls-cert elsewhere.pem --tls-ca ca.pem \
	--allow "$phone"
try 3 "another host's certificate" --tls-cert phone.pem --tls-ca ca.pem
says 'TLS: certificate .*elsewhere: not of 127.0.0.1'
ends "listener ends" "$l" 0 INT

# So must a registrar prove who it is: the other listener plays it.
listen --transport tls --tls-cert elsewhere.pem --allow "$phone"
start r "$SDESP" ua listen --sip "127.0.0.1:$web" --aor "$camera" \
	--transport tls --tls-cert camera.pem --tls-ca ca.pem \
	--registrar "sip:127.0.0.1:$sip" --allow "$phone" --seconds 20
wait_for "another host's registrar" r.err \
	'TLS: certificate .*elsewhere: not of 127.0.0.1'
wait_for "not registered there" r.err 'not registered at .*; trying again'
ends "listener ends" "$pid" 0 INT
ends "registrar ends" "$l" 0 INT

# A certificate for the name that was called.
certificate named ca DNS:localhost
listen --transport tls --tls-cert named.pem --allow "$phone"
start c "$SDESP" ua call --aor "$phone" --transport tls --tls-ca ca.pem \
	--seconds 20 --sip 127.0.0.1 "sip:camera@localhost:$sip"
wait_for "by name: established" c.out '^established'
ends "caller ends" "$pid" 0 INT
ends "listener ends" "$l" 0 INT

# Without authorities a listener asks nothing of its callers.
listen --transport tls --tls-cert camera.pem --allow "$phone"
call c --transport tls --tls-ca ca.pem
ends "caller ends" "$pid" 0 INT
ends "listener ends" "$l" 0 INT

expect 2 "no certificate" "$SDESP" ua listen --transport tls --allow "$phone"
says 'needs --tls-cert'
expect 2 "no authorities" "$SDESP" ua call --transport tls "$camera"
says 'needs --tls-ca'
expect 2 "TLS options without TLS" "$SDESP" ua call --tls-ca ca.pem "$camera"
expect 3 "no such certificate" "$SDESP" ua listen --transport tls \
	--tls-cert nothing --allow "$phone"
says 'nothing: no certificate'
expect 3 "no such authorities" "$SDESP" ua call --transport tls \
	--tls-ca nothing "$camera"
says 'nothing: no certificates'

finish
