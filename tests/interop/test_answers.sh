#!/bin/sh
# Duplicated and forked answers to sdesp ua call, right and wrong ones, from
# the independent peer. SPDX-License-Identifier: MIT
exec timeout -k 5 120 /usr/bin/python3 tests/interop/try_answers.py
