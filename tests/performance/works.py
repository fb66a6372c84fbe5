# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is measured, and how large it is: each work of a place makes one table."""

import os
import subprocess
import sys

import deleters
import timing
from results import Table
from timing import Failed

# The most descriptors that the library may have open in the deep tree.
DEEP_DESCRIPTORS = 64
CONTROL_KIB = 8192
# On the disk, where each of them takes seconds, this many rounds of the others count at most: the
# library, `rm -rf` and the most that threads can do are what matters there.
DISK_MAIN = (deleters.LIBRARY, deleters.REFERENCE, deleters.PARALLEL_FLOOR, deleters.OPEN_FLOOR)
DISK_PEER_ROUNDS = 2
DISK_PEER_WORKS = ('W2', 'W3')
# Of use where the file system waits for the disk.
DISK_THREADS = 16
# Where all that can be shared out is at the top.
PARALLEL_WORKS = ('W1', 'W2')
# The timer is late once in a while only, and its rounds are short.
LATENESS_ROUNDS_PER_ROUND = 3


class Tree:
    """A tree that is deleted; how large it is depends on the file system.

    On the disk, all files have content: with nothing to free, a deletion does not wait for it. The
    sizes are chosen for `rm -rf` to take some seconds there at the trees of many directories, and
    about one at the others.
    """

    def __init__(self, title, shape, tmpfs, ext4, disk, smoke, entries):
        self.title = title
        self.shape = shape
        self._counts = {'tmpfs': tmpfs, 'ext4': ext4, 'disk': disk, 'anywhere': smoke}
        # How many names are taken out for each that is counted.
        self.entries = entries

    def count(self, place, scale):
        count = self._counts[place]
        return count if place == 'anywhere' else max(int(count * scale), 1)

    def name(self, place, count):
        files = 'filled files' if place == 'disk' else 'files'
        return self.title.format(count=f'{count:,}', files=files)


TREES = {
    'W1': Tree('{count} {files} in one directory', 'files', 100_000, 40_000, 5_000, 200, 1),
    'W2': Tree('{count} directories of 100 {files}', 'directories', 1_000, 400, 120, 3, 101),
    'W3': Tree('source tree of {count} directories', 'source', 6_000, 3_000, 1_200, 30, 23 / 3),
    'W4': Tree('{count} directories deep', 'deep', 10_000, 10_000, 4_000, 50, 1),
    'W5': Tree('close of 5 {files}, {count} times', 'few', 4_000, 4_000, 600, 20, 6),
}
# Trees that are entries of a root, and are measured.
MEASURED = {
    'measure': Tree('{count} directories of 100 {files}', 'directories', 1_000, 1_000, None, 3, 101),
    'measure-flat': Tree('{count} {files} in one directory', 'files', 100_000, 100_000, None, 200, 1),
}
# How many files each directory of these gets before it is closed.
CREATIONS = {'create': 0, 'everyday': 5}
OTHER_WORKS = (*CREATIONS, 'limits', 'sweep', *MEASURED, 'memory', 'latency')

# How many seconds it takes that somebody takes a turn, about, with building what is deleted: what a
# run takes is told from it before it begins.
TURN_SECONDS = {
    'tmpfs': {'W1': 1.0, 'W2': 1.0, 'W3': 0.9, 'W4': 0.4, 'W5': 0.3},
    'ext4': {'W1': 1.1, 'W2': 0.9, 'W3': 0.8, 'W4': 0.8, 'W5': 0.6},
    'disk': {'W1': 1.0, 'W2': 2.5, 'W3': 2.6, 'W4': 1.4, 'W5': 1.4},
}
# And how many all seven rounds of the rest take.
OTHER_SECONDS = {
    'tmpfs': {'create': 8, 'everyday': 8, 'limits': 10, 'sweep': 30, 'measure': 6, 'measure-flat': 6, 'memory': 8,
              'latency': 35},
    'ext4': {'create': 18, 'everyday': 18, 'limits': 20, 'sweep': 45, 'measure': 8, 'measure-flat': 8, 'memory': 30,
             'latency': 40},
}


def works_of(place):
    """What there is to measure in a place: the work, and whether on one CPU, in turn."""
    for work in TREES:
        yield work, False
        yield work, True
    if place == 'disk':
        return
    for work in CREATIONS:
        yield work, False
    yield 'limits', False
    for work in ('sweep', *MEASURED):
        yield work, False
        yield work, True
    yield 'memory', False
    yield 'latency', False


class Measurements:
    """Measures in one place after the other, with the same options."""

    def __init__(self, programs, contestants, creators, rounds, peer_rounds, drop, scale):
        self._programs = programs
        self._deleters = contestants
        self._creators = creators
        self._rounds = rounds
        self._peer_rounds = min(peer_rounds, rounds)
        self._drop = drop
        self._scale = scale

    def _program(self, name):
        return os.path.join(self._programs, name)

    def _build(self, shape, count, place, path='tree'):
        filled = ['filled'] if place.name == 'disk' else []
        subprocess.run([self._program('build-tree'), shape, str(count), path, *filled], check=True)
        place.settle()

    def _take_turns(self, contestants, one_cpu=False, fewer=None):
        if one_cpu:
            with timing.OneCpu():
                return timing.take_turns(contestants, self._rounds, self._drop, fewer)
        return timing.take_turns(contestants, self._rounds, self._drop, fewer)

    def expected_seconds(self, place, work, one_cpu):
        if place == 'anywhere':
            return 0
        if work not in TREES:
            rounds = 1 if work == 'memory' else (self._drop + self._rounds) / 8
            return OTHER_SECONDS[place][work] * self._scale * rounds
        rounds = sum(self._drop + self._rounds_of(name, place)
                     for name in self._names(place, work, one_cpu))
        return TURN_SECONDS[place][work] * rounds * self._scale

    def measure(self, place, work, one_cpu):
        """The table of one work."""
        if work in TREES:
            return self._deletion(place, work, one_cpu)
        if work in MEASURED:
            return self._measuring(place, work, one_cpu)
        if work in CREATIONS:
            return self._creation(place, work, one_cpu)
        return {
            'limits': self._limits,
            'sweep': self._sweep,
            'memory': self._memory,
            'latency': self._lateness,
        }[work](place, one_cpu)

    # Deleting.

    def _names(self, place, work, one_cpu):
        if place == 'disk' and one_cpu:
            names = (deleters.LIBRARY, deleters.REFERENCE)
        elif one_cpu or (place == 'disk' and work not in DISK_PEER_WORKS):
            names = (deleters.LIBRARY, deleters.REFERENCE, deleters.FLOOR)
        else:
            names = tuple(self._deleters)
        more = []
        if work in PARALLEL_WORKS and not one_cpu:
            more.append(deleters.PARALLEL_FLOOR)
        if work == 'W5':
            more.append(deleters.OPEN_FLOOR)
        # Beside the floor, where that is.
        return (*names[:3], *more, *names[3:])

    def _rounds_of(self, name, place):
        if name in (DISK_MAIN if place == 'disk' else deleters.ESSENTIAL):
            return self._rounds
        return min(self._peer_rounds, DISK_PEER_ROUNDS if place == 'disk' else self._rounds)

    def _fewer(self, names, reference):
        """Everybody takes part in fewer rounds but for the library and what it is compared with."""
        return {name: self._peer_rounds for name in names
                if name not in (deleters.LIBRARY, reference)}

    def _command(self, name, place):
        if name == deleters.PARALLEL_FLOOR:
            threads = DISK_THREADS if place.name == 'disk' else os.cpu_count()
            return [self._program('parallel-floor'), str(threads), 'tree']
        return self._deleters[name].command(['tree'])

    def _delete_once(self, name, work, count, place, switches):
        with place.fresh_directory():
            self._build(TREES[work].shape, count, place)
            command = self._command(name, place)
            limit = DEEP_DESCRIPTORS if work == 'W4' and name == deleters.LIBRARY else None
            with timing.DescriptorLimit(limit):
                seconds, usage = timing.spawn(command)
            if os.path.lexists('tree'):
                raise Failed('it left the tree')
            switches.append(usage.ru_nvcsw)
            return seconds

    def _delete_few_once(self, name, count, place, switches):
        deleter = self._deleters[name]
        with place.fresh_directory():
            self._build('few', count, place)
            paths = [f'tree/{name}' for name in sorted(os.listdir('tree'))]
            command = deleter.timed_command(paths) if deleter.timed else deleter.command(paths)
            if deleter.timed:
                seconds = timing.printed(command)[0] / 1e9
            else:
                seconds, usage = timing.spawn(command)
                switches.append(usage.ru_nvcsw)
            if os.listdir('tree'):
                raise Failed('it left a directory')
            return seconds

    def _close_few_once(self, way, count, place):
        filled = ['filled'] if place.name == 'disk' else []
        with place.fresh_directory():
            nanoseconds = timing.printed([self._program('close'), way, '.', str(count), *filled])[0]
            if os.listdir('.'):
                raise Failed('it left a directory')
            return nanoseconds / 1e9

    def _deletion(self, place, work, one_cpu):
        tree = TREES[work]
        count = tree.count(place.name, self._scale)
        names = self._names(place.name, work, one_cpu)
        switches = {name: [] for name in names}
        contestants = {}
        for name in names:
            if work != 'W5':
                contestants[name] = lambda name=name: \
                    self._delete_once(name, work, count, place, switches[name])
            elif name in (deleters.LIBRARY, deleters.OPEN_FLOOR):
                way = 'tempman' if name == deleters.LIBRARY else 'bare'
                contestants[name] = lambda way=way: self._close_few_once(way, count, place)
            else:
                contestants[name] = lambda name=name: \
                    self._delete_few_once(name, count, place, switches[name])
        series = self._take_turns(contestants, one_cpu,
                                  {name: self._rounds_of(name, place.name) for name in names})

        notes = []
        waits = timing.median(switches[deleters.REFERENCE]) / (count * tree.entries)
        if place.name == 'disk':
            notes.append(f'`rm -rf` waits for the disk {waits:.2f} times for each entry')
        if work == 'W4':
            notes.append(f'the library may have {DEEP_DESCRIPTORS} descriptors open')
        return Table('deletion', work, place.name, one_cpu,
                     f'{work}: {tree.name(place.name, count)}', deleters.REFERENCE, series, notes)

    # The rest.

    def _creation(self, place, work, one_cpu):
        count = 20 if place.name == 'anywhere' else max(int(10_000 * self._scale), 1)
        n_files = CREATIONS[work]
        program = self._program('create-close')
        reference = 'bare system calls'
        ways = {
            deleters.LIBRARY: [program, 'tempman'],
            deleters.IN_ROOT: [program, 'root'],
            reference: [program, 'bare'],
            'the same with `flock`': [program, 'flock'],
            **self._creators,
        }
        if n_files == 0:
            ways |= {'`g_dir_make_tmp`, `g_rmdir`': [program, 'glib'],
                     '`g_file_new_tmp_dir_async`': [program, 'gio']}

        def once(command):
            with place.fresh_directory():
                # With a path, as programs have it.
                return timing.printed([*command, os.getcwd(), str(count), str(n_files)])[0] \
                    / count / 1e9

        contestants = {name: lambda command=command: once(command)
                       for name, command in ways.items()}
        fewer = {name: self._peer_rounds for name in contestants
                 if name not in (deleters.LIBRARY, deleters.IN_ROOT, reference, deleters.TEMPFILE)}
        series = self._take_turns(contestants, one_cpu, fewer)
        title = 'a directory created and closed, ' + \
            (f'with {n_files} files' if n_files else 'empty')
        return Table('creation', work, place.name, one_cpu, title, reference, series)

    def _limits(self, place, one_cpu):
        count = 20 if place.name == 'anywhere' else max(int(10_000 * self._scale), 1)
        reference = 'without a limit'
        ways = {deleters.LIBRARY: 'held', reference: 'none', deleters.EVICTING: 'evicting'}

        def once(way):
            with place.fresh_directory():
                return timing.printed([self._program('limits'), way, '.', str(count)])[0] \
                    / count / 1e9

        contestants = {name: lambda way=way: once(way) for name, way in ways.items()}
        series = self._take_turns(contestants, one_cpu)
        return Table('limits', 'limits', place.name, one_cpu,
                     'creation in a root of 20 entries with `max-entries`', reference, series)

    def _measuring(self, place, work, one_cpu):
        tree = MEASURED[work]
        count = tree.count(place.name, self._scale)
        reference = '`du -s`'
        commands = {deleters.LIBRARY: [self._program('size'), '.'],
                    reference: ['du', '-s', '--block-size=1', 'tree']}
        with place.fresh_directory():
            self._build(tree.shape, count, place)
            sizes = {name: subprocess.run(command, check=True, capture_output=True).stdout.split()[0]
                     for name, command in commands.items()}
            if len(set(sizes.values())) != 1:
                raise RuntimeError(f'The sizes are not the same: {sizes}')
            series = self._take_turns({name: lambda command=command: timing.spawn(command)[0]
                                       for name, command in commands.items()}, one_cpu)
        return Table('measuring', work, place.name, one_cpu,
                     f'size of {tree.name(place.name, count)}', reference, series)

    def _sweepers(self, tree, one_cpu):
        def printed(*command):
            return lambda: timing.printed([*command, tree])[0] / 1e9

        def way(name):
            return printed(self._program('sweep'), name)

        contestants = {
            deleters.LIBRARY: way('tempman'),
            'one `statx` each': way('statx'),
            '`getdents` only': way('getdents'),
            '`statx`, `open` and `flock` each': way('locks'),
        }
        if one_cpu:
            return contestants
        contestants |= {
            'Python `listdir`, `lstat`': printed(sys.executable,
                                                 os.path.join(deleters.PEERS, 'sweep.py')),
            '`GDir`, `g_lstat`': way('gdir'),
            '`GFileEnumerator`, `time::*`': way('enumerator'),
            'the same with `standard::*`': way('enumerator-standard'),
        }
        if '`find -delete`' in self._deleters:
            contestants['`find -maxdepth 1 -mtime +1`'] = lambda: timing.spawn(
                ['find', tree, '-mindepth', '1', '-maxdepth', '1', '-mtime', '+1'])[0]
        if 'systemd' in self._deleters:
            with open('tmpfiles.conf', 'w', encoding='utf-8') as file:
                file.write(f'd {tree} - - - 1d\n')
            contestants['`systemd-tmpfiles --clean`'] = lambda: timing.spawn(
                ['systemd-tmpfiles', '--clean', os.path.abspath('tmpfiles.conf')])[0]
        return contestants

    def _sweep(self, place, one_cpu):
        count = 50 if place.name == 'anywhere' else max(int(100_000 * self._scale), 1)
        reference = 'one `statx` each'
        with place.fresh_directory():
            self._build('entries', count, place)
            contestants = self._sweepers(os.path.abspath('tree'), one_cpu)
            series = self._take_turns(contestants, one_cpu, self._fewer(contestants, reference))
            if len(os.listdir('tree')) != count:
                raise RuntimeError('Somebody deleted entries that have not expired')
        return Table('sweep', 'sweep', place.name, one_cpu,
                     f'a root of {count:,} entries', reference, series)

    def _memory(self, place, one_cpu):
        count = 100 if place.name == 'anywhere' else max(int(1_000_000 * self._scale), 1)
        with place.fresh_directory():
            self._build('files', count, place)
            used, control = timing.printed([self._program('memory'), 'tree', str(CONTROL_KIB)])
        return Table('memory', 'memory', place.name, one_cpu, f'a directory of {count:,} entries',
                     None, {'used': timing.Series([used]), 'control': timing.Series([control])})

    def _lateness(self, place, one_cpu):
        count = TREES['W2'].count(place.name, self._scale)
        command = [self._program('latency'), self._program('build-tree'), '.', str(count)]
        with place.fresh_directory():
            rounds = [timing.printed(command)
                      for _ in range(LATENESS_ROUNDS_PER_ROUND * self._rounds)]
        series = {name: timing.Series([nanoseconds / 1e9 for nanoseconds in values])
                  for name, values in zip(('closing', 'idle', 'busy'), zip(*rounds))}
        return Table('latency', 'latency', place.name, one_cpu,
                     f'`close_async()` of {count:,} directories of 100 files', None, series)
