#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Duplicated and forked answers to sdesp ua call (SPEC.md 10.1), each with its result."""
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
try:
    from callee import Branch, Callee
except ImportError as error:
    if not (error.name or "").startswith("cryptography"):
        raise
    print("SKIP: python3-cryptography is missing")
    sys.exit(77)

passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("%s %s%s" % ("PASS" if ok else "FAIL", name, "" if ok else ": %s" % (detail,)))


def wait_until(what, seconds=5):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


def wrong(body):
    """The same answer with another confirmation."""
    return re.sub(r"(a=esp-confirm:)(.)", lambda m: m[1] + "10"[m[2] == "1"], body)


def pair_is(callee, branch):
    """One session with one pair, which is this branch's."""
    sessions = callee.sessions()
    return len(sessions) == 1 and {(sa["direction"], sa["spi"]) for sa in sessions[0]["sas"]} == {
        ("out", branch.peer.inbound.spi.hex()), ("in", branch.peer.outbound.spi.hex())}


def forgeries(callee):
    return [sa["forgeries"] for sa in callee.sessions()[0]["sas"] if sa["direction"] == "in"][0]


def received(callee):
    return [sa["packets"] for sa in callee.sessions()[0]["sas"] if sa["direction"] == "in"][0]


def up_with(callee, winner, loser=None):
    """The call is up with the winner's keys, and no packet of a loser is taken."""
    check("up with the winner's pair alone", wait_until(lambda: pair_is(callee, winner)),
          callee.sessions())
    check("it opens what comes", winner.hears())
    if loser:
        loser.says()
        check("what the loser sends is refused", wait_until(lambda: forgeries(callee) == 1))
    before = received(callee)
    winner.says()
    check("what the winner sends is taken", wait_until(lambda: received(callee) == before + 1))


def hung_up(callee, winner):
    callee.hang_up()
    check("BYE", callee.bye(winner.tag))
    check("exit code 0", callee.exit_code() == 0, callee.text())


def refused(callee, *tags):
    """ACK and BYE in each of these dialogs, nothing is left, exit code 1."""
    for tag in tags:
        check("ACK", callee.wait("ACK", tag))
        check("BYE", callee.bye(tag))
    check("exit code 1", callee.exit_code() == 1, callee.text())


def test_200_again(callee, a, b):
    """200 comes three times, then with another answer, then a late 183: one pair"""
    body = a.answer(callee.invite)
    for n in range(1, 4):
        callee.answer("200 OK", a, body)
        check("ACK %d" % n, callee.wait("ACK", a.tag, n))
    b.tag = a.tag
    other = b.answer(callee.invite)
    callee.answer("200 OK", b, other)
    check("ACK 4", callee.wait("ACK", a.tag, 4))
    check("all alike", len(set(callee.of("ACK"))) == 1)
    callee.answer("183 Session Progress", b, other)
    callee.settle()
    check("established once", callee.text().count("established ") == 1, callee.text())
    up_with(callee, a, b)
    check("no BYE", not callee.of("BYE"))
    hung_up(callee, a)


def test_183_again(callee, a, _):
    """The same 183 twice, then in 200: keys are installed once, from the first on"""
    body = a.answer(callee.invite)
    callee.answer("183 Session Progress", a, body)
    check("packets before 200", a.hears())
    callee.answer("183 Session Progress", a, body)
    callee.settle()
    check("no ACK for 183", not callee.of("ACK"))
    a.says()
    check("taken before 200", wait_until(lambda: received(callee) == 1))
    callee.answer("200 OK", a, body)
    check("ACK", callee.wait("ACK", a.tag))
    callee.settle()
    check("established once", callee.text().count("established ") == 1, callee.text())
    check("the counts went on", pair_is(callee, a) and received(callee) == 1)
    hung_up(callee, a)


def test_two_pairs(callee, a, b):
    """Another answer in 200 than in 183, one dialog: the second pair of the offer replaces the first"""
    b.tag = a.tag
    callee.answer("183 Session Progress", a, a.answer(callee.invite))
    check("packets before 200", a.hears())
    callee.answer("200 OK", b, b.answer(callee.invite))
    check("ACK", callee.wait("ACK", b.tag))
    up_with(callee, b, a)
    hung_up(callee, b)


def test_early_fork(callee, a, b):
    """183 from two branches, 200 from the second: it wins, the first gets nothing"""
    callee.answer("183 Session Progress", a, a.answer(callee.invite))
    check("packets before 200", a.hears())
    other = b.answer(callee.invite)
    callee.answer("183 Session Progress", b, other)
    callee.settle()
    check("the first answer holds", pair_is(callee, a))
    callee.answer("200 OK", b, other)
    check("ACK", callee.wait("ACK", b.tag))
    up_with(callee, b, a)
    check("neither ACK nor BYE for the first",
          not callee.of("ACK", a.tag) and not callee.of("BYE", a.tag))
    hung_up(callee, b)


def test_fork(callee, a, b):
    """200 from two branches: ACK for both, BYE for the second"""
    callee.answer("200 OK", a, a.answer(callee.invite))
    other = b.answer(callee.invite)
    callee.answer("200 OK", b, other)
    check("ACK", callee.wait("ACK", a.tag))
    check("ACK for the loser", callee.wait("ACK", b.tag))
    check("BYE for the loser", callee.bye(b.tag))
    callee.answer("200 OK", b, other)
    check("ACK again", callee.wait("ACK", b.tag, 2))
    callee.settle()
    check("BYE once, and to the loser alone", len(callee.of("BYE")) == 1)
    check("established once", callee.text().count("established ") == 1, callee.text())
    up_with(callee, a, b)
    hung_up(callee, a)


def test_200_refused(callee, a, b):
    """Another answer in 200 than in 183, with a wrong confirmation: ACK, BYE, no call"""
    b.tag = a.tag
    callee.answer("183 Session Progress", a, a.answer(callee.invite))
    check("packets before 200", a.hears())
    callee.answer("200 OK", b, wrong(b.answer(callee.invite)))
    refused(callee, b.tag)


def test_200_equal(callee, a, _):
    """200 repeats the answer of 183 with a wrong confirmation: equal, so it changes nothing"""
    body = a.answer(callee.invite)
    callee.answer("183 Session Progress", a, body)
    check("packets before 200", a.hears())
    callee.answer("200 OK", a, wrong(body))
    check("ACK", callee.wait("ACK", a.tag))
    callee.settle()
    check("the pair stays", pair_is(callee, a))
    hung_up(callee, a)


def test_183_refused(callee, a, _):
    """183 with a wrong confirmation is as if it had not come: 200 is good"""
    body = a.answer(callee.invite)
    callee.answer("183 Session Progress", a, wrong(body))
    callee.settle()
    check("not established", "established" not in callee.text())
    callee.answer("200 OK", a, body)
    check("ACK", callee.wait("ACK", a.tag))
    up_with(callee, a)
    hung_up(callee, a)


def test_fork_refused(callee, a, b):
    """The first 200 has a wrong confirmation, the second would be good: ACK and BYE for both"""
    callee.answer("200 OK", a, wrong(a.answer(callee.invite)))
    callee.answer("200 OK", b, b.answer(callee.invite))
    refused(callee, a.tag, b.tag)
    check("never established", "established" not in callee.text())


def main():
    for test in (test_200_again, test_183_again, test_two_pairs, test_early_fork, test_fork,
                 test_200_refused, test_200_equal, test_183_refused, test_fork_refused):
        print("-- " + test.__doc__)
        with tempfile.TemporaryDirectory() as work:
            callee = Callee(work)
            try:
                test(callee, Branch("a"), Branch("b"))
            finally:
                callee.close()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
