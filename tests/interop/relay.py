"""What a SIP proxy asks of rtpengine, asked by hand (the "ng" protocol: a
cookie, a blank and a bencoded dictionary in a datagram).

relay.py PORT offer CALL SDP       SDP as the relay hands it on, to stdout
relay.py PORT answer CALL SDP
relay.py PORT delete CALL          packets relayed each way, as "N N"
relay.py PORT ping                 waits up to 5 s for the relay
relay.py same SENT HANDED          0 if only ports and addresses, a=rtcp and
                                   a direction differ
SPDX-License-Identifier: MIT"""
import os
import re
import socket
import sys
import time


def encode(value):
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(encode(k) + encode(v)
                           for k, v in sorted(value.items())) + b"e"


def decode(text, at=0):
    """The value at an offset, and the offset behind it."""
    kind = text[at:at + 1]
    if kind == b"i":
        end = text.index(b"e", at)
        return int(text[at + 1:end]), end + 1
    if kind in b"ld":
        at, items = at + 1, []
        while text[at:at + 1] != b"e":
            item, at = decode(text, at)
            items.append(item)
        if kind == b"d":
            names = [name.decode() for name in items[::2]]
            items = dict(zip(names, items[1::2]))
        return items, at + 1
    colon = text.index(b":", at)
    end = colon + 1 + int(text[at:colon])
    return text[colon + 1:end], end


def ask(port, wait=2.0, **command):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(wait)
    s.connect(("127.0.0.1", port))
    s.send(os.urandom(8).hex().encode() + b" " +
           encode({k.replace("_", "-"): v for k, v in command.items()}))
    reply = s.recv(65535)
    reply = decode(reply[reply.index(b" ") + 1:])[0]
    if reply["result"] not in (b"ok", b"pong"):
        sys.exit("relay: %s" % reply)
    return reply


def what_stays(path):
    """The lines of a body that a relay has no business with."""
    lines = open(path, newline="").read().splitlines()
    lines = [re.sub(r"^(m=\S+) \d+ ", r"\1 PORT ", line) for line in lines]
    return [line for line in lines if not re.match(
        r"c=|a=rtcp:|a=(sendrecv|sendonly|recvonly|inactive)$", line)]


def main(words):
    if words[0] == "same":
        sent, handed = what_stays(words[1]), what_stays(words[2])
        sys.exit(0 if sent == handed else
                 "sent\n%s\nhanded on\n%s" % ("\n".join(sent),
                                              "\n".join(handed)))
    port, verb = int(words[0]), words[1]
    if verb == "ping":
        end = time.monotonic() + 5
        while True:
            try:
                return ask(port, 0.2, command="ping")
            except OSError:
                if time.monotonic() > end:
                    sys.exit("relay: no pong")
                time.sleep(0.1)
    call = {"call_id": words[2], "from_tag": "phone"}
    if verb == "answer":
        call["to_tag"] = "camera"
    if verb == "delete":
        tags = ask(port, command="query", **call)["tags"]
        ask(port, command="delete", **call)
        print(*[tags[tag]["medias"][0]["streams"][0]["stats"]["packets"]
                for tag in ("phone", "camera")])
        return None
    with open(words[3], newline="") as body:
        reply = ask(port, command=verb, sdp=body.read(), **call)
    sys.stdout.write(reply["sdp"].decode())
    return None


main(sys.argv[1:])
