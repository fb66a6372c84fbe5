# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Ages as a user writes them, and as the command shows them."""

import support

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

LENGTHS = {
    '1s': 1,
    '90s': 90,
    '090s': 90,
    '30m': 30 * MINUTE,
    '2h': 2 * HOUR,
    '7d': 7 * DAY,
    '1w': WEEK,
    '1h30m': HOUR + 30 * MINUTE,
    '1w2d3h4m5s': WEEK + 2 * DAY + 3 * HOUR + 4 * MINUTE + 5,
    '0h90m': 90 * MINUTE,
    '1d0h': DAY,
}

NONSENSE = [
    '', ' ', '10', '1', '007', 's', 'd', '-1s', '+1s', '-1', '1y', '1y2', '1h2', '1x', '1M', '1D',
    '1ms', '1sec', '1 h', ' 1h', '1h ', '1h 30m', '1.5h', '1,5h', '1e3s', '0x10s', 'nan', 'nans',
    'inf', 'infinity', 'never', '1m1h', '1h1h', '1s1w', '1h-30m', '1hh', '٣d', '1d\n', '1\n',
    '9223372036854775808s', '99999999999999999999s', '15250284452472w', '9223372036854775807s1',
    '9223372036854775807w', '15250284452471w999999999s', '--', '1h--', '0' * 30 + 'x',
]


class Ages(support.TestCase):
    def would_delete(self, age, timeout):
        """Whether a cleanup would delete a directory of that age."""
        root = self.mkdir(f'root-{age}-{timeout}')
        self.mkdir(root, 'entry', age=age)
        lines = self.succeed('list', root, '--timeout', timeout).decode().splitlines()
        self.assertEqual(len(lines), 1)
        return lines[0].startswith('removable\t')

    def test_lengths(self):
        # Not to the second: time passes meanwhile.
        for text, seconds in LENGTHS.items():
            self.assertTrue(self.would_delete(seconds + 1, text), text)
            self.assertFalse(self.would_delete(seconds - 3600, text), text)
            if seconds > 1200:
                self.assertFalse(self.would_delete(seconds - 1000, text), text)

    def test_zero(self):
        for text in ('0', '00', '0s', '0w', '0h0m'):
            self.assertTrue(self.would_delete(2, text), text)

    def test_longest(self):
        for text in ('9223372036854775807s', '15250284452471w'):
            self.assertFalse(self.would_delete(100 * 365 * DAY, text), text)

    def test_nonsense(self):
        root = self.mkdir('root')
        old = self.mkdir('root', 'old', age=WEEK)
        for text in NONSENSE:
            errors = self.fail_with(2, 'cleanup', root, '--timeout', text)
            self.assertIn('is not an age', errors, text)
            errors = self.fail_with(2, 'list', root, f'--lease={text}')
            self.assertIn('is not an age', errors, text)
        for text in NONSENSE[:5]:
            self.fail_with(2, 'list', root, f'--timeout={text}')
            self.fail_with(2, 'create', '--root', root, '--timeout', text)
            self.fail_with(125, 'run', '--root', root, '--timeout', text, 'true')
        self.assert_there(old)

    def test_not_utf8(self):
        errors = self.fail_with(2, 'cleanup', self.mkdir('root'), '--timeout', b'\xff1d')
        self.assertIn('is not an age', errors)

    def test_what_is_wrong(self):
        root = self.mkdir('root')
        for text, reason in (('10', 'no unit'), ('1h2', 'no unit'), ('1y', 'the units are'),
                             ('1m1h', 'in this order'), ('1.5h', 'whole'),
                             ('9' * 30 + 's', 'too long'), ('soon', 'write it as')):
            self.assertIn(reason, self.fail_with(2, 'cleanup', root, '--timeout', text), text)

    def test_shown(self):
        # Far enough from the next for a slow machine.
        for age, shown in ((26.5 * HOUR, '1d 2h'), (24.5 * HOUR, '1d'), (30.5 * DAY, '4w 2d'),
                           (52 * WEEK + HOUR, '52w'), (0, r'\d+s|\d+m( \d+s)?')):
            root = self.mkdir(f'shown-{age}')
            self.mkdir(root, 'entry', age=age)
            terminal = support.Terminal(self, [support.TOOL, 'list', root])
            self.assertEqual(terminal.finish(), 0)
            self.assertRegex(terminal.output.decode(), rf'unowned.*  ({shown})  +entry')


if __name__ == '__main__':
    support.main()
