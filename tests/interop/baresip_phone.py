"""Debian's baresip as a test drives it: one process with a configuration of
its own, its control connection, what it recorded, and what passed between two
of them on the loopback interface.
SPDX-License-Identifier: MIT"""

import glob
import itertools
import json
import math
import operator
import os
import socket
import struct
import subprocess
import threading
import time
import wave

MODULES = "/usr/lib/baresip/modules"
RATE = 8000
SECONDS = 180
SLOPE = 15.0  # Hz a second: the frequency says where in the sound one is


def write_sound(path):
    """A slow chirp from 300 Hz."""
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(struct.pack("<%dh" % (RATE * SECONDS), *(
            int(9000 * math.sin(
                2 * math.pi * (300.0 * t + SLOPE / 2 * t * t)))
            for t in (n / RATE for n in range(RATE * SECONDS)))))


def read_samples(path):
    """Of a file that may still grow: its header counts for nothing."""
    with open(path, "rb") as f:
        data = f.read()[44:]
    return struct.unpack("<%dh" % (len(data) // 2), data[:len(data) & ~1])


def from_mu_law(octets):
    """G.711 to samples."""
    samples = []
    for octet in octets:
        octet ^= 0xff
        value = (((octet & 15) << 3) + 132 << (octet >> 4 & 7)) - 132
        samples.append(-value if octet & 128 else value)
    return samples


class Source:
    """The sound that is played, to find pieces of what was heard in it."""

    def __init__(self, path):
        self.samples = read_samples(path)
        self.energy = [0] + list(itertools.accumulate(
            x * x for x in self.samples))

    def find(self, heard):
        """The best normalised correlation with a quarter of a second of what
        was heard, and where that is, in seconds."""
        crossings = sum((a < 0) != (b < 0) for a, b in zip(heard, heard[1:]))
        pitch = crossings * RATE / len(heard) / 2
        about = int((pitch - 300.0) / SLOPE * RATE) - len(heard) // 2
        power = math.sqrt(sum(x * x for x in heard)) or 1.0
        best = (-1.0, 0)
        last = len(self.samples) - len(heard)
        for at in range(max(about - 1300, 0), min(about + 1300, last)):
            own = self.energy[at + len(heard)] - self.energy[at]
            part = self.samples[at:at + len(heard)]
            c = sum(map(operator.mul, heard, part)) / math.sqrt(own or 1)
            best = max(best, (c / power, at / RATE))
        return best


def end_process(process):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Phone:
    def __init__(self, work, name, base, module, sound=None, server=None,
                 config=(), wrapper=()):
        self.name, self.dir = name, os.path.join(work, name)
        self.sip, self.ctl, self.rtp = base, base + 5, base + 100
        self.uri = "sip:%s@127.0.0.1:%d" % (name, server or self.sip)
        self.events, self.replies, self.rest = [], [], b""
        self.process = self.sock = None
        self.wrapper = list(wrapper)
        modules = os.path.join(self.dir, "modules")
        self.sounds = os.path.join(self.dir, "sounds")
        os.makedirs(modules)
        os.makedirs(self.sounds)
        for path in glob.glob(MODULES + "/*.so"):
            os.symlink(path, os.path.join(modules, os.path.basename(path)))
        if module:
            os.symlink(os.path.abspath(module), modules + "/sdesp.so")
        # Without a sound of its own a phone sends back what it hears.
        source = "aufile,%s" % sound if sound else "aubridge,loop"
        lines = [
            "sip_listen 127.0.0.1:%d" % self.sip,
            "net_interface 127.0.0.1",
            "ctrl_tcp_listen 127.0.0.1:%d" % self.ctl,
            "rtp_ports %d-%d" % (self.rtp, self.rtp + 90),
            "module_path " + modules,
            "snd_path " + self.sounds,
            "audio_path /nonexistent",
            "audio_source " + source,
            "audio_player aubridge,loop",
            "audio_alert aubridge,alert",
            "ausrc_srate 8000", "auplay_srate 8000",
            "ausrc_channels 1", "auplay_channels 1", "rtp_stats yes",
            "audio_buffer 20-160",
            "module g711.so", "module aufile.so", "module aubridge.so",
            "module sndfile.so"]
        if module:
            lines += ["module sdesp.so", "sdesp_loopback yes"]
        lines += ["module_app account.so", "module_app menu.so",
                  "module_app ctrl_tcp.so"]
        self.write("config", lines + list(config))
        self.write("accounts", [
            "<%s>;answermode=auto;audio_codecs=PCMU/8000/1;regint=%d%s" % (
                self.uri, 60 if server else 0,
                ";mediaenc=sdesp" if module else "")])
        self.write("contacts", [])

    def write(self, name, lines):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write("".join(line + "\n" for line in lines))

    def start(self, env=None):
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            self.wrapper + ["baresip", "-f", self.dir],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=dict(os.environ, **(env or {})))
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.sock = socket.create_connection(
                    ("127.0.0.1", self.ctl), 1)
                self.command("reginfo")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("%s did not start:\n%s" % (self.name, self.text()))

    def text(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def pump(self, seconds):
        """Take what the control connection has (netstrings of JSON)."""
        self.sock.settimeout(max(seconds, 0.01))
        try:
            self.rest += self.sock.recv(65536)
        except socket.timeout:
            return
        while b":" in self.rest:
            size, data = self.rest.split(b":", 1)
            if len(data) < int(size) + 1:
                break
            message = json.loads(data[:int(size)])
            (self.events if "event" in message else self.replies).append(
                message)
            self.rest = data[int(size) + 1:]

    def command(self, command, params=None):
        """Its output, or None when it failed."""
        message = {"command": command}
        if params:
            message["params"] = params
        data = json.dumps(message).encode()
        self.sock.sendall(b"%d:%s," % (len(data), data))
        end = time.monotonic() + 20
        while not self.replies and time.monotonic() < end:
            self.pump(0.2)
        if not self.replies:
            raise SystemExit("%s: no reply to %s" % (self.name, command))
        reply = self.replies.pop(0)
        return reply["data"] if reply["ok"] else None

    def wait(self, kind, seconds=20):
        """The next event of a kind, or None."""
        end = time.monotonic() + seconds
        while True:
            while self.events:
                event = self.events.pop(0)
                if event["type"] == kind:
                    return event
            if time.monotonic() >= end:
                return None
            self.pump(0.2)

    def sockets(self):
        """How many sockets the process has."""
        base = "/proc/%d/fd/" % self.process.pid
        n = 0
        for fd in os.listdir(base):
            try:
                n += os.readlink(base + fd).startswith("socket:")
            except FileNotFoundError:
                pass
        return n

    def heard(self):
        samples = ()
        for path in sorted(glob.glob(self.sounds + "/*-dec.wav")):
            samples += read_samples(path)
        return samples

    def stop(self):
        if self.process is None:
            return
        end_process(self.process)
        if self.sock:
            self.sock.close()
        self.log.close()


class Capture:
    """Every UDP datagram from or to some ports of the loopback interface."""

    def __init__(self, lo, hi):
        self.lo, self.hi, self.seen, self.open = lo, hi, [], True
        self.sock = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind(("lo", 0))
        self.sock.settimeout(0.2)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.open:
            try:
                frame, address = self.sock.recvfrom(65536)
            except socket.timeout:
                continue
            if address[2] == socket.PACKET_OUTGOING or frame[23] != 17:
                continue
            at = 14 + (frame[14] & 15) * 4
            sport, dport = struct.unpack_from("!HH", frame, at)
            if self.lo <= sport < self.hi or self.lo <= dport < self.hi:
                self.seen.append((sport, dport, frame[at + 8:], frame))

    def close(self):
        self.open = False
        self.thread.join()
        self.sock.close()

    def write(self, path):
        """As a pcap file, with port 4500 outside: tshark takes the ports of
        the streams, which are the same inside, for what they carry."""
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for n, (_, _, data, frame) in enumerate(self.seen):
                at = len(frame) - len(data) - 8
                frame = (frame[:at] + struct.pack("!HH", 4500, 4500) +
                         frame[at + 4:at + 6] + b"\0\0" + data)
                f.write(struct.pack("<IIII", n, 0, len(frame), len(frame)))
                f.write(frame)
