# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Links that another user has planted, in a place like /tmp"""

import os
import shutil
import subprocess
import unittest

import support

ATTACKER = 4711
USER = 4712


@unittest.skipIf(os.geteuid() != 0, 'needs a second user: only root has one')
class PlantedLinks(support.TestCase):
    def setUp(self):
        super().setUp()
        for path in (self.folder, self.home, self.tmp):
            os.chmod(path, 0o777)
        self.shared = self.mkdir('shared')
        os.chmod(self.shared, 0o1777)
        self.old = self.mkdir('victim', 'old', age=support.DAY)
        self.link = os.path.join(self.shared, 'link')
        os.symlink(self.path('victim'), self.link)
        os.lchown(self.link, ATTACKER, ATTACKER)

    def become(self):
        """The user who runs the command: root."""

    def check(self, *arguments):
        """Without the rule, each of these would list, create or delete in the victim."""
        # The control: the kernel follows the link.
        self.assertTrue(os.path.isdir(os.path.join(self.link, 'old')))
        errors = self.fail_with(1, *arguments, preexec_fn=self.become)
        self.assertIn(f'“{self.link}” belongs to another user', errors)
        self.assertEqual(os.listdir(self.path('victim')), ['old'])

    def test_create(self):
        self.check('create', '--root', self.link, '--timeout', '1h')
        self.check('create', '--in', self.link)

    def test_run(self):
        errors = self.fail_with(125, 'run', '--root', self.link, '--timeout', '1h', '--', 'true',
                                preexec_fn=self.become)
        self.assertIn(f'“{self.link}” belongs to another user', errors)
        self.assert_there(self.old)

    def test_cleanup(self):
        self.check('cleanup', '--timeout', '1h', self.link)
        self.check('cleanup', '--timeout', '1h', os.path.join(self.link, 'old', '..'))

    def test_list(self):
        self.check('list', self.link)

    def test_delete(self):
        self.check('delete', os.path.join(self.link, 'old'))
        self.check('delete', os.path.join(self.link, 'old', '..', 'old'))

    def test_the_link_itself(self):
        """The link itself is deleted."""
        self.succeed('delete', self.link)
        self.assert_gone(self.link)
        self.assert_there(self.old)

    def test_one_s_own(self):
        """A user's own link is followed."""
        os.lchown(self.link, 0, 0)
        self.succeed('cleanup', '--timeout', '1h', self.link)
        self.assert_gone(self.old)

    def test_as_systemd(self):
        """systemd-tmpfiles does not follow it either."""
        tmpfiles = shutil.which('systemd-tmpfiles')
        if tmpfiles is None:
            self.skipTest('there is no systemd-tmpfiles')
        configuration = self.path('tmpfiles.conf')
        with open(configuration, 'w') as file:
            file.write(f'e {self.link} - - - 1h\n')
        subprocess.run([tmpfiles, '--clean', configuration], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.assert_there(self.old)


class PlantedLinksOfAUser(PlantedLinks):
    """The same for an ordinary user."""

    def setUp(self):
        super().setUp()
        os.chmod(self.path('victim'), 0o777)
        self.environment['HOME'] = self.path('victim', 'nowhere')

        def become():
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)

        try:
            subprocess.run([support.TOOL, '--version'], preexec_fn=become, env=self.environment,
                           stdout=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            self.skipTest(f'another user cannot run the command: {error}')
        self.become = become

    test_one_s_own = None
    test_the_link_itself = None
    test_as_systemd = None


if __name__ == '__main__':
    support.main()
