# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completes the command line of tempman in fish.

# The options of "run" that have a value.
set -g __tempman_with_value -i --in --root -t --timeout --age-basis -x --exclude --max-entries --min-free -p --prefix \
    --suffix -m --mode

# __tempman_is COMMAND...: whether the first word is one of these, and the next word can be an option of it.
function __tempman_is
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv; and not __tempman_has_program
end

function __tempman_has_no_command
    test (count (commandline -opc)) -eq 1
end

# Whether the command line of the program has begun, with "--" or with the first word that is neither an option nor
# the value of one.
function __tempman_has_program
    set -l words (commandline -opc)
    test "$words[2]" = run; or return
    set -e words[1..2]
    while set -q words[1]
        if test $words[1] = --; or not string match -q -- '-*' $words[1]
            return 0
        end
        contains -- $words[1] $__tempman_with_value; and set -e words[1]
        set -e words[1]
    end
    return 1
end

function __tempman_is_run
    set -l words (commandline -opc)
    test "$words[2]" = run
end

complete -c tempman -f
complete -c tempman -n 'not __tempman_has_program' -s h -l help -d 'Show the help'
complete -c tempman -n __tempman_has_no_command -l version -d 'Show the version'

complete -c tempman -n __tempman_has_no_command -a run -d 'Run a program with a private temporary directory'
complete -c tempman -n __tempman_has_no_command -a create -d 'Create a directory without an owner'
complete -c tempman -n __tempman_has_no_command -a cleanup -d 'Delete expired or abandoned sub-directories'
complete -c tempman -n __tempman_has_no_command -a list -d 'List the sub-directories of a directory'
complete -c tempman -n __tempman_has_no_command -a delete -d 'Delete files and directories'

set -l creation '__tempman_is run create'
set -l rules '__tempman_is cleanup list'
set -l in_root '__tempman_is run create cleanup list'

complete -c tempman -n $in_root -s t -l timeout -x -a '0 30m 1h 12h 1d 7d 4w' \
    -d 'Delete directories unused for longer than this'
complete -c tempman -n $in_root -l age-basis -x -a 'accessed-or-modified modified changed newest-content' \
    -d 'Timestamps that count as a use'
complete -c tempman -n $in_root -s x -l exclude -x -d 'Keep directories whose name matches'
complete -c tempman -n $in_root -l max-entries -x -a '1 3 10 20 100' -d 'Keep at most so many directories'
complete -c tempman -n $in_root -l min-free -x -a '5% 10% 1G 10G' -d 'Keep so much of the file system free'

complete -c tempman -n $creation -s i -l in -x -a '(__fish_complete_directories)' -d 'Create the directory there'
complete -c tempman -n $creation -l root -x -a '(__fish_complete_directories)' \
    -d 'Create the directory in a root, and clean up the root first'
complete -c tempman -n $creation -s p -l prefix -x -d 'Start the name with this'
complete -c tempman -n $creation -l suffix -x -d 'End the name with this'
complete -c tempman -n $creation -s m -l mode -x -a '700 750 755' -d 'Set the permissions'
complete -c tempman -n '__tempman_is run' -s k -l keep-on-failure -d 'Keep the directory unless the program succeeds'
complete -c tempman -n __tempman_is_run -x -a '(__fish_complete_subcommand --fcs-skip=2 $__tempman_with_value)'

complete -c tempman -n $rules -s r -l reclaim -d 'Delete abandoned directories at any age'
complete -c tempman -n $rules -l max-size -x -a '500M 1G 2G 10G 10GiB' -d 'Keep at most so much'
complete -c tempman -n $rules -l files -d 'Treat files and links like directories'
complete -c tempman -n $rules -l lease -x -a '5m 10m 30m 1h 12h' \
    -d 'The age of a heartbeat at which its owner counts as dead'
complete -c tempman -n $rules -x -a '(__fish_complete_directories)'
complete -c tempman -n '__tempman_is cleanup' -s n -l dry-run -d 'Delete nothing, and show what a cleanup would delete'
complete -c tempman -n '__tempman_is cleanup' -l no-wait -d 'Do not wait for heartbeats'
complete -c tempman -n '__tempman_is list' -s j -l json -d 'Print JSON'
complete -c tempman -n '__tempman_is list' -s s -l size -d 'Measure the directories, and print their sizes'

complete -c tempman -n '__tempman_is delete' -F
complete -c tempman -n '__tempman_is delete' -l force \
    -d 'Also delete immutable and append-only files, and read-only snapshots'
