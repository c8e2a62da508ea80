#!/usr/bin/python3
"""Deepest stack below each public call, from gcc's call graphs (.ci files).

usage: stack.py MACHINE FOLDER...

MACHINE is a key of CHOSEN: which code of BearSSL core/crypto has there. Calls
through a class or function pointer are followed to the functions that can
stand there: see INDIRECT. A frame without a fixed size, recursion, or a call
through a pointer that is not in the table is an error: then there is no
deepest stack. The application's own functions (random source, socket, key
log) are not counted.
SPDX-License-Identifier: MIT
"""
import pathlib
import re
import sys

ENTRIES = """sdesp_session_offer sdesp_session_answer sdesp_session_accept
sdesp_session_tick sdesp_session_close sdesp_sdp_find sdesp_esp_tx_init
sdesp_esp_seal sdesp_esp_open sdesp_udp_input sdesp_udp_send""".split()

# MACHINE -> AES, GHASH, ChaCha20, Poly1305, Curve25519.
CHOSEN = {
    "x86-64": ("(ct64|x86ni)", "(ctmul64|pclmul)", "(ct|sse2)", "ctmulq?",
               "m31"),
    "m3": ("ct", "ctmul32", "ct", "ctmul32", "i15"),
}
AES, GHASH, CHACHA20, POLY1305, CURVE = CHOSEN[sys.argv[1]]

# Who calls through pointers -> what may be there; both as file:function. The
# first row that fits counts; None: the application's.
ENGINE = r"core-crypto-.*:(gcm|chachapoly|ccm|cbc|null)_"
KEX = r"core-crypto-kex.*:kex_"
BACKEND = r"backends-udp-backend.*:"
INDIRECT = [
    (r"core-session-session.*:sdesp_session_random$", None),
    (r"backends-udp-", None),
    (r"core-sa-pair.*:policy_", BACKEND + r"policy_\w+$"),
    (r"core-sa-pair.*_reserve$", BACKEND + "spi_reserve$"),
    (r"core-sa-pair.*:(add|sdesp_sa_pair_install)$",
     BACKEND + r"sa_(add|delete)$|core-session-install.*:fill$"),
    (r"core-sa-pair", BACKEND + r"(sa_delete|sa_move|spi_release)$"),
    (r"core-session-(session|install)", BACKEND + "features$"),
    (r"core-session-notify.*:query$", BACKEND + "sa_query$"),
    (r"core-session-notify", r"backends-udp-events.*:sdesp_udp_poll$"),
    (r"core-session-(offer|reply)", KEX + "x25519$"),
    (r"core-nego-keys.*:expand$", KEX + "hkdf_expand$"),
    (r"core-nego-keys", KEX + "(hkdf_extract|x25519)$"),
    (r"core-(nego-transcript|session-save|attr-canon)", KEX + r"hash_\w+$"),
    (r"core-attr-desc", r"core-attr-desc.*:take_\w+$"),
    (r"core-attr-crypto", r"core-attr-crypto.*:read_(esn|psk|window|seconds)$"),
    (r"core-esp-esp", r"core-crypto-bearssl.*:bearssl_init$"),
    (r"core-esp-tx", r"core-crypto-bearssl.*:bearssl_seal$"),
    (r"core-esp-rx", r"core-crypto-bearssl.*:bearssl_open$"),
    (r"core-crypto-bearssl.*:bearssl_init$", ENGINE + "init$"),
    (r"core-crypto-bearssl.*:bearssl_seal$", ENGINE + "seal$"),
    (r"core-crypto-bearssl.*:bearssl_open$", ENGINE + "open$"),
    (r"core-crypto-gcm.*:gcm_hash", rf"bear-.*:br_ghash_{GHASH}$"),
    (r"core-crypto-gcm", rf"bear-.*:br_aes_{AES}_ctr_(init|run)$"),
    (r"core-crypto-ccm", rf"bear-.*:br_aes_{AES}_ctrcbc_(init|ctr|mac)$"),
    (r"core-crypto-cbc", rf"bear-.*:br_aes_{AES}_cbc(enc|dec)_(init|run)$"),
    (r"core-crypto-chachapoly", rf"bear-.*:br_(poly1305_{POLY1305}"
                                rf"|chacha20_{CHACHA20})_run$"),
    (r"bear-.*:br_poly1305_", rf"bear-.*:br_chacha20_{CHACHA20}_run$"),
    (r"core-crypto-kex", rf"bear-.*c25519_{CURVE}.*:api_mul$"),
]


def read(folders):
    frames, calls = {}, {}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).glob("*.ci")):
            text = path.read_text()
            for title, label in re.findall(
                    r'node: \{ title: "([^"]+)" label: "([^"]*)"', text):
                size = re.search(r"(\d+) bytes \((\w+)\)", label)
                if size:
                    frames[path.name, title] = int(size[1])
                    if size[2] not in ("static", "dynamic,bounded"):
                        sys.exit(f"stack: {title} has no fixed frame")
            for source, target in re.findall(
                    r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"',
                    text):
                calls.setdefault((path.name, source), set()).add(target)
    return frames, calls


def main():
    frames, calls = read(sys.argv[2:])
    by_name = {}
    for file, title in frames:
        by_name.setdefault(title.split(":")[-1], []).append((file, title))
    depth = {}

    def through_pointer(node):
        caller = f"{node[0]}:{node[1].split(':')[-1]}"
        for who, pattern in INDIRECT:
            if re.search(who, caller):
                break
        else:
            sys.exit(f"stack: what does {caller} call?")
        found = [(file, title) for file, title in frames if pattern and
                 re.search(pattern, f"{file}:{title.split(':')[-1]}")]
        if pattern and not found:
            sys.exit(f"stack: {caller} calls none of {pattern}")
        return found

    def targets(node):
        for target in calls.get(node, ()):
            if target == "__indirect_call":
                yield from through_pointer(node)
            elif (node[0], target) in frames:
                yield (node[0], target)
            else:
                yield from by_name.get(target.split(":")[-1], [])

    def deepest(node, path=()):
        if node in path:
            sys.exit(f"stack: {node[1]} is recursive")
        if node not in depth:
            below = [deepest(t, path + (node,)) for t in targets(node)]
            most = max(below, default=(0, ()))
            depth[node] = (frames[node] + most[0], (node,) + most[1])
        return depth[node]

    for name in ENTRIES:
        if name not in by_name:
            sys.exit(f"stack: no function {name}")
        octets, path = deepest(by_name[name][0])
        chain = " > ".join(n[1].split(":")[-1] for n in path[1:])
        print(f"  {name:24} {octets:5}  {chain}")


main()
