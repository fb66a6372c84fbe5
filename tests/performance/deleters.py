# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Who creates and deletes: the library, the floor, and the peers that are installed."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, 'peers')

LIBRARY = 'tempman'
REFERENCE = '`rm -rf`'
FLOOR = 'floor'
# The same on threads, and with the descriptor that the library has, too.
PARALLEL_FLOOR = 'floor, threads'
OPEN_FLOOR = 'floor, open'
FLOORS = (FLOOR, PARALLEL_FLOOR, OPEN_FLOOR)
# The library where the directories are created in a root, and where each creation evicts an entry.
IN_ROOT = 'tempman, in a root'
EVICTING = 'tempman, one entry evicted each time'
TEMPFILE = 'Rust `tempfile`'
# Where Debian has the sources of crates.
CRATES = '/usr/share/cargo/registry'

# On one CPU, not everybody has to show what they can.
ESSENTIAL = (LIBRARY, REFERENCE, *FLOORS)


class Missing(Exception):
    """A peer cannot be measured; the text says why."""


class Deleter:
    """A program that deletes the paths it is called with."""

    def __init__(self, before, after=(), timed=True, version=None):
        self._before = list(before)
        self._after = list(after)
        # Whether it takes --time and prints the nanoseconds, so that its start does not count.
        self.timed = timed
        self.version = version

    def command(self, paths):
        """Called before the time begins."""
        return [*self._before, *paths, *self._after]

    def timed_command(self, paths):
        return [*self._before, '--time', *paths, *self._after]


class SystemdDeleter(Deleter):
    """systemd-tmpfiles reads from a file what it is to delete."""

    def __init__(self):
        super().__init__(['systemd-tmpfiles', '--remove'], timed=False,
                         version=_version('systemd-tmpfiles', '--version'))

    def command(self, paths):
        file_name = os.path.abspath('tmpfiles.conf')
        with open(file_name, 'w', encoding='utf-8') as file:
            file.writelines(f'R {os.path.abspath(path)}\n' for path in paths)
        return super().command([file_name])


def _version(*argv, environment=None):
    result = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    lines = result.stdout.splitlines()
    return lines[0] if lines else argv[0]


def _installed(program):
    if shutil.which(program) is None:
        raise Missing(f'there is no `{program}`')


def _compile(argv, environment):
    result = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines() or ['no reason given']
        errors = [line for line in lines if 'error' in line]
        raise Missing(f'`{argv[0]}` does not compile: {(errors or lines)[0]}')


def _find(programs):
    _installed('find')
    return Deleter(['find'], ['-delete'], timed=False, version=_version('find', '--version'))


def _bfs(programs):
    _installed('bfs')
    return Deleter(['bfs'], ['-delete'], timed=False, version=_version('bfs', '--version'))


def _python(programs):
    return Deleter([sys.executable, os.path.join(PEERS, 'delete.py')],
                   version=_version(sys.executable, '--version'))


def _rust(programs):
    _installed('rustc')
    program = os.path.join(programs, 'delete-rust')
    _compile(['rustc', '-O', '--edition', '2021', '-o', program,
              os.path.join(PEERS, 'delete.rs')], None)
    return Deleter([program], version=_version('rustc', '--version'))


def _go(programs):
    _installed('go')
    program = os.path.join(programs, 'delete-go')
    # It insists on places to write to, which HOME does not name everywhere.
    with tempfile.TemporaryDirectory(prefix='tempman-performance-', dir=programs) as directory:
        environment = {**os.environ, 'HOME': directory, 'GOPATH': directory, 'GOCACHE': directory,
                       'GO111MODULE': 'off', 'GOTOOLCHAIN': 'local'}
        _compile(['go', 'build', '-o', program, os.path.join(PEERS, 'delete.go')], environment)
        return Deleter([program], version=_version('go', 'version', environment=environment))


def _node(programs):
    _installed('node')
    return Deleter(['node', os.path.join(PEERS, 'delete.js')],
                   version='Node ' + _version('node', '--version'))


def _gio(programs):
    program = os.path.join(programs, 'gio-delete')
    return Deleter([program], version='GLib ' + _version(program, '--version'))


def _systemd(programs):
    _installed('systemd-tmpfiles')
    return SystemdDeleter()


_PEERS = {
    '`find -delete`': _find,
    'bfs': _bfs,
    'Python': _python,
    'Rust': _rust,
    'Go': _go,
    'Node': _node,
    'GIO': _gio,
    'systemd': _systemd,
}
# Those that cannot do without a compiler, or without a user manager's idea of what is safe.
_NOT_FOR_SMOKE = ('Rust', 'Go', 'systemd')


def _compile_crate(programs):
    """The path of the peer that uses crates; they come from Debian, without a network."""
    _installed('cargo')
    if not os.path.isdir(CRATES):
        raise Missing(f'there are no crates in {CRATES}')

    crate = os.path.join(programs, 'tempfile')
    shutil.copytree(os.path.join(PEERS, 'tempfile'), crate, dirs_exist_ok=True)
    os.makedirs(os.path.join(crate, '.cargo'), exist_ok=True)
    with open(os.path.join(crate, '.cargo', 'config.toml'), 'w', encoding='utf-8') as file:
        file.write('[source.crates-io]\nreplace-with = "debian"\n'
                   f'[source.debian]\ndirectory = "{CRATES}"\n')
    result = subprocess.run(['cargo', 'build', '--release', '--offline', '--quiet'], cwd=crate,
                            capture_output=True, text=True, check=False,
                            env={**os.environ, 'CARGO_TARGET_DIR': os.path.join(crate, 'target')})
    if result.returncode != 0:
        raise Missing(f'`cargo` does not build it: {result.stderr.strip().splitlines()[-1]}')
    return os.path.join(crate, 'target', 'release', 'tempfile-peer')


def find_creators(programs, wanted=None, smoke=False):
    """The peers that create directories, as find_deleters() returns those that delete trees."""
    creators = {}
    missing = {}
    if wanted is None or 'Python' in wanted:
        creators['Python `TemporaryDirectory`'] = \
            [sys.executable, os.path.join(PEERS, 'create_close.py')]
    if (wanted is None or 'Rust' in wanted) and not smoke:
        try:
            creators[TEMPFILE] = [_compile_crate(programs)]
        except Missing as reason:
            missing[TEMPFILE] = str(reason)
    return creators, missing


def peer_names():
    return [name.strip('`').split()[0] for name in _PEERS]


def find_deleters(programs, wanted=None, smoke=False):
    """All deleters by the name they have in the tables, and why others are missing.

    @wanted names peers as peer_names() does, or is None for all of them.
    """
    deleters = {
        LIBRARY: Deleter([os.path.join(programs, 'delete')]),
        REFERENCE: Deleter(['rm', '-rf'], timed=False, version=_version('rm', '--version')),
        FLOOR: Deleter([os.path.join(programs, 'floor')]),
    }
    missing = {}
    for short, (name, find) in zip(peer_names(), _PEERS.items()):
        if (wanted is not None and short not in wanted) or (smoke and name in _NOT_FOR_SMOKE):
            continue
        try:
            deleters[name] = find(programs)
        except Missing as reason:
            missing[name] = str(reason)
    return deleters, missing
