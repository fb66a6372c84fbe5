# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is aimed at, beside what was measured."""

import deleters
import works

# Work, place, what is aimed at and the least, relative to the reference: more is better.
DELETION = [
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
ONE_CPU = 1.0
# The same, relative to the bare calls, and to Rust's `tempfile`: less is better.
CREATION = [('create', 'tmpfs', 1.6, 1.8)]
EVERYDAY = [('everyday', 'tmpfs', 1.0, 1.1)]
SWEEP_ONE_THREAD = 1.05
SWEEP_TWO_THREADS = 0.7
SWEEP_MOST = 1.2
# Measuring, relative to `du -s`: more is better.
MEASURING_ONE_CPU = 1.0
MEASURING_TWO_CPUS = 1.6
# A creation in a root with a limit that holds, relative to one without: less is better.
LIMITS = 1.3
MEMORY_MIB = 32
LATENESS_MS = 16


class Row:
    """One thing that is aimed at; @measured is None where it was not measured."""

    def __init__(self, work, aim, least, more_is_better, measured=None, minima=None, unit=''):
        self.work = work
        self._aim = aim
        self._least = least
        self._more_is_better = more_is_better
        self._measured = measured
        self._minima = minima
        self._unit = unit

    def _holds(self, bound):
        if self._more_is_better:
            return self._measured >= bound
        return self._measured <= bound

    @property
    def verdict(self):
        if self._measured is None:
            return 'not measured'
        if self._holds(self._aim):
            return 'reached'
        if self._least is None:
            return '**missed**'
        return 'missed, within the limit' if self._holds(self._least) else \
            '**missed, beyond the limit**'

    def cells(self):
        def text(number):
            if number is None:
                return '–'
            return f'{number:.1f} {self._unit}' if self._unit else f'{number:.2f}'

        sign = '≥' if self._more_is_better else '≤'
        return [self.work, text(self._measured), text(self._minima), f'{sign} {text(self._aim)}',
                '' if self._least is None else f'{sign} {text(self._least)}', self.verdict]


def _of_library(table, title, aim, least, more_is_better):
    series = table.series[deleters.LIBRARY] if table else None
    if series is None or not series.values or not table.series[table.reference].values:
        return Row(title, aim, least, more_is_better)
    return Row(title, aim, least, more_is_better, table.ratio(deleters.LIBRARY),
               table.ratio(deleters.LIBRARY, 'minimum'))


def _beside_tempfile(table, name, title, aim, most):
    series = table.series.get(deleters.TEMPFILE) if table else None
    if series is None or not series.values or not table.series[name].values:
        return Row(title, aim, most, False)
    return Row(title, aim, most, False, table.ratio(name) / table.ratio(deleters.TEMPFILE),
               table.ratio(name, 'minimum') / table.ratio(deleters.TEMPFILE, 'minimum'))


def rows(tables):
    """All rows, given the tables by their keys."""
    for work, place, aim, least in DELETION:
        table = tables.get((place, work, False))
        yield _of_library(table, table.full_title if table else f'{work}, {place}', aim, least, True)

    for place in works.TURN_SECONDS:
        for work in works.TREES:
            table = tables.get((place, work, True))
            yield _of_library(table, table.full_title if table else f'{work}, {place}, one CPU',
                              ONE_CPU, None, True)

    for work, place, aim, most in CREATION:
        yield _of_library(tables.get((place, work, False)), f'create and close, {place}', aim, most,
                          False)

    for work, place, aim, most in EVERYDAY:
        for name in (deleters.LIBRARY, deleters.IN_ROOT):
            yield _beside_tempfile(tables.get((place, work, False)), name,
                                   f'{name}: 5 files, beside {deleters.TEMPFILE}, {place}', aim, most)

    for place in ('tmpfs', 'ext4'):
        yield _of_library(tables.get((place, 'sweep', True)), f'sweep, {place}, one thread (one CPU)',
                          SWEEP_ONE_THREAD, SWEEP_MOST, False)
        yield _of_library(tables.get((place, 'sweep', False)), f'sweep, {place}, two threads',
                          SWEEP_TWO_THREADS, SWEEP_MOST, False)

    for place in ('tmpfs', 'ext4'):
        for work in works.MEASURED:
            for one_cpu, aim in ((True, MEASURING_ONE_CPU), (False, MEASURING_TWO_CPUS)):
                table = tables.get((place, work, one_cpu))
                yield _of_library(table, table.full_title if table else f'{work}, {place}', aim,
                                  None, True)

    for place in ('tmpfs', 'ext4'):
        yield _of_library(tables.get((place, 'limits', False)),
                          f'creation with a limit that holds, {place}', LIMITS, None, False)

    for place in ('tmpfs', 'ext4'):
        table = tables.get((place, 'memory', False))
        yield Row(f'peak of memory, {table.title if table else "a large directory"}, {place}',
                  MEMORY_MIB, None, False,
                  table.series['used'].values[0] / 1024 if table else None, unit='MiB')

    for place in ('tmpfs', 'ext4'):
        table = tables.get((place, 'latency', False))
        values = table.series['closing'].values if table else None
        yield Row(f'main loop: worst lateness of a timer of 1 ms, {place}', LATENESS_MS, None, False,
                  max(values) * 1e3 if values else None,
                  min(values) * 1e3 if values else None, unit='ms')
