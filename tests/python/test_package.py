# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The package tempman: it has the names of gi.repository.Tempman, and says what is missing if PyGObject or a part of
the library is."""

import os
import pathlib
import pickle
import shutil
import unittest
import unittest.mock

import support

from gi.repository import Tempman

import tempman

PACKAGES = pathlib.Path(tempman.__file__).parents[1]


class Names(support.TestCase):
    def test_the_same_objects(self):
        names = [name for name in dir(Tempman) if not name.startswith('_')]
        self.assertGreater(len(names), 15)
        for name in names:
            self.assertIs(getattr(tempman, name), getattr(Tempman, name), name)
        self.assertLessEqual(set(names), set(dir(tempman)))
        self.assertEqual(sorted(tempman.__all__), sorted(names))

    def test_import_of_names(self):
        self.assertEqual(
            self.run_program(['-c', 'from tempman import *; from tempman import Root as R; print(R is Root)']), ['True'])
        self.run_program(['-c', 'from tempman import nothing'], status=1)
        self.assertIn("ImportError: cannot import name 'nothing' from 'tempman'", self.stderr)
        self.assertRaises(AttributeError, lambda: tempman.nothing)

    def test_version(self):
        self.assertEqual(tempman.__version__, Tempman.VERSION_S)

    def test_mocked(self):
        # As the tests of a program replace a function.
        with unittest.mock.patch('tempman.create_temp_dir', return_value='mocked'):
            self.assertEqual(tempman.create_temp_dir(), 'mocked')
        with tempman.create_temp_dir(self.folder) as directory:
            self.assertIsInstance(directory, Tempman.TemporaryDirectory)

    def test_errors_are_pickled(self):
        with self.assertRaises(tempman.NotFoundError) as caught:
            tempman.root(os.path.join(self.folder, 'missing'))
        self.assertIs(type(pickle.loads(pickle.dumps(caught.exception))), tempman.NotFoundError)


class Import(support.TestCase):
    """In a process of its own, which has not called gi.require_version()."""

    def test_without_warnings(self):
        # PyGObject prints a PyGIWarning if no version was required.
        self.run_program(['-c', 'import tempman, sys\n'
                                'tempman.create_temp_dir(sys.argv[1]).close()\n'
                                'from gi.repository import Tempman', self.folder])
        self.assertEqual(self.stderr, '')

    def test_after_the_namespace(self):
        self.need_only_environment()
        self.run_script('import gi\n'
                        'gi.require_version("Tempman", "1")\n'
                        'from gi.repository import Tempman\n'
                        'import tempman\n'
                        'assert tempman.Root is Tempman.Root\n')

    def fail_to_import(self, *words, path=None, **env):
        """Import tempman from other folders, and look for words in the message of the ImportError."""
        if path is not None:
            env['PYTHONPATH'] = os.pathsep.join(str(folder) for folder in path)
        self.run_program(['-c', 'import tempman'], status=1, env=env)
        *_, message = self.stderr.strip().splitlines()
        self.assertTrue(message.startswith('ImportError: tempman needs '), self.stderr)
        for word in words:
            self.assertIn(word, message)

    def copy(self, *names):
        for name in names:
            path = pathlib.Path(self.folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (PACKAGES / name).is_dir() else shutil.copy)(PACKAGES / name, path)
        return pathlib.Path(self.folder)

    def test_no_pygobject(self):
        # Another Python that does not have it, as in an isolated environment.
        self.copy('tempman')
        script = 'import sys; sys.path.append(sys.argv[1]); import tempman'
        self.run_program(['-I', '-S', '-c', script, self.folder], status=1)
        *_, message = self.stderr.strip().splitlines()
        self.assertRegex(message, "^ImportError: tempman needs PyGObject, .*No module named 'gi'.*python3-gi")

    def test_pygobject_of_another_python(self):
        broken = pathlib.Path(self.folder, 'gi')
        broken.mkdir()
        (broken / '__init__.py').write_text('from . import _gi\n')
        self.fail_to_import('PyGObject', '_gi', path=[self.folder, PACKAGES])

    def test_no_typelib(self):
        # A copy of PyGObject and the package, but with an environment that does not lead to the typelib.
        self.need_only_environment()
        self.fail_to_import('Tempman-1.typelib', 'gir1.2-tempman-1', 'GI_TYPELIB_PATH',
                            GI_TYPELIB_PATH=self.folder)

    def test_another_version(self):
        self.need_only_environment()
        folder, = (pathlib.Path(path) for path in os.environ['GI_TYPELIB_PATH'].split(os.pathsep)
                   if pathlib.Path(path, 'Tempman-1.typelib').exists())
        shutil.copy(folder / 'Tempman-1.typelib', os.path.join(self.folder, 'Tempman-2.typelib'))
        self.fail_to_import('Tempman-1.typelib', 'version 1', GI_TYPELIB_PATH=self.folder)

    def test_no_library(self):
        self.need_only_environment()
        self.fail_to_import('libtempman-1.so.0', 'ldconfig', 'LD_LIBRARY_PATH', LD_LIBRARY_PATH=self.folder, G_DEBUG='')

    def test_no_override(self):
        self.need_only_environment()
        self.fail_to_import('gi/overrides/Tempman.py', path=[self.copy('tempman')])

    def test_only_overrides_of_other_libraries(self):
        # They are a package of this name too, if PyGObject is not there.
        self.copy('tempman')
        pathlib.Path(self.folder, 'gi', 'overrides').mkdir(parents=True)
        script = 'import sys; sys.path.append(sys.argv[1]); import tempman'
        self.run_program(['-I', '-S', '-c', script, self.folder], status=1)
        self.assertIn("ImportError: tempman needs PyGObject, which Python could not import: cannot import name "
                      "'require_version' from 'gi'", self.stderr)

    def need_only_environment(self):
        """Skip a test unless the library is found through the environment, which can then hide it."""
        script = ('import gi\n'
                  'try:\n'
                  '    gi.require_version("Tempman", "1")\n'
                  'except ValueError:\n'
                  '    print("missing")\n')
        lines = self.run_program(['-c', script], env={'GI_TYPELIB_PATH': self.folder})
        if 'GI_TYPELIB_PATH' not in os.environ or lines != ['missing']:
            self.skipTest('the library is installed in the system')


if __name__ == '__main__':
    unittest.main()
