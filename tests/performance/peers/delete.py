# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Python: deletes each path. With --time, prints the nanoseconds that took."""

import shutil
import sys
import time

paths = sys.argv[1:]
timed = paths[:1] == ['--time']
if timed:
    del paths[0]

start = time.monotonic_ns()
for path in paths:
    shutil.rmtree(path)
if timed:
    print(time.monotonic_ns() - start)
