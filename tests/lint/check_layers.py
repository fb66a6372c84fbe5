# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that no folder of the library knows one above it, by the headers that each file includes.
Prints TAP.
"""

import os
import re

import lint

# The folders whose headers a file may include, apart from those of its own folder. `local` and `gio`
# implement the interface that `core` declares. They do not include each other, and no other folder
# includes them.
ALLOWED = {
    'tempman': ['tempman/core'],
    'tempman/core': [],
    'tempman/local': ['tempman/core'],
    'tempman/gio': ['tempman/core'],
    'tempman/tool': [],
}

# Public types that every folder of the library shares.
SHARED = ['tempman/tm-delete.h', 'tempman/tm-enums.h']

GENERATED = ['tempman/tm-config.h', 'tempman/tm-version.h']


def find_includes(path):
    """Returns the line and the file of each header of the project that a file includes."""
    for n, line in enumerate(lint.read(path).splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+([<"])(.*)[>"]', line)
        if not include:
            continue
        beside = os.path.join(os.path.dirname(path), include[2])
        for header in [beside, f'tempman/{include[2]}']:
            if (lint.TOP / header).exists() or header in GENERATED:
                yield n, header
                break
        else:
            assert include[1] == '<', f'{path}:{n}: {include[2]} is no file of the project'


def is_allowed(path, header):
    folder = os.path.dirname(path)
    # The command includes the header that every user of the library does.
    if folder == 'tempman/tool' and header == 'tempman/tempman.h':
        return True
    if header == 'tempman/tm-config.h' or folder != 'tempman/tool' and header in SHARED:
        return True
    return os.path.dirname(header) in [folder, *ALLOWED[folder]]


files = lint.list_files('*.c', '*.h', '*.h.in', under='tempman')
unknown = [f'{path}: {os.path.dirname(path)} is missing in ALLOWED' for path in files
           if os.path.dirname(path) not in ALLOWED]
lint.report(('layers', files, unknown + [
    f'{path}:{n}: a file of {os.path.dirname(path)}/ may not include {header}'
    for path in files if os.path.dirname(path) in ALLOWED
    for n, header in find_includes(path) if not is_allowed(path, header)]))
