# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The types of Tempman in Python, for editors and for checkers such as mypy and pyright."""

from __future__ import annotations

import datetime
import os
import pathlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, ClassVar, Union, final, overload

from gi.repository import Gio, GLib, GObject

_Path = Union[str, bytes, os.PathLike[str], os.PathLike[bytes], Gio.File]
_Prefix = Union[str, bytes, None]
_Timeout = Union[float, datetime.timedelta, None]
_Progress = Callable[[int, int], object]
# The object that the call was made on, its result, and the data that were passed with the callback.
_Callback = Callable[..., object]

__version__: str

MAJOR_VERSION: int
MINOR_VERSION: int
MICRO_VERSION: int
VERSION_S: str
NO_TIMEOUT: int
DEFAULT_LEASE: float

class RootFlags(int):
    """How a root treats its directory and what a cleanup may delete."""

    NONE: ClassVar[RootFlags]
    CREATE_DIRECTORY: ClassVar[RootFlags]
    RECLAIM_ABANDONED: ClassVar[RootFlags]
    EXPIRE_LIVE: ClassVar[RootFlags]
    INCLUDE_FILES: ClassVar[RootFlags]
    def __or__(self, other: int) -> RootFlags: ...
    def __and__(self, other: int) -> RootFlags: ...

class DeleteFlags(int):
    """What delete_recursively() deletes, and what counts as a failure."""

    NONE: ClassVar[DeleteFlags]
    KEEP_DIRECTORY: ClassVar[DeleteFlags]
    ALLOW_MISSING: ClassVar[DeleteFlags]
    FORCE: ClassVar[DeleteFlags]
    def __or__(self, other: int) -> DeleteFlags: ...
    def __and__(self, other: int) -> DeleteFlags: ...

class PersistFlags(int):
    """How persist() treats its destination."""

    NONE: ClassVar[PersistFlags]
    REPLACE: ClassVar[PersistFlags]
    def __or__(self, other: int) -> PersistFlags: ...
    def __and__(self, other: int) -> PersistFlags: ...

class AgeBasis(int):
    """The timestamps that determine the age of an entry of a root."""

    ACCESSED_OR_MODIFIED: ClassVar[AgeBasis]
    MODIFIED: ClassVar[AgeBasis]
    CHANGED: ClassVar[AgeBasis]
    NEWEST_CONTENT: ClassVar[AgeBasis]
    @property
    def value_name(self) -> str: ...
    @property
    def value_nick(self) -> str: ...

class ListFlags(int):
    """Options of list_entries()."""

    NONE: ClassVar[ListFlags]
    MEASURE: ClassVar[ListFlags]
    def __or__(self, other: int) -> ListFlags: ...
    def __and__(self, other: int) -> ListFlags: ...

class RemovalReason(int):
    """Why a cleanup removes an entry of a root."""

    NONE: ClassVar[RemovalReason]
    EXPIRED: ClassVar[RemovalReason]
    ABANDONED: ClassVar[RemovalReason]
    OVER_COUNT: ClassVar[RemovalReason]
    OVER_SIZE: ClassVar[RemovalReason]
    LOW_SPACE: ClassVar[RemovalReason]
    @property
    def value_name(self) -> str: ...
    @property
    def value_nick(self) -> str: ...

class RootEntryState(int):
    """The state of an entry of a root."""

    LIVE: ClassVar[RootEntryState]
    ABANDONED: ClassVar[RootEntryState]
    UNOWNED: ClassVar[RootEntryState]
    @property
    def value_name(self) -> str: ...
    @property
    def value_nick(self) -> str: ...

class NotFoundError(GLib.Error, FileNotFoundError):
    """Gio.IOErrorEnum.NOT_FOUND."""

class ExistsError(GLib.Error, FileExistsError):
    """Gio.IOErrorEnum.EXISTS."""

class NotDirectoryError(GLib.Error, NotADirectoryError):
    """Gio.IOErrorEnum.NOT_DIRECTORY."""

class PermissionDeniedError(GLib.Error, PermissionError):
    """Gio.IOErrorEnum.PERMISSION_DENIED."""

@final
class TemporaryDirectory(GObject.Object):
    """A directory that is deleted, with everything in it, when it is closed."""

    class Props:
        parent: Gio.File
        prefix: str | None
        suffix: str | None
        mode: int
        file: Gio.File | None
        path: str | None
        fd: int
        closed: bool

    @property
    def props(self) -> Props: ...
    keep_on_error: bool
    def __init__(
        self,
        parent: _Path | None = None,
        prefix: _Prefix = None,
        *,
        suffix: _Prefix = None,
        mode: int = 0o700,
        keep_on_error: bool = False,
    ) -> None: ...
    @staticmethod
    def new(
        parent: _Path | None = None,
        prefix: _Prefix = None,
        cancellable: Gio.Cancellable | None = None,
        *,
        suffix: _Prefix = None,
        mode: int = 0o700,
    ) -> TemporaryDirectory: ...
    @overload
    @staticmethod
    def new_async(
        parent: _Path | None = None,
        prefix: _Prefix = None,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        suffix: _Prefix = None,
        mode: int = 0o700,
    ) -> Coroutine[Any, Any, TemporaryDirectory]: ...
    @overload
    @staticmethod
    def new_async(
        parent: _Path | None,
        prefix: _Prefix,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
        suffix: _Prefix = None,
        mode: int = 0o700,
    ) -> None: ...
    @overload
    @staticmethod
    def new_async(
        parent: _Path | None = None,
        prefix: _Prefix = None,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
        suffix: _Prefix = None,
        mode: int = 0o700,
    ) -> None: ...
    @staticmethod
    def new_finish(result: Gio.AsyncResult) -> TemporaryDirectory: ...
    def init(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def init_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def init_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def init_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def init_finish(self, result: Gio.AsyncResult) -> bool: ...
    # None for what is not local alone, which get_path() tells: most programs have no such thing.
    @property
    def path(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def get_path(self) -> str | None: ...
    def get_file(self) -> Gio.File | None: ...
    def get_fd(self) -> int: ...
    def get_child(self, name: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> Gio.File | None: ...
    def is_closed(self) -> bool: ...
    def joinpath(self, *names: str | os.PathLike[str]) -> pathlib.Path: ...
    def __truediv__(self, name: str | os.PathLike[str]) -> pathlib.Path: ...
    def __fspath__(self) -> str: ...
    def close(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def close_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def close_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def close_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def close_finish(self, result: Gio.AsyncResult) -> bool: ...
    def adopt(self) -> bool: ...
    def keep(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def keep_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def keep_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def keep_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def keep_finish(self, result: Gio.AsyncResult) -> bool: ...
    def persist(
        self,
        destination: _Path,
        flags: PersistFlags | int = ...,
        cancellable: Gio.Cancellable | None = None,
    ) -> bool: ...
    @overload
    def persist_async(
        self,
        destination: _Path,
        flags: PersistFlags | int = ...,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def persist_async(
        self,
        destination: _Path,
        flags: PersistFlags | int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def persist_async(
        self,
        destination: _Path,
        flags: PersistFlags | int = ...,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def persist_finish(self, result: Gio.AsyncResult) -> bool: ...
    def __enter__(self) -> TemporaryDirectory: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    async def __aenter__(self) -> TemporaryDirectory: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Root(GObject.Object):
    """A directory under which temporary directories are created and cleaned up."""

    class Props:
        directory: Gio.File
        timeout: float
        flags: RootFlags
        prefix: str | None
        age_basis: AgeBasis
        exclude: list[str]
        lease: float
        max_entries: int
        max_size: int
        min_free_space: int

    @property
    def props(self) -> Props: ...
    @property
    def directory(self) -> Gio.File | None: ...
    @property
    def timeout(self) -> float: ...
    @property
    def flags(self) -> RootFlags: ...
    prefix: str | None
    age_basis: AgeBasis
    exclude: list[str]
    lease: float
    max_entries: int
    max_size: int
    min_free_space: int
    def __init__(
        self,
        directory: _Path,
        timeout: _Timeout = None,
        flags: RootFlags | int = ...,
        *,
        prefix: _Prefix = None,
    ) -> None: ...
    @staticmethod
    def new(
        directory: _Path,
        timeout: _Timeout = None,
        flags: RootFlags | int = ...,
        cancellable: Gio.Cancellable | None = None,
        *,
        prefix: _Prefix = None,
    ) -> Root: ...
    @overload
    @staticmethod
    def new_async(
        directory: _Path,
        timeout: _Timeout = None,
        flags: RootFlags | int = ...,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        prefix: _Prefix = None,
    ) -> Coroutine[Any, Any, Root]: ...
    @overload
    @staticmethod
    def new_async(
        directory: _Path,
        timeout: _Timeout,
        flags: RootFlags | int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
        prefix: _Prefix = None,
    ) -> None: ...
    @overload
    @staticmethod
    def new_async(
        directory: _Path,
        timeout: _Timeout = None,
        flags: RootFlags | int = ...,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
        prefix: _Prefix = None,
    ) -> None: ...
    @staticmethod
    def new_finish(result: Gio.AsyncResult) -> Root: ...
    def init(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def init_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def init_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def init_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def init_finish(self, result: Gio.AsyncResult) -> bool: ...
    def get_directory(self) -> Gio.File | None: ...
    def get_timeout(self) -> float: ...
    def get_flags(self) -> RootFlags: ...
    def get_prefix(self) -> str | None: ...
    def set_prefix(self, prefix: _Prefix) -> None: ...
    def get_age_basis(self) -> AgeBasis: ...
    def set_age_basis(self, basis: AgeBasis) -> None: ...
    def get_exclude(self) -> list[str]: ...
    def set_exclude(self, exclude: Sequence[str] | None) -> None: ...
    def get_lease(self) -> float: ...
    def set_lease(self, lease: float | datetime.timedelta) -> None: ...
    def get_max_entries(self) -> int: ...
    def set_max_entries(self, max_entries: int | None) -> None: ...
    def get_max_size(self) -> int: ...
    def set_max_size(self, max_size: int | None) -> None: ...
    def get_min_free_space(self) -> int: ...
    def set_min_free_space(self, min_free_space: int | None) -> None: ...
    def get_watch_time(self) -> float: ...
    def create_temp_dir(
        self, cancellable: Gio.Cancellable | None = None, *, keep_on_error: bool = False
    ) -> TemporaryDirectory: ...
    @overload
    def create_temp_dir_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, TemporaryDirectory]: ...
    @overload
    def create_temp_dir_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def create_temp_dir_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def create_temp_dir_finish(self, result: Gio.AsyncResult) -> TemporaryDirectory: ...
    def cleanup(self, cancellable: Gio.Cancellable | None = None) -> int: ...
    @overload
    def cleanup_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, int]: ...
    @overload
    def cleanup_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def cleanup_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def cleanup_finish(self, result: Gio.AsyncResult) -> int: ...
    def list_entries(
        self, flags: ListFlags | int = ..., cancellable: Gio.Cancellable | None = None
    ) -> _RootEntryList: ...
    @overload
    def list_entries_async(
        self,
        flags: ListFlags | int = ...,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, _RootEntryList]: ...
    @overload
    def list_entries_async(
        self,
        flags: ListFlags | int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def list_entries_async(
        self,
        flags: ListFlags | int = ...,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def list_entries_finish(self, result: Gio.AsyncResult) -> _RootEntryList: ...

# What PyGObject makes of a list model.
class _RootEntryList(Gio.ListModel):
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: int) -> RootEntry: ...
    @overload
    def __getitem__(self, key: slice) -> list[RootEntry]: ...
    def __iter__(self) -> Iterator[RootEntry]: ...
    def __contains__(self, item: object) -> bool: ...

@final
class RootEntry(GObject.Object):
    """A sub-directory of a root, with the decision of cleanup() about it."""

    class Props:
        file: Gio.File | None
        name: str | None
        path: str | None
        last_used: GLib.DateTime | None
        state: RootEntryState
        removable: bool
        reason: RemovalReason
        info: Gio.FileInfo | None
        heartbeat_age: float
        size: int

    @property
    def props(self) -> Props: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def last_used(self) -> datetime.datetime: ...
    @property
    def state(self) -> RootEntryState: ...
    @property
    def removable(self) -> bool: ...
    @property
    def reason(self) -> RemovalReason: ...
    @property
    def heartbeat_age(self) -> float | None: ...
    @property
    def size(self) -> int: ...
    def get_file(self) -> Gio.File | None: ...
    def get_name(self) -> str | None: ...
    def get_path(self) -> str | None: ...
    def get_last_used(self) -> GLib.DateTime | None: ...
    def get_state(self) -> RootEntryState: ...
    def get_removable(self) -> bool: ...
    def get_reason(self) -> RemovalReason: ...
    def get_info(self) -> Gio.FileInfo | None: ...
    def get_heartbeat_age(self) -> float: ...
    def get_size(self) -> int: ...
    def __fspath__(self) -> str: ...

@final
class Deletion(GObject.Object):
    """The deletion of a file or directory, with properties and signals for a window that shows it."""

    class Props:
        file: Gio.File
        flags: DeleteFlags
        n_found: int
        n_deleted: int
        bytes_freed: int
        fraction: float

    @property
    def props(self) -> Props: ...
    def __init__(self, path: _Path, flags: DeleteFlags | int = ...) -> None: ...
    @staticmethod
    def new(path: _Path, flags: DeleteFlags | int = ...) -> Deletion: ...
    def run(self, cancellable: Gio.Cancellable | None = None) -> bool: ...
    @overload
    def run_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
    ) -> Coroutine[Any, Any, bool]: ...
    @overload
    def run_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: _Callback | None,
        *user_data: Any,
    ) -> None: ...
    @overload
    def run_async(
        self,
        io_priority: int = 0,
        cancellable: Gio.Cancellable | None = None,
        *,
        callback: _Callback | None,
    ) -> None: ...
    def run_finish(self, result: Gio.AsyncResult) -> bool: ...
    @property
    def n_found(self) -> int: ...
    @property
    def n_deleted(self) -> int: ...
    @property
    def bytes_freed(self) -> int: ...
    @property
    def fraction(self) -> float: ...
    def get_file(self) -> Gio.File: ...
    def get_flags(self) -> DeleteFlags: ...
    def get_n_found(self) -> int: ...
    def get_n_deleted(self) -> int: ...
    def get_bytes_freed(self) -> int: ...
    def get_fraction(self) -> float: ...

def create_temp_dir(
    dir: _Path | None = None,
    *,
    prefix: _Prefix = None,
    suffix: _Prefix = None,
    mode: int = 0o700,
    keep_on_error: bool = False,
) -> TemporaryDirectory: ...
def root(
    dir: _Path,
    timeout: _Timeout = None,
    *,
    prefix: _Prefix = None,
    max_size: int | None = None,
    max_entries: int | None = None,
    min_free_space: int | None = None,
) -> Root: ...
def delete_recursively(
    path: _Path,
    flags: DeleteFlags | int = ...,
    cancellable: Gio.Cancellable | None = None,
    progress: _Progress | None = None,
) -> bool: ...
@overload
def delete_recursively_async(
    path: _Path,
    flags: DeleteFlags | int = ...,
    io_priority: int = 0,
    cancellable: Gio.Cancellable | None = None,
    progress: _Progress | None = None,
) -> Coroutine[Any, Any, bool]: ...
@overload
def delete_recursively_async(
    path: _Path,
    flags: DeleteFlags | int,
    io_priority: int,
    cancellable: Gio.Cancellable | None,
    progress: _Progress | None,
    callback: _Callback | None,
    *user_data: Any,
) -> None: ...
@overload
def delete_recursively_async(
    path: _Path,
    flags: DeleteFlags | int = ...,
    io_priority: int = 0,
    cancellable: Gio.Cancellable | None = None,
    progress: _Progress | None = None,
    *,
    callback: _Callback | None,
) -> None: ...
def delete_recursively_finish(result: Gio.AsyncResult) -> bool: ...
def get_major_version() -> int: ...
def get_minor_version() -> int: ...
def get_micro_version() -> int: ...
