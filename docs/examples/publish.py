# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unpacks an archive, adds a list of its files, and publishes both in one step.

Usage: publish.py ROOT ARCHIVE DESTINATION
"""

import datetime
import os
import subprocess
import sys

from gi.repository import GLib

import tempman


def find_files(top):
    """Yield the path of each regular file, relative to the top, and its size."""
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.fsencode(os.path.relpath(path, top)), os.path.getsize(path)


def publish(folder, archive, destination):
    root = tempman.Root(folder, datetime.timedelta(days=1),
                        tempman.RootFlags.CREATE_DIRECTORY | tempman.RootFlags.RECLAIM_ABANDONED)

    # Unless it has been published, it is deleted at the end of the block.
    with root.create_temp_dir() as directory:
        subprocess.run(['tar', '-xf', archive, '-C', directory], check=True)
        files = sorted(find_files(directory))
        with open(directory / 'INDEX', 'wb') as index:
            for path, size in files:
                index.write(b'%d %s\n' % (size, path))
        directory.persist(destination, tempman.PersistFlags.REPLACE)

    print(f'published {destination}: {len(files)} files')
    print(f'cleaned up {root.cleanup()} directories')


if len(sys.argv) != 4:
    sys.exit(f'Usage: {sys.argv[0]} ROOT ARCHIVE DESTINATION')
try:
    publish(*sys.argv[1:])
except GLib.Error as error:
    sys.exit(error.message)
except (OSError, subprocess.CalledProcessError) as error:
    sys.exit(str(error))
