#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The program against the independent peer of peer.py, and that peer against tests/vectors.

    try_peer.py [SDESP]     (default: $SDESP or build/sdesp)
"""
import copy
import hashlib
import ipaddress
import itertools
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
try:
    import peer
    from peer import Esp, Peer, Psk, Refusal, need, read_section
except ImportError as error:
    if not (error.name or "").startswith("cryptography"):
        raise
    print("SKIP: python3-cryptography is missing")
    sys.exit(77)

SDESP = sys.argv[1] if sys.argv[1:] else os.environ.get("SDESP", "build/sdesp")
VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")



def refused(action, what):
    try:
        action()
    except Refusal:
        return
    raise AssertionError(f"not refused: {what}")


# ------------------------------------------------------------------ the peer against the vectors

def read_vectors(name):
    blocks = [{}]
    with open(os.path.join(VECTORS, name), encoding="ascii") as file:
        for line in file.read().split("\n"):
            if not line:
                blocks.append({})
            elif not line.startswith("#"):
                field, _, value = line.partition(" =")
                blocks[-1][field] = bytes.fromhex(value)
    return [block for block in blocks if block]


def same(block, **values):
    for name, value in values.items():
        need(block[name] == value, f"{name} is {value.hex()}, not {block[name].hex()}")


def try_canonical(block):
    _, (section,) = peer.split_sections(block["section"])
    form = peer.canonical(int.from_bytes(block["index"], "big"), section)
    same(block, canonical=form, hash=hashlib.sha256(form).digest())


def try_keys(block):
    index, sections = int.from_bytes(block["index"], "big"), []
    for side in ("offer", "answer"):
        section = read_section(block[side + "_sdp"], index)
        lines = peer.split_sections(block[side + "_sdp"])[1][index]
        same(block, **{side + "_section": b"".join(line + b"\r\n" for line in lines),
                       "c_" + side: section.canonical, "h_" + side: section.hash,
                       "spi_" + side: section.spi})
        sections.append(section)
    offered, line = peer.check_answer(*sections)
    same(block, suite=line.suite.encode(), method=line.method.encode(), esn=bytes([line.esn]),
         psk_token=line.psk.encode())
    if line.method == "x25519":
        mine, theirs = block["offer_private"], block["answer_private"]
        same(block, offer_public=offered.key, answer_public=line.key)
        same(block, offer_public=peer.share_of(mine), answer_public=peer.share_of(theirs))
    else:
        mine, theirs = block["offer_secret"], block["answer_secret"]
        same(block, offer_secret=offered.key, answer_secret=line.key)
    for secret, value, offerer in ((mine, line.key, True), (theirs, offered.key, False)):
        ikm = peer.input_keying(line.method, secret, value, offerer)
        same(block, **peer.schedule(line.suite, ikm, *sections, block["psk_key"],
                                    block["name_offerer"], block["name_answerer"]))
    need(sections[1].confirm == block["cfm"], "confirm value of the answer")


def try_packet(block):
    esp = Esp(block["suite"].decode(), block["esn"] == b"\1", block["spi"], block["keymat"])
    seq, packet = int.from_bytes(block["seq"], "big"), block["packet"]
    next_header, payload, iv = block["next_header"][0], block["payload"], esp.make_iv(seq)
    esp.sent = esp.top = seq - 1
    same(block, cipher_key=esp.key, plaintext=esp.plaintext(next_header, payload), iv=iv,
         packet=esp.seal(next_header, payload))
    if esp.auth_key:
        same(block, auth_key=esp.auth_key, mac_input=esp.mac_input(packet[:-16], seq))
        need(block.get("kiv", b"") == esp.kiv, "kiv")
    else:
        same(block, salt=esp.salt, aad=esp.aad(seq), nonce=esp.nonce(seq, iv))
    refused(lambda: esp.open(flip(packet)), "a flipped octet")
    need(esp.open(packet) == (next_header, payload), "opening")
    refused(lambda: esp.open(packet), "a replayed packet")


# ------------------------------------------------------------------ captures, link type RAW

def write_pcap(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for packet in packets:
            file.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)


def read_pcap(path):
    with open(path, "rb") as file:
        data = file.read()[24:]
    packets = []
    while data:
        end = 16 + struct.unpack_from("<I", data, 8)[0]
        packets.append(data[16:end])
        data = data[end:]
    return packets


def write_ip(ends, protocol, payload):
    source, to = map(ipaddress.ip_address, ends)
    if source.version == 6:
        head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
        return head + source.packed + to.packed + payload
    head = struct.pack(">BBHIBBH", 0x45, 0, 20 + len(payload), 0, 64, protocol, 0)
    head += source.packed + to.packed
    total = ~(sum(struct.unpack(">10H", head)) % 0xffff) & 0xffff
    return head[:10] + total.to_bytes(2, "big") + head[12:] + payload


def read_ip(packet):
    """(addresses, protocol, payload) of a packet without options."""
    at, size, protocol = (12, 4, 9) if packet[0] >> 4 == 4 else (8, 16, 6)
    ends = [str(ipaddress.ip_address(packet[at + i:at + i + size])) for i in (0, size)]
    return tuple(ends), packet[protocol], packet[at + 2 * size:]


def write_udp(ports, payload):
    return struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload


def flip(packet):
    return packet[:-20] + bytes([packet[-20] ^ 1]) + packet[-19:]


# ------------------------------------------------------------------ the program

class Program:
    """An end of the program, with what Peer() takes."""

    def __init__(self, folder, address, port=4500, proto="UDP/ESP", suites=("AES_128_GCM_16",),
                 methods=("x25519",), modes=("transport",), ts=(), esn=False, psk=None,
                 inner_port=40000):
        self.folder = tempfile.mkdtemp(dir=folder)
        self.state = os.path.join(self.folder, "state")
        udp, inner = proto.startswith("UDP/"), peer.PROTOS[proto][1:]
        local = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        self.options = ["--suites", ",".join(suites), "--method", ",".join(methods), "--secured",
                        "--local", local]
        self.options += ["--esn"] if esn else []
        if inner:
            self.options += ["--inner-port", str(inner_port)]
        else:
            self.options += ["--mode", ",".join(modes)]
        for line in ts:
            self.options += ["--ts", line]
        self.offered = ["--encap", "udp" if udp else "none"]
        if inner:
            self.offered += ["--inner", inner, "--media", "audio", "--fmt", "0"]
        if psk:
            name = os.path.join(self.folder, "psk")
            with open(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
                file.write(f"{psk.token} {psk.key.hex()} {psk.own.decode()} {psk.peer.decode()}\n")
            self.options += ["--psk", name]

    def run(self, command, *args, text=None, fine=(0,)):
        done = subprocess.run([SDESP, command, "--state", self.state, *args], input=text,
                              capture_output=True, timeout=20)
        need(done.returncode != 1 or 1 in fine, done.stderr.decode().strip())
        if done.returncode not in fine:
            raise AssertionError(f"sdesp {command}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def offer(self):
        return self.run("offer", *self.options, *self.offered)

    def answer(self, body):
        return self.run("answer", *self.options, "-", text=body)

    def accept(self, body):
        self.run("accept", "-", text=body)

    def associations(self):
        return json.loads(self.run("sa", "--format", "json"))

    def translate(self, command, packets, fine=(0,)):
        source, to = (os.path.join(self.folder, name) for name in ("in.pcap", "out.pcap"))
        write_pcap(source, packets)
        self.run(command, source, to, fine=fine)
        return read_pcap(to)


# ------------------------------------------------------------------ all combinations

OUTER = {4: ("192.0.2.10", "198.51.100.20"), 6: ("2001:db8:1::10", "2001:db8:2::20")}
INNER = {4: ("10.1.7.5", "10.2.3.9"), 6: ("2001:db8:a::5", "2001:db8:b:3::9")}
PORTS = 4500, 4600
UDP, ESP = 17, 50
PSK = Psk("lab-7", hashlib.sha256(b"interop").digest(), b"hub-1", b"camera-17")
OTHER_END = PSK._replace(own=PSK.peer, peer=PSK.own)
RTP = "in place"
KINDS = ("transport", "tunnel", RTP)
# What the program grants, what the peer grants, and what is left of both, as the peer sees it.
TS = {
    ("transport", 4): (["17 self 5000-5009 peer any", "6 self any peer any"],
                       ["17 any any any 5005", "1 self any peer any"], ["17 self any peer 5005"]),
    ("tunnel", 4): (["any 10.1.0.0/16 any 10.2.0.0/16 any", "6 10.1.0.0/16 any 10.4.0.0/16 443"],
                    ["any 10.2.3.0/24 any 10.0.0.0/8 any", "6 10.4.0.0/15 any 10.1.7.0/24 any"],
                    ["any 10.2.3.0/24 any 10.1.0.0/16 any", "6 10.4.0.0/16 443 10.1.7.0/24 any"]),
    ("tunnel", 6): (["any 2001:db8:a::/48 any 2001:db8:b::/48 any"],
                    ["17 2001:db8:b:3::/64 any ::/0 any"],
                    ["17 2001:db8:b:3::/64 any 2001:db8:a::/48 any"]),
    (RTP, 4): ([], [], ["17 self 40000-40001 peer 30000-30001"]),
}
TS["transport", 6], TS[RTP, 6] = TS["transport", 4], TS[RTP, 4]


def make_pair(folder, kind="transport", version=4, udp=True, psk=False, **both):
    """(program, peer) that ought to agree."""
    both["proto"] = ("UDP/ESP" if udp else "ESP") + ("/RTP/AVP" if kind == RTP else "")
    both["modes"] = ["transport" if kind == RTP else kind]
    ours, theirs, _ = TS[kind, version]
    return (Program(folder, OUTER[version][0], PORTS[0], ts=ours, psk=psk and PSK,
                    inner_port=30000, **both),
            Peer(OUTER[version][1], PORTS[1], ts=theirs, psk=psk and OTHER_END, **both))


def compare(program, other, selectors):
    """The keys, and all else that both ends know, of both SAs."""
    need([str(x) for x in other.selectors] == selectors, f"selectors {other.selectors}")
    sas = program.associations()
    for sa, esp in ((sas["out"], other.inbound), (sas["in"], other.outbound)):
        mine = {"spi": esp.spi, "key": esp.key, "salt": esp.salt, "auth_key": esp.auth_key}
        for name, value in mine.items():
            need(bytes.fromhex(sa.get(name, "")) == value, f"{name}: {sa}")
        need((sa["suite"], sa["esn"], sa["mode"]) == (esp.name, esp.esn, other.mode), f"{sa}")
        need(sa["selectors"] == [str(x.swapped()) for x in other.selectors], f"selectors: {sa}")
    ends, encap = (sas["out"]["src"], sas["out"]["dst"]), sas["out"]["encap"]
    need(ends == (str(other.remote[0]), str(other.address)), f"outer addresses {ends}")
    if encap:
        need((encap["sport"], encap["dport"]) == PORTS == (other.remote[1], other.port), "ports")


def exchange(program, other, version, udp):
    """What one seals the other opens; altered and repeated packets are refused."""
    tunnel, there, back = other.mode == "tunnel", slice(None), slice(None, None, -1)
    ports = (30000, 40000) if "RTP" in other.proto else (5005, 6000)

    def plain(way):
        return [write_ip((INNER if tunnel else OUTER)[version][way], UDP,
                         write_udp(ports[way], bytes(range(n)))) for n in (0, 1, 2, 3, 14, 200)]

    def wrap(way, packet):
        if udp:
            return write_ip(OUTER[version][way], UDP, write_udp(PORTS[way], packet))
        return write_ip(OUTER[version][way], ESP, packet)

    def inside(packet):
        return ({4: 4, 6: 41}[version], packet) if tunnel else (UDP, read_ip(packet)[2])

    twin = copy.copy(other.inbound)     # seals what the program ought to have sealed
    for text, sealed in zip(plain(there), program.translate("seal", plain(there)), strict=True):
        ends, protocol, body = read_ip(sealed)
        need((ends, protocol) == (OUTER[version], UDP if udp else ESP), "outer header")
        if udp:
            need(struct.unpack(">HHH", body[:6]) == (*PORTS, len(body)), "outer UDP header")
            body = body[8:]
        refused(lambda: other.inbound.open(flip(body)), "a flipped octet")
        next_header, payload = other.inbound.open(body)
        refused(lambda: other.inbound.open(body), "a replayed packet")
        got = payload if tunnel else write_ip(ends, next_header, payload)
        need(next_header == inside(text)[0] and read_ip(got) == read_ip(text), "packet opened")
        need(twin.seal(next_header, payload) == body, "packet sealed otherwise")
    sealed = [wrap(back, other.outbound.seal(*inside(text))) for text in plain(back)]
    bad = [*sealed[:-1], flip(sealed[-1])]
    for packets, texts, code in ((bad, plain(back)[:-1], 1), (sealed[-1:], plain(back)[-1:], 0),
                                 (sealed, [], 1)):
        opened = program.translate("open", packets, fine=(code,))
        need([read_ip(x) for x in opened] == [read_ip(x) for x in texts], "packets opened")


def try_combination(folder, suite, method, esn, psk, kind, version, udp, offering):
    program, other = make_pair(folder, kind, version, udp, psk, suites=[suite], methods=[method],
                               esn=esn)
    if offering:
        other.accept(program.answer(other.offer()))
    else:
        program.accept(other.answer(program.offer()))
    exchange(program, other, version, udp)
    compare(program, other, TS[kind, version][2])


def try_streams(folder, before):
    """Other streams before the section, whose index is then not 0."""
    program, other = make_pair(folder)
    answer = program.answer(other.offer(before))
    need(re.findall(rb"(?m)^m=\w+ (\d+)", answer) == [b"0"] * len(before) + [b"4500"], "ports")
    other.accept(answer)
    compare(program, other, TS["transport", 4][2])


# ------------------------------------------------------------------ refusals

# Changes of an answer that its confirm value does not cover.
UNBOUND = [(r"(confirm:.{8}).", lambda m: m[1] + ("1" if m[0][-1] == "0" else "0")),
           (r"a=esp-confirm:.*\r\n", ""), (r"(m=\w+) \d+", r"\1 0"),
           (r"c=.*", "c=IN IP4 224.0.0.1"), (r"c=.*", "c=IN IP6 2001:db8::1")]


def try_altered(folder, offering, psk):
    """What is changed on the way is refused by the offerer, whose offer stays open."""
    both = {"suites": ["AES_256_GCM_16", "AES_128_GCM_16"], "psk": psk}
    program, other = make_pair(folder, **both)
    first, second, third = ((other, program, make_pair(folder, **both)[0]) if offering else
                            (program, other, other))
    offer = first.offer()
    answer = second.answer(re.sub(rb"a=esp-crypto:1 .*\r\n", b"", offer))
    refused(lambda: first.accept(answer), "a line of the offer is gone")
    answer = third.answer(offer)
    for pattern, text in UNBOUND:
        bad = re.sub(pattern, text, answer.decode()).encode()
        need(bad != answer, "nothing was changed")
        refused(lambda bad=bad: first.accept(bad), pattern)
    first.accept(answer)
    compare(third if offering else program, other, TS["transport", 4][2])


def try_psk(folder, field, value):
    """Records that differ: by the token the offer is refused, else the confirm value is wrong."""
    for offering in (False, True):
        program, other = make_pair(folder, psk=True)
        other.psk = other.psk._replace(**{field: value})
        other.token = other.psk.token
        first, second = (other, program) if offering else (program, other)
        offer = first.offer()
        if field == "token":
            refused(lambda: second.answer(offer), "another token")
        else:
            answer = second.answer(offer)
            refused(lambda: first.accept(answer), f"another {field}")


LINE_END = r"\r\n"
# Changes of the peer's offer, with the tag that is then taken; None: the section is refused.
OFFERS = [
    (LINE_END, "\n", 1), (LINE_END, "\r\n\r\n", 1), (r"\r\n\Z", "", 1),
    (r"a=esp-crypto", "a=esp-crypto :x\r\na=ESP:y\r\na=esp\r\nfoo\r\na=esp-crypto", 1),
    (r"v=0", "v=0\r\na=esp:spi=0\r\na=esp-crypto:0", 1), (r"esp-crypto:", "esp-crypto:\t  ", 1),
    (r" ESN", " \t ESN \t", 1), (r"m=\w+", "m=audio", None), (r"UDP/ESP", "UDP/ESP/RTP/SAVP", None),
    (r"UDP/ESP", "udp/esp", None), (r" 4600 ", " 4600/2 ", None), (r" 4600 ", " 0 ", None),
    (r" 4600 ", " 65536 ", None), (r" 4600 ", " 04600 ", 1),
    (r"UDP/ESP transport", "ESP transport", 1), (r"transport", "magic transport transport", 1),
    (r"transport", "magic", None), (r"UDP/ESP.*", "UDP/ESP", None),
    (r"transport", "trans\x7fport transport", None), (r"c=.*\r\n", "", None),
    (r"c=.*", "c=IN IP4 peer.example", None), (r"c=.*", "c=IN IP6 192.0.2.9", None),
    (r"c=.*", "c=IN IP4 224.0.0.1", None), (r"c=.*", "c=IN IP4 0.0.0.0", None),
    (r"c=.*", "c=IN IP4 255.255.255.255", None), (r"c=.*", "c=IN IP4 127.0.0.1", None),
    (r"c=.*", "c=IN IP4 192.0.2.10", None), (r"c=.*", "c=IN IP4 192.0.02.11", None),
    (r"c=.*", "c=IN IP4 192.0.2.11/127", 1), (r"c=.*", "c=IN IP6 2001:db8::1", None),
    (r"crypto:1 ", "crypto:01 ", None), (r"crypto:1 ", "crypto:0 ", None),
    (r"crypto:1 ", "crypto:2 ", None), (r"crypto:1 ", "crypto:999999999 ", 999999999),
    (r"crypto:1 ", "crypto:1000000000 ", None), (r"crypto:1 .*", "crypto:1 AES_256_GCM_16", 2),
    (r"crypto:1 .*", "crypto:", None), (r"AES_256_GCM_16", "AES_512_GCM_16", 2),
    (r"x25519:", "X25519:", 2), (r"x25519:", "x25519::", 2), (r"x25519:", "inline:", 1),
    (r"=( ESN)", r"\1", 2), (r"=( ESN)", r"==\1", 2), (r"(x25519:.{42}).=", r"\1B=", 2),
    (r"= ESN", "=|1:4 ESN", 2), (r"= ESN", "=|0 ESN", 2), (r"= ESN", "=|2^40 ESN", 1),
    (r"= ESN", "=|2^41 ESN", 2), (r"= ESN", "=|2^0 ESN", 1), (r"= ESN", "=|1099511627776 ESN", 1),
    (r"= ESN", "=|1099511627777 ESN", 2), (r"= ESN", "=|007 ESN", 1), (r"= ESN", "=|2^33", 2),
    (r"= ESN", "=|2^32", 1), (r"= ESN", "=| ESN", 2), (r" ESN", " ESN ESN", 2),
    (r" ESN", " ESN=1", 2), (r" ESN", " esn", 2), (r" ESN", "", 1),
    (r" ESN", " ESN WSH=99999999999", 1), (r" ESN", " ESN WSH=", 2),
    (r" ESN", " ESN WSH=1 WSH=1", 2), (r" ESN", " ESN -LTS", 2), (r" ESN", " ESN -LTS=007", 1),
    (r" ESN", " ESN -lts -lts", 1), (r" ESN", " ESN KDR=1", 2), (r" ESN", " ESN PSK=", 2),
    (r" ESN", " ESN PSK=a/b", 2), (r" ESN", " ESN PSK=" + "a" * 64, None),
    (r" ESN", " ESN PSK=" + "a" * 65, 2),
    (r" ESN", " ESN -x=" + "y" * 179, 1), (r" ESN", " ESN -x=" + "y" * 180, None),
    (r" ESN", " ESN -x=\x80", None), (r" ESN", " ESN -x=\x00", None),
    (r"(a=esp-crypto:)2( .*\r\n)", "".join(rf"\g<1>{i}\2" for i in range(2, 9)), 1),
    (r"(a=esp-crypto:)2( .*\r\n)", "".join(rf"\g<1>{i}\2" for i in range(2, 10)), None),
    (r"a=esp-crypto.*\r\n", "", 2), (r"a=esp:.*\r\n", "", None), (r"(a=esp:.*\r\n)", r"\1\1", None),
    (r"spi=\w+", "spi=000000ff", None), (r"spi=\w+", "spi=00000100", 1),
    (r"spi=\w+", "spi=1234567", None), (r"spi=\w+", "spi=C0FFEE00", 1),
    (r"spi=\w+", "SPI=c0ffee00", None), (r"(spi=\w+)", r"\1;", None),
    (r"(spi=\w+)", r"\1;x;y=1=2;port=1", 1), (r"(spi=\w+)", r"\1;x;x", None),
    (r"(spi=\w+)", r"\1;spi=1", None), (r"(spi=\w+)", r"\1;port=0", None),
    (r"(spi=\w+)", r"\1;port", None), (r"(spi=\w+)", r"\1;x=", None),
    (r"(spi=\w+)", r"\1 ;x", None), (r"(spi=\w+)", r"\1;port=65536", None),
    (r"(a=esp-ts.*\r\n)+", "", 1), (r"(a=esp-ts:.*\r\n)", r"\1" * 3, 1),
    (r"(a=esp-ts:.*\r\n)", r"\1" * 4, None), (r"ts:.*", "ts:17 self 5 peer 5000", 1),
    (r"ts:.*", "ts:17 self 5 peer 4999", None), (r"ts:.*", "ts:17 self 05 peer any", None),
    (r"ts:.*", "ts:17 self 6-5 peer any", None), (r"ts:.*", "ts:17 self 0-65535 peer any", 1),
    (r"ts:.*", "ts:17 self any peer 65536", None), (r"ts:.*", "ts:any self 5 peer any", None),
    (r"ts:.*", "ts:1 self any peer any", None), (r"ts:.*", "ts:256 self any peer any", None),
    (r"ts:.*", "ts:017 self any peer any", None), (r"ts:.*", "ts:17 peer any self any", None),
    (r"ts:.*", "ts:17 self any peer", None), (r"ts:.*", "ts:17 any any any any", 1),
    (r"ts:.*", "ts:17 10.0.0.0/8 any 11.0.0.0/8 any", None),
    (r"ts:.*", "ts:17 10.0.0.1/8 any peer any\r\na=esp-ts:17 self any peer any", None),
    (r"ts:.*", "ts:17 ::/0 any 10.0.0.0/8 any\r\na=esp-ts:17 self any peer any", None),
    (r"ts:.*", "ts:17 ::/0 any ::1.2.3.4/128 any\r\na=esp-ts:17 self any peer any", 1),
    (r"ts:.*", "ts:17 ::%1/128 any peer any\r\na=esp-ts:17 self any peer any", None),
    (r"\Z", "a=esp-confirm:00\r\n", None), (r"\Z", "a=esp-confirm:" + "0" * 32 + "\r\n", 1),
    (r"\Z", ("a=esp-confirm:" + "0" * 32 + "\r\n") * 2, None),
]


def try_offer(folder, pattern, text, tag):
    both = {"suites": ["AES_256_GCM_16", "AES_128_GCM_16"], "methods": ["x25519", "inline"]}
    program, other = make_pair(folder, **both)
    ends = program, Peer(OUTER[4][0], PORTS[0], ts=TS["transport", 4][0], **both)
    other.esn, other.methods = True, ["x25519"]
    every = pattern == LINE_END
    body = re.sub(pattern, text, other.offer().decode(), count=0 if every else 1).encode("latin-1")
    taken = []
    for end in ends:
        try:
            answer = read_section(end.answer(body))
            taken.append((answer.crypto[0].tag, [str(x) for x in answer.ts]))
        except Refusal as reason:
            taken.append((None, str(reason)))
    need(taken[0][0] == taken[1][0] == tag, f"program {taken[0]}, peer {taken[1]}")
    need(tag is None or taken[0] == taken[1], f"selectors: program {taken[0]}, peer {taken[1]}")


class Bent(Peer):
    """A peer whose answer has a change that its confirm value covers."""

    def __init__(self, pattern, text, *args, **policy):
        super().__init__(*args, **policy)
        self.pattern, self.text = pattern, text

    def section(self, *parts):
        lines = "\n".join(super().section(*parts))
        return re.sub(self.pattern, self.text, lines, count=1).split("\n")


# Changes of an answer to lines 1 and 2 without ESN, mode transport; is the answer taken?
ANSWERS = [
    (r"\Z", "", True), (r"=\n", "= WSH=128 -LTS=600 -x\n", True), (r"=\n", "=|2^20\n", True),
    (r"(spi=\w+)", r"\1;x=1", True), (r"spi=\w+", "spi=00000100", True),
    (r"crypto:1 ", "crypto:2 ", False), (r"crypto:1 ", "crypto:3 ", False),
    (r"AES_256_GCM_16", "AES_128_GCM_16", False), (r"x25519", "inline", False),
    (r"=\n", "= ESN\n", False), (r"=\n", "= PSK=a\n", False), (r"=\n", "= x\n", False),
    (r"(a=esp-crypto:)1(.*\n)", r"\g<1>1\2\g<1>2\2", False), (r"transport", "tunnel", False),
    (r"transport", "transport x", False), (r"UDP/ESP", "ESP", False),
    (r"(?s)application (\d+) UDP/ESP(.*)\na=esp-ts.*", r"audio \1 UDP/ESP/UDP\2;port=9", False),
    (r"ts:.*", "ts:17 self 7-9 peer 5005", True), (r"ts:.*", "ts:17 any any any 5005", True),
    (r"\na=esp-ts.*", "", False), (r"ts:.*", "ts:17 self any peer 4999-5005", False),
    (r"ts:.*", "ts:any self any peer any", False),
    (r"ts:.*", "ts:17 192.0.2.1/32 any peer 5005", False),
]


def try_answer(folder, pattern, text, good):
    both = {"suites": ["AES_256_GCM_16", "AES_128_GCM_16"]}
    program, _ = make_pair(folder, **both)
    first = Peer(OUTER[4][0], PORTS[0], ts=TS["transport", 4][0], **both)
    for end in (program, first):
        bent = Bent(pattern, text, OUTER[4][1], PORTS[1], ts=TS["transport", 4][1], **both)
        answer, verdict = bent.answer(end.offer()), True
        try:
            end.accept(answer)
        except Refusal as reason:
            verdict = str(reason)
        need((verdict is True) == good, f"{type(end).__name__}: {verdict}")


# ------------------------------------------------------------------ all of it

def trials(folder):
    """(name, function, arguments)"""
    for name, test in (("canonical", try_canonical), ("keys", try_keys), ("packets", try_packet)):
        for block in read_vectors(name + ".txt"):
            yield f"{name}.txt {block.get('name', b'').decode()}", test, (block,)
    both = (False, True)
    # suite, method, ESN, PSK; then kind, IP version, UDP; then whether the peer offers
    for *keys, offering in itertools.product(peer.SUITES, peer.METHODS, both, both, both):
        yield "keys", try_combination, (folder, *keys, "transport", 4, True, offering)
    for suite, *path in itertools.product(peer.SUITES, KINDS, OUTER, both, both):
        yield "path", try_combination, (folder, suite, "x25519", False, False, *path)
    for before in (["m=audio 49170 RTP/AVP 0"], ["m=a 9 x y z", "m=video 6 RTP/AVP 1"]):
        yield "streams", try_streams, (folder, before)
    for offering, psk in itertools.product(both, both):
        yield "altered", try_altered, (folder, offering, psk)
    for change in ({"token": "lab-8"}, {"key": bytes(32)}, {"own": b"x"}, {"peer": b"x"}):
        yield "PSK", try_psk, (folder, *change.popitem())
    for change in OFFERS:
        yield "offer", try_offer, (folder, *change)
    for change in ANSWERS:
        yield "answer", try_answer, (folder, *change)


def attempt(trial):
    """What went wrong, or None."""
    name, test, arguments = trial
    try:
        return test(*arguments)
    except Exception as error:          # whatever it is, it is a failure of this trial
        return f"FAIL {name} {arguments[1:]}: {type(error).__name__}: {error}"


def main():
    if not os.access(SDESP, os.X_OK):
        print(f"SKIP: {SDESP} is not built")
        return 77
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, trials(folder)))
    failures = [text for text in results if text]
    print("\n".join(failures[:20] + [""]), end="")
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
