#!/usr/bin/ruby
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Unpacks an archive, adds a list of its files, and publishes both in one step.
# Usage: ruby publish.rb ROOT ARCHIVE DESTINATION

require 'find'
require 'gio2'

module Tempman
  loader = GObjectIntrospection::Loader.new(self)
  loader.version = '1'
  loader.load('Tempman')
end

# From the path of each regular file in the folder to its size.
def find_files(folder)
  Find.find(folder).map { |path| [path.delete_prefix("#{folder}/"), File.lstat(path)] }
      .select { |_, stat| stat.file? }.to_h { |path, stat| [path, stat.size] }
end

def publish(folder, archive, destination)
  root = Tempman::Root.new(Gio::File.open(path: folder), 24 * 60 * 60,
                           %i[create_directory reclaim_abandoned])
  directory = root.create_temp_dir
  begin
    system('tar', '-xf', archive, '-C', directory.path, exception: true)

    files = find_files(directory.path)
    File.write("#{directory.path}/INDEX", files.sort.map { |path, size| "#{size} #{path}\n" }.join)

    directory.persist(Gio::File.open(path: destination), :replace)
    puts "published #{destination}: #{files.size} files"
  ensure
    # Once it is published there is nothing left to delete.
    directory.close
  end
  puts "cleaned up #{root.cleanup} directories"
end

abort("Usage: #{$PROGRAM_NAME} ROOT ARCHIVE DESTINATION") if ARGV.size != 3
begin
  publish(*ARGV)
rescue StandardError => error
  abort(error.message)
end
