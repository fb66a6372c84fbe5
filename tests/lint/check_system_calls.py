# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the system calls on files stay in their source files, by the undefined symbols of each
object of the library and of the command. Prints TAP.

- Outside of SYSTEM_CALLS, a function of the C library is one that accesses no file.
- Only `tempman/gio/`, and the command, call functions of GIO that access a file.
- Nothing calls a function of GLib that accesses a file.

Usage: check_system_calls.py BUILD NM
"""

import re
import sys

import compiled
import lint

SYSTEM_CALLS = [
    'tempman/local/tm-dirfd.c',
    'tempman/local/tm-dirfd-file-system.c',
    # One or the other.
    'tempman/local/tm-dirfd-linux.c',
    'tempman/local/tm-dirfd-linux-attributes.c',
    'tempman/local/tm-dirfd-linux-proc.c',
    'tempman/local/tm-dirfd-linux-status.c',
    'tempman/local/tm-dirfd-posix.c',
    # The command uses the public API of the library alone.
    'tempman/tool/tool-main.c',  # opens the standard descriptors that are closed
    'tempman/tool/tool-output.c',  # closes the standard output
    'tempman/tool/tool-paths.c',  # resolves the paths of the command line
]
USES_GIO = ('tempman/gio/', 'tempman/tool/')

# Functions of the C library that concern memory, text, threads or the process: nothing that accesses a file.
HARMLESS = re.compile('|'.join([
    r'(mem|str)\w+', 'bcmp', 'bsearch', 'explicit_bzero', 'fnmatch', 'qsort', 'snprintf', 'sscanf',
    r'pthread_\w+', 'sigfillset', 'clock_gettime', 'errno_location', 'tls_get_addr', 'stack_chk_fail',
    'cxa_finalize', 'madvise', 'mmap', 'munmap',
    # Which catalogue of messages is used. The C library reads it.
    r'bind_?textdomain\w*', 'textdomain',
    'getegid', 'getentropy', 'geteuid', 'getpid', 'getrusage', 'gettid', 'sysconf',
    # What a compiler inserts to observe the program.
    r'(asan|gcov|lsan|sanitizer|tsan|ubsan)_\w+', 'GLOBAL_OFFSET_TABLE_',
]))

# Those of the command, which has a terminal, signals and a child.
HARMLESS_IN_COMMAND = re.compile('|'.join([
    r'f(flush|printf|putc|puts|write)', 'free', 'ioctl', 'isatty', 'poll', 'setlocale', 'stderr',
    'stdout', 'tcgetpgrp', r'exec\w+', 'exit', 'getpgrp', 'getsid', 'kill', 'prctl', 'raise',
    r'libc_current_sigrt\w+', r'sig\w+', 'vfork', 'waitid',
]))

# Functions of GLib and of GIO that access a file.
GLIB = re.compile('|'.join([
    r'g_(access|chdir|chmod|close|creat|f?open|freopen|fsync|l?stat|mkdir\w*|mk[ds]temp\w*)',
    r'g_(remove|rename|rmdir|unlink|utime)', r'g_(dir|mapped_file)_\w+',
    r'g_file_([gs]et_contents\w*|open_tmp|read_link|test)', r'g_get_current_dir', r'g_spawn_\w+',
]))
GIO = re.compile('|'.join([
    r'g_file_(append|copy|create|delete|eject|enumerate|find|load|make|measure|monitor|mount)\w*',
    r'g_file_(move|open|poll|query|read|replace|set|start|stop|trash|unmount)\w*',
    r'g_file_enumerator_(close|iterate|next)\w*',
]))



def get_name(symbol):
    """Returns what a program calls a function of the C library: open for __open64_2."""
    name = re.sub(r'@.*$', '', symbol)
    name = re.sub(r'^_+(isoc\d+_)?', '', name)
    return re.sub(r'(64)?(_time64)?(_chk|_2)?$', '', name)


def find_forbidden(source):
    is_command = source.path.startswith('tempman/tool/')
    for line in lint.run(nm, '--undefined-only', '--line-numbers', str(source.object)):
        symbol, place = re.fullmatch(r'\s*\w (\S+)(?:\t(.*))?', line).groups(default='')
        if symbol.startswith(('tm_', 'tool_')) or source.path in SYSTEM_CALLS:
            continue
        if symbol.startswith('g_'):
            name = symbol
            is_forbidden = GLIB.fullmatch(name) or \
                GIO.fullmatch(name) and not source.path.startswith(USES_GIO)
        else:
            name = get_name(symbol)
            is_forbidden = not HARMLESS.fullmatch(name) and \
                not (is_command and HARMLESS_IN_COMMAND.fullmatch(name))
        if is_forbidden:
            # Only a build with debug information has the line.
            yield source.path, name, place.rpartition(':')[2]


build, nm = sys.argv[1:]
sources = compiled.list_compiled(build)
found = {(path, name): line
         for source in sources for path, name, line in find_forbidden(source)}
lint.report(
    ('system calls', sources, [
        f'{path}:{line}: {name}() accesses files, which only {SYSTEM_CALLS[0]} does, or is '
        'missing in HARMLESS'
        for (path, name), line in sorted(found.items())]),
)
