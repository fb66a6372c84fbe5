# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Deletes a file or a directory and shows the progress. Usage: delete.py PATH"""

import sys

import tempman


def show(n_deleted, n_found):
    print(f'\r{n_deleted} of {n_found} deleted', end='', flush=True)


tempman.delete_recursively(sys.argv[1], progress=show)
print()
