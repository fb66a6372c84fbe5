# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completes the command line of tempman in bash. It needs no other package.

# _tempman_offer COMPGEN-ARGUMENTS...: offers the words that begin with the current one. Reads line
# by line, because names can contain spaces.
_tempman_offer() {
    local word
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen "$@" -- "$current")
}

# Offers file names. readline quotes them, and adds a slash to directories.
_tempman_offer_files() {
    compopt -o filenames 2>/dev/null
    _tempman_offer "$@"
}

_tempman() {
    local current=${COMP_WORDS[COMP_CWORD]}
    local previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    local creation='--help --in --root --timeout --age-basis --exclude --max-entries --min-free --prefix --suffix --mode'
    local rules='--help --timeout --reclaim --age-basis --exclude --lease --max-entries --max-size --min-free --files'
    local options word

    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        _tempman_offer -W 'run create cleanup list delete --help --version'
        return
    fi

    case $command in
        run) options="$creation --keep-on-failure" ;;
        create) options=$creation ;;
        cleanup) options="$rules --dry-run --no-wait" ;;
        list) options="$rules --json --size" ;;
        delete) options='--force --help' ;;
        *) return ;;
    esac

    # bash splits "--in=DIR" into three words.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    case $command:$previous in
        *:--timeout | *:-t)
            _tempman_offer -W '0 30m 1h 12h 1d 7d 4w'
            return
            ;;
        *:--lease)
            _tempman_offer -W '5m 10m 30m 1h 12h'
            return
            ;;
        *:--max-entries)
            _tempman_offer -W '1 3 10 20 100'
            return
            ;;
        *:--max-size)
            _tempman_offer -W '500M 1G 2G 10G 10GiB'
            return
            ;;
        *:--min-free)
            _tempman_offer -W '5% 10% 1G 10G'
            return
            ;;
        *:--age-basis)
            _tempman_offer -W 'accessed-or-modified modified changed newest-content'
            return
            ;;
        run:--in | run:-i | run:--root | create:--in | create:-i | create:--root)
            _tempman_offer_files -d
            return
            ;;
        run:--mode | run:-m | create:--mode | create:-m)
            _tempman_offer -W '700 750 755'
            return
            ;;
        *:--exclude | *:-x | *:--prefix | *:-p | *:--suffix)
            return
            ;;
    esac

    # The command line of the program begins after "--", or with the first word that is neither an
    # option nor the value of one.
    if [[ $command == run ]]; then
        local i
        for ((i = 2; i < COMP_CWORD; i++)); do
            word=${COMP_WORDS[i]}
            case $word in
                --)
                    _tempman_other_command $((i + 1))
                    return
                    ;;
                --in | --root | --timeout | --age-basis | --exclude | --max-entries | --min-free | --prefix | \
                    --suffix | --mode | -[itxpm])
                    [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
                    ((i++))
                    ;;
                -*) ;;
                *)
                    _tempman_other_command "$i"
                    return
                    ;;
            esac
        done
    fi

    if [[ $current == -* ]]; then
        _tempman_offer -W "$options"
        return
    fi

    case $command in
        run) _tempman_offer -c ;;
        cleanup | list) _tempman_offer_files -d ;;
        delete) _tempman_offer_files -f ;;
    esac
}

# _tempman_other_command INDEX: completes the command line that begins at INDEX. If bash-completion
# is installed, uses the completion of that command.
_tempman_other_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        _tempman_offer -c
    else
        _tempman_offer_files -f
    fi
}

complete -F _tempman tempman
