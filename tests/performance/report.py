# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes what was measured down as Markdown."""

import datetime
import os

import deleters

# Work, place, what is to be reached and what is the least, relative to the reference.
TARGETS = [
    ('W1', 'tmpfs', 1.6, 1.4),
    ('W1', 'ext4', 1.8, 1.5),
    ('W2', 'tmpfs', 1.9, 1.6),
    ('W2', 'ext4', 1.85, 1.6),
    ('W3', 'tmpfs', 2.0, 1.6),
    ('W3', 'ext4', 1.85, 1.6),
    ('W4', 'tmpfs', 1.6, 1.3),
    ('W4', 'ext4', 1.3, 1.15),
    ('W5', 'tmpfs', 1.4, 1.25),
    ('W5', 'ext4', 1.15, 1.05),
    ('W2', 'disk', 3.0, 2.0),
    ('W3', 'disk', 3.0, 2.0),
]
ONE_CPU_TARGET = 1.0


class Machine:
    """The machine, in words that say nothing about whose it is."""

    def __init__(self):
        self.date = datetime.date.today().strftime('%-d %B %Y')
        self.cores = len(os.sched_getaffinity(0))
        # What else ran when it began: beside much of it, the figures say little.
        self.load = os.getloadavg()[0]
        self.kernel = '.'.join(os.uname().release.split('.')[:2])

    def __str__(self):
        return f'{self.cores} cores, Linux {self.kernel}'


def _rows(header, rows, out):
    out.append('| ' + ' | '.join(header) + ' |')
    out.append('|' + '---|' * len(header))
    for row in rows:
        out.append('| ' + ' | '.join(row) + ' |')
    out.append('')


def _ratio(table, name):
    if name not in table.series:
        return '–'
    if table.series[name].failure is not None:
        return 'fails'
    text = f'{table.ratio(name):.2f}'
    return f'**{text}**' if name == deleters.LIBRARY else text


def _deletion_overview(title, tables, out):
    if not tables:
        return
    names = []
    for table in tables:
        names += [name for name in table.series if name not in names]
    out += [f'## {title}', '', 'Relative to `rm -rf`; above 1 is faster. – : not measured.', '']
    _rows(['tree', *names],
          [[table.title, *(_ratio(table, name) for name in names)] for table in tables], out)
    notes = [f'{table.title}: {table.note}.' for table in tables if table.note]
    if notes:
        out += [*notes, '']


def _side_by_side(title, explanation, tables, out):
    """One column for each place."""
    if not tables:
        return
    names = list(dict.fromkeys(name for table in tables for name in table.series))
    out += [f'## {title}', '', explanation, '']
    _rows(['', *(table.place for table in tables)],
          [[name, *(_ratio(table, name) for table in tables)] for name in names], out)


def _targets(tables, out):
    rows = []
    for work, place, target, least in TARGETS:
        for table in tables:
            series = table.series.get(deleters.LIBRARY)
            if (table.work, table.place, table.one_cpu) != (work, place, False) or \
                    not series.values:
                continue
            ratio = table.ratio(deleters.LIBRARY)
            verdict = 'reached' if ratio >= target else \
                'above the least' if ratio >= least else 'missed'
            rows.append([table.title, f'{ratio:.2f}', f'{target:.2f}', f'{least:.2f}', verdict])
    for table in tables:
        if table.one_cpu and table.series[deleters.LIBRARY].values:
            ratio = table.ratio(deleters.LIBRARY)
            verdict = 'reached' if ratio >= ONE_CPU_TARGET else 'missed'
            rows.append([table.title, f'{ratio:.2f}', f'{ONE_CPU_TARGET:.2f}', '', verdict])
    if rows:
        out += ['## What is aimed at', '',
                'By the median; the same, relative to `rm -rf`.', '']
        _rows(['work', 'measured', 'aim', 'least', ''], rows, out)


def _details(tables, out):
    rows = []
    failures = []
    for table in tables:
        for name, series in table.series.items():
            if series.failure is not None:
                failures.append(f'- {table.title}: {name}: {series.failure}')
                continue
            rows.append([table.title, name, f'{table.ratio(name):.2f}',
                         f'{table.ratio(name, "minimum"):.2f}', f'{series.spread * 100:.0f} %'])
    out += ['## All figures', '',
            'The ratio of the medians, that of the minima, and how far the rounds were apart: '
            'from the fastest to the slowest, relative to the median.', '']
    _rows(['work', 'by', 'median', 'minimum', 'spread'], rows, out)
    if failures:
        out += ['## What failed', '', *failures, '']


class Report:
    """Collects the tables and the single figures, and writes them."""

    def __init__(self, rounds, drop, scale):
        self.tables = []
        self.places = []
        self._singles = []
        self._rounds = rounds
        self._drop = drop
        self._scale = scale
        self.machine = Machine()

    def add_memory(self, place, kib, count):
        self._singles.append(
            f'- {place.name}: the peak of memory while a directory of {count:,} entries is '
            f'deleted: {kib / 1024:.1f} MiB above what it was before (aim: under 32).')

    def add_lateness(self, place, closing, idle, count):
        self._singles.append(
            f'- {place.name}: the largest lateness of a timer of 1 ms while `close_async()` '
            f'deletes {count:,} directories of 100 files: {sorted(closing)[len(closing) // 2] * 1e3:.1f} '
            f'ms in the median of {len(closing)} rounds, {max(closing) * 1e3:.1f} ms in all of them '
            f'(aim: 16). The same loop with nothing to delete: {max(idle) * 1e3:.1f} ms.')

    def of_kind(self, kind, one_cpu=False):
        return [table for table in self.tables
                if table.kind == kind and table.one_cpu == one_cpu]

    def markdown(self, versions, chart=None):
        """The whole page. @chart is the name of the picture."""
        out = ['Title: Performance: results', 'Slug: performance-results', '',
               '# Performance: results', '',
               f'Measured on {self.machine.date} on a machine with {self.machine}; '
               f'file systems: {", ".join(self.places)}. '
               f'{self._rounds} rounds after {self._drop} that did not count.']
        if self.machine.load > self.machine.cores / 2:
            out[-1] += (f' **Other work ran beside it (load {self.machine.load:.0f}): '
                        'the figures say little.**')
        if self._scale != 1:
            out[-1] += f' Trees of {self._scale:.2g} of their full size: **a quick run.**'
        out += ['', 'How it is measured, and what it means, is in '
                '[Performance](performance.html). Written by `tests/performance/run.sh --write`.',
                '', 'Beside the library: ' + '; '.join(versions) + '.', '']
        if chart:
            out += [f'![How fast trees are deleted, relative to rm -rf]({chart})', '']
        _deletion_overview('Deleting', self.of_kind('deletion'), out)
        _deletion_overview('Deleting on one CPU', self.of_kind('deletion', True), out)
        _targets(self.tables_of_deletion(), out)
        _side_by_side('Creating and closing an empty directory',
                      'Relative to the bare four system calls; below 1 is faster.',
                      self.of_kind('creation'), out)
        _side_by_side('Sweeping a root in which nothing has expired',
                      'Relative to one `statx` for each entry; below 1 is faster.',
                      self.of_kind('sweep'), out)
        if self._singles:
            out += ['## Memory and main loop', '', *self._singles, '']
        _details(self.tables, out)
        return '\n'.join(out).rstrip() + '\n'

    def tables_of_deletion(self):
        return [table for table in self.tables if table.kind == 'deletion']
