# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes what was measured down as Markdown."""

import deleters
import targets
import timing
import works

# With more of the processors taken by others, a figure is doubtful.
MOST_OTHERS = 0.15


def _rows(header, rows, out):
    out.append('| ' + ' | '.join(header) + ' |')
    out.append('|' + '---|' * len(header))
    for row in rows:
        out.append('| ' + ' | '.join(row) + ' |')
    out.append('')


def _ratio(table, name):
    if name not in table.series:
        return '–'
    if table.series[name].failure is not None or not table.series[table.reference].values:
        return 'fails'
    text = f'{table.ratio(name):.2f}'
    return f'**{text}**' if name == deleters.LIBRARY else text


def _names(tables):
    """All contestants, the floors beside each other, though not all of them are in each table."""
    first = (deleters.LIBRARY, deleters.REFERENCE, *deleters.FLOORS)
    names = dict.fromkeys(name for table in tables for name in table.series)
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def _deletion_overview(title, tables, out):
    if not tables:
        return
    names = _names(tables)
    out += [f'## {title}', '',
            'Relative to `rm -rf`; above 1 is faster. *fails*: it did not delete the tree; the '
            'reason is below. –: not measured.', '']
    _rows(['tree', *names],
          [[table.full_title, *(_ratio(table, name) for name in names)] for table in tables], out)
    notes = [f'- {table.full_title}: {note}.' for table in tables for note in table.notes]
    if notes:
        out += [*notes, '']


def _side_by_side(title, explanation, tables, out):
    """One column for each place."""
    if not tables:
        return
    names = _names(tables)
    out += [f'## {title}', '', explanation, '']
    _rows(['', *(table.place + (', one CPU' if table.one_cpu else '') for table in tables)],
          [[name, *(_ratio(table, name) for table in tables)] for name in names], out)


def _targets(results, out):
    out += ['## Targets', '',
            'For deletions, the time of `rm -rf` divided by the time of tempman, and for measuring '
            'that of `du -s` (more is better). For creating and sweeping, the time of tempman '
            'divided by the time of the bare system calls, and for creating with a limit, by the '
            'time without one (less is better). The ratio of the medians decides; the ratio of the minima '
            'stands beside it. For the timer, the worst and the best round.', '']
    _rows(['work', 'measured', 'minima', 'aim', 'limit', ''],
          [row.cells() for row in targets.rows(results.tables)], out)


def _measuring(tables, out):
    if not tables:
        return
    out += ['## Measuring an entry', '', 'Relative to `du -s`; above 1 is faster.', '']
    _rows(['tree', *_names(tables)],
          [[table.full_title, *(_ratio(table, name) for name in _names(tables))]
           for table in tables], out)


def _memory(tables, out):
    if not tables:
        return
    out += ['## Memory', '',
            'The peak of the resident set while a directory is deleted, above what it was before, '
            f'and what is seen in the same way of {works.CONTROL_KIB / 1024:.1f} MiB that are taken '
            'on purpose.', '']
    _rows(['', 'deletion', 'control'],
          [[table.full_title, *(f'{table.series[name].values[0] / 1024:.1f} MiB'
                                for name in ('used', 'control'))] for table in tables], out)


def _lateness(tables, out):
    if not tables:
        return
    rounds = len(tables[0].series['closing'].values)
    out += ['## Main loop', '',
            f'How late a timer of 1 ms is at most, in milliseconds: the median of {rounds} rounds, '
            'and the worst of them. Beside it the same timer for as long on the machine that does '
            'nothing, and while as many threads as it has cores do nothing but to be busy.', '']
    header = ['']
    for name in ('closing', 'nothing', 'busy'):
        header += [f'{name}: median', 'worst']
    _rows(header,
          [[table.full_title,
            *(f'{value * 1e3:.1f}' for name in ('closing', 'idle', 'busy')
              for value in (table.series[name].median, max(table.series[name].values)))]
           for table in tables], out)


def _details(tables, out):
    rows = []
    failures = []
    for table in tables:
        for name, series in table.series.items():
            if series.failure is not None:
                failures.append(f'- {table.full_title}: {name}: {series.failure}')
            elif table.series[table.reference].values:
                rows.append([table.full_title, name, f'{table.ratio(name):.2f}',
                             f'{table.ratio(name, "minimum"):.2f}', f'{series.spread * 100:.0f} %',
                             str(len(series.values))])
    if failures:
        out += ['## What failed', '', 'Each was run on the tree, and this is what it said.', '',
                *failures, '']
    out += ['## All figures', '',
            'The ratio of the medians, that of the minima, how far the rounds were apart (from the '
            'fastest to the slowest, relative to the median), and how many they were.', '']
    _rows(['work', 'by', 'median', 'minimum', 'spread', 'rounds'], rows, out)


def _others(tables):
    shares = [table.others for table in tables]
    text = ('Before each work, while nothing was measured, other processes used '
            f'{timing.median(shares) * 100:.0f} % of its cores in the median, '
            f'{max(shares) * 100:.0f} % at most.')
    doubtful = sum(share > MOST_OTHERS for share in shares)
    if doubtful:
        text += f' **Of {doubtful} of {len(shares)} works the figures are doubtful.**'
    return text


def markdown(results, chart=None):
    """The whole page. @chart is the name of the picture."""
    options = results.options
    tables = list(results.tables.values())
    measured = [table for table in tables if table.reference is not None]
    out = ['# Performance: results', '',
           f'Measured on {results.date} on a machine with {options["machine"]}; '
           f'file systems: {", ".join(results.places.values())}. '
           f'{options["rounds"]} rounds after {options["drop"]} that did not count.']
    if options['scale'] != 1:
        out[-1] += f' Sizes of {options["scale"]:.2g} of the full ones: **a quick run.**'
    if tables:
        out[-1] += ' ' + _others(tables)
    out += ['', '[README.md](README.md) explains how the figures are measured. '
            '`tests/performance/run.sh --write` writes this page.', '',
            'Compared with: ' + '; '.join(results.versions.values()) + '.']
    if results.missing:
        out += ['', 'Not measured: ' + '; '.join(
            f'{name} ({reason})' for name, reason in results.missing.items()) + '.']
    for name, reason in results.unavailable.items():
        out += ['', f'Not measured on {name}: {reason}.']
    out += ['']
    if chart:
        out += [f'![How fast trees are deleted, relative to rm -rf]({chart})', '']

    _targets(results, out)
    _deletion_overview('Deleting', results.of_kind('deletion'), out)
    _deletion_overview('Deleting on one CPU', results.of_kind('deletion', True), out)
    for work, n_files in works.CREATIONS.items():
        _side_by_side(f'Creating and closing a directory of {n_files} files' if n_files
                      else 'Creating and closing an empty directory',
                      'Relative to the bare system calls; below 1 is faster.',
                      [table for table in results.of_kind('creation') if table.work == work], out)
    _side_by_side('Creating a directory in a root of 20 entries with `max-entries`',
                  'Relative to a creation without a limit; below 1 is faster. The closing of the '
                  'directory does not count.',
                  results.of_kind('limits'), out)
    _side_by_side('Sweeping a root in which nothing has expired',
                  'Relative to one `statx` for each entry; below 1 is faster.',
                  results.of_kind('sweep') + results.of_kind('sweep', True), out)
    _measuring(results.of_kind('measuring') + results.of_kind('measuring', True), out)
    _memory(results.of_kind('memory'), out)
    _lateness(results.of_kind('latency'), out)
    _details(measured, out)
    return '\n'.join(out).rstrip() + '\n'
