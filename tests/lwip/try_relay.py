#!/usr/bin/python3
"""Two relays with a session between them, tried with ordinary sockets.

usage: try_relay.py RELAY_PAIR
SPDX-License-Identifier: MIT
"""
import hashlib
import http.server
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

LIMIT = 60
MB5 = 5_000_000
# A sanitizer gives back what is freed, so that memory can be measured.
NO_QUARANTINE = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
    print("ok  " if good else "FAIL", what, detail, flush=True)


def listener():
    s = socket.create_server(("127.0.0.1", 0))
    s.settimeout(20)
    return s, s.getsockname()[1]


class Pair:
    """The program under test, and the port that leads to each other one."""

    def __init__(self, *ports):
        self.p = subprocess.Popen(
            [sys.argv[1], str(LIMIT)] + [str(p) for p in ports],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, ASAN_OPTIONS=NO_QUARANTINE))
        self.way = {}
        for port in ports:
            words = self.p.stdout.readline().split()
            self.way[port] = int(words[1])

    def tell(self, what):
        self.p.stdin.write(what + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().split()

    def count(self):
        w = self.tell("count")
        return {"relayed": int(w[2]), "refused": (int(w[4]), int(w[5])),
                "links": (int(w[7]), int(w[8]))}

    def settle(self):
        """Counts, once no connection is left."""
        for _ in range(100):
            c = self.count()
            if c["links"] == (0, 0):
                break
            time.sleep(0.05)
        return c

    def call(self, port):
        return socket.create_connection(
            ("127.0.0.1", self.way[port]), timeout=20)

    def refuses(self, port):
        try:
            return is_reset(self.call(port))
        except ConnectionResetError:
            return True

    def rss(self):
        with open(f"/proc/{self.p.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def end(self):
        try:
            self.p.stdin.close()
            rest = self.p.stdout.read()
            return self.p.wait(20) == 0 and "all released" in rest
        finally:
            self.p.kill()


def read_all(s):
    digest, n = hashlib.sha256(), 0
    while data := s.recv(65536):
        digest.update(data)
        n += len(data)
    return digest.hexdigest(), n


def serve_pages(directory):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=directory)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_address[1]


def try_pages(directory):
    picture = os.urandom(MB5)
    want = hashlib.sha256(picture).hexdigest()
    with open(os.path.join(directory, "picture"), "wb") as f:
        f.write(picture)
    server, port = serve_pages(directory)
    pair = Pair(port)
    url = f"http://127.0.0.1:{pair.way[port]}/picture"

    start = time.monotonic()
    with urllib.request.urlopen(url, timeout=20) as r:
        got = hashlib.sha256(r.read()).hexdigest()
    check("a picture over HTTP", got == want,
          f"{5 / (time.monotonic() - start):.0f} MB/s")

    results = []

    def fetch():
        with urllib.request.urlopen(url, timeout=40) as r:
            results.append(hashlib.sha256(r.read()).hexdigest())

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for t in threads:
        t.start()
    time.sleep(0.02)
    check("rekeyed meanwhile", pair.tell("rekey") == ["rekeyed"])
    for t in threads:
        t.join()
    check("eight at once, over a rekey", results == [want] * 8)
    check("no connection is left", pair.settle()["links"] == (0, 0))
    check("all is released", pair.end())
    server.shutdown()


def try_upload_and_half_close():
    """The caller sends 5 MB and ends; only then the service answers."""
    s, port = listener()
    pair = Pair(port)
    data = os.urandom(MB5)

    def answer():
        c, _ = s.accept()
        with c:
            digest, n = read_all(c)
            c.sendall(f"{digest} {n}".encode())

    t = threading.Thread(target=answer)
    t.start()
    with pair.call(port) as c:
        c.sendall(data)
        c.shutdown(socket.SHUT_WR)
        reply = c.recv(200, socket.MSG_WAITALL).decode()
    t.join()
    check("5 MB up, the end of one direction, and an answer",
          reply == f"{hashlib.sha256(data).hexdigest()} {MB5}", reply)
    check("no connection is left", pair.settle()["links"] == (0, 0))
    check("all is released", pair.end())
    s.close()


def try_slow_reader():
    """Nobody reads for a second: the writer stops, and nothing piles up."""
    s, port = listener()
    pair = Pair(port)
    before = pair.rss()
    with pair.call(port) as writer:
        reader, _ = s.accept()
        writer.setblocking(False)
        data, sent = os.urandom(65536), 0
        quiet = time.monotonic()
        while time.monotonic() - quiet < 1:
            if select.select([], [writer], [], 0.1)[1]:
                sent += writer.send(data[sent % 65536:])
                quiet = time.monotonic()
            if sent > 64_000_000:
                break
        grown = pair.rss() - before
        check("a writer is stopped", sent < 32_000_000, f"after {sent}")
        check("memory stays small", grown < 2_000_000, f"{grown} octets")
        writer.shutdown(socket.SHUT_WR)
        _, got = read_all(reader)
        check("then everything arrives", got == sent)
        reader.close()
    check("no connection is left", pair.settle()["links"] == (0, 0))
    check("all is released", pair.end())
    s.close()


def is_reset(s):
    try:
        s.recv(1)
        return False
    except ConnectionResetError:
        return True


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def try_resets():
    s, port = listener()
    gone, nobody = listener()
    gone.close()
    closed, hidden = listener()
    pair = Pair(port, nobody, -hidden)

    check("nobody listens: reset", pair.refuses(nobody))
    check("not exposed: reset, though something listens there",
          pair.refuses(-hidden))
    closed.settimeout(0.2)
    try:
        closed.accept()
        check("nothing came to it", False)
    except socket.timeout:
        check("nothing came to it", True)

    caller = pair.call(port)
    service, _ = s.accept()
    reset(service)
    check("the service's reset reaches the caller", is_reset(caller))
    caller = pair.call(port)
    service, _ = s.accept()
    service.settimeout(20)
    reset(caller)
    check("the caller's reset reaches the service", is_reset(service))
    check("no connection is left", pair.settle()["links"] == (0, 0))

    held = [(pair.call(port), s.accept()[0]) for _ in range(32)]
    check("32 connections at a time", pair.count()["links"] == (32, 32))
    check("the 33rd is reset", pair.refuses(port))
    for c, _ in held[:1]:
        c.close()
    held[0][1].close()
    time.sleep(0.2)
    with pair.call(port) as c:
        service, _ = s.accept()
        c.sendall(b"x")
        check("there is room again", service.recv(1) == b"x")
        service.close()

    pair.p.stdin.close()
    check("when the session ends, callers are reset",
          all(is_reset(c) for c, _ in held[1:]))
    check("and services", all(is_reset(c) for _, c in held[1:]))
    check("all is released",
          pair.p.wait(20) == 0 and "all released" in pair.p.stdout.read())
    s.close()
    closed.close()


def main():
    with tempfile.TemporaryDirectory() as directory:
        try_pages(directory)
    try_upload_and_half_close()
    try_slow_reader()
    try_resets()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
