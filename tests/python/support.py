# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Helpers for the tests."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

# Before the namespace: a wheel finds its library in this way.
import tempman

from gi.repository import Gio, GLib, Tempman

DAY = 24 * 60 * 60

# The tests import the namespace, which is the same.
assert tempman.Root is Tempman.Root


class TestCase(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        # As bytes, so that files of every name can be removed.
        folder = tempfile.mkdtemp(prefix='tempman-test-')
        self.addCleanup(shutil.rmtree, os.fsencode(folder))
        self.folder = folder

    def make(self, name, age=0):
        """Create a sub-directory that was last used @age seconds ago."""
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        self.set_age(path, age)
        return path

    def set_age(self, path, age, **kwargs):
        then = time.time() - age
        os.utime(path, (then, then), **kwargs)

    def assert_there(self, *paths):
        for path in paths:
            self.assertTrue(os.path.lexists(path), f'{path!r} is gone')

    def assert_gone(self, *paths):
        for path in paths:
            self.assertFalse(os.path.lexists(path), f'{path!r} is still there')

    def assert_error(self, code, function, *args, names=None):
        """Call a function that fails, and return its error, whose message must contain the
        names."""
        with self.assertRaises(GLib.Error) as caught:
            function(*args)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), code),
                        repr(caught.exception))
        if names is not None:
            self.assertIn(names, caught.exception.message)
        return caught.exception

    def wait(self, start, *args, cancellable=None):
        """Call a function with an io_priority, a cancellable and a callback; return its result."""
        loop = GLib.MainLoop()
        results = []

        def done(source, result):
            results.append(result)
            loop.quit()

        start(*args, GLib.PRIORITY_DEFAULT, cancellable, done)
        self.assertEqual(results, [], 'the callback came before the main loop ran')
        loop.run()
        return results[0]

    def run_script(self, script, status=0, options=(), env=None):
        """Run a script, with the folder as its argument, and return the lines that it prints.

        The standard error of the script is in self.stderr.
        """
        return self.run_program(['-c', script, self.folder], status, options, env)

    def run_program(self, args, status=0, options=(), env=None):
        result = subprocess.run([sys.executable, *options, *args],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=100, env={**os.environ, **(env or {})})
        self.stderr = result.stderr
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout.splitlines()
