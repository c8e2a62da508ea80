# SPDX-License-Identifier: MIT
"""SIP by hand over UDP for a test of sdesp ua call: somebody who is called, on one SIP port with
any number of branches, each with the independent peer's keys and an ESP port of its own."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from peer import Peer

SDESP = os.environ.get("SDESP", "build/sdesp")


def udp():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock


def header(message, name):
    found = re.search(r"(?im)^%s:\s*(.*?)\r$" % name, message)
    return found.group(1) if found else ""


class Branch:
    def __init__(self, tag):
        self.tag, self.sock = tag, udp()
        self.peer = Peer("127.0.0.1", self.sock.getsockname()[1])

    def answer(self, invite):
        """The SDP of an answer; each call makes new keys."""
        return self.peer.answer(invite.split("\r\n\r\n", 1)[1].encode()).decode()

    def hears(self, seconds=3):
        """The first packet that came opens with our keys."""
        self.sock.settimeout(seconds)
        try:
            self.peer.inbound.open(self.sock.recv(4096))
        except socket.timeout:
            return False
        return True

    def says(self):
        """A packet under our keys, which says nothing."""
        self.sock.sendto(self.peer.outbound.seal(59, b""), (
            str(self.peer.remote[0]), self.peer.remote[1]))


class Callee:
    """Who is called, and the program that calls."""

    def __init__(self, work):
        self.sip, self.requests = udp(), []
        self.out = open(os.path.join(work, "out"), "w+", encoding="ascii")
        self.status = os.path.join(work, "status")
        port = self.sip.getsockname()[1]
        self.phone = subprocess.Popen(
            [SDESP, "ua", "call", "--aor", "sip:phone@127.0.0.1", "--seconds", "50",
             "--status-socket", self.status, "sip:camera@127.0.0.1:%d" % port],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out)
        self.invite = self.wait("INVITE")

    def pump(self, seconds):
        self.sip.settimeout(seconds)
        try:
            data, self.source = self.sip.recvfrom(65536)
        except socket.timeout:
            return
        self.requests.append(data.decode())

    def of(self, method, tag=""):
        """The requests so far, of the dialog with this tag of ours."""
        return [r for r in self.requests if r.startswith(method + " ") and
                (not tag or header(r, "To").endswith(";tag=" + tag))]

    def wait(self, method, tag="", n=1, seconds=5):
        """The nth such request; None when it does not come."""
        end = time.monotonic() + seconds
        while len(self.of(method, tag)) < n and time.monotonic() < end:
            self.pump(0.1)
        found = self.of(method, tag)
        return found[n - 1] if len(found) >= n else None

    def settle(self, seconds=0.5):
        """Take whatever comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(0.1)

    def reply(self, request, status, tag="", body=""):
        to = header(request, "To")
        lines = ["SIP/2.0 " + status]
        lines += ["Via: " + v for v in re.findall(r"(?im)^Via:\s*(.*?)\r$", request)]
        lines += ["From: " + header(request, "From"),
                  "To: " + to + (";tag=" + tag if tag and ";tag=" not in to else ""),
                  "Call-ID: " + header(request, "Call-ID"), "CSeq: " + header(request, "CSeq"),
                  "Contact: <sip:camera@127.0.0.1:%d>" % self.sip.getsockname()[1]]
        if body:
            lines.append("Content-Type: application/sdp")
        lines += ["Content-Length: %d" % len(body), "", body]
        self.sip.sendto("\r\n".join(lines).encode(), self.source)

    def answer(self, status, branch, body):
        self.reply(self.invite, status, branch.tag, body)

    def text(self):
        with open(self.out.name, encoding="ascii") as file:
            return file.read()

    def sessions(self):
        out = subprocess.run([SDESP, "status", "--json", "--status-socket", self.status],
                             stdout=subprocess.PIPE, timeout=10, check=True).stdout
        return json.loads(out)["sessions"]

    def bye(self, tag):
        """BYE comes in this dialog, and is answered."""
        request = self.wait("BYE", tag)
        if request:
            self.reply(request, "200 OK")
        return bool(request)

    def hang_up(self):
        self.phone.send_signal(signal.SIGINT)

    def exit_code(self):
        return self.phone.wait(15)

    def close(self):
        if self.phone.poll() is None:
            self.phone.kill()
            self.phone.wait()
        self.sip.close()
        self.out.close()
