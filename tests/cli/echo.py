"""UDP for the tests of sdesp run: echo.py serve PORT, or echo.py ask PORT N
[CLIENTS]: three clients send N datagrams each and want them back in capitals.
echo.py stream PORT sends numbers, 200 a second, until SIGTERM, and prints how
many never came back. SPDX-License-Identifier: MIT"""
import signal
import socket
import sys
import time

if sys.argv[1] == "serve":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", int(sys.argv[2])))
    server.settimeout(20)
    while True:
        data, client = server.recvfrom(65535)
        server.sendto(data.upper(), client)

if sys.argv[1] == "stream":
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    signal.alarm(60)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", int(sys.argv[2])))
    s.setblocking(False)
    sent, got, end = 0, set(), None
    while end is None or time.time() < end:
        if end is None and over:
            end = time.time() + 0.5
        if end is None:
            s.send(b"number %d" % sent)
            sent += 1
        time.sleep(0.005)
        try:
            while True:
                got.add(int(s.recv(65535).split()[1]))
        except BlockingIOError:
            pass
    print(f"{sent} sent, {len(set(range(sent)) - got)} lost")
    sys.exit()

clients = []
for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 3):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.5)
    s.connect(("127.0.0.1", int(sys.argv[2])))
    clients.append(s)
for i in range(int(sys.argv[3])):
    for number, s in enumerate(clients):
        text = b"datagram %d of client %d " % (i, number) * 40
        for attempt in range(10):
            s.send(text)
            try:
                answer = s.recv(65535)
                break
            except (socket.timeout, ConnectionRefusedError):
                continue
        else:
            sys.exit("no answer")
        if answer != text.upper():
            sys.exit("wrong answer")
