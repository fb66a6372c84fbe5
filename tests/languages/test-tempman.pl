# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# The library in Perl, through its typelib and Glib::Object::Introspection. Prints TAP.

use strict;
use warnings;
use utf8;

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Glib::Object::Introspection;
use Test::More;

Glib::Object::Introspection->setup(basename => 'Gio', version => '2.0', package => 'Glib::IO');
Glib::Object::Introspection->setup(basename => 'Tempman', version => '1', package => 'Tempman');

my $folder = tempdir('tempman-test-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $file = file($folder);

sub file {
    return Glib::IO::File::new_for_path($_[0]);
}

sub children {
    my ($path) = @_;
    opendir my $handle, $path or die "$path: $!";
    return sort grep { !/^\.\.?$/ } readdir $handle;
}

sub make_old {
    my $path = "$folder/$_[0]";
    mkdir $path or die "$path: $!";
    utime time - 7200, time - 7200, $path or die "$path: $!";
    return $path;
}

# section NAME, RUN: the assertions of RUN stay at the top level, since not every reader of TAP supports
# subtests.
sub section {
    my ($name, $run) = @_;
    note($name);
    $run->();
    return;
}

# fails CODE, TEXT, CALL: asserts that CALL dies. A GError is an exception of the class of its domain.
sub fails {
    my ($code, $text, $call) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(!eval { $call->(); 1 } && ref $@ && $@->isa('Glib::Error')
           && $@->matches('Glib::IO::IOErrorEnum', $code) && index($@->message, $text) >= 0,
       "fails: $code")
        or diag $@ // 'no error';
}

# wait_for CALL: passes a callback to CALL, and runs a main loop until it is called.
sub wait_for {
    my ($call) = @_;
    my $loop = Glib::MainLoop->new;
    my ($source, $result);
    $call->(sub { ($source, $result) = @_; $loop->quit });
    $loop->run;
    return ($source, $result);
}

section 'create, use and close' => sub {
    my $directory = Tempman::TemporaryDirectory->new($file, 'perl');
    my $path = $directory->get_path;
    like($path, qr{^\Q$folder\E/perl-[a-z2-7]{20}$}, 'path');
    is($directory->get('path'), $path, 'property');
    ok(-d $path, 'exists');
    cmp_ok($directory->get_fd, '>=', 0, 'descriptor');
    open my $notes, '>', $directory->get_child('notes')->get_path or die $!;
    close $notes;
    ok(!$directory->is_closed, 'open');
    ok($directory->close, 'close');
    ok($directory->is_closed, 'closed');
    ok(!-e $path, 'is deleted');
    ok($directory->close, 'close again');
};

section 'the end of the scope deletes' => sub {
    my $path;
    {
        my $directory = Tempman::TemporaryDirectory->new($file, undef);
        $path = $directory->get_path;
        ok(-d $path, 'exists');
    }
    ok(!-e $path, 'is deleted');
};

section 'cleanup' => sub {
    my $root = Tempman::Root->new($file, 3599.5, []);
    is($root->get_timeout, 3599.5, 'timeout');
    my $directory = $root->create_temp_dir;
    my $old = make_old('old');
    is($root->cleanup, 1, 'number');
    ok(!-e $old, 'the old one is deleted');
    ok(-d $directory->get_path, 'the one in use is kept');
    $directory->close;
};

SKIP: {
    note('signals of a cleanup');
    skip 'the signals need tempman-test-gate.so in LD_PRELOAD', 1
        if ($ENV{TEMPMAN_TEST_GATE_STUCK} // '') ne 'stuck';

    my $root = Tempman::Root->new($file, 3600, []);
    my $context = Glib::MainContext->default;
    my (@reports, $stuck);

    # An exception would end in the handler. Only the thread that runs the loop owns its main context.
    my $report = sub {
        my ($source, $entry, $text) = @_;
        my $place = $context->is_owner ? 'depth ' . Glib::main_depth() : 'another thread';
        $place = 'another root' if $source != $root;
        push @reports, join ' ', $entry->get_name, $entry->get_reason, $text, $place;
    };
    $root->signal_connect(entry_removed => sub {
        my ($source, $entry) = @_;
        $report->($source, $entry, -e $entry->get_path ? 'exists' : 'deleted');
    });
    $root->signal_connect(entry_failed => sub {
        my ($source, $entry, $failure) = @_;
        my $is_expected = $failure->matches('Glib::IO::IOErrorEnum', 'read-only')
            && index($failure->message, $entry->get_path) >= 0;
        $report->($source, $entry, $is_expected ? 'failed' : "failed: $failure");
    });

    # within_loop CALL: calls it once from a main loop.
    my $within_loop = sub {
        my ($call) = @_;
        my $loop = Glib::MainLoop->new;
        Glib::Idle->add(sub { $call->(); $loop->quit; 0 });
        $loop->run;
    };

    # A blocking call: in the calling thread, before it returns.
    make_old($_) for qw(a b);
    $stuck = make_old('stuck');
    $within_loop->(sub {
        fails('read-only', $stuck, sub { $root->cleanup });
        is_deeply([ sort @reports ], [
            'a expired deleted depth 1', 'b expired deleted depth 1', 'stuck expired failed depth 1',
        ], 'signals of a blocking call');
    });

    # An asynchronous call: in the main context of the caller, before the callback.
    @reports = ();
    make_old('a');
    my (undef, $result) = wait_for(sub {
        my ($finish) = @_;
        $root->cleanup_async(0, undef, sub {
            is(scalar @reports, 2, 'signals come before the callback');
            $finish->(@_);
        });
        is(scalar @reports, 0, 'signals wait for the main loop');
    });
    fails('read-only', $stuck, sub { $root->cleanup_finish($result) });
    is_deeply([ sort @reports ], [ 'a expired deleted depth 1', 'stuck expired failed depth 1' ],
        'signals of an asynchronous call');

    # A creation cleans up first.
    @reports = ();
    make_old('a');
    $within_loop->(sub {
        ok($root->create_temp_dir->close, 'a creation does not fail');
        is_deeply([ sort @reports ], [ 'a expired deleted depth 1', 'stuck expired failed depth 1' ],
            'signals of a creation');
    });
    rmdir $stuck;
}

section 'flags and properties' => sub {
    my $root = Tempman::Root->new($file->get_child('made'), Tempman::NO_TIMEOUT(),
        [ 'create-directory', 'reclaim-abandoned' ]);
    is($root->get('timeout'), -1, 'no timeout');
    ok($root->get_flags & 'create-directory', 'a flag');
    ok(!($root->get_flags & 'expire-live'), 'another');
    $root->set_prefix('photos');
    $root->set(age_basis => 'modified');
    is($root->get_age_basis, 'modified', 'age basis');
    is($root->get_lease, Tempman::DEFAULT_LEASE(), 'default lease');
    $root->set(lease => 60.5);
    is($root->get_lease, 60.5, 'lease');
    $root->set(max_entries => 20);
    $root->set_max_size(10_000_000_000);
    $root->set(min_free_space => 4096);
    is($root->get_max_entries, 20, 'limit of entries');
    is($root->get('max_size'), 10_000_000_000, 'limit of size');
    is($root->get_min_free_space, 4096, 'limit of free space');
    like($root->create_temp_dir->get_path, qr{/photos-}, 'prefix');
    ok(rmdir "$folder/made", 'is empty');
};

section 'list' => sub {
    my $root = Tempman::Root->new($file, 3600, []);
    my $directory = $root->create_temp_dir;
    my $old = make_old('old');
    my $entries = $root->list_entries([]);
    is($entries->get_n_items, 2, 'number');
    # Sorted by name.
    my ($first, $second) = map { $entries->get_item($_) } 0, 1;
    is($first->get_file->get_path, $old, 'path');
    is($first->get_state, 'unowned', 'state');
    ok($first->get_removable, 'removable');
    # last_used is a GDateTime, which Glib::Object::Introspection does not support.
    my $age = time - $first->get_info->get_attribute_uint64('time::modified');
    cmp_ok(abs($age - 7200), '<=', 60, 'age');
    is($second->get_state, 'live', 'in use');
    ok(!$second->get_removable, 'not removable');
    rmdir $old;
};

section 'keep and persist' => sub {
    my $kept = Tempman::TemporaryDirectory->new($file, undef);
    ok($kept->keep, 'keep');
    ok(rmdir $kept->get_path, 'exists');

    my $named = Glib::Object::new('Tempman::TemporaryDirectory',
        parent => $file, suffix => '.build', mode => oct('755'));
    $named->init(undef);
    like($named->get_path, qr/\.build$/, 'suffix');
    is((stat $named->get_path)[2] & 0777, oct('755'), 'mode');
    ok($named->close, 'close');

    my $destination = $file->get_child('published');
    ok(Tempman::TemporaryDirectory->new($file, undef)->persist($destination, []), 'persist');
    my $second = Tempman::TemporaryDirectory->new($file, undef);
    fails('exists', $destination->get_path, sub { $second->persist($destination, []) });
    ok($second->persist($destination, 'replace'), 'replace');
    is($second->get_path, "$folder/published", 'new name');
    ok(rmdir "$folder/published", 'exists');
};

section 'errors' => sub {
    my $missing = $file->get_child('missing');
    fails('not-found', $missing->get_path,
        sub { Tempman::TemporaryDirectory->new($missing, undef) });
    fails('not-found', $missing->get_path, sub { Tempman::Root->new($missing, 0, []) });
    fails('not-found', $missing->get_path, sub { Tempman::delete_recursively($missing, []) });
    fails('invalid-argument', $folder, sub { Tempman::Root->new($file, 'nan' + 0, []) });
    ok(!eval { Tempman::Root->new(undef, 0, []); 1 }, 'undef for a file');
    ok(!eval { Tempman::TemporaryDirectory->new('no file', undef); 1 }, 'a string for a file');

    my $directory = Tempman::TemporaryDirectory->new($file, undef);
    $directory->close;
    fails('closed', $directory->get_path, sub { $directory->keep });
};

section 'an object that is constructed by its properties' => sub {
    my $directory = Glib::Object::new('Tempman::TemporaryDirectory', parent => $file);
    fails('not-initialized', '', sub { $directory->close });
    is($directory->get_path, undef, 'no path');
    ok($directory->init(undef), 'init');
    ok(-d $directory->get_path, 'exists');
};

section 'delete, with progress' => sub {
    my $last;
    my $progress = sub { $last = "$_[0] of $_[1]" };
    make_path("$folder/tree/branch");
    ok(Tempman::delete_recursively($file->get_child('tree'), [], undef, $progress), 'deleted');
    is($last, '2 of 2', 'progress');
    my $tree = $file->get_child('tree');
    ok(Tempman::delete_recursively($tree, 'allow-missing'), 'nothing there');
    make_path("$folder/tree/branch");
    ok(Tempman::delete_recursively($tree, ['keep-directory']), 'emptied');
    ok(-d "$folder/tree", 'exists');

    undef $last;
    make_path("$folder/tree/branch");
    my (undef, $result) = wait_for(sub {
        Tempman::delete_recursively_async($file->get_child('tree'), [], 0, undef, $progress, undef,
            $_[0]);
    });
    ok(Tempman::delete_recursively_finish($result), 'deleted asynchronously');
    is($last, '2 of 2', 'progress');
};

section 'a deletion as an object' => sub {
    make_path("$folder/tree/branch");
    my $tree = $file->get_child('tree');
    my $deletion = Tempman::Deletion->new($tree, []);
    my ($n_notified, @failed) = (0);
    $deletion->signal_connect('notify::fraction' => sub { $n_notified++ });
    $deletion->signal_connect(failed => sub { push @failed, $_[1]->get_path });
    ok($deletion->run(undef), 'deleted');
    ok($n_notified > 0, 'notified');
    is($deletion->get_fraction, 1, 'fraction');
    is($deletion->get('n-deleted'), 2, 'number');
    fails('not-found', $tree->get_path, sub { $deletion->run(undef) });
    is("@failed", $tree->get_path, 'failure');
};

section 'asynchronously' => sub {
    my ($directory, $result) = wait_for(sub {
        Tempman::TemporaryDirectory::new_async($file, 'perl', 0, undef, $_[0]);
    });
    is(Tempman::TemporaryDirectory->new_finish($result), $directory, 'created');
    ok(-d $directory->get_path, 'exists');
    (undef, $result) = wait_for(sub { $directory->close_async(0, undef, $_[0]) });
    ok($directory->close_finish($result), 'closed');
    ok(!-e $directory->get_path, 'is deleted');

    my $root = Tempman::Root->new($file, 3600, []);
    make_old('old');
    (undef, $result) = wait_for(sub { $root->list_entries_async([], 0, undef, $_[0]) });
    is($root->list_entries_finish($result)->get_n_items, 1, 'listed');
    (undef, $result) = wait_for(sub { $root->cleanup_async(0, undef, $_[0]) });
    is($root->cleanup_finish($result), 1, 'cleaned up');
    (undef, $result) = wait_for(sub { $root->create_temp_dir_async(0, undef, $_[0]) });
    my $other = $root->create_temp_dir_finish($result);
    (undef, $result) = wait_for(sub {
        $other->persist_async($file->get_child('published'), [], 0, undef, $_[0]);
    });
    ok($other->persist_finish($result), 'published');
    ok(rmdir "$folder/published", 'exists');

    (undef, $result) = wait_for(sub {
        Tempman::Root::new_async($file->get_child('missing'), 0, [], 0, undef, $_[0]);
    });
    fails('not-found', "$folder/missing", sub { Tempman::Root->new_finish($result) });
};

section 'names are bytes' => sub {
    my $directory = Tempman::TemporaryDirectory->new($file, "caf\xe9");
    my $path = $directory->get_path;
    like($path, qr{/caf\xe9-}, 'as it was given');
    ok(-d $path, 'exists');
    is($directory->get_child("\xff")->get_path, "$path/\xff", 'child');
};

is(join(' ', children($folder)), '', 'the folder is empty');
done_testing;
