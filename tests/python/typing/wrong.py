# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A program with errors, each of which a checker of types has to find, and no other."""

import tempman


async def wrong() -> None:
    root = tempman.root('/var/tmp', timeout='60')  # error
    tempman.Root('/var/tmp', flags='create')  # error
    tempman.Root()  # error
    root.set_age_basis('modified')  # error
    root.set_lease(None)  # error
    root.set_max_size('2G')  # error
    tempman.root('/var/tmp', None, 20)  # error
    tempman.root('/var/tmp', max_entries=0.5)  # error
    directory = root.create_temp_dir()
    number: int = directory.path  # error
    with directory as entered:
        text: str = entered / 'notes.txt'  # error
    n_deleted: str = root.cleanup()  # error
    for entry in root.list_entries():
        time: float = entry.last_used  # error
        age: float = entry.heartbeat_age  # error
        print(time, age)
    closed: str = await directory.close_async()  # error
    directory.close_async('high')  # error
    n_swept: str = await root.cleanup_async()  # error
    reason: str = (await root.list_entries_async())[0].reason  # error
    tempman.delete_recursively('/var/tmp/x', progress=1)  # error
    print(tempman.RootFlags.CREATE)  # error
    print(tempman.no_such_function())  # error
    print(number, text, n_deleted, closed, n_swept, reason)
