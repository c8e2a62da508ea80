# SPDX-License-Identifier: MIT
"""An independent SDESP peer, written from SPEC.md alone; it shares no code with anything else.

It reads and writes offers and answers, derives keys, and seals and opens ESP packets, without IP
and UDP headers: selectors are negotiated, not applied. There is no refresh, rekey or timer. Numbers
in comments are sections of SPEC.md. try_peer.py tries it against the program.
"""
import base64
import dataclasses
import hashlib
import hmac
import ipaddress
import re
import secrets
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

    def __str__(self):
        return (f"a=esp-crypto:{self.tag} {self.suite} {self.method}:"
                + base64.b64encode(self.key).decode() + " ESN" * self.esn
                + (" PSK=" + self.psk if self.psk else ""))

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

    def serves(self, mode, version):
        """Can the line serve in a mode, with outer addresses of this IP version? (6.1)"""
        nets = [a for a in (self.local, self.remote) if not isinstance(a, str)]
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
    nets = [a for a in (line.local, line.remote) if not isinstance(a, str)]
    need(len({net.version for net in nets}) < 2, "prefixes of two families")
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
    port: int
    proto: str
    fmts: list                  # as written
    modes: list                 # the known ones, each once
    address: object = None
    crypto: list = None
    spi: bytes = b""
    inner_port: int = None
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
    section = Section(index, media, int(port), proto, fmts, known,
                      connection_address(lines, session))
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
    section.spi, section.inner_port = parse_esp(esp[0], inner)
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


# ------------------------------------------------------------------ ESP (8)

class Esp:
    """One SA. seal() numbers from 1; open() remembers what it has seen."""

    def __init__(self, suite, esn, spi, keymat, window=64):
        self.name, self.suite, self.esn, self.spi = suite, SUITES[suite], esn, spi
        cuts = []
        for length in self.suite[:4]:
            cuts.append(keymat[:length])
            keymat = keymat[length:]
        self.key, self.salt, self.auth_key, self.kiv = cuts
        self.last = 1 << 40 if esn else (1 << 32) - 1
        self.window, self.sent, self.top, self.seen = window, 0, 0, set()

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

    def seal(self, next_header, payload):
        self.sent = seq = self.sent + 1
        need(seq <= self.last, "the numbers are used up")
        text, iv = self.plaintext(next_header, payload), self.make_iv(seq)
        head = self.spi + (seq & 0xffffffff).to_bytes(4, "big") + iv
        if not self.auth_key:
            return head + self.aead().encrypt(self.nonce(seq, iv), text, self.aad(seq))
        if self.kiv:
            text = self.cbc(iv).encryptor().update(text)
        return head + text + self.mac(head + text, seq)

    def infer(self, low):
        """The 64-bit number of a packet (8.4)."""
        high, top_low = self.top >> 32, self.top & 0xffffffff
        if not self.esn:
            return low
        if top_low >= self.window - 1:
            high += low < top_low - self.window + 1
        else:
            high -= low >= top_low - self.window + 1 + (1 << 32)
        need(high >= 0, "number is before the first one")
        return high << 32 | low

    def open(self, packet):
        """(next header, payload) of a packet; the order is that of 8.3."""
        s = self.suite
        body = len(packet) - 8 - s.iv - s.icv
        need(body >= s.align and body % s.align == 0, "packet too short or not aligned")
        need(packet[:4] == self.spi, "packet of another SPI")
        seq = self.infer(int.from_bytes(packet[4:8], "big"))
        need(0 < seq <= self.last, "sequence number out of range")
        need(seq > self.top - self.window and seq not in self.seen, "replayed or too old")
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
        self.seen.add(seq)
        self.top = max(self.top, seq)
        pad, next_header = text[-2:]
        need(pad + 2 <= len(text), "pad length does not fit")
        payload, padding = text[:len(text) - 2 - pad], text[len(text) - 2 - pad:-2]
        need(padding == bytes(range(1, pad + 1)), "padding is not 1, 2, 3")
        return next_header, payload


# ------------------------------------------------------------------ offer and answer (5)

class Psk(NamedTuple):
    token: str
    key: bytes
    own: bytes
    peer: bytes

    def values(self, offerer):
        """What schedule() takes."""
        return (self.key, self.own, self.peer) if offerer else (self.key, self.peer, self.own)


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


class Peer:
    """One end of one section: its policy first, after offer and accept, or answer, its SAs.

    `esn` and `psk` are offered, or required of an offer.
    """

    def __init__(self, address, port=4500, proto="UDP/ESP", suites=("AES_128_GCM_16",),
                 methods=("x25519",), modes=("transport",), ts=(DEFAULT_TS,), esn=False, psk=None,
                 inner_port=40000):
        self.address, self.port, self.proto = ipaddress.ip_address(address), port, proto
        self.suites, self.methods, self.modes, self.esn, self.psk = suites, methods, modes, esn, psk
        self.ts, self.inner_port = [parse_ts(text) for text in ts], inner_port
        self.token = psk.token if psk else ""
        self.inbound = self.outbound = self.mode = self.remote = self.selectors = None

    def section(self, media, proto, fmts, crypto, ts):
        """The lines of an own section, with a new SPI."""
        udp, inner = proto.startswith("UDP/"), PROTOS[proto]
        spi = bytes([secrets.randbelow(64) + 0xc0]) + secrets.token_bytes(3)
        return [f"m={media} {self.port if udp else 9} {proto} {' '.join(fmts)}", *map(str, crypto),
                f"a=esp:spi={spi.hex()}" + f";port={self.inner_port}" * bool(inner),
                *(f"a=esp-ts:{x}" for x in ts if not inner)]

    def body(self, sections):
        family = f"IN IP{self.address.version} {self.address}"
        lines = ["v=0", f"o=- 1 1 {family}", "s=-", f"c={family}", "t=0 0", *sum(sections, [])]
        return "".join(line + "\r\n" for line in lines).encode("ascii")

    def offer(self, before=()):
        """Write an offer, behind the m= lines of other streams."""
        crypto, inner, shared = [], PROTOS[self.proto], new_key("x25519")
        self.private = []
        for method in self.methods:
            for suite in self.suites:
                secret, value = shared if method == "x25519" else new_key(method)
                self.private.append(secret)
                crypto.append(Crypto(len(crypto) + 1, suite, method, value, self.esn, self.token))
        section = self.section("audio" if inner else "application", self.proto,
                               ["0"] if inner else self.modes, crypto, self.ts)
        body = self.body([[line] for line in before] + [section])
        self.offered = read_section(body, len(before))
        return body

    def passed_over(self, line):
        """Why an offered line is passed over, or None (5.2)."""
        if line.void:
            return line.void
        if line.suite not in self.suites or line.method not in self.methods:
            return "suite or method not in policy"
        if line.psk != self.token:
            return "no record for its PSK" if line.psk else "PSK required"
        return "ESN required" if self.esn and not line.esn else None

    def answer(self, body):
        """Read an offer and write the answer."""
        offer = read_section(body, own=self.address)
        reasons = [self.passed_over(line) for line in offer.crypto]
        need(None in reasons, "no line left: " + "; ".join(map(str, reasons)))
        line = offer.crypto[reasons.index(None)]
        fmts, ts = offer.fmts, []
        if not offer.inner:
            found = ((m, narrow(offer.ts, self.ts, m, self.address.version)) for m in offer.modes
                     if m in self.modes)
            mode, ts = next((x for x in found if x[1]), (None, None))
            need(mode, "no mode with selectors that policy grants")
            fmts = [mode]
        secret, value = new_key(line.method)
        section = self.section(offer.media, offer.proto, fmts,
                               [dataclasses.replace(line, key=value)], ts)
        sections = [[re.sub(r"^(\S+) \S+", r"\1 0", s[0].decode("ascii", "replace"))]
                    for s in split_sections(body)[1]]       # the others are declined
        sections[offer.index] = section
        answer = read_section(self.body(sections), offer.index)
        confirm = self.install(offer, answer, line, secret, line.key, False)
        section.append("a=esp-confirm:" + confirm.hex())
        return self.body(sections)

    def accept(self, body):
        """Read the answer to the own offer."""
        answer = read_section(body, self.offered.index, self.address)
        offered, line = check_answer(self.offered, answer)
        secret = self.private[self.offered.crypto.index(offered)]
        self.install(self.offered, answer, line, secret, line.key, True)

    def install(self, offer, answer, line, secret, value, offerer):
        """Make the SAs; returns the confirm value, which the offerer compares first."""
        values = schedule(line.suite, input_keying(line.method, secret, value, offerer), offer,
                          answer, *(self.psk.values(offerer) if self.psk else ()))
        if offerer:
            need(hmac.compare_digest(values["cfm"], answer.confirm), "a=esp-confirm is wrong")
        mine, theirs, inbound, outbound = (
            (offer, answer, "keymat_a2o", "keymat_o2a") if offerer else
            (answer, offer, "keymat_o2a", "keymat_a2o"))
        self.inbound = Esp(line.suite, line.esn, mine.spi, values[inbound], max(64, line.window))
        self.outbound = Esp(line.suite, line.esn, theirs.spi, values[outbound])
        self.mode, self.remote = answer.modes[0], (theirs.address, theirs.port)
        if offer.inner:
            more = "RTP" in offer.inner
            self.selectors = [Selector(6 if "TCP" in offer.inner else 17,
                                       "self", (mine.inner_port, mine.inner_port + more),
                                       "peer", (theirs.inner_port, theirs.inner_port + more))]
        else:
            lines = [x.plain(self.mode) for x in answer.ts]
            self.selectors = [x.swapped() for x in lines] if offerer else lines
        return values["cfm"]
