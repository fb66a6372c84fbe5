# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the folder of a prefix in which this Python looks for packages, or nothing.

Usage: python-packages.py PREFIX FOLDER: FOLDER is the one to prefer.
"""

import os
import site
import sys

prefix, preferred = map(os.path.normpath, sys.argv[1:])
# Not what PYTHONPATH and the user have added, nor the folder of this script.
folders = site.getsitepackages()

if preferred in folders:
    print(preferred)
else:
    # Debian's own folder comes last, and is for its packages alone.
    for folder in folders:
        if os.path.commonpath([prefix, folder]) == prefix:
            print(folder)
            break
