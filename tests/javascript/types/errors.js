// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A program of errors, each in a line of its own with the number of the error that tsc finds. It
// never runs.

import Gio from 'gi://Gio?version=2.0';
import Tempman from 'gi://Tempman?version=1';

const folder = Gio.File.new_for_path('folder');
const directory = new Tempman.TemporaryDirectory({parent: folder});
const root = new Tempman.Root({directory: folder});

// Wrong types.
new Tempman.TemporaryDirectory({parent: '/tmp'}); // TS2322
new Tempman.TemporaryDirectory({parent: folder, prefix: 5}); // TS2322
new Tempman.TemporaryDirectory({parent: folder, suffix: 5}); // TS2322
new Tempman.TemporaryDirectory({parent: folder, mode: '755'}); // TS2322
new Tempman.TemporaryDirectory('/tmp'); // TS2559
new Tempman.Root({directory: '/tmp'}); // TS2322
new Tempman.Root({directory: folder, timeout: '60'}); // TS2322
Tempman.Root.new(folder, '60'); // TS2345
directory.persist('/tmp/published'); // TS2345
root.cleanup(60); // TS2345
root.prefix = 5; // TS2322
root.set_age_basis('modified'); // TS2345
root.set_lease(null); // TS2345
root.lease = '60'; // TS2322
root.set_max_entries(null); // TS2345
root.max_size = '2G'; // TS2322
Tempman.delete_recursively('/tmp/tree'); // TS2345
Tempman.delete_recursively(folder, 0, null, 5); // TS2345

// In options.
new Tempman.Root({directory: folder, flags: 'create'}); // TS2322
new Tempman.Root({directory: folder, prefix: 5}); // TS2322
new Tempman.Root({directory: folder, age_basis: 'modified'}); // TS2322
new Tempman.Root({directory: folder, ageBasis: 'modified'}); // TS2322
new Tempman.Root({directory: folder, lease: null}); // TS2322
new Tempman.Root({directory: folder, minFreeSpace: '5%'}); // TS2322
await Tempman.withTemporaryDirectory({parent: '/tmp'}, async () => {}); // TS2322
await Tempman.withTemporaryDirectory({prefix: 5}, async () => {}); // TS2322
await Tempman.withTemporaryDirectory({cancellable: folder}, async () => {}); // TS2322 TS2739 TS2740 TS2741
await Tempman.withTemporaryDirectory({perfix: 'x'}, async () => {}); // TS2345 TS2353 TS2561
await root.withTemporaryDirectory(5); // TS2345
await root.withTemporaryDirectory(async () => {}, 5); // TS2345
Tempman.Root.new(folder, 60, 'create'); // TS2345
directory.persist(folder, 'replace'); // TS2345
Tempman.delete_recursively(folder, 'keep'); // TS2345
directory.keep(5); // TS2345
directory.persist_async(folder, 'replace'); // TS2345 TS2769

// Missing arguments, or null.
new Tempman.Root(); // TS2554
new Tempman.Root({directory: null}); // TS2322
new Tempman.Root({timeout: 60}); // TS2345
directory.get_child(); // TS2554
directory.persist(null); // TS2345
await root.withTemporaryDirectory(); // TS2554
await Tempman.withTemporaryDirectory({parent: folder}); // TS2554
directory.path.length; // TS2531 TS18047

// Names that do not exist.
new Tempman.TemporaryDirectory({perent: folder}); // TS2345 TS2353 TS2561
new Tempman.Root({directory: folder, timeuot: 60}); // TS2345 TS2353 TS2561
directory.delete(); // TS2339
Tempman.RootFlags.RECLAIM; // TS2339
new Tempman.RootEntry(); // TS2673

// Read-only properties, and calls without their first arguments.
directory.path = '/tmp'; // TS2540
root.timeout = 60; // TS2540
directory.close_async(() => {}); // TS2345 TS2769
await Tempman.withTemporaryDirectory(async () => {}, {}); // TS2559

// A promise is not its result, nor is a value of another type.
directory.close_async().length; // TS2339
root.create_temp_dir_async().get_path(); // TS2339
(await root.cleanup_async()).get_path(); // TS2339
(await root.withTemporaryDirectory(async () => 5)).length; // TS2339
