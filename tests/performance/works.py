# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is measured: each function takes a place and returns a table."""

import os
import shutil
import subprocess
import sys

import deleters
import timing
from timing import Failed

# What one deletion by the reference should take at most where everything is slow.
SLOW_SECONDS = 0.6
PROBE_DIRECTORIES = 3


class Tree:
    """A tree that is deleted; how large it is depends on the file system."""

    def __init__(self, title, shape, full, ext4, smoke):
        self.title = title
        self.shape = shape
        self.full = full
        self.ext4 = ext4
        self.smoke = smoke

    def count(self, place, scale):
        if place.name == 'anywhere':
            return self.smoke
        count = self.ext4 if place.name == 'ext4' else self.full
        return max(int(count * scale), 1)


TREES = {
    'W1': Tree('{} files in one directory', 'files', 100_000, 40_000, 200),
    'W2': Tree('{} directories of 100 files', 'directories', 1_000, 400, 3),
    'W3': Tree('source tree of {} directories', 'source', 6_000, 3_000, 30),
    'W4': Tree('{} directories deep', 'deep', 10_000, 10_000, 50),
    'W5': Tree('close of 5 files, {} times', 'few', 4_000, 4_000, 20),
}


class Table:
    """The series of all contestants at one work, and whose is the measure."""

    def __init__(self, kind, work, place, title, reference, series, one_cpu=False, note=''):
        self.kind = kind
        self.work = work
        self.place = place.name
        self.title = f'{title}, {place.name}' + (', one CPU' if one_cpu else '')
        self.reference = reference
        self.series = series
        self.one_cpu = one_cpu
        self.note = note

    def ratio(self, name, of='median'):
        """How often the contestant's time goes into the reference's, or the other way about."""
        own = getattr(self.series[name], of)
        reference = getattr(self.series[self.reference], of)
        return reference / own if self.kind == 'deletion' else own / reference


class Measurements:
    """Measures in one place after the other, with the same options."""

    def __init__(self, programs, contestants, rounds, drop, scale):
        self._programs = programs
        self._deleters = contestants
        self._rounds = rounds
        self._drop = drop
        self._scale = scale

    def _program(self, name):
        return os.path.join(self._programs, name)

    def _build(self, shape, count, path='tree'):
        subprocess.run([self._program('build-tree'), shape, str(count), path], check=True)

    def _take_turns(self, contestants):
        return timing.take_turns(contestants, self._rounds, self._drop)

    def _clear(self):
        """Removes what somebody left who failed."""
        if os.path.lexists('tree'):
            subprocess.run(['rm', '-rf', 'tree'], check=True)

    def _delete_once(self, deleter, tree, count, place, usages):
        self._build(tree.shape, count)
        place.settle()
        try:
            seconds, usage = timing.spawn(deleter.command(['tree']))
            usages.append(usage)
            if os.path.lexists('tree'):
                raise Failed('it left the tree')
            return seconds
        finally:
            self._clear()

    def _delete_few_once(self, deleter, tree, count, place):
        self._build(tree.shape, count)
        place.settle()
        paths = [f'tree/{name}' for name in sorted(os.listdir('tree'))]
        try:
            if deleter.timed:
                seconds = timing.printed(deleter.timed_command(paths))[0] / 1e9
            else:
                seconds = timing.spawn(deleter.command(paths))[0]
            if os.listdir('tree'):
                raise Failed('it left a directory')
            return seconds
        finally:
            self._clear()

    def _close_few_once(self, count):
        os.mkdir('tree')
        try:
            nanoseconds = timing.printed([self._program('close'), 'tree', str(count)])[0]
            if os.listdir('tree'):
                raise Failed('it left a directory')
            return nanoseconds / 1e9
        finally:
            self._clear()

    def _fit(self, tree, place, count):
        """How large the tree may be for the reference not to take too long."""
        probe = min(PROBE_DIRECTORIES * (6 if tree.shape == 'source' else 1), count)
        reference = self._deleters[deleters.REFERENCE]
        seconds = min(self._delete_once(reference, tree, probe, place, []) for _ in range(3))
        fitting = int(probe * SLOW_SECONDS / seconds)
        return max(min(count, fitting - fitting % 10), probe)

    def deletion(self, place, work, one_cpu=False):
        tree = TREES[work]
        os.chdir(place.path)
        count = tree.count(place, self._scale)
        if place.name == 'disk':
            count = self._fit(tree, place, count)
        names = deleters.ESSENTIAL if one_cpu or place.name == 'disk' else self._deleters
        usages = {}
        contestants = {}
        for name in names:
            if name not in self._deleters:
                continue
            deleter = self._deleters[name]
            usages[name] = []
            if work != 'W5':
                contestants[name] = lambda deleter=deleter, used=usages[name]: \
                    self._delete_once(deleter, tree, count, place, used)
            elif name == deleters.LIBRARY:
                contestants[name] = lambda: self._close_few_once(count)
            else:
                contestants[name] = lambda deleter=deleter: \
                    self._delete_few_once(deleter, tree, count, place)

        if one_cpu:
            with timing.OneCpu():
                series = self._take_turns(contestants)
        else:
            series = self._take_turns(contestants)

        note = ''
        if place.name == 'disk' and usages[deleters.REFERENCE]:
            switches = usages[deleters.REFERENCE][-1].ru_nvcsw
            entries = count * 101 if tree.shape == 'directories' else count * 23 / 3
            note = f'{switches / entries:.2f} times per entry, `rm -rf` waits for the disk'
        return Table('deletion', work, place, f'{work}: ' + tree.title.format(f'{count:,}'),
                     deleters.REFERENCE, series, one_cpu, note)

    def creation(self, place):
        os.chdir(place.path)
        count = 20 if place.name == 'anywhere' else max(int(10_000 * self._scale), 1)
        peer = os.path.join(deleters.HERE, 'peers', 'create_close.py')
        ways = {
            deleters.LIBRARY: [self._program('create-close'), 'tempman'],
            '`mkdir`, `open`, `close`, `rmdir`': [self._program('create-close'), 'bare'],
            'the same with `flock`': [self._program('create-close'), 'flock'],
            '`g_dir_make_tmp`, `g_rmdir`': [self._program('create-close'), 'glib'],
            '`g_file_new_tmp_dir_async`': [self._program('create-close'), 'gio'],
            'Python `TemporaryDirectory`': [sys.executable, peer],
        }

        def once(command):
            os.mkdir('tree')
            try:
                return timing.printed([*command, 'tree', str(count)])[0] / count / 1e9
            finally:
                self._clear()

        contestants = {name: lambda command=command: once(command)
                       for name, command in ways.items()}
        return Table('creation', 'create', place, 'an empty directory created and closed',
                     '`mkdir`, `open`, `close`, `rmdir`', self._take_turns(contestants))

    def sweep(self, place):
        os.chdir(place.path)
        count = 50 if place.name == 'anywhere' else max(int(100_000 * self._scale), 1)
        program = self._program('sweep')
        peer = os.path.join(deleters.HERE, 'peers', 'sweep.py')
        self._build('entries', count, 'root')
        place.settle()

        def on_one_cpu(command):
            with timing.OneCpu():
                return timing.printed(command)[0] / 1e9

        contestants = {
            deleters.LIBRARY: lambda: timing.printed([program, 'tempman', 'root'])[0] / 1e9,
            f'{deleters.LIBRARY}, one CPU': lambda: on_one_cpu([program, 'tempman', 'root']),
            'one `statx` each': lambda: timing.printed([program, 'statx', 'root'])[0] / 1e9,
            'names only': lambda: timing.printed([program, 'getdents', 'root'])[0] / 1e9,
            'Python `listdir`, `lstat`':
                lambda: timing.printed([sys.executable, peer, 'root'])[0] / 1e9,
            '`GDir`, `g_lstat`': lambda: timing.printed([program, 'gdir', 'root'])[0] / 1e9,
            '`GFileEnumerator`, `time::*`':
                lambda: timing.printed([program, 'enumerator', 'root'])[0] / 1e9,
            '`find -maxdepth 1 -mtime +1`': lambda: timing.spawn(
                ['find', 'root', '-mindepth', '1', '-maxdepth', '1', '-mtime', '+1'])[0],
        }
        if shutil.which('systemd-tmpfiles') and place.name != 'anywhere':
            with open('tmpfiles.conf', 'w', encoding='utf-8') as file:
                file.write(f'd {place.path}/root - - - 1d\n')
            contestants['`systemd-tmpfiles --clean`'] = lambda: timing.spawn(
                ['systemd-tmpfiles', '--clean', os.path.abspath('tmpfiles.conf')])[0]

        series = self._take_turns(contestants)
        if len(os.listdir('root')) != count:
            raise Failed('somebody deleted entries that have not expired')
        subprocess.run(['rm', '-rf', 'root', 'tmpfiles.conf'], check=True)
        return Table('sweep', 'sweep', place,
                     f'a root of {count:,} entries, none of them expired', 'one `statx` each',
                     series)

    def memory(self, place):
        """The peak in KiB above what was there before, of one deletion, and the entries."""
        os.chdir(place.path)
        count = 100 if place.name == 'anywhere' else max(int(1_000_000 * self._scale), 1)
        self._build('files', count)
        place.settle()
        try:
            return timing.printed([self._program('memory'), 'tree'])[0], count
        finally:
            self._clear()

    def lateness(self, place):
        """The largest lateness in seconds of every round: while it is closed, and while idle."""
        os.chdir(place.path)
        count = TREES['W2'].count(place, self._scale)
        rounds = [timing.printed([self._program('latency'), self._program('build-tree'), '.',
                                  str(count)]) for _ in range(self._rounds)]
        return ([closing / 1e9 for closing, _ in rounds], [idle / 1e9 for _, idle in rounds], count)
