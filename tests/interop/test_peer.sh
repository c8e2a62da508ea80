#!/bin/sh
# The program against a peer that was written from SPEC.md alone, and that
# peer against tests/vectors. SPDX-License-Identifier: MIT
exec /usr/bin/python3 tests/interop/try_peer.py
