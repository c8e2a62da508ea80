#!/usr/bin/env python3
"""A registrar over UDP: digest authentication (RFC 2617, MD5), one line on
standard output for each REGISTER that it accepts or refuses. A registration
holds for GRANTED seconds; with "again", who answers wrongly is challenged once
more, with a new nonce, and so is the first right answer, whose nonce was stale.
usage: registrar.py PORT REALM USER PASSWORD SECONDS [GRANTED [again]]
SPDX-License-Identifier: MIT"""
import hashlib
import re
import socket
import sys
import time

port, realm, user, password = int(sys.argv[1]), *sys.argv[2:5]
end = time.time() + float(sys.argv[5])
granted, again = sys.argv[6:7], "again" in sys.argv[7:]
nonce, stale = "f84f1cec41e6cbe5aea9c8e88d359", again
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", port))


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def header(text, name):
    found = re.search(r"(?im)^%s:[ \t]*(.*?)\r$" % name, text)
    return found.group(1) if found else ""


def is_right(text):
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', header(text, "Authorization")))
    ha1 = md5("%s:%s:%s" % (user, realm, password))
    ha2 = md5("REGISTER:" + given.get("uri", ""))
    middle = ":".join([given["nonce"], given["nc"], given["cnonce"],
                       given["qop"]]) if "qop" in given else nonce
    return (given.get("username") == user and given.get("nonce") == nonce and
            given.get("response") == md5("%s:%s:%s" % (ha1, middle, ha2)))


while time.time() < end:
    s.settimeout(max(0.01, end - time.time()))
    try:
        data, peer = s.recvfrom(65536)
    except socket.timeout:
        break
    text = data.decode("latin-1")
    if not text.startswith("REGISTER "):
        continue
    extra, status = "", "200 OK"
    answered = header(text, "Authorization")
    right = answered and is_right(text)
    if answered and not right:
        print("refused", flush=True)
    if not answered or again and (not right or stale):
        status = "401 Unauthorized"
        if again:
            nonce = md5(nonce)
        extra = ('WWW-Authenticate: Digest realm="%s", nonce="%s", qop="auth"%s\r\n'
                 % (realm, nonce, ", stale=true" if right else ""))
        stale = stale and not right
    elif not right:
        status = "403 Forbidden"
    else:
        contact = header(text, "Contact")
        if granted:
            extra = "Expires: %s\r\n" % granted[0]
            contact = re.sub(";expires=[1-9][0-9]*", "", contact)
        extra += "Contact: %s\r\n" % contact
        gone = "expires=0" in contact or header(text, "Expires") == "0"
        print("gone" if gone else "here", contact, flush=True)
    answer = "SIP/2.0 %s\r\nVia: %s\r\n" % (status, header(text, "Via"))
    answer += "To: %s;tag=1\r\n" % header(text, "To")
    for name in "From", "Call-ID", "CSeq":
        answer += "%s: %s\r\n" % (name, header(text, name))
    s.sendto((answer + extra + "Content-Length: 0\r\n\r\n").encode(), peer)
