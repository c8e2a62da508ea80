"""SIPp scenarios for the tests of sdesp ua: scenario.py NAME [LINES] prints one.
LINES is a media section to be refused, with | between its lines.

Fields of the CSV file (-inf): 0 SPI, 1 key, 2 and 3 those of a rekey. Keys of
the command line (-key): ua PID, the process that SIGUSR1 makes rekey; web PORT,
what it exposes; reason, a regular expression for the Warning.
SPDX-License-Identifier: MIT"""
import sys

HEADERS = """From: <sip:sipp@[local_ip]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
"""
COPIED = """[last_Via:]
[last_From:]
[last_To:]{to}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
"""


def kept(method):
    """The same of a request that keep() took, when others have come since."""
    text = COPIED
    for name in ("Via", "To", "CSeq"):
        text = text.replace("[last_%s:]" % name, "%s:[$%s%s]" % (
            name, method, name))
    return text


SDP = """v=0
o=sipp 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
{section}
"""
SECTION = """m=application 9999 UDP/ESP transport
a=esp-crypto:1 AES_128_GCM_16 x25519:{key}
a=esp:spi={spi}
a=esp-ts:{ts}"""
OFFER = SECTION.format(key="[field1]", spi="[field0]", ts="6 self any peer [web]")
GIVEN = "\n".join(sys.argv[2].split("|")) if len(sys.argv) > 2 else ""
REKEY = SECTION.format(key="[field3]", spi="[field2]",
                       ts="6 self any peer [web]")


def send(text, body, how=""):
    if body:
        text += "Content-Type: application/sdp\n"
    text += "Content-Length: [len]\n\n" + body
    return "<send%s><![CDATA[\n%s]]></send>" % (how, text)


def request(method, cseq, section="", how="", new=False, branch="[branch]"):
    """new: no dialog yet."""
    start = ("%s sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
             "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=%s\n"
             % (method, branch))
    start += HEADERS.format(method=method, cseq=cseq,
                            to="" if new else "[peer_tag_param]")
    body = section and SDP.format(version=cseq, section=section)
    if method != "ACK":
        how += ' retrans="500"'
    return send(start, body, how)


def response(status, section="", new=True, headers=COPIED, branch="u"):
    """new: the To header has no tag yet; it gets one of this branch."""
    start = "SIP/2.0 %s\n" % status
    start += headers.format(to=";tag=[pid]%s[call_number]" % branch if new else "")
    return send(start, section and SDP.format(version=1, section=section))


def expect(what, number, more=""):
    return '<recv %s="%s" %s/>' % (what, number, more)


def maybe(number):
    return expect("response", number, 'optional="true" ')


def pause(ms=None):
    return "<pause%s/>" % (' milliseconds="%d"' % ms if ms else "")


PROVISIONAL = [maybe(100), maybe(180)]
REKEY_NOW = ['<nop><action><exec command="kill -USR1 [ua]"/></action></nop>',
             expect("request", "INVITE")]
WARNED = """<recv response="488"><action>
<ereg regexp="[0-9]+ [^ ]+ .*[reason]" search_in="hdr" header="Warning:"
 check_it="true" assign_to="why"/>
<log message="[$why]"/></action></recv>"""


def invite(section=OFFER):
    return [request("INVITE", 1, section, ' start_rtd="1"', new=True)]


def up(before=()):
    return invite() + PROVISIONAL + [
        expect("response", 200, 'rtd="1" ')] + list(before) + [
        request("ACK", 1)]


def down(cseq):
    return [request("BYE", cseq), expect("response", 200)]


def called(*answers):
    """We are called: ringing, then these."""
    return [expect("request", "INVITE"), response("180 Ringing")] + [
        response("200 OK", **answer) for answer in answers]


def keep(method):
    return '<recv request="%s"><action>%s</action></recv>' % (method, "".join(
        '<ereg regexp=".*" search_in="hdr" header="%s:" assign_to="%s%s"/>'
        % (name, method, name) for name in ("Via", "To", "CSeq")))


def hung_up():
    return [expect("request", "BYE"), response("200 OK", new=False)]


def answer_and_answer(branch):
    """Two wrong answers, the second from a branch; then BYE is answered."""
    return [keep("INVITE"), response("180 Ringing"),
            response("200 OK", GIVEN, headers=kept("INVITE")),
            expect("request", "ACK"), keep("BYE"),
            response("200 OK", GIVEN, headers=kept("INVITE"), branch=branch),
            expect("request", "ACK")] + hung_up() * (branch != "u") + [
                response("200 OK", new=False, headers=kept("BYE"))]


SCENARIOS = {
    # The other end listens.
    "call": up() + [pause()] + down(2),
    "refused": [request("INVITE", 1, GIVEN, new=True)] + PROVISIONAL + [WARNED, request("ACK", 1)],
    "late-ack": up([pause(2500)]) + [pause(500)] + down(2),
    "no-ack": invite() + PROVISIONAL + [
        expect("response", 200, 'rtd="1" '),
        '<label id="1"/>', expect("response", 200, 'optional="true" next="1" '),
        expect("request", "BYE", 'timeout="45000" '),
        response("200 OK", new=False)],
    # Both ends rekey at once.
    "glare": up() + [pause(300)] + REKEY_NOW + [
        request("INVITE", 2, REKEY), maybe(100), expect("response", 491),
        request("ACK", 2)] + down(3),
    "bye-in-rekey": up() + [pause(300)] + REKEY_NOW + down(2),
    # The other end calls.
    "answer": called({"section": GIVEN}) + [
        expect("request", "ACK")] + hung_up(),
    "answer-twice": answer_and_answer("u"),
    "answer-fork": answer_and_answer("v"),
    "late-answer": [keep("INVITE"), response("180 Ringing"),
                    expect("request", "CANCEL"), response("200 OK"),
                    response("200 OK", GIVEN, headers=kept("INVITE")),
                    expect("request", "ACK")] + hung_up(),
}
XML = '<?xml version="1.0" encoding="US-ASCII"?>\n<scenario name="%s">\n%s\n</scenario>'

if len(sys.argv) < 2 or sys.argv[1] not in SCENARIOS:
    sys.exit("scenario.py " + "|".join(SCENARIOS))
print(XML % (sys.argv[1], "\n".join(SCENARIOS[sys.argv[1]])))
