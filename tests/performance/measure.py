# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures how fast the library is beside what else there is, and prints tables.

Run by run.sh, which builds what is measured. The figures never make it fail: only a contestant
that does not do its work does.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

import chart
import deleters
import places
import report
import timing
import works
from results import OtherOptions, Results

CHART = os.path.join(deleters.HERE, '..', '..', 'docs', 'performance.svg')
REPORT = os.path.join(deleters.HERE, 'results.md')
ALL_PLACES = ['tmpfs', 'ext4', 'disk']
ALL_WORKS = [*works.TREES, *works.OTHER_WORKS]


def list_of(allowed):
    """An argument that is a list with commas."""
    def parse(text):
        names = text.split(',')
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(
                    f'there is no {name}; there are: {", ".join(allowed)}')
        return names
    return parse


def parse_peers(text):
    return [] if text == 'none' else list_of(deleters.peer_names())(text)


def parse_arguments():
    parser = argparse.ArgumentParser(prog='run.sh', description=__doc__.splitlines()[0])
    parser.add_argument('--programs', metavar='DIRECTORY', required=True,
                        help='where the programs were built (default: built by run.sh)')
    parser.add_argument('--works', type=list_of(ALL_WORKS), default=ALL_WORKS, metavar='LIST',
                        help='of ' + ','.join(ALL_WORKS))
    parser.add_argument('--places', type=list_of(ALL_PLACES), default=ALL_PLACES, metavar='LIST',
                        help='file systems, of ' + ','.join(ALL_PLACES))
    parser.add_argument('--peers', metavar='LIST', type=parse_peers, nargs='?',
                        help='beside the library, rm and the floor only these, or none (default: '
                             'all that are installed), of ' + ','.join(deleters.peer_names()))
    parser.add_argument('--rounds', type=int, metavar='N',
                        help='how many count (default: 7); one more before them does not')
    parser.add_argument('--peer-rounds', type=int, metavar='N',
                        help='the same for the peers (default: 3)')
    parser.add_argument('--quick', action='store_true',
                        help='three rounds with trees of a tenth')
    parser.add_argument('--smoke', action='store_true',
                        help='one round with tiny trees: the figures mean nothing')
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument('--resume', action='store_true',
                      help='measure what the results file does not have yet')
    kept.add_argument('--update', action='store_true',
                      help='keep what the results file has of other works and places')
    parser.add_argument('--results', metavar='FILE',
                        help='the results file (default: performance-results.json with the '
                             'programs)')
    parser.add_argument('--write', action='store_true',
                        help='write tests/performance/results.md and docs/performance.svg')
    return parser.parse_args()


class Progress:
    """Tells how long it takes, and how far it is."""

    def __init__(self, measurements, tasks):
        self._seconds = {task: measurements.expected_seconds(*task) + timing.WATCH_SECONDS
                         for task in tasks}
        self._left = sum(self._seconds.values())
        self._expected = 0
        self._taken = 0
        self._number = 0
        self._tell(f'{len(tasks)} works to measure, about {self._minutes(self._left)}')

    @staticmethod
    def _tell(text):
        print(text, file=sys.stderr, flush=True)

    @staticmethod
    def _minutes(seconds):
        return f'{seconds / 60:.0f} min' if seconds >= 90 else f'{seconds:.0f} s'

    def done(self, task, seconds):
        self._number += 1
        self._taken += seconds
        self._expected += self._seconds[task]
        self._left -= self._seconds[task]
        # As fast as what was expected of this machine so far.
        left = self._left * self._taken / self._expected
        place, work, one_cpu = task
        self._tell(f'{self._number}/{len(self._seconds)}: {place}, {work}'
                   f'{", one CPU" if one_cpu else ""}: {seconds:.0f} s; '
                   f'about {self._minutes(left)} left')

    def skipped(self, task):
        self._number += 1
        self._left -= self._seconds[task]


def measure_place(name, tasks, options, measurements, results, progress):
    """Adds all that is to be measured in one place to the results."""
    try:
        with places.open_place(name, options.programs) as place:
            results.places[name] = place.description
            results.unavailable.pop(name, None)
            for task in tasks:
                start = time.monotonic()
                others = 0 if options.smoke else timing.others_share()
                table = measurements.measure(place, *task[1:])
                table.others = others
                table.seconds = time.monotonic() - start
                results.add(table)
                progress.done(task, table.seconds)
            os.chdir('/')
    except places.Unavailable as reason:
        results.unavailable[name] = str(reason)
        print(f'Not measured on {name}: {reason}', file=sys.stderr)
        for task in tasks:
            progress.skipped(task)


def write(results):
    texts = {
        CHART: chart.draw(results.of_kind('deletion'), results),
        REPORT: report.markdown(results, os.path.relpath(CHART, os.path.dirname(REPORT))),
    }
    for path, text in texts.items():
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)


def failures(results, everybody):
    """Those that must not fail: the library and what it is compared with, or everybody."""
    for table in results.tables.values():
        for name, series in table.series.items():
            needed = everybody or name in (deleters.LIBRARY, table.reference)
            if needed and series.failure is not None:
                yield f'{table.full_title}: {name}: {series.failure}'


def results_file(options):
    """A run that is to be of some use is not lost to one that is not."""
    if options.results:
        return os.path.abspath(options.results)
    if options.smoke:
        return None
    name = 'performance-results-quick.json' if options.quick else 'performance-results.json'
    return os.path.join(options.programs, name)


def prepare(options):
    """The measurements, and the results as far as there are any."""
    options.programs = os.path.abspath(options.programs)
    if options.smoke:
        options.places = ['anywhere']

    rounds = options.rounds or (1 if options.smoke else 3 if options.quick else 7)
    peer_rounds = min(options.peer_rounds or 3, rounds)
    drop = 0 if options.smoke else 1
    scale = 0.1 if options.quick else 1

    contestants, missing = deleters.find_deleters(options.programs, options.peers, options.smoke)
    creators, missing_creators = deleters.find_creators(options.programs, options.peers,
                                                        options.smoke)
    missing |= missing_creators
    measurements = works.Measurements(options.programs, contestants, creators, rounds, peer_rounds,
                                      drop, scale)
    results = Results(
        results_file(options),
        {'rounds': rounds, 'peer_rounds': peer_rounds, 'drop': drop, 'scale': scale})
    if options.resume or options.update:
        results.load_if_begun()
    results.versions |= {name: deleter.version for name, deleter in contestants.items()
                         if deleter.version}
    results.missing = {name: reason for name, reason in {**results.missing, **missing}.items()
                       if name not in contestants}
    for name, reason in missing.items():
        print(f'Missing: {name}: {reason}', file=sys.stderr)
    return measurements, results


def main():
    # As an exception, so that what was mounted and built is cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('Ended by a signal'))
    options = parse_arguments()
    if 'ext4' in options.places and not options.smoke:
        places.enter_mount_namespace()
    measurements, results = prepare(options)

    tasks = {name: [(name, work, one_cpu) for work, one_cpu in works.works_of(name)
                    if work in options.works and
                    not (options.resume and (name, work, one_cpu) in results.tables)]
             for name in options.places}
    progress = Progress(measurements, sum(tasks.values(), []))
    try:
        for name, tasks_of_place in tasks.items():
            if tasks_of_place:
                measure_place(name, tasks_of_place, options, measurements, results, progress)
    except (KeyboardInterrupt, SystemExit):
        print('Interrupted: the same with --resume goes on from here', file=sys.stderr)
        raise

    print(report.markdown(results))
    if options.write:
        write(results)

    failed = list(failures(results, options.smoke))
    for text in failed:
        print(f'Failed: {text}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f'A program that measures nothing failed: {error}')
    except OtherOptions as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
