-- SPDX-FileCopyrightText: 2026 The tempman authors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- The library in Lua, through its typelib and lgi. Prints TAP.

local lgi = require 'lgi'
local Gio, GLib = lgi.Gio, lgi.GLib
local Tempman = lgi.require('Tempman', '1')

local n_tests, n_failed = 0, 0

local function skip(name, reason)
    n_tests = n_tests + 1
    print(('ok %d - %s # SKIP %s'):format(n_tests, name, reason))
end

local function test(name, run)
    n_tests = n_tests + 1
    local folder = Gio.File.new_for_path(GLib.dir_make_tmp('tempman-test-XXXXXX'))
    local ok, failure = xpcall(run, function(message)
        return debug.traceback(tostring(message))
    end, folder)
    -- Fails if the test left files in the folder.
    if ok then
        collectgarbage()
        ok, failure = folder:delete()
    end
    print(('%s %d - %s'):format(ok and 'ok' or 'not ok', n_tests, name))
    if not ok then
        n_failed = n_failed + 1
        print('# ' .. tostring(failure):gsub('\n', '\n# '))
    end
end

local function equal(actual, expected)
    if actual ~= expected then
        error(('expected %s, got %s'):format(expected, actual), 2)
    end
end

-- Takes the results of a call that fails: lgi returns false, nil or a number, and the error.
local function fails(code, text, _, failure)
    assert(failure, 'no error')
    assert(failure:matches(Gio.IOErrorEnum, code), failure)
    assert(failure.message:find(text, 1, true), failure)
end

local function make_old(folder, name)
    local child = folder:get_child(name)
    assert(child:make_directory())
    assert(child:set_attribute_uint64('time::modified', os.time() - 7200, 'NONE'))
    assert(child:set_attribute_uint64('time::access', os.time() - 7200, 'NONE'))
    return child
end

local function exists(file)
    return file:query_exists()
end

test('create, use and close', function(folder)
    local directory = assert(Tempman.TemporaryDirectory.new(folder, 'lua'))
    assert(directory.file:get_parent():equal(folder))
    equal(directory.path, directory:get_path())
    assert(directory.fd >= 0)
    local file = assert(io.open(directory:get_child('notes'):get_path(), 'w'))
    file:write('work'):close()
    equal(directory.closed, false)
    assert(directory:close())
    equal(directory:is_closed(), true)
    equal(exists(directory.file), false)
    assert(directory:close())
end)

test('the collector deletes', function(folder)
    local path = assert(Tempman.TemporaryDirectory.new(folder)).path
    collectgarbage()
    collectgarbage()
    equal(exists(Gio.File.new_for_path(path)), false)
end)

test('cleanup', function(folder)
    local root = assert(Tempman.Root.new(folder, 3599.5, {}))
    equal(root.timeout, 3599.5)
    local directory = assert(root:create_temp_dir())
    local old = make_old(folder, 'old')
    equal(root:cleanup(), 1)
    equal(exists(old), false)
    assert(exists(directory.file))
    assert(directory:close())
end)

local function test_signals(folder)
    local root = assert(Tempman.Root.new(folder, 3600, {}))
    local context = GLib.MainContext.default()
    local reports = {}

    -- An error would end in the handler. Only the thread that acquired the main context owns it.
    local function report(source, entry, text)
        local place = context:is_owner() and ('depth %d'):format(GLib.main_depth())
            or 'another thread'
        if source ~= root then
            place = 'another root'
        end
        table.insert(reports, table.concat({entry.name, entry.reason, text, place}, ' '))
    end

    function root.on_entry_removed(source, entry)
        report(source, entry, exists(entry.file) and 'exists' or 'deleted')
    end

    function root.on_entry_failed(source, entry, failure)
        local is_expected = failure:matches(Gio.IOErrorEnum, 'READ_ONLY')
            and failure.message:find(entry.path, 1, true)
        report(source, entry, is_expected and 'failed' or 'failed: ' .. tostring(failure))
    end

    -- In the order in which the deletions end.
    local function check_reports(...)
        table.sort(reports)
        equal(table.concat(reports, ', '), table.concat({...}, ', '))
        reports = {}
    end

    -- A blocking call: in the calling thread, before it returns.
    make_old(folder, 'a')
    make_old(folder, 'b')
    local stuck = make_old(folder, 'stuck')
    assert(context:acquire())
    fails('READ_ONLY', stuck:get_path(), root:cleanup())
    context:release()
    check_reports('a EXPIRED deleted depth 0', 'b EXPIRED deleted depth 0',
        'stuck EXPIRED failed depth 0')

    -- An asynchronous call: in the main context of the caller, before the callback.
    make_old(folder, 'a')
    local loop, n_before = GLib.MainLoop()
    root:cleanup_async(GLib.PRIORITY_DEFAULT, nil, function(_, result)
        n_before = #reports
        fails('READ_ONLY', stuck:get_path(), root:cleanup_finish(result))
        loop:quit()
    end)
    equal(#reports, 0)
    loop:run()
    equal(n_before, 2)
    check_reports('a EXPIRED deleted depth 1', 'stuck EXPIRED failed depth 1')

    -- A creation cleans up first.
    make_old(folder, 'a')
    assert(context:acquire())
    local directory = assert(root:create_temp_dir())
    context:release()
    check_reports('a EXPIRED deleted depth 0', 'stuck EXPIRED failed depth 0')
    assert(directory:close())
    assert(stuck:delete())
end

if GLib.getenv('TEMPMAN_TEST_GATE_STUCK') == 'stuck' then
    test('signals of a cleanup', test_signals)
else
    skip('signals of a cleanup', 'needs tempman-test-gate.so in LD_PRELOAD')
end

test('flags and properties', function(folder)
    local both = {'CREATE_DIRECTORY', 'RECLAIM_ABANDONED'}
    local root = assert(Tempman.Root.new(folder:get_child('made'), Tempman.NO_TIMEOUT, both))
    equal(root.timeout, -1)
    assert(root.flags.CREATE_DIRECTORY and root.flags.RECLAIM_ABANDONED)
    assert(not root.flags.EXPIRE_LIVE)
    root.prefix = 'photos'
    root.age_basis = 'MODIFIED'
    equal(root:get_age_basis(), 'MODIFIED')
    equal(root.lease, Tempman.DEFAULT_LEASE)
    root.lease = 60.5
    equal(root:get_lease(), 60.5)
    root.max_entries = 20
    root.max_size = 10000000000
    root.min_free_space = 4096
    equal(root:get_max_entries(), 20)
    equal(root:get_max_size(), 10000000000)
    equal(root.min_free_space, 4096)
    local directory = assert(root:create_temp_dir())
    assert(directory.file:get_basename():find('^photos%-'))
    assert(directory:close())
    assert(root.directory:delete())
end)

test('list', function(folder)
    local root = assert(Tempman.Root.new(folder, 3600, {}))
    local directory = assert(root:create_temp_dir())
    local old = make_old(folder, 'old')
    local entries = assert(root:list_entries('NONE'))
    equal(entries:get_n_items(), 2)
    -- Sorted by name.
    local first, second = entries:get_item(0), entries:get_item(1)
    assert(first.file:equal(old))
    equal(first.state, 'UNOWNED')
    equal(first.removable, true)
    assert(math.abs(os.time() - 7200 - first.last_used:to_unix()) <= 60)
    equal(first.info:get_name(), 'old')
    equal(second.state, 'LIVE')
    equal(second.removable, false)
    assert(directory:close())
    assert(old:delete())
end)

test('keep and persist', function(folder)
    local kept = assert(Tempman.TemporaryDirectory.new(folder))
    assert(kept:keep())
    assert(kept.file:delete())

    local named = assert(Tempman.TemporaryDirectory {
        parent = folder, suffix = '.build', mode = tonumber('755', 8),
    })
    assert(named.path:match('%.build$'))
    equal(named.mode, tonumber('755', 8))
    assert(named:close())

    local destination = folder:get_child('published')
    assert(assert(Tempman.TemporaryDirectory.new(folder)):persist(destination, {}))
    local second = assert(Tempman.TemporaryDirectory.new(folder))
    fails('EXISTS', destination:get_path(), second:persist(destination, {}))
    assert(second:persist(destination, 'REPLACE'))
    assert(second.file:equal(destination))
    assert(destination:delete())
end)

test('errors', function(folder)
    local missing = folder:get_child('missing')
    fails('NOT_FOUND', missing:get_path(), Tempman.TemporaryDirectory.new(missing))
    fails('NOT_FOUND', missing:get_path(), Tempman.Root.new(missing, 0, {}))
    fails('INVALID_ARGUMENT', folder:get_path(), Tempman.Root.new(folder, 0 / 0, {}))
    fails('NOT_FOUND', missing:get_path(), Tempman.delete_recursively(missing, {}))
    equal(pcall(Tempman.TemporaryDirectory.new, 'no file'), false)
    equal(pcall(Tempman.Root.new, nil, 0, {}), false)

    local directory = assert(Tempman.TemporaryDirectory.new(folder))
    assert(directory:close())
    fails('CLOSED', directory.path, directory:keep())

    -- assert() does not notice this error: the first result is a number, which is true.
    local cancellable = Gio.Cancellable()
    cancellable:cancel()
    local n_deleted, failure = assert(Tempman.Root.new(folder, 0, {})):cleanup(cancellable)
    equal(n_deleted, -1)
    fails('CANCELLED', '', n_deleted, failure)
end)

test('constructed by its properties', function(folder)
    local directory = assert(Tempman.TemporaryDirectory {parent = folder, prefix = 'lua'})
    assert(exists(directory.file))
    assert(directory:close())

    local missing = folder:get_child('missing')
    fails('NOT_FOUND', missing:get_path(), Tempman.TemporaryDirectory {parent = missing})
    fails('NOT_FOUND', missing:get_path(), Tempman.Root {directory = missing})
    local root = assert(Tempman.Root {directory = folder, timeout = 0.5, flags = 'EXPIRE_LIVE'})
    equal(root.timeout, 0.5)
end)

test('delete, with progress', function(folder)
    local tree = folder:get_child('tree')
    assert(tree:get_child('branch'):make_directory_with_parents())
    local last
    assert(Tempman.delete_recursively(tree, {}, nil, function(n_deleted, n_found)
        last = ('%d of %d'):format(n_deleted, n_found)
    end))
    equal(last, '2 of 2')
    assert(Tempman.delete_recursively(tree, {'ALLOW_MISSING'}))
    assert(tree:get_child('branch'):make_directory_with_parents())
    assert(Tempman.delete_recursively(tree, {'KEEP_DIRECTORY'}))
    assert(exists(tree))

    assert(tree:get_child('branch'):make_directory())
    last = nil
    local loop, deleted = GLib.MainLoop()
    Tempman.delete_recursively_async(tree, {}, GLib.PRIORITY_DEFAULT, nil, function(n_deleted, n_found)
        last = ('%d of %d'):format(n_deleted, n_found)
    end, function(_, result)
        deleted = Tempman.delete_recursively_finish(result)
        loop:quit()
    end)
    loop:run()
    equal(deleted, true)
    equal(last, '2 of 2')
end)

test('a deletion as an object', function(folder)
    local tree = folder:get_child('tree')
    assert(tree:get_child('branch'):make_directory_with_parents())
    local deletion = Tempman.Deletion {file = tree}
    local n_notified, failure = 0
    deletion.on_notify['fraction'] = function() n_notified = n_notified + 1 end
    deletion.on_failed = function(_, _, error) failure = error.message end
    assert(deletion:run())
    assert(n_notified > 0)
    equal(deletion.fraction, 1)
    equal(deletion.n_deleted, 2)
    fails('NOT_FOUND', tree:get_path(), deletion:run())
    assert(failure:find(tree:get_path(), 1, true))
end)

test('asynchronously, with coroutines', function(folder)
    Gio.Async.call(function()
        local directory = assert(Tempman.TemporaryDirectory.async_new(folder, 'lua'))
        assert(exists(directory.file))
        assert(directory:async_close())

        local root = assert(Tempman.Root.async_new(folder, 3600, 'NONE'))
        local old = make_old(folder, 'old')
        local entries = assert(root:async_list_entries('NONE'))
        equal(entries:get_n_items(), 1)
        equal(root:async_cleanup(), 1)
        equal(exists(old), false)
        local other = assert(root:async_create_temp_dir())
        assert(other:async_persist(folder:get_child('published'), 'NONE'))
        assert(other.file:delete())

        local missing = folder:get_child('missing')
        fails('NOT_FOUND', missing:get_path(), Tempman.Root.async_new(missing, 0, 'NONE'))
    end)()
end)

test('names that are not UTF-8', function(folder)
    -- lgi expects file names in UTF-8. Others need a URI.
    local directory = assert(Tempman.TemporaryDirectory.new(folder))
    local child = Gio.File.new_for_uri(directory.file:get_uri() .. '/caf%E9')
    assert(child:make_directory())
    assert(exists(child))
    assert(directory:close())
    equal(exists(child), false)
end)

print('1..' .. n_tests)
os.exit(n_failed == 0)
