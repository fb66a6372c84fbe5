# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Removes the checks of the override one by one, and prints those whose absence no test notices.

Usage: mutations.py BUILD [WORD...]: the folder of a build, and words of the names of the mutations to
try. Not part of the suite, which it runs some dozens of times.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OVERRIDE = HERE.parents[1] / 'tempman' / 'bindings' / 'Tempman.py'

# A name, the code, its replacement, and the tests that have to fail. Every occurrence of the code is
# replaced.
MUTATIONS = [
    ('errors keep the type of GLib', 'raise new.with_traceback(traceback) from None', 'return', ['errors']),
    ('an error tells of the conversion', 'new.__context__ = error.__context__', 'pass', ['errors']),
    ('an error hides the one that was handled before', 'new.__context__ = error.__context__',
     'new.__context__ = None', ['errors']),
    ('an error of something inside has the path of the call',
     "if any(f'“{name}”' in error.message for name in names):", 'if True:', ['errors']),
    ('an error has no path', "if any(f'“{name}”' in error.message for name in names):",
     'if False:', ['errors']),
    ('an error is not pickled',
     '        return type(self), (self.message, self.domain, self.code, self.filename)',
     '        return object.__reduce__(self)', ['errors', 'processes']),
    ('an error has no module', "    _class.__module__ = 'gi.repository.Tempman'", '    pass',
     ['errors', 'processes']),
    ('the result of another call passes', '    if value == failure:', '    if False:',
     ['misuse', 'errors']),
    ('an empty path is the working directory', '    if not name:', '    if False:', ['arguments']),
    ('None is a path that has to be given',
     "    if path is None:\n        raise TypeError(f'{name} must be a path, not None')",
     "    pass", ['misuse', 'arguments']),
    ('True is a second', ' and not isinstance(timeout, bool)', '', ['arguments']),
    ('text is a number', 'isinstance(timeout, numbers.Real)', 'True', ['arguments']),
    ('flags without a name', '    if number & ~named:', '    if False:',
     ['arguments', 'misuse']),
    ('flags of another type', '    if isinstance(flags, (GObject.GFlags, GObject.GEnum)) and not '
     'isinstance(flags, type_):', '    if False:', ['arguments']),
    ('flags are whatever makes a number', 'operator.index(flags)', 'int(flags)', ['arguments']),
    ('names of files are UTF-8', 'name = os.fsdecode(path)',
     "name = path.decode() if isinstance(path, bytes) else os.fspath(path)", ['arguments']),
    ('a child has an absolute name', '        if os.path.isabs(name):', '        if False:',
     ['arguments']),
    ('nothing is told of a callback in a coroutine',
     '    if callback is _AWAIT and loop is not None:', '    if loop is not None:', ['await']),
    ('the loop of asyncio is taken for one of GLib',
     '    if not _iterates_main_context(loop):', '    if False:', ['await']),
    ('the loop of GLib is not known', '    if not _iterates_main_context(loop):', '    if True:',
     ['await']),
    ('any loop with a context is of GLib', '    return (isinstance(context, GLib.MainContext)\n'
     '            and context == GLib.MainContext.ref_thread_default())',
     '    return context is not None', ['await']),
    ('the loop of another context is of this one', '\n            and context == '
     'GLib.MainContext.ref_thread_default())', ')', ['await']),
    ('a cancelled task leaves the call running', '        cancellable.cancel()\n',
     '        pass\n', ['await']),
    ('a cancelled task does not wait', '        await _wait(future)\n        # What',
     '        # What', ['await']),
    ('a cancelled task takes its call with it', 'await asyncio.shield(future)', 'await future',
     ['await']),
    ('a cancelled creation leaves its directory',
     '        if future.exception() is None and isinstance(future.result(), TemporaryDirectory):\n'
     '            await future.result()._close_to_the_end()\n', '', ['await']),
    ('only one cancellation is waited for',
     "        except asyncio.CancelledError:\n            cancelled = True\n    return cancelled",
     "        except asyncio.CancelledError:\n            raise\n    return cancelled", ['await']),
    ('the end of async with swallows the cancellation',
     '        if await _wait(future):\n            raise asyncio.CancelledError\n',
     '        await _wait(future)\n', ['await']),
    ('the end of async with swallows its error',
     '            raise asyncio.CancelledError\n        future.result()\n',
     '            raise asyncio.CancelledError\n', ['await']),
    ('a directory is forgotten at the end', '        _notes[key] = weakref.ref(', '        weakref.ref(',
     ['lifetime']),
    ('notes of directories that are gone stay', ', lambda _: _notes.pop(key, None))', ')',
     ['warnings']),
    ('a note comes after the directory', "        note = cls()\n"
     "        note._directories.append(create(*args))\n", "        directory = create(*args)\n"
     "        note = cls(directory)\n", ['lifetime']),
    ('a note holds its directory', '        self._directories.clear()\n', '', ['warnings']),
    ('a note holds nothing before there is a weak reference',
     '        directory, = note._directories\n', '        directory = note._directories.pop()\n',
     ['lifetime']),
    ('each initialisation is noted', '        if directory.get_file() is not None:\n'
     '            return None\n', '', ['warnings']),
    ('an adopted directory is not noted', '        _Note.adopt(self)\n', '', ['warnings']),
    ('each adoption is noted', '        if not any(note is not None and directory in '
     'note._get_directories() for note in notes):\n', '        if True:\n', ['warnings']),
    ('no hook at the exit', 'atexit.register(_close_all_at_exit)', 'pass', ['warnings', 'lifetime']),
    ('no hook in a forked child of multiprocessing',
     '    Finalize(None, _close_all, exitpriority=-1000)', '    pass', ['processes']),
    ('the hook in a child comes first', 'exitpriority=-1000', 'exitpriority=1000', ['processes']),
    ('the hook of the parent is enough for a child', '    _process = object()\n'
     '    _is_hooked = False\n', '    _process = object()\n', ['processes']),
    ('the first error at the exit is the last',
     '        except Exception:\n            # The other', '        except ZeroDivisionError:\n'
     '            # The other', ['lifetime', 'warnings']),
    ('one that is closed is warned of', ' or directory.is_closed():\n            return',
     ':\n            return', ['warnings']),
    ('one that was closed is warned of', ' and not self._is_closed and', ' and', ['warnings']),
    ('one that was never created is warned of', 'if self._file is not None and not', 'if not',
     ['warnings']),
    ('a child warns of a directory that is not its own', ' and self._process is _process:', ':', ['warnings']),
    ('a child closes a directory that is not its own', '    _notes = {}\n    _process =', '    _process =',
     ['warnings']),
    ('no warning', 'ResourceWarning, source=self)', 'ImportWarning, source=self)', ['warnings']),
    ('a warning without a source', 'ResourceWarning, source=self)', 'ResourceWarning)',
     ['warnings']),
    ('a warning that is an error leaves the directory', '        finally:\n            directory.close()',
     '        finally:\n            pass\n        directory.close()', ['warnings', 'lifetime']),
    ('a wrapper without an object has no repr', '    except (RuntimeError, TypeError):\n        # A',
     '    except ZeroDivisionError:\n        # A', ['language', 'misuse']),
    ('a subclass reaches GLib', '    __init_subclass__ = _refuse_subclass\n', '', ['language']),
    ('no local path', "    if self.path is None:\n        raise TypeError(f'{self!r} has no local "
     "path')\n", '', ['language', 'misuse']),
    ('construction does not initialise', '        return cls.new(parent, prefix)',
     '        return super().__new__(cls)', ['interface', 'arguments']),
    ('a basis of age is any number', 'Tempman.AgeBasis(operator.index(basis))', 'basis', ['properties', 'misuse', 'cleanup']),
    ('an entry without a file has no path',
     'return file.get_path() if file is not None else None', 'return file.get_path()', ['misuse']),
    ('an entry without a time has no last_used', '        if time is None:\n            return None\n',
     '', ['misuse']),
    ('times go through a double',
     "datetime.timedelta(seconds=time.to_unix(), microseconds=time.get_microsecond())",
     "datetime.timedelta(seconds=time.to_unix() + float(time.get_microsecond()) / 1e6 * (1 + 1e-6))",
     ['language']),
    ('last_used is naive', 'tzinfo=datetime.timezone.utc', 'tzinfo=None', ['language']),
    ('progress is told in a thread of the executor',
     'loop.call_soon_threadsafe(progress, n_deleted, n_found)', 'progress(n_deleted, n_found)',
     ['await']),
    ('progress is anything',
     "    if progress is not None and not callable(progress):", '    if False:', ['await', 'misuse']),
    ('data of the callback become those of progress', 'progress, (), callback,',
     'progress, callback,', ['async', 'delete', 'calls']),
    ('with does not close', '    def __exit__(self, exc_type, exc_value, traceback):\n'
     '        self.close()', '    def __exit__(self, exc_type, exc_value, traceback):\n'
     '        pass', ['interface']),
    ('with swallows an exception', '        self.close()\n\n    async def __aenter__',
     '        return self.close()\n\n    async def __aenter__', ['interface']),
    ('an initialised directory is not noted', '            super().init(cancellable)\n        if note '
     'is not None:', '            super().init(cancellable)\n        if False:', ['warnings']),
    ('an initialised directory is noted late', '        note = _Note.find(self)\n        with '
     "_errors(self.get_property('parent')):\n            super().init(cancellable)\n",
     "        with _errors(self.get_property('parent')):\n            super().init(cancellable)\n"
     '        note = _Note(self)\n', ['lifetime']),
    ('one initialised without blocking is not noted', '        _Note.find(self)\n', '', ['warnings']),
    ('a finished creation is not noted',
     '_Note.create(Tempman.TemporaryDirectory.new_finish, result)',
     'Tempman.TemporaryDirectory.new_finish(result)', ['warnings']),
    ('that of a root is not noted', '_Note.create(super().create_temp_dir, cancellable)',
     'super().create_temp_dir(cancellable)', ['warnings']),
    ('a finished one of a root is not noted',
     '_Note.create(super().create_temp_dir_finish, result)',
     'super().create_temp_dir_finish(result)', ['warnings']),
]

# Mutations that only a newer PyGObject can tell from the original: it has a loop of its own.
NEEDS_LOOP = {'the loop of GLib is not known', 'the loop of another context is of this one'}


def has_loop():
    return subprocess.run([sys.executable, '-c', 'import gi.events'],
                          stderr=subprocess.DEVNULL).returncode == 0


def run(build, folder, tests):
    """Return the first of the tests that fails, or None."""
    def prepend(name, *paths):
        environment[name] = os.pathsep.join([*map(str, paths), *filter(None, [os.environ.get(name)])])

    environment = dict(os.environ, G_DEBUG='fatal-warnings')
    prepend('GI_TYPELIB_PATH', build / 'tempman')
    prepend('LD_LIBRARY_PATH', build / 'tempman')
    prepend('PYTHONPATH', folder)
    for test in tests:
        try:
            result = subprocess.run([sys.executable, str(HERE / f'test_{test}.py'), '--failfast'],
                                    env=environment, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, timeout=120)
        except subprocess.TimeoutExpired:
            return test + ' (for ever)'
        if result.returncode != 0:
            return test
    return None


def main(build, *words):
    source = OVERRIDE.read_text()
    tests = sorted({test for mutation in MUTATIONS for test in mutation[3]})
    missed = []
    with tempfile.TemporaryDirectory(prefix='tempman-test-') as folder:
        override = pathlib.Path(folder, 'gi', 'overrides', 'Tempman.py')
        override.parent.mkdir(parents=True)
        override.write_text(source)
        failed = None if words else run(build, folder, tests)
        if failed:
            sys.exit(f'{failed} fails without any mutation')
        for name, old, new, tests in MUTATIONS:
            if words and not any(word in name for word in words):
                continue
            if old not in source:
                sys.exit(f'{name}: the code that it replaces does not exist any more')
            if name in NEEDS_LOOP and not has_loop():
                print(f'skipped: {name}: this PyGObject has no loop of its own', flush=True)
                continue
            override.write_text(source.replace(old, new))
            noticed = run(build, folder, tests)
            print(f'{noticed or "NOT NOTICED"}: {name}', flush=True)
            if noticed is None:
                missed.append(name)
    print(f'{len(missed)} not noticed')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), *sys.argv[2:]))
