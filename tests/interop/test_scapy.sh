#!/bin/sh
# SPDX-License-Identifier: MIT
exec /usr/bin/python3 tests/interop/scapy_esp.py
