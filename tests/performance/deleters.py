# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Who deletes trees: the library, the floor, and the peers that are installed."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

LIBRARY = 'tempman'
REFERENCE = '`rm -rf`'
FLOOR = 'floor'

# On one CPU, and where everything is slow, not everybody has to show what they can.
ESSENTIAL = (LIBRARY, REFERENCE, FLOOR)


class Deleter:
    """A program that deletes the paths it is called with."""

    def __init__(self, before, after=(), timed=True, version=None):
        self._before = list(before)
        self._after = list(after)
        # Whether it takes --time and prints the nanoseconds, so that its start does not count.
        self.timed = timed
        self.version = version

    def command(self, paths):
        return [*self._before, *paths, *self._after]

    def timed_command(self, paths):
        return [*self._before, '--time', *paths, *self._after]


def _version(*argv):
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    return lines[0] if lines else None


def _compiled(argv, source, output):
    """The program that a compiler makes of a source, or None."""
    if os.path.exists(output) and os.path.getmtime(output) > os.path.getmtime(source):
        return output
    result = subprocess.run([*argv, '-o', output, source], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        print(f'{argv[0]} does not compile {source}: {result.stderr}', file=sys.stderr)
        return None
    return output


def find_deleters(programs, compile_peers=True):
    """All deleters by the name they have in the tables."""
    source = os.path.join(HERE, 'peers', 'delete')
    deleters = {
        LIBRARY: Deleter([os.path.join(programs, 'delete')]),
        REFERENCE: Deleter(['rm', '-rf'], timed=False, version=_version('rm', '--version')),
        FLOOR: Deleter([os.path.join(programs, 'floor')]),
    }
    if shutil.which('find'):
        deleters['`find -delete`'] = Deleter(['find'], ['-delete'], timed=False,
                                             version=_version('find', '--version'))
    if shutil.which('bfs'):
        deleters['bfs'] = Deleter(['bfs'], ['-delete'], timed=False,
                                  version=_version('bfs', '--version'))
    deleters['Python'] = Deleter([sys.executable, source + '.py'],
                                 version=_version(sys.executable, '--version'))
    if compile_peers and shutil.which('rustc'):
        program = _compiled(['rustc', '-O', '--edition', '2021'], source + '.rs',
                            os.path.join(programs, 'delete-rust'))
        if program:
            deleters['Rust'] = Deleter([program], version=_version('rustc', '--version'))
    if compile_peers and shutil.which('go'):
        program = _compiled(['go', 'build'], source + '.go', os.path.join(programs, 'delete-go'))
        if program:
            deleters['Go'] = Deleter([program], version=_version('go', 'version'))
    if shutil.which('node'):
        version = _version('node', '--version')
        deleters['Node'] = Deleter(['node', source + '.js'], version=f'Node {version}')
    deleters['GIO'] = Deleter([os.path.join(programs, 'gio-delete')])
    return deleters
