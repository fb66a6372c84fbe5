# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes one operator, constant, condition or call of the library at a time, and runs the tests until
one fails. A mutant that no test kills survives: either a test is missing, or the change has no effect
that anyone could observe. survivors.txt lists the latter, with the reason for each.

The sources are changed in a copy. Mutants run as root, in a mount namespace in which they can only write
to a tmpfs. A mutant that a test hangs with is killed; one that does not compile, or that an optimizing
compiler makes the same code of, does not count.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time

import mutants
import workshop

FOLDER = pathlib.Path(__file__).resolve().parent
REQUIRED = 95

# The files of each module, with a pattern for the names of the functions if only some belong to it.
MODULES = {
    'policy': {'tempman/core/tm-policy.c': ''},
    'locked-directory': {
        'tempman/local/tm-locked-directory.c': '',
        'tempman/local/tm-locked-directory-create.c': '',
        'tempman/local/tm-locked-directory-delete.c': '',
        'tempman/local/tm-locked-directory-heartbeat.c': '',
    },
    'cleanup': {
        'tempman/local/tm-cleanup.c': '',
        'tempman/local/tm-entry.c': '',
        'tempman/local/tm-file-entry.c': '',
        'tempman/gio/tm-cleanup-gio.c': '',
    },
    'walker': {
        'tempman/local/tm-walker.c': '',
        'tempman/local/tm-level.c': '',
        'tempman/gio/tm-delete-tree-gio.c': '',
    },
    'publish': {
        'tempman/local/tm-publish.c': '',
        'tempman/gio/tm-backend-gio.c': 'publish|persist|move',
    },
    'heartbeat': {
        'tempman/core/tm-heartbeat.c': '',
        'tempman/gio/tm-heartbeat-gio.c': '',
    },
}

# The tests that cover each module: those first that are quick, and likely to fail. While a module is
# tested, those that kill most mutants in the least time move to the front.
TESTS = {
    'policy': ['cleanup', 'exclude', 'root', 'include-files', 'root-entry', 'shared', 'log', 'limits', 'expiry',
               'age', 'remote-heartbeat', 'heartbeat'],
    'locked-directory': [
        'temporary-directory', 'creation', 'close', 'keep', 'locking', 'persist', 'persist-replace',
        'identities', 'forks', 'processes', 'permissions', 'owners', 'parents', 'obstacles', 'cleanup',
        'restore', 'contents', 'delete', 'delete-flags', 'measure', 'force', 'shared', 'heartbeat', 'mounts',
        'file-systems', 'persist-file-systems', 'planted-links', 'log', 'crashes', 'faults',
        'faults-persist', 'faults-root', 'momentary-locks', 'hanging-mounts', 'attacks', 'campaign'],
    'cleanup': [
        'cleanup', 'root-entry', 'root', 'root-signals', 'include-files', 'exclude', 'limits', 'expiry',
        'restore', 'measure', 'sizes', 'identities', 'locking', 'momentary-locks', 'log', 'cancel', 'owners',
        'shared', 'heartbeat', 'progress', 'permissions', 'mounts', 'thread-rights', 'forks', 'obstacles',
        'planted-links', 'hanging-mounts', 'faults-root', 'crashes', 'threads', 'remote',
        'remote-connection', 'remote-faults', 'remote-heartbeat', 'privilege', 'campaign'],
    'walker': [
        'levels', 'delete', 'contents', 'close', 'cleanup', 'obstacles', 'permissions', 'measure', 'age',
        'restore', 'attacks', 'delete-threads', 'delete-flags', 'deletion', 'force', 'identities', 'mounts',
        'progress', 'cancel', 'attack-races', 'sizes', 'faults', 'levels-openat2-ENOSYS', 'remote',
        'remote-faults', 'remote-connection', 'attacks-openat2-ENOSYS', 'campaign'],
    'publish': [
        'persist', 'persist-replace', 'persist-file-systems', 'faults-persist', 'identities', 'owners',
        'permissions', 'planted-links', 'mounts', 'messages', 'log', 'persist-races', 'crashes', 'forks',
        'remote', 'remote-faults', 'remote-connection', 'parents', 'shared', 'heartbeat'],
    'heartbeat': [
        'heartbeat', 'remote-heartbeat', 'shared', 'forks', 'processes', 'thread-rights', 'keep', 'remote',
        'remote-connection', 'remote-faults', 'persist'],
}


def get_variant(name):
    """The build in which the tests use a file."""
    return 'gio' if '/gio/' in name else 'local'


def get_key(mutant):
    """What identifies a mutant while other lines of the file change."""
    return (mutant.file, mutant.function, mutant.before, mutant.after)


def read_verdicts(path=FOLDER / 'survivors.txt'):
    """Returns the mutants without effect: from their keys to the reasons."""
    verdicts = {}
    for block in re.split(r'\n\s*\n', path.read_text(encoding='utf-8')):
        lines = [line for line in block.splitlines() if not line.startswith('#')]
        if not lines:
            continue
        place, rest = lines[0], lines[1:]
        file, _, function = place.partition(': ')
        before = [line[2:] for line in rest if line.startswith('- ')]
        after = [line[2:] for line in rest if line.startswith('+ ')]
        reason = ' '.join(line for line in rest if line[:2] not in ('- ', '+ '))
        if len(before) != 1 or not after or not reason:
            raise SystemExit(f'{path}: not understood:\n{block}')
        for text in after:
            verdicts[file, function, before[0], text] = reason
    return verdicts


def list_mutants(modules):
    for module in modules:
        for name, functions in MODULES[module].items():
            text = (workshop.SOURCE / name).read_text(encoding='utf-8')
            for mutant in mutants.find_mutants(name, text):
                if re.search(functions, mutant.function):
                    yield module, mutant


def describe(mutant):
    return (f'{mutant.file}:{mutant.line}: {mutant.function}\n- {mutant.before}\n+ {mutant.after}')


class Results:
    """What became of each mutant, in a file, so that a later run goes on where this one stopped."""

    def __init__(self, path):
        self.path = path
        self.outcomes = {}
        if path.exists():
            self.outcomes = {tuple(key): outcome for key, outcome in
                             json.loads(path.read_text(encoding='utf-8'))}

    def save(self):
        temporary = self.path.with_suffix('.new')
        temporary.write_text(json.dumps(list(self.outcomes.items()), indent=0), encoding='utf-8')
        temporary.replace(self.path)


class Campaign:
    def __init__(self, folder, results):
        self.folder = folder
        self.results = results
        self.workshops = {}
        durations = folder / 'durations.json'
        self.durations = json.loads(durations.read_text(encoding='utf-8')) if durations.exists() else {}
        self.kills = {}

    def get_workshop(self, variant):
        if variant not in self.workshops:
            shop = workshop.Workshop(self.folder, variant)
            say(f'builds the variant {variant}')
            shop.prepare({name for names in TESTS.values() for name in names})
            self.workshops[variant] = shop
        return self.workshops[variant]

    def measure(self, shop, name):
        """Runs a test with the original, and returns how long it takes, or None if it does not pass: then
        it kills nothing."""
        key = f'{shop.variant} {name}'
        if key not in self.durations:
            mutant = shop.mutant
            shop.restore()
            result, seconds = shop.run_test(name, 300)
            if result != 'passes':
                say(f'the test {name} {result} without a change, and is left out:')
                for line in shop.read_last_lines():
                    say('  ' + line)
            self.durations[key] = seconds if result == 'passes' else None
            (self.folder / 'durations.json').write_text(json.dumps(self.durations), encoding='utf-8')
            if mutant:
                shop.build_mutant(*mutant)
        return self.durations[key]

    def list_tests(self, shop, module):
        """The tests in the order in which they kill most in the least time. Those that were not needed so
        far are in the order of the table."""
        names = [name for name in TESTS[module] if name in shop.tests]
        return sorted(names, key=lambda name: -self.kills.get((module, name), 0) /
                      ((self.durations.get(f'{shop.variant} {name}') or 0) + 0.1))

    def test(self, module, mutant):
        """Returns what becomes of a mutant: 'killed by TEST', 'does not compile', 'same code' or
        'survives'."""
        shop = self.get_workshop(get_variant(mutant.file))
        text = mutants.apply((workshop.SOURCE / mutant.file).read_text(encoding='utf-8'), mutant)
        if not shop.build_mutant(mutant.file, text):
            return 'does not compile'
        for name in self.list_tests(shop, module):
            expected = self.measure(shop, name)
            if expected is None:
                continue
            # The machine can be busier than it was.
            result, _ = shop.run_test(name, 10 + 10 * expected)
            if result != 'passes':
                # The last ones count most: the next mutant is of the same file.
                for other in self.kills:
                    self.kills[other] *= 0.95
                self.kills[module, name] = self.kills.get((module, name), 0) + 1
                return f'killed by {name}' + (', which hangs' if result == 'hangs' else '')
        return 'same code' if shop.is_same_code(mutant.file, text) else 'survives'

    def close(self):
        for shop in self.workshops.values():
            shop.restore()


def say(*words):
    print('#', *words)
    sys.stdout.flush()


def report(modules, results, chosen, verdicts):
    """Prints the score of each module, and returns whether all are high enough."""
    print(f'1..{len(modules)}')
    all_passed = True
    for n, module in enumerate(modules, 1):
        outcomes = [(mutant, results.outcomes.get(get_key(mutant))) for mod, mutant in chosen if mod == module]
        tested = [(mutant, outcome) for mutant, outcome in outcomes if outcome]
        killed = [outcome for _, outcome in tested if outcome.startswith('killed')]
        survivors = [mutant for mutant, outcome in tested if outcome == 'survives']
        counted = len(killed) + len(survivors)
        score = 100 * len(killed) / counted if counted else 100
        listed = sum(get_key(mutant) in verdicts for mutant, _ in outcomes)
        passed = score >= REQUIRED
        all_passed = all_passed and passed
        for mutant in survivors:
            say('survives: ' + describe(mutant).replace('\n', '\n#   '))
        print(f'{"ok" if passed else "not ok"} {n} - {module}: {score:.1f} % of {counted} mutants are killed')
        say(f'{sum("hangs" in outcome for outcome in killed)} of them hang; '
            f'{sum(outcome == "does not compile" for _, outcome in tested)} more do not compile, '
            f'{sum(outcome == "same code" for _, outcome in tested)} are the same code, '
            f'{listed} are listed as equivalent, {len(outcomes) - len(tested) - listed} are not tested')
    return all_passed


def check_verdicts(verdicts):
    """Prints the listed mutants that do not exist any more."""
    existing = {get_key(mutant) for _, mutant in list_mutants(MODULES)}
    stale = [key for key in verdicts if key not in existing]
    print('1..1')
    print('not ok' if stale else 'ok', '1 - the listed survivors are mutants of the sources')
    for file, function, before, after in stale:
        say(f'no longer applies: {file}: {function}\n#   - {before}\n#   + {after}')
    return not stale


def choose(arguments, verdicts):
    """Returns the mutants to test, with their modules, in the order of a random sample."""
    chosen = list(list_mutants(arguments.modules or MODULES))
    if arguments.match:
        chosen = [(module, mutant) for module, mutant in chosen
                  if arguments.match in f'{mutant.file}:{mutant.line}: {mutant.function}: {mutant.after}']
    generator = random.Random(arguments.seed)
    generator.shuffle(chosen)
    if arguments.sample:
        counts = {}
        for module, _ in chosen:
            counts[module] = 0
        sample = []
        for module, mutant in chosen:
            if get_key(mutant) not in verdicts and counts[module] < arguments.sample:
                counts[module] += 1
                sample.append((module, mutant))
        chosen = sample
    # One module after the other, since each has its tests.
    order = list(MODULES)
    return sorted(chosen, key=lambda pair: order.index(pair[0]))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0],
                                     epilog='Modules: ' + ', '.join(MODULES))
    parser.add_argument('modules', nargs='*', metavar='MODULE', help='the modules to test; all by default')
    parser.add_argument('--folder', help='keeps the copy, the builds and the results in this directory, '
                        'preferably on a tmpfs; a later run goes on from there')
    parser.add_argument('--sample', type=int, metavar='N', help='tests N random mutants of each module')
    parser.add_argument('--seed', type=int, default=1, help='of the random order; 1 by default')
    parser.add_argument('--match', metavar='TEXT', help='tests the mutants whose description, '
                        '“FILE:LINE: FUNCTION: CHANGED CODE”, contains this text')
    parser.add_argument('--again', action='store_true', help='tests those again that have survived')
    parser.add_argument('--seconds', type=int, help='stops after this time')
    parser.add_argument('--list', action='store_true', help='prints the mutants, and tests none')
    parser.add_argument('--report', action='store_true', help='prints the results so far, and tests none')
    parser.add_argument('--check-survivors', action='store_true',
                        help='only checks that each listed survivor is still a mutant')
    parser.add_argument('--test-survivors', action='store_true',
                        help='tests the listed survivors, which must survive')
    arguments = parser.parse_args()
    for module in arguments.modules:
        if module not in MODULES:
            parser.error(f'{module} is none of the modules {", ".join(MODULES)}')
    return arguments


def main():
    arguments = parse_arguments()
    verdicts = read_verdicts()
    if arguments.check_survivors:
        return check_verdicts(verdicts)
    chosen = choose(arguments, verdicts)
    if arguments.list:
        for _, mutant in chosen:
            print(describe(mutant))
        return True
    if os.geteuid() != 0 or not shutil.which('unshare'):
        print('1..0 # SKIP only root can hide other file systems from the mutants, with unshare')
        return True

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(arguments.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        results = Results(folder / 'results.json')
        if not arguments.report:
            test_all(arguments, folder, results, chosen, verdicts)
        modules = [module for module in MODULES if any(module == other for other, _ in chosen)]
        return report(modules, results, chosen, verdicts)


def test_all(arguments, folder, results, chosen, verdicts):
    campaign = Campaign(folder, results)
    started = time.monotonic()
    try:
        for module, mutant in chosen:
            key = get_key(mutant)
            outcome = results.outcomes.get(key)
            if outcome and not (arguments.again and outcome == 'survives'):
                continue
            if (key in verdicts) != arguments.test_survivors:
                continue
            if arguments.seconds and time.monotonic() - started > arguments.seconds:
                break
            before = time.monotonic()
            outcome = campaign.test(module, mutant)
            say(f'{time.monotonic() - before:.1f} s: {mutant.file}:{mutant.line}: {outcome}')
            if arguments.test_survivors:
                if outcome.startswith('killed'):
                    say('listed, but ' + outcome + ': ' + describe(mutant).replace('\n', '\n#   '))
                continue
            results.outcomes[key] = outcome
            results.save()
    finally:
        campaign.close()
    say(f'{time.monotonic() - started:.0f} s')


if __name__ == '__main__':
    sys.exit(not main())
