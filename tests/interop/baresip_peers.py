"""Who else is there in a test of baresip: Kamailio, and a SIP user agent that
answers with what it should not.
SPDX-License-Identifier: MIT"""

import os
import re
import signal
import socket
import subprocess
import threading

from baresip_phone import end_process

KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="  # RFC 7748 6.1, Alice's

# m= line and attributes of answers to an offer of UDP/ESP/RTP/AVP.
ANSWERS = {
    "in plain RTP": ("RTP/AVP", True, []),
    "without ESP lines": ("UDP/ESP/RTP/AVP", True, []),
    "with a wrong confirm": ("UDP/ESP/RTP/AVP", True, [
        "esp-crypto:1 AES_128_GCM_16 x25519:" + KEY,
        "esp:spi=c0000001;port=40000", "esp-confirm:" + 32 * "0"]),
    "with port 0": ("UDP/ESP/RTP/AVP", False, []),
}


class Kamailio:
    def __init__(self, work, port):
        self.port, self.dir = port, os.path.join(work, "kamailio")
        os.makedirs(self.dir)
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "kamailio.cfg")) as f:
            text = f.read().replace("PORT", str(port))
        path = os.path.join(self.dir, "kamailio.cfg")
        with open(path, "w") as f:
            f.write(text)
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            ["kamailio", "-f", path, "-DD", "-E", "-m", "32", "-M", "4",
             "-w", self.dir, "-Y", self.dir],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def workers(self):
        pid = self.process.pid
        try:
            with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                return [int(child) for child in f.read().split()]
        except OSError:
            return []

    def stop(self):
        """Now and then a worker misses that the main process ends."""
        workers = self.workers()
        end_process(self.process)
        for pid in workers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.log.close()


class Answerer:
    """Answers every INVITE with 200 and the body of ANSWERS, BYE with 200."""

    def __init__(self, port, media, answer):
        self.port, self.media, self.answer = port, media, answer
        self.seen = []
        self.open = True
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", port))
        self.sock.settimeout(0.2)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def body(self):
        proto, wanted, attributes = self.answer
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-",
                 "c=IN IP4 127.0.0.1", "t=0 0", "m=audio %d %s 0" % (
                     self.media if wanted else 0, proto)]
        return "".join(line + "\r\n" for line in lines + [
            "a=" + attribute for attribute in attributes])

    def run(self):
        while self.open:
            try:
                data, source = self.sock.recvfrom(65536)
            except socket.timeout:
                continue
            text = data.decode(errors="replace")
            method = text.split(" ", 1)[0]
            self.seen.append(method)
            if method not in ("INVITE", "BYE"):
                continue
            head = ["SIP/2.0 200 OK"]
            for line in text.split("\r\n\r\n")[0].split("\r\n")[1:]:
                if re.match("(Via|From|Call-ID|CSeq):", line):
                    head.append(line)
                elif line.startswith("To:"):
                    head.append(line + (
                        "" if ";tag=" in line else ";tag=stub"))
            body = self.body() if method == "INVITE" else ""
            head += ["Contact: <sip:stub@127.0.0.1:%d>" % self.port,
                     "Content-Type: application/sdp",
                     "Content-Length: %d" % len(body), "", body]
            self.sock.sendto("\r\n".join(head).encode(), source)

    def close(self):
        self.open = False
        self.thread.join()
        self.sock.close()
