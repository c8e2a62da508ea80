"""What is held against a call of two baresip: what was heard, what was on the
wire, what tshark finds inside it.
SPDX-License-Identifier: MIT"""

import os
import shutil
import statistics
import subprocess
import time

from baresip_phone import RATE, from_mu_law

PIECE, PIECES = RATE // 4, 12  # samples; of three seconds

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


def hear(where, source, samples, least):
    """Three seconds in pieces of a quarter: 1 when two thirds of them are in
    the source, in its order. A phone or a tshark that runs late has gaps of
    its own making, each of which costs a piece or two."""
    found = [source.find(samples[n:n + PIECE])
             for n in range(0, len(samples) - PIECE + 1, PIECE)]
    good = [at for c, at in found if c >= least]
    print("%s: of %d pieces %d correlate with the source by %.2f or more "
          "(median %.3f), at %.2f to %.2f s" % (
              where, len(found), len(good), least,
              statistics.median(c for c, _ in found) if found else 0,
              *(good[::max(len(good) - 1, 1)] + [0, 0])[:2]))
    return (len(found) == PIECES and 3 * len(good) >= 2 * PIECES and
            good == sorted(good))


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
                if number <= end and of == "0x" + spi]
        samples = from_mu_law(b"".join(mine))[-PIECES * PIECE:]
        check(phase + ": inside ESP", hear(
            phase + ": inside ESP", source, samples, 0.95))
