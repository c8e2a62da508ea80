#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ESP packets, scapy against sdesp: each opens what the other sealed, octet for octet.

    scapy_esp.py [SDESP]     (default: $SDESP or build/sdesp)

Keys come from a real offer/answer by the program, through `sdesp sa --format json`.
"""
import json
import logging
import os
import struct
import subprocess
import sys
import tempfile

logging.getLogger("scapy").setLevel(logging.ERROR)
try:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.ipsec import CRYPT_ALGOS, ESP, IPSecIntegrityError, SecurityAssociation
    from scapy.packet import Raw
except ImportError:
    print("SKIP: python3-scapy is missing")
    sys.exit(77)

# suite: scapy's cipher, octets of ICV where not its default, scapy's integrity algorithm
SUITES = {
    "AES_128_GCM_16": ("AES-GCM", None, None),
    "AES_256_GCM_16": ("AES-GCM", None, None),
    "CHACHA20_POLY1305": ("CHACHA20-POLY1305", None, None),
    "AES_128_CCM_8": ("AES-CCM", 8, None),
    "AES_128_CBC_HMAC_SHA2_256_128": ("AES-CBC", None, "SHA2-256-128"),
    "AES_256_CBC_HMAC_SHA2_256_128": ("AES-CBC", None, "SHA2-256-128"),
    "NULL_HMAC_SHA2_256_128": ("NULL", None, "SHA2-256-128"),
}
OUTER = {4: ("192.0.2.10", "198.51.100.20"), 6: ("2001:db8:1::10", "2001:db8:2::20")}
INNER = {4: ("10.1.0.5", "10.2.0.9"), 6: ("2001:db8:a::5", "2001:db8:b::9")}
PREFIX = {4: ("10.1.0.0/16", "10.2.0.0/16"), 6: ("2001:db8:a::/48", "2001:db8:b::/48")}
LENGTHS = list(range(0, 20)) + [63, 64, 511, 1200]


class Wrong(Exception):
    pass


def write_pcap(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i, p in enumerate(packets):
            f.write(struct.pack("<IIII", 1, i, len(p), len(p)) + p)


def read_pcap(path):
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    at, out = 24, []
    while at < len(data):
        (n,) = struct.unpack(order + "I", data[at + 8:at + 12])
        out.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return out


def packet(octets):
    return (IP if octets[0] >> 4 == 4 else IPv6)(octets)


class End:
    """One state file."""

    def __init__(self, sdesp, folder, name):
        self.sdesp, self.state, self.folder, self.name = sdesp, os.path.join(folder, name), folder, name

    def run(self, command, *args, text=None, fine=(0,)):
        done = subprocess.run([self.sdesp, command, "--state", self.state, *args], input=text,
                              capture_output=True, text=True, timeout=30)
        if done.returncode not in fine:
            raise Wrong(f"sdesp {command}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def pcap(self, command, packets, fine=(0,)):
        a, b = (os.path.join(self.folder, f"{self.name}.{x}.pcap") for x in ("in", "out"))
        write_pcap(a, packets)
        self.run(command, a, b, fine=fine)
        return read_pcap(b)

    def association(self, direction, suite, tunnel):
        sa = json.loads(self.run("sa", "--format", "json"))[direction]
        cipher, icv, auth = SUITES[suite]
        outer = IPv6 if ":" in sa["src"] else IP
        key = bytes.fromhex(sa["key"] + (sa.get("salt") or ""))
        encap = sa["encap"]
        return SecurityAssociation(
            ESP, spi=int(sa["spi"], 16), crypt_algo=cipher, crypt_key=key or None, crypt_icv_size=icv,
            auth_algo=auth, auth_key=bytes.fromhex(sa["auth_key"]) if auth else None,
            tunnel_header=outer(src=sa["src"], dst=sa["dst"]) if tunnel else None,
            nat_t_header=UDP(sport=encap["sport"], dport=encap["dport"]) if encap else None,
            esn_en=bool(sa["esn"]), esn=0)


def negotiate(sdesp, folder, suite, family, tunnel, udp, esn):
    a, b = End(sdesp, folder, "a"), End(sdesp, folder, "b")
    ours, theirs = OUTER[family]
    brackets = ("[%s]" if family == 6 else "%s") + ":4500"
    options = ["--suites", suite, "--mode", "tunnel" if tunnel else "transport", "--encap", "udp" if udp else "none"]
    options += ["--esn"] if esn else []
    ts = [[], []]
    if tunnel:
        p, q = PREFIX[family]
        ts = [["--ts", f"any {p} any {q} any"], ["--ts", f"any {q} any {p} any"]]
    offer = a.run("offer", *options, "--local", brackets % ours, *ts[0])
    answer = b.run("answer", *options, "--local", brackets % theirs, *ts[1], "-", text=offer)
    a.run("accept", "-", text=answer)
    return a, b


def plain(family, tunnel, reverse):
    src, dst = (INNER if tunnel else OUTER)[family]
    if reverse:
        src, dst = dst, src
    head = IPv6(src=src, dst=dst, hlim=64) if family == 6 else IP(src=src, dst=dst, id=7, ttl=64)
    return [bytes(head / UDP(sport=5000, dport=6000) / Raw(bytes(i * 3 + n & 255 for i in range(n)))) for n in LENGTHS]


def above_ip(octets):
    """Addresses, protocol and all behind the IP header: what both sides must agree on."""
    p = packet(octets)
    if p.version == 4:
        return p.src, p.dst, p.proto, octets[p.ihl * 4:]
    return p.src, p.dst, p.nh, octets[40:]


def same(what, a, b):
    if [above_ip(x) for x in a] != [above_ip(x) for x in b]:
        n = next((i for i, (x, y) in enumerate(zip(a, b)) if above_ip(x) != above_ip(y)), min(len(a), len(b)))
        raise Wrong(f"{what}: packet {n} differs, {len(a)} and {len(b)} packets")


def flip(octets):
    return octets[:-20] + bytes([octets[-20] ^ 4]) + octets[-19:]


def esp_part(octets, udp):
    body = above_ip(octets)[3]
    return body[8:] if udp else body


def for_scapy(octets, udp, tunnel):
    """A packet that scapy can open: its transport mode over IPv6 forgets to take the UDP header off."""
    p = packet(octets)
    if p.version == 4 or tunnel or not udp:
        return p
    return IPv6(src=p.src, dst=p.dst, hlim=p.hlim) / ESP(esp_part(octets, udp))


def sealed_by_sdesp(a, suite, family, tunnel, udp):
    texts = plain(family, tunnel, False)
    sealed = a.pcap("seal", texts)
    sa = a.association("out", suite, tunnel)
    same("scapy opens", [bytes(sa.decrypt(for_scapy(p, udp, tunnel))) for p in sealed], texts)
    iv_len = sa.crypt_algo.iv_size
    for i, (text, p) in enumerate(zip(texts, sealed)):
        esp = esp_part(p, udp)
        again = bytes(sa.encrypt(packet(text), seq_num=i + 1, iv=esp[8:8 + iv_len]))
        if esp_part(again, udp) != esp:
            raise Wrong(f"scapy seals packet {i} otherwise")
    try:
        sa.decrypt(for_scapy(flip(sealed[-1]), udp, tunnel))
    except IPSecIntegrityError:
        return
    raise Wrong("scapy opens a flipped bit")


def sealed_by_scapy(a, b, suite, family, tunnel, udp):
    texts = plain(family, tunnel, True)
    sa = b.association("out", suite, tunnel)
    sealed = []
    for i, text in enumerate(texts):
        seq = i + 1
        iv = (struct.pack(">Q", seq) if sa.crypt_algo.iv_size == 8 else os.urandom(sa.crypt_algo.iv_size))
        sealed.append(bytes(sa.encrypt(packet(text), seq_num=seq, iv=iv)))
    bad = flip(sealed[-1])
    same("sdesp opens", a.pcap("open", sealed[:-1] + [bad], fine=(0, 1)), texts[:-1])
    same("sdesp opens the last", a.pcap("open", [sealed[-1]]), texts[-1:])
    if a.pcap("open", sealed, fine=(0, 1)):
        raise Wrong("sdesp opens packets again")


def main():
    sdesp = sys.argv[1] if sys.argv[1:] else os.environ.get("SDESP", "build/sdesp")
    if not os.access(sdesp, os.X_OK):
        print(f"SKIP: {sdesp} is not built")
        return 77
    passed = failed = 0
    for suite, (cipher, _, auth) in SUITES.items():
        if cipher not in CRYPT_ALGOS:
            print(f"{suite}: this scapy has no {cipher}")
            continue
        for family in (4, 6):
            for tunnel in (False, True):
                for udp in (True, False):
                    # scapy signs no extended numbers with a separate integrity algorithm
                    for esn in (False,) if auth else (False, True):
                        try:
                            with tempfile.TemporaryDirectory() as folder:
                                a, b = negotiate(sdesp, folder, suite, family, tunnel, udp, esn)
                                sealed_by_sdesp(a, suite, family, tunnel, udp)
                                sealed_by_scapy(a, b, suite, family, tunnel, udp)
                            passed += 1
                        except (Wrong, KeyError, IPSecIntegrityError) as e:
                            failed += 1
                            print(f"FAIL {suite} IPv{family} {'tunnel' if tunnel else 'transport'} "
                                  f"{'UDP' if udp else 'raw'}{' ESN' if esn else ''}: {e!r}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
