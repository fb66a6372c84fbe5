// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The Vala binding, blocking and with yield.

File make_folder () {
    try {
        return File.new_for_path (DirUtils.make_tmp ("tempman-test-XXXXXX"));
    } catch (Error error) {
        Test.message ("%s", error.message);
        assert_not_reached ();
    }
}

// Fails if the test left files in the folder.
void remove_folder (File folder) {
    try {
        folder.delete ();
    } catch (Error error) {
        Test.message ("%s", error.message);
        assert_not_reached ();
    }
}

void make_old (string path) {
    var now = get_real_time () / TimeSpan.SECOND;
    var times = UTimBuf () { actime = (time_t) (now - 7200), modtime = (time_t) (now - 7200) };

    assert_true (FileUtils.utime (path, times) == 0);
}

void test_directory () throws Error {
    var folder = make_folder ();
    var directory = new Tempman.TemporaryDirectory.sync (folder, "vala");

    assert_true (directory.get_file ().get_parent ().equal (folder));
    assert_true (FileUtils.test (directory.path, FileTest.IS_DIR));
    assert_true (directory.fd >= 0);
    assert_true (directory.get_child ("notes").create (FileCreateFlags.NONE).close ());
    assert_false (directory.closed);

    assert_true (directory.close ());
    assert_true (directory.closed && directory.is_closed ());
    assert_false (FileUtils.test (directory.path, FileTest.EXISTS));
    assert_true (directory.close ());
    remove_folder (folder);
}

void test_scope () throws Error {
    var folder = make_folder ();
    {
        var directory = new Tempman.TemporaryDirectory.sync (folder, null);
        assert_true (FileUtils.test (directory.path, FileTest.IS_DIR));
    }
    remove_folder (folder);
}

void test_keep () throws Error {
    var folder = make_folder ();
    var directory = new Tempman.TemporaryDirectory.sync (folder, null);

    assert_true (directory.adopt ());
    assert_true (directory.keep ());
    assert_true (directory.closed);
    assert_true (directory.file.delete ());

    var named = (Tempman.TemporaryDirectory) Initable.@new (typeof (Tempman.TemporaryDirectory), null,
                                                            "parent", folder, "suffix", ".build",
                                                            "mode", 0755u);
    assert_true (named.path.has_suffix (named.suffix) && named.suffix == ".build");
    assert_true (named.mode == 0755);
    assert_true (named.close ());
    remove_folder (folder);
}

void test_errors () throws Error {
    var folder = make_folder ();

    try {
        new Tempman.TemporaryDirectory.sync (folder.get_child ("missing"), null);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert_true (error.message.contains (folder.get_path ()));
    }
    remove_folder (folder);
}

void test_root () throws Error {
    var folder = make_folder ();
    var root = new Tempman.Root.sync (folder.get_child ("root"), 3600,
                                      Tempman.RootFlags.CREATE_DIRECTORY);
    var old = root.directory.get_child ("old");
    root.prefix = "photos";

    old.make_directory ();
    make_old (old.get_path ());
    assert_true (root.cleanup () == 1);
    assert_false (old.query_exists ());

    old.make_directory ();
    make_old (old.get_path ());
    var directory = root.create_temp_dir ();
    assert_false (old.query_exists ());
    assert_true (directory.get_file ().get_basename ().has_prefix ("photos-"));
    assert_true (root.timeout == 3600 && root.flags == Tempman.RootFlags.CREATE_DIRECTORY);

    assert_true (directory.close ());
    remove_folder (root.directory);
    remove_folder (folder);
}

void test_persist () throws Error {
    var folder = make_folder ();
    var destination = folder.get_child ("published");

    new Tempman.TemporaryDirectory.sync (folder).persist (destination);
    var second = new Tempman.TemporaryDirectory.sync (folder);
    try {
        second.persist (destination);
        assert_not_reached ();
    } catch (IOError.EXISTS error) {
        assert_true (error.message.contains (destination.get_path ()));
    }
    assert_true (second.persist (destination, Tempman.PersistFlags.REPLACE));
    assert_true (second.file.equal (destination));
    destination.delete ();
    remove_folder (folder);
}

void check_entries (ListModel entries, string expected) {
    string[] found = {};

    for (uint i = 0; i < entries.get_n_items (); i++) {
        var entry = (Tempman.RootEntry) entries.get_item (i);
        var age = new DateTime.now_utc ().difference (entry.last_used);

        assert_true (entry.removable == (age > TimeSpan.HOUR));
        assert_true (entry.heartbeat_age == -1);
        assert_true (entry.size == 0);
        found += "%s %s".printf (entry.info.get_name (), entry.state.to_string ());
    }
    assert_true (string.joinv (", ", found) == expected);
}

void test_entries () throws Error {
    var folder = make_folder ();
    var root = new Tempman.Root.sync (folder, 3600);
    root.prefix = "photos";
    var old = folder.get_child ("old");

    old.make_directory ();
    make_old (old.get_path ());
    var directory = new Tempman.TemporaryDirectory.sync (folder, "photos");
    check_entries (root.list_entries (),
                   @"old TM_ROOT_ENTRY_STATE_UNOWNED, $(directory.file.get_basename ()) TM_ROOT_ENTRY_STATE_LIVE");
    directory.close ();
    root.age_basis = Tempman.AgeBasis.NEWEST_CONTENT;
    assert_true (root.lease == Tempman.DEFAULT_LEASE);
    root.lease = double.INFINITY;
    assert_true (root.get_watch_time () == 0);
    root.max_entries = 20;
    root.max_size = 10000000000;
    root.min_free_space = 1;
    assert_true (root.get_max_entries () == 20);
    assert_true (root.get_max_size () == 10000000000 && root.get_min_free_space () == 1);
    root.max_entries = 0;
    root.max_size = root.min_free_space = 0;
    string[] removed = {};
    root.entry_removed.connect ((entry) => {
        assert_true (entry.reason == Tempman.RemovalReason.EXPIRED);
        removed += entry.name;
    });
    root.entry_failed.connect ((entry, error) => {
        critical ("%s: %s", entry.path, error.message);
    });
    assert_true (root.cleanup () == 1);
    assert_true (string.joinv (", ", removed) == "old");
    remove_folder (folder);
}

File make_tree (File folder) throws Error {
    var tree = folder.get_child ("tree");

    tree.get_child ("branch").make_directory_with_parents ();
    return tree;
}

void test_delete () throws Error {
    var folder = make_folder ();
    uint64 last = 0;

    assert_true (Tempman.delete_recursively (make_tree (folder), Tempman.DeleteFlags.NONE, null,
                                             (n_deleted, n_found) => {
        assert_true (n_deleted <= n_found);
        last = n_deleted;
    }));
    assert_true (last == 2);
    var tree = make_tree (folder);
    assert_true (Tempman.delete_recursively (tree, Tempman.DeleteFlags.KEEP_DIRECTORY));
    assert_true (tree.query_exists ());
    assert_true (Tempman.delete_recursively (tree));
    assert_true (Tempman.delete_recursively (tree, Tempman.DeleteFlags.ALLOW_MISSING));
    try {
        Tempman.delete_recursively (folder.get_child ("tree"));
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert_true (error.message.contains ("tree"));
    }
    remove_folder (folder);
}

void test_deletion () throws Error {
    var folder = make_folder ();
    var deletion = new Tempman.Deletion (make_tree (folder));
    var n_notified = 0;
    var failures = "";

    deletion.notify["fraction"].connect (() => n_notified++);
    deletion.failed.connect ((file, error) => failures += error.message);
    assert_true (deletion.file.equal (folder.get_child ("tree")));
    assert_true (deletion.flags == Tempman.DeleteFlags.NONE);
    assert_true (deletion.run ());
    assert_true (n_notified > 0);
    assert_true (deletion.fraction == 1);
    assert_true (deletion.n_found == 2 && deletion.n_deleted == 2);
    assert_true (deletion.bytes_freed == 0);
    try {
        deletion.run ();
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert_true (failures == error.message);
    }
    remove_folder (folder);
}

async void use_asynchronously (File folder) throws Error {
    var directory = yield new Tempman.TemporaryDirectory (folder);
    var root = yield new Tempman.Root (folder, 3600);
    var old = folder.get_child ("old");

    old.make_directory ();
    make_old (old.get_path ());
    assert_true ((yield root.list_entries_async ()).get_n_items () == 2);
    assert_true ((yield root.cleanup_async ()) == 1);

    var other = yield root.create_temp_dir_async ();
    assert_true (other.file.get_parent ().equal (folder));
    assert_true (yield other.close_async ());
    var destination = folder.get_child ("published");
    assert_true (yield directory.persist_async (destination));
    var second = yield new Tempman.TemporaryDirectory (folder, "vala", Priority.LOW);
    assert_true (yield second.persist_async (destination, Tempman.PersistFlags.REPLACE));
    var kept = yield new Tempman.TemporaryDirectory (folder);
    assert_true (yield kept.keep_async ());
    assert_true (kept.closed && kept.file.query_exists ());
    assert_true (yield Tempman.delete_recursively_async (kept.file));

    uint64 last = 0;
    assert_true (yield Tempman.delete_recursively_async (destination));
    assert_true (yield Tempman.delete_recursively_async (make_tree (folder), Tempman.DeleteFlags.NONE,
                                                         Priority.DEFAULT, null,
                                                         (n_deleted) => last = n_deleted));
    assert_true (last == 2);

    var cancellable = new Cancellable ();
    cancellable.cancel ();
    try {
        yield root.create_temp_dir_async (Priority.DEFAULT, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED error) {
    }
}

void test_async () throws Error {
    var folder = make_folder ();
    var loop = new MainLoop ();
    Error? failure = null;

    use_asynchronously.begin (folder, (source, result) => {
        try {
            use_asynchronously.end (result);
        } catch (Error error) {
            failure = error;
        }
        loop.quit ();
    });
    loop.run ();
    if (failure != null)
        throw failure;
    remove_folder (folder);
}

delegate void ThrowingTest () throws Error;

void add (string path, owned ThrowingTest test) {
    Test.add_data_func (path, () => {
        try {
            test ();
        } catch (Error error) {
            Test.message ("%s", error.message);
            Test.fail ();
        }
    });
}

int main (string[] arguments) {
    Test.init (ref arguments);
    add ("/vala/directory", test_directory);
    add ("/vala/scope", test_scope);
    add ("/vala/keep", test_keep);
    add ("/vala/errors", test_errors);
    add ("/vala/root", test_root);
    add ("/vala/persist", test_persist);
    add ("/vala/entries", test_entries);
    add ("/vala/delete", test_delete);
    add ("/vala/deletion", test_deletion);
    add ("/vala/async", test_async);
    return Test.run ();
}
