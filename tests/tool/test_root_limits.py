# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The limits of a root, and the sizes of its entries."""

import fcntl
import json
import os

import support

MIB = 2**20


def measure(path):
    """The allocated bytes of a file, or of a directory with everything in it."""
    size = os.lstat(path).st_blocks * 512
    if os.path.isdir(path) and not os.path.islink(path):
        size += sum(measure(os.path.join(path, name)) for name in os.listdir(path))
    return size


class Limits(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = self.mkdir('root')

    def make(self, name, n_hours, size=0):
        """Create an entry with a file, last used hours ago. Return its path."""
        path = self.mkdir('root', name)
        if size > 0:
            with open(os.path.join(path, 'file'), 'wb') as file:
                file.write(b'x' * size)
        self.set_age(path, n_hours * 3600)
        return path

    def make_live(self, name, n_hours, size=0):
        path = self.make(name, n_hours, size)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        fcntl.flock(fd, fcntl.LOCK_SH)
        self.set_age(path, n_hours * 3600)
        return path

    def get_names(self):
        return sorted(os.listdir(self.root))

    def clean_up(self, *options):
        """Check that a dry run and a list agree with a cleanup. Return the reasons by name."""
        listed = {entry['name']: entry['reason']
                  for entry in json.loads(self.succeed('list', '--json', self.root, *options))
                  if entry['removable']}
        dry_run = self.succeed('cleanup', '--dry-run', self.root, *options).decode().splitlines()
        lines = self.succeed('cleanup', self.root, *options).decode().splitlines()
        removed = {}
        for line in lines[:-1]:
            outcome, _, reason, _, name = line.split('\t')
            self.assertEqual(outcome, 'removed')
            removed[name] = reason
        self.assertEqual(lines[-1], f'total\t{len(removed)}')
        self.assertEqual(dry_run[-1], lines[-1])
        self.assertEqual({line.split('\t')[4]: line.split('\t')[2] for line in dry_run[:-1]}, removed)
        self.assertEqual(listed, removed)
        return removed


class Cleanups(Limits):
    def test_max_entries(self):
        for i in range(5):
            self.make(f'entry-{i}', i)
        self.assertEqual(self.clean_up('--max-entries', '5'), {})
        self.assertEqual(self.clean_up('--max-entries', '0'), {})
        self.assertEqual(self.clean_up('--max-entries', '2'),
                         {f'entry-{i}': 'over-count' for i in (2, 3, 4)})
        self.assertEqual(self.get_names(), ['entry-0', 'entry-1'])

    @support.of_linux('O_NOATIME')
    def test_max_size(self):
        for i in range(5):
            self.make(f'entry-{i}', i, MIB)
        self.assertEqual(self.clean_up('--max-size', '1G'), {})
        # The directories may take blocks as well.
        self.assertEqual(self.clean_up('--max-size', '3584KiB'),
                         {f'entry-{i}': 'over-size' for i in (3, 4)})
        self.assertEqual(self.clean_up('--max-size', '1B'),
                         {f'entry-{i}': 'over-size' for i in range(3)})

    def test_min_free(self):
        for i in range(3):
            self.make(f'entry-{i}', i, MIB)
        live = self.make_live('live', 5, MIB)
        self.assertEqual(self.clean_up('--min-free', '0%'), {})
        self.assertEqual(self.clean_up('--min-free', '1B'), {})
        # Never reached: the files of the test are on this file system.
        self.assertEqual(self.clean_up('--min-free', '100%'),
                         {f'entry-{i}': 'low-space' for i in range(3)})
        self.assert_there(live)

    def test_live(self):
        self.make('young', 0)
        self.make('old', 2)
        for i in range(2):
            self.make_live(f'live-{i}', 3 + i)
        self.assertEqual(self.clean_up('--max-entries', '3'), {'old': 'over-count'})
        # They count, even if they alone are too many.
        self.assertEqual(self.clean_up('--max-entries', '1'), {'young': 'over-count'})
        self.assertEqual(self.get_names(), ['live-0', 'live-1'])

    def test_order(self):
        """Expired entries make room first."""
        self.make('young', 0)
        self.make('older', 1)
        self.make('expired', 30)
        self.mkdir('root', support.ABANDONED)
        os.chmod(self.path('root', support.ABANDONED), 0o1700)
        self.assertEqual(self.clean_up('--max-entries', '2', '--timeout', '1d', '--reclaim'),
                         {'expired': 'expired', support.ABANDONED: 'abandoned'})
        self.assertEqual(self.clean_up('--max-entries', '1', '--timeout', '1d', '--reclaim'),
                         {'older': 'over-count'})

    def test_exclude(self):
        """An excluded entry counts."""
        self.make('young', 0)
        self.make('old', 2)
        self.make('keep', 3)
        self.assertEqual(self.clean_up('--max-entries', '2', '--exclude', 'keep'),
                         {'old': 'over-count'})
        self.assertEqual(self.get_names(), ['keep', 'young'])

    def test_files(self):
        self.make('directory', 0)
        for name, age in (('old', 2), ('older', 3)):
            with open(self.path('root', name), 'wb') as file:
                file.write(b'x' * MIB)
            self.set_age(self.path('root', name), age * 3600)
        os.symlink('nowhere', self.path('root', 'link'))
        os.utime(self.path('root', 'link'), (0, 0), follow_symlinks=False)
        self.assertEqual(self.clean_up('--max-entries', '1'), {})
        self.assertEqual(self.clean_up('--timeout', '1d'), {})
        self.assertEqual(self.clean_up('--files', '--timeout', '1d'), {'link': 'expired'})
        self.assertEqual(self.clean_up('--files', '--max-entries', '2'), {'older': 'over-count'})
        self.assertEqual(self.clean_up('--files', '--max-size', '1MB'), {'old': 'over-size'})
        self.assertEqual(self.get_names(), ['directory'])

    def test_locked_file(self):
        path = self.path('root', 'file')
        with open(path, 'wb') as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self.set_age(path, support.DAY)
            self.assertEqual(self.clean_up('--files', '--timeout', '1h'), {})
        self.assertEqual(self.clean_up('--files', '--timeout', '1h'), {'file': 'expired'})

    def test_terminal(self):
        self.make('big', 3, 3 * MIB)
        self.make('small', 1)
        for option, pattern in (('-n', r'over-size .*big\r\n1 directory with \S+ MB would be deleted'),
                                ('--timeout=1w', r'over-size .*big\r\n1 directory with \S+ MB deleted')):
            terminal = support.Terminal(self, [support.TOOL, 'cleanup', '--max-size', '1M', option,
                                               self.root])
            self.assertEqual(terminal.finish(), 0)
            self.assertRegex(terminal.output.decode(), pattern)


class Creations(Limits):
    def test_create(self):
        for i in range(5):
            self.make(f'entry-{i}', i)
        path = self.succeed('create', '--root', self.root, '--max-entries', '3').decode().rstrip('\n')
        self.assertEqual(self.get_names(), sorted(['entry-0', 'entry-1', os.path.basename(path)]))
        path = self.succeed('create', '--root', self.root, '--max-entries', '1').decode().rstrip('\n')
        self.assertEqual(self.get_names(), [os.path.basename(path)])

    def test_one_scan(self):
        """With a limit of the number, too, the root is read once."""
        self.make('entry', 1)
        for command in ['create'], ['run', 'true']:
            result = self.run_tool(command[0], '--root', self.root, '--max-entries', '1', *command[1:],
                                   env={**self.environment, 'G_MESSAGES_DEBUG': 'Tempman'})
            self.assertEqual(result.status, 0)
            self.assertEqual((result.output.decode() + result.errors).count('Cleaning up '), 1)

    def test_run(self):
        for i in range(5):
            self.make(f'entry-{i}', i)
        output = self.succeed('run', '--root', self.root, '--max-entries=2', 'ls', self.root).decode()
        names = output.splitlines()
        self.assertEqual(len(names), 2)
        self.assertIn('entry-0', names)
        self.assertEqual(self.get_names(), ['entry-0'])

    def test_min_free(self):
        # On an empty file system, everything is free.
        with open(os.path.join(self.folder, 'content'), 'wb') as file:
            file.write(bytes(100000))
        self.make('old', 1)
        live = self.make_live('live', 2)
        path = self.succeed('create', '--root', self.root, '--min-free', '100%').decode().rstrip('\n')
        self.assertEqual(self.get_names(), sorted(['live', os.path.basename(path)]))
        self.assert_there(live)


class Sizes(Limits):
    def setUp(self):
        super().setUp()
        self.big = self.make('big', 3, 3 * MIB)
        self.small = self.make('small', 1, 1)
        os.makedirs(os.path.join(self.big, 'one', 'two'))
        os.link(os.path.join(self.big, 'file'), os.path.join(self.big, 'one', 'two', 'link'))
        with open(os.path.join(self.big, 'one', 'holes'), 'wb') as file:
            file.truncate(2**40)
        # The second link does not count.
        self.sizes = {'big': measure(self.big) - os.stat(os.path.join(self.big, 'file')).st_blocks * 512,
                      'small': measure(self.small)}
        # Reading a directory is a use.
        self.set_age(self.big, 3 * 3600)
        self.set_age(self.small, 3600)

    def test_pipe(self):
        lines = self.succeed('list', '--size', self.root).decode().splitlines()
        fields = [line.split('\t') for line in lines]
        self.assertEqual([field[:3] for field in fields], [['kept', 'unowned', 'none']] * 2)
        self.assertEqual({field[5]: int(field[4]) for field in fields}, self.sizes)
        self.assertEqual([len(line.split('\t')) for line in
                          self.succeed('list', self.root).decode().splitlines()], [5, 5])

    def test_json(self):
        for options, is_measured in (((), False), (('--size',), True), (('--max-size', '1k'), True),
                                     (('--max-entries', '1'), False)):
            entries = json.loads(self.succeed('list', '-j', self.root, *options))
            for entry in entries:
                self.assertEqual(entry['size'], self.sizes[entry['name']] if is_measured else None)
            self.assertEqual(len(entries), 2)

    @support.of_linux('O_NOATIME')
    def test_terminal(self):
        self.make('huge-and-removable', 5, 5 * MIB)
        for locale in ('C.UTF-8', 'C'):
            self.environment.update(LC_ALL=locale, NO_COLOR='1')
            terminal = support.Terminal(self, [support.TOOL, 'list', '-s', '--timeout=4h', self.root], columns=200)
            self.assertEqual(terminal.finish(), 0)
            output = terminal.output.decode('ascii')
            self.assertRegex(output, r'REASON +UNUSED +SIZE +NAME')
            self.assertRegex(output, r'3h +3\.\d MB +big\r\n')
            self.assertRegex(output, r'5h +5\.\d MB +huge-and-removable\r\n')
            self.assertRegex(output, r'3 directories with 8\.\d MB, of which a cleanup would delete 1 with '
                                     r'5\.\d MB\r\n')
            # The names are in one column.
            lines = output.splitlines()
            self.assertEqual({line.index(name) for line, name in
                              zip(lines, ('NAME', 'big', 'huge', 'small'))}, {lines[0].index('NAME')})


if __name__ == '__main__':
    support.main()
