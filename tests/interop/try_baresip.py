"""Calls between Debian's baresip, with sdesp.so: see test_baresip.sh.
SPDX-License-Identifier: MIT"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from baresip_peers import ANSWERS, Answerer, Kamailio
from baresip_phone import (RATE, Capture, Phone, correlate, from_mu_law,
                           read_samples, write_sound)

MODULE = os.environ["SDESP_BARESIP_MODULE"]
BASE = 21000 + os.getpid() % 18 * 600  # below the ephemeral ports
SPIS = re.compile(r"SPI in ([0-9a-f]{8}) out ([0-9a-f]{8})(, on hold)?")
passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAIL %s: %s" % (name, detail))
    return ok


def spis(phone):
    """(in, out, on hold) of its stream; None without ESP."""
    found = SPIS.search(phone.command("sdesp") or "")
    return found and (found[1], found[2], bool(found[3]))


def until(what, seconds=15):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def in_step(a, b):
    """Each sends on what the other receives on, and nothing else."""
    one, other = spis(a), spis(b)
    return one and other and one[:2] == (other[1], other[0])


def rate(name, where, source, pieces, least):
    best = [correlate(source, piece) for piece in pieces]
    print("%s: %s: correlation with the source %s at %s s" % (
        name, where, " ".join("%.3f" % c for c, _ in best),
        " ".join("%.2f" % at for _, at in best)))
    check("%s: %s" % (name, where), best and min(best)[0] >= least, best)


def opened(phone):
    found = re.search(r"opened (\d+)", phone.command("sdesp") or "")
    return int(found[1]) if found else 0


def listen(name, a, b, source, capture):
    """What b hears is what a plays, and a hears it back. Returns where the
    capture ends. (Which packets were whose is looked at later.)"""
    before = len(b.heard())
    check(name + ": audio arrives", until(
        lambda: len(b.heard()) >= before + 3 * RATE))
    for phone, least in ((b, 0.95), (a, 0.7)):
        heard = phone.heard()
        rate(name, "%s hears" % phone.name, source,
             [heard[-n - 4000:-n] for n in (8001, 4001, 1)], least)
    return len(capture.seen)


def listen_after_hold(name, b, capture):
    """This version's filters, which record, and its bridge, which sends
    back, do not outlive a hold, with media encryption or without: RTP does."""
    before = opened(b)
    check(name + ": packets arrive", until(lambda: opened(b) > before + 150))
    return len(capture.seen)


def new_keys(name, phone, a, b):
    old = spis(a)
    phone.command("sdesp_rekey")
    check(name + ": new keys at both ends", until(
        lambda: in_step(a, b) and spis(a)[0] != old[0]), (old, spis(a)))


def hold(name, a, b, capture):
    was = spis(a)
    check(name + ": hold", a.command("hold") is not None)
    check(name + ": the held end knows",
          until(lambda: (spis(b) or (0, 0, 0))[2]))
    time.sleep(1)
    count, heard = len(capture.seen), len(b.heard())
    time.sleep(2)
    check(name + ": silence on hold", len(b.heard()) == heard and
          len(capture.seen) - count < 10, len(capture.seen) - count)
    check(name + ": keys stay on hold", spis(a)[:2] == was[:2])
    check(name + ": resume", a.command("resume") is not None)
    check(name + ": off hold", until(lambda: not spis(b)[2]))
    check(name + ": keys stay", spis(a)[:2] == was[:2])


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
    """What tshark finds inside: (frame, SPI, payload of RTP), and how many
    RTCP packets. None without tshark."""
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
    rtp, rtcp = [], 0
    for line in out.stdout.decode().splitlines():
        number, spi, kind, payload, control = line.split(";")
        if control:
            rtcp += 1
        elif kind == "0":
            rtp.append((int(number), spi, bytes.fromhex(
                payload.replace(":", ""))))
    return rtp, rtcp


def inside(name, decoded, phases, source):
    """In each phase what a sent, taken out of ESP by tshark, is the source.
    phases: name, b's SPI, where in the capture it ends."""
    rtp, rtcp = decoded
    print("%s: tshark finds inside: RTP %d, RTCP %d" % (name, len(rtp), rtcp))
    check(name + ": RTP and RTCP inside", len(rtp) > 500 and rtcp > 2)
    for phase, spi, end in phases:
        mine = [data for number, of, data in rtp
                if number <= end and of == "0x" + spi][-75:]
        samples = from_mu_law(b"".join(mine))
        rate(phase, "inside ESP", source,
             [samples[n:n + 4000] for n in range(0, len(samples), 4000)],
             0.95)


def start(phones, server, env):
    """Both run, and are registered where there is a server."""
    for phone in phones:
        phone.start(env)
    for phone in phones:
        if server:
            check("%s is registered" % phone.name, until(
                lambda p=phone: "OK" in (p.command("reginfo") or "")))


def dial(name, a, b):
    a.command("dial", b.uri)
    up = check(name + ": established", a.wait("CALL_ESTABLISHED") and
               b.wait("CALL_ESTABLISHED"), a.text())
    event = up and a.wait("CALL_MENC")
    check(name + ": the call display says so",
          event and event["param"] == "0,audio,ESP,AES_128_GCM_16", event)
    return up and check(name + ": ESP", until(lambda: in_step(a, b)))


def conversation(name, work, base, sound, server=None):
    env = {"SDESP_KEYLOGFILE": os.path.join(work, name + ".keys")}
    known, phases, source = set(), [], read_samples(sound)
    work = tempfile.mkdtemp(dir=work)
    a = Phone(work, "a", base, MODULE, sound, server)
    b = Phone(work, "b", base + 20, MODULE, None, server)
    capture = Capture(base + 100, base + 300)

    def phase(what, end):
        known.update(int(x, 16) for x in spis(a)[:2])
        phases.append((name + ", " + what, spis(b)[0], end))

    def heard(what):
        phase(what, listen(name + ", " + what, a, b, source, capture))

    try:
        start((a, b), server, env)
        before = [a.sockets(), b.sockets()]
        if not dial(name, a, b):
            return
        heard("first keys")
        new_keys(name + ", rekey by the caller", a, a, b)
        heard("second keys")
        new_keys(name + ", rekey by the called", b, a, b)
        heard("third keys")
        hold(name, a, b, capture)
        phase("resumed", listen_after_hold(name + ", resumed", b, capture))
        new_keys(name + ", rekey after the hold", a, a, b)
        phase("fourth keys", listen_after_hold(
            name + ", fourth keys", b, capture))
        a.command("hangup")
        check(name + ": b hears of the end", b.wait("CALL_CLOSED"))
        check(name + ": nothing is left", until(lambda: before == [
            a.sockets(), b.sockets()] and not a.command("sdesp") and
            not b.command("sdesp")), (before, a.sockets(), b.sockets()))
        esp_only(name, capture, known)
        decoded = decode(
            name, work + "/shark", capture, env["SDESP_KEYLOGFILE"])
        if decoded:
            inside(name, decoded, phases, source)
        lost = re.findall(r"packets: +(\d+) +(\d+)", a.text() + b.text())
        print("%s: RTP sent and received, by baresip: a %s, b %s" % (
            (name,) + tuple(" ".join(x) for x in lost)))
        check(name + ": no RTP is lost", len(lost) == 2 and
              lost[0] == lost[1][::-1], lost)
    finally:
        a.stop()
        b.stop()
        capture.close()


def vanished(name, work, base, sound):
    """The peer dies without BYE: rtp_timeout ends the call."""
    work = tempfile.mkdtemp(dir=work)
    a = Phone(work, "a", base, MODULE, sound, config=["rtp_timeout 4"])
    b = Phone(work, "b", base + 20, MODULE)
    try:
        start((a, b), None, {})
        before = a.sockets()
        if dial(name, a, b):
            time.sleep(1)
            b.process.kill()
            check(name + ": the call ends", a.wait("CALL_CLOSED", 20))
            check(name + ": nothing is left", until(
                lambda: a.sockets() <= before and not a.command("sdesp")),
                (before, a.sockets()))
    finally:
        a.stop()
        b.stop()


def refused(name, work, base, sound, caller_has, called_has):
    """One end has no sdesp.so: no call, not a packet."""
    work = tempfile.mkdtemp(dir=work)
    a = Phone(work, "a", base, caller_has, sound)
    b = Phone(work, "b", base + 20, called_has)
    capture = Capture(base + 100, base + 300)
    try:
        start((a, b), None, {})
        a.command("dial", b.uri)
        closed = a.wait("CALL_CLOSED", 20)
        print("%s: %s" % (name, closed and closed["param"]))
        check(name, closed and "488" in closed["param"], closed)
        time.sleep(1)
        check(name + ": not a packet", not capture.seen, capture.seen[:3])
    finally:
        a.stop()
        b.stop()
        capture.close()


def deceived(name, work, base, sound, answer):
    """A peer that says 200 but not ESP: ACK, BYE, not a packet."""
    work = tempfile.mkdtemp(dir=work)
    a = Phone(work, "a", base, MODULE, sound)
    stub = Answerer(base + 40, base + 200, answer)
    capture = Capture(base + 100, base + 300)
    try:
        start((a,), None, {})
        before = a.sockets()
        a.command("dial", "sip:stub@127.0.0.1:%d" % (base + 40))
        closed = a.wait("CALL_CLOSED", 20)
        print("%s: %s" % (name, closed and closed["param"]))
        check(name + ": the reason is told",
              closed and len(closed["param"]) > 20, closed)
        check(name + ": ACK and BYE", until(
            lambda: stub.seen[:1] == ["INVITE"] and "ACK" in stub.seen and
            "BYE" in stub.seen), stub.seen)
        check(name + ": nothing is left", until(
            lambda: a.sockets() <= before and not a.command("sdesp")))
        check(name + ": not a packet", not capture.seen, capture.seen[:3])
    finally:
        a.stop()
        stub.close()
        capture.close()


def main():
    work = tempfile.mkdtemp()
    sound = os.path.join(work, "sound.wav")
    server = None
    try:
        write_sound(sound)
        conversation("direct", work, BASE, sound)
        server = Kamailio(work, BASE + 60)
        conversation("kamailio", work, BASE, sound, server.port)
        vanished("peer killed", work, BASE, sound)
        refused("called without sdesp.so", work, BASE, sound, MODULE, None)
        refused("caller without sdesp.so", work, BASE, sound, None, MODULE)
        for name, answer in ANSWERS.items():
            deceived("answer " + name, work, BASE, sound, answer)
    finally:
        if server:
            server.stop()
        if os.environ.get("KEEP"):
            print("kept: " + work)
        else:
            shutil.rmtree(work)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
