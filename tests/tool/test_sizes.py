# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sizes and numbers as a user writes them, and as the command passes them to the library."""

import os

import support

LIBRARY = os.environ.get('TEMPMAN_TEST_HEARTBEATS_LIBRARY')

SIZES = {
    '0': 0, '00': 0, '0B': 0, '0G': 0,
    '1B': 1, '007B': 7, '512B': 512,
    '1k': 10**3, '1K': 10**3, '1kB': 10**3, '1KB': 10**3, '1KiB': 2**10,
    '500M': 500 * 10**6, '500MB': 500 * 10**6, '3MiB': 3 * 2**20,
    '2G': 2 * 10**9, '2GB': 2 * 10**9, '10GiB': 10 * 2**30,
    '4T': 4 * 10**12, '4TB': 4 * 10**12, '1TiB': 2**40,
    '18446744073709551615B': 2**64 - 1, '16777215TiB': 16777215 * 2**40,
}

NONSENSE = [
    '', ' ', '1', '2000000000', '-1', '-1G', '+1G', '-0', ' 1G', '1G ', '1 G', '1G\n', 'G', 'B', 'GiB',
    '1g', '1m', '1t', '1b', '1P', '1E', '1GIB', '1gib', '1Gi', '1GB/s', '1Gbit', '1.5G', '1,5G', '1e3B',
    '0x10B', '1G1M', '1_000B', '1__G', 'nan', 'inf', 'all', 'none', '5%', '%', '٣G', '1000000000000T',
    '18446744073709551616B', '18014398509481984KiB', '16777216TiB', '9' * 40 + 'B', '9' * 40,
]

NUMBERS = {'0': 0, '1': 1, '020': 20, '4294967295': 2**32 - 1}

NO_NUMBERS = ['', ' ', '-1', '-0', '+1', '1.5', '1k', '20 ', ' 20', '1e3', '0x10', 'ten', 'inf', '5%',
              '٣', '20\n', '4294967296', '9' * 40]

SHARES = ['0%', '1%', '05%', '99%', '100%']

NO_SHARES = ['%', '-1%', '+1%', '101%', '4294967297%', '9' * 40 + '%', '5.5%', ' 5%', '5 %', '5%%',
             '1G%', 'five%', '5% ']


class Quantities(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = self.mkdir('root')
        self.old = self.mkdir('root', 'old', age=support.DAY)


class Accepted(Quantities):
    def setUp(self):
        super().setUp()
        if LIBRARY is None:
            self.skipTest('the library is linked into the command: its functions cannot be replaced')
        self.environment.update(support.get_preload_environment())
        self.environment['LD_PRELOAD'] += ':' + LIBRARY

    def get_limit(self, name, *arguments):
        """The limit that the command sets."""
        settings = self.path('settings')
        self.environment['TEMPMAN_TEST_SETTINGS'] = settings
        self.succeed(*arguments)
        with open(settings) as file:
            limits = [int(line.split()[1]) for line in file if line.startswith(f'{name} ')]
        os.unlink(settings)
        self.assertEqual(len(limits), 1)
        return limits[0]

    def test_sizes(self):
        for text, size in SIZES.items():
            self.assertEqual(self.get_limit('max-size', 'list', self.root, '--max-size', text), size,
                             text)
            self.assertEqual(self.get_limit('min-free-space', 'list', self.root, f'--min-free={text}'),
                             size, text)

    def test_numbers(self):
        for text, number in NUMBERS.items():
            self.assertEqual(self.get_limit('max-entries', 'list', self.root, '--max-entries', text),
                             number, text)

    def test_shares(self):
        status = os.statvfs(self.root)
        size = status.f_blocks * status.f_frsize
        for text in SHARES:
            self.assertEqual(self.get_limit('min-free-space', 'list', self.root, '--min-free', text),
                             size // 100 * int(text[:-1]), text)

    def test_default(self):
        for name in ('max-entries', 'max-size', 'min-free-space'):
            self.assertEqual(self.get_limit(name, 'list', self.root), 0)
            self.assertEqual(self.get_limit(name, 'cleanup', self.root, '-t', '2d'), 0)
            self.assertEqual(self.get_limit(name, 'create', '--root', self.root), 0)

    def test_commands(self):
        for *command, in (('cleanup', '-n', self.root), ('list', self.root),
                          ('create', '--root', self.root, '--max-entries', '20')):
            self.assertEqual(self.get_limit('min-free-space', *command, '--min-free', '1k'), 1000)
            if command[0] != 'create':
                self.assertEqual(self.get_limit('max-size', *command, '--max-size', '1k'), 1000)
            self.assertEqual(self.get_limit('max-entries', *command, '--max-entries', '20'), 20)


class Refused(Quantities):
    def tearDown(self):
        self.assert_there(self.old)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_sizes(self):
        for text in NONSENSE:
            errors = self.fail_with(2, 'cleanup', self.root, f'--max-size={text}')
            self.assertIn('is not a size', errors, text)
            if not text.endswith('%'):
                errors = self.fail_with(2, 'cleanup', self.root, '--min-free', text)
                self.assertIn('is not a size', errors, text)
        errors = self.fail_with(2, 'cleanup', self.root, '--max-size', b'\xff1G')
        self.assertIn('is not a size', errors)

    def test_numbers(self):
        for text in NO_NUMBERS:
            errors = self.fail_with(2, 'cleanup', self.root, f'--max-entries={text}')
            self.assertIn('is not a number of entries', errors, text)

    def test_shares(self):
        for text in NO_SHARES:
            errors = self.fail_with(2, 'cleanup', self.root, f'--min-free={text}')
            self.assertIn('is not a share' if text.endswith('%') else 'is not a size', errors, text)

    def test_what_is_wrong(self):
        for text, reason in (('2', 'no unit'), ('1.5G', 'whole'), ('1g', 'the units are'),
                             ('1000000000T', 'too large'), ('9' * 40 + 'B', 'too large'),
                             ('-1G', 'write it as')):
            self.assertIn(reason, self.fail_with(2, 'list', self.root, f'--max-size={text}'), text)

    def test_creation(self):
        for option, text in (('--max-entries', '-1'), ('--min-free', '5'), ('--min-free', '101%')):
            self.fail_with(2, 'create', '--root', self.root, f'{option}={text}')
            self.fail_with(125, 'run', '--root', self.root, f'{option}={text}', 'true')
        for option, text in (('--max-entries', '1'), ('--min-free', '5%')):
            for parent in ((), ('--in', self.root)):
                self.assertIn('only valid with --root', self.fail_with(2, 'create', *parent, option, text))
                self.fail_with(125, 'run', *parent, option, text, 'true')
        # No creation measures.
        self.fail_with(2, 'create', '--root', self.root, '--max-size', '1G')
        self.fail_with(2, 'create', '--root', self.root, '--files')


if __name__ == '__main__':
    support.main()
