#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Recompute what the golden cases expect, without the C code.

    check_cases.py [FILE...]         every confirm value and key of the cases; exit 1 when one is wrong
    check_cases.py --fill FILE...    write them where a case has "?", and shares where it has {us.share.1}

Uses the independent key schedule of tests/vectors/generate.py. README.md describes the cases.
"""
import glob
import hashlib
import os
import re
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))
sys.dont_write_bytecode = True

from generate import SUITES, b64, canonical, expand, mac, section  # noqa: E402
import base64  # noqa: E402

# The n-th secret of ours is 32 octets of value n, of the peer 32 octets of value 0xa0 + n.
SECRET = {("us", n): bytes([n]) * 32 for n in range(1, 32)}
SECRET.update({("peer", n): bytes([0xA0 + n]) * 32 for n in range(1, 32)})
SHARE = {who: X25519PrivateKey.from_private_bytes(s).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
         for who, s in SECRET.items()}
PRIVATE = {share: SECRET[who] for who, share in SHARE.items()}


class Wrong(Exception):
    pass


def unescape(text):
    def one(m):
        c = m[1]
        return chr(int(c[1:], 16)) if c[0] == "x" else {"t": "\t", "r": "\r", "s": " "}.get(c, c)
    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", one, text)


def crypto(lines):
    """(tag, suite, method, key, names of the parameters, PSK token) of every readable crypto line."""
    out = []
    for line in lines:
        m = re.match(r"a=esp-crypto:\s*(\d+)\s+(\S+)\s+(\w+):([^|\s]+)(?:\|\S+)?(.*)", line)
        if m and m[2] in SUITES:
            psk = re.search(r"\bPSK=(\S+)", m[5])
            out.append((m[1], m[2], m[3], m[4], psk and psk[1]))
    return out


def spi(lines):
    return bytes.fromhex(next(re.search("spi=([0-9A-Fa-f]{8})", x)[1] for x in lines if x.startswith("a=esp:")))


class Keys:
    """What an offer and an answer make together (SPEC 7)."""

    def __init__(self, offer, answer, index, psks, we_offer):
        tag, suite, method, key_a, token = crypto(answer)[0]
        key_o = next(c[3] for c in crypto(offer) if c[0] == tag)
        raw_o, raw_a = base64.b64decode(key_o), base64.b64decode(key_a)
        if method == "inline":
            ikm = raw_o + raw_a
        else:
            ours, theirs = (raw_o, raw_a) if we_offer else (raw_a, raw_o)
            if ours not in PRIVATE:
                raise Wrong("our share is not one of ours")
            ikm = X25519PrivateKey.from_private_bytes(PRIVATE[ours]).exchange(
                X25519PublicKey.from_public_bytes(theirs))
        salt, names = bytes(32), b"\0\0"
        if token:
            salt, own, peer = psks[token]
            pair = (own, peer) if we_offer else (peer, own)
            names = b"".join(bytes([len(n)]) + n.encode() for n in pair)
        t = hashlib.sha256(b"SDESP-1\0" + hashlib.sha256(canonical(offer, index)).digest()
                           + hashlib.sha256(canonical(answer, index)).digest() + names).digest()
        prk = mac(salt, ikm)
        n = SUITES[suite].keymat
        self.confirm = expand(prk, t + b"cfm", 16).hex()
        o2a = expand(prk, t + b"o2a" + spi(answer), n).hex()
        a2o = expand(prk, t + b"a2o" + spi(offer), n).hex()
        self.keymat = (a2o, o2a) if we_offer else (o2a, a2o)


class Case:
    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as f:
            self.lines = f.read().split("\n")
        self.index, self.psks, self.offer, self.keys, self.checked = 0, {}, None, None, 0

    def fill_secrets(self):
        for i, line in enumerate(self.lines):
            self.lines[i] = re.sub(
                r"\{(us|peer)\.(share|secret)\.(\d+)\}",
                lambda m: b64((SHARE if m[2] == "share" else SECRET)[m[1], int(m[3])]), line)

    def block(self, at, mark):
        """The texts of the lines after `at` that begin with the mark, and where they end."""
        out = []
        while at < len(self.lines) and self.lines[at].startswith(mark):
            out.append(unescape(self.lines[at][2:]))
            at += 1
        return out, at

    def confirm(self, first, last, fill, expect):
        for i in range(first, last):
            m = re.match(r"[<>] a=esp-confirm:\s*(\S+)", self.lines[i])
            if not m:
                continue
            if fill and m[1] == "?":
                self.lines[i] = self.lines[i].replace("?", self.keys.confirm)
            elif (m[1].lower() == self.keys.confirm) != expect:
                raise Wrong(f"{i + 1}: confirm is {'' if expect else 'not '}{self.keys.confirm}")
            self.checked += 1

    def step(self, at, fill):
        word = self.lines[at].split()[0]
        first = at + 1
        theirs, at = self.block(first, ">")
        outcome = "ok"
        if at < len(self.lines) and self.lines[at].startswith("="):
            outcome = self.lines[at].split()[1]
            at += 1
        ours, last = self.block(at, "<")
        try:
            body = section("\n".join(theirs) + "\n", self.index) if theirs else []
        except IndexError:
            return last
        if word in ("offer", "refresh"):
            self.offer = ours or self.offer
        elif word in ("accept", "answer") and outcome in ("ok", "BACKEND", "FORKED", "CONFIRM"):
            offer, answer = (self.offer, body) if word == "accept" else (body, ours)
            if offer and any(x.startswith("a=esp-confirm") for x in answer):
                self.keys = Keys(offer, answer, self.index, self.psks, word == "accept")
                lines = (first, first + len(theirs)) if word == "accept" else (at, last)
                self.confirm(*lines, fill, outcome != "CONFIRM")
        return last

    def run(self, fill):
        at = 0
        if fill:
            self.fill_secrets()
        while at < len(self.lines):
            words = self.lines[at].split() or ["#"]
            if words[0] == "index":
                self.index = int(words[1])
            elif words[0] == "psk":
                self.psks[words[1]] = (bytes.fromhex(words[2]), words[3], words[4])
            elif words[0] == "keymat":
                if fill and words[1] == "?":
                    self.lines[at] = "keymat {} {}".format(*self.keys.keymat)
                elif self.keys is None or words[1:] != list(self.keys.keymat):
                    raise Wrong(f"{at + 1}: keymat is {self.keys and self.keys.keymat}")
                self.checked += 1
            elif words[0] in ("offer", "answer", "accept", "refresh"):
                at = self.step(at, fill)
                continue
            at += 1
        if fill:
            with open(self.path, "w", encoding="utf-8") as f:
                f.write("\n".join(self.lines))


def main():
    args = sys.argv[1:]
    fill = args[:1] == ["--fill"]
    files = args[fill:] or sorted(glob.glob(os.path.join(HERE, "*.case")))
    failed = values = cases = 0
    for path in files:
        case = Case(path)
        try:
            case.run(fill)
        except (Wrong, KeyError, StopIteration) as e:
            print(f"FAIL {os.path.basename(path)}:{e!r}")
            failed += 1
            continue
        values += case.checked
        cases += case.checked > 0
    print(f"{values} values in {cases} cases")
    print(f"{cases} passed, {failed} failed")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
