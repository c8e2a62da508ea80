"""Captures for the tests: packets.py make FILE SRC DST [LINKTYPE], or
packets.py flip FILE OUT PACKET OFFSET (one bit; negative counts from the end),
packets.py swap FILE OUT (other byte order, nanoseconds). Standard library
only. SPDX-License-Identifier: MIT"""
import ipaddress
import struct
import sys


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(src, dst, sport, dport, payload):
    head = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
    pseudo = src + dst + struct.pack(">HH", 17, 8 + len(payload))
    total = checksum(pseudo + head + payload) or 0xFFFF
    return head[:6] + struct.pack(">H", total) + payload


def ip(src, dst, protocol, payload):
    if len(src) == 4:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64,
                           protocol, 0) + src + dst
        return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + src + dst + payload


def write(path, packets, linktype=101, order="<", magic=0xA1B2C3D4):
    with open(path, "wb") as f:
        f.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, linktype))
        for i, p in enumerate(packets):
            f.write(struct.pack(order + "IIII", 1700000000 + i, i, len(p), len(p)) + p)


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    at, packets = 24, []
    while at < len(data):
        n = struct.unpack("<I", data[at + 8:at + 12])[0]
        packets.append(bytearray(data[at + 16:at + 16 + n]))
        at += 16 + n
    return packets


def make(path, src, dst, linktype="101"):
    s, d = (ipaddress.ip_address(a).packed for a in (src, dst))
    lengths = list(range(0, 40)) + [64, 256, 1400, 1500, 9000]
    write(path, [ip(s, d, 17, udp(s, d, 40000, 40001, bytes(65 + n % 26 for n in range(k))))
                 for k in lengths], int(linktype))


def flip(path, out, packet, offset):
    packets = read(path)
    packets[int(packet)][int(offset)] ^= 1
    write(out, packets)


def swap(path, out):
    write(out, read(path), order=">", magic=0xA1B23C4D)


{"make": make, "flip": flip, "swap": swap}[sys.argv[1]](*sys.argv[2:])
