# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs programs and takes the time: of contestants in turn, so that a disturbance meets them all."""

import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """A contestant cannot do what is measured; the text says why, in one line."""


class Series:
    """What one contestant was measured with; times in seconds, or whatever the table is about."""

    def __init__(self):
        self.values = []
        self.failure = None

    @property
    def median(self):
        ordered = sorted(self.values)
        middle = len(ordered) // 2
        if len(ordered) % 2:
            return ordered[middle]
        return (ordered[middle - 1] + ordered[middle]) / 2

    @property
    def minimum(self):
        return min(self.values)

    @property
    def spread(self):
        """From the smallest to the largest, relative to the median."""
        return (max(self.values) - min(self.values)) / self.median


def take_turns(contestants, rounds, drop):
    """Measures each contestant, a function by its name, once per round, the first rounds for nothing.

    Each round begins with another contestant, so that nobody always follows the same one.
    """
    series = {name: Series() for name in contestants}
    names = list(contestants)
    for number in range(drop + rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            if series[name].failure is not None:
                continue
            try:
                value = contestants[name]()
            except Failed as failure:
                series[name].failure = str(failure)
                series[name].values.clear()
            else:
                if number >= drop:
                    series[name].values.append(value)
    return series


def _last_line(log):
    log.seek(0)
    lines = log.read().decode(errors='replace').strip().splitlines()
    return lines[-1][:200] if lines else ''


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
            raise Failed(f'{os.path.basename(argv[0])} ended with {code}: {_last_line(log)}')
    return seconds, usage


def printed(argv):
    """Runs a program that takes the time itself; returns the numbers that it prints."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        lines = result.stderr.decode(errors='replace').strip().splitlines()
        reason = lines[-1][:200] if lines else ''
        raise Failed(f'{os.path.basename(argv[0])} ended with {result.returncode}: {reason}')
    return [int(number) for number in result.stdout.split()]


class OneCpu:
    """Within it, everything that is started runs on one CPU, as under taskset."""

    def __enter__(self):
        self._cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(self._cpus)})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self._cpus)
