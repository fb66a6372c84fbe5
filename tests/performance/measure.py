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
import works

DOCUMENTATION = os.path.join(deleters.HERE, '..', '..', 'docs')
ALL_PLACES = ['tmpfs', 'ext4', 'disk']
ALL_WORKS = [*works.TREES, 'create', 'sweep', 'memory', 'latency']
# On the disk, the trees of many directories say how it blocks; the rest takes too long there.
DISK_WORKS = ['W2', 'W3']


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


def parse_arguments():
    parser = argparse.ArgumentParser(prog='run.sh', description=__doc__.splitlines()[0])
    parser.add_argument('--programs', metavar='DIRECTORY', required=True,
                        help='where the programs were built (default: built by run.sh)')
    parser.add_argument('--works', type=list_of(ALL_WORKS), default=ALL_WORKS, metavar='LIST',
                        help='of ' + ','.join(ALL_WORKS))
    parser.add_argument('--places', type=list_of(ALL_PLACES), default=ALL_PLACES, metavar='LIST',
                        help='file systems, of ' + ','.join(ALL_PLACES))
    parser.add_argument('--peers', metavar='LIST', type=lambda text: text.split(','),
                        help='of whom the tables tell, beside the library, rm and the floor: '
                             'find,bfs,Python,Rust,Go,Node,GIO')
    parser.add_argument('--rounds', type=int, metavar='N',
                        help='how many count (default: 7); one more before them does not')
    parser.add_argument('--quick', action='store_true',
                        help='three rounds with trees of a tenth: about a minute')
    parser.add_argument('--smoke', action='store_true',
                        help='one round with tiny trees: the figures mean nothing')
    parser.add_argument('--write', nargs='?', metavar='DIRECTORY', const=DOCUMENTATION,
                        help='write performance-results.md and performance.svg (default: docs)')
    return parser.parse_args()


def chosen(contestants, peers):
    if peers is None:
        return contestants
    return {name: deleter for name, deleter in contestants.items()
            if name in deleters.ESSENTIAL or
            any(peer.lower() in name.lower() for peer in peers)}


def measure_place(place, options, measurements, result):
    """Adds all that is measured in one place to the report."""
    for work in options.works:
        if place.name == 'disk' and work not in DISK_WORKS:
            continue
        start = time.monotonic()
        if work in works.TREES:
            result.tables.append(measurements.deletion(place, work))
            result.tables.append(measurements.deletion(place, work, one_cpu=True))
        elif work == 'create':
            result.tables.append(measurements.creation(place))
        elif work == 'sweep':
            result.tables.append(measurements.sweep(place))
        elif work == 'memory':
            result.add_memory(place, *measurements.memory(place))
        elif work == 'latency':
            result.add_lateness(place, *measurements.lateness(place))
        print(f'{place.name}, {work}: {time.monotonic() - start:.0f} s', file=sys.stderr)


def write(directory, result, versions):
    picture = 'performance.svg'
    with open(os.path.join(directory, picture), 'w', encoding='utf-8') as file:
        file.write(chart.draw(result.of_kind('deletion'), result.machine))
    with open(os.path.join(directory, 'performance-results.md'), 'w', encoding='utf-8') as file:
        file.write(result.markdown(versions, picture))


def failures(result, everybody):
    """Those that must not fail: the library and what it is compared with, or everybody."""
    for table in result.tables:
        for name, series in table.series.items():
            needed = everybody or name in (deleters.LIBRARY, table.reference)
            if needed and series.failure is not None:
                yield f'{table.title}: {name}: {series.failure}'


def main():
    # As an exception, so that what was mounted and built is cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('Ended by a signal'))
    options = parse_arguments()
    options.programs = os.path.abspath(options.programs)
    if options.write:
        options.write = os.path.abspath(options.write)
    if options.smoke:
        options.places = ['anywhere']
    if 'ext4' in options.places:
        places.enter_mount_namespace()

    rounds = options.rounds or (1 if options.smoke else 3 if options.quick else 7)
    drop = 0 if options.smoke else 1
    scale = 0.1 if options.quick else 1
    contestants = chosen(
        deleters.find_deleters(options.programs, compile_peers=not options.smoke), options.peers)
    versions = [deleter.version for deleter in contestants.values() if deleter.version]
    measurements = works.Measurements(options.programs, contestants, rounds, drop, scale)
    result = report.Report(rounds, drop, scale)

    for name in options.places:
        try:
            with places.open_place(name, options.programs) as place:
                result.places.append(place.description)
                measure_place(place, options, measurements, result)
                os.chdir('/')
        except places.Unavailable as reason:
            print(f'Not measured on {name}: {reason}', file=sys.stderr)

    print(result.markdown(versions))
    if options.write:
        write(options.write, result, versions)

    failed = list(failures(result, options.smoke))
    for text in failed:
        print(f'Failed: {text}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f'A program that measures nothing failed: {error}')
