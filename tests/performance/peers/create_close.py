# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Python: creates and closes directories and prints the nanoseconds that took, without the files."""

import os
import sys
import tempfile
import time

parent, count, n_files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def create_close():
    start = time.monotonic_ns()
    directory = tempfile.TemporaryDirectory(dir=parent)
    elapsed = time.monotonic_ns() - start
    for i in range(n_files):
        with open(os.path.join(directory.name, f'file-{i:06}'), 'xb'):
            pass
    start = time.monotonic_ns()
    directory.cleanup()
    return elapsed + time.monotonic_ns() - start


create_close()
print(sum(create_close() for _ in range(count)))
