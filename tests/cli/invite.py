#!/usr/bin/env python3
"""Send one INVITE over UDP with a body of one's choice and print the final
response, with what differs in any two (tags, branch, Call-ID) left out. METHOD
in the environment is sent instead of INVITE; with ACK=no nothing follows.
usage: invite.py PORT FROM [TYPE FILE [HEADER-FIELD]]
SPDX-License-Identifier: MIT"""
import os
import re
import socket
import sys

port, sender = int(sys.argv[1]), sys.argv[2]
method = os.environ.get("METHOD", "INVITE")
body, ctype = b"", None
if len(sys.argv) > 3:
    ctype = sys.argv[3]
    with open(sys.argv[4], "rb") as f:
        body = f.read()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
s.settimeout(5)
own = "127.0.0.1:%d" % s.getsockname()[1]
mark = "%s-%d" % (own, len(body))
head = [
    "%s sip:camera@127.0.0.1:%d SIP/2.0" % (method, port),
    "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s" % (own, mark.replace(":", "-")),
    "Max-Forwards: 70",
    "To: <sip:camera@127.0.0.1:%d>" % port,
    "From: <%s>;tag=1" % sender,
    "Call-ID: %s" % mark,
    "CSeq: 1 " + method,
    "Contact: <sip:x@%s>" % own,
]
if ctype:
    head.append("Content-Type: " + ctype)
head.extend(sys.argv[5:6])
head.append("Content-Length: %d" % len(body))
message = "\r\n".join(head).encode() + b"\r\n\r\n" + body
s.sendto(message, ("127.0.0.1", port))
while True:
    text = s.recv(65536).decode("latin-1")
    if not text.startswith("SIP/2.0 1"):
        break
to = re.search(r"(?im)^To:.*\r$", text).group(0).strip()
branch = head[1]
if os.environ.get("ACK") != "no":
    ack = ["ACK " + head[0].split(" ", 1)[1], branch, head[2], to, head[4], head[5],
           "CSeq: 1 ACK", "Content-Length: 0"]
    s.sendto(("\r\n".join(ack) + "\r\n\r\n").encode(), ("127.0.0.1", port))
text = re.sub(r"(?im)^(Via|Call-ID):.*\r\n", "", text)
print(re.sub(r"tag=[^\r;]*", "tag=", text).replace("\r", ""), end="")
