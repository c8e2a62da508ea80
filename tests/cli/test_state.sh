#!/bin/sh
# State files: permissions, damage, locks, spent keys.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/cli.sh
. "$here/cli.sh"

agree a b "" ""
holds "mode 600" [ "$(stat -c %a a)" = 600 ]
expect 1 "offer does not overwrite" "$SDESP" offer --state a
says 'exists already'

for mode in 640 604 620 666; do
	chmod $mode a
	expect 1 "mode $mode" "$SDESP" sa --state a
	says "mode is $mode"
done
chmod 600 a
ln -s a link
expect 3 "symbolic link" "$SDESP" sa --state link
mkdir dir
expect 3 "directory" "$SDESP" sa --state dir
expect 3 "absent" "$SDESP" sa --state absent

size=$(stat -c %s a)
cut_at() {
	head -c "$1" a > short
	chmod 600 short
}
for n in 0 1 13 14 17 18 60 $((size / 2)) $((size - 1)); do
	cut_at "$n"
	expect 1 "cut to $n octets" "$SDESP" sa --state short
	says '^sdesp: short: '
done
holds "the file stays" [ -e short ]
{
	cat a
	echo
} > long
chmod 600 long
expect 1 "longer" "$SDESP" sa --state long
says 'longer than it says'
echo 'something else altogether' > foreign
chmod 600 foreign
expect 1 "foreign" "$SDESP" sa --state foreign
says 'not a state file'
for at in 20 100 700 1500 $((size - 3)); do
	cp a hurt
	chmod 600 hurt
	printf '\377\376' | dd of=hurt bs=1 seek="$at" conv=notrunc 2> /dev/null
	expect 1 "damage at $at" "$SDESP" sa --state hurt
	says 'damaged'
done

# An owner other than us.
if [ "$(id -u)" = 0 ]; then
	cp a theirs
	chmod 600 theirs
	chown 1 theirs
	expect 1 "another's file" "$SDESP" sa --state theirs
	says 'belongs to another user'
fi

# Two programs at once.
"$SDESP" run --state a --time 3 2> /dev/null &
running=$!
sleep 0.4
expect 3 "a state in use" "$SDESP" sa --state a
says 'another sdesp is using it'
kill "$running"
wait "$running"
expect 0 "free again" "$SDESP" sa --state a

# Keys that were given away seal no more; a rekey makes new ones.
/usr/bin/python3 "$here/packets.py" make clear.pcap 127.0.0.1 127.0.0.2
expect 0 "text gives no keys away" "$SDESP" sa --state a
key=$("$SDESP" sa --state b --format json | sed -n 's/^{"in".*"key":"\([0-9a-f]*\)".*/\1/p')
holds "a key in JSON" [ -n "$key" ]
lacks "no key in text" grep -q "$key" out
expect 0 "seal" "$SDESP" seal --state a clear.pcap sealed.pcap
for format in json ip-xfrm setkey wireshark; do
	agree a b "--encap none --suites AES_128_CBC_HMAC_SHA2_256_128" \
		"--suites AES_128_CBC_HMAC_SHA2_256_128"
	expect 0 "export as $format" "$SDESP" sa --state a --format $format
	expect 1 "then seal" "$SDESP" seal --state a clear.pcap no.pcap
	says 'spent'
	holds "no output" [ ! -e no.pcap ]
done
expect 1 "run" "$SDESP" run --state a --time 1
says 'spent'
expect 0 "open goes on" sh -c "'$SDESP' sa --state b | grep -q spent || \
	{ '$SDESP' seal --state b clear.pcap x.pcap; true; }"
"$SDESP" offer --state a --rekey > o && "$SDESP" answer --state b o > n &&
	"$SDESP" accept --state a n 2> /dev/null
expect 0 "after a rekey" "$SDESP" seal --state a clear.pcap yes.pcap

# What was used is not handed to a kernel that would begin at 1.
agree a b "--encap none" ""
"$SDESP" seal --state a clear.pcap sealed.pcap 2> /dev/null
for format in ip-xfrm setkey; do
	expect 1 "used keys as $format" "$SDESP" sa --state a --format $format
	says 'has been used'
done
expect 0 "and are not spent by that" "$SDESP" seal --state a clear.pcap more.pcap
agree a b "--suites AES_128_GCM_16_IIV" "--suites AES_128_GCM_16_IIV"
expect 1 "ip-xfrm has no implicit IV" "$SDESP" sa --state a --format ip-xfrm
expect 1 "setkey has no ESP in UDP" "$SDESP" sa --state a --format setkey
expect 2 "unknown format" "$SDESP" sa --state a --format xml
"$SDESP" offer --state fresh > /dev/null
expect 1 "no keys yet" "$SDESP" sa --state fresh
says 'no keys: '

# Sequence numbers never come twice, whatever happens to the output.
agree a b "" ""
"$SDESP" seal --state a clear.pcap one.pcap 2> /dev/null
expect 3 "output cannot be written" "$SDESP" seal --state a clear.pcap /nowhere/x
"$SDESP" seal --state a clear.pcap two.pcap 2> /dev/null
expect 0 "open the first" "$SDESP" open --state b one.pcap 1.pcap
expect 0 "open the second" "$SDESP" open --state b two.pcap 2.pcap
holds "the first is right" cmp -s 1.pcap clear.pcap
holds "the second is right" cmp -s 2.pcap clear.pcap

# A program that dies with the replay window closes its inbound SA.
"$SDESP" run --state b --time 5 2> /dev/null &
running=$!
sleep 0.4
kill -9 "$running"
wait "$running" 2> /dev/null
"$SDESP" seal --state a clear.pcap three.pcap 2> /dev/null
expect 1 "open after a crash" "$SDESP" open --state b three.pcap 3.pcap
says 'rekey first'

finish
