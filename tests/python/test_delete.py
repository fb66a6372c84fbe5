# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Deleting files and trees that are not temporary directories."""

import asyncio
import os
import pathlib
import threading
import unittest

import support

from gi.repository import Gio, GLib
from gi.repository import Tempman as tempman


class TreeCase(support.TestCase):
    def make_tree(self, name='tree', n_directories=50, n_files=20):
        """Create a tree; return its path and the number of its entries, itself among them."""
        top = pathlib.Path(self.folder, name)
        for i in range(n_directories):
            directory = top / str(i)
            directory.mkdir(parents=True)
            for j in range(n_files):
                (directory / str(j)).touch()
        return str(top), 1 + n_directories * (1 + n_files)


class Delete(TreeCase):
    def test_paths(self):
        for convert in (str, os.fsencode, pathlib.Path, Gio.File.new_for_path):
            path, _ = self.make_tree(n_directories=3, n_files=3)
            self.assertTrue(tempman.delete_recursively(convert(path)))
            self.assert_gone(path)

    def test_link(self):
        path, _ = self.make_tree()
        link = os.path.join(self.folder, 'link')
        os.symlink(path, link)
        tempman.delete_recursively(link)
        self.assert_gone(link)
        self.assert_there(path)

    def test_dots(self):
        """“.” and “..” are refused at the end, as by rm, and removed in the middle."""
        path, _ = self.make_tree()
        link = os.path.join(self.folder, 'link')
        os.symlink(os.path.join(path, '0'), link)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(os.path.join(path, '0'))
        for convert in (str, os.fsencode, pathlib.Path):
            for name in ('.', './', '..', '../', '../..', '../0/..', link + '/..'):
                with self.subTest(name=name):
                    self.assertRaisesRegex(ValueError, 'are refused', tempman.delete_recursively,
                                           convert(name))
                    self.assertRaisesRegex(ValueError, 'are refused',
                                           tempman.delete_recursively_async, convert(name))
        for name in (link + '/.', link + '/./'):
            self.assertRaises(ValueError, tempman.delete_recursively, name)
        self.assert_there(link, '0', path)

        other = os.path.join(self.folder, '1')
        os.mkdir(other)
        self.assertRaises(ValueError, tempman.delete_recursively, link + '/../1')
        self.assert_there(other, os.path.join(path, '1'))
        tempman.delete_recursively(os.path.join(path, '0', '..', '1'))
        self.assert_gone(os.path.join(path, '1'))
        self.assert_there(other)
        os.symlink(path, '../to-the-tree')
        tempman.delete_recursively('../to-the-tree')
        self.assert_gone('../to-the-tree')
        self.assert_there(path)

    def test_missing(self):
        path = os.path.join(self.folder, 'missing')
        with self.assertRaises(GLib.Error) as caught:
            tempman.delete_recursively(path)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
        self.assertIn(path, caught.exception.message)

    def test_wrong_arguments(self):
        for wrong in (None, 3, object()):
            with self.assertRaises(TypeError):
                tempman.delete_recursively(wrong)
        with self.assertRaises(TypeError):
            tempman.delete_recursively(self.folder, progress='no function')
        self.assert_there(self.folder)

    def test_progress_that_runs_the_main_loop(self):
        path, n_files = self.make_tree(n_directories=200)
        context = GLib.MainContext.default()
        reports, results, early = [], [], []

        def show(n_deleted, n_found, *_):
            reports.append((n_deleted, n_found))
            n_reports = len(reports)
            while context.pending():
                context.iteration(False)
            early.append(len(results) + len(reports) - n_reports)

        def done(_, result):
            results.append(tempman.delete_recursively_finish(result))

        tempman.delete_recursively_async(path, progress=show, callback=done)
        while not results:
            context.iteration(True)
        self.assertEqual(results, [True])
        self.assertEqual(set(early), {0})
        self.assertEqual(reports[-1], (n_files, n_files))
        self.assert_gone(path)

    def test_progress(self):
        path, n_entries = self.make_tree()
        reports = []
        tempman.delete_recursively(path, progress=lambda *report: reports.append(report))
        self.assertEqual(reports[-1], (n_entries, n_entries))
        self.assertEqual(reports, sorted(reports))

    def test_cancelled(self):
        path, _ = self.make_tree()
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with self.assertRaises(GLib.Error) as caught:
            tempman.delete_recursively(path, cancellable=cancellable)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assert_there(path)

    def test_async(self):
        path, n_entries = self.make_tree()
        loop = GLib.MainLoop()
        reports = []
        results = []

        def report(n_deleted, n_found):
            self.assertIs(threading.current_thread(), threading.main_thread())
            self.assertEqual(results, [], 'a report after the result')
            reports.append((n_deleted, n_found))

        def done(source, result):
            results.append(tempman.delete_recursively_finish(result))
            loop.quit()

        tempman.delete_recursively_async(Gio.File.new_for_path(path), tempman.DeleteFlags.NONE,
                                         GLib.PRIORITY_DEFAULT, None, report, done)
        loop.run()
        self.assertEqual(results, [True])
        self.assertEqual(reports[-1], (n_entries, n_entries))
        self.assert_gone(path)


class Deletion(TreeCase):
    def run_and_show(self, deletion, run):
        """Run a deletion; return the fractions of its notifications and the paths that failed."""
        fractions, failed = [], []
        handlers = [
            deletion.connect('notify::fraction', lambda *_: fractions.append(deletion.fraction)),
            deletion.connect('failed', lambda _, file, error: failed.append(
                (file.get_path(), file.get_path() in error.message))),
        ]
        try:
            run()
        finally:
            for handler in handlers:
                deletion.disconnect(handler)
        return fractions, failed

    def test_run(self):
        for convert in (str, os.fsencode, pathlib.Path, Gio.File.new_for_path):
            path, n_entries = self.make_tree(n_directories=3, n_files=3)
            deletion = tempman.Deletion(convert(path))
            self.assertEqual(deletion.get_file().get_path(), path)
            self.assertEqual(deletion.props.flags, tempman.DeleteFlags.NONE)
            self.assertEqual(deletion.fraction, 0)
            fractions, failed = self.run_and_show(deletion, deletion.run)
            self.assertEqual((fractions[-1], failed), (1, []))
            self.assertEqual(deletion.n_found, n_entries)
            self.assertEqual(deletion.props.n_deleted, n_entries)
            self.assertEqual(deletion.bytes_freed, 0)
            self.assertIn('fraction=1.00', repr(deletion))
            self.assert_gone(path)

    def test_run_async(self):
        path, n_entries = self.make_tree()
        deletion = tempman.Deletion.new(path)
        loop = GLib.MainLoop()
        results = []

        def done(source, result):
            self.assertIs(source, deletion)
            results.append(deletion.run_finish(result))
            loop.quit()

        def run():
            deletion.run_async(callback=done)
            loop.run()

        fractions, failed = self.run_and_show(deletion, run)
        self.assertEqual((results, fractions[-1], failed), ([True], 1, []))
        self.assertEqual(deletion.n_deleted, n_entries)
        self.assert_gone(path)

    def test_awaited(self):
        path, _ = self.make_tree()
        deletion = tempman.Deletion(path, tempman.DeleteFlags.KEEP_DIRECTORY)

        async def delete():
            return await deletion.run_async()

        self.assertTrue(asyncio.run(delete()))
        self.assertEqual(os.listdir(path), [])

    def test_force(self):
        """Without attributes, the flag changes nothing; test-force.c has those."""
        path, n_entries = self.make_tree(n_directories=3, n_files=3)
        deletion = tempman.Deletion(path, tempman.DeleteFlags.FORCE)
        self.assertEqual(deletion.get_flags(), tempman.DeleteFlags.FORCE)
        self.assertTrue(deletion.run())
        self.assertEqual(deletion.n_deleted, n_entries)
        self.assert_gone(path)

    def test_failed(self):
        path = os.path.join(self.folder, 'missing')
        deletion = tempman.Deletion(path)
        _, failed = self.run_and_show(
            deletion, lambda: self.assertRaises(FileNotFoundError, deletion.run))
        self.assertEqual(failed, [(path, True)])
        self.assertTrue(tempman.Deletion(path, tempman.DeleteFlags.ALLOW_MISSING).run())

    def test_run_while_running(self):
        path, _ = self.make_tree()
        deletion = tempman.Deletion(path)
        errors = []

        def run_again(*_):
            with self.assertRaises(GLib.Error) as caught:
                deletion.run()
            errors.append(caught.exception)

        deletion.connect('notify::n-deleted', run_again)
        deletion.run()
        self.assertTrue(errors)
        for error in errors:
            self.assertTrue(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING))


if __name__ == '__main__':
    unittest.main()
