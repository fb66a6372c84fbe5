# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Links that another user has planted, in a place like /tmp"""

import os
import unittest
import unittest.mock

import support

from gi.repository import Gio
from gi.repository import Tempman as tempman

ATTACKER = 4711


@unittest.skipIf(os.geteuid() != 0, 'needs a second user: only root has one')
class PlantedLinks(support.TestCase):
    def setUp(self):
        super().setUp()
        shared = self.make('shared')
        os.chmod(shared, 0o1777)
        self.victim = self.make('victim')
        self.old = self.make('victim/old', age=support.DAY)
        self.link = os.path.join(shared, 'link')
        os.symlink(self.victim, self.link)
        os.lchown(self.link, ATTACKER, ATTACKER)

    def check(self, function, *args):
        # The control: the kernel follows the link.
        self.assertTrue(os.path.isdir(os.path.join(self.link, 'old')))
        self.assert_error(Gio.IOErrorEnum.PERMISSION_DENIED, function, *args, names=self.link)
        self.assertEqual(os.listdir(self.victim), ['old'])

    def test_root(self):
        self.check(tempman.Root, self.link, 60)
        self.check(tempman.root, self.link, 60)
        self.check(tempman.Root, os.path.join(self.link, 'old'), 60)

    def test_create(self):
        self.check(tempman.TemporaryDirectory, self.link)
        self.check(tempman.create_temp_dir, self.link)

    def test_delete(self):
        self.check(tempman.delete_recursively, os.path.join(self.link, 'old'))

    def test_persist(self):
        with tempman.create_temp_dir(self.folder) as directory:
            self.check(directory.persist, os.path.join(self.link, 'published'))

    def test_upwards(self):
        """In a path with “..”, the library decides about all links."""
        upwards = os.path.join(self.link, 'old', '..')
        self.check(tempman.Root, upwards, 60)
        self.check(tempman.create_temp_dir, upwards)
        self.check(tempman.delete_recursively, os.path.join(upwards, 'old'))
        self.assertRaisesRegex(ValueError, 'after the link', tempman.Root, self.link + '/..', 60)
        with tempman.create_temp_dir(self.folder) as directory:
            self.check(directory.persist, os.path.join(upwards, 'published'))
        # Also if a link of the user leads to the planted one.
        os.symlink(self.link, os.path.join(self.folder, 'own'))
        self.check(tempman.Root, os.path.join(self.folder, 'own', 'old', '..'), 60)
        # Links of the user and of the owner of the directory are followed.
        os.lchown(self.link, 0, 0)
        self.assertEqual(tempman.Root(upwards).get_directory().get_path(), self.victim)
        os.lchown(self.link, ATTACKER, ATTACKER)
        os.chown(os.path.dirname(self.link), ATTACKER, ATTACKER)
        self.assertEqual(tempman.Root(upwards).get_directory().get_path(), self.victim)

    def test_upwards_exchanged(self):
        """A link of the attacker replaces a directory that was already checked."""
        path = os.path.join(os.path.dirname(self.link), 'mine')
        os.mkdir(path)
        before = os.open

        def exchange(name, flags):
            fd = before(name, flags)
            if name == path:
                os.rmdir(path)
                os.rename(self.link, path)
            return fd

        with unittest.mock.patch('os.open', exchange):
            self.assert_error(Gio.IOErrorEnum.PERMISSION_DENIED, tempman.delete_recursively,
                              os.path.join(path, '..', 'mine', 'old'))
        self.assertTrue(os.path.islink(path))
        self.assert_there(self.old)

    def test_the_link_itself(self):
        tempman.delete_recursively(self.link)
        self.assert_gone(self.link)
        self.assert_there(self.old)


if __name__ == '__main__':
    unittest.main()
