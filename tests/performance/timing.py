# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs programs and takes the time: of contestants in turn, so that a disturbance meets them all."""

import os
import re
import resource
import subprocess
import tempfile
import time

# How long the machine is watched before each work.
WATCH_SECONDS = 0.5


class Failed(Exception):
    """A contestant cannot do what is measured; the text says why, in one line."""


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


class Series:
    """What one contestant was measured with, round by round: seconds, or what the table is about."""

    def __init__(self, values=(), failure=None):
        self.values = list(values)
        # Why it cannot do the work, in one line.
        self.failure = failure

    @property
    def median(self):
        return median(self.values)

    @property
    def minimum(self):
        return min(self.values)

    @property
    def spread(self):
        """From the smallest to the largest, relative to the median."""
        return (max(self.values) - min(self.values)) / self.median


def take_turns(contestants, rounds, drop, fewer=None):
    """Measures each contestant, a function by its name, once per round, the first rounds for nothing.

    Each round begins with another contestant, so that nobody always follows the same one. @fewer
    says by the name who takes part in the first rounds only, and in how many that count.
    """
    series = {name: Series() for name in contestants}
    for number in range(drop + rounds):
        names = [name for name in contestants if number < drop + (fewer or {}).get(name, rounds)]
        start = number % len(names)
        for name in names[start:] + names[:start]:
            if series[name].failure is not None:
                continue
            try:
                value = contestants[name]()
            except Failed as failure:
                series[name] = Series(failure=str(failure))
            else:
                if number >= drop:
                    series[name].values.append(value)
    return series


def _reason(output):
    """The line that says what went wrong, of all that a program wrote before it ended."""
    lines = output.decode(errors='replace').strip().splitlines()
    telling = [line for line in lines if re.search('error|could not', line, re.IGNORECASE)
               and not line.startswith('    ')]
    line = (telling or lines or [''])[-1].strip().replace(os.getcwd(), '…')
    line = re.sub('(level/){3,}', 'level/…/', line)
    return line if len(line) <= 160 else f'{line[:80]} … {line[-75:]}'


def _ended(argv, code, output):
    end = f'was ended by signal {-code}' if code < 0 else f'ended with {code}'
    reason = _reason(output)
    return f'{os.path.basename(argv[0])} {end}' + (f': {reason}' if reason else '')


def spawn(argv):
    """Runs a program; returns the seconds from its start to its end, and what it used.

    With nothing between this process and the program: subprocess would count, too.
    """
    with tempfile.TemporaryFile() as log:
        actions = [
            (os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
        ]
        start = time.perf_counter()
        pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            code = os.waitstatus_to_exitcode(status)
            log.seek(0)
            raise Failed(_ended(argv, code, log.read()))
    return seconds, usage


def printed(argv):
    """Runs a program that takes the time itself; returns the numbers that it prints."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        raise Failed(_ended(argv, result.returncode, result.stderr))
    return [int(number) for number in result.stdout.split()]


class OneCpu:
    """Within it, everything that is started runs on one CPU, as under taskset."""

    def __enter__(self):
        self._cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(self._cpus)})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self._cpus)


class DescriptorLimit:
    """Within it, what is started may have @limit descriptors open, or as many as ever if None."""

    def __init__(self, limit):
        self._limit = limit

    def __enter__(self):
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        if self._limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._limit, self._limits[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)


def _processor_times():
    with open('/proc/stat', encoding='ascii') as file:
        times = [int(number) for number in file.readline().split()[1:9]]
    return sum(times), times[3] + times[4]


def others_share():
    """The share of the processors that others take, seen while this program does nothing."""
    total, idle = _processor_times()
    time.sleep(WATCH_SECONDS)
    total_after, idle_after = _processor_times()
    return 1 - (idle_after - idle) / max(total_after - total, 1)
