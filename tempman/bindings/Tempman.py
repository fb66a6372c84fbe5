# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Python adds to the introspected API of Tempman.

    import tempman

    with tempman.create_temp_dir() as directory:
        (directory / 'notes.txt').write_text('work')

    root = tempman.root('/var/tmp/reports', timeout=datetime.timedelta(days=1))
    async with await root.create_temp_dir_async() as directory:
        ...

Paths are str, bytes, os.PathLike or Gio.File. Errors are GLib.Error in the domain of
Gio.IOErrorEnum, and those for which Python has an exception are of its type as well. The calls that
end in _async can be awaited in any loop of asyncio. A directory that is still open when its object is
freed, or when the interpreter exits, is deleted then, with a ResourceWarning.
"""

import asyncio
import atexit
import datetime
import errno
import functools
import logging
import numbers
import operator
import os
import pathlib
import sys
import warnings
import weakref

from gi.repository import Gio, GLib, GObject

from ..module import get_introspection_module
from ..overrides import override

Tempman = get_introspection_module('Tempman')

# PyGObject has only logged a warning.
if Tempman.TemporaryDirectory.__gtype__ == GObject.TYPE_NONE:
    raise ImportError('tempman needs the shared library libtempman-1.so.0, which the dynamic linker did not find. '
                      'After an installation in a prefix such as /usr/local, run ldconfig as root, or add the '
                      'folder of the library to LD_LIBRARY_PATH.', name='gi.repository.Tempman')

__all__ = ['Deletion', 'ExistsError', 'NotDirectoryError', 'NotFoundError', 'PermissionDeniedError', 'Root',
           'RootEntry', 'TemporaryDirectory', 'create_temp_dir', 'delete_recursively',
           'delete_recursively_async', 'delete_recursively_finish', 'root']


# The name of the program, with which names begin by default. GLib learns of it from no interpreter.

def _get_program():
    path = sys.argv[0] if getattr(sys, 'argv', None) else ''
    name = os.path.basename(path)
    # A package that is run with -m is called by its folder.
    if name == '__main__.py':
        name = os.path.basename(os.path.dirname(path))
    # An interpreter that was given no file has an option there, or nothing.
    return None if name.startswith('-') else name or None


if GLib.get_prgname() is None and _get_program() is not None:
    GLib.set_prgname(_get_program())

_logger = logging.getLogger('tempman')


# Errors.

class _OSError(GLib.Error):
    """What a GLib.Error needs to be an OSError as well."""

    def __init__(self, message, domain, code, filename=None):
        super().__init__(message, domain, code)
        self.errno = self._errno
        self.strerror = os.strerror(self._errno)
        self.filename = filename

    def __reduce__(self):
        return type(self), (self.message, self.domain, self.code, self.filename)


class NotFoundError(_OSError, FileNotFoundError):
    """Gio.IOErrorEnum.NOT_FOUND."""

    _errno = errno.ENOENT


class ExistsError(_OSError, FileExistsError):
    """Gio.IOErrorEnum.EXISTS."""

    _errno = errno.EEXIST


class NotDirectoryError(_OSError, NotADirectoryError):
    """Gio.IOErrorEnum.NOT_DIRECTORY."""

    _errno = errno.ENOTDIR


class PermissionDeniedError(_OSError, PermissionError):
    """Gio.IOErrorEnum.PERMISSION_DENIED."""

    _errno = errno.EACCES


_ERRORS = {Gio.IOErrorEnum.NOT_FOUND: NotFoundError,
           Gio.IOErrorEnum.EXISTS: ExistsError,
           Gio.IOErrorEnum.NOT_DIRECTORY: NotDirectoryError,
           Gio.IOErrorEnum.PERMISSION_DENIED: PermissionDeniedError}

for _class in _ERRORS.values():
    # Where they are found by a reader of a traceback, and by pickle.
    _class.__module__ = 'gi.repository.Tempman'


class _errors:
    """Raises the errors of a block in the most specific type.

    The paths are those that the block is about. An error that names none of them, but something
    deeper inside, has no filename: only its message tells.
    """

    def __init__(self, *paths):
        self._paths = paths

    def __enter__(self):
        return self

    def __exit__(self, exc_type, error, traceback):
        if not isinstance(error, GLib.Error) or isinstance(error, OSError):
            return
        for code, specific in _ERRORS.items():
            if error.matches(Gio.io_error_quark(), code):
                new = specific(error.message, error.domain, error.code, self._get_filename(error))
                try:
                    raise new.with_traceback(traceback) from None
                finally:
                    # In the place of the error of GLib, which is the same, and with what the program
                    # was handling before, such as the exception that ended a block.
                    new.__context__ = error.__context__
                    new.__suppress_context__ = error.__context__ is None

    def _get_filename(self, error):
        for path in self._paths:
            try:
                file = _to_file(path)
            except (ValueError, GLib.Error):
                # Another process has put a link into the path since the call began.
                continue
            if file is None:
                continue
            names = [file.get_parse_name(), GLib.filename_display_name(file.get_path() or '')]
            if any(f'“{name}”' in error.message for name in names):
                return path if path is not file else file.get_path() or file.get_uri()
        return None


def _checked(value, failure, name):
    """Return what a finishing call returned, unless C refused the result without an error."""
    if value == failure:
        raise TypeError(f'this is not the result of {name}()')
    return value


# Arguments.

def _to_file(path):
    """Make a Gio.File of any path; None, where C takes NULL, stays None."""
    if path is None or isinstance(path, Gio.File):
        return path
    name = os.fsdecode(path)
    # GIO takes it for the working directory: no place to be swept by mistake.
    if not name:
        raise ValueError('the path is empty')
    return Gio.File.new_for_path(_leave_out_upwards(name))


def _leave_out_upwards(name):
    """Make a path without “..” of one that has it.

    GIO takes “link/..” for the directory that the link lies in, and the kernel for the one above where
    the link leads to. Such a path is refused. Where a directory comes before “..”, both mean the same.
    All links that are left in the path are for the library to follow, or not.
    """
    if os.pardir not in name.split(os.sep):
        return name
    try:
        cleaned = '' if os.path.isabs(name) else os.getcwd().rstrip(os.sep)
        for component in name.split(os.sep):
            if component == os.pardir:
                # The directory above the root of the file system is the root.
                if cleaned and _is_link(cleaned):
                    raise ValueError(f'the path {name!r} is refused: it has “..” after the link '
                                     f'{cleaned!r}')
                cleaned = os.path.dirname(cleaned).rstrip(os.sep)
            elif component not in ('', os.curdir):
                cleaned += os.sep + component
        return cleaned or os.sep
    except OSError as error:
        # A message of the catalogue. The library binds its folder at its own first message: before that,
        # the C library looks in the folder of the system.
        message = GLib.dgettext('tempman-1', 'Could not open “%s”: %s') % (name, error.strerror)
        with _errors():
            raise GLib.Error.new_literal(Gio.io_error_quark(), message,
                                         Gio.io_error_from_errno(error.errno)) from None


def _is_link(path):
    """Tell a link from a directory; nothing else may come before “..”."""
    try:
        # A server is asked for no attributes in this way.
        os.close(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
        return False
    except NotADirectoryError:
        if os.path.islink(path):
            return True
        raise


def _to_existing_file(path, name):
    """Make a Gio.File of a path that has to be given."""
    if path is None:
        raise TypeError(f'{name} must be a path, not None')
    return _to_file(path)


def _to_victim(path):
    """Make a Gio.File of the path of what is to be deleted, which rm would delete as well."""
    if path is not None and not isinstance(path, Gio.File):
        name = os.path.basename(os.fsdecode(path).rstrip(os.sep))
        if name in (os.curdir, os.pardir):
            raise ValueError(f'{path!r} is not deleted: the names “.” and “..” are refused')
    return _to_existing_file(path, 'path')


def _to_seconds(time, wanted):
    """Make a time for C of a number of seconds or a timedelta; wanted is for the error message."""
    if isinstance(time, datetime.timedelta):
        return time.total_seconds()
    # True is an int, and would mean one second.
    if isinstance(time, numbers.Real) and not isinstance(time, bool):
        return float(time)
    raise TypeError(f'{wanted}, not {type(time).__name__}')


def _to_timeout(timeout):
    """Make a timeout for C of a number of seconds, a timedelta, or None for never."""
    if timeout is None:
        return Tempman.NO_TIMEOUT
    return _to_seconds(timeout, 'timeout must be a number, datetime.timedelta or None')


def _to_limit(limit, name):
    """Make a limit for C of a whole number, or of None for no limit."""
    if limit is None:
        return 0
    # True is an int, and PyGObject would make a whole number of a fraction.
    if isinstance(limit, bool):
        raise TypeError(f'{name} must be a whole number or None, not bool')
    number = operator.index(limit)
    if number < 0:
        raise ValueError(f'{name} must be 0 or more, not {limit!r}')
    return number


def _to_flags(type_, flags):
    """Make flags of a type of what may be a number; GObject only warns of bits without a name."""
    # A flag of another type is a number too, and would mean something else here.
    if isinstance(flags, (GObject.GFlags, GObject.GEnum)) and not isinstance(flags, type_):
        raise TypeError(f'flags must be Tempman.{type_.__name__}, not {type(flags).__name__}')
    number = operator.index(flags)
    named = sum({int(getattr(type_, name)) for name in dir(type_) if name.isupper()})
    if number & ~named:
        raise ValueError(f'{number} has flags that Tempman.{type_.__name__} does not have')
    return type_(number)


# Asynchronous calls.

def _get_source(result, type_):
    """The object that a call was made on, if it is of a type: of that, errors may have the path."""
    source = result.get_source_object() if isinstance(result, Gio.AsyncResult) else None
    return source if isinstance(source, type_) else None


# The callback of a call that is awaited. None is for C: a call whose end nobody wants to know of.
_AWAIT = object()


def _start(start, finish, call, args, io_priority, cancellable, callback, user_data):
    """Start an asynchronous call, in one of the two forms that each has.

    With a callback it is what it is in C, whatever runs the main loop. Without one, in a coroutine,
    it is a coroutine as well.

    :param start: the call in C, which takes a callback
    :param finish: gets what the callback is given
    :param call: the same call, blocking, which takes args and a cancellable
    """
    loop = _get_loop()
    if callback is _AWAIT and loop is not None:
        return _await(loop, start, finish, call, args, io_priority, cancellable)
    start(*args, io_priority, cancellable, None if callback is _AWAIT else callback, *user_data)
    return None


def _get_loop():
    """The loop of asyncio that this is called in, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _begin(loop, start, finish, call, args, io_priority, cancellable):
    """Start a call, and return the future of its end in a loop of asyncio."""
    if not _iterates_main_context(loop):
        # Nobody would call back: asyncio knows nothing of GLib's main context. PyGObject gives the
        # interpreter to others while the call blocks a thread.
        return loop.run_in_executor(None, functools.partial(call, *args, cancellable=cancellable))
    future = loop.create_future()
    start(*args, io_priority, cancellable, functools.partial(_set_result, future, finish))
    return future


async def _await(loop, start, finish, call, args, io_priority, cancellable):
    if cancellable is None:
        cancellable = Gio.Cancellable()
    future = _begin(loop, start, finish, call, args, io_priority, cancellable)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        cancellable.cancel()
        await _wait(future)
        # What was created all the same has nobody who would close it.
        if future.exception() is None and isinstance(future.result(), TemporaryDirectory):
            await future.result()._close_to_the_end()
        raise


def _iterates_main_context(loop):
    """Whether a loop of asyncio dispatches what GLib has for this thread, as PyGObject tells it."""
    context = getattr(loop, '_context', None)
    return (isinstance(context, GLib.MainContext)
            and context == GLib.MainContext.ref_thread_default())


def _set_result(future, finish, source, result):
    try:
        future.set_result(finish(source, result))
    except Exception as error:
        future.set_exception(error)


async def _wait(future):
    """Wait for the end of what cannot be stopped; tell whether the task was cancelled meanwhile."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


# Directories that nobody closes.
#
# The library deletes a directory with the last reference to its object. Python warns of that, and
# closes the directories that are still open when the interpreter exits. It asks GObject who holds an
# object: a wrapper can die, and be made again, while C holds what it wraps.

# From id() to weak reference. Not a WeakSet: another thread may add a note while the exit hook looks
# at all of them, and single operations of a dict need no lock, which a forked child might find taken
# for good.
_notes = {}

# The notes of objects that were constructed without a directory, by their hash, which is GObject's.
_notes_before_init = weakref.WeakValueDictionary()

# Stands for this process: a forked child has another one.
_process = object()

# Whether a child of multiprocessing calls _close_all() at its end.
_is_hooked = False


class _Note:
    """What is known of a directory without holding a reference to it.

    It is freed with the object: only the handler of a signal holds it. The callback of a weak reference
    of GObject tells of that end as well, but PyGObject calls it even while an exception is on its way.
    """

    __slots__ = '_directories', '_file', '_is_closed', '_process', '_reference', '__weakref__'

    def __init__(self, *directories):
        # Held until GObject can tell whether it is there.
        self._directories = [*directories]
        self._reference = None
        self._file = None
        self._is_closed = False
        self._process = _process
        _hook_into_exit()
        key = id(self)
        _notes[key] = weakref.ref(self, lambda _: _notes.pop(key, None))

    @classmethod
    def create(cls, create, *args):
        """Call what creates a directory, and return that; or None, if it returns that.

        A KeyboardInterrupt can come before and after every instruction. The note is there before the
        directory, and the two calls of C that create the directory and put it into the note are one
        instruction after the other: an interrupt between the two drops the only reference.
        """
        note = cls()
        note._directories.append(create(*args))
        directory, = note._directories
        if directory is not None:
            note._watch(directory)
        return directory

    @classmethod
    def find(cls, directory):
        """Return the note of an object that was constructed without a directory, or None."""
        note = _notes_before_init.get(hash(directory))
        if note is not None and directory in note._get_directories():
            return note
        if directory.get_file() is not None:
            return None
        note = cls(directory)
        _notes_before_init[hash(directory)] = note
        note._watch(directory)
        return note

    @classmethod
    def adopt(cls, directory):
        """Note that a directory belongs to this process, if that is new."""
        notes = [reference() for reference in [*_notes.values()]]
        if not any(note is not None and directory in note._get_directories() for note in notes):
            cls(directory)._watch(directory)

    @classmethod
    def initialize(cls, directory, cancellable):
        """Create the directory of an object that was constructed without one, and return that."""
        note = cls(directory)
        Tempman.TemporaryDirectory.init(directory, cancellable)
        note._watch(directory)
        return directory

    def _watch(self, directory):
        self._file = directory.get_file()
        self._reference = directory.weak_ref()
        directory.connect('notify::closed', self._note_closed)
        self._is_closed = directory.is_closed()
        self._directories.clear()

    def _note_closed(self, directory, pspec):
        self._is_closed = True

    def note_initialized(self, directory):
        self._file = directory.get_file()

    def _get_directories(self):
        # In this order: the reference is there before these are cleared.
        directories = [*self._directories]
        return directories or [self._reference and self._reference()]

    def __del__(self):
        # Without a file there never was a directory.
        if self._file is not None and not self._is_closed and self._process is _process:
            self._warn()

    def _warn(self):
        path = self._file.get_path() or self._file.get_uri()
        # Not of the object itself, which would live as long as the warning.
        warnings.warn(f'Implicitly cleaning up <Tempman.TemporaryDirectory {path!r} open>',
                      ResourceWarning, source=self)

    def close(self):
        """Close the directory if it is still there and open."""
        directory, = self._get_directories()
        if directory is None or directory.get_file() is None or directory.is_closed():
            return
        self._file = directory.get_file()
        try:
            self._warn()
        finally:
            directory.close()


def _close_all():
    for reference in [*_notes.values()]:
        note = reference()
        if note is None:
            continue
        try:
            note.close()
        except Exception:
            # The other directories have their turn all the same.
            sys.excepthook(*sys.exc_info())


def _hook_into_exit():
    """Have _close_all() called at the end of a child of multiprocessing.

    It ends with or without the hooks of atexit, as it was started and by the version of Python, and
    then calls those of multiprocessing that were not its parent's.
    """
    global _is_hooked
    process = sys.modules.get('multiprocessing.process')
    if _is_hooked or process is None or process.parent_process() is None:
        return
    from multiprocessing.util import Finalize
    # After those of everybody else.
    Finalize(None, _close_all, exitpriority=-1000)
    _is_hooked = True


def _leave_to_parent():
    """In a forked child: what is open belongs to its parent."""
    global _is_hooked, _notes, _process
    _notes = {}
    _process = object()
    _is_hooked = False


def _close_all_at_exit():
    # A child of multiprocessing calls it later.
    if not _is_hooked:
        _close_all()


# Before any other module can register what uses a directory, and so called after that.
atexit.register(_close_all_at_exit)
os.register_at_fork(after_in_child=_leave_to_parent)


# Classes.

def _find_file(get_file):
    """The file of an object, or None if it was never initialised."""
    try:
        return get_file()
    except (RuntimeError, TypeError):
        # A wrapper, with no object in it.
        return None


def _describe(instance, get_file, get_state):
    """What repr() tells, also of an object that was never initialised."""
    name = f'Tempman.{type(instance).__name__}'
    file = _find_file(get_file)
    if file is None:
        return f'<{name} not initialized>'
    return f'<{name} {file.get_path() or file.get_uri()!r} {get_state()}>'


def _refuse_subclass(cls, **kwargs):
    # Before GObject tries to register it, for which GLib ends the program.
    raise TypeError(f'type Tempman.{cls.__base__.__name__} is final')


def _fspath(self):
    if self.path is None:
        raise TypeError(f'{self!r} has no local path')
    return self.path


def _str(self):
    """The path, as that of a pathlib.Path. What repr() tells is for developers."""
    file = _find_file(self.get_file)
    return repr(self) if file is None else file.get_path() or file.get_uri()


# The permissions of a directory for which no others are asked.
_DEFAULT_MODE = 0o700


def _has_defaults(suffix, mode):
    return suffix is None and mode == _DEFAULT_MODE and not isinstance(mode, bool)


def _construct(parent, prefix, suffix, mode):
    """Construct an object that has no directory yet, with what no constructor of C takes."""
    # A property would be given the repr() of bytes.
    names = {'prefix': prefix, 'suffix': suffix}
    for name, value in names.items():
        if value is not None:
            names[name] = os.fsdecode(value)
    mode = operator.index(mode)
    if not 0 <= mode <= 0o777:
        raise ValueError(f'the mode {mode:#o} is not one of permissions, from 0 to 0o777')
    return GObject.new(Tempman.TemporaryDirectory, parent=_to_file(parent), mode=mode, **names)


@override
class TemporaryDirectory(Tempman.TemporaryDirectory):
    """A directory that is deleted, with everything in it, when it is closed.

    As a context manager, of either kind, it is closed on exit. It can be given to every function
    that takes a path, and ``directory / 'name'`` is the path of a file in it.
    """

    # Whether a “with” block that fails with an Exception keeps the directory, and logs its path.
    keep_on_error = False

    def __new__(cls, parent=None, prefix=None, *, suffix=None, mode=_DEFAULT_MODE,
                keep_on_error=False):
        """Create a directory.

        :param parent: where to create it; None is the system's folder for temporary files
        :param prefix: how its name begins; None is the name of the program
        :param suffix: how its name ends; it does not begin with a letter or a digit
        :param mode: its permissions
        :param keep_on_error: keep the directory when a “with” block fails with an Exception, and log
            its path as a warning of the logger “tempman”
        :raises GLib.Error: it could not be created
        """
        directory = cls.new(parent, prefix, suffix=suffix, mode=mode)
        if keep_on_error:
            directory.keep_on_error = True
        return directory

    def __init__(self, parent=None, prefix=None, *, suffix=None, mode=_DEFAULT_MODE,
                 keep_on_error=False):
        # GObject's would construct one more object.
        pass

    __init_subclass__ = _refuse_subclass

    @staticmethod
    def new(parent=None, prefix=None, cancellable=None, *, suffix=None, mode=_DEFAULT_MODE):
        """Create a directory."""
        with _errors(parent):
            if _has_defaults(suffix, mode):
                return _Note.create(Tempman.TemporaryDirectory.new, _to_file(parent), prefix,
                                    cancellable)
            return _Note.initialize(_construct(parent, prefix, suffix, mode), cancellable)

    @staticmethod
    def new_async(parent=None, prefix=None, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                  callback=_AWAIT, *user_data, suffix=None, mode=_DEFAULT_MODE):
        """Create a directory without blocking."""
        def call(parent, prefix, cancellable):
            return TemporaryDirectory.new(parent, prefix, cancellable, suffix=suffix, mode=mode)

        def start(parent, prefix, io_priority, cancellable, callback, *user_data):
            if _has_defaults(suffix, mode):
                Tempman.TemporaryDirectory.new_async(parent, prefix, io_priority, cancellable,
                                                     callback, *user_data)
            else:
                Tempman.TemporaryDirectory.init_async(
                    _construct(parent, prefix, suffix, mode), io_priority, cancellable, callback,
                    *user_data)

        return _start(start, lambda _, result: TemporaryDirectory.new_finish(result), call,
                      (_to_file(parent), prefix), io_priority, cancellable, callback, user_data)

    @staticmethod
    def new_finish(result):
        """Finish new_async()."""
        source = _get_source(result, TemporaryDirectory)
        with _errors(source and source.props.parent):
            return _Note.create(Tempman.TemporaryDirectory.new_finish, result)

    def init(self, cancellable=None):
        """Create the directory of an object that was constructed without one."""
        note = _Note.find(self)
        with _errors(self.get_property('parent')):
            super().init(cancellable)
        if note is not None:
            note.note_initialized(self)
        return True

    def init_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                   *user_data):
        """Create the directory of an object that was constructed without one without blocking."""
        _Note.find(self)
        return _start(super().init_async, type(self).init_finish, self.init, (), io_priority,
                      cancellable, callback, user_data)

    def init_finish(self, result):
        """Finish init_async()."""
        with _errors(self.get_property('parent')):
            super().init_finish(result)
        note = _Note.find(self)
        if note is not None:
            note.note_initialized(self)
        return True

    def close(self, cancellable=None):
        """Delete the directory with everything in it.

        :raises GLib.Error: something could not be deleted; it is still open
        """
        with _errors(self.get_file()):
            return super().close(cancellable)

    def close_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                    *user_data):
        """Delete the directory with everything in it without blocking."""
        return _start(super().close_async, TemporaryDirectory.close_finish, self.close, (),
                      io_priority, cancellable, callback, user_data)

    def close_finish(self, result):
        """Finish close_async()."""
        with _errors(self.get_file()):
            return _checked(super().close_finish(result), False, 'close_async')

    def adopt(self):
        """Make this process the owner of a directory that it has inherited from its parent.

        The parent must neither close it nor drop its last reference afterwards: it ends with
        ``os._exit()``.

        :raises GLib.Error: it is closed, or the parent was closing it at the moment of the fork
        """
        with _errors(self.get_file()):
            adopted = super().adopt()
        _Note.adopt(self)
        return adopted

    def keep(self, cancellable=None):
        """Close the object, but do not delete the directory.

        :raises GLib.Error: it could not be kept, and is still open
        """
        with _errors(self.get_file()):
            return super().keep(cancellable)

    def keep_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                   *user_data):
        """Close the object, but do not delete the directory, without blocking."""
        return _start(super().keep_async, TemporaryDirectory.keep_finish, self.keep, (),
                      io_priority, cancellable, callback, user_data)

    def keep_finish(self, result):
        """Finish keep_async()."""
        with _errors(self.get_file()):
            return _checked(super().keep_finish(result), False, 'keep_async')

    def persist(self, destination, flags=Tempman.PersistFlags.NONE, cancellable=None):
        """Publish the directory under another name, in one step.

        :param destination: its new name, on the same file system
        :param flags: Tempman.PersistFlags
        :raises GLib.Error: it could not be published, and is still open
        """
        with _errors(self.get_file(), destination):
            return super().persist(_to_existing_file(destination, 'destination'),
                                   _to_flags(Tempman.PersistFlags, flags), cancellable)

    def persist_async(self, destination, flags=Tempman.PersistFlags.NONE,
                      io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                      *user_data):
        """Publish the directory under another name without blocking."""
        return _start(super().persist_async, TemporaryDirectory.persist_finish, self.persist,
                      (_to_existing_file(destination, 'destination'),
                       _to_flags(Tempman.PersistFlags, flags)),
                      io_priority, cancellable, callback, user_data)

    def persist_finish(self, result):
        """Finish persist_async()."""
        with _errors(self.get_file()):
            return _checked(super().persist_finish(result), False, 'persist_async')

    def get_child(self, name):
        """The file of a name in the directory, as a Gio.File."""
        if os.path.isabs(name):
            raise ValueError(f'the name {name!r} is an absolute path')
        return super().get_child(os.fspath(name))

    @property
    def path(self):
        """The path, as os.fsdecode() returns it; None if the directory is not local."""
        return self.get_path()

    @property
    def closed(self):
        """Whether it has been deleted, kept or published."""
        return self.is_closed()

    def joinpath(self, *names):
        """The pathlib.Path of something in the directory or, without names, its own."""
        return pathlib.Path(os.fspath(self), *names)

    def __truediv__(self, name):
        return self.joinpath() / name

    __fspath__ = _fspath
    __str__ = _str

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        if not self._keeps(exc_type) or not self._note_kept(self._keep_if_owned()):
            self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_value, traceback):
        if not self._keeps(exc_type) or not self._note_kept(self._keep_if_owned()):
            await self._close_to_the_end()

    async def _close_to_the_end(self):
        """Close it, also when the task is cancelled meanwhile, which is told afterwards."""
        future = _begin(asyncio.get_running_loop(), super().close_async,
                        TemporaryDirectory.close_finish, self.close, (), GLib.PRIORITY_DEFAULT,
                        None)
        if await _wait(future):
            raise asyncio.CancelledError
        future.result()

    def _keeps(self, exc_type):
        # An interrupt, an exit of the program or the cancellation of a task is no failure.
        return (self.keep_on_error and exc_type is not None and issubclass(exc_type, Exception)
                and not self.closed)

    def _keep_if_owned(self):
        try:
            return self.keep()
        except GLib.Error as error:
            # A forked child has no directory to keep.
            if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED):
                return False
            raise

    def _note_kept(self, is_kept):
        if is_kept:
            _logger.warning('Kept “%s”: the block that used it failed',
                            self.path or self.get_file().get_uri())
        return is_kept

    def __repr__(self):
        return _describe(self, self.get_file,
                         lambda: 'closed' if self.is_closed() else 'open')


def _make_attribute(name, description, is_writable=True):
    """Make an attribute of a GObject property. Without it, an assignment would only change the
    Python object, and have no effect."""
    def get(self):
        return getattr(self, f'get_{name}')()

    def set_value(self, value):
        getattr(self, f'set_{name}')(value)

    return property(get, set_value if is_writable else None, doc=description)


@override
class Root(Tempman.Root):
    """A directory under which temporary directories are created and cleaned up."""

    directory = _make_attribute('directory', 'The directory, a Gio.File.', is_writable=False)
    timeout = _make_attribute('timeout', 'The timeout in seconds; negative is never.',
                              is_writable=False)
    flags = _make_attribute('flags', 'The Tempman.RootFlags.', is_writable=False)
    prefix = _make_attribute('prefix', 'The beginning of the names of new directories, or None.')
    age_basis = _make_attribute('age_basis', 'The Tempman.AgeBasis of the entries.')
    exclude = _make_attribute('exclude', 'The patterns of names that a cleanup keeps.')
    lease = _make_attribute('lease', 'The time without a heartbeat after which the owner of an '
                            'entry counts as dead, in seconds.')
    max_entries = _make_attribute('max_entries', 'The limit of the number of entries; 0 is none.')
    max_size = _make_attribute('max_size', 'The limit of the size of all entries in bytes; 0 is '
                               'none.')
    min_free_space = _make_attribute('min_free_space', 'The free space in bytes that the file '
                                     'system has at least; 0 is no limit.')

    def __new__(cls, directory, timeout=None, flags=Tempman.RootFlags.NONE, *, prefix=None):
        """Open a root.

        :param directory: the directory; it has to exist, unless the flags say otherwise
        :param timeout: the age at which cleanup() deletes a sub-directory, in seconds or as a
            datetime.timedelta; None is never
        :param flags: Tempman.RootFlags
        :param prefix: the beginning of the names of new directories; None is the name of the program
        :raises GLib.Error: the directory cannot be used
        """
        return cls.new(directory, timeout, flags, prefix=prefix)

    def __init__(self, directory, timeout=None, flags=Tempman.RootFlags.NONE, *, prefix=None):
        # GObject's would construct one more object.
        pass

    __init_subclass__ = _refuse_subclass

    def init(self, cancellable=None):
        """Open the directory of an object that was constructed without."""
        with _errors(self.get_property('directory')):
            return super().init(cancellable)

    def init_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                   *user_data):
        """Open the directory of an object that was constructed without without blocking."""
        return _start(super().init_async, type(self).init_finish, self.init, (), io_priority,
                      cancellable, callback, user_data)

    def init_finish(self, result):
        """Finish init_async()."""
        with _errors(self.get_property('directory')):
            return super().init_finish(result)

    @staticmethod
    def new(directory, timeout=None, flags=Tempman.RootFlags.NONE, cancellable=None, *,
            prefix=None):
        """Open a root."""
        with _errors(directory):
            root = Tempman.Root.new(_to_existing_file(directory, 'directory'),
                                    _to_timeout(timeout), _to_flags(Tempman.RootFlags, flags),
                                    cancellable)
        root.set_prefix(prefix)
        return root

    @staticmethod
    def new_async(directory, timeout=None, flags=Tempman.RootFlags.NONE,
                  io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                  *user_data, prefix=None):
        """Open a root without blocking."""
        def start(directory, timeout, flags, io_priority, cancellable, callback, *user_data):
            if prefix is None:
                Tempman.Root.new_async(directory, timeout, flags, io_priority, cancellable,
                                       callback, *user_data)
                return
            root = GObject.new(Tempman.Root, directory=directory, timeout=timeout, flags=flags)
            root.set_prefix(prefix)
            Tempman.Root.init_async(root, io_priority, cancellable, callback, *user_data)

        return _start(start, lambda _, result: Root.new_finish(result),
                      functools.partial(Root.new, prefix=prefix),
                      (_to_existing_file(directory, 'directory'), _to_timeout(timeout),
                       _to_flags(Tempman.RootFlags, flags)),
                      io_priority, cancellable, callback, user_data)

    @staticmethod
    def new_finish(result):
        """Finish new_async()."""
        source = _get_source(result, Root)
        with _errors(source and source.props.directory):
            return Tempman.Root.new_finish(result)

    def set_exclude(self, exclude):
        """Set the patterns of the names that a cleanup never touches, or None."""
        # Its characters would be the patterns.
        if isinstance(exclude, str):
            raise TypeError('exclude must be a sequence of patterns, not str')
        super().set_exclude(exclude)

    def set_lease(self, lease):
        """Set the time without a heartbeat after which the owner of an entry counts as dead.

        :param lease: the time, in seconds or as a datetime.timedelta
        :raises ValueError: it is negative or not a number
        """
        seconds = _to_seconds(lease, 'lease must be a number or datetime.timedelta')
        # NaN fails this comparison as well.
        if not seconds >= 0:
            raise ValueError(f'lease must be 0 or more, not {lease!r}')
        super().set_lease(seconds)

    def set_max_entries(self, max_entries):
        """Set the number of entries that the root keeps at most; None or 0 is no limit."""
        super().set_max_entries(_to_limit(max_entries, 'max_entries'))

    def set_max_size(self, max_size):
        """Set the size in bytes that the entries have at most together; None or 0 is no limit."""
        super().set_max_size(_to_limit(max_size, 'max_size'))

    def set_min_free_space(self, min_free_space):
        """Set the free space in bytes that the file system has at least; None or 0 is no limit."""
        super().set_min_free_space(_to_limit(min_free_space, 'min_free_space'))

    def create_temp_dir(self, cancellable=None, *, keep_on_error=False):
        """Clean up, and create a temporary directory under the root.

        :param keep_on_error: as that of TemporaryDirectory
        """
        with _errors(self.get_directory()):
            directory = _Note.create(super().create_temp_dir, cancellable)
        if keep_on_error and directory is not None:
            directory.keep_on_error = True
        return directory

    def create_temp_dir_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                              callback=_AWAIT, *user_data):
        """Clean up, and create a temporary directory under the root, without blocking."""
        return _start(super().create_temp_dir_async, Root.create_temp_dir_finish,
                      self.create_temp_dir, (), io_priority, cancellable, callback, user_data)

    def create_temp_dir_finish(self, result):
        """Finish create_temp_dir_async()."""
        with _errors(self.get_directory()):
            return _checked(_Note.create(super().create_temp_dir_finish, result), None,
                            'create_temp_dir_async')

    def cleanup(self, cancellable=None):
        """Delete what has expired or been abandoned; return how many sub-directories went."""
        with _errors(self.get_directory()):
            return super().cleanup(cancellable)

    def cleanup_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                      *user_data):
        """Delete what has expired or been abandoned without blocking."""
        return _start(super().cleanup_async, Root.cleanup_finish, self.cleanup, (), io_priority,
                      cancellable, callback, user_data)

    def cleanup_finish(self, result):
        """Finish cleanup_async()."""
        with _errors(self.get_directory()):
            return _checked(super().cleanup_finish(result), -1, 'cleanup_async')

    def list_entries(self, flags=Tempman.ListFlags.NONE, cancellable=None):
        """List the sub-directories, with the decision of cleanup() about each.

        :returns: a Gio.ListModel of RootEntry, which is a sequence as well
        """
        with _errors(self.get_directory()):
            return super().list_entries(_to_flags(Tempman.ListFlags, flags), cancellable)

    def list_entries_async(self, flags=Tempman.ListFlags.NONE, io_priority=GLib.PRIORITY_DEFAULT,
                           cancellable=None, callback=_AWAIT, *user_data):
        """List the sub-directories without blocking."""
        return _start(super().list_entries_async, Root.list_entries_finish, self.list_entries,
                      (_to_flags(Tempman.ListFlags, flags),), io_priority, cancellable, callback,
                      user_data)

    def list_entries_finish(self, result):
        """Finish list_entries_async()."""
        with _errors(self.get_directory()):
            return _checked(super().list_entries_finish(result), None, 'list_entries_async')

    def set_age_basis(self, basis):
        """Set from when the age of a sub-directory runs, a Tempman.AgeBasis."""
        super().set_age_basis(Tempman.AgeBasis(operator.index(basis)))

    def __repr__(self):
        def get_state():
            timeout = self.get_timeout()
            return f'timeout={timeout if timeout >= 0 else None}'

        return _describe(self, self.get_directory, get_state)


@override
class RootEntry(Tempman.RootEntry):
    """A sub-directory of a root, with the decision of cleanup() about it."""

    __init_subclass__ = _refuse_subclass

    @property
    def name(self):
        """The name, as os.fsdecode() returns it."""
        return self.get_name()

    @property
    def path(self):
        """The path, as os.fsdecode() returns it; None if the root is not local."""
        return self.get_path()

    @property
    def last_used(self):
        """The time of the last use, as a datetime.datetime in UTC."""
        time = self.get_last_used()
        if time is None:
            return None
        # fromtimestamp() loses microseconds, and the years that the C library does not know.
        return (datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
                + datetime.timedelta(seconds=time.to_unix(), microseconds=time.get_microsecond()))

    @property
    def state(self):
        """Whether it is in use, abandoned, or has no owner, a Tempman.RootEntryState."""
        return self.get_state()

    @property
    def removable(self):
        """Whether cleanup() would delete it."""
        return self.get_removable()

    @property
    def reason(self):
        """Why cleanup() would delete it, a Tempman.RemovalReason."""
        return self.get_reason()

    @property
    def heartbeat_age(self):
        """The time since the last heartbeat of its owner, in seconds; None without a heartbeat."""
        age = self.get_heartbeat_age()
        return age if age >= 0 else None

    @property
    def size(self):
        """The disk space that it takes with everything in it, in bytes; 0 if it was not measured."""
        return self.get_size()

    __fspath__ = _fspath
    __str__ = _str

    def __repr__(self):
        def get_state():
            state = self.state.value_nick
            return f'{state} removable: {self.reason.value_nick}' if self.removable else state

        return _describe(self, self.get_file, get_state)


@override
class Deletion(Tempman.Deletion):
    """The deletion of a file or directory, with properties and signals for a window that shows it."""

    def __new__(cls, path, flags=Tempman.DeleteFlags.NONE):
        """Create a deletion, which deletes nothing before it runs.

        :param path: the path of the file, link or directory
        :param flags: Tempman.DeleteFlags
        """
        return cls.new(path, flags)

    def __init__(self, path, flags=Tempman.DeleteFlags.NONE):
        # GObject's would construct one more object.
        pass

    __init_subclass__ = _refuse_subclass

    @staticmethod
    def new(path, flags=Tempman.DeleteFlags.NONE):
        """Create a deletion, which deletes nothing before it runs."""
        return Tempman.Deletion.new(_to_victim(path), _to_flags(Tempman.DeleteFlags, flags))

    def run(self, cancellable=None):
        """Delete the file, link, or directory with everything in it.

        :raises GLib.Error: something could not be deleted; the rest was
        """
        with _errors(self.get_file()):
            return super().run(cancellable)

    def run_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=_AWAIT,
                  *user_data):
        """Delete the file, link, or directory with everything in it, without blocking.

        A loop of asyncio that does not iterate GLib's main context runs the deletion in another
        thread. This thread emits the signals then.
        """
        return _start(super().run_async, Deletion.run_finish, self.run, (), io_priority,
                      cancellable, callback, user_data)

    def run_finish(self, result):
        """Finish run_async()."""
        with _errors(self.get_file()):
            return _checked(super().run_finish(result), False, 'run_async')

    @property
    def n_found(self):
        """The number of entries that it has found so far, the deleted ones among them."""
        return self.get_n_found()

    @property
    def n_deleted(self):
        """The number of entries that it has deleted so far."""
        return self.get_n_deleted()

    @property
    def bytes_freed(self):
        """The space that it has freed, in bytes, for remote files; 0 for local files."""
        return self.get_bytes_freed()

    @property
    def fraction(self):
        """The estimated share of the work that is done, from 0 to 1."""
        return self.get_fraction()

    def __repr__(self):
        return _describe(self, self.get_file, lambda: f'fraction={self.fraction:.2f}')


# Functions.

def create_temp_dir(dir=None, *, prefix=None, suffix=None, mode=_DEFAULT_MODE,
                    keep_on_error=False):
    """Create a temporary directory, in dir or in the system's folder for temporary files.

    :param prefix, suffix, mode, keep_on_error: as those of TemporaryDirectory
    :rtype: TemporaryDirectory
    """
    return TemporaryDirectory(dir, prefix, suffix=suffix, mode=mode, keep_on_error=keep_on_error)


def root(dir, timeout=None, *, prefix=None, max_size=None, max_entries=None, min_free_space=None):
    """Open a root for temporary directories under dir, a directory that exists.

    :param timeout, prefix: as those of Root
    :param max_size: the size in bytes that the entries have at most together; None is no limit
    :param max_entries: the number of entries that the root keeps at most; None is no limit
    :param min_free_space: the free space in bytes that the file system has at least; None is no limit
    :rtype: Root
    """
    # Refuses wrong limits before it opens a directory.
    limits = {'max_size': _to_limit(max_size, 'max_size'),
              'max_entries': _to_limit(max_entries, 'max_entries'),
              'min_free_space': _to_limit(min_free_space, 'min_free_space')}
    self = Root(dir, timeout, prefix=prefix)
    for name, limit in limits.items():
        getattr(self, f'set_{name}')(limit)
    return self


def delete_recursively(path, flags=Tempman.DeleteFlags.NONE, cancellable=None, progress=None):
    """Delete a file, a link, or a directory with everything in it.

    :param path: the path of the file, link or directory
    :param flags: Tempman.DeleteFlags
    :param cancellable: Gio.Cancellable or None
    :param progress: called with the number of entries deleted and the number found so far
    :raises GLib.Error: something could not be deleted; the rest was
    """
    with _errors(path):
        return Tempman.delete_recursively(_to_victim(path), _to_flags(Tempman.DeleteFlags, flags),
                                          cancellable, progress)


def delete_recursively_async(path, flags=Tempman.DeleteFlags.NONE,
                             io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, progress=None,
                             callback=_AWAIT, *user_data):
    """Delete a file, a link, or a directory with everything in it, without blocking.

    :param flags: Tempman.DeleteFlags
    :param progress: called with the number of entries deleted and the number found so far, in the
        thread that called this
    :param callback: called with the path as a Gio.File and the result, for
        delete_recursively_finish(); without one, in a coroutine, the call can be awaited
    """
    def start(file, flags, io_priority, cancellable, callback, *user_data):
        # Of two functions in a row PyGObject takes what follows the first for the data of that.
        Tempman.delete_recursively_async(file, flags, io_priority, cancellable, progress, (),
                                         callback, *user_data)

    def finish(_, result):
        return _finish_deletion(path, result)

    def call(file, flags, cancellable):
        return delete_recursively(file, flags, cancellable, None if progress is None else report)

    def report(n_deleted, n_found):
        loop.call_soon_threadsafe(progress, n_deleted, n_found)

    loop = _get_loop()
    if progress is not None and not callable(progress):
        raise TypeError('progress must be callable, not ' + type(progress).__name__)
    return _start(start, finish, call, (_to_victim(path), _to_flags(Tempman.DeleteFlags, flags)),
                  io_priority, cancellable, callback, user_data)


def delete_recursively_finish(result):
    """Finish delete_recursively_async()."""
    return _finish_deletion(_get_source(result, Gio.File), result)


def _finish_deletion(path, result):
    with _errors(path):
        return _checked(Tempman.delete_recursively_finish(result), False,
                        'delete_recursively_async')
