# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the models of the protocols with spin, which visits every state that they can reach. Prints
TAP, with the number of states and the time of each search.

A model must have no error in any of its scenarios, and the search must be complete. A control is the
model with one rule broken: spin must find that the property that rests on this rule is violated.

Usage: check_models.py COMPILER [ARGUMENT...]
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent

# The values of N_CREATORS, N_CLEANERS, N_DIRECTORIES and N_FORKING. All of them at once would have too
# many states.
LOCKS = {
    'two creators, two cleaners': (2, 2, 2, 0),
    'a creator that forks, two cleaners': (1, 2, 3, 1),
    'two creators of which one forks, one cleaner': (2, 1, 3, 1),
}
LOCKS_CONTROLS = {
    'NO_VERIFY_BY_CREATOR': 'OWNER_FINDS',
    'NO_VERIFY_BY_CLEANER': 'PUBLISHED_STAYS',
    'NO_DECISION_UNDER_LOCK': 'KEPT_STAYS',
    'NO_LOCK_BY_CLEANER': 'LIVE_STAYS',
    'NO_UNLOCK_BY_CLEANER': 'NONE_IS_LEFT',
    'UNLOCK_BY_OWNER': 'LIVE_STAYS',
    'CONVERSION_BY_OWNER': 'LIVE_STAYS',
    'RELEASE_BEFORE_UNMARK': 'KEPT_STAYS',
    'MARK_AFTER_MKDIR': 'NONE_IS_LEFT',
    'NAMES_RETURN': 'LIVE_STAYS',
}

HEARTBEAT = {
    'clocks that agree, and a last look at the server': 'FRESH_LAST_LOOK',
    'clocks that agree, and a last look at the cache': 'CACHED_LAST_LOOK',
    'any clocks': 'ANY_CLOCKS',
    'owner and cleaner on one machine': 'SAME_MACHINE',
}
HEARTBEAT_CONTROLS = {
    'NO_SILENCE': ('OWNER_LIVES', 'ANY_CLOCKS'),
    'NO_STALENESS': ('OWNER_LIVES', 'FRESH_LAST_LOOK'),
    'SHORT_SILENCE': ('OWNER_LIVES', 'ANY_CLOCKS'),
    'BY_OWN_CLOCK': ('OWNER_LIVES', 'FRESH_LAST_LOOK'),
    'UNBOUNDED_CACHE': ('OWNER_LIVES', 'ANY_CLOCKS'),
    'NO_CHECK_BEFORE_DELETION': ('OWNER_LIVES', 'FRESH_LAST_LOOK'),
    'NO_BYPASS': ('OWNER_LIVES', 'FRESH_LAST_LOOK'),
    'NO_LOCK': ('LOCK_COUNTS', 'SAME_MACHINE'),
    'FORGETFUL': ('DEAD_IS_TAKEN', 'ANY_CLOCKS'),
    'NO_LATE_CHECK': ('LOSS_IS_NOTICED', 'ANY_CLOCKS'),
    'LATE_BY_RUNNING_TIME': ('LOSS_IS_NOTICED', 'ANY_CLOCKS'),
}

# Messages about a search that did not visit every state.
INCOMPLETE = ['Search not completed', 'max search depth too small', 'Bit statespace', 'MEMLIM',
              'out of memory', 'hash-compact']


def run(command, folder):
    result = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    return result.returncode, result.stdout


class Search:
    """A search through the states of a model, in a process of its own."""

    def __init__(self, model, title, macros, property_name=None):
        self.model = model
        self.title = f'{model}: {title}'
        self.macros = macros
        self.property_name = property_name
        self.complaints = []
        self.unreached = set()
        self.summary = ''

    def run(self):
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            output = self.search(folder)
            elapsed = time.monotonic() - started
        if not output:
            return
        states = re.search(r'^\s*(\S+) states, stored', output, re.MULTILINE)
        errors = re.search(r'errors: (\d+)', output)
        if not states or not errors:
            self.complaints += ['the search printed no result', *output.splitlines()]
            return
        self.summary = f'{float(states[1]):.0f} states, {elapsed:.1f} s'
        self.unreached = set(re.findall(r'^\t(\S+:\d+, state \d+), "(?!-end-)', output, re.MULTILINE))
        if self.property_name:
            self.check_control(output)
        else:
            self.check_model(output, int(errors[1]))

    def search(self, folder):
        """Returns the output of the search, or None if it could not start."""
        shutil.copy(FOLDER / f'{self.model}.pml', folder)
        # Most controls end soon: the compiler would take longer than the search.
        optimization = '-O0' if self.property_name else '-O2'
        for command in [
                ['spin', '-P' + ' '.join([*compiler, '-E', '-x', 'c']), '-a',
                 *[f'-D{macro}' for macro in self.macros], f'{self.model}.pml'],
                [*compiler, '-w', optimization, '-DSAFETY', '-DCOLLAPSE', '-o', 'pan', 'pan.c']]:
            status, output = run(command, folder)
            if status != 0:
                self.complaints += [f'{" ".join(command)}: ended with {status}',
                                    *output.splitlines()]
                return None
        # A larger depth than necessary only costs memory.
        status, output = run(['./pan', '-m1000000'], folder)
        if status != 0:
            self.complaints += [f'the search ended with {status}', *output.splitlines()]
            return None
        return output

    def check_model(self, output, n_errors):
        if n_errors != 0:
            self.complaints += [line for line in output.splitlines() if line.startswith('pan:')]
        self.complaints += [sign for sign in INCOMPLETE if sign in output]
        if 'Full statespace search' not in output:
            self.complaints.append('this was no search through all states')

    def check_control(self, output):
        """The search ends with the first error, which must be about the property."""
        if not re.search(r'^pan:1: assertion violated ', output, re.MULTILINE):
            self.complaints.append(f'{self.property_name} holds without the rule')


def list_searches():
    for title, values in LOCKS.items():
        yield Search('locks', title, name_locks(values))
    for control, property_name in LOCKS_CONTROLS.items():
        yield Search('locks', f'{control} breaks {property_name}',
                     [*name_locks((1, 2, 2, 1)), control, f'PROPERTY={property_name}'], property_name)
    for title, scenario in HEARTBEAT.items():
        yield Search('heartbeat', title, [f'SCENARIO={scenario}'])
    for control, (property_name, scenario) in HEARTBEAT_CONTROLS.items():
        yield Search('heartbeat', f'{control} breaks {property_name}',
                     [f'SCENARIO={scenario}', control, f'PROPERTY={property_name}'], property_name)


def name_locks(values):
    names = ['N_CREATORS', 'N_CLEANERS', 'N_DIRECTORIES', 'N_FORKING']
    return [f'{name}={value}' for name, value in zip(names, values)]


def find_unreached(searches, model):
    """Returns the steps of a model that none of its scenarios takes. A property of such a step would
    always hold."""
    return set.intersection(*[search.unreached for search in searches
                              if search.model == model and not search.property_name])


def find_untested(model):
    """Returns the macros by which a model tests a rule, and which no control defines."""
    text = (FOLDER / f'{model}.pml').read_text(encoding='utf-8')
    controls = {'locks': LOCKS_CONTROLS, 'heartbeat': HEARTBEAT_CONTROLS}[model]
    tested = set(re.findall(r'^#ifn?def (\w+)', text, re.MULTILINE))
    parameters = set(re.findall(r'^#ifndef (\w+)\n#define \1\b', text, re.MULTILINE))
    return sorted((tested - parameters) ^ set(controls))


def print_result(n, title, complaints, summary=''):
    print('not ok' if complaints else 'ok', n, '-', title)
    for line in [*complaints, summary]:
        if line:
            print('#', line)
    sys.stdout.flush()
    return bool(complaints)


compiler = sys.argv[1:]
for tool, reason in [
        ('spin', 'docs/install-dependencies.sh --tests installs it'),
        (compiler[0], 'the models are searched by programs in C')]:
    if not shutil.which(tool):
        print(f'1..1\nok 1 # SKIP {tool} is missing: {reason}')
        sys.exit()

searches = list(list_searches())
models = ['locks', 'heartbeat']
print(f'1..{len(searches) + 2 * len(models)}')
failed = False
with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count())) as threads:
    for n, (search, _) in enumerate(zip(searches, threads.map(Search.run, searches)), 1):
        failed |= print_result(n, search.title, search.complaints, search.summary)
for model in models:
    n += 1
    failed |= print_result(n, f'{model}: every step is taken',
                           sorted(find_unreached(searches, model)))
    n += 1
    failed |= print_result(n, f'{model}: every rule has a control', find_untested(model))
sys.exit(failed)
