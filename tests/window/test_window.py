# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the example with a window like a user: finds its widgets in the accessibility tree, and clicks
them with the pointer, in an X server without a screen.

Usage: test_window.py SCRATCH [TEST…]. Environment variables: SCREENSHOT is the file for a screenshot;
GDK_SCALE=2 gives it the resolution of the one in the documentation. TEMPMAN_TEST_GATE_LIBRARY is the
library of tests/tool/gate.c.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = ['xvfb-run', 'dbus-run-session', 'xdotool', 'import', 'identify']
PATIENCE = 60  # seconds; enough for a busy machine
MARKED = 0o1700
# A name with a random part: the sticky bit is the mark only with such a name.
CRASHED = 'crashed-' + 'a' * 20
SCALE = int(os.environ.get('GDK_SCALE', 1))

# The number of files in a large directory: the deletion has to take many frames.
N_FILES = 150000


def wait_for(condition, what):
    """Wait until condition() is true, and return its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f'timed out: {what}')


class Program:
    """The tested program, in its own root. `environment` has additional variables for it."""

    def __init__(self, *options, files=N_FILES, environment=None, ready='New'):
        self.home = tempfile.mkdtemp(prefix='window-')
        self.root = pathlib.Path(self.home, 'scratch')
        self.root.mkdir()
        self.output = ''
        self.environment = environment or {}
        self.start(*options, files=files, ready=ready)

    def start(self, *options, files=N_FILES, ready='New'):
        environment = dict(
            os.environ, HOME=self.home, XDG_CACHE_HOME=self.home, XDG_CONFIG_HOME=self.home,
            XDG_DATA_HOME=self.home, GDK_BACKEND='x11', GSK_RENDERER='cairo', GTK_A11Y='atspi',
            GIO_USE_VFS='local', GSETTINGS_BACKEND='memory', LC_ALL='C.UTF-8',
            G_DEBUG='fatal-criticals') | self.environment
        self.process = subprocess.Popen(
            [SCRATCH, '--log-frames', f'--files={files}', *options, self.root],
            env=environment, stdout=subprocess.PIPE, text=True)
        self.application = wait_for(self.find_application, 'the program on the accessibility bus')
        self.button(ready)

    def find_application(self):
        assert self.process.poll() is None, 'the program ended'
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            application = desktop.get_child_at_index(i)
            if application is not None and application.get_process_id() == self.process.pid:
                return application
        return None

    def widgets(self):
        """Return all visible widgets as (role, name, accessible), in the order of the tree."""
        found = []

        def visit(accessible):
            try:
                if accessible is None:
                    return
                found.append((accessible.get_role(), accessible.get_name(), accessible))
                for i in range(accessible.get_child_count()):
                    visit(accessible.get_child_at_index(i))
            except GLib.Error:
                # The program has just destroyed the widget.
                pass

        visit(self.application)
        return found

    def texts(self):
        return [name for role, name, _ in self.widgets() if role == Atspi.Role.LABEL]

    def find(self, role, name):
        for found_role, found_name, accessible in self.widgets():
            if found_role == role and found_name == name:
                return accessible
        return None

    def find_role(self, role):
        return next((accessible for found, _, accessible in self.widgets() if found == role), None)

    def buttons(self, name):
        return [accessible for role, found, accessible in self.widgets()
                if role == Atspi.Role.PUSH_BUTTON and found == name]

    def button(self, name):
        # The title bar, which has a button with the name “Close” as well, comes first.
        return wait_for(lambda: self.buttons(name), f'the button “{name}”')[-1]

    def click_on(self, accessible):
        # Without a window manager, the window is in the upper left corner of the screen. GTK 4.18
        # subtracts the border around the contents from all positions instead of adding it. The
        # position of the frame, which should be 0, shows the width of the border.
        extents = accessible.get_extents(Atspi.CoordType.WINDOW)
        frame = self.application.get_child_at_index(0).get_extents(Atspi.CoordType.WINDOW)
        x = (extents.x - 2 * frame.x + extents.width // 2) * SCALE
        y = (extents.y - 2 * frame.y + extents.height // 2) * SCALE
        subprocess.run(['xdotool', 'mousemove', str(x), str(y), 'click', '1'], check=True)

    def click(self, name):
        """Click a button as soon as it is sensitive."""
        button = self.button(name)
        wait_for(lambda: button.get_state_set().contains(Atspi.StateType.SENSITIVE),
                 f'“{name}” to be sensitive')
        self.click_on(button)

    def select(self, name):
        """Click the row of a directory."""
        def try_to_click():
            label = self.find(Atspi.Role.LABEL, name)
            try:
                return label is not None and (self.click_on(label) or True)
            except GLib.Error:
                # The program has just replaced the list.
                return False

        wait_for(try_to_click, f'the row of {name}')

    def wait_for_text(self, pattern):
        return wait_for(
            lambda: next((match for text in self.texts()
                          if (match := re.fullmatch(pattern, text))), None),
            f'the text “{pattern}”')

    def directories(self):
        return sorted(os.listdir(self.root))

    def count_files(self, name):
        return sum(len(files) for _, _, files in os.walk(self.root / name))

    def create(self, button, n_files):
        """Create a directory, and wait until its files are written."""
        before = self.directories()
        self.click(button)
        name, = wait_for(lambda: set(self.directories()) - set(before), 'a new directory')
        self.wait_for_text('Created')
        assert self.count_files(name) == n_files, f'{name} has {self.count_files(name)} files'
        self.wait_for_text(re.escape(name))
        return name

    def take_screenshot(self, path):
        """Start taking a screenshot, without waiting for it: the caller watches the window."""
        return subprocess.Popen(['import', '-window', 'root', path])

    def quit(self):
        """Close the window with the button in its title bar, and return the exit status."""
        self.click_on(self.buttons('Close')[0])
        self.output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def frames(self):
        """Return the frame counts that the program printed about its last deletion."""
        match = re.search(r'(\d+) frames drawn in ([\d.]+) s of deletion, never ([\d.]+) s',
                          self.output)
        assert match, f'no frame counts in: {self.output!r}'
        return int(match[1]), float(match[2]), float(match[3])

    def clean_up(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        shutil.rmtree(self.home)


class WindowTest(unittest.TestCase):
    def start(self, *options, **keywords):
        program = Program(*options, **keywords)
        self.addCleanup(program.clean_up)
        return program

    def make_entries(self, program):
        """Create an expired, an abandoned and a live entry in the root."""
        self.make_expired(program, 'left-by-hand')
        (program.root / CRASHED).mkdir()
        (program.root / CRASHED).chmod(MARKED)
        os.utime(program.root / CRASHED, (time.time() - 25 * 60,) * 2)
        (program.root / 'at-work').mkdir()
        (program.root / 'at-work').chmod(MARKED)
        lock = os.open(program.root / 'at-work', os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.utime(program.root / 'at-work', (time.time() - 4 * 3600,) * 2)

    def make_expired(self, program, name):
        (program.root / name).mkdir()
        os.utime(program.root / name, (time.time() - 3 * 24 * 3600,) * 2)

    def test_clicks(self):
        program = self.start(files=3000)
        small = program.create('New', 20)
        large = program.create('New, large', 3000)

        # The window shows entries of other processes without a click.
        self.make_entries(program)
        for text in ['left-by-hand', 'no owner', '3 days ago', 'delete: expired',
                     CRASHED, 'abandoned', '25 minutes ago', 'delete: abandoned',
                     'at-work', 'in use', '4 hours ago', 'keep: in use', 'ours']:
            program.wait_for_text(re.escape(text))

        program.click('Clean up')
        program.wait_for_text('Cleaned up: 2 deleted')
        self.assertEqual(program.directories(), sorted(['at-work', small, large]))
        wait_for(lambda: CRASHED not in program.texts(), 'the rows of deleted entries to disappear')

        # Another process uses it: both buttons are insensitive.
        program.select('at-work')
        time.sleep(0.5)
        for name in ['Close', 'Delete']:
            self.assertFalse(program.button(name).get_state_set().contains(
                Atspi.StateType.SENSITIVE))

        program.select(small)
        program.click('Close')
        program.wait_for_text('Closed')
        self.assertEqual(program.directories(), sorted(['at-work', large]))

        program.select(large)
        program.click('Delete')
        wait_for(lambda: program.directories() == ['at-work'], 'the deletion of the large directory')

        # The window closes its open directories when it is closed.
        program.create('New', 20)
        self.assertEqual(program.quit(), 0)
        self.assertEqual(program.directories(), ['at-work'])

    @unittest.skipUnless('TEMPMAN_TEST_LOCALES' in os.environ, 'there is no locale for it')
    def test_german(self):
        """The labels of the window, and texts with numbers."""
        program = self.start(ready='Neu', environment={
            'LC_ALL': 'de_DE.UTF-8', 'LOCPATH': os.environ['TEMPMAN_TEST_LOCALES'], 'LD_PRELOAD': os.environ['TEMPMAN_TEST_CATALOGUES_LIBRARY']})
        self.make_entries(program)
        self.make_expired(program, 'yesterday')
        os.utime(program.root / 'yesterday', (time.time() - 25 * 3600,) * 2)
        for text in ['Zustand', 'ohne Besitzer', 'vor 3 Tagen', 'vor 1 Tag', 'löschen: abgelaufen', 'verwaist',
                     'vor 25 Minuten', 'in Benutzung', 'vor 4 Stunden', 'behalten: in Benutzung', '4 Ordner, .*']:
            program.wait_for_text(text)
        program.click('Aufräumen')
        program.wait_for_text('Aufgeräumt: 3 gelöscht')

    def test_limit(self):
        program = self.start()
        for i in 1, 2, 3:
            path = program.root / f'entry-{i}'
            path.mkdir()
            (path / 'file').write_bytes(b'x' * 10**6 * i)
            os.utime(path, (time.time() - i * 600,) * 2)
        for text in ['entry-3', r'3[.,]\d.MB', r'3 directories, 6[.,]\d.MB']:
            program.wait_for_text(text)
        self.assertNotIn('delete: too many', program.texts())

        # The list follows the limit at once.
        limit = wait_for(lambda: program.find_role(Atspi.Role.SPIN_BUTTON), 'the limit')
        # Without a window manager, the window has no keyboard focus.
        limit.set_current_value(1)
        wait_for(lambda: program.texts().count('delete: too many') == 2, 'the entries over the limit')
        program.click('Clean up')
        program.wait_for_text('Cleaned up: 2 deleted')
        self.assertEqual(program.directories(), ['entry-1'])
        program.wait_for_text(r'1 directory, 1[.,]\d.MB')

        # A creation makes room for the new directory.
        program.click('New')
        program.wait_for_text('Created')
        self.assertEqual(len(program.directories()), 1)
        self.assertNotIn('entry-1', program.directories())
        self.assertEqual(program.quit(), 0)

    def test_failures(self):
        # Two of three expired entries cannot be deleted. The window shows their names.
        program = self.start(files=20, environment={
            'LD_PRELOAD': os.environ['TEMPMAN_TEST_GATE_LIBRARY'],
            'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0',
            'TEMPMAN_TEST_GATE_STUCK': 'stuck',
            'TEMPMAN_TEST_GATE_UNSEEN': 'unseen'})
        for name in ['free', 'stuck', 'unseen']:
            self.make_expired(program, name)
        program.wait_for_text('free')

        program.click('Clean up')
        program.wait_for_text('Cleaned up: 1 deleted, 2 failed')
        self.assertEqual(program.directories(), ['stuck', 'unseen'])
        failures = {
            'stuck': f'stuck: Could not delete “{program.root}/stuck”: Read-only file system',
            'unseen': f'unseen: Could not examine “{program.root}/unseen”: '
                      'Transport endpoint is not connected',
        }
        found = wait_for(
            lambda: next((text for text in program.texts() if 'Could not' in text), None),
            'the list of failures')
        self.assertEqual(sorted(found.splitlines()), sorted(failures.values()))

        # The cleanup before a creation reports its failures as well.
        program.click('New')
        program.wait_for_text('Created')
        self.assertIn(found.splitlines()[0], '\n'.join(program.texts()))

        # The next operation without failures hides the list.
        name, = set(program.directories()) - set(failures)
        program.select(name)
        program.click('Close')
        program.wait_for_text('Closed')
        wait_for(lambda: 'Could not' not in ''.join(program.texts()), 'an empty list of failures')
        self.assertEqual(program.quit(), 0)

    def test_failed_deletion(self):
        # Two directories in the deleted one cannot be removed. The window shows both.
        program = self.start(files=20, environment={
            'LD_PRELOAD': os.environ['TEMPMAN_TEST_GATE_LIBRARY'],
            'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0',
            'TEMPMAN_TEST_GATE_STUCK': 'stuck'})
        self.make_expired(program, 'tree')
        for stuck in ['tree/stuck', 'tree/below/stuck']:
            (program.root / stuck).mkdir(parents=True)
        (program.root / 'tree/free').mkdir()
        program.select('tree')
        program.click('Delete')
        program.wait_for_text('Deleted, 2 failed')
        found = wait_for(
            lambda: next((text for text in program.texts() if 'Could not' in text), None),
            'the list of failures')
        self.assertEqual(sorted(found.splitlines()), sorted(
            f'Could not delete “{program.root}/{stuck}”: Read-only file system'
            for stuck in ['tree/stuck', 'tree/below/stuck']))
        self.assertFalse((program.root / 'tree/free').exists())
        self.assertEqual(program.quit(), 0)

    def test_killed(self):
        program = self.start()
        left = program.create('New', 20)
        program.process.send_signal(signal.SIGKILL)
        program.process.communicate()
        self.assertEqual(program.directories(), [left])

        # The next process shows the directory as abandoned, and reclaims it before a creation.
        program.start()
        program.wait_for_text('abandoned')
        program.click('New')
        wait_for(lambda: left not in program.directories(), 'the reclaim of the directory')

    def test_cancelled(self):
        program = self.start(files=400000)
        program.click('New, large')
        program.wait_for_text(r'Filling: [1-9]\d* of 400000')
        program.click('Cancel')
        program.wait_for_text('Cancelled')
        name, = program.directories()

        # A window that is closed during a deletion cancels it, and then closes its directories.
        program.select(name)
        program.click('Delete')
        self.assertEqual(program.quit(), 0)
        self.assertEqual(program.directories(), [])

    def watch_deletion(self, n_files):
        """Delete a large directory, and return the counts that the window showed meanwhile, and whether
        a screenshot was taken."""
        program = self.start(files=n_files)
        program.create('New', 20)
        name = program.create('New, large', n_files)
        self.make_entries(program)
        program.wait_for_text('at-work')
        program.select(name)
        status = program.find(Atspi.Role.LABEL, 'Created')
        program.click('Delete')

        seen = set()
        picture = None
        while (text := status.get_name()) != 'Closed':
            self.assertNotEqual(text, 'Cancelled')
            if match := re.fullmatch(r'Deleting: (\d+) of \d+', text):
                seen.add(int(match[1]))
                if int(match[1]) > n_files * 0.3 and picture is None:
                    picture = program.take_screenshot(SCREENSHOT)
        self.assertFalse((program.root / name).exists())
        if picture is not None:
            self.assertEqual(picture.wait(), 0)
        self.assertEqual(program.quit(), 0)
        return seen, picture is not None

    def test_progress(self):
        # A fast machine needs more files for a visible progress.
        for n_files in 100000, 300000:
            seen, has_picture = self.watch_deletion(n_files)
            if len(seen) > 2 and has_picture:
                break
        self.assertGreater(len(seen), 2, 'the window showed no progress')
        self.assertTrue(has_picture)
        n_colors = subprocess.run(['identify', '-format', '%k', SCREENSHOT],
                                  check=True, capture_output=True, text=True).stdout
        self.assertGreater(int(n_colors), 50, 'the screenshot is empty')

    def count_frames(self, *options):
        """Delete a large directory, and return the frame counts that the program printed."""
        program = self.start(*options)
        name = program.create('New, large', N_FILES)
        program.select(name)
        program.click('Delete')
        # Do not query the accessibility tree meanwhile: the answers would delay the frames.
        wait_for(lambda: name not in program.directories(), 'the deletion of the large directory')
        self.assertEqual(program.quit(), 0)
        n_frames, seconds, gap = program.frames()
        print(f'{" ".join(options)}: {n_frames} frames in {seconds} s, '
              f'never {gap} s without one', file=sys.stderr)
        return n_frames, seconds, gap

    def test_frames(self):
        # The window draws many frames, without a long gap. A busy machine may need several attempts.
        self.assertTrue(any(n_frames >= 10 and gap < seconds / 2
                            for n_frames, seconds, gap in
                            (self.count_frames() for _ in range(3))))

        # The control: a deletion in the main loop blocks the window until it ends.
        n_frames, seconds, gap = self.count_frames('--block')
        self.assertEqual(n_frames, 0)
        self.assertEqual(gap, seconds)


if __name__ == '__main__':
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        print('ok 1 - window # SKIP not installed: ' + ', '.join(missing))
        sys.exit(77)
    if 'WINDOW_TEST_INSIDE' not in os.environ:
        os.environ['WINDOW_TEST_INSIDE'] = '1'
        screen = f'-screen 0 {900 * SCALE}x{400 * SCALE}x24 -noreset'
        # xvfb-run merges both outputs into the standard output; unittest uses standard error.
        sys.exit(subprocess.run(
            ['xvfb-run', '--auto-servernum', '--server-args=' + screen,
             'dbus-run-session', '--', sys.executable, *sys.argv],
            stdout=sys.stderr, check=False).returncode)

    SCRATCH = sys.argv.pop(1)
    SCREENSHOT = os.environ.get('SCREENSHOT', os.path.join(tempfile.gettempdir(), 'window.png'))
    import fcntl

    import gi

    gi.require_version('Atspi', '2.0')
    from gi.repository import Atspi, GLib

    unittest.main(verbosity=2)
