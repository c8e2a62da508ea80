"""What is held against a call of two baresip: what was heard, what was on the
wire, what tshark finds inside it.
SPDX-License-Identifier: MIT"""

import os
import shutil
import subprocess
import time

from baresip_phone import correlate, from_mu_law

passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAIL %s: %s" % (name, detail))
    return ok


def until(what, seconds=15):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def rate(name, where, source, pieces, least):
    best = [correlate(source, piece) for piece in pieces]
    print("%s: %s: correlation with the source %s at %s s" % (
        name, where, " ".join("%.3f" % c for c, _ in best),
        " ".join("%.2f" % at for _, at in best)))
    # A phone that runs late plays a gap of its own making: in one piece of
    # three that is none of ours.
    check("%s: %s" % (name, where),
          len(best) == 3 and sorted(best)[1][0] >= least, best)


def esp_only(name, capture, known):
    """Every datagram is ESP of a known SPI between the two RTP ports."""
    ports, bad, n = set(), [], 0
    for sport, dport, data, _ in capture.seen:
        if data == b"\xff":
            continue
        if int.from_bytes(data[:4], "big") in known:
            n += 1
        else:
            bad.append((sport, dport, data[:16].hex()))
        ports.update((sport, dport))
    print("%s: captured %d ESP packets between ports %s, %d others" % (
        name, n, sorted(ports), len(bad)))
    check(name + ": ESP only", n > 500 and not bad, bad[:3])
    check(name + ": one port an end", len(ports) == 2 and
          all(p % 2 == 0 for p in ports), ports)


def decode(name, work, capture, keys):
    """What tshark finds inside: (frame, SPI, payload of RTP), and the types
    of RTCP packets. None without tshark."""
    if shutil.which("tshark") is None:
        print("%s: no tshark: nobody else looks inside" % name)
        return None
    os.makedirs(work)
    shutil.copy(keys, os.path.join(work, "esp_sa"))
    capture.write(os.path.join(work, "pcap"))
    fields = ["frame.number", "esp.spi", "rtp.p_type", "rtp.payload",
              "rtcp.pt"]
    out = subprocess.run(
        ["tshark", "-r", os.path.join(work, "pcap"), "-T", "fields",
         "-E", "separator=;", "--enable-heuristic", "rtp_udp",
         "--enable-heuristic", "rtcp_udp",
         "-o", "esp.enable_encryption_decode:TRUE",
         "-o", "esp.enable_authentication_check:TRUE"] +
        [x for field in fields for x in ("-e", field)],
        env=dict(os.environ, WIRESHARK_CONFIG_DIR=work), timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    rtp, rtcp = [], []
    for line in out.stdout.decode().splitlines():
        number, spi, kind, payload, control = line.split(";")
        if control:
            rtcp += control.split(",")
        elif kind == "0":
            rtp.append((int(number), spi, bytes.fromhex(
                payload.replace(":", ""))))
    return rtp, rtcp


def inside(name, decoded, phases, source):
    """In each phase what a sent, taken out of ESP by tshark, is the source.
    phases: name, b's SPI, where in the capture it ends."""
    rtp, rtcp = decoded
    print("%s: tshark finds inside: RTP %d, RTCP %d" % (
        name, len(rtp), len(rtcp)))
    check(name + ": RTP and RTCP inside", len(rtp) > 500 and
          {"200", "202"} <= set(rtcp), rtcp)
    check(name + ": the last RTCP BYE too", "203" in rtcp, rtcp)
    for phase, spi, end in phases:
        mine = [data for number, of, data in rtp
                if number <= end and of == "0x" + spi][-75:]
        samples = from_mu_law(b"".join(mine))
        rate(phase, "inside ESP", source,
             [samples[n:n + 4000] for n in range(0, len(samples), 4000)],
             0.95)
