# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A program as a user would write it, in which a checker of types finds nothing."""

import asyncio
import datetime
import os
import pathlib
import sys

import tempman


def report(n_deleted: int, n_found: int) -> None:
    print(n_deleted, 'of', n_found)


def drop_in(folder: str) -> str:
    print(tempman.__version__)
    with tempman.create_temp_dir(folder) as directory:
        path: str = directory.path
    root = tempman.root(folder, timeout=60, prefix=b'work')
    root = tempman.root(folder, timeout=0.5)
    root = tempman.root(folder, timeout=datetime.timedelta(days=1))
    root.cleanup()
    root.create_temp_dir().close()
    return path


def work(folder: pathlib.Path) -> int:
    flags = tempman.RootFlags.CREATE_DIRECTORY | tempman.RootFlags.RECLAIM_ABANDONED
    root = tempman.Root(folder, datetime.timedelta(hours=1), flags, prefix='work')
    root.set_age_basis(tempman.AgeBasis.NEWEST_CONTENT)
    root.set_prefix('report')
    root.set_lease(datetime.timedelta(hours=1))
    root.props.lease = 60.5
    root.lease = root.timeout + 60
    lease: float = root.get_lease() + root.get_watch_time() + tempman.DEFAULT_LEASE
    print(lease)
    root = tempman.root(folder, 60, max_size=2 * 10**9, max_entries=20, min_free_space=None)
    root.set_max_size(None)
    root.props.max_entries = 10
    root.set_min_free_space(10**9)
    limits: int = root.get_max_size() + root.get_max_entries() + root.get_min_free_space()
    print(limits)
    with root.create_temp_dir() as directory:
        (directory / 'notes.txt').write_text('work')
        notes: pathlib.Path = directory.joinpath('one', 'two')
        notes.mkdir(parents=True)
        names: list[str] = os.listdir(directory)
        print(names, directory.closed, directory.get_fd(), f'{directory}', str(directory))
        adopted: bool = directory.adopt()
        print(adopted)
        directory.persist(folder / 'published', tempman.PersistFlags.REPLACE)
    for entry in root.list_entries():
        last_used: datetime.datetime = entry.last_used
        if entry.removable and entry.state == tempman.RootEntryState.UNOWNED:
            print(os.fspath(entry), last_used.isoformat(), entry.state.value_nick)
            print(entry.name, entry.reason.value_nick)
        if entry.heartbeat_age is not None:
            age: float = entry.heartbeat_age
            print(age, entry.get_heartbeat_age())
    for entry in root.list_entries(tempman.ListFlags.MEASURE):
        size: int = entry.size + entry.get_size() + entry.props.size
        print(size, entry.reason == tempman.RemovalReason.OVER_SIZE)
    first = root.list_entries()[0]
    tempman.delete_recursively(first, progress=report)
    return root.cleanup()


def try_it(folder: bytes) -> None:
    try:
        tempman.TemporaryDirectory(folder, 'prefix').close()
    except tempman.NotFoundError as error:
        print(error.filename, error.errno)
    except FileNotFoundError as error:
        print(error.filename)


async def asynchronously(folder: str) -> int:
    root = await tempman.Root.new_async(folder, timeout=60, prefix='work')
    async with await root.create_temp_dir_async() as directory:
        print(directory.path)
    other: tempman.TemporaryDirectory = await tempman.TemporaryDirectory.new_async()
    task: asyncio.Task[bool] = asyncio.create_task(other.close_async())
    closed: bool = await task
    made = pathlib.Path(folder, 'made')
    made.mkdir()
    await tempman.delete_recursively_async(made, progress=report)
    made.mkdir()
    deletion = tempman.Deletion(made, tempman.DeleteFlags.ALLOW_MISSING)
    deleted: bool = await deletion.run_async() and deletion.run()
    share: float = deletion.fraction + deletion.n_deleted
    print(deleted, share, deletion.props.flags, deletion.get_file())
    entries = await root.list_entries_async(tempman.ListFlags.NONE)
    entry: tempman.RootEntry
    for entry in entries:
        print(entry.path)
    print(closed, len(entries))
    return await root.cleanup_async()


def by_callback(directory: tempman.TemporaryDirectory) -> None:
    def done(source: tempman.TemporaryDirectory, result: object, data: str) -> None:
        print(source, result, data)

    directory.close_async(0, None, done, 'data')
    directory.close_async(callback=None)


if __name__ == '__main__':
    print(drop_in(sys.argv[1]), work(pathlib.Path(sys.argv[1])))
    asyncio.run(asynchronously(sys.argv[1]))
