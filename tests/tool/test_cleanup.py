# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""`tempman cleanup` and `tempman list`"""

import fcntl
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

import support

ODD_NAMES = [
    b'plain', b'with space', b'tab\there', b'line\nfeed', b'back\\slash', b'quote"s\'', b'-dash',
    b'\xff\xfe', b'\xed\xa0\x80', 'ümläut'.encode(), '\U0001f600'.encode(), b'\x1b[31mred', b'\x7f',
    b'\xc2\x9b31m', b'%41', b'\x01\x02', b'$\'x\'', 'a\u2028b\u202ec'.encode(), b'x' * 255,
]


def seconds(field):
    assert re.fullmatch(r'\d+s', field), field
    return int(field[:-1])


class Root(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = self.mkdir('root')

    def entry(self, name, age=0, mode=0o700):
        path = self.mkdir('root', name)
        os.chmod(path, mode)
        self.set_age(path, age)
        return path

    def hold(self, path):
        """Use a directory, as an owner does."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        fcntl.flock(fd, fcntl.LOCK_SH)

    def rows(self, *arguments):
        output = self.succeed(*arguments).decode('utf-8', 'surrogateescape')
        return [line.split('\t') for line in output.split('\n')[:-1]]

    def make_one_of_each(self):
        self.entry(support.ABANDONED, 10, mode=0o1700)
        self.entry(support.ABANDONED_OLD, 3 * support.DAY, mode=0o1700)
        self.hold(self.entry('live', 10, mode=0o1700))
        self.hold(self.entry('live-old', 3 * support.DAY))
        self.entry('unowned')
        self.entry('unowned-old', 3 * support.DAY)
        with open(self.path('root', 'file'), 'w'):
            pass
        os.symlink('unowned-old', self.path('root', 'link'))


class Cleanup(Root):
    def test_expired(self):
        self.make_one_of_each()
        rows = self.rows('cleanup', self.root, '--timeout', '1d')
        self.assertEqual([(row[0], row[2], row[-1]) for row in rows[:-1]],
                         [('removed', 'expired', support.ABANDONED_OLD),
                          ('removed', 'expired', 'unowned-old')])
        self.assertEqual([row[1] for row in rows[:-1]], ['abandoned', 'unowned'])
        for row in rows[:-1]:
            self.assertGreaterEqual(seconds(row[3]), 3 * support.DAY)
        self.assertEqual(rows[-1], ['total', '2'])
        self.assertEqual(sorted(os.listdir(self.root)),
                         [support.ABANDONED, 'file', 'link', 'live', 'live-old', 'unowned'])

    def test_reclaim(self):
        self.make_one_of_each()
        for option in ('--reclaim', '-r'):
            dry = self.rows('cleanup', self.root, '--timeout', '1d', option, '--dry-run')
            self.assertEqual([row[0] for row in dry], ['removable', 'removable', 'removable', 'total'])
        rows = self.rows('cleanup', self.root, '--timeout', '1d', '--reclaim')
        self.assertEqual([(row[0], row[2], row[-1]) for row in rows[:-1]],
                         [('removed', 'abandoned', support.ABANDONED),
                          ('removed', 'abandoned', support.ABANDONED_OLD),
                          ('removed', 'expired', 'unowned-old')])
        self.assertEqual(rows[-1], ['total', '3'])

    def test_dry_run(self):
        self.make_one_of_each()
        before = {name: os.stat(self.path('root', name), follow_symlinks=False)
                  for name in os.listdir(self.root)}
        for option in ('--dry-run', '-n'):
            rows = self.rows('cleanup', self.root, '--timeout', '1d', option)
            self.assertEqual([(row[0], row[2], row[-1]) for row in rows[:-1]],
                             [('removable', 'expired', support.ABANDONED_OLD),
                              ('removable', 'expired', 'unowned-old')])
            self.assertEqual(rows[-1], ['total', '2'])
        after = {name: os.stat(self.path('root', name), follow_symlinks=False)
                 for name in os.listdir(self.root)}
        self.assertEqual(before, after)

    def test_dry_run_is_exact(self):
        """A dry run lists the entries that the cleanup then deletes, of all kinds and with every
        rule."""
        make = '''
            umask 077; mkdir -p "$0"; cd "$0"
            for mode in 700 1700 000 1000 500; do
                for age in now yesterday; do
                    entry=$mode-$age-aaaaaaaaaaaaaaaaaaaa
                    mkdir $entry; chmod $mode $entry; touch -d $age $entry
                done
            done
            mkdir live; chmod 1700 live; touch -d yesterday live; exec 9<live; flock -s 9
            mkdir -p deep/young; touch -d yesterday deep
            mkdir -p full/a/b; touch -d yesterday full/a/b full/a full
            mkdir accessed; touch -m -d yesterday accessed
            mkdir future; touch -d tomorrow future
            touch -d yesterday file; ln -s full link; touch -h -d yesterday link; mkfifo fifo
            mkdir mounted; mount -t tmpfs none mounted; touch -d yesterday mounted
        '''
        compare = make + '''
            set -- "$TOOL" cleanup . --timeout $TIMEOUT $OPTIONS
            "$@" --dry-run >../dry; "$@" --dry-run >../again; ls -A >../before
            "$@" >../done; echo $?; ls -A >../after
        '''
        counts = []
        for timeout in ('0', '1h'):
            for options in ('', '--age-basis modified', '--reclaim --age-basis newest-content'):
                root = self.path(f'root-{len(counts)}', 'root')
                result = subprocess.run(
                    ['unshare', '--mount', '--map-root-user', 'sh', '-c', compare, root],
                    env={**self.environment, 'TOOL': support.TOOL, 'TIMEOUT': timeout,
                         'OPTIONS': options},
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                if b'unshare' in result.stderr or b'mount:' in result.stderr:
                    self.skipTest(result.stderr.decode().strip())
                self.assertEqual((result.stdout, result.stderr), (b'0\n', b''))

                def read(name):
                    with open(os.path.join(os.path.dirname(root), name)) as file:
                        return file.read().splitlines()

                def fields(name):
                    return [line.split('\t')[2:5:2] or [line] for line in read(name)]

                gone = set(read('before')) - set(read('after'))
                self.assertEqual({name for _, name in fields('dry')[:-1]}, gone)
                for name in ('again', 'done'):
                    self.assertEqual(fields(name), fields('dry'))
                counts.append(len(gone))
        self.assertGreater(len(set(counts)), 2, counts)

    def test_nothing(self):
        self.assertEqual(self.rows('cleanup', self.root, '--timeout', '0'), [['total', '0']])
        self.entry('young')
        self.assertEqual(self.rows('cleanup', self.root, '--timeout', '1d'), [['total', '0']])

    def test_all_not_in_use(self):
        self.make_one_of_each()
        self.set_age(self.path('root', 'unowned'), 5)
        rows = self.rows('cleanup', self.root, '--timeout', '0')
        self.assertEqual(rows[-1], ['total', '4'])
        self.assertEqual(sorted(os.listdir(self.root)), ['file', 'link', 'live', 'live-old'])

    @support.of_linux('O_NOATIME')
    def test_age_basis(self):
        then = time.time() - 3 * support.DAY
        accessed = self.entry('accessed')
        os.utime(accessed, (time.time(), then))
        deep = self.entry('deep')
        self.mkdir(deep, 'a', 'b')
        with open(os.path.join(deep, 'a', 'b', 'file'), 'w'):
            pass
        for path in (os.path.join(deep, 'a', 'b'), os.path.join(deep, 'a'), deep):
            os.utime(path, (then, then))

        def would_delete(*options):
            rows = self.rows('cleanup', self.root, '--timeout', '1d', '--dry-run', *options)
            return [row[-1] for row in rows[:-1]]

        self.assertEqual(would_delete('--age-basis', 'accessed-or-modified'), ['deep'])
        self.assertEqual(would_delete('--age-basis=modified'), ['accessed', 'deep'])
        self.assertEqual(would_delete('--age-basis', 'newest-content'), [])
        self.assertEqual(would_delete('--age-basis', 'changed'), [])
        self.believes_utime = False
        self.assertEqual(would_delete(), [])
        self.succeed('create', '--root', self.root, '--timeout', '1d')
        self.assert_there(accessed, deep)
        self.succeed('create', '--root', self.root, '--timeout', '1d', '--age-basis', 'modified')
        self.assert_gone(accessed, deep)

    def test_exclude(self):
        for name in ('a', 'b', 'ab', '.X11-unix'):
            self.entry(name, age=3 * support.DAY)

        def would_delete(*options):
            rows = self.rows('cleanup', self.root, '--timeout', '1d', '--dry-run', *options)
            return sorted(row[-1] for row in rows[:-1])

        self.assertEqual(would_delete('--exclude', 'a*'), ['.X11-unix', 'b'])
        self.assertEqual(would_delete('-x', 'b', '--exclude=.*'), ['a', 'ab'])
        os.chmod(self.root, 0o1777)
        self.assertEqual(would_delete(), ['a', 'ab', 'b'])
        rows = self.rows('list', self.root, '--timeout', '1d', '-x', '?')
        self.assertEqual(sorted((row[0], row[-1]) for row in rows),
                         [('kept', '.X11-unix'), ('kept', 'a'), ('kept', 'b'), ('removable', 'ab')])
        self.succeed('create', '--root', self.root, '--timeout', '1d', '-x', 'a')
        self.assert_there(self.path('root', 'a'), self.path('root', '.X11-unix'))
        self.assert_gone(self.path('root', 'ab'), self.path('root', 'b'))
        for pattern in ('', '/', 'a/b'):
            self.fail_with(2, 'cleanup', self.root, '--timeout', '1d', '--exclude', pattern)

    def test_names(self):
        for name in ODD_NAMES:
            path = os.path.join(os.fsencode(self.root), name)
            os.mkdir(path)
            self.set_age(path, support.DAY)
        output = self.succeed('cleanup', self.root, '--timeout', '1h')
        lines = output.split(b'\n')
        self.assertEqual(len(lines), len(ODD_NAMES) + 2)
        fields = [line.split(b'\t', 4)[4] for line in lines[:-2]]
        names = [re.sub(rb'\\(.)', lambda match: {b'n': b'\n'}.get(match[1], match[1]), field)
                 for field in fields]
        self.assertEqual(names, sorted(ODD_NAMES))
        self.assertEqual(os.listdir(self.root), [])

    def test_refused(self):
        """A typing error deletes no files."""
        inside = self.mkdir('home', 'inside', age=support.DAY)
        for root in ('/', self.home, self.folder, os.path.join(self.home, '.'),
                     os.path.join(inside, '..'), '//', '/..'):
            self.assertIn('the home directory', self.fail_with(1, 'cleanup', root, '--timeout', '0'))
        self.fail_with(1, 'cleanup', '', '--timeout', '0', cwd=self.root)
        self.fail_with(1, 'cleanup', self.path('missing'), '--timeout', '0')
        self.fail_with(1, 'cleanup', self.path('missing', '..'), '--timeout', '0')
        self.fail_with(1, 'cleanup', '/dev/null', '--timeout', '0')
        self.assert_there(inside)

    def test_up_and_down(self):
        """“..” is refused after a link, and removed after a directory."""
        below = self.mkdir('elsewhere', 'below', age=support.DAY)
        os.symlink(below, self.path('root', 'link'))
        near = self.entry('near', support.DAY)
        for path in ('link/..', 'link/../', 'link/./..', 'near/../link/..', 'link/../../root'):
            errors = self.fail_with(1, 'cleanup', os.path.join(self.root, path), '-t', '1h')
            self.assertIn(f'after the link “{self.root}/link” is refused', errors)
            self.fail_with(1, 'list', os.path.join(self.root, path))
        self.assert_there(near, below)
        # If a path ends in a link, the target of the link is cleaned up.
        os.symlink(self.path('elsewhere'), self.path('there'))
        self.assertEqual(self.rows('cleanup', self.path('there', 'below', '..'), '-t', '1h')[-1],
                         ['total', '1'])
        self.assert_gone(below)
        self.assertEqual(self.rows('cleanup', self.path('root', 'near', '..'), '-t', '1h')[-1],
                         ['total', '1'])
        self.assert_gone(near)

    def test_up_from_a_link(self):
        """The working directory is not a link, whatever path has led there."""
        self.mkdir('elsewhere', 'below')
        old = self.mkdir('elsewhere', 'old', age=support.DAY)
        os.symlink('elsewhere/below', self.path('link'))
        self.environment['PWD'] = self.path('link')
        self.succeed('cleanup', '..', '-t', '1h', cwd=self.path('link'))
        self.assert_gone(old)

    def test_relative(self):
        self.entry('old', support.DAY)
        output = self.succeed('cleanup', '.', '--timeout', '1h', cwd=self.root)
        self.assertTrue(output.endswith(b'total\t1\n'))

    def test_cannot_be_deleted(self):
        """It continues with the other entries, reports the failure, and does not count it as
        removed."""
        stuck = self.entry('m-stuck')
        self.entry('a-free', support.DAY)
        self.entry('z-free', support.DAY)
        mounted = self.mkdir(stuck, 'mounted')
        script = f'mount -t tmpfs none "{mounted}" && touch -d yesterday "{stuck}" && exec "$0" "$@"'
        unshare = ['unshare', '--mount', '--map-root-user', 'sh', '-c', script]
        probe = subprocess.run(['unshare', '--mount', '--map-root-user', 'mount', '-t', 'tmpfs', 'none',
                                mounted], stderr=subprocess.PIPE)
        if probe.returncode != 0:
            self.skipTest(probe.stderr.decode().strip())
        result = subprocess.run([*unshare, support.TOOL, 'cleanup', self.root, '--timeout', '1h',
                                 '--age-basis', 'modified'],
                                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(mounted.encode(), result.stderr)
        rows = [line.split('\t') for line in result.stdout.decode().splitlines()]
        self.assertEqual([(row[0], row[-1]) for row in rows],
                         [('removed', 'a-free'), ('failed', 'm-stuck'), ('removed', 'z-free'),
                          ('total', '2')])
        self.assertEqual(os.listdir(self.root), ['m-stuck'])

    @support.of_linux('statx()')
    def test_cannot_be_looked_at(self):
        """An entry that cannot be examined does not keep the others."""
        unseen = self.entry('unseen', support.DAY)
        old = self.entry('old', support.DAY)
        environment = {**self.environment, **support.get_preload_environment(),
                       'TEMPMAN_TEST_GATE_UNSEEN': 'unseen'}
        # It counts as in use, just now.
        output = self.succeed('list', self.root, '-t', '1h', env=environment).decode()
        self.assertRegex(output, r'^removable\tunowned\texpired\t\d+s\told\n'
                                 r'kept\tlive\tnone\t\d{1,2}s\tunseen\n$')
        json.loads(self.succeed('list', self.root, '--json', env=environment))
        output = self.succeed('cleanup', self.root, '-t', '1h', '-n', env=environment)
        self.assertTrue(output.endswith(b'\told\ntotal\t1\n'), output)
        self.assert_there(old)
        result = self.run_tool('cleanup', self.root, '-t', '1h', env=environment)
        errors = result.errors
        self.assertEqual(result.status, 1)
        self.assertRegex('\n'.join(result.lines), r'^removed\tunowned\texpired\t\d+s\told\n'
                                                  r'failed\tlive\tnone\t\d+s\tunseen\ntotal\t1$')
        self.assertEqual(errors.count('\n'), 1)
        self.assertIn(unseen, errors)
        self.assertEqual(os.listdir(self.root), ['unseen'])

    def test_two_at_once(self):
        """Each prints the number of the directories that it has deleted itself."""
        for i in range(200):
            self.entry(str(i), support.DAY)
        processes = [self.start('cleanup', self.root, '--timeout', '1h') for _ in range(3)]
        results = [self.finish(process) for process in processes]
        self.assertEqual([result.status for result in results], [0, 0, 0])
        totals = [int(result.lines[-1].split('\t')[1]) for result in results]
        self.assertEqual(sum(totals), 200)
        self.assertEqual(os.listdir(self.root), [])

    def interrupt(self, signal_number):
        self.make_tree('root', 'old')
        self.set_age(self.path('root', 'old'), support.DAY)
        gate = self.hold_deletions()
        process = self.start('cleanup', self.root, '--timeout', '1h')
        gate.signal(process, signal_number)
        result = self.finish(process)
        self.assertEqual((result.status, result.errors), (-signal_number, ''))
        self.assertEqual([line.split('\t')[0] for line in result.lines], ['failed', 'total'])
        self.assertEqual(result.lines[-1], 'total\t0')
        self.assert_there(self.path('root', 'old'))
        # The next cleanup deletes the rest.
        self.environment.pop('LD_PRELOAD')
        self.assertEqual(self.rows('cleanup', self.root, '--timeout', '1h')[-1], ['total', '1'])
        self.assertEqual(os.listdir(self.root), [])

    @support.of_linux('O_NOATIME')
    def test_ctrl_c(self):
        self.interrupt(signal.SIGINT)

    @support.of_linux('O_NOATIME')
    def test_terminated(self):
        self.interrupt(signal.SIGTERM)

    @support.of_linux('O_NOATIME')
    def test_hangup(self):
        self.interrupt(signal.SIGHUP)

    def test_ctrl_c_as_a_shell_sees_it(self):
        self.make_tree('root', 'old')
        self.set_age(self.path('root', 'old'), support.DAY)
        gate = self.hold_deletions()
        shell = subprocess.Popen(
            ['sh', '-c', '"$0" "$@" & echo $!; wait $!; echo $?', support.TOOL, 'cleanup', self.root,
             '--timeout', '1h', '--age-basis', 'modified'],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        pid = int(shell.stdout.readline())
        gate.wait()
        # Without job control the shell has it ignore SIGINT.
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        self.wait_until(lambda: not support.is_pending(pid, signal.SIGTERM), 'waiting for SIGTERM')
        gate.open()
        output, _ = shell.communicate(timeout=support.PATIENCE)
        self.assertEqual(output.decode().splitlines()[-1], '143')

    def test_nohup(self):
        """Signals that it was started to ignore do not interrupt it."""
        self.make_tree('root', 'old', n_directories=20)
        self.set_age(self.path('root', 'old'), support.DAY)
        gate = self.hold_deletions()
        process = self.start('cleanup', self.root, '--timeout', '1h',
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        gate.signal(process, signal.SIGHUP)
        result = self.finish(process)
        self.assertEqual((result.status, result.lines[-1]), (0, 'total\t1'))

    def test_broken_pipe(self):
        for i in range(3):
            self.entry(str(i), support.DAY)
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, 'w') as pipe:
            result = self.run_tool('cleanup', self.root, '--timeout', '1h', stdout=pipe)
        self.assertEqual(result.status, -signal.SIGPIPE)
        self.assertEqual(os.listdir(self.root), [])


class List(Root):
    def test_table(self):
        self.make_one_of_each()
        rows = self.rows('list', self.root)
        self.assertEqual([(row[0], row[1], row[-1]) for row in rows],
                         [('kept', 'abandoned', support.ABANDONED),
                          ('kept', 'abandoned', support.ABANDONED_OLD),
                          ('kept', 'live', 'live'), ('kept', 'live', 'live-old'),
                          ('kept', 'unowned', 'unowned'), ('kept', 'unowned', 'unowned-old')])
        self.assertEqual({row[2] for row in rows}, {'none'})
        ages = {row[4]: seconds(row[3]) for row in rows}
        self.assertGreaterEqual(ages['live-old'], 3 * support.DAY)
        self.assertLess(ages['unowned'], support.DAY)

    def test_what_goes(self):
        self.make_one_of_each()

        def would_delete(*options):
            rows = self.rows('list', self.root, *options)
            as_json = json.loads(self.succeed('list', self.root, '--json', *options))
            names = [row[4] for row in rows if row[0] == 'removable']
            self.assertEqual(names, [entry['name'] for entry in as_json if entry['removable']])
            self.assertEqual([row[2] for row in rows], [entry['reason'] for entry in as_json])
            dry = self.rows('cleanup', self.root, '-t', '1000w', *options, '--dry-run')[:-1]
            if options:
                self.assertEqual(names, [row[4] for row in dry])
            return names

        self.assertEqual(would_delete(), [])
        self.assertEqual(would_delete('--timeout', '1d'), [support.ABANDONED_OLD, 'unowned-old'])
        self.assertEqual(would_delete('--reclaim'), [support.ABANDONED, support.ABANDONED_OLD])
        self.assertEqual(would_delete('--reclaim', '--timeout', '1d', '--age-basis', 'modified'),
                         [support.ABANDONED, support.ABANDONED_OLD, 'unowned-old'])

    def test_json(self):
        self.make_one_of_each()
        entries = json.loads(self.succeed('list', self.root, '-j', '--timeout', '1d'))
        self.assertEqual(len(entries), 6)
        entry = entries[-1]
        self.assertEqual(sorted(entry), ['age', 'heartbeat_age', 'last_used', 'name', 'reason',
                                         'removable', 'size', 'state', 'uri'])
        self.assertIsNone(entry['size'])
        self.assertIsNone(entry['heartbeat_age'])
        self.assertEqual((entry['name'], entry['state'], entry['removable'], entry['reason']),
                         ('unowned-old', 'unowned', True, 'expired'))
        self.assertEqual(entry['uri'], 'file://' + self.path('root', 'unowned-old'))
        self.assertRegex(entry['last_used'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$')
        self.assertIs(type(entry['age']), int)
        self.assertGreaterEqual(entry['age'], 3 * support.DAY)

    def test_json_empty(self):
        self.assertEqual(json.loads(self.succeed('list', '--json', self.root)), [])

    def test_json_names(self):
        for name in ODD_NAMES:
            os.mkdir(os.path.join(os.fsencode(self.root), name))
        output = self.succeed('list', '--json', self.root)
        self.assertTrue(output.isascii())
        entries = json.loads(output)
        self.assertEqual([urllib.parse.unquote_to_bytes(entry['uri']) for entry in entries],
                         [b'file://' + os.path.join(os.fsencode(self.root), name)
                          for name in sorted(ODD_NAMES)])
        for entry, name in zip(entries, sorted(ODD_NAMES)):
            try:
                self.assertEqual(entry['name'], name.decode())
            except UnicodeDecodeError:
                self.assertIn('\ufffd', entry['name'])

    def test_json_times(self):
        """A time in the future, and the first and last possible ones."""
        for name, when in (('future', time.time() + support.DAY), ('past', -10 ** 9),
                           ('last', 2 ** 33)):
            os.utime(self.entry(name), (when, when))
        entries = {entry['name']: entry
                   for entry in json.loads(self.succeed('list', '--json', self.root))}
        self.assertEqual(entries['future']['age'], 0)
        self.assertEqual(entries['past']['last_used'], '1938-04-24T22:13:20.000000Z')
        self.assertGreater(entries['past']['age'], 10 ** 9)

    def test_any_locale(self):
        self.entry('ü')
        for locale in ('C', 'C.UTF-8', 'de_DE.UTF-8', 'fa_IR'):
            self.environment['LC_ALL'] = locale
            self.assertRegex(self.succeed('list', self.root),
                             '^kept\tunowned\tnone\t[0-9]+s\tü\n$'.encode())
            json.loads(self.succeed('list', '--json', self.root))

    def test_pipe_is_plain(self):
        self.make_one_of_each()
        for arguments in (('list', self.root), ('cleanup', self.root, '-n', '-t', '1d')):
            self.assertNotIn(b'\x1b', self.succeed(*arguments))

    def test_missing(self):
        self.fail_with(1, 'list', self.path('missing'))
        self.fail_with(1, 'list', '/')
        errors = self.fail_with(1, 'list', b'/missing-\xff\x1b[31m\n')
        self.assertEqual(errors.count('\n'), 1)
        self.assertNotIn('\x1b', errors)


if __name__ == '__main__':
    support.main()
