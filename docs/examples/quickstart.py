# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Usage: quickstart.py ROOT"""

import os
import pathlib
import sys

import tempman

folder = pathlib.Path(sys.argv[1])
root = tempman.root(folder, timeout=60 * 60)

with root.create_temp_dir() as directory:
    print('Python created', directory.path)
    pathlib.Path(directory.path, 'notes.txt').write_text('work')

    # A directory without an owner that was last used two hours ago, and a cleanup of the root.
    old = folder / 'left-behind'
    old.mkdir()
    (old / 'file').write_text('old')
    os.utime(old, (old.stat().st_mtime - 7200,) * 2)
    n_deleted = root.cleanup()
    print(f'Python cleaned up the root: {n_deleted} deleted')

    assert n_deleted == 1 and not old.exists(), 'the expired directory was not deleted'
    assert os.path.exists(directory.path), 'the directory in use was deleted'
    print('Python still has', directory.path)

assert not os.path.exists(directory.path), 'the directory was not deleted'
print('Python closed it')
