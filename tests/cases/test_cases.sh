#!/bin/sh
# The values in the golden cases, recomputed without the C code.
# SPDX-License-Identifier: MIT
set -eu

exec /usr/bin/python3 tests/cases/check_cases.py
