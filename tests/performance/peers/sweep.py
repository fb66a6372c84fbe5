# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Python: asks for the times of every entry of a directory and prints the nanoseconds that took."""

import os
import sys
import time

path = sys.argv[1]
oldest = time.time()

start = time.monotonic_ns()
for name in os.listdir(path):
    status = os.lstat(os.path.join(path, name))
    oldest = min(oldest, max(status.st_atime, status.st_mtime))
print(time.monotonic_ns() - start)
