#!/usr/bin/perl
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Unpacks an archive, adds a list of its files, and publishes both in one step.
# Usage: perl publish.pl ROOT ARCHIVE DESTINATION

use strict;
use warnings;

use File::Find;
use File::Spec;
use Glib::Object::Introspection;

Glib::Object::Introspection->setup(basename => 'Gio', version => '2.0', package => 'Glib::IO');
Glib::Object::Introspection->setup(basename => 'Tempman', version => '1', package => 'Tempman');

# From the path of each regular file in the folder to its size.
sub find_files {
    my ($folder) = @_;
    my %files;
    my $wanted = sub {
        lstat $_ or die "$_: $!\n";
        $files{File::Spec->abs2rel($_, $folder)} = -s _ if -f _;
    };
    find({ wanted => $wanted, no_chdir => 1 }, $folder);
    return %files;
}

sub publish {
    my ($folder, $archive, $destination) = @_;
    my $root = Tempman::Root->new(Glib::IO::File::new_for_path($folder), 24 * 60 * 60,
        [ 'create-directory', 'reclaim-abandoned' ]);

    # After an error, the directory is deleted with the last reference.
    my $directory = $root->create_temp_dir;
    my $path = $directory->get_path;
    system('tar', '-xf', $archive, '-C', $path) == 0 or die "$archive could not be unpacked\n";

    my %files = find_files($path);
    open my $index, '>', "$path/INDEX" or die "INDEX: $!\n";
    print $index "$files{$_} $_\n" for sort keys %files;
    close $index or die "INDEX: $!\n";

    $directory->persist(Glib::IO::File::new_for_path($destination), 'replace');
    printf "published %s: %d files\n", $destination, scalar keys %files;
    printf "cleaned up %d directories\n", $root->cleanup;
}

binmode STDERR, ':encoding(UTF-8)';
if (@ARGV != 3) {
    print STDERR "Usage: $0 ROOT ARCHIVE DESTINATION\n";
    exit 1;
}
if (!eval { publish(@ARGV); 1 }) {
    print STDERR ref $@ ? $@->message . "\n" : $@;
    exit 1;
}
