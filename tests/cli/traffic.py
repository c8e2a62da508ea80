"""Programs that know nothing of sdesp, and somebody on the wire.

    serve ADDRESS PORT          echo UDP, answer TCP with a SHA-256
    ping ADDRESS COUNT          ICMP or ICMPv6
    keep ADDRESS                pings, 50 a second, until SIGTERM
    udp ADDRESS PORT COUNT      datagrams, compared with what comes back
    tcp ADDRESS PORT OCTETS     a stream, its hash compared
    shout ADDRESS PORT LINK     one datagram from a socket bound to LINK
    sniff LINK PORT             until SIGTERM, then "N ESP, M clear"; ESP is
                                protocol 50 or UDP from or to PORT

All but serve and sniff end with 0 when everything came through. Bounded in
time. SPDX-License-Identifier: MIT
"""
import hashlib
import os
import signal
import socket
import struct
import sys
import threading
import time

what, where = sys.argv[1:3]
family = socket.AF_INET6 if ":" in where else socket.AF_INET
LIFE = 120


def new(kind):
    s = socket.socket(family, kind)
    s.settimeout(2)
    return s


def serve(port):
    udp, tcp = new(socket.SOCK_DGRAM), new(socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    udp.bind((where, port))
    tcp.bind((where, port))
    tcp.listen()
    udp.settimeout(None)
    tcp.settimeout(None)

    def echo():
        while True:
            data, peer = udp.recvfrom(65535)
            udp.sendto(data, peer)

    threading.Thread(target=echo, daemon=True).start()
    while True:
        c, _ = tcp.accept()
        h = hashlib.sha256()
        while data := c.recv(65536):
            h.update(data)
        c.sendall(h.digest())
        c.close()


def checksum(octets):
    n = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
    n = (n & 65535) + (n >> 16)
    return ((n & 65535) + (n >> 16)) ^ 65535


def pings(numbers):
    v6 = family == socket.AF_INET6
    s = socket.socket(family, socket.SOCK_RAW, 58 if v6 else 1)
    s.settimeout(2)
    lost = 0
    for i in numbers:
        body = struct.pack("!HH", os.getpid() & 65535, i) + os.urandom(96)
        kind = 128 if v6 else 8
        head = struct.pack("!BBH", kind, 0, 0)
        head = struct.pack("!BBH", kind, 0, checksum(head + body))
        try:
            s.sendto(head + body, (where, 0))
            while True:
                got = s.recv(65535)[0 if v6 else 20:]
                if got[0] == (129 if v6 else 0) and got[4:] == body:
                    break
        except OSError:
            lost += 1
    return lost


def ping(count):
    lost = pings(range(count))
    sys.exit(f"{lost} of {count} lost" if lost else 0)


def keep():
    over, sent = [], [0]
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))

    def until_term():
        while not over:
            yield sent[0]
            sent[0] += 1
            time.sleep(0.02)

    lost = pings(until_term())
    print(f"{sent[0]} sent, {lost} lost")
    sys.exit(lost != 0)


def udp(port, count):
    s = new(socket.SOCK_DGRAM)
    lost = 0
    for i in range(count):
        data = os.urandom(10 + i * 37 % 1400)
        try:
            s.sendto(data, (where, port))
            lost += s.recv(65535) != data
        except OSError:
            lost += 1
    sys.exit(f"{lost} of {count} lost" if lost else 0)


def tcp(port, octets):
    s = new(socket.SOCK_STREAM)
    s.settimeout(20)
    s.connect((where, port))
    h = hashlib.sha256()
    while octets > 0:
        data = os.urandom(min(octets, 65536))
        s.sendall(data)
        h.update(data)
        octets -= len(data)
    s.shutdown(socket.SHUT_WR)
    sys.exit(0 if s.recv(32, socket.MSG_WAITALL) == h.digest() else "hash")


def shout(port, link):
    s = new(socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    s.sendto(b"in the clear", (where, port))


def is_esp(found, port):
    return found[0] == 50 or found[0] == 17 and port in found[1:]


def ends(packet, port):
    """Protocol and ports of an IP packet; None for what hosts need to find
    each other (neighbour and multicast listener messages), and for ICMP that
    says that nobody takes some ESP."""
    if packet[0] >> 4 == 4:
        protocol, rest = packet[9], packet[(packet[0] & 15) * 4:]
    else:
        protocol, rest = packet[6], packet[40:]
        if protocol == 0 or protocol == 58 and rest[0] not in (128, 129):
            return None
    if protocol == 1 and rest[0] == 3 and rest[8:] and \
            is_esp(ends(rest[8:], port) or (0,), port):
        return None
    if protocol in (6, 17) and len(rest) >= 4:
        return protocol, *struct.unpack("!HH", rest[:4])
    return protocol, 0, 0


def sniff(port):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.bind((where, 3))
    s.settimeout(0.2)
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    esp = clear = 0
    print("ready", flush=True)
    end = time.time() + LIFE
    while not over and time.time() < end:
        try:
            packet, (_, kind, *_) = s.recvfrom(65535)
        except OSError:
            continue
        found = ends(packet, port) if kind in (0x800, 0x86dd) else None
        if found is None:
            continue
        if is_esp(found, port):
            esp += 1
        else:
            clear += 1
            print("clear:", found, packet[:60].hex(), flush=True)
    print(f"{esp} ESP, {clear} clear", flush=True)


signal.alarm(LIFE)
rest = [int(a) if a.isdigit() else a for a in sys.argv[3:]]
{"serve": serve, "ping": ping, "keep": keep, "udp": udp, "tcp": tcp, "shout": shout,
 "sniff": sniff}[what](*rest)
