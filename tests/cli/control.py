"""Requests that no sdesp makes, to the socket of sdesp run: control.py PATH
WHAT. Prints what comes back. SPDX-License-Identifier: MIT"""
import os
import signal
import socket
import sys
import time

path, what = sys.argv[1:]
signal.alarm(20)
requests = {
    "nothing": b"",
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "random": os.urandom(5000),
    "zeros": bytes(5000),
    "cut": b"rekey\0\0",
    "open": b"rekey\0\0\0\0",
    "body": b"rekey\0\0\0\0v=0\r\n\0",
    "sdp": b"accept\0\0\0" + b"x.sdp\0" + os.urandom(60000) + b"\0",
    "huge": b"accept\0\0\0x.sdp\0" + b"a" * 5000000,
}


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)  # waits while many others do
    s.settimeout(5)
    return s


if what == "stall":  # twenty that never end what they say
    stalled = []
    for _ in range(20):
        s = connect()
        s.send(b"rekey\0")
        stalled.append(s)
    print("stalled", flush=True)
    time.sleep(2)
    sys.exit()
s = connect()
reply = b""
try:
    s.sendall(requests[what])
    s.shutdown(socket.SHUT_WR)
except OSError:
    pass  # it has heard enough
try:
    while octets := s.recv(65536):
        reply += octets
except ConnectionResetError:
    pass
print(reply.replace(b"\0", b"\n").decode("latin-1"))
