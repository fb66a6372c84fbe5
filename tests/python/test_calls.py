# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The tests make every public call of the library: a recorder compares their calls with the
typelib."""

import io
import unittest

import support

from gi._gi import Repository
from gi.module import get_introspection_module
from gi.repository import GObject
from gi.repository import Tempman as tempman

# The test modules whose calls count. Modules that start other processes are left out: a recorder
# does not see the calls there.
MODULES = ['test_arguments', 'test_async', 'test_await', 'test_cleanup', 'test_creation', 'test_delete',
           'test_errors', 'test_interface', 'test_language', 'test_misuse', 'test_properties']

# Only a subclass would need these, and there are none.
NOT_CALLED = {'DeletionClass', 'RootClass', 'RootEntryClass', 'TemporaryDirectoryClass',
              'DeleteProgressCallback'}

# Constants are not called; test_properties and test_arguments compare them.
CONSTANTS = {'NO_TIMEOUT', 'DEFAULT_LEASE', 'MAJOR_VERSION', 'MINOR_VERSION', 'MICRO_VERSION',
             'VERSION_S'}


def list_public():
    """Yield the public names of the typelib: functions, methods, properties, enumerators."""
    for info in Repository.get_default().get_infos('Tempman'):
        name = info.get_name()
        if name in NOT_CALLED:
            continue
        kind = type(info).__name__
        if kind == 'FunctionInfo':
            yield name
        elif kind == 'EnumInfo':
            yield from (f'{name}.{value.get_name().upper()}' for value in info.get_values())
        elif kind == 'ObjectInfo':
            yield from (f'{name}.{method.get_name()}' for method in info.get_methods())
            cls = getattr(tempman, name)
            for prop in cls.list_properties():
                if prop.owner_type == cls.__gtype__:
                    yield from (f'{name}:{prop.name} {way}'
                                for way in ('read', 'write') if is_possible(prop, way))
        elif kind == 'ConstantInfo':
            yield name
        else:
            raise AssertionError(f'{name} is a {kind}: how is that called?')


def is_possible(prop, way):
    # A construct-only property is an argument of the constructor.
    if way == 'write':
        return (prop.flags & GObject.ParamFlags.WRITABLE
                and not prop.flags & GObject.ParamFlags.CONSTRUCT_ONLY)
    return prop.flags & GObject.ParamFlags.READABLE


class Recorder:
    """Wraps the functions of the typelib, and records the calls and the enumerators in them."""

    def __init__(self):
        self.seen = set()
        self.raw = get_introspection_module('Tempman')
        # Not by dir(), which does not list the value 0 of flags if they are an enum of Python.
        self.enums = {getattr(tempman, info.get_name()):
                      [f'{info.get_name()}.{value.get_name().upper()}' for value in info.get_values()]
                      for info in Repository.get_default().get_infos('Tempman')
                      if type(info).__name__ == 'EnumInfo'}

    def install(self):
        for info in Repository.get_default().get_infos('Tempman'):
            name = info.get_name()
            kind = type(info).__name__
            if kind == 'FunctionInfo':
                setattr(self.raw, name, self.wrap(name, getattr(self.raw, name)))
            elif kind == 'ObjectInfo':
                for method in info.get_methods():
                    self.install_method(getattr(self.raw, name), method.get_name())
                self.install_properties(getattr(tempman, name))

    def wrap(self, name, function):
        def call(*args, **kwargs):
            self.seen.add(name)
            self.note_enumerators(*args, *kwargs.values())
            result = function(*args, **kwargs)
            self.note_enumerators(result)
            return result

        return call

    def install_method(self, cls, name):
        recorder = self
        qualified = f'{cls.__name__}.{name}'
        # Under a name of its own, PyGObject binds it to the class or the object.
        hidden = f'_recorded_{name}'
        setattr(cls, hidden, cls.__dict__[name])

        class Method:
            def __get__(self, instance, owner):
                return recorder.wrap(qualified, getattr(instance or owner, hidden))

        setattr(cls, name, Method())

    def install_properties(self, cls):
        recorder = self
        name = cls.__name__

        class Properties:
            def __init__(self, properties):
                self.__dict__['properties'] = properties

            def __getattr__(self, prop):
                value = getattr(self.properties, prop)
                recorder.note_property(name, prop, 'read', value)
                return value

            def __setattr__(self, prop, value):
                setattr(self.properties, prop, value)
                recorder.note_property(name, prop, 'write', value)

        class Descriptor:
            def __get__(self, instance, owner):
                properties = super(cls, instance or owner).props
                return Properties(properties) if instance is not None else properties

        cls.props = Descriptor()

        def get_property(self, prop):
            value = super(cls, self).get_property(prop)
            recorder.note_property(name, prop, 'read', value)
            return value

        def set_property(self, prop, value):
            super(cls, self).set_property(prop, value)
            recorder.note_property(name, prop, 'write', value)

        cls.get_property = get_property
        cls.set_property = set_property

    def note_property(self, name, prop, way, value):
        self.seen.add(f'{name}:{prop.replace("_", "-")} {way}')
        self.note_enumerators(value)

    def note_enumerators(self, *values):
        for value in values:
            for cls, names in self.enums.items():
                if isinstance(value, cls):
                    self.seen.update(name for name in names if self.contains(cls, name, value))

    @staticmethod
    def contains(cls, name, value):
        enumerator = int(getattr(cls, name.split('.')[1]))
        if issubclass(cls, GObject.GFlags) and enumerator != 0:
            return int(value) & enumerator
        return int(value) == enumerator


class Calls(support.TestCase):
    def test_all_are_made(self):
        recorder = Recorder()
        recorder.install()
        suite = unittest.defaultTestLoader.loadTestsFromNames(MODULES)
        self.assertEqual(unittest.defaultTestLoader.errors, [])
        result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
        self.assertTrue(result.wasSuccessful(), (result.failures + result.errors)[:3])

        public = set(list_public())
        self.assertGreater(len(public), 60)
        self.assertEqual(sorted(public - recorder.seen - CONSTANTS), [])
        # That the names are spelt alike: nothing is seen that does not exist.
        self.assertEqual(sorted(recorder.seen - public), [])


if __name__ == '__main__':
    unittest.main()
