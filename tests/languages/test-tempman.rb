# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# The library in Ruby, through its typelib and Ruby/GObjectIntrospection. Prints TAP.

require 'fileutils'
require 'gio2'
require 'rbconfig'
require 'tmpdir'

module Tempman
  loader = GObjectIntrospection::Loader.new(self)
  loader.version = '1'
  loader.load('Tempman')
end

$n_tests = 0
$n_failed = 0

def test(name)
  $n_tests += 1
  Dir.mktmpdir('tempman-test-') do |path|
    yield Gio::File.open(path: path), path
    equal(Dir.children(path), [])
    puts "ok #{$n_tests} - #{name}"
  end
rescue StandardError => error
  $n_failed += 1
  puts "not ok #{$n_tests} - #{name}"
  puts error.full_message(highlight: false).gsub(/^/, '# ')
end

def skip(name, reason)
  $n_tests += 1
  puts "ok #{$n_tests} - #{name} # SKIP #{reason}"
end

def check(condition, message = 'the condition is false')
  raise message unless condition
end

def equal(actual, expected)
  check(actual == expected, "expected #{expected.inspect}, got #{actual.inspect}")
end

# A GError is an exception of the class of its code.
def fails(exception, text = '')
  yield
rescue exception => error
  check(error.message.include?(text), error.message)
else
  raise "no #{exception}"
end

# Freed memory is overwritten, so that a second use of it is noticed.
OVERWRITING = { 'G_SLICE' => 'always-malloc', 'MALLOC_PERTURB_' => '85' }.freeze

# Whether a handler can have an error as an argument: Ruby/GLib2 3.4 to 4.3 free it, and the owner of
# the signal frees it again. Here the signal is one of GIO.
def errors_of_signals_survive?
  return $errors_survive unless $errors_survive.nil?

  $errors_survive = system(OVERWRITING, RbConfig.ruby, '-rgio2', '-rsocket', '-e', <<~'SCRIPT', err: File::NULL)
    mine, other = UNIXSocket.pair
    stream = Gio::Socket.new(mine.fileno).connection_factory_create_connection
    connection = Gio::DBusConnection.new(stream, nil, 0, nil, nil)
    main_loop = GLib::MainLoop.new
    received = nil
    connection.signal_connect('closed') do |_, _, error|
      received = error
      main_loop.quit
    end
    other.close
    main_loop.run
    exit!(received.is_a?(Gio::IOError))
  SCRIPT
end

ERRORS_ARE_FREED = 'Ruby/GLib2 frees the error of a signal twice'

def make_old(path, name)
  old = File.join(path, name)
  Dir.mkdir(old)
  File.utime(Time.now - 7200, Time.now - 7200, old)
  old
end

# Yields a callback, and runs a main loop until it is called. Returns its arguments.
def wait_for
  loop = GLib::MainLoop.new
  returned = nil
  yield(proc do |*arguments|
    returned = arguments
    loop.quit
  end)
  loop.run
  returned
end

test('create, use and close') do |folder, path|
  directory = Tempman::TemporaryDirectory.new(folder, 'ruby')
  check(directory.path.start_with?("#{path}/ruby-"))
  check(File.directory?(directory.path))
  check(directory.fd >= 0)
  File.write(directory.get_child('notes').path, 'work')
  check(!directory.closed?)
  check(directory.close)
  check(directory.closed?)
  check(!File.exist?(directory.path))
  check(directory.close)
end

test('cleanup') do |folder, path|
  root = Tempman::Root.new(folder, 3599.5, :none)
  equal(root.timeout, 3599.5)
  directory = root.create_temp_dir
  old = make_old(path, 'old')
  equal(root.cleanup, 1)
  check(!File.exist?(old))
  check(File.directory?(directory.path))
  directory.close
end

if ENV['TEMPMAN_TEST_GATE_STUCK'] == 'stuck'
  test('signals of a cleanup') do |folder, path|
    root = Tempman::Root.new(folder, 3600, :none)
    context = GLib::MainContext.default
    reports = []

    # An exception would end in the handler. Only the thread that acquired the main context owns it.
    report = proc do |source, entry, text|
      place = context.owner? ? "depth #{GLib::MainContext.depth}" : 'another thread'
      place = 'another root' unless source == root
      reports << "#{entry.name} #{entry.reason.nick} #{text} #{place}"
    end
    root.signal_connect('entry-removed') do |source, entry|
      report.call(source, entry, File.exist?(entry.path) ? 'exists' : 'deleted')
    end
    if errors_of_signals_survive?
      root.signal_connect('entry-failed') do |source, entry, failure|
        expected = failure.is_a?(Gio::IOError::ReadOnly) && failure.message.include?(entry.path)
        report.call(source, entry, expected ? 'failed' : "failed: #{failure.inspect}")
      end
    end
    failures = ->(depth) { errors_of_signals_survive? ? ["stuck expired failed depth #{depth}"] : [] }

    # A blocking call: in the calling thread, before it returns.
    make_old(path, 'a')
    make_old(path, 'b')
    stuck = make_old(path, 'stuck')
    check(context.acquire)
    fails(Gio::IOError::ReadOnly, stuck) { root.cleanup }
    context.release
    equal(reports.sort, ['a expired deleted depth 0', 'b expired deleted depth 0', *failures.call(0)])

    # An asynchronous call: in the main context of the caller, before the callback.
    reports.clear
    make_old(path, 'a')
    n_before = nil
    _, result = wait_for do |finish|
      root.cleanup_async(GLib::PRIORITY_DEFAULT) do |*arguments|
        n_before = reports.size
        finish.call(*arguments)
      end
      equal(reports, [])
    end
    equal(n_before, 1 + failures.call(1).size)
    fails(Gio::IOError::ReadOnly, stuck) { root.cleanup_finish(result) }
    equal(reports.sort, ['a expired deleted depth 1', *failures.call(1)])

    # A creation cleans up first.
    reports.clear
    make_old(path, 'a')
    check(context.acquire)
    directory = root.create_temp_dir
    context.release
    equal(reports.sort, ['a expired deleted depth 0', *failures.call(0)])
    directory.close
    Dir.rmdir(stuck)
  end
else
  skip('signals of a cleanup', 'needs tempman-test-gate.so in LD_PRELOAD')
end

test('flags and properties') do |folder, path|
  root = Tempman::Root.new(folder.get_child('made'), Tempman::NO_TIMEOUT,
                           %i[create_directory reclaim_abandoned])
  equal(root.timeout, -1)
  equal(root.flags, Tempman::RootFlags::CREATE_DIRECTORY | Tempman::RootFlags::RECLAIM_ABANDONED)
  root.prefix = 'photos'
  root.age_basis = :modified
  equal(root.age_basis, Tempman::AgeBasis::MODIFIED)
  equal(root.lease, Tempman::DEFAULT_LEASE)
  root.lease = 60.5
  equal(root.lease, 60.5)
  root.max_entries = 20
  root.max_size = 10_000_000_000
  root.min_free_space = 4096
  equal(root.max_entries, 20)
  equal(root.max_size, 10_000_000_000)
  equal(root.min_free_space, 4096)
  directory = root.create_temp_dir
  check(File.basename(directory.path).start_with?('photos-'))
  directory.close
  Dir.rmdir("#{path}/made")
end

test('list') do |folder, path|
  root = Tempman::Root.new(folder, 3600, :none)
  directory = root.create_temp_dir
  old = make_old(path, 'old')
  entries = root.list_entries(Tempman::ListFlags::NONE)
  equal(entries.n_items, 2)
  # Sorted by name.
  first, second = [0, 1].map { |i| entries.get_item(i) }
  equal(first.file.path, old)
  equal(first.state, Tempman::RootEntryState::UNOWNED)
  check(first.removable?)
  # Ruby has few methods of GLib::DateTime.
  check((first.last_used.format('%s').to_i - (Time.now.to_i - 7200)).abs <= 60)
  equal(first.info.name, 'old')
  equal(second.state, Tempman::RootEntryState::LIVE)
  check(!second.removable?)
  directory.close
  Dir.rmdir(old)
end

test('keep and persist') do |folder, path|
  kept = Tempman::TemporaryDirectory.new(folder, nil)
  check(kept.keep)
  Dir.rmdir(kept.path)

  destination = folder.get_child('published')
  check(Tempman::TemporaryDirectory.new(folder, nil).persist(destination, :none))
  second = Tempman::TemporaryDirectory.new(folder, nil)
  fails(Gio::IOError::Exists, destination.path) { second.persist(destination, :none) }
  check(second.persist(destination, :replace))
  equal(second.path, destination.path)
  Dir.rmdir("#{path}/published")
end

test('errors') do |folder, path|
  missing = folder.get_child('missing')
  fails(Gio::IOError::NotFound, missing.path) { Tempman::TemporaryDirectory.new(missing, nil) }
  fails(Gio::IOError::NotFound, missing.path) { Tempman::Root.new(missing, 0, :none) }
  fails(Gio::IOError::NotFound, missing.path) { Tempman.delete_recursively(missing, 0) }
  fails(Gio::IOError::InvalidArgument, path) { Tempman::Root.new(folder, Float::NAN, :none) }
  fails(ArgumentError) { Tempman::Root.new(nil, 0, :none) }
  fails(ArgumentError) { Tempman::Root.new('no file', 0, :none) }

  cancellable = Gio::Cancellable.new
  cancellable.cancel
  root = Tempman::Root.new(folder, 0, :none)
  fails(Gio::IOError::Cancelled) { root.cleanup(cancellable) }

  directory = Tempman::TemporaryDirectory.new(folder, nil)
  directory.close
  fails(Gio::IOError::Closed, directory.path) { directory.keep }
end

test('an object that was never initialized') do
  directory = Tempman::TemporaryDirectory.allocate
  GLib::Object.instance_method(:initialize).bind_call(directory, {})
  equal(directory.path, nil)
  fails(Gio::IOError::NotInitialized) { directory.close }
end

test('delete, with progress') do |folder, path|
  last = nil
  FileUtils.mkdir_p("#{path}/tree/branch")
  check(Tempman.delete_recursively(folder.get_child('tree'), 0) do |n_deleted, n_found|
    last = [n_deleted, n_found]
  end)
  equal(last, [2, 2])
  check(Tempman.delete_recursively(folder.get_child('tree'), :allow_missing))
  FileUtils.mkdir_p("#{path}/tree/branch")
  check(Tempman.delete_recursively(folder.get_child('tree'), Tempman::DeleteFlags::KEEP_DIRECTORY))
  equal(Dir.children("#{path}/tree"), [])

  # The block is called for both callbacks: the second one gets the result.
  FileUtils.mkdir_p("#{path}/tree/branch")
  calls = []
  _, result = wait_for do |finish|
    Tempman.delete_recursively_async(folder.get_child('tree'), 0, GLib::PRIORITY_DEFAULT) do |a, b|
      b.is_a?(Gio::AsyncResult) ? finish.call(a, b) : calls << [a, b]
    end
  end
  check(Tempman.delete_recursively_finish(result))
  equal(calls.last, [2, 2])
end

test('a deletion as an object') do |folder, path|
  FileUtils.mkdir_p("#{path}/tree/branch")
  tree = folder.get_child('tree')
  deletion = Tempman::Deletion.new(tree, 0)
  n_notified = 0
  failed = []
  deletion.signal_connect('notify::fraction') { n_notified += 1 }
  deletion.signal_connect('failed') { |_, file, _| failed << file.path } if errors_of_signals_survive?
  check(deletion.run)
  check(n_notified.positive?)
  equal(deletion.fraction, 1.0)
  equal(deletion.n_deleted, 2)
  fails(Gio::IOError::NotFound, tree.path) { deletion.run }
  equal(failed, [tree.path]) if errors_of_signals_survive?
end

if errors_of_signals_survive?
  test('errors of signals') do |folder, _|
    deletion = Tempman::Deletion.new(folder.get_child('missing'), 0)
    failures = []
    deletion.signal_connect('failed') { |_, _, failure| failures << failure }
    fails(Gio::IOError::NotFound) { deletion.run }
    equal(failures.map(&:class), [Gio::IOError::NotFound])
  end
else
  skip('errors of signals', ERRORS_ARE_FREED)
end

test('asynchronously') do |folder, path|
  # The callback receives the object under construction: finish that one instead of creating another.
  directory, result = wait_for do |finish|
    Tempman::TemporaryDirectory.new_async(folder, 'ruby', GLib::PRIORITY_DEFAULT, &finish)
  end
  check(directory.init_finish(result))
  check(File.directory?(directory.path))
  _, result = wait_for { |finish| directory.close_async(GLib::PRIORITY_DEFAULT, &finish) }
  check(directory.close_finish(result))
  check(!File.exist?(directory.path))

  root, result = wait_for do |finish|
    Tempman::Root.new_async(folder, 3600, :none, GLib::PRIORITY_DEFAULT, &finish)
  end
  check(root.init_finish(result))
  make_old(path, 'old')
  _, result = wait_for { |finish| root.list_entries_async(Tempman::ListFlags::NONE, GLib::PRIORITY_DEFAULT, &finish) }
  equal(root.list_entries_finish(result).n_items, 1)
  _, result = wait_for { |finish| root.cleanup_async(GLib::PRIORITY_DEFAULT, &finish) }
  equal(root.cleanup_finish(result), 1)
  _, result = wait_for { |finish| root.create_temp_dir_async(GLib::PRIORITY_DEFAULT, &finish) }
  other = root.create_temp_dir_finish(result)
  _, result = wait_for do |finish|
    other.persist_async(folder.get_child('published'), :none, GLib::PRIORITY_DEFAULT, &finish)
  end
  check(other.persist_finish(result))
  Dir.rmdir("#{path}/published")

  missing = folder.get_child('missing')
  failed, result = wait_for do |finish|
    Tempman::Root.new_async(missing, 0, :none, GLib::PRIORITY_DEFAULT, &finish)
  end
  fails(Gio::IOError::NotFound, missing.path) { failed.init_finish(result) }
end

test('names that are not UTF-8') do |folder, path|
  directory = Tempman::TemporaryDirectory.new(folder, "caf\xe9")
  check(directory.path.start_with?("#{path}/caf\xe9-"))
  check(File.directory?(directory.path))
  equal(directory.get_child("\xff").path, "#{directory.path}/\xff")
  # Names in ASCII-8BIT raise an exception.
  fails(EncodingError) { directory.get_child("\xff".b) }
  directory.close
end

puts "1..#{$n_tests}"
# exit! skips the finalizers of the interpreter, in which gio2 4.2 often frees memory twice, even in a
# program that only requires it.
$stdout.flush
exit!($n_failed.zero?)
