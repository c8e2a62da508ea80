#!/usr/bin/python3
"""Deepest stack below each public call, from gcc's call graphs (.ci files).

usage: stack.py FOLDER...

Calls through a class or function pointer are followed to the functions that
can stand there: see INDIRECT. A frame without a fixed size, or recursion, is
an error: then there is no deepest stack.
SPDX-License-Identifier: MIT
"""
import pathlib
import re
import sys

ENTRIES = """sdesp_session_offer sdesp_session_answer sdesp_session_accept
sdesp_session_tick sdesp_session_close sdesp_sdp_find sdesp_esp_tx_init
sdesp_esp_seal sdesp_esp_open sdesp_udp_input sdesp_udp_send""".split()

# Who calls through pointers (a part of the file's name) -> what may be there,
# as file and function.
KEYING = r"core-crypto-kex.*:(hash|hkdf|x25519)_?\w*$"
BACKEND = r"backends-udp-backend.*:udp_\w+$"
INDIRECT = [
    ("core-esp", r"core-crypto-bearssl.*:bearssl_\w+$"),
    ("core-crypto-bearssl", r"core-crypto.*:(gcm|chachapoly|ccm|cbc|null)"
                            r"_(init|seal|open)$"),
    ("core-crypto-kex", r"bear-ec_c25519_m31.*:api_mul\w*$"),
    ("core-crypto", r"bear-.*:br_(aes_ct\w*_(run|init|encrypt|decrypt|ctr|mac)"
                    r"|ghash_ctmul\w*|chacha20_ct_run|poly1305_ctmul\w*_run)$"),
    ("core-attr-desc", r"core-attr-desc.*:take_\w+$"),
    ("core-attr-crypto", r"core-attr-crypto.*:read_\w+$"),
    ("core-attr", KEYING),
    ("core-nego", KEYING),
    ("core-session", KEYING + "|" + BACKEND),
    ("core-sa", BACKEND),
    ("bear-", r"bear-.*:br_(sha(224|256)_(update|init|out|state|set_state)"
              r"|chacha20_ct_run)$"),
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
    frames, calls = read(sys.argv[1:])
    by_name = {}
    for file, title in frames:
        by_name.setdefault(title.split(":")[-1], []).append((file, title))
    depth = {}

    def targets(node):
        for target in calls.get(node, ()):
            if target == "__indirect_call":
                for part, pattern in INDIRECT:
                    if part in node[0]:
                        for file, title in frames:
                            name = title.split(":")[-1]
                            if re.search(pattern, f"{file}:{name}"):
                                yield (file, title)
                        break
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
