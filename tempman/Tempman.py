# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Python adds to the introspected API of Tempman.

    from gi.repository import Tempman as tempman

    with tempman.create_temp_dir() as directory:
        print(directory.path)

    root = tempman.root('/var/tmp/reports', timeout=datetime.timedelta(days=1))
    directory = root.create_temp_dir()

Paths are str, bytes, os.PathLike or Gio.File. Errors are GLib.Error in the domain of
Gio.IOErrorEnum. A directory that is still open when the interpreter exits is closed then.
"""

import atexit
import datetime
import functools
import os
import sys
import weakref

from gi.repository import Gio, GLib

from ..module import get_introspection_module
from ..overrides import override

Tempman = get_introspection_module('Tempman')

__all__ = ['Root', 'TemporaryDirectory', 'create_temp_dir', 'delete_recursively',
           'delete_recursively_async', 'root']


# From id() to weak reference. Not a WeakSet: another thread may add a directory while the exit
# hook looks at all of them, and single operations of a dict need no lock, which a forked child
# might find taken for good.
_directories = {}


def _remember(directory):
    """Note a directory that has to be closed before the interpreter exits."""
    key = id(directory)
    _directories[key] = weakref.ref(directory, lambda _: _directories.pop(key, None))
    # PyGObject keeps a wrapper that has an attribute as long as the object behind it. Without
    # one, the weak reference would be lost as soon as only C holds the directory.
    directory._remembered = True
    return directory


def _remembering(function):
    """Wrap a function that returns a new directory."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return _remember(function(*args, **kwargs))

    return wrapper


def _close_all():
    for reference in list(_directories.values()):
        directory = reference()
        if directory is None:
            continue
        try:
            directory.close()
        except GLib.Error:
            # The other directories have their turn all the same.
            sys.excepthook(*sys.exc_info())


atexit.register(_close_all)


def _to_file(path):
    """Make a Gio.File of any path; None, where C takes NULL, stays None."""
    if path is None or isinstance(path, Gio.File):
        return path
    name = os.fsdecode(path)
    # GIO takes it for the working directory: no place to be swept by mistake.
    if not name:
        raise ValueError('the path is empty')
    return Gio.File.new_for_path(name)


def _to_seconds(timeout):
    """Make a timeout for C of a number of seconds, a timedelta, or None for never."""
    if timeout is None:
        return Tempman.NO_TIMEOUT
    if isinstance(timeout, datetime.timedelta):
        return timeout.total_seconds()
    # True is an int, and would mean one second.
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool):
        return float(timeout)
    raise TypeError('timeout must be int, float, datetime.timedelta or None, not '
                    + type(timeout).__name__)


@override
class TemporaryDirectory(Tempman.TemporaryDirectory):
    """A directory that is deleted, with everything in it, when it is closed.

    As a context manager it is closed on exit. It can be given to every function that takes a
    path.
    """

    def __init__(self, parent=None, prefix=None):
        """Create a directory.

        :param parent: where to create it; None is the system's folder for temporary files
        :param prefix: how its name begins; None is the name of the program
        :raises GLib.Error: it could not be created
        """
        super().__init__(parent=_to_file(parent), prefix=prefix)
        self.init(None)

    new = staticmethod(_remembering(Tempman.TemporaryDirectory.new))
    new_finish = staticmethod(_remembering(Tempman.TemporaryDirectory.new_finish))

    def init(self, cancellable=None):
        """Create the directory of an object that was constructed without one."""
        super().init(cancellable)
        _remember(self)
        return True

    def init_finish(self, result):
        """Finish init_async()."""
        super().init_finish(result)
        _remember(self)
        return True

    def persist(self, destination, flags=Tempman.PersistFlags.NONE, cancellable=None):
        """Publish the directory under another name, in one step.

        :param destination: its new name, on the same file system
        :param flags: Tempman.PersistFlags
        :raises GLib.Error: it could not be published, and is still open
        """
        return super().persist(_to_file(destination), Tempman.PersistFlags(flags), cancellable)

    def persist_async(self, destination, flags, io_priority, cancellable, callback,
                      *user_data):
        """Publish the directory under another name without blocking."""
        super().persist_async(_to_file(destination), Tempman.PersistFlags(flags), io_priority,
                              cancellable, callback, *user_data)

    @property
    def path(self):
        """The path, as os.fsdecode() returns it; None if the directory is not local."""
        return self.get_path()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.close()

    def __fspath__(self):
        path = self.path
        if path is None:
            raise TypeError(f'{self!r} has no local path')
        return path

    def __repr__(self):
        file = self.get_file()
        if file is None:
            return '<Tempman.TemporaryDirectory not initialized>'
        name = self.path or file.get_uri()
        state = 'closed' if self.is_closed() else 'open'
        return f'<Tempman.TemporaryDirectory {name!r} {state}>'


@override
class Root(Tempman.Root):
    """A factory of temporary directories that all live under one directory."""

    def __init__(self, directory, timeout=None, flags=Tempman.RootFlags.NONE):
        """Open a root.

        :param directory: the directory; it has to exist, unless the flags say otherwise
        :param timeout: the age at which cleanup() deletes a sub-directory, in seconds or as a
            datetime.timedelta; None is never
        :param flags: Tempman.RootFlags
        :raises GLib.Error: the directory cannot be used
        """
        if directory is None:
            raise TypeError('directory must be a path, not None')
        super().__init__(directory=_to_file(directory), timeout=_to_seconds(timeout),
                         flags=Tempman.RootFlags(flags))
        self.init(None)

    create_temp_dir = _remembering(Tempman.Root.create_temp_dir)
    create_temp_dir_finish = _remembering(Tempman.Root.create_temp_dir_finish)


def create_temp_dir(dir=None):
    """Create a temporary directory.

    :param dir: where to create it; None is the system's folder for temporary files
    :rtype: TemporaryDirectory
    :raises GLib.Error: it could not be created
    """
    return TemporaryDirectory(dir)


def root(dir, timeout=None):
    """Open a factory of temporary directories under dir.

    :param dir: a directory that exists
    :param timeout: the age at which cleanup() deletes a sub-directory, in seconds or as a
        datetime.timedelta; None is never
    :rtype: Root
    :raises GLib.Error: the directory cannot be used
    """
    return Root(dir, timeout)


def delete_recursively(path, cancellable=None, progress=None):
    """Delete a file, a link, or a directory with everything in it.

    :param path: what to delete
    :param cancellable: Gio.Cancellable or None
    :param progress: called with the number of entries deleted and the number found so far
    :raises GLib.Error: something could not be deleted; the rest was
    """
    return Tempman.delete_recursively(_to_file(path), cancellable, progress)


def delete_recursively_async(path, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                             progress=None, callback=None, *user_data):
    """Delete a file, a link, or a directory with everything in it, without blocking.

    :param path: what to delete
    :param io_priority: the priority of the request
    :param cancellable: Gio.Cancellable or None
    :param progress: called with the number of entries deleted and the number found so far
    :param callback: called with the path as a Gio.File and the result, for
        delete_recursively_finish()
    """
    # Of two functions in a row PyGObject takes what follows the first for the data of that.
    Tempman.delete_recursively_async(_to_file(path), io_priority, cancellable, progress, (),
                                     callback, *user_data)
