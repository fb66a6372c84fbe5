# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds mutants in a copy of the source tree, and tests them where they can damage nothing: in a mount
namespace in which everything but a small tmpfs is read-only."""

import filecmp
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# The first process of a PID namespace, which takes all of its processes with it. A mutant of a library
# that deletes directories may delete anything that it can write to.
SANDBOX = r'''
mount --make-rprivate /
while read -r _ _ _ _ point _; do
    case $point in
    /proc | /proc/*) ;;
    *) mount -o remount,bind,ro "$(printf '%b' "$point")" 2>/dev/null ;;
    esac
done </proc/self/mountinfo
for folder in /tmp /var/tmp /run /root; do
    mount -t tmpfs -o size=2g,mode=1777 tmpfs "$folder" || exit 99
done
chmod 755 /run /root
touch /etc/mutation 2>/dev/null && exit 99
mkdir -p /tmp/tests /run/sshd
cd /tmp/tests
"$@"
'''

OPTIONS = ['-Doptimization=0', '-Ddebug=true', '-Dc_args=-g0', '-Dintrospection=disabled',
           '-Ddocumentation=disabled', '-Dvapi=disabled', '-Dwindow=disabled', '-Dwerror=false']
VARIANTS = {'local': [], 'gio': ['-Dgio_only=true']}


class Failure(Exception):
    """The workshop itself does not work."""


def run(command, log, **options):
    with open(log, 'wb') as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, check=False, **options).returncode
    return status == 0


def split_includes(text):
    """Returns the lines of a C file up to its last inclusion, and the others, with their line numbers."""
    end = text.index('\n', text.rindex('\n#include')) + 1
    return text[:end], '\n' * text.count('\n', 0, end) + text[end:]


class Library:
    """One of the shared libraries, into which a changed object is linked. The headers are compiled once
    for each file: they take most of the time."""

    def __init__(self, build, path):
        self.build = build
        self.path = path
        self.original = build / f'{path}.original'
        self.log = build / 'library.log'
        self.changed = None
        if not self.original.exists():
            shutil.copy(build / path, self.original)
        lines = subprocess.run(['ninja', '-C', build, '-t', 'commands', path], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines()
        self.link = next(shlex.split(line) for line in lines if f' -o {path} ' in line)
        with open(build / 'compile_commands.json', encoding='utf-8') as commands:
            self.commands = {entry['file'].rpartition('source/')[2]: shlex.split(entry['command'])
                             for entry in json.load(commands) if entry['output'].startswith(f'{path}.p/')}

    def compile(self, name, text, output, options=()):
        """Returns whether TEXT can be compiled in place of the file NAME."""
        words = self.commands[name]
        # What makes a list of the headers for ninja.
        flags = [word for i, word in enumerate(words[:-1])
                 if word not in ('-MD', '-MQ', '-MF', '-o', '-c', 'ccache') and
                 words[i - 1] not in ('-MQ', '-MF', '-o')]
        includes, rest = split_includes(text)
        folder = self.build / 'headers' / self.path
        header = folder / (name.replace('/', '-') + '.h')
        if not header.exists():
            folder.mkdir(parents=True, exist_ok=True)
            header.write_text(includes, encoding='utf-8')
            if not run([*flags, '-x', 'c-header', header, '-o', f'{header}.gch'], self.log, cwd=self.build):
                raise Failure(f'the headers of {name} do not compile: see {self.log}')
        source = self.build / 'mutant.c'
        source.write_text(rest, encoding='utf-8')
        return run([*flags, *options, '-include', header, '-c', source, '-o', output], self.log,
                   cwd=self.build)

    def make(self, name, text):
        """Links the library with TEXT in place of the file NAME. Returns whether that is possible."""
        words = self.commands[name]
        place = words[words.index('-o') + 1]
        if not self.compile(name, text, 'mutant.o'):
            return False
        # The tests run with what was there before the link.
        (self.build / self.path).unlink()
        self.changed = True
        return run(['mutant.o' if word == place else word for word in self.link], self.log, cwd=self.build)

    def restore(self):
        if self.changed:
            shutil.copy(self.original, self.build / self.path)
            self.changed = None


class Workshop:
    """A copy of the source tree with a build folder for one variant of the library."""

    def __init__(self, folder, variant):
        self.folder = pathlib.Path(folder)
        self.source = self.folder / 'source'
        self.build = self.folder / f'build-{variant}'
        self.variant = variant
        self.log = self.folder / 'log'
        self.mutant = None

    def prepare(self, names):
        """Copies the files that have changed, and builds the libraries and the tests NAMES."""
        for original in self.build.glob('t*/**/libtempman-1.so.*.original'):
            original.unlink()
        shutil.rmtree(self.build / 'headers', ignore_errors=True)
        self.copy_sources()
        if not (self.build / 'build.ninja').exists():
            if not run(['meson', 'setup', self.build, self.source, *OPTIONS, *VARIANTS[self.variant]],
                       self.log):
                raise Failure(f'meson fails: see {self.log}')
        listed = subprocess.run(['meson', 'introspect', '--tests', self.build], check=True,
                                stdout=subprocess.PIPE).stdout
        self.tests = {test['name']: test for test in json.loads(listed) if test['name'] in names}
        programs = {os.path.relpath(test['cmd'][0], self.build) for test in self.tests.values()}
        if not run(['ninja', '-j2', '-C', self.build, *sorted(programs)], self.log):
            raise Failure(f'the copy does not build: see {self.log}')
        self.libraries = [Library(self.build, str(path.relative_to(self.build)))
                          for path in self.build.glob('t*/**/libtempman-1.so.*.*.*')
                          if path.suffix[1:].isdigit()]

    def copy_sources(self):
        names = subprocess.run(['git', '-C', SOURCE, 'ls-files', '-co', '--exclude-standard', '-z'],
                               check=True, stdout=subprocess.PIPE, text=True).stdout.split('\0')
        names = {name for name in names if name and (SOURCE / name).is_file()}
        for name in names:
            copy = self.source / name
            if not copy.exists() or not filecmp.cmp(SOURCE / name, copy, shallow=False):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(SOURCE / name, copy)
        for copy in self.source.rglob('*.[ch]'):
            if str(copy.relative_to(self.source)) not in names:
                copy.unlink()

    def get_library(self, test):
        """The library that a test uses."""
        is_short = any('waiting' in suite for suite in test['suite'])
        return next(library for library in self.libraries
                    if library.path.startswith('tests/short/') == is_short)

    def build_mutant(self, name, text):
        """Returns whether the library can be built with TEXT in place of the file NAME. The other library
        is built when a test needs it."""
        self.restore()
        self.mutant = (name, text)
        library = next(library for library in self.libraries if library.path.startswith('tempman/'))
        return library.make(name, text)

    def restore(self):
        for library in self.libraries:
            library.restore()
        self.mutant = None

    def is_same_code(self, name, text):
        """Whether an optimizing compiler makes the same object of TEXT as of the original."""
        objects = []
        for content in [(SOURCE / name).read_text(encoding='utf-8'), text]:
            if not self.libraries[0].compile(name, content, 'same.o', ['-O2', '-DG_DISABLE_ASSERT']):
                return False
            objects.append((self.build / 'same.o').read_bytes())
        return objects[0] == objects[1]

    def run_test(self, name, seconds):
        """Returns 'passes', 'fails' or 'hangs', and how long it took."""
        test = self.tests[name]
        library = self.get_library(test)
        if self.mutant and not library.changed:
            library.make(*self.mutant)
        environment = {**os.environ, **test['env'], 'HOME': '/root', 'TMPDIR': '/tmp/tests',
                       'XDG_RUNTIME_DIR': '/run', 'MALLOC_PERTURB_': '85'}
        started = time.monotonic()
        with open(self.folder / 'test.log', 'wb') as output:
            process = subprocess.Popen(
                ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c',
                 SANDBOX, 'sh', *test['cmd']],
                env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True)
            try:
                status = process.wait(timeout=seconds)
                result = 'passes' if status == 0 else 'fails'
            except subprocess.TimeoutExpired:
                # This takes everything in the namespace with it.
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                status, result = None, 'hangs'
        if status == 99:
            raise Failure('other file systems cannot be made read-only')
        return result, time.monotonic() - started

    def read_last_lines(self):
        with open(self.folder / 'test.log', encoding='utf-8', errors='replace') as log:
            return log.read().splitlines()[-12:]
