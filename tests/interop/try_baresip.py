"""Calls between Debian's baresip, with sdesp.so: see test_baresip.sh.
SPDX-License-Identifier: MIT"""

import os
import re
import shutil
import sys
import tempfile
import time

import baresip_judge as judge
from baresip_judge import check, until
from baresip_peers import ANSWERS, Answerer, Kamailio
from baresip_phone import RATE, Capture, Phone, Source, write_sound

MODULE = os.environ["SDESP_BARESIP_MODULE"]
PORTS = 600
SPIS = re.compile(r"SPI in ([0-9a-f]{8}) out ([0-9a-f]{8})(, on hold)?")


def free_ports():
    """The first of ports below the ephemeral ones that nobody has: what is
    captured must be ours."""
    used = set()
    for kind in ("udp", "tcp"):
        with open("/proc/net/" + kind) as f:
            used.update(int(line.split()[1].split(":")[1], 16)
                        for line in f.readlines()[1:])
    for n in range(18):
        base = 21000 + (os.getpid() + n) % 18 * PORTS
        if not used.intersection(range(base, base + PORTS)):
            return base
    raise SystemExit("no %d free ports in a row" % PORTS)


def spis(phone):
    """(in, out, on hold) of its stream; None without ESP."""
    found = SPIS.search(phone.command("sdesp") or "")
    return found and (found[1], found[2], bool(found[3]))


def in_step(a, b):
    """Each sends on what the other receives on, and nothing else."""
    one, other = spis(a), spis(b)
    return one and other and one[:2] == (other[1], other[0])


def opened(phone):
    found = re.search(r"opened (\d+)", phone.command("sdesp") or "")
    return int(found[1]) if found else 0


def listen(name, a, b, source, capture):
    """What b hears is what a plays, and a hears it back: three seconds of it,
    at the fifth try where the machine stalls. Returns where the capture ends.
    (Which packets were whose is looked at later.)"""
    ends = ((b, 0.95), (a, 0.7))
    heard = {}
    for _ in range(5):
        before = len(b.heard())
        if not until(lambda: len(b.heard()) >= before + 3 * RATE):
            continue
        for phone, least in ends:
            if not heard.get(phone):
                heard[phone] = judge.hear(
                    "%s: %s hears" % (name, phone.name), source,
                    phone.heard()[-3 * RATE:], least)
        if all(heard.get(phone) for phone, _ in ends):
            break
        print("%s: the machine stalls: listening again" % name)
    for phone, _ in ends:
        check("%s: %s hears" % (name, phone.name), heard.get(phone))
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


def both_rekey(name, a, b):
    """Re-INVITEs that cross: neither end is left without keys in common."""
    old = spis(a)
    a.command("sdesp_rekey")
    b.command("sdesp_rekey")
    check(name + ": new keys at both ends", until(
        lambda: spis(a)[0] != old[0] and in_step(a, b)), (old, spis(a)))
    time.sleep(6)  # what the other end still wanted
    check(name + ": still in step", until(lambda: in_step(a, b)))


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


def start(phones, server, env):
    """Both run, and are registered where there is a server."""
    for phone in phones:
        phone.start(env)
    for phone in phones:
        if server:
            check("%s is registered" % phone.name, until(
                lambda p=phone: "OK" in (p.command("reginfo") or "")))


def dial(name, a, b, shown="0,audio,ESP,AES_128_GCM_16"):
    a.command("dial", b.uri)
    up = check(name + ": established", a.wait("CALL_ESTABLISHED") and
               b.wait("CALL_ESTABLISHED"), a.text())
    event = up and a.wait("CALL_MENC")
    check(name + ": the call display says so",
          event and event["param"] == shown, event)
    return up and check(name + ": ESP", until(lambda: in_step(a, b)))


def shared_key(work):
    """Configurations of two phones that hold a key in common."""
    configs = []
    for own, peer in ("ab", "ba"):
        path = os.path.join(work, "psk." + own)
        with open(path, "w") as f:
            f.write("# token key own peer\nlab-1 %s %s %s\n" % (
                32 * "5a", own, peer))
        os.chmod(path, 0o600)
        configs.append(["sdesp_psk_file " + path,
                        "sdesp_suites AES_256_GCM_16,CHACHA20_POLY1305"])
    return configs


def conversation(name, work, base, sound, server=None, configs=((), ()),
                 suite="AES_128_GCM_16"):
    env = {"SDESP_KEYLOGFILE": os.path.join(work, name + ".keys")}
    known, phases, source = set(), [], Source(sound)
    work = tempfile.mkdtemp(dir=work)
    a = Phone(work, "a", base, MODULE, sound, server, configs[0])
    b = Phone(work, "b", base + 20, MODULE, None, server, configs[1])
    capture = Capture(base + 100, base + 300)

    def phase(what, end):
        phases.append((name + ", " + what, spis(b)[0], end))

    def heard(what):
        phase(what, listen(name + ", " + what, a, b, source, capture))

    try:
        start((a, b), server, env)
        before = [a.sockets(), b.sockets()]
        if not dial(name, a, b, "0,audio,ESP," + suite):
            return
        check(name + ": status", suite + (
            ", PSK" if configs[0] else ", SPI") in a.command("sdesp"))
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
        if not server:
            both_rekey(name + ", rekeys that cross", a, b)
        a.command("hangup")
        check(name + ": b hears of the end", b.wait("CALL_CLOSED"))
        check(name + ": nothing is left", until(lambda: before == [
            a.sockets(), b.sockets()] and not a.command("sdesp") and
            not b.command("sdesp")), (before, a.sockets(), b.sockets()))
        known.update(int(x, 16) for pair in re.findall(
            r"SPI in (\w{8}), out (\w{8})", a.text() + b.text())
            for x in pair)
        judge.esp_only(name, capture, known)
        decoded = judge.decode(
            name, work + "/shark", capture, env["SDESP_KEYLOGFILE"])
        if decoded:
            judge.inside(name, decoded, phases, source)
        count = [int(n) for phone in (a, b) for pair in re.findall(
            r"packets: +(\d+) +(\d+)", phone.text()) for n in pair]
        print("%s: RTP sent and received, by baresip: a %d %d, b %d %d" % (
            (name,) + tuple(count)))
        # BYE may overtake the last ones.
        check(name + ": no RTP is lost", abs(count[0] - count[3]) < 3 and
              abs(count[1] - count[2]) < 3, count)
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


def misconfigured(name, work, base, sound):
    """What is written wrong makes no call, rather than one in the clear."""
    work = tempfile.mkdtemp(dir=work)
    open_to_all = os.path.join(work, "psk")
    with open(open_to_all, "w") as f:
        f.write("lab-1 %s a b\n" % (32 * "5a"))
    os.chmod(open_to_all, 0o644)
    for n, line in enumerate(("sdesp_suites ROT13",
                              "sdesp_psk_file " + open_to_all,
                              "sdesp_psk_file /nonexistent")):
        a = Phone(work, "a%d" % n, base, MODULE, sound, config=[line])
        try:
            a.start()
            check("%s: %s" % (name, line), a.command(
                "dial", "sip:b@127.0.0.1:%d" % (base + 20)) is None and
                "no calls with mediaenc=sdesp" in a.text(), a.text())
        finally:
            a.stop()


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
    base = free_ports()
    try:
        write_sound(sound)
        conversation("direct", work, base, sound)
        server = Kamailio(work, base + 60)
        conversation("kamailio", work, base, sound, server.port,
                     shared_key(work), "AES_256_GCM_16")
        vanished("peer killed", work, base, sound)
        misconfigured("configuration refused", work, base, sound)
        refused("called without sdesp.so", work, base, sound, MODULE, None)
        refused("caller without sdesp.so", work, base, sound, None, MODULE)
        for name, answer in ANSWERS.items():
            deceived("answer " + name, work, base, sound, answer)
    finally:
        if server:
            server.stop()
        if os.environ.get("KEEP"):
            print("kept: " + work)
        else:
            shutil.rmtree(work)
    print("%d passed, %d failed" % (judge.passed, judge.failed))
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main())
