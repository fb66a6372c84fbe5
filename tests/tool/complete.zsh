# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Prints what zsh offers for a command line, each word in a line of its own. Usage: zsh -f complete.zsh LINE: it
# types the line in a terminal of its own. TEMPMAN_TEST_COMPLETIONS is the folder of the completion.

zmodload zsh/zpty || exit

setup=$(mktemp)
trap 'rm -f $setup' EXIT
cat >$setup <<'END'
PROMPT=
unsetopt prompt_sp prompt_cr
fpath=($TEMPMAN_TEST_COMPLETIONS $fpath)
autoload -Uz compinit && compinit -u
bindkey '^I' complete-word
setopt no_beep
begin_words() { print -rn -- $'\1' }
end_words() { print -rn -- $'\2'; exit }
compprefuncs=(begin_words)
comppostfuncs=(end_words)
# Prints the words that are offered.
compadd() {
    # The caller wants them in an array.
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    print -rl -- $hits
    # The number of matches tells the functions of zsh whether to look for more.
    builtin compadd "$@"
}
print ready
END

zpty shell zsh -f -i
zpty -w shell "source $setup"
# Up to the answer, not the echo of the command.
zpty -r shell text $'*ready\r\n*'
zpty -n -w shell "$1"$'\t'
zpty -r shell text $'*\2*'
zpty -d shell
text=${text#*$'\1'}
print -rn -- ${${text%%$'\2'*}//$'\r'/}
