#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A second implementation of the negotiation, to try the first one against.

    peer.py [SDESP]     run every combination against the program (default: $SDESP or build/sdesp)

Reads and writes SDP by SPEC.md alone and shares no code with the library; suites and the
key schedule are those of tests/vectors/generate.py, which does not either.
"""
import base64
import hashlib
import ipaddress
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))

try:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    print("SKIP: python3-cryptography is missing")
    sys.exit(77)

from generate import SUITES, b64, canonical, expand, mac, section  # noqa: E402

ANY_PORTS = (0, 65535)


class Refused(Exception):
    pass


# ------------------------------------------------------------------------------- attributes (SPEC 4)

class Line:
    """a=esp-crypto."""

    def __init__(self, value):
        fields = value.split()
        self.tag, self.suite, key = fields[:3]
        if not re.fullmatch("[1-9][0-9]{0,8}", self.tag):
            raise Refused(f"tag {self.tag}")
        self.method, _, rest = key.partition(":")
        text, _, self.life = rest.partition("|")
        self.key = base64.b64decode(text, validate=True)
        if len(self.key) != 32 or b64(self.key) != text:
            raise Refused(f"key {text}")
        self.params = set(p for p in fields[3:] if p == "ESN" or p.startswith("PSK="))
        unknown = [p for p in fields[3:] if p not in self.params and not p.startswith(("-", "WSH="))]
        self.void = (bool(unknown) or self.suite not in SUITES or self.method not in ("inline", "x25519")
                     or not re.fullmatch(r"(2\^)?[0-9]*", self.life))

    @staticmethod
    def text(tag, suite, method, key, params):
        return " ".join([f"a=esp-crypto:{tag} {suite} {method}:{b64(key)}"] + sorted(params))


def ports(text):
    if text == "any":
        return ANY_PORTS
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def ports_text(pair):
    if pair == ANY_PORTS:
        return "any"
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"


class Selector:
    """a=esp-ts, as its author sees it."""

    def __init__(self, text):
        self.protocol, a, b, c, d = text.split()
        self.local, self.remote = (a, ports(b)), (c, ports(d))

    def swapped(self):
        names = {"self": "peer", "peer": "self"}
        s = Selector("any any any any any")
        s.protocol = self.protocol
        s.local = (names.get(self.remote[0], self.remote[0]), self.remote[1])
        s.remote = (names.get(self.local[0], self.local[0]), self.local[1])
        return s

    def text(self):
        return " ".join([self.protocol, self.local[0], ports_text(self.local[1]), self.remote[0],
                         ports_text(self.remote[1])])

    @staticmethod
    def side(a, b):
        """What both addresses and port ranges allow; None: nothing."""
        addr = a[0]
        if a[0] != b[0]:
            try:
                nets = ipaddress.ip_network(a[0]), ipaddress.ip_network(b[0])
            except ValueError:
                return None
            if not nets[0].overlaps(nets[1]):
                return None
            addr = str(max(nets, key=lambda n: n.prefixlen))
        low, high = max(a[1][0], b[1][0]), min(a[1][1], b[1][1])
        return (addr, (low, high)) if low <= high else None

    def meet(self, other):
        s = Selector("any any any any any")
        if self.protocol != other.protocol and "any" not in (self.protocol, other.protocol):
            return None
        s.protocol = other.protocol if self.protocol == "any" else self.protocol
        s.local, s.remote = self.side(self.local, other.local), self.side(self.remote, other.remote)
        return s if s.local and s.remote else None


class Section:
    def __init__(self, sdp):
        self.lines = section(sdp, 0)
        media, port, self.proto, *self.modes = self.lines[0][2:].split()
        if port == "0":
            raise Refused("declined")

        def values(name):
            return [x.split(":", 1)[1].strip() for x in self.lines if x.startswith(f"a={name}:")]
        self.crypto = [Line(v) for v in values("esp-crypto")]
        (esp,) = values("esp")
        self.spi = bytes.fromhex(re.fullmatch("spi=([0-9a-fA-F]{8})(;.*)?", esp)[1])
        self.ts = [Selector(v) for v in values("esp-ts")] or [Selector("any self any peer any")]
        self.confirm = (values("esp-confirm") or [None])[0]


# ------------------------------------------------------------------------------------------- the peer

class Peer:
    def __init__(self, address, port, suite, method, esn=False, psk=None, mode="transport", grant=None):
        self.address, self.port, self.suite, self.method = address, port, suite, method
        self.esn, self.psk, self.mode = esn, psk, mode
        self.grant = [Selector(t) for t in grant or ["any self any peer any"]]
        self.secret = os.urandom(32)
        self.spi = bytes([0xC0 | os.urandom(1)[0]]) + os.urandom(3)
        self.keys = None

    def public(self):
        if self.method == "inline":
            return self.secret
        return X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw)

    def params(self):
        return ({"ESN"} if self.esn else set()) | ({f"PSK={self.psk['token']}"} if self.psk else set())

    def body(self, tag, selectors):
        family = "IP6" if ":" in self.address else "IP4"
        lines = ["v=0", f"o=peer 1 1 IN {family} {self.address}", "s=-", f"c=IN {family} {self.address}", "t=0 0",
                 f"m=application {self.port} UDP/ESP {self.mode}",
                 Line.text(tag, self.suite, self.method, self.public(), self.params()),
                 f"a=esp:spi={self.spi.hex()}"] + [f"a=esp-ts:{s.text()}" for s in selectors]
        return "\r\n".join(lines) + "\r\n"

    def derive(self, offer, answer, theirs, offering):
        """Both directions' keys and the confirm value (SPEC 7)."""
        if self.method == "x25519":
            ikm = X25519PrivateKey.from_private_bytes(self.secret).exchange(X25519PublicKey.from_public_bytes(theirs.key))
        else:
            ikm = self.secret + theirs.key if offering else theirs.key + self.secret
        salt, names = bytes(32), b"\0\0"
        if self.psk:
            salt = self.psk["key"]
            pair = (self.psk["own"], self.psk["peer"])
            names = b"".join(bytes([len(n)]) + n.encode() for n in (pair if offering else pair[::-1]))
        t = hashlib.sha256(b"SDESP-1\0" + hashlib.sha256(canonical(offer.lines, 0)).digest()
                           + hashlib.sha256(canonical(answer.lines, 0)).digest() + names).digest()
        prk = mac(salt, ikm)
        n = SUITES[self.suite].keymat
        # The confirm line is not bound, so that the text may be hashed with or without it.
        self.keys = {"out" if offering else "in": expand(prk, t + b"o2a" + answer.spi, n),
                     "in" if offering else "out": expand(prk, t + b"a2o" + offer.spi, n)}
        return expand(prk, t + b"cfm", 16).hex()

    def offer(self):
        self.sent = self.body("1", self.grant)
        return self.sent

    def answer(self, text):
        offer = Section(text)
        if self.mode not in offer.modes:
            raise Refused("mode")
        line = next((x for x in offer.crypto if not x.void and (x.suite, x.method, x.params)
                     == (self.suite, self.method, self.params())), None)
        if line is None:
            raise Refused("no line")
        met = [a.meet(b) for a in (s.swapped() for s in offer.ts) for b in self.grant]
        selectors = [s for s in met if s]
        if not selectors:
            raise Refused("selectors")
        text = self.body(line.tag, selectors)
        return text + f"a=esp-confirm:{self.derive(offer, Section(text), line, False)}\r\n"

    def accept(self, text):
        offer, answer = Section(self.sent), Section(text)
        (line,) = answer.crypto
        if (line.tag, line.suite, line.method, line.params) != ("1", self.suite, self.method, self.params()):
            raise Refused("other line")
        for s in answer.ts:
            if not any((m := s.meet(o.swapped())) and m.text() == s.text() for o in offer.ts):
                raise Refused("wider selector " + s.text())
        if self.derive(offer, answer, line, True) != answer.confirm.lower():
            raise Refused("confirm")


# --------------------------------------------------------------------------- against the program

class Program:
    def __init__(self, path, folder, suite, method, esn, psk, mode, address, grant):
        self.path, self.state = path, os.path.join(folder, "state")
        self.options = ["--suites", suite, "--method", method, "--mode", mode, "--local", address]
        self.options += ["--esn"] if esn else []
        for s in grant:
            self.options += ["--ts", s]
        if method == "inline":
            self.options += ["--secured"]
        if psk:
            name = os.path.join(folder, "psk")
            with open(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
                f.write(f"{psk['token']} {psk['key'].hex()} {psk['own']} {psk['peer']}\n")
            self.options += ["--psk", name]

    def run(self, *args, text=None):
        done = subprocess.run([self.path, *args], input=text, capture_output=True, text=True, timeout=20)
        if done.returncode:
            raise Refused(f"sdesp {args[0]}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def offer(self):
        return self.run("offer", "--state", self.state, *self.options)

    def answer(self, text):
        return self.run("answer", "--state", self.state, *self.options, "-", text=text)

    def accept(self, text):
        self.run("accept", "--state", self.state, "-", text=text)

    def keys(self):
        sas = json.loads(self.run("sa", "--state", self.state, "--format", "json"))
        return {d: bytes.fromhex(sa["key"] + sa.get("salt", "") + sa.get("auth_key", "") + sa.get("iv_key", ""))
                for d, sa in sas.items()}


PSK = dict(token="lab-7", key=hashlib.sha256(b"interop").digest(), own="hub-1", peer="camera-17")
MODES = {
    "transport": (["any self any peer any"], ["17 self 5000-5009 peer any"]),
    "tunnel": (["any 10.2.0.0/16 any 10.1.0.0/16 any", "6 10.4.0.0/16 443 10.1.0.0/16 any"],
               ["any 10.1.0.0/17 any 10.2.3.0/24 any", "6 10.1.0.0/16 any 10.4.0.0/16 any"]),
}


def compare(ours, theirs):
    # "in" and "out" are each end's own; the CBC suites' K_iv follows and may be left out of the JSON.
    for a, b in (("in", "out"), ("out", "in")):
        if not theirs[b] or not ours[a].startswith(theirs[b]):
            raise Refused(f"keys differ: {ours[a].hex()} {theirs[b].hex()}")


def one(path, suite, method, esn, psk, mode, offering):
    program_grant, peer_grant = MODES[mode]
    if mode == "transport":
        peer_grant = ["17 self any peer 5000-5009"]
    ours = dict(PSK, own=PSK["peer"], peer=PSK["own"])
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer("198.51.100.20", 4500, suite, method, esn, ours if psk else None, mode, peer_grant)
        program = Program(path, folder, suite, method, esn, PSK if psk else None, mode, "192.0.2.10:4500", program_grant)
        if offering:
            program.accept(peer.answer(program.offer()))
        else:
            peer.accept(program.answer(peer.offer()))
        compare(peer.keys, program.keys())


def main():
    path = sys.argv[1] if sys.argv[1:] else os.environ.get("SDESP", "build/sdesp")
    if not os.access(path, os.X_OK):
        print(f"SKIP: {path} is not built")
        return 77
    passed = failed = 0
    suites = ("AES_128_GCM_16", "CHACHA20_POLY1305_IIV", "AES_256_CBC_HMAC_SHA2_256_128", "NULL_HMAC_SHA2_256_128")
    for combination in itertools.product(suites, ("x25519", "inline"), (False, True), (False, True), MODES, (False, True)):
        try:
            one(path, *combination)
            passed += 1
        except (Refused, ValueError, KeyError) as e:
            failed += 1
            if failed <= 10:
                print(f"FAIL {combination}: {e!r}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
