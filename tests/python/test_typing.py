# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The types for editors: that they are those of the module, are found, and find errors.

Takes the stub of the package, and that of gi.repository.Tempman, which is installed beside the package.
"""

import ast
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import venv

import support

import gi
from gi._gi import Repository
from gi.repository import GObject
from gi.repository import Tempman as tempman

import tempman as package

override = sys.modules['gi.overrides.Tempman']

HERE = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(package.__file__).parent
STUBS = PACKAGE.parent / 'gi-stubs'

# For the checkers: a short form of PyGObject's own stubs, as far as those of Tempman need them.
PYGOBJECT_STUBS = {
    '__init__': 'def require_version(namespace: str, version: str) -> None: ...\n',
    'repository/GLib': 'class Error(RuntimeError): ...\nclass DateTime: ...\n',
    'repository/GObject': 'class Object: ...\n',
    'repository/Gio': 'class AsyncResult: ...\nclass Cancellable: ...\nclass File: ...\n'
                      'class FileInfo: ...\nclass ListModel: ...\n',
}


class Stub(support.TestCase):
    """The stub has all the names of the module, with the parameters of the override."""

    def setUp(self):
        super().setUp()
        self.stub = ast.parse((PACKAGE / '__init__.pyi').read_text())

    def find(self, body, name):
        return [node for node in body if getattr(node, 'name', None) == name
                or isinstance(node, ast.AnnAssign) and node.target.id == name]

    def names(self, body):
        for node in body:
            name = getattr(node, 'name', None)
            if isinstance(node, ast.AnnAssign):
                name = node.target.id
            if name is not None and (not name.startswith('_') or name.startswith('__')):
                yield name

    def test_module(self):
        public = {info.get_name() for info in Repository.get_default().get_infos('Tempman')
                  if type(info).__name__ not in ('StructInfo', 'CallbackInfo')}
        public.update(override.__all__)
        public.add('__version__')
        self.assertEqual(set(self.names(self.stub.body)), public)

    def test_classes(self):
        for node in self.stub.body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith('_'):
                continue
            with self.subTest(cls=node.name):
                cls = getattr(tempman, node.name)
                names = set(self.names(node.body)) - {'Props', 'props', '__init__'}
                self.assertEqual([name for name in names if not hasattr(cls, name)], [])
                if not issubclass(cls, GObject.Object):
                    continue
                expected = {name for base in cls.__mro__[:2] for name in vars(base)
                            if not name.startswith('_')}
                self.assertEqual(expected - names, set())
                properties, = self.find(node.body, 'Props')
                self.assertEqual({name.replace('_', '-') for name in self.names(properties.body)},
                                 {prop.name for prop in cls.list_properties()})

    def test_enumerators(self):
        for cls in (tempman.AgeBasis, tempman.DeleteFlags, tempman.ListFlags, tempman.PersistFlags,
                    tempman.RemovalReason, tempman.RootEntryState, tempman.RootFlags):
            node, = self.find(self.stub.body, cls.__name__)
            names = {name for name in self.names(node.body) if name.isupper()}
            for name in names:
                self.assertIsInstance(getattr(cls, name), cls)
            # The value 0 of flags is not a member in an enumeration of Python.
            self.assertEqual(names - {'NONE'}, {name for name in dir(cls) if name.isupper()} - {'NONE'})

    def test_parameters(self):
        n_functions = 0
        for body, owner in [(self.stub.body, tempman)] + [
                (node.body, getattr(tempman, node.name)) for node in self.stub.body
                if isinstance(node, ast.ClassDef) and not node.name.startswith('_')]:
            for node in body:
                function = inspect.getattr_static(owner, getattr(node, 'name', ''), None) \
                    if owner is not tempman else getattr(owner, getattr(node, 'name', ''), None)
                function = getattr(function, '__func__', function)
                if not inspect.isfunction(function) or not isinstance(node, ast.FunctionDef):
                    continue
                with self.subTest(function=node.name):
                    actual = list(inspect.signature(function).parameters)
                    arguments = node.args
                    stated = [argument.arg for argument in arguments.args + arguments.kwonlyargs]
                    # Each form of an asynchronous call has some of the parameters.
                    self.assertEqual([name for name in actual if name in stated], stated)
                    if not node.name.endswith('_async'):
                        stated += [arguments.vararg.arg] if arguments.vararg else []
                        self.assertEqual(actual, stated)
                n_functions += 1
        self.assertGreater(n_functions, 40)


class User(support.TestCase):
    def test_what_the_types_promise_is_there(self):
        # In a program that passes the checkers and runs.
        lines = self.run_program([str(HERE / 'typing' / 'right.py'), self.folder])
        self.assertGreater(len(lines), 4)
        self.assertEqual(os.listdir(self.folder), [])


class Checker(support.TestCase):
    """Runs a checker of types as a user does, in an environment in which the stub is installed."""

    def setUp(self):
        super().setUp()
        venv.create(self.folder, system_site_packages=False, symlinks=True, with_pip=False)
        self.python = os.path.join(self.folder, 'bin', 'python')
        self.site = pathlib.Path(self.folder, 'lib',
                                 'python{}.{}'.format(*sys.version_info), 'site-packages')
        shutil.copytree(os.path.dirname(gi.__file__), self.site / 'gi')
        for folder in (PACKAGE, STUBS):
            shutil.copytree(folder, self.site / folder.name)
        for name in ('right.py', 'wrong.py'):
            shutil.copy(HERE / 'typing' / name, self.folder)

    def install_stubs_of_pygobject(self):
        for name, content in PYGOBJECT_STUBS.items():
            (self.site / 'gi-stubs' / (name + '.pyi')).write_text(content)

    def run_checker(self, *command):
        """Return the errors that it reports: pairs of a file and a line."""
        # In the folder of the override, mypy would find the stub even if it were not installed.
        environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
        result = subprocess.run(command, cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=300)
        self.output = result.stdout
        # A file, a line, sometimes a column, and a severity.
        return {(os.path.basename(file), int(line)) for file, line in
                re.findall(r'^\s*(\S+\.pyi?):(\d+):(?:\d+)?:?(?: -)? error', self.output,
                           re.MULTILINE)}

    def import_from_repository(self):
        """Have the program import the namespace instead of the package, in the same line."""
        for name in ('right.py', 'wrong.py'):
            path = pathlib.Path(self.folder, name)
            text = path.read_text()
            self.assertEqual(len(re.findall('^import tempman$', text, re.MULTILINE)), 1)
            # The namespace does not have this name.
            text = text.replace('tempman.__version__', 'tempman.VERSION_S')
            path.write_text(text.replace('\nimport tempman\n', '\nimport tempman\n'))

    def check(self, *command):
        expected = {('wrong.py', number) for number, line in
                    enumerate((HERE / 'typing' / 'wrong.py').read_text().splitlines(), 1)
                    if line.endswith('# error')}
        self.assertGreater(len(expected), 10)
        self.assertEqual(self.run_checker(*command, 'right.py', 'wrong.py'), expected,
                         self.output)


class Mypy(Checker):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The cache of the standard library, which is read once.
        cls.cache = tempfile.mkdtemp(prefix='tempman-test-')
        cls.addClassCleanup(shutil.rmtree, cls.cache)

    def setUp(self):
        self.mypy = shutil.which('mypy')
        if self.mypy is None:
            self.skipTest('mypy is not installed')
        super().setUp()
        self.command = (self.mypy, '--python-executable', self.python, '--cache-dir', self.cache,
                        '--check-untyped-defs')

    def test_alone(self):
        self.check(*self.command)

    def test_beside_the_stubs_of_pygobject(self):
        self.install_stubs_of_pygobject()
        self.check(*self.command, '--strict')

    def test_namespace(self):
        self.import_from_repository()
        self.check(*self.command)

    def test_the_stub_itself(self):
        self.install_stubs_of_pygobject()
        for module in ('tempman', 'gi.repository.Tempman'):
            self.assertEqual(self.run_checker(*self.command, '--strict', '-m', module), set(), self.output)
            self.assertIn('no issues found', self.output)

    def test_without_the_stub_nothing_is_found(self):
        # Otherwise the other tests would prove nothing.
        shutil.rmtree(self.site / 'gi-stubs')
        for name in ('__init__.pyi', 'py.typed'):
            (self.site / 'tempman' / name).unlink()
        self.assertEqual(self.run_checker(*self.command, '--ignore-missing-imports', 'right.py',
                                          'wrong.py'), set())


class Pyright(Checker):
    def setUp(self):
        self.pyright = shutil.which('pyright')
        if self.pyright is None:
            self.skipTest('pyright is not installed')
        super().setUp()
        self.command = (self.pyright, '--pythonpath', self.python)

    def test_alone(self):
        self.check(*self.command)

    def test_beside_the_stubs_of_pygobject(self):
        self.install_stubs_of_pygobject()
        self.check(*self.command)

    def test_namespace(self):
        self.import_from_repository()
        self.check(*self.command)


if __name__ == '__main__':
    unittest.main()
