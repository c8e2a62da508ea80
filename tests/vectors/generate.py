#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Known-answer vectors of SPEC.md, computed without the C code.

    generate.py           write tests/vectors/*.txt and the generated parts of SPEC.md
    generate.py --check   change nothing; exit 1 and show what is out of step

Needs python3-cryptography. The output depends on nothing but this file: every secret is
octets(label, n) below, but for the two private keys of RFC 7748 section 6.1.
FORMAT.md describes the vector files.
"""
import base64
import difflib
import hashlib
import hmac
import os
import re
import struct
import sys
import textwrap

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def octets(label, n):
    """n octets of SHA-256("sdesp " label " 0") || SHA-256("sdesp " label " 1") || ..."""
    out = b""
    while len(out) < n:
        out += hashlib.sha256(f"sdesp {label} {len(out) // 32}".encode()).digest()
    return out[:n]


def b64(data):
    return base64.b64encode(data).decode()


# ------------------------------------------------------------------------------ suites (SPEC 13.3)

class Suite:
    def __init__(self, cipher, key, salt=0, auth=0, kiv=0, iv=8, icv=16, align=4, source=""):
        self.cipher, self.key, self.salt, self.auth, self.kiv = cipher, key, salt, auth, kiv
        self.iv, self.icv, self.align, self.source = iv, icv, align, source
        self.keymat = key + salt + auth + kiv


SUITES = {
    "AES_128_GCM_16": Suite(AESGCM, 16, 4, source="RFC 4106"),
    "AES_256_GCM_16": Suite(AESGCM, 32, 4, source="RFC 4106"),
    "CHACHA20_POLY1305": Suite(ChaCha20Poly1305, 32, 4, source="RFC 7634"),
    "AES_128_GCM_16_IIV": Suite(AESGCM, 16, 4, iv=0, source="RFC 4106, RFC 8750"),
    "AES_256_GCM_16_IIV": Suite(AESGCM, 32, 4, iv=0, source="RFC 4106, RFC 8750"),
    "CHACHA20_POLY1305_IIV": Suite(ChaCha20Poly1305, 32, 4, iv=0, source="RFC 7634, RFC 8750"),
    "AES_128_CCM_8": Suite(lambda k: AESCCM(k, tag_length=8), 16, 3, icv=8, source="RFC 4309"),
    "AES_128_CBC_HMAC_SHA2_256_128": Suite("CBC", 16, auth=32, kiv=16, iv=16, align=16,
                                           source="RFC 3602, RFC 4868"),
    "AES_256_CBC_HMAC_SHA2_256_128": Suite("CBC", 32, auth=32, kiv=16, iv=16, align=16,
                                           source="RFC 3602, RFC 4868"),
    "NULL_HMAC_SHA2_256_128": Suite("NULL", 0, auth=32, iv=0, source="RFC 2410, RFC 4868"),
}


# ---------------------------------------------------------------- canonical form and keys (SPEC 7)

def section(sdp, index):
    """The lines of media section `index`, from its m= line on."""
    parts = re.split(r"(?m)^(?=m=)", sdp.replace("\r\n", "\n"))[1:]
    return [line for line in parts[index].split("\n") if line]


def canonical(lines, index):
    media, _port, proto, *fmts = lines[0][2:].split()
    out = " ".join([str(index), media, proto] + (fmts if proto in ("UDP/ESP", "ESP") else [])) + "\n"
    for name in ("esp-crypto", "esp", "esp-ts"):
        for line in lines[1:]:
            if line.startswith(f"a={name}:"):
                value = line.split(":", 1)[1]
                out += name + ":" + re.sub(r"[ \t]+", " ", value.strip(" \t")) + "\n"
    return out.encode()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(prk, info, n):
    """HKDF-Expand, RFC 5869 2.3."""
    out, block = b"", b""
    while len(out) < n:
        block = mac(prk, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:n]


def spi_for(label, udp=True):
    spi = bytearray(octets(label + " spi", 4))
    if udp:
        spi[0] |= 0xC0
    return spi.hex()


class Negotiation:
    """One offer/answer pair. The bodies use {O} {A} for the two inline secrets or shares in base64,
    {so} {sa} for the two SPIs and {confirm}; `secret` names the labels of the private octets."""

    def __init__(self, name, title, suite, method, offer, answer, index=0, esn=False, psk=None,
                 spis=None, secrets=None, answer_name=None, udp=True, offer_name=None):
        self.name, self.title, self.suite, self.method = name, title, suite, method
        self.index, self.esn, self.psk = index, esn, psk
        offer_name, answer_name = offer_name or name, answer_name or name
        self.labels = secrets or (f"{offer_name} offerer", f"{answer_name} answerer")
        self.secret_o, self.secret_a = (
            bytes.fromhex(x) if re.fullmatch("[0-9a-f]{64}", x) else octets(x, 32) for x in self.labels)
        self.spi_o, self.spi_a = spis or (spi_for(f"{offer_name} offerer", udp),
                                          spi_for(f"{answer_name} answerer", udp))
        if method == "x25519":
            keys = [X25519PrivateKey.from_private_bytes(x) for x in (self.secret_o, self.secret_a)]
            self.key_o, self.key_a = (
                k.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for k in keys)
            self.ikm = keys[0].exchange(X25519PublicKey.from_public_bytes(self.key_a))
        else:
            self.key_o, self.key_a = self.secret_o, self.secret_a
            self.ikm = self.key_o + self.key_a

        values = dict(O=b64(self.key_o), A=b64(self.key_a), so=self.spi_o, sa=self.spi_a)
        self.offer = offer.format(**values)
        draft = answer.format(confirm="", **values)
        self.c_offer = canonical(section(self.offer, index), index)
        self.c_answer = canonical(section(draft, index), index)
        self.h_offer = hashlib.sha256(self.c_offer).digest()
        self.h_answer = hashlib.sha256(self.c_answer).digest()
        self.id = b"\0\0"
        if psk:
            self.id = b"".join(bytes([len(n)]) + n.encode() for n in psk["names"])
        self.t = hashlib.sha256(b"SDESP-1\0" + self.h_offer + self.h_answer + self.id).digest()
        self.prk = mac(psk["key"] if psk else bytes(32), self.ikm)
        self.cfm = expand(self.prk, self.t + b"cfm", 16)
        self.answer = answer.format(confirm=self.cfm.hex(), **values)
        n = SUITES[suite].keymat
        self.o2a = expand(self.prk, self.t + b"o2a" + bytes.fromhex(self.spi_a), n)
        self.a2o = expand(self.prk, self.t + b"a2o" + bytes.fromhex(self.spi_o), n)
        assert canonical(section(self.answer, index), index) == self.c_answer

    def fields(self):
        """(name, octets or text) in the order of the key schedule."""
        kind = "private" if self.method == "x25519" else "secret"
        rows = [("suite", self.suite), ("method", self.method), ("esn", bytes([self.esn])),
                ("index", struct.pack(">I", self.index)),
                ("psk_token", self.psk["token"] if self.psk else ""),
                ("psk_key", self.psk["key"] if self.psk else b""),
                ("name_offerer", self.psk["names"][0] if self.psk else ""),
                ("name_answerer", self.psk["names"][1] if self.psk else ""),
                (f"offer_{kind}", self.secret_o), (f"answer_{kind}", self.secret_a)]
        if self.method == "x25519":
            rows += [("offer_public", self.key_o), ("answer_public", self.key_a)]
        return rows + [
            ("c_offer", self.c_offer), ("c_answer", self.c_answer),
            ("h_offer", self.h_offer), ("h_answer", self.h_answer), ("id", self.id), ("t", self.t),
            ("ikm", self.ikm), ("prk", self.prk), ("cfm", self.cfm),
            ("spi_offer", bytes.fromhex(self.spi_o)), ("spi_answer", bytes.fromhex(self.spi_a)),
            ("keymat_o2a", self.o2a), ("keymat_a2o", self.a2o)]


def body(origin, address, media, version=1):
    """A whole SDP body; `media` starts at the first m= line."""
    family = "IP6" if ":" in address else "IP4"
    return (f"v=0\no={origin} 3915 {version} IN {family} {address}\ns=-\n"
            f"c=IN {family} {address}\nt=0 0\n" + textwrap.dedent(media).lstrip("\n"))


ALICE, BOB = ("alice", "192.0.2.10"), ("bob", "198.51.100.20")
RFC7748_A = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
RFC7748_B = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
LAB = dict(token="lab-7", key=octets("psk lab-7", 32), names=("camera-17", "hub-1"))

NEGOTIATIONS = [
    Negotiation(
        "14.1", "Generic, IPv4", "AES_256_GCM_16", "x25519", esn=True,
        spis=("c3f1a2b4", "d0a4177e"), secrets=(RFC7748_A, RFC7748_B),
        offer=body(*ALICE, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_256_GCM_16 x25519:{O} ESN
            a=esp-crypto:2 AES_128_GCM_16 x25519:{O}
            a=esp:spi={so}
            a=esp-ts:17 self any peer 40000-40010
            """),
        answer=body(*BOB, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_256_GCM_16 x25519:{A} ESN
            a=esp:spi={sa}
            a=esp-ts:17 self 40000 peer any
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.2", "IPv6, no selector lines, the second line chosen", "CHACHA20_POLY1305", "x25519",
        offer=body("alice", "2001:db8:1::10", """
            m=application 40100 UDP/ESP transport tunnel
            a=esp-crypto:1 AES_128_GCM_16 x25519:{O}
            a=esp-crypto:2 CHACHA20_POLY1305 x25519:{O}
            a=esp:spi={so}
            """),
        answer=body("bob", "2001:db8:2::20", """
            m=application 40200 UDP/ESP transport
            a=esp-crypto:2 CHACHA20_POLY1305 x25519:{A}
            a=esp:spi={sa}
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.3", "Behind a NAT, with a relay that rewrites c= and ports", "AES_128_GCM_16", "inline",
        offer=body("alice", "10.0.0.5", """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_128_GCM_16 inline:{O}
            a=esp:spi={so}
            a=esp-ts:17 self any peer 5353
            """),
        answer=body(*BOB, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_128_GCM_16 inline:{A}
            a=esp:spi={sa}
            a=esp-ts:17 self 5353 peer any
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.4", "Tunnel, two prefixes narrowed", "AES_256_CBC_HMAC_SHA2_256_128", "x25519", esn=True,
        offer=body(*ALICE, """
            m=application 4500 UDP/ESP tunnel
            a=esp-crypto:1 AES_256_CBC_HMAC_SHA2_256_128 x25519:{O} ESN
            a=esp:spi={so}
            a=esp-ts:any 10.1.0.0/16 any 10.2.0.0/16 any
            a=esp-ts:any 10.1.0.0/16 any 10.3.0.0/16 any
            """),
        answer=body(*BOB, """
            m=application 4500 UDP/ESP tunnel
            a=esp-crypto:1 AES_256_CBC_HMAC_SHA2_256_128 x25519:{A} ESN
            a=esp:spi={sa}
            a=esp-ts:any 10.2.5.0/24 any 10.1.0.0/16 any
            a=esp-ts:6 10.3.0.0/16 443 10.1.0.0/16 any
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.5", "Audio in place, second media section", "AES_128_GCM_16_IIV", "inline", index=1,
        offer=body(*ALICE, """
            m=video 49180 RTP/AVP 31
            m=audio 49170 UDP/ESP/RTP/AVP 0 8 101
            a=rtpmap:101 telephone-event/8000
            a=esp-crypto:1 AES_128_GCM_16_IIV inline:{O}
            a=esp:spi={so};port=40000
            """),
        answer=body(*BOB, """
            m=video 0 RTP/AVP 31
            m=audio 51000 UDP/ESP/RTP/AVP 0 101
            a=rtpmap:101 telephone-event/8000
            a=esp-crypto:1 AES_128_GCM_16_IIV inline:{A}
            a=esp:spi={sa};port=36000
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.6", "Rekey of 14.1, offered by bob", "AES_256_GCM_16", "x25519", esn=True,
        offer=body(*BOB, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_256_GCM_16 x25519:{O} ESN
            a=esp:spi={so}
            a=esp-ts:17 self 40000 peer any
            """, version=2),
        answer=body(*ALICE, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_256_GCM_16 x25519:{A} ESN
            a=esp:spi={sa}
            a=esp-ts:17 self any peer 40000
            a=esp-confirm:{confirm}
            """, version=2)),
    Negotiation(
        "14.9-183", "Fork: first answer, in a 183 from carol", "CHACHA20_POLY1305_IIV", "x25519",
        offer_name="14.9", answer_name="14.9 carol",
        offer=body(*ALICE, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 CHACHA20_POLY1305_IIV x25519:{O}
            a=esp:spi={so}
            """),
        answer=body("carol", "203.0.113.30", """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 CHACHA20_POLY1305_IIV x25519:{A}
            a=esp:spi={sa}
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.9-200", "Fork: second answer, in a 200 from bob", "CHACHA20_POLY1305_IIV", "x25519",
        offer_name="14.9", answer_name="14.9 bob",
        offer=body(*ALICE, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 CHACHA20_POLY1305_IIV x25519:{O}
            a=esp:spi={so}
            """),
        answer=body(*BOB, """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 CHACHA20_POLY1305_IIV x25519:{A}
            a=esp:spi={sa}
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.10", "x25519 with a PSK record", "AES_256_GCM_16_IIV", "x25519", esn=True, psk=LAB,
        offer=body("camera", "192.0.2.17", """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_256_GCM_16_IIV x25519:{O} ESN PSK=lab-7
            a=esp-crypto:2 AES_256_GCM_16 x25519:{O} PSK=lab-7
            a=esp:spi={so}
            a=esp-ts:17 self any peer 5683
            """),
        answer=body("hub", "198.51.100.1", """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_256_GCM_16_IIV x25519:{A} PSK=lab-7 ESN
            a=esp:spi={sa}
            a=esp-ts:17 self 5683 peer any
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.11", "Raw ESP, inline with a PSK record", "AES_128_CBC_HMAC_SHA2_256_128", "inline",
        psk=LAB, udp=False, spis=("00001f40", "1a2b3c4d"),
        offer=body("camera", "192.0.2.17", """
            m=application 9 ESP transport
            a=esp-crypto:1 AES_128_CBC_HMAC_SHA2_256_128 inline:{O} PSK=lab-7
            a=esp:spi={so}
            a=esp-ts:6 self any peer 8080
            """),
        answer=body("hub", "198.51.100.1", """
            m=application 9 ESP transport
            a=esp-crypto:1 AES_128_CBC_HMAC_SHA2_256_128 inline:{A} PSK=lab-7
            a=esp:spi={sa}
            a=esp-ts:6 self 8080 peer any
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.12", "A small device: inline, lifetimes, declarative parameters", "AES_128_CCM_8", "inline",
        offer=body("sensor", "192.0.2.40", """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_128_CCM_8 inline:{O}|2^20 WSH=32 -LTS=3600
            a=esp:spi={so}
            a=esp-ts:17 self 5683 peer any
            """),
        answer=body("hub", "198.51.100.1", """
            m=application 4500 UDP/ESP transport
            a=esp-crypto:1 AES_128_CCM_8 inline:{A}|1048576
            a=esp:spi={sa}
            a=esp-ts:17 self any peer 5683
            a=esp-confirm:{confirm}
            """)),
    Negotiation(
        "14.13", "Integrity only, raw ESP, IPv6 in a tunnel", "NULL_HMAC_SHA2_256_128", "x25519",
        esn=True, udp=False,
        offer=body("alice", "2001:db8:1::10", """
            m=application 9 ESP tunnel
            a=esp-crypto:7 NULL_HMAC_SHA2_256_128 x25519:{O} ESN
            a=esp:spi={so}
            a=esp-ts:any 2001:db8:a::/48 any 2001:db8:b::/48 any
            """),
        answer=body("bob", "2001:db8:2::20", """
            m=application 9 ESP tunnel
            a=esp-crypto:7 NULL_HMAC_SHA2_256_128 x25519:{A} ESN
            a=esp:spi={sa}
            a=esp-ts:any 2001:db8:b::/48 any 2001:db8:a::/48 any
            a=esp-confirm:{confirm}
            """)),
]
BY_NAME = {n.name: n for n in NEGOTIATIONS}

# What a relay makes of the bodies of 14.3: nothing of it is bound.
RELAY = {
    "offer": [("c=IN IP4 10.0.0.5", "c=IN IP4 203.0.113.9"), ("m=application 4500", "m=application 36056")],
    "answer": [("c=IN IP4 198.51.100.20", "c=IN IP4 203.0.113.9"), ("m=application 4500", "m=application 36058")],
}

# Texts whose canonical form is easy to get wrong: (name, why, index, section).
CANONICAL = [
    ("white-space", "outer white space goes, inner runs become one SP, order by name", 0,
     "m=application 4500 UDP/ESP transport\r\n"
     "a=esp-ts: \t17 self any   peer\t40000-40010 \r\n"
     "a=esp:  spi=C3F1A2B4\r\n"
     "a=sendrecv\r\n"
     "a=esp-crypto:2 \t AES_128_GCM_16 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\t\r\n"
     "a=esp-crypto:1  AES_256_GCM_16 inline:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8= \r\n"),
    ("unknown", "lines and names that nobody understands are bound, case is kept", 2,
     "m=application 9 ESP tunnel x-new transport\r\n"
     "c=IN IP4 192.0.2.10\r\n"
     "a=esp-crypto:1 X_NEW x-kem:abcd|2^4 Y=1 -Z\r\n"
     "a=ESP-CRYPTO:9 not ours\r\n"
     "a=esp-crypto:2 AES_128_CCM_8 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= -Q=a:b\r\n"
     "a=esp:spi=00001f40;x-mtu=1400;x-flag\r\n"
     "a=esp\r\n"
     "a=esp-x:1\r\n"
     "a=esp-confirm:00112233445566778899aabbccddeeff\r\n"),
    ("in-place", "an in-place section binds no format; LF line ends; last line without one", 11,
     "m=audio 49170 UDP/ESP/RTP/AVPF 0 8 101\n"
     "a=rtpmap:101 telephone-event/8000\n"
     "a=esp:spi=f00dcafe;port=40000\n"
     "a=esp-crypto:1 AES_128_GCM_16 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
]


# ----------------------------------------------------------------------------- packets (SPEC 8)

def seal(name, keymat, spi, seq, esn, payload, next_header):
    """One ESP packet; every intermediate value, in order."""
    s = SUITES[name]
    key, rest = keymat[:s.key], keymat[s.key:]
    pad = -(len(payload) + 2) % s.align
    plaintext = payload + bytes(range(1, pad + 1)) + bytes([pad, next_header])
    high, low = struct.pack(">Q", seq)[:4], struct.pack(">Q", seq)[4:]
    header = struct.pack(">I", spi) + low
    out = [("cipher_key", key)]
    if s.salt:
        iv = high + low
        nonce = rest[:s.salt] + iv
        aad = struct.pack(">I", spi) + (high if esn else b"") + low
        sent = iv if s.iv else b""
        packet = header + sent + s.cipher(key).encrypt(nonce, plaintext, aad)
        out += [("salt", rest[:s.salt]), ("plaintext", plaintext), ("iv", sent), ("nonce", nonce), ("aad", aad)]
    else:
        auth, kiv, iv, text = rest[:s.auth], rest[s.auth:], b"", plaintext
        out += [("auth_key", auth)]
        if s.kiv:
            iv = cipher(algorithms.AES(kiv), modes.ECB(), bytes(8) + high + low)
            text = cipher(algorithms.AES(key), modes.CBC(iv), plaintext)
            out += [("kiv", kiv)]
        data = header + iv + text
        covered = data + (high if esn else b"")
        packet = data + mac(auth, covered)[:s.icv]
        out += [("plaintext", plaintext), ("iv", iv), ("mac_input", covered)]
    return out + [("packet", packet)]


def cipher(algorithm, mode, data):
    e = Cipher(algorithm, mode).encryptor()
    return e.update(data) + e.finalize()


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def udp(text):
    """A UDP datagram without checksum, port 40001 to 40000."""
    return struct.pack(">4H", 40001, 40000, 8 + len(text), 0) + text


def ipv4(text):
    """An IPv4 packet 10.1.0.1 to 10.2.5.9 around udp(text)."""
    data = udp(text)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 1, 0, 64, 17, 0,
                       bytes([10, 1, 0, 1]), bytes([10, 2, 5, 9]))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + data


def packets():
    rows = []
    for i, (name, s) in enumerate(SUITES.items()):
        keymat = octets(f"packet {name}", s.keymat)
        spi = int(spi_for(f"packet {name}"), 16)
        for esn, seq, payload, nh in (
                (0, (1, 2, 0xFFFFFFFF)[i % 3], udp(b"sdesp packet"[:12 - i]), 17),
                (1, (0x100000002, 0x100000000, 0x12FFFFFFFF)[i % 3], ipv4(b"extended"[:i % 4 + 1]), 4)):
            rows.append((name, esn, keymat, spi, seq, nh, payload))
    keymat = octets("packet AES_128_GCM_16", 20)
    rows.append(("AES_128_GCM_16", 0, keymat, int(spi_for("packet AES_128_GCM_16"), 16), 3, 59, b""))
    return [
        (f"{n} {'ESN' if esn else 'no ESN'}{' dummy' if nh == 59 else ''}",
         [("suite", n), ("esn", bytes([esn])), ("keymat", k), ("spi", struct.pack(">I", spi)),
          ("seq", struct.pack(">Q", seq)), ("next_header", bytes([nh])), ("payload", p)]
         + seal(n, k, spi, seq, esn, p, nh))
        for n, esn, k, spi, seq, nh, p in rows]


# ------------------------------------------------------------------------------------- output

def crlf(text):
    return text.replace("\n", "\r\n").encode()


def as_hex(value):
    return (value.encode() if isinstance(value, str) else value).hex()


def block(title, fields, shown=()):
    """One block of a vector file; texts named in `shown` are repeated as comments."""
    out = [f"# {title}"]
    for key, value in fields:
        if key in shown:
            text = value if isinstance(value, str) else value.decode()
            out += ["#   | " + line.replace("\t", "<HTAB>") for line in text.splitlines()]
        elif isinstance(value, str) and value:
            out.append(f"#   | {value}")
        out.append(f"{key} = {as_hex(value)}".rstrip())
    return "\n".join(out) + "\n"


HEAD = "# {}\n# Written by generate.py; see FORMAT.md. Do not edit.\n\n"


def keys_file():
    texts = ("offer_sdp", "answer_sdp", "c_offer", "c_answer")
    out = []
    for n in NEGOTIATIONS:
        fields = n.fields()
        at = [key for key, _ in fields].index("c_offer")
        sections = [crlf("\n".join(section(x, n.index)) + "\n") for x in (n.offer, n.answer)]
        fields[at:at] = [("offer_sdp", crlf(n.offer)), ("answer_sdp", crlf(n.answer)),
                         ("offer_section", sections[0]), ("answer_section", sections[1])]
        out.append(block(f"SPEC {n.name}: {n.title}", [("name", n.name)] + fields, texts))
    return HEAD.format("Key schedule, SPEC 7 and A.2 (RFC 5869, RFC 7748)") + "\n".join(out)


def canonical_file():
    out = []
    for name, why, index, text in CANONICAL:
        form = canonical(section(text, 0), index)
        out.append(block(why, [("name", name), ("index", struct.pack(">I", index)), ("section", text.encode()),
                               ("canonical", form), ("hash", hashlib.sha256(form).digest())],
                         ("section", "canonical")))
    return HEAD.format("Canonical form, SPEC 7.1") + "\n".join(out)


def packets_file():
    return HEAD.format("Sealed packets, SPEC 8 and A.3") + "\n".join(
        block(f"{title} ({SUITES[dict(f)['suite']].source})", [("name", title)] + f) for title, f in packets())


def code(text):
    return "```\n" + text.rstrip("\n") + "\n```\n"


def table(fields):
    out = []
    for key, value in fields:
        text = value if isinstance(value, str) else value.hex()
        for i, part in enumerate(textwrap.wrap(text, 64) or ["(empty)"]):
            out.append(f"{'' if i else key:<15} {part}")
    return code("\n".join(out))


def example(n, before="Offer:", after="Answer:"):
    kind = "Private scalars" if n.method == "x25519" else "Secrets"
    fields = [(k, v) for k, v in n.fields()
              if k.startswith(("offer_", "answer_")) and not k.endswith("public") or k == "cfm"]
    return (f"{before}\n{code(n.offer)}\n{after}\n{code(n.answer)}\n"
            f"{kind} behind these lines and the confirm value:\n{table(fields)}")


def relayed(which):
    n = BY_NAME["14.3"]
    text = getattr(n, which)
    for old, new in RELAY[which]:
        assert old in text
        text = text.replace(old, new)
    assert canonical(section(text, 0), 0) == getattr(n, "c_" + which)
    return text


def refresh():
    """14.7: alice refreshes the pair of 14.6 from a new address; bob answers."""
    n = BY_NAME["14.6"]
    offer = body("alice", "203.0.113.77", f"""
        m=application 4502 UDP/ESP transport
        a=esp-crypto:1 AES_256_GCM_16 x25519:{b64(n.key_a)} ESN
        a=esp:spi={n.spi_a}
        a=esp-ts:17 self any peer 40000
        """, version=3)
    answer = body(*BOB, f"""
        m=application 4500 UDP/ESP transport
        a=esp-crypto:1 AES_256_GCM_16 x25519:{b64(n.key_o)} ESN
        a=esp:spi={n.spi_o}
        a=esp-ts:17 self 40000 peer any
        """, version=3)
    return f"Offer:\n{code(offer)}\nAnswer:\n{code(answer)}"


def refusal():
    offer = body("sensor", "192.0.2.40", f"""
        m=application 4500 UDP/ESP transport
        a=esp-crypto:1 AES_128_CCM_8 inline:{b64(octets("14.8 offerer", 32))}
        a=esp:spi={spi_for("14.8 offerer")}
        """)
    answer = body(*BOB, "m=application 0 UDP/ESP transport\n")
    return f"Offer:\n{code(offer)}\nAnswer:\n{code(answer)}"


def hexdump(data):
    out = []
    for i in range(0, len(data), 16):
        part = data[i:i + 16]
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in part)
        out.append(f"{i:04x}  {part.hex(' '):<47}  {text}")
    return "\n".join(out)


def canonical_example():
    n = BY_NAME["14.1"]
    return (f"Octets of C_offer ({len(n.c_offer)}):\n{code(hexdump(n.c_offer))}\n"
            f"Octets of C_answer ({len(n.c_answer)}):\n{code(hexdump(n.c_answer))}\n"
            + table([("H_offer", n.h_offer), ("H_answer", n.h_answer), ("T", n.t)]))


def canonical_more():
    out = []
    for name, why, index, text in CANONICAL:
        form = canonical(section(text, 0), index)
        shown = text.replace("\t", "<HTAB>").replace(" \r", "<SP>\r").replace("\r", "")
        out.append(f"`{name}`: {why}. Index {index}. Section:\n{code(shown)}\nCanonical form and its SHA-256:\n"
                   f"{code(form.decode() + hashlib.sha256(form).hexdigest())}")
    return "\n".join(out)


def schedule():
    out = []
    for n in NEGOTIATIONS:
        texts = "".join(f"{label}:\n{code(c.decode())}\n" for label, c in
                        (("C_offer", n.c_offer), ("C_answer", n.c_answer)))
        fields = [f for f in n.fields() if f[0] not in ("c_offer", "c_answer") and f[1] != ""
                  and f[1] != b""]
        fields = [(k, str(int.from_bytes(v, "big")) if k in ("index", "esn") else v) for k, v in fields]
        out.append(f"**{n.name}. {n.title}**\n\n{texts}Values:\n{table(fields)}")
    return "\n".join(out)


def packet_vectors():
    return "\n".join(f"**{title}** ({SUITES[dict(f)['suite']].source})\n{table(f[1:])}" for title, f in packets())


PARTS = {
    "7.1": canonical_example,
    "14.1": lambda: example(BY_NAME["14.1"]),
    "14.2": lambda: example(BY_NAME["14.2"]),
    "14.3": lambda: example(BY_NAME["14.3"], "Offer as alice sends it:", "Answer as bob sends it:")
    + f"\nThe offer as bob receives it:\n{code(relayed('offer'))}\n"
      f"The answer as alice receives it:\n{code(relayed('answer'))}",
    "14.4": lambda: example(BY_NAME["14.4"]),
    "14.5": lambda: example(BY_NAME["14.5"]),
    "14.6": lambda: example(BY_NAME["14.6"]),
    "14.7": refresh,
    "14.8": refusal,
    "14.9": lambda: example(BY_NAME["14.9-183"], after="First answer, 183 from carol:") + "\n"
    + example(BY_NAME["14.9-200"], before="The same offer:", after="Second answer, 200 from bob:"),
    "14.10": lambda: example(BY_NAME["14.10"]) + "\nThe PSK record:\n" + table(
        [("token", LAB["token"]), ("key", LAB["key"]), ("offerer", LAB["names"][0]), ("answerer", LAB["names"][1])]),
    "14.11": lambda: example(BY_NAME["14.11"]),
    "14.12": lambda: example(BY_NAME["14.12"]),
    "14.13": lambda: example(BY_NAME["14.13"]),
    "A.1": canonical_more,
    "A.2": schedule,
    "A.3": packet_vectors,
}


def spec(old):
    """SPEC.md with every part between its markers written anew."""
    seen = re.findall(r"<!-- generated: (\S+) -->", old)
    if sorted(seen) != sorted(PARTS):
        sys.exit(f"SPEC.md: markers differ from parts: {sorted(set(seen) ^ set(PARTS)) or 'one is repeated'}")
    return re.sub(r"(?s)(<!-- generated: (\S+) -->\n).*?(<!-- end -->)",
                  lambda m: m[1] + PARTS[m[2]]() + m[3], old)


def read(path):
    try:
        with open(path, encoding="utf-8", newline="") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    wanted = {os.path.join(HERE, name): make() for name, make in (
        ("keys.txt", keys_file), ("canonical.txt", canonical_file), ("packets.txt", packets_file))}
    path = os.path.join(TOP, "SPEC.md")
    wanted[path] = spec(read(path))
    stale = 0
    for path, text in wanted.items():
        old = read(path)
        if old == text:
            continue
        stale = 1
        name = os.path.relpath(path, TOP)
        if sys.argv[1:]:
            diff = list(difflib.unified_diff(old.splitlines(), text.splitlines(), name, "generated", lineterm="", n=0))
            print("\n".join(line[:120] for line in diff[:20]))
            print(f"{name}: out of step, {len(diff)} lines of difference")
        else:
            with open(path, "w", encoding="utf-8", newline="") as f:
                f.write(text)
            print(f"{name}: written")
    return stale if sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
