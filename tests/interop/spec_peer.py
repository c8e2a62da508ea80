#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An independent SDESP peer, written from SPEC.md alone; it shares no code with anything else.

It makes and reads offers and answers, derives keys, and seals and opens ESP packets. It is a test
tool: private values lie in the state file, `seal` takes the sequence number from its caller, `open`
does not look at selectors (it knows no IP header), and there is no refresh, rekey or timer. Numbers
in comments are sections of SPEC.md.
"""
import argparse
import base64
import dataclasses
import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import sys
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305


class Refusal(Exception):
    """A section, an answer or a packet is refused; the text is the reason."""


def need(condition, reason):
    if not condition:
        raise Refusal(reason)


class Suite(NamedTuple):        # octets; the first four are cut from KEYMAT in this order (7.4, 8)
    key: int
    salt: int = 0
    auth: int = 0
    kiv: int = 0
    iv: int = 8                 # in the packet
    icv: int = 16
    align: int = 4


SUITES = {
    "AES_128_GCM_16": Suite(16, salt=4),
    "AES_256_GCM_16": Suite(32, salt=4),
    "CHACHA20_POLY1305": Suite(32, salt=4),
    "AES_128_GCM_16_IIV": Suite(16, salt=4, iv=0),
    "AES_256_GCM_16_IIV": Suite(32, salt=4, iv=0),
    "CHACHA20_POLY1305_IIV": Suite(32, salt=4, iv=0),
    "AES_128_CCM_8": Suite(16, salt=3, icv=8),
    "AES_128_CBC_HMAC_SHA2_256_128": Suite(16, auth=32, kiv=16, iv=16, align=16),
    "AES_256_CBC_HMAC_SHA2_256_128": Suite(32, auth=32, kiv=16, iv=16, align=16),
    "NULL_HMAC_SHA2_256_128": Suite(0, auth=32, iv=0),
}
DEFAULT_SUITES = "AES_128_GCM_16,AES_256_GCM_16,CHACHA20_POLY1305"
METHODS = ("inline", "x25519")
MODES = ("transport", "tunnel")
PROTOS = {outer + inner: inner for outer in ("UDP/ESP", "ESP")          # 3.2
          for inner in ("", "/RTP/AVP", "/RTP/AVPF", "/UDP", "/TCP")}
DEFAULT_TS = "any self any peer any"

# ------------------------------------------------------------------ lexical forms (2 to 4)

TOKEN = r"[!#-'*+\-.0-9A-Z^-~]+"
KEY_PARAM = re.compile(r"(inline|x25519):([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"
                       r"(?:\|(2\^)?([0-9]+))?")
ESP_VALUE = re.compile(r"spi=([0-9A-Fa-f]{8})((?:;" + TOKEN + r"(?:=[!-:<-~]+)?)*)")
BYTE = re.compile(r"0|[1-9][0-9]{0,2}")
TS_PORTS = re.compile(r"(0|[1-9][0-9]{0,4})(?:-(0|[1-9][0-9]{0,4}))?")
PRINTABLE = re.compile(rb"[\t -~]*")


def parse_ip(text):
    """An IPv4address or IPv6address of RFC 3986, else None."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def split_sections(body):
    """(session lines, list of sections); a section is its lines, the m= line first (3.1)."""
    *lines, last = body.split(b"\n")
    session, sections = [], []
    for line in [line[:-1] if line.endswith(b"\r") else line for line in lines] + [last]:
        if line.startswith(b"m="):
            sections.append([line])
        elif line:
            (sections[-1] if sections else session).append(line)
    return session, sections


def values_of(lines, name):
    """The values of all attribute lines of one name (4)."""
    prefix, values = b"a=" + name.encode() + b":", []
    for line in lines[1:]:
        if line.startswith(prefix):
            raw = line[len(prefix):].strip(b" \t")
            need(len(raw) <= 255, f"a={name} value of more than 255 octets")
            need(PRINTABLE.fullmatch(raw), f"a={name} with an octet that is not printable")
            values.append(re.sub(rb"[ \t]+", b" ", raw).decode("ascii"))
    return values


def media_fields(line):
    """The fields of an m= line; runs of WSP count as one SP, which a reader MAY do (3.2)."""
    return re.split(r"[ \t]+", line[2:].decode("latin-1").rstrip(" \t"))


def is_ours(section):
    fields = media_fields(section[0])
    return len(fields) > 2 and fields[2] in PROTOS


def canonical(index, section):
    """The canonical form C of a section (7.1)."""
    media, _, proto, *fmts = media_fields(section[0])
    out = [" ".join([str(index), media, proto] + ([] if PROTOS[proto] else fmts))]
    for name in ("esp-crypto", "esp", "esp-ts"):
        out += [f"{name}:{value}" for value in values_of(section, name)]
    return "".join(line + "\n" for line in out).encode("ascii")


@dataclasses.dataclass
class Crypto:
    """One a=esp-crypto line. `void` says why the line is void, or is None (4.1)."""
    tag: int
    suite: str = ""
    method: str = ""
    key: bytes = b""
    esn: bool = False
    psk: str = ""
    window: int = 0
    void: str = None

    def parameters(self, fields):
        known = set()
        for field in fields:
            name, equals, text = field.partition("=")
            if name not in ("ESN", "PSK", "WSH", "-LTS"):
                need(name.startswith("-"), f"parameter {name} unknown")
                continue
            need(name not in known, f"parameter {name} twice")
            known.add(name)
            if name == "ESN":
                need(not equals, "ESN malformed")
                self.esn = True
            elif name == "PSK":
                need(re.fullmatch(TOKEN, text) and len(text) <= 64, "PSK malformed")
                self.psk = text
            else:
                need(re.fullmatch("[0-9]+", text), f"{name} malformed")
                if name == "WSH":
                    self.window = min(max(int(text), 32), 4096)


def parse_crypto(value):
    tag, *fields = value.split(" ")
    need(re.fullmatch("[1-9][0-9]{0,8}", tag), f"tag {tag!r} is malformed")
    line = Crypto(int(tag))
    try:
        need(len(fields) >= 2, "fewer than three fields")
        need(fields[0] in SUITES, f"suite {fields[0]} unknown")
        param = KEY_PARAM.fullmatch(fields[1])
        need(param, "key-param malformed")
        line.suite, line.method, line.key = fields[0], param[1], base64.b64decode(param[2])
        line.parameters(fields[2:])
        if param[4]:
            top, life = 40 if line.esn else 32, int(param[4])
            need(life <= top if param[3] else 1 <= life <= 1 << top, "life out of range")
    except Refusal as reason:
        line.void = str(reason)
    return line


def parse_esp(value, inner):
    """(SPI, inner port or None) of an a=esp value (4.2)."""
    match = ESP_VALUE.fullmatch(value)
    need(match, "a=esp malformed")
    spi, names, port = bytes.fromhex(match[1]), ["spi"], None
    need(int.from_bytes(spi, "big") > 255, "SPI below 256")
    for item in match[2].split(";")[1:]:
        name, _, text = item.partition("=")
        need(name not in names, f"{name} twice in a=esp")
        names.append(name)
        if name == "port":
            need(re.fullmatch("[1-9][0-9]{0,4}", text) and int(text) <= 65535, "port malformed")
            port = int(text)
    if inner:
        need(port is not None, "a=esp without port in place")
        need(port <= (65534 if "RTP" in inner else 65535), "port out of range in place")
    return spi, port


# ------------------------------------------------------------------ selectors (6)

class Selector(NamedTuple):
    proto: object               # None is any
    local: object               # "self", "peer", "any" or a network
    lports: tuple
    remote: object
    rports: tuple

    def __str__(self):
        def ports(low, high):
            return "any" if (low, high) == (0, 65535) else f"{low}-{high}" if low < high else low
        proto = "any" if self.proto is None else self.proto
        return f"{proto} {self.local} {ports(*self.lports)} {self.remote} {ports(*self.rports)}"

    def prefixes(self):
        return [a for a in (self.local, self.remote) if not isinstance(a, str)]

    def serves(self, mode, version):
        """Can the line serve in a mode, with outer addresses of this IP version? (6.1)"""
        nets = self.prefixes()
        if mode == "tunnel":
            return len(nets) == 2
        return (all(net.prefixlen == net.max_prefixlen for net in nets)
                and (len(nets) != 1 or nets[0].version == version))

    def plain(self, mode):
        """In transport mode `any` addresses are self and peer."""
        if mode == "tunnel":
            return self
        return self._replace(local="self" if self.local == "any" else self.local,
                             remote="peer" if self.remote == "any" else self.remote)

    def swapped(self):
        turn = {"self": "peer", "peer": "self"}
        return Selector(self.proto, turn.get(self.remote, self.remote), self.rports,
                        turn.get(self.local, self.local), self.lports)


def parse_ts(text):
    fields = text.split(" ")
    need(len(fields) == 5, "a=esp-ts without five fields")
    proto = None
    if fields[0] != "any":
        need(BYTE.fullmatch(fields[0]) and int(fields[0]) <= 255, "a=esp-ts protocol malformed")
        proto = int(fields[0])
    for ports in fields[2::2]:
        need(ports == "any" or proto in (6, 17, 33, 132, 136), "ports of a protocol without ports")
    line = Selector(proto, ts_address(fields[1]), ts_ports(fields[2]),
                    ts_address(fields[3]), ts_ports(fields[4]))
    need(line.local != "peer" and line.remote != "self", "peer as local or self as remote address")
    need(len({net.version for net in line.prefixes()}) < 2, "prefixes of two families")
    return line


def ts_address(text):
    if text in ("self", "peer", "any"):
        return text
    host, _, bits = text.partition("/")
    address = parse_ip(host)
    need(address and BYTE.fullmatch(bits) and int(bits) <= address.max_prefixlen,
         f"address {text} malformed")
    try:
        return ipaddress.ip_network((address, int(bits)))
    except ValueError:
        raise Refusal(f"host bits of {text} are not zero") from None


def ts_ports(text):
    if text == "any":
        return 0, 65535
    match = TS_PORTS.fullmatch(text)
    need(match, f"ports {text} malformed")
    low, high = int(match[1]), int(match[2] or match[1])
    need(low <= high <= 65535, f"ports {text} out of range")
    return low, high


def intersection(x, y):
    """The narrower line, or None (6.2). Both are of one author, and plain."""
    def protocol(a, b):
        return (a if b is None else b), a is None or b is None or a == b

    def address(a, b):
        if isinstance(a, str) or isinstance(b, str):
            return a, isinstance(a, str) and a == b
        if a.prefixlen < b.prefixlen:
            a, b = b, a
        return a, a.version == b.version and a.subnet_of(b)

    def ports(a, b):
        low, high = max(a[0], b[0]), min(a[1], b[1])
        return (low, high), low <= high

    values, there = zip(*(rule(a, b) for rule, a, b in
                          zip((protocol, address, ports, address, ports), x, y)))
    return Selector(*values) if all(there) else None


def narrow(offered, grants, mode, version):
    """The answerer's lines for a mode (6.3); empty: the mode is not to be had."""
    result = []
    for line in (x.swapped().plain(mode) for x in offered if x.serves(mode, version)):
        for grant in (x.plain(mode) for x in grants if x.serves(mode, version)):
            x = intersection(line, grant)
            if x and x not in result and len(result) < 4:
                result.append(x)
    return result


def check_subset(answered, offered, mode, version):
    """6.4: every line of the answer is a subset of one swapped line of the offer."""
    wide = [x.swapped().plain(mode) for x in offered if x.serves(mode, version)]
    for line in answered:
        need(line.serves(mode, version), f"selector '{line}' cannot serve in {mode} mode")
        mine = line.plain(mode)
        need(any(intersection(mine, w) == mine for w in wide), f"selector '{line}' not offered")


# ------------------------------------------------------------------ reading a section (3, 4, 5.5)

@dataclasses.dataclass
class Section:
    index: int
    media: str
    proto: str
    fmts: list                  # as written
    modes: list                 # the known ones, each once
    address: object = None
    crypto: list = None
    spi: bytes = b""
    ts: list = None
    confirm: bytes = None
    canonical: bytes = b""

    @property
    def inner(self):
        return PROTOS[self.proto]

    @property
    def hash(self):
        return hashlib.sha256(self.canonical).digest()


def connection_address(lines, session):
    for line in [*lines, *session]:
        if line.startswith(b"c="):
            match = re.fullmatch(r"IN IP([46]) ([^ /]+)(?:/.*)?", line[2:].decode("latin-1"))
            address = match and parse_ip(match[2])
            need(address and address.version == int(match[1]), "c= is not an IP literal")
            return address
    raise Refusal("no c= line")


def check_address(address, own):
    """The addresses that 5.5 refuses. Loopback is configured when the own address is one."""
    shown = getattr(address, "ipv4_mapped", None) or address
    need(not shown.is_multicast and not shown.is_unspecified and str(shown) != "255.255.255.255",
         f"{address} is a multicast, broadcast or unspecified address")
    if own:
        need(address.version == own.version, f"{address} is of another family")
        need(own.is_loopback or not shown.is_loopback and address != own,
             f"{address} is a loopback address or the own one")


def read_section(body, index=None, own=None):
    """Read the section with this index, or the first of this protocol; Refusal if it is bad."""
    session, sections = split_sections(body)
    if index is None:
        index = next((i for i, s in enumerate(sections) if is_ours(s)), None)
        need(index is not None, "no section of this protocol")
    need(0 <= index < len(sections), f"no section with index {index}")
    lines = sections[index]
    need(is_ours(lines), "proto is not of this protocol")
    need(PRINTABLE.fullmatch(lines[0]), "m= line with an octet that is not printable")
    media, port, proto, *fmts = media_fields(lines[0])
    need(re.fullmatch(TOKEN, media) and re.fullmatch("[0-9]{1,5}", port) and int(port) <= 65535
         and fmts, "m= line malformed")
    need(int(port) != 0, "port 0: the stream is declined")
    inner = PROTOS[proto]
    known = ["transport"] if inner else [m for m in dict.fromkeys(fmts) if m in MODES]
    need(inner or media == "application", "generic section with other media")
    need(known, "no known mode")
    section = Section(index, media, proto, fmts, known, connection_address(lines, session))
    check_address(section.address, own)

    crypto, esp, ts, confirm = (values_of(lines, name) for name in
                                ("esp-crypto", "esp", "esp-ts", "esp-confirm"))
    need(1 <= len(crypto) <= 8, f"{len(crypto)} crypto lines")
    need(len(esp) == 1, f"{len(esp)} a=esp lines")
    need(len(ts) <= 4, f"{len(ts)} a=esp-ts lines")
    need(not ts or not inner, "a=esp-ts in an in-place section")
    need(len(confirm) <= 1, "two a=esp-confirm")
    section.crypto = [parse_crypto(value) for value in crypto]
    need(len({line.tag for line in section.crypto}) == len(crypto), "a tag stands twice")
    need(len({line.psk for line in section.crypto if not line.void}) < 2, "different PSK=")
    section.spi, _ = parse_esp(esp[0], inner)
    section.ts = [parse_ts(value) for value in ts or ([] if inner else [DEFAULT_TS])]
    if confirm:
        need(re.fullmatch("[0-9A-Fa-f]{32}", confirm[0]), "a=esp-confirm malformed")
        section.confirm = bytes.fromhex(confirm[0])
    section.canonical = canonical(index, lines)
    return section


# ------------------------------------------------------------------ keys (7.2 to 7.4)

def share_of(scalar):
    return X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def new_key(method):
    """(private octets, key value)"""
    secret = secrets.token_bytes(32)
    return secret, share_of(secret) if method == "x25519" else secret


def input_keying(method, secret, value, offerer):
    """IKM from the own private octets and the peer's key value (7.2)."""
    if method == "inline":
        return secret + value if offerer else value + secret
    try:
        result = X25519PrivateKey.from_private_bytes(secret).exchange(
            X25519PublicKey.from_public_bytes(value))
    except ValueError:          # python-cryptography itself refuses the zero result
        result = bytes(32)
    need(not hmac.compare_digest(result, bytes(32)), "X25519 result is all zero")
    return result


def hkdf_expand(prk, info, length):
    out = block = b""
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def schedule(suite, ikm, offer, answer, psk=b"", n_o=b"", n_a=b""):
    """All values of 7.3 by name, from the two sections. Without PSK the last three are empty."""
    ident = bytes([len(n_o)]) + n_o + bytes([len(n_a)]) + n_a
    t = hashlib.sha256(b"SDESP-1\0" + offer.hash + answer.hash + ident).digest()
    prk = hmac.digest(psk or bytes(32), ikm, "sha256")
    n = sum(SUITES[suite][:4])
    return {"id": ident, "t": t, "ikm": ikm, "prk": prk,
            "cfm": hkdf_expand(prk, t + b"cfm", 16),
            "keymat_o2a": hkdf_expand(prk, t + b"o2a" + answer.spi, n),
            "keymat_a2o": hkdf_expand(prk, t + b"a2o" + offer.spi, n)}


def make_sa(spi, suite, esn, keymat):
    """The JSON form of one SA."""
    sa = {"spi": spi.hex(), "suite": suite}
    for name, length in zip(("key", "salt", "auth_key", "kiv"), SUITES[suite]):
        if length or name == "key":
            sa[name], keymat = keymat[:length].hex(), keymat[length:]
    return {**sa, "esn": esn}


# ------------------------------------------------------------------ ESP (8)

class Esp:
    """Sealing and opening with the keys of one SA."""

    def __init__(self, sa):
        self.name, self.esn = sa["suite"], sa["esn"]
        self.suite = SUITES[self.name]
        self.spi, self.key, self.salt, self.auth_key, self.kiv = (
            bytes.fromhex(sa.get(name, "")) for name in ("spi", "key", "salt", "auth_key", "kiv"))
        self.last = 1 << 40 if self.esn else (1 << 32) - 1

    def aead(self):
        if "GCM" in self.name:
            return AESGCM(self.key)
        return AESCCM(self.key, tag_length=8) if "CCM" in self.name else ChaCha20Poly1305(self.key)

    def aad(self, seq):
        return self.spi + seq.to_bytes(8 if self.esn else 4, "big")

    def nonce(self, seq, iv):
        return self.salt + (iv or seq.to_bytes(8, "big"))

    def mac_input(self, text, seq):
        return text + ((seq >> 32).to_bytes(4, "big") if self.esn else b"")

    def mac(self, text, seq):
        return hmac.digest(self.auth_key, self.mac_input(text, seq), "sha256")[:16]

    def make_iv(self, seq):
        if self.kiv:
            block = Cipher(algorithms.AES(self.kiv), modes.ECB()).encryptor()
            return block.update(seq.to_bytes(16, "big"))
        return seq.to_bytes(8, "big")[:self.suite.iv]

    def cbc(self, iv):
        return Cipher(algorithms.AES(self.key), modes.CBC(iv))

    def plaintext(self, next_header, payload):
        pad = -(len(payload) + 2) % self.suite.align
        return payload + bytes(range(1, pad + 1)) + bytes([pad, next_header])

    def seal(self, seq, next_header, payload):
        need(0 < seq <= self.last, "sequence number out of range")
        need(0 <= next_header <= 255, "next header out of range")
        text, iv = self.plaintext(next_header, payload), self.make_iv(seq)
        head = self.spi + (seq & 0xffffffff).to_bytes(4, "big") + iv
        if not self.auth_key:
            return head + self.aead().encrypt(self.nonce(seq, iv), text, self.aad(seq))
        if self.kiv:
            text = self.cbc(iv).encryptor().update(text)
        return head + text + self.mac(head + text, seq)

    def infer(self, low, top, window):
        """The 64-bit number of a packet (8.4)."""
        high, top_low = top >> 32, top & 0xffffffff
        if not self.esn:
            return low
        if top_low >= window - 1:
            high += low < top_low - window + 1
        else:
            high -= low >= top_low - window + 1 + (1 << 32)
        need(high >= 0, "number is before the first one")
        return high << 32 | low

    def open(self, packet, top=0, seen=(), window=64):
        """(number, next header, payload) of a packet; the order is that of 8.3."""
        s = self.suite
        body = len(packet) - 8 - s.iv - s.icv
        need(body >= s.align and body % s.align == 0, "packet too short or not aligned")
        need(packet[:4] == self.spi, "packet of another SPI")
        seq = self.infer(int.from_bytes(packet[4:8], "big"), top, window)
        need(0 < seq <= self.last, "sequence number out of range")
        need(seq > top - window and seq not in seen, "replayed or too old")
        head, text, icv = packet[:8 + s.iv], packet[8 + s.iv:-s.icv], packet[-s.icv:]
        if self.auth_key:
            need(hmac.compare_digest(self.mac(head + text, seq), icv), "wrong ICV")
            if self.kiv:
                text = self.cbc(head[8:]).decryptor().update(text)
        else:
            try:
                text = self.aead().decrypt(self.nonce(seq, head[8:]), text + icv, self.aad(seq))
            except InvalidTag:
                raise Refusal("wrong ICV") from None
        pad, next_header = text[-2:]
        need(pad + 2 <= len(text), "pad length does not fit")
        payload, padding = text[:len(text) - 2 - pad], text[len(text) - 2 - pad:-2]
        need(padding == bytes(range(1, pad + 1)), "padding is not 1, 2, 3")
        return seq, next_header, payload


# ------------------------------------------------------------------ offer, answer, accept (5)

def parse_local(text):
    """(address, port) of ADDR:PORT, where an IPv6 address stands in brackets."""
    host, _, port = text.rpartition(":")
    address = parse_ip(host.strip("[]"))
    need(address and re.fullmatch("[0-9]+", port) and 0 < int(port) < 65536, f"bad address {text}")
    return address, int(port)


def parse_psk(text):
    """A PSK record TOKEN:HEXKEY:OWN:PEER (7.3), or None."""
    if not text:
        return None
    token, key, own, peer = (text.split(":", 3) + [""] * 3)[:4]
    need(re.fullmatch(TOKEN, token) and len(token) <= 64, "PSK token malformed")
    need(re.fullmatch("([0-9a-fA-F]{2}){16,64}", key), "PSK key malformed")
    need(all(1 <= len(os.fsencode(n)) <= 64 for n in (own, peer)) and own != peer, "bad PSK names")
    return {"token": token, "key": key, "own": own, "peer": peer}


def psk_values(record, offerer):
    """The last three arguments of schedule()."""
    if not record:
        return ()
    names = [os.fsencode(record["own"]), os.fsencode(record["peer"])]
    return (bytes.fromhex(record["key"]), *(names if offerer else names[::-1]))


def choices(text, known, default):
    items = (text or default).split(",")
    for item in items:
        need(item in known, f"{item} is unknown")
    return items


def new_spi(proto):
    spi = bytearray(4)
    while int.from_bytes(spi, "big") < 256:
        spi[:] = secrets.token_bytes(4)
        spi[0] |= 0xc0 if proto.startswith("UDP/") else 0
    return bytes(spi)


def write_body(address, sections):
    """A whole body; a section is its lines without ends."""
    version = f"IN IP{address.version} {address}"
    lines = ["v=0", f"o=- {secrets.randbits(31)} 1 {version}", "s=-", f"c={version}", "t=0 0"]
    return "".join(x + "\r\n" for x in sum(sections, lines)).encode("ascii")


def write_section(args, media, port, proto, fmts, crypto, spi, ts):
    """The lines of a section; `crypto` is a list of (line, key value)."""
    out = [f"m={media} {port if proto.startswith('UDP/') else 9} {proto} {' '.join(fmts)}"]
    for line, key in crypto:
        out.append(f"a=esp-crypto:{line['tag']} {line['suite']} {line['method']}:"
                   + base64.b64encode(key).decode() + " ESN" * line["esn"]
                   + (" PSK=" + line["psk"] if line["psk"] else ""))
    out.append(f"a=esp:spi={spi.hex()}" + f";port={args.inner_port}" * bool(PROTOS[proto]))
    return out + [f"a=esp-ts:{x}" for x in ts]


def command_offer(args):
    address, port = parse_local(args.local or "192.0.2.10:4500")
    need(args.proto in PROTOS, f"unknown proto {args.proto}")
    record, crypto, private, shared = parse_psk(args.psk), [], [], new_key("x25519")
    for method in choices(args.method, METHODS, "x25519"):
        for suite in choices(args.suites, SUITES, DEFAULT_SUITES):
            secret, value = shared if method == "x25519" else new_key(method)
            private.append(secret.hex())
            crypto.append(({"tag": len(crypto) + 1, "suite": suite, "method": method,
                            "esn": args.esn, "psk": record["token"] if record else ""}, value))
    spi, index, inner = new_spi(args.proto), args.index or 0, PROTOS[args.proto]
    fmts = ["0"] if inner else choices(args.mode, MODES, "transport")
    section = write_section(args, "audio" if inner else "application", port, args.proto, fmts,
                            crypto, spi, args.ts)
    body = write_body(address, [["m=audio 49170 RTP/AVP 0"]] * index + [section])
    read_section(body, index)                   # the own text must satisfy the own reader
    save(args.state, {"offer": body.decode("ascii"), "index": index, "psk": record,
                      "private": private})
    sys.stdout.buffer.write(body)


def passed_over(line, args, record):
    """Why an offered line is passed over, or None (5.2)."""
    if line.void:
        return line.void
    if line.suite not in choices(args.suites, SUITES, DEFAULT_SUITES):
        return f"suite {line.suite} not in policy"
    if line.method not in choices(args.method, METHODS, "x25519"):
        return f"method {line.method} not in policy"
    if line.psk != (record["token"] if record else ""):
        return "no record for its PSK" if line.psk else "PSK required"
    return "ESN required" if args.esn and not line.esn else None


def command_answer(args):
    body, record = read_file(args.offer), parse_psk(args.psk)
    offer = read_section(body, args.index)
    address, port = parse_local(args.local or ("198.51.100.20:4500" if offer.address.version == 4
                                               else "[2001:db8:2::20]:4500"))
    check_address(offer.address, address)
    reasons = [passed_over(line, args, record) for line in offer.crypto]
    need(None in reasons, "no line left: " + "; ".join(map(str, reasons)))
    line = offer.crypto[reasons.index(None)]
    fmts, ts = offer.fmts, []
    if not offer.inner:
        allowed = choices(args.mode, MODES, ",".join(MODES))
        grants = [parse_ts(text) for text in args.ts or [DEFAULT_TS]]
        found = ((m, narrow(offer.ts, grants, m, address.version)) for m in offer.modes
                 if m in allowed)
        mode, ts = next((x for x in found if x[1]), (None, None))
        need(mode, "no mode with selectors that policy grants")
        fmts = [mode]
    secret, value = new_key(line.method)
    section = write_section(args, offer.media, port, offer.proto, fmts, [(vars(line), value)],
                            new_spi(offer.proto), ts)
    sections = [[refused_media(s[0])] for s in split_sections(body)[1]]
    sections[offer.index] = section
    answer = read_section(write_body(address, sections), offer.index)
    values = schedule(line.suite, input_keying(line.method, secret, line.key, False), offer, answer,
                      *psk_values(record, False))
    section.append("a=esp-confirm:" + values["cfm"].hex())
    save(args.state, {"window": max(64, line.window), "ts": [str(x) for x in answer.ts],
                      "in": make_sa(answer.spi, line.suite, line.esn, values["keymat_o2a"]),
                      "out": make_sa(offer.spi, line.suite, line.esn, values["keymat_a2o"])})
    sys.stdout.buffer.write(write_body(address, sections))


def refused_media(line):
    """The m= line of a section that this peer does not take, with port 0."""
    fields = media_fields(line)
    fields[1:2] = ["0"]
    return "m=" + " ".join(fields).encode("ascii", "replace").decode("ascii")


def check_answer(offer, answer):
    """5.3 but for the confirm value. (offered line, answered line)"""
    need((answer.media, answer.proto) == (offer.media, offer.proto), "media or proto not offered")
    need(answer.address.version == offer.address.version, "address of another family")
    if not offer.inner:
        need(len(answer.fmts) == 1 and answer.modes[0] in offer.modes, "mode was not offered")
        check_subset(answer.ts, offer.ts, answer.modes[0], offer.address.version)
    need(len(answer.crypto) == 1, "answer with more than one crypto line")
    line = answer.crypto[0]
    need(not line.void, f"the answer's crypto line is void: {line.void}")
    offered = next((x for x in offer.crypto if x.tag == line.tag and not x.void), None)
    need(offered, "tag was not offered")
    for name in ("suite", "method", "esn", "psk"):
        need(getattr(line, name) == getattr(offered, name), f"{name} is not as offered")
    need(line.key not in [x.key for x in offer.crypto], "reflected key value")
    need(answer.confirm, "no a=esp-confirm")
    return offered, line


def command_accept(args):
    state = load(args.state)
    need("offer" in state, "no open offer in the state")
    offer = read_section(state["offer"].encode("ascii"), state["index"])
    answer = read_section(read_file(args.answer), state["index"], offer.address)
    offered, line = check_answer(offer, answer)
    secret = bytes.fromhex(state["private"][offer.crypto.index(offered)])
    values = schedule(line.suite, input_keying(line.method, secret, line.key, True), offer, answer,
                      *psk_values(state["psk"], True))
    need(hmac.compare_digest(values["cfm"], answer.confirm), "a=esp-confirm is wrong")
    save(args.state, {"window": max(64, line.window), "ts": [str(x.swapped()) for x in answer.ts],
                      "in": make_sa(offer.spi, line.suite, line.esn, values["keymat_a2o"]),
                      "out": make_sa(answer.spi, line.suite, line.esn, values["keymat_o2a"])})


# ------------------------------------------------------------------ keys, seal, open

def read_file(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def save(path, state):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(state, file, indent=1)


def load(path, keys=False):
    state = json.loads(read_file(path))
    need(not keys or "in" in state, "no keys in the state")
    return state


def unhex(text):
    need(re.fullmatch("([0-9a-fA-F]{2})*", text), "not hex")
    return bytes.fromhex(text)


def command_keys(args):
    state = load(args.state, keys=True)
    print(json.dumps({way: {name: value for name, value in state[way].items() if name != "kiv"}
                      for way in ("in", "out")}, indent=1))


def command_seal(args):
    sa = load(args.state, keys=True)["out"]
    print(Esp(sa).seal(args.seq, args.next_header, unhex(args.payload)).hex())


def command_open(args):
    state = load(args.state, keys=True)
    if args.top is not None:
        state.update(top=args.top, seen=[])
    top, seen, window = state.get("top", 0), state.get("seen", []), state["window"]
    seq, next_header, payload = Esp(state["in"]).open(unhex(args.packet), top, seen, window)
    top = max(top, seq)
    save(args.state, {**state, "top": top, "seen": [n for n in seen + [seq] if n > top - window]})
    print(next_header, payload.hex())


# ------------------------------------------------------------------ selftest

def read_vectors(path):
    blocks = [{}]
    for line in read_file(path).decode("ascii").split("\n"):
        if not line:
            blocks.append({})
        elif not line.startswith("#"):
            name, _, value = line.partition(" =")
            blocks[-1][name] = bytes.fromhex(value)
    return [block for block in blocks if block]


def same(block, **values):
    for name, value in values.items():
        need(block[name] == value, f"{name} is {value.hex()}, not {block[name].hex()}")


def test_canonical(block):
    _, (section,) = split_sections(block["section"])
    form = canonical(int.from_bytes(block["index"], "big"), section)
    same(block, canonical=form, hash=hashlib.sha256(form).digest())


def test_keys(block):
    index = int.from_bytes(block["index"], "big")
    for side in ("offer", "answer"):
        section = read_section(block[side + "_sdp"], index)
        lines = split_sections(block[side + "_sdp"])[1][index]
        same(block, **{side + "_section": b"".join(line + b"\r\n" for line in lines),
                       "c_" + side: section.canonical, "h_" + side: section.hash,
                       "spi_" + side: section.spi})
    offer, answer = (read_section(block[side + "_sdp"], index) for side in ("offer", "answer"))
    offered, line = check_answer(offer, answer)
    same(block, suite=line.suite.encode(), method=line.method.encode(), esn=bytes([line.esn]),
         psk_token=line.psk.encode())
    if line.method == "x25519":
        mine, theirs = block["offer_private"], block["answer_private"]
        same(block, offer_public=offered.key, answer_public=line.key)
        same(block, offer_public=share_of(mine), answer_public=share_of(theirs))
    else:
        mine, theirs = block["offer_secret"], block["answer_secret"]
        same(block, offer_secret=offered.key, answer_secret=line.key)
    for secret, value, offerer in ((mine, line.key, True), (theirs, offered.key, False)):
        values = schedule(line.suite, input_keying(line.method, secret, value, offerer), offer,
                          answer, block["psk_key"], block["name_offerer"], block["name_answerer"])
        same(block, **values)
    need(answer.confirm == values["cfm"], "confirm value of the answer")


def test_packet(block):
    esp = Esp(make_sa(block["spi"], block["suite"].decode(), block["esn"] == b"\1",
                      block["keymat"]))
    seq, packet = int.from_bytes(block["seq"], "big"), block["packet"]
    next_header, payload, iv = block["next_header"][0], block["payload"], esp.make_iv(seq)
    same(block, cipher_key=esp.key, plaintext=esp.plaintext(next_header, payload), iv=iv,
         packet=esp.seal(seq, next_header, payload))
    if esp.auth_key:
        same(block, auth_key=esp.auth_key, mac_input=esp.mac_input(packet[:-16], seq))
        need(block.get("kiv", b"") == esp.kiv, "kiv")
    else:
        same(block, salt=esp.salt, aad=esp.aad(seq), nonce=esp.nonce(seq, iv))
    need(esp.open(packet, seq - 1) == (seq, next_header, payload), "opening")
    for bad, seen in ((packet[:-1] + bytes([packet[-1] ^ 1]), ()), (packet, (seq,))):
        try:
            esp.open(bad, seq - 1, seen)
        except Refusal:
            continue
        raise Refusal("a bad packet was opened")


def command_selftest(args):
    passed = failed = 0
    tests = {"canonical": test_canonical, "keys": test_keys, "packets": test_packet}
    for name, test in tests.items():
        for block in read_vectors(os.path.join(args.vectors, name + ".txt")):
            try:
                test(block)
                passed += 1
            except (Refusal, KeyError, ValueError) as error:
                failed += 1
                label = block.get("name", b"?").decode("ascii")
                print(f"{name}.txt {label}: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


# ------------------------------------------------------------------ command line

def command_line():
    parser = argparse.ArgumentParser(description="An independent SDESP peer (see SPEC.md).")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, text, argument=None, state=True):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        if state:
            sub.add_argument("--state", required=True, metavar="FILE")
        if argument:
            sub.add_argument(argument, metavar=argument.upper())
        return sub

    offer = command("offer", command_offer, "write an offer")
    answer = command("answer", command_answer, "read an offer, write the answer; --suites, "
                     "--method, --mode and --ts are what policy grants, --esn and --psk what it "
                     "requires; - for OFFER is stdin", "offer")
    for sub in (offer, answer):
        sub.add_argument("--suites", metavar="A,B,...", help=f"default {DEFAULT_SUITES}")
        sub.add_argument("--method", help="x25519 (default) or inline, or both with a comma")
        sub.add_argument("--esn", action="store_true")
        sub.add_argument("--mode", help="transport or tunnel, or both with a comma")
        sub.add_argument("--local", metavar="ADDR:PORT", help="an IPv6 address in brackets")
        sub.add_argument("--ts", action="append", default=[], metavar="LINE", help="repeatable")
        sub.add_argument("--psk", metavar="TOKEN:HEXKEY:OWN:PEER")
        sub.add_argument("--inner-port", type=int, default=40000, help="for in-place sections")
        sub.add_argument("--index", type=int, help="of the m= line; default the first of ours")
    offer.add_argument("--proto", default="UDP/ESP", help="default UDP/ESP")
    command("accept", command_accept, "read the answer to the offer of the state; - is stdin",
            "answer")
    command("keys", command_keys, "print the keys as JSON")
    seal = command("seal", command_seal, "print an ESP packet in hex", "payload")
    seal.add_argument("--seq", type=int, required=True, help="the 64-bit sequence number")
    seal.add_argument("--next-header", type=int, required=True)
    open_ = command("open", command_open, "print next header and payload of a packet", "packet")
    open_.add_argument("--top", type=int, help="take this as the highest number accepted so far")
    selftest = command("selftest", command_selftest, "check against tests/vectors", state=False)
    here = os.path.dirname(os.path.abspath(__file__))
    selftest.add_argument("--vectors", default=os.path.join(here, "..", "vectors"), metavar="DIR")
    return parser.parse_args()


def main():
    args = command_line()
    try:
        return args.run(args) or 0
    except (Refusal, OSError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
