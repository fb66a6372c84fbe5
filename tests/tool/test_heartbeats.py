# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""`tempman cleanup` and `tempman list` in a root with heartbeats, which a preloaded library makes up."""

import fcntl
import json
import os
import re
import signal
import subprocess

import support

LIBRARY = os.environ.get('TEMPMAN_TEST_HEARTBEATS_LIBRARY')
# The library with short intervals.
SHORT_LIBRARY = os.environ.get('TEMPMAN_TEST_SHORT_LIBRARY')

# Longer than any test waits.
LONG = '600'
WAITING = re.compile(r'^tempman: The (?:heartbeat of 1 directory is|heartbeats of (?P<n>\d+) directories are) '
                     r'overdue: waiting (?P<time>\d+[ms](?: \d+s)?) to see whether (?(n)they change|it changes); '
                     r'--no-wait skips this$', re.MULTILINE)


def find_times(errors):
    """The times in the messages about waiting."""
    return [match['time'] for match in WAITING.finditer(errors)]


class Heartbeats(support.TestCase):
    def setUp(self):
        super().setUp()
        if LIBRARY is None:
            self.skipTest('the library is linked into the command: its functions cannot be replaced')
        self.root = self.mkdir('root')
        self.outside = self.mkdir('outside')
        self.environment.update(support.get_preload_environment())
        self.environment['LD_PRELOAD'] += ':' + LIBRARY

    def set_heartbeat(self, age, prefix=''):
        """Choose the age of the heartbeats of the entries whose name begins so."""
        self.environment['TEMPMAN_TEST_HEARTBEAT_AGE'] = age
        self.environment['TEMPMAN_TEST_HEARTBEAT_PREFIX'] = prefix

    def set_times(self, times, moves=(), age='10000'):
        """Choose the times that the root is to be watched, and what is renamed when it is asked.

        There is a live entry whose heartbeat is overdue.
        """
        self.environment['TEMPMAN_TEST_WATCH_TIMES'] = times
        self.environment['TEMPMAN_TEST_WATCH_MOVES'] = '\n'.join(path for move in moves for path in move)
        self.set_heartbeat(age, 'live')
        if not os.path.exists(self.path('root', 'live')):
            self.make_live('live')

    def make_live(self, name):
        fd = os.open(self.mkdir('root', name), os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        fcntl.flock(fd, fcntl.LOCK_SH)

    def make_late(self, *names):
        """Make entries that have died when the root is asked, one each time. Return their moves."""
        return [(self.mkdir('outside', name, age=support.DAY), self.path('root', name))
                for name in names]

    def cleanup(self, *options, timeout='1h'):
        """Clean up. Return the rows, the times in the messages, and the result."""
        result = self.run_tool('cleanup', self.root, '--timeout', timeout, *options)
        rows = [line.split('\t') for line in result.lines]
        return rows, find_times(result.errors), result


class Waiting(Heartbeats):
    def start_in_terminal(self, **environment):
        # Wide enough for the whole path.
        return support.Terminal(self, [support.TOOL, 'cleanup', self.root, '-t', '1h'], columns=500,
                                environment={**self.environment, **environment})

    def test_waits(self):
        """Another cleanup follows, after the time that the root tells."""
        self.mkdir('root', 'first', age=support.DAY)
        self.set_times('0.2', self.make_late('late'))
        rows, times, result = self.cleanup()
        self.assertEqual([(row[0], row[-1]) for row in rows],
                         [('removed', 'first'), ('removed', 'late'), ('total', '2')])
        self.assertEqual((times, result.status), (['1s'], 0))
        self.assertEqual(result.errors.count('\n'), 1)
        self.assertEqual(os.listdir(self.root), ['live'])

    def test_nothing_to_wait_for(self):
        self.set_times('0', self.make_late('late'))
        rows, times, result = self.cleanup()
        self.assertEqual(rows, [['total', '0']])
        self.assertEqual((result.errors, result.status), ('', 0))
        self.assertEqual(sorted(os.listdir(self.root)), ['late', 'live'])

    def test_several(self):
        """All directories that the next cleanup could delete are counted, and no others."""
        for name in ('live-2', 'live-3', 'young'):
            self.make_live(name)
        self.mkdir('root', 'live-no-more')
        self.set_times('0.01')
        _, _, result = self.cleanup()
        self.assertEqual([match['n'] for match in WAITING.finditer(result.errors)], ['3'])

    def test_in_vain(self):
        """It does not wait if the next cleanup could not delete anything either."""
        for age, options, waits in (('3599', (), True), ('3597', (), False),
                                    ('3597', ('--reclaim',), True),
                                    ('600', ('--reclaim',), False),
                                    ('601', ('--reclaim',), True),
                                    ('601', ('--reclaim', '--lease', '1h'), False)):
            self.set_times('1.5', age=age)
            _, times, result = self.cleanup(*options)
            self.assertEqual((bool(times), result.status), (waits, 0), (age, options))

    def test_bound(self):
        """It waits twice at most."""
        self.set_times('0.01 1.6 0.01 0.01', self.make_late('1', '2', '3', '4'))
        rows, times, result = self.cleanup()
        self.assertEqual([row[-1] for row in rows[:-1]], ['1', '2'])
        self.assertEqual((times, result.status), (['1s', '2s'], 0))
        self.assertEqual(sorted(os.listdir(self.outside)), ['3', '4'])

    def test_no_wait(self):
        for option in ('--no-wait', '--dry-run'):
            old = self.mkdir('root', 'old', age=support.DAY)
            self.set_times(LONG)
            rows, _, result = self.cleanup(option)
            self.assertEqual(rows[-1], ['total', '1'])
            self.assertEqual((result.errors, result.status), ('', 0))
            if option == '--dry-run':
                self.assert_there(old)
            else:
                self.assert_gone(old)

    def test_list(self):
        self.set_times(LONG)
        self.succeed('list', self.root)

    def test_failed_root(self):
        """Where the root cannot be cleaned up, there is nothing to wait for."""
        self.set_times(LONG)
        self.fail_with(1, 'cleanup', self.path('missing'), '-t', '1h')

    def test_root_vanishes(self):
        """Meanwhile: what the first cleanup did is shown all the same."""
        self.mkdir('root', 'old', age=support.DAY)
        self.set_times('0.01', [(self.root, self.path('outside', 'moved'))])
        rows, _, result = self.cleanup()
        self.assertEqual([row[-1] for row in rows], ['old', '1'])

    def test_fails_twice(self):
        """It has one line, and one message."""
        self.mkdir('root', 'old', 'stuck')
        self.set_age(self.path('root', 'old'), support.DAY)
        self.environment['TEMPMAN_TEST_GATE_STUCK'] = 'stuck'
        self.set_times('0.01')
        rows, times, result = self.cleanup()
        self.assertEqual([(row[0], row[-1]) for row in rows], [('failed', 'old'), ('total', '0')])
        self.assertEqual((times, result.status), (['1s'], 1))
        self.assertEqual(result.errors.count('Could not delete'), 1, result.errors)

    def test_fails_once(self):
        """What the second cleanup did counts."""
        stuck = self.mkdir('root', 'old', 'stuck')
        self.environment['TEMPMAN_TEST_GATE_STUCK'] = 'stuck'
        self.set_times('0.01', [(stuck, self.path('outside', 'stuck'))])
        rows, _, result = self.cleanup(timeout='0')
        self.assertEqual([(row[0], row[-1]) for row in rows], [('removed', 'old'), ('total', '1')])
        # It has complained of the first.
        self.assertEqual(result.status, 1)
        self.assertIn('Could not delete', result.errors)

    def test_new_failure(self):
        """A failure of the second cleanup is told, although another entry failed in the first."""
        self.mkdir('root', 'old', 'stuck')
        self.set_age(self.path('root', 'old'), support.DAY)
        late, = self.make_late('late')
        os.mkdir(os.path.join(late[0], 'stuck'))
        self.set_age(late[0], support.DAY)
        self.environment['TEMPMAN_TEST_GATE_STUCK'] = 'stuck'
        self.set_times('0.01', [late])
        rows, _, result = self.cleanup()
        self.assertEqual([(row[0], row[-1]) for row in rows],
                         [('failed', 'late'), ('failed', 'old'), ('total', '0')])
        self.assertEqual(result.errors.count('Could not delete'), 2, result.errors)

    def test_interrupted(self):
        """At once, with what was done so far."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number.name):
                self.mkdir('root', 'old', age=support.DAY)
                self.set_times(LONG)
                process = self.start('cleanup', self.root, '--timeout', '1h')
                line = process.stderr.readline().decode()
                self.assertEqual(find_times(line), ['10m'])
                process.send_signal(number)
                result = self.finish(process)
                self.assertEqual((result.status, result.errors), (-number, ''))
                self.assertEqual([line.split('\t')[-1] for line in result.lines], ['old', '1'])

    def test_ignored(self):
        """As by nohup: it waits for the whole time."""
        self.set_times('0.5', self.make_late('late'))
        process = self.start('cleanup', self.root, '--timeout', '1h',
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.stderr.readline()
        process.send_signal(signal.SIGHUP)
        result = self.finish(process)
        self.assertEqual((result.status, result.errors), (0, ''))
        self.assertEqual(result.lines[-1], 'total\t1')

    def test_terminal(self):
        """It shows the time that is left, in one place."""
        self.mkdir('root', 'old', age=support.DAY)
        self.set_times(LONG)
        terminal = self.start_in_terminal(NO_COLOR='1')
        terminal.wait_for(b'overdue: waiting 10m to see')
        for left in (b'9m 59s', b'9m 58s'):
            terminal.wait_for(b'\r\x1b[KCleaning up ' + '“'.encode() + os.fsencode(self.root)
                              + '”'.encode() + b': waiting, ' + left + b' left')
        terminal.write(b'\x03')
        self.assertEqual(terminal.finish(), -signal.SIGINT)
        first, *_, last = terminal.output.split(b'\r\x1b[K')
        self.assertEqual(first.count(b'\r\n'), 1, first)
        self.assertEqual(terminal.output.count(b'\n'), 3, terminal.output)
        self.assertRegex(last, rb'^removed +unowned +expired +1d +old\r\n1 directory deleted\r\n$')

    def test_after_the_wait(self):
        """The line that shows the time left goes on with the time that has passed."""
        gate = self.hold_deletions()
        self.environment['LD_PRELOAD'] += ':' + LIBRARY
        self.set_times('0.7', self.make_late('late'))
        terminal = self.start_in_terminal()
        terminal.wait_for(b': waiting, 1s left')
        gate.wait()
        terminal.wait_for('”: 2s'.encode())
        gate.open()
        self.assertEqual(terminal.finish(), 0)

    def test_dumb_terminal(self):
        self.set_times('1.2')
        terminal = self.start_in_terminal(TERM='dumb')
        self.assertEqual(terminal.finish(), 0)
        self.assertRegex(terminal.output, rb'^tempman: [^:]*: waiting 1s [^\r\n]*\r\n0 directories deleted\r\n$')


class Ages(Heartbeats):
    def test_list(self):
        self.mkdir('root', 'old', age=support.DAY)
        for age, text in (('0', '0s'), ('12.9', '12s'), ('3600.5', '3600s'), ('1e300', f'{2 ** 53}s')):
            self.set_heartbeat(age)
            output = self.succeed('list', self.root).decode()
            self.assertRegex(output, rf'^kept\tunowned \(heartbeat {text} ago\)\tnone\t\d+s\told\n$')
            entry, = json.loads(self.succeed('list', self.root, '--json'))
            self.assertEqual(entry['heartbeat_age'], int(text[:-1]))
            self.assertIs(type(entry['heartbeat_age']), int)
            self.assertEqual(entry['state'], 'unowned')

    def test_cleanup(self):
        self.mkdir('root', 'old', age=support.DAY)
        self.set_heartbeat('700')
        rows, _, _ = self.cleanup()
        self.assertEqual(rows[0][:3], ['removed', 'unowned (heartbeat 700s ago)', 'expired'])

    def test_none(self):
        self.mkdir('root', 'old', age=support.DAY)
        self.set_heartbeat('-1')
        self.assertRegex(self.succeed('list', self.root).decode(), '^kept\tunowned\tnone\t')
        entry, = json.loads(self.succeed('list', self.root, '--json'))
        self.assertIsNone(entry['heartbeat_age'])

    def test_terminal(self):
        """In columns, which are as wide as is needed."""
        self.mkdir('root', 'old', age=support.DAY)
        self.mkdir('root', 'young')
        for age, text in (('-1', ''), ('7.2', ' (heartbeat 7s ago)'), ('3723', ' (heartbeat 1h 2m ago)')):
            self.set_heartbeat(age, 'old')
            for arguments in (('list', self.root), ('cleanup', self.root, '-t', '0', '-n')):
                terminal = support.Terminal(self, [support.TOOL, *arguments],
                                            environment={**self.environment, 'NO_COLOR': '1'})
                self.assertEqual(terminal.finish(), 0)
                lines = terminal.output.decode().split('\r\n')[-4:-2]
                self.assertEqual([line.index(state + '  ') for line, state in
                                  zip(lines, ('unowned' + text, 'unowned'))], [11, 11])
                self.assertEqual(lines[0].index('old'), lines[1].index('young'))


class Leases(Heartbeats):
    def test_lease(self):
        self.environment['TEMPMAN_TEST_SETTINGS'] = self.path('settings')
        for options in ((), ('--lease', '1h30m'), ('--lease=0',), ('--lease', '1000w')):
            for command in (('list', self.root), ('cleanup', self.root, '-t', '1h')):
                self.succeed(*command, *options)
        with open(self.path('settings')) as file:
            leases = [float(line.split()[1]) for line in file if line.startswith('lease ')]
        self.assertEqual(leases, [600, 600, 5400, 5400, 0, 0, 604800000, 604800000])


class Engine(Heartbeats):
    """With real heartbeats at short intervals, on a file system that seems to be shared."""

    def setUp(self):
        super().setUp()
        if SHORT_LIBRARY is None:
            self.skipTest('there is no library with short intervals here')
        self.environment['TEMPMAN_TEST_SHARED'] = '1'
        self.environment['LD_LIBRARY_PATH'] = os.path.dirname(SHORT_LIBRARY)
        self.owner = self.start('run', '--in', self.root, '--', 'sh', '-c',
                                'echo "$TEMPMAN_DIRECTORY"; exec cat', stdin=subprocess.PIPE)
        self.addCleanup(self.owner.stdin.close)
        self.directory = self.owner.stdout.readline().decode().rstrip('\n')

    def kill_owner(self):
        """End the owner. Its last heartbeat was more than an hour ago."""
        self.owner.kill()
        self.owner.wait()
        self.set_age(self.directory, 3610)

    def get_state(self):
        line, = self.succeed('list', self.root, '--reclaim').decode().splitlines()
        entry, = json.loads(self.succeed('list', self.root, '--reclaim', '--json'))
        state, age = re.fullmatch(r'(\w+) \(heartbeat (\d+)s ago\)', line.split('\t')[1]).groups()
        self.assertEqual(state, entry['state'])
        self.assertGreaterEqual(entry['heartbeat_age'], int(age))
        return state, int(age)

    def test_live(self):
        state, age = self.get_state()
        self.assertEqual(state, 'live')
        self.assertLess(age, 600)
        self.assertEqual(self.cleanup('--reclaim', timeout='0')[0], [['total', '0']])
        self.assert_there(self.directory)
        self.owner.stdin.close()
        self.assertEqual(self.owner.wait(support.PATIENCE), 0)
        self.assert_gone(self.directory)

    def test_dead(self):
        self.kill_owner()
        state, age = self.get_state()
        self.assertEqual(state, 'live')
        self.assertGreaterEqual(age, 3600)

        for options in (('--no-wait', '--reclaim'), ('--reclaim', '--lease', '2h'),
                        ('--reclaim', '--dry-run'), ()):
            rows, _, result = self.cleanup(*options, timeout='1d')
            self.assertEqual((rows, result.errors), ([['total', '0']], ''), options)
        self.assert_there(self.directory)

        rows, times, result = self.cleanup('--reclaim', timeout='1d')
        self.assertEqual((times, result.status), (['6s'], 0))
        self.assertEqual((rows[0][0], rows[0][2]), ('removed', 'abandoned'))
        self.assertRegex(rows[0][1], r'^abandoned \(heartbeat 36\d\ds ago\)$')
        self.assertEqual(rows[1], ['total', '1'])
        self.assert_gone(self.directory)

    def test_expired(self):
        """Without --reclaim, it waits for a directory that it deletes by its age."""
        self.kill_owner()
        rows, times, result = self.cleanup(timeout='30m')
        self.assertEqual((times, result.status), (['6s'], 0))
        self.assertEqual((rows[0][0], rows[0][2]), ('removed', 'expired'))
        self.assert_gone(self.directory)


if __name__ == '__main__':
    support.main()
