# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""`tempman create`"""

import os
import resource
import signal
import stat

import support


class Create(support.TestCase):
    def create(self, *arguments):
        output = self.succeed('create', *arguments)
        self.assertTrue(output.endswith(b'\n'))
        return os.fsdecode(output[:-1])

    def test_default(self):
        path = self.create()
        self.assertEqual(os.path.dirname(path), self.tmp)
        self.assertRegex(os.path.basename(path), r'^tempman-[a-z2-7]{20}$')
        # Not marked, since it has no owner.
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o700)

    def test_debug_messages(self):
        self.environment['G_MESSAGES_DEBUG'] = 'Tempman'
        result = self.run_tool('create')
        path = os.fsdecode(result.output[:-1])
        self.assertEqual(os.listdir(self.tmp), [os.path.basename(path)])
        self.assertIn(f'Created “{path}”', result.errors)

    def test_in(self):
        parent = self.mkdir('parent')
        self.assertEqual(os.path.dirname(self.create('--in', parent)), parent)
        self.assertEqual(os.path.dirname(self.create('-i', 'parent')), parent)

    def test_prefix(self):
        self.assertRegex(os.path.basename(self.create('--prefix', 'work')), r'^work-[a-z2-7]{20}$')
        self.assertRegex(os.path.basename(self.create('--prefix=')), r'^[a-z2-7]{20}$')
        odd = self.create('-p', b'a\xff b')
        self.assertRegex(os.fsencode(os.path.basename(odd)), rb'^a\xff b-[a-z2-7]{20}$')
        self.assert_there(odd)

    def test_wrong_prefix(self):
        for prefix in ('a/b', '..', 'x' * 300):
            self.fail_with(1, 'create', '--prefix', prefix)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_suffix(self):
        for place in ([], ['--root', self.path('root')]):
            path = self.create('--suffix', '.build', *place)
            self.assertRegex(os.path.basename(path), r'^tempman-[a-z2-7]{20}\.build$')
            odd = self.create('--suffix', b'-\xff b', *place)
            self.assertTrue(os.fsencode(odd).endswith(b'-\xff b'))
            self.assert_there(path, odd)

    def test_wrong_suffix(self):
        for suffix in ('/', './x', 'x', '2', '.' * 300):
            self.fail_with(1, 'create', '--suffix', suffix)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_mode(self):
        for mode, expected in (('755', 0o755), ('0750', 0o750), ('500', 0o700), ('0', 0o700)):
            for place in ([], ['--root', self.path('root')]):
                path = self.create('--mode', mode, *place)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), expected)

    def test_wrong_mode(self):
        for mode in ('', '789', '1755', '-1', '+7', '0x1ff', 'u=rwx', '7 5 5', '10000000000000000000000'):
            self.fail_with(2, 'create', '-m', mode)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_missing(self):
        self.fail_with(1, 'create', '--in', self.path('missing'))
        self.fail_with(1, 'create', '--in', '')
        self.fail_with(1, 'create', '--root', '')
        self.fail_with(1, 'create', '--root', '/')
        self.fail_with(1, 'create', '--root', self.home)
        self.fail_with(1, 'create', '--root', '/dev/null')
        self.assert_gone(self.path('missing'))
        self.assertEqual(os.listdir(self.home), [])

    def test_outlives_and_expires(self):
        root = self.mkdir('root')
        path = self.create('--root', root)
        self.succeed('cleanup', root, '--timeout', '1h', '--reclaim')
        self.assert_there(path)
        self.set_age(path, support.DAY)
        self.succeed('cleanup', root, '--timeout', '1h')
        self.assert_gone(path)

    def test_root_is_made(self):
        path = self.create('--root', self.path('new', 'root'))
        self.assertEqual(os.path.dirname(path), self.path('new', 'root'))
        self.assertEqual(stat.S_IMODE(os.stat(self.path('new', 'root')).st_mode), 0o700)

    def test_root_is_cleaned_up(self):
        root = self.mkdir('root')
        old = self.mkdir('root', 'old', age=support.DAY)
        young = self.mkdir('root', 'young')
        abandoned = self.mkdir('root', support.ABANDONED)
        os.chmod(abandoned, 0o1700)
        first = self.create('--root', root)
        self.assert_gone(abandoned)
        self.assert_there(old, young, first)
        self.create('--root', root, '--timeout', '1h')
        self.assert_gone(old)
        self.assert_there(young, first)

    def test_up_and_down(self):
        """“..” is refused after a link, and removed after a directory."""
        self.mkdir('elsewhere', 'below')
        os.symlink(self.path('elsewhere', 'below'), self.path('link'))
        before = os.listdir(self.folder)
        for option in ('--in', '--root'):
            for path in ('link/..', 'link/../new', 'elsewhere/../link/..'):
                errors = self.fail_with(1, 'create', option, os.path.join(self.folder, path))
                self.assertIn(f'after the link “{self.path("link")}” is refused', errors)
            self.fail_with(1, 'create', option, self.path('missing', '..'))
            path = self.create(option, self.path('elsewhere', 'below', '..'))
            self.assertEqual(os.path.dirname(path), self.path('elsewhere'))
        self.assertEqual(os.listdir(self.folder), before)

    def test_temporary_directory_up_and_down(self):
        """The same for the directory in TMPDIR."""
        self.mkdir('elsewhere', 'below')
        os.symlink(self.path('elsewhere', 'below'), self.path('link'))
        for where in (os.path.join(self.folder, 'link', '..'), 'link/..'):
            self.environment['TMPDIR'] = where
            self.assertIn('is refused', self.fail_with(1, 'create'))
            self.assertIn('is refused', self.fail_with(125, 'run', '--', 'true'))
        self.environment['TMPDIR'] = 'elsewhere/below/..'
        self.assertEqual(os.path.dirname(self.create()), self.path('elsewhere'))
        output = self.succeed('run', '--', 'sh', '-c', 'dirname "$TMPDIR"')
        self.assertEqual(os.fsdecode(output.strip()), self.path('elsewhere'))

    def test_closed_pipe(self):
        """The reader of the pipe has exited."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, 'w') as pipe:
            for arguments in (('create',), ('create', '--root', self.tmp)):
                result = self.run_tool(*arguments, stdout=pipe)
                self.assertEqual((result.status, result.errors), (-signal.SIGPIPE, ''))
                self.assertEqual(os.listdir(self.tmp), [])
            # With the signal ignored, the write fails with an error instead.
            process = self.start('create', stdout=pipe, restore_signals=False)
            result = self.finish(process)
            self.assertEqual(result.status, 1)
            self.assertIn('Broken pipe', result.errors)
            self.assertEqual(os.listdir(self.tmp), [])

    def test_no_messages_read(self):
        """Nor does a process read the error messages."""
        self.mkdir('tmp', 'entry')
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, 'w') as pipe:
            result = self.run_tool('create', '--in', 'missing', stderr=pipe)
            self.assertEqual(result.status, 1)
            result = self.run_tool('run', '-k', 'false', stderr=pipe)
            self.assertEqual(result.status, 1)
            result = self.run_tool('run', 'missing-program', stderr=pipe)
            self.assertEqual(result.status, 127)
        # One directory is kept, as requested.
        kept, = set(os.listdir(self.tmp)) - {'entry'}
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.tmp, kept)).st_mode), 0o700)

    def test_file_size_limit(self):
        with open(self.path('output'), 'w') as output:
            result = self.run_tool(
                'create', stdout=output,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(result.status, 1)
        self.assertIn('File too large', result.errors)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_interrupted(self):
        """It prints no directory that it did not create."""
        root = self.mkdir('root')
        abandoned = self.make_tree('root', support.ABANDONED)
        os.chmod(abandoned, 0o1700)
        gate = self.hold_deletions()
        process = self.start('create', '--root', root)
        gate.signal(process, support.signal.SIGTERM)
        result = self.finish(process)
        self.assertEqual((result.status, result.output), (-support.signal.SIGTERM, b''))
        self.assertEqual(os.listdir(root), [support.ABANDONED])

    def test_interrupted_at_any_moment(self):
        """Either the path is printed, or no directory is left."""
        for i in range(60):
            process = self.start('create')
            self.wait_until(lambda: support.is_blocked(process.pid, support.signal.SIGTERM),
                            'waiting for the mask')
            support.time.sleep(i * 0.0001)
            process.terminate()
            result = self.finish(process)
            found = [os.path.join(self.tmp, name) for name in os.listdir(self.tmp)]
            if result.status == 0:
                self.assertEqual(result.lines, found)
                os.rmdir(found[0])
            else:
                self.assertEqual((result.status, result.output, found),
                                 (-support.signal.SIGTERM, b'', []))


if __name__ == '__main__':
    support.main()
