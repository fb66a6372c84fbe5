-- SPDX-FileCopyrightText: 2026 The tempman authors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Unpacks an archive, adds a list of its files, and publishes both in one step.
-- Usage: lua publish.lua ROOT ARCHIVE DESTINATION

local lgi = require 'lgi'
local Gio = lgi.Gio
local Tempman = lgi.require('Tempman', '1')

-- Adds what there is to say of each regular file in the folder.
local function find_files(top, folder, files)
    local children = assert(folder:enumerate_children(
        'standard::name,standard::type,standard::size', 'NOFOLLOW_SYMLINKS'))
    for info in function() return children:next_file() end do
        local child = folder:get_child(info:get_name())
        if info:get_file_type() == 'DIRECTORY' then
            find_files(top, child, files)
        elseif info:get_file_type() == 'REGULAR' then
            table.insert(files, {path = top:get_relative_path(child), size = info:get_size()})
        end
    end
    return files
end

local function fill(directory, archive)
    local tar = assert(Gio.Subprocess.new({'tar', '-xf', archive, '-C', directory.path}, 'NONE'))
    assert(tar:wait_check())

    local files = find_files(directory.file, directory.file, {})
    table.sort(files, function(a, b) return a.path < b.path end)
    local index = assert(io.open(directory:get_child('INDEX'):get_path(), 'w'))
    for _, file in ipairs(files) do
        assert(index:write(('%d %s\n'):format(file.size, file.path)))
    end
    assert(index:close())
    return #files
end

local function publish(folder, archive, destination)
    local root = assert(Tempman.Root.new(Gio.File.new_for_path(folder), 24 * 60 * 60,
                                         {'CREATE_DIRECTORY', 'RECLAIM_ABANDONED'}))
    local directory = assert(root:create_temp_dir())
    local ok, result = pcall(function()
        local n_files = fill(directory, archive)
        assert(directory:persist(Gio.File.new_for_path(destination), 'REPLACE'))
        return n_files
    end)
    -- Once it is published there is nothing left to delete.
    assert(directory:close())
    if not ok then error(result, 0) end
    print(('published %s: %d files'):format(destination, result))

    -- A number is true, even -1: assert() would not see the error.
    local n_deleted, failure = root:cleanup()
    if failure then error(failure, 0) end
    print(('cleaned up %d directories'):format(n_deleted))
end

if #arg ~= 3 then
    io.stderr:write('Usage: ', arg[0], ' ROOT ARCHIVE DESTINATION\n')
    os.exit(1)
end
local ok, failure = pcall(publish, arg[1], arg[2], arg[3])
if not ok then
    io.stderr:write(tostring(failure), '\n')
    os.exit(1)
end
