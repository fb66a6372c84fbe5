# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Python: creates and closes empty directories and prints the nanoseconds that took."""

import sys
import tempfile
import time

parent, count = sys.argv[1], int(sys.argv[2])

with tempfile.TemporaryDirectory(dir=parent):
    pass
start = time.monotonic_ns()
for _ in range(count):
    with tempfile.TemporaryDirectory(dir=parent):
        pass
print(time.monotonic_ns() - start)
