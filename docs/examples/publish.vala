// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Unpacks an archive, adds a list of its files, and publishes both in one step. What takes
// time lets the main loop go on. Usage: publish ROOT ARCHIVE DESTINATION

// From the path of each regular file in the folder to its size.
void find_files (File top, File folder, HashTable<string, int64?> files) throws Error {
    var children = folder.enumerate_children ("standard::name,standard::type,standard::size",
                                              FileQueryInfoFlags.NOFOLLOW_SYMLINKS);
    FileInfo? info;

    while ((info = children.next_file ()) != null) {
        var child = folder.get_child (info.get_name ());

        if (info.get_file_type () == FileType.DIRECTORY)
            find_files (top, child, files);
        else if (info.get_file_type () == FileType.REGULAR)
            files[top.get_relative_path (child)] = info.get_size ();
    }
}

async void publish (string folder, string archive, string destination) throws Error {
    var root = yield new Tempman.Root (File.new_for_path (folder), 24 * 60 * 60,
                                       Tempman.RootFlags.CREATE_DIRECTORY |
                                       Tempman.RootFlags.RECLAIM_ABANDONED);
    // After an error, the directory is deleted with the last reference.
    var directory = yield root.create_temp_dir_async ();

    var tar = new Subprocess (SubprocessFlags.NONE, "tar", "-xf", archive, "-C", directory.path);
    yield tar.wait_check_async ();

    var files = new HashTable<string, int64?> (str_hash, str_equal);
    find_files (directory.file, directory.file, files);
    var paths = files.get_keys ();
    paths.sort (strcmp);
    var lines = new StringBuilder ();
    foreach (unowned var path in paths)
        lines.append (@"$(files[path]) $path\n");
    yield directory.get_child ("INDEX").replace_contents_async (lines.str.data, null, false,
                                                                FileCreateFlags.NONE, null, null);

    yield directory.persist_async (File.new_for_path (destination), Tempman.PersistFlags.REPLACE);
    stdout.printf ("published %s: %d files\n", destination, (int) files.length);
    stdout.printf ("cleaned up %zd directories\n", yield root.cleanup_async ());
}

async int main (string[] arguments) {
    if (arguments.length != 4) {
        stderr.printf ("Usage: %s ROOT ARCHIVE DESTINATION\n", arguments[0]);
        return 1;
    }
    try {
        yield publish (arguments[1], arguments[2], arguments[3]);
        return 0;
    } catch (Error error) {
        stderr.printf ("%s\n", error.message);
        return 1;
    }
}
