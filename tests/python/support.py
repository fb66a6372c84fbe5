# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests have in common."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import gi

gi.require_version('Tempman', '1')

DAY = 24 * 60 * 60


class TestCase(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        # As bytes, so that whatever a test names its files can be removed.
        folder = tempfile.mkdtemp(prefix='tempman-test-')
        self.addCleanup(shutil.rmtree, os.fsencode(folder))
        self.folder = folder

    def make(self, name, age=0):
        """Create a sub-directory that was last used so many seconds ago."""
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

    def run_script(self, script, status=0):
        """Run a script, with the folder as its argument, and return the lines that it prints."""
        script = 'import gi; gi.require_version("Tempman", "1")\n' + script
        result = subprocess.run([sys.executable, '-c', script, self.folder],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=60)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout.splitlines()
