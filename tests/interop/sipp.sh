# Shared by the tests with SIPp: calls of a CSV file, scenarios, what came of
# them. After cli.sh and ua.sh. SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # variables of those

# keys.csv: an SPI and a key, twice, for each of 2000 calls.
/usr/bin/python3 - > keys.csv <<'END'
import base64, os
print("SEQUENTIAL")
for i in range(2000):
    print(";".join(word for part in "12" for word in (
        "c%s%06x" % (part, i), base64.b64encode(os.urandom(32)).decode())))
END

# sipp_plays SCENARIO SECTION ADDRESS OPTION...: its exit code. Every message is
# in SCENARIO.log.
sipp_plays() {
	as=$1
	/usr/bin/python3 "$here/scenario.py" "$1" "$2" > "$as.xml" || return
	at=$3
	shift 3
	rm -f "$as.log"
	# shellcheck disable=SC2086 # none, or one
	timeout 100 sipp $at -sf "$as.xml" -i 127.0.0.1 -key web "$web" -nostdin \
		-trace_msg -message_file "$as.log" -trace_err \
		-error_file "$as.err" "$@" > "$as.out" 2>&1
}
