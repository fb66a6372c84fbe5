#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What docs/include-examples.py makes of a page. Usage: include-examples.sh PYTHON. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
python=$1

. "$here/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT
mkdir "$work/examples"

# makes TEXT: a page of that text.
makes() {
    printf '%s\n' "$1" >"$work/page.md"
    "$python" "$here/../docs/include-examples.py" "$work/page.md" "$work/made.md" "$work/made.d"
}

# includes NAME EXPECTED: the page has one code block, which is that.
includes() {
    makes "before
{{ examples/$1 }}
after" && printf 'before\n%s\nafter\n' "$2" | diff - "$work/made.md"
}

names_what_is_missing() {
    makes '{{ examples/missing.c }}' 2>&1 | grep 'page.md:1: .*/examples/missing.c: No such file'
}

# In two pieces, or it would be taken for that of this file.
licence="SPDX-License"'-Identifier: LGPL-2.1-or-later'
printf '/*\n * %s\n */\n\n#include <x>\n\n/* [y] */\n' "$licence" >"$work/examples/alone.c"
printf '/*\n * %s\n *\n * Usage: x\n */\nint x;\n' "$licence" >"$work/examples/first.c"
printf '#!/usr/bin/perl\n# %s\n\n# Usage: x\nprint "{{ y }}";\n' "$licence" >"$work/examples/lines.pl"

check 'a page without an example' makes 'text [link](c.html) {{ in a line }}'
check 'it stays as it is' grep -Fx 'text [link](c.html) {{ in a line }}' "$work/made.md"
check 'a licence alone in a comment' includes alone.c '```c
#include <x>

/* [y] */
```'
check 'a licence first in a comment' includes first.c '```c
/*
 * Usage: x
 */
int x;
```'
check 'a licence in lines' includes lines.pl '```perl
#!/usr/bin/perl

# Usage: x
print "{{ y }}";
```'
check 'the files that the page was made of' grep -Fx "$work/made.md: $work/examples/lines.pl" "$work/made.d"
check_fails 'no such example' makes '{{ examples/missing.c }}'
check 'the example is named' names_what_is_missing
check_fails 'no name' makes '{{ }}'
check_fails 'something after it' makes '{{ examples/first.c }} and more'
finish
