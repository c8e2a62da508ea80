#!/bin/sh
# Forwarded and exposed ports, with browsers' and services' own sockets.
# SPDX-License-Identifier: MIT
set -eu

exec timeout 120 /usr/bin/python3 tests/lwip/try_relay.py \
	"${BUILD:-build}/tests/lwip/relay_pair"
