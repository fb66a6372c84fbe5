# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles or runs every code block of the documentation, each in a directory of its own.

Usage: test_blocks.py SOURCE-ROOT BUILD-ROOT. Prints TAP.
"""

import configparser
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import blocks

SOURCE_ROOT, BUILD_ROOT = (pathlib.Path(path).resolve() for path in sys.argv[1:])
LIBRARY = BUILD_ROOT / 'tempman'
HERE = pathlib.Path(__file__).resolve().parent
C_FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-Wno-unused',
           '-Wno-unused-parameter', '-Wno-missing-field-initializers', '-Wno-cast-function-type']

# Directories that a page may use without creating them. localize() moves them into the folder of the test.
FOLDERS = ['work', 'build', 'node_modules', 'var/tmp/photos', 'srv/photos', 'home/you/.cache/scratch']

# Installed directories that a page may use, and where they are in the source.
INSTALLED = {
    'usr/share/doc/tempman/examples': 'docs/examples/systemd',
    'usr/share/tempman-1/types': 'tempman/bindings/types',
}

# Programs that belong to the reader, or that would act outside of the test: here they succeed and do
# nothing.
STUBS = ['journalctl', 'make', 'npm', 'systemctl', 'systemd-escape']

# A shell block that needs one of these programs is skipped if it is not installed. It fails if any other
# program is missing.
OPTIONAL = ['c++', 'tempman', 'valac']


class Skip(Exception):
    """The block cannot be tested on this machine."""


class Failure(Exception):
    """The block is wrong."""


def need(*programs):
    for program in programs:
        if shutil.which(program, path=ENVIRONMENT['PATH']) is None:
            raise Skip(f'{program} is not installed')


def run(command, folder):
    result = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT | {'TMPDIR': folder, 'HOME': f'{folder}/home/you'},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60, check=False)
    if result.returncode:
        raise Failure(f'{shlex.join(command)}: ended with {result.returncode}\n{result.stdout}')
    return result.stdout


def flags(*options):
    return run(['pkg-config', *options, 'tempman-1'], COMMON).split()


def localize(code, folder):
    """Moves the paths of a page into the folder of the test."""
    return re.sub(r'(?<![\w/.])/(?=(?:var/tmp|srv|home/you|usr/share)\b)', f'{folder}/', code)


def write(folder, name, code):
    (folder / name).write_text(localize(code, folder), encoding='utf-8')


def prepare_common():
    """Creates the files that all blocks use."""
    programs = COMMON / 'bin'
    programs.mkdir()
    for name in STUBS:
        (programs / name).write_text('#!/bin/sh\n')
        (programs / name).chmod(0o755)

    bindings = COMMON / 'share/vala/vapi'
    bindings.mkdir(parents=True)
    (bindings / 'tempman-1.vapi').symlink_to(LIBRARY / 'tempman-1.vapi')

    # Precompiled: most of the time to compile a block is that of GLib's headers.
    shutil.copy(HERE / 'prelude.h', COMMON)
    run(['cc', *C_FLAGS, *flags('--cflags'), '-x', 'c-header', 'prelude.h',
         '-o', 'prelude.h.gch'], COMMON)


def prepare(folder):
    for place in FOLDERS:
        (folder / place).mkdir(parents=True)
    for place, source in INSTALLED.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).symlink_to(SOURCE_ROOT / source)
    for example in (SOURCE_ROOT / 'docs/examples').glob('*.*'):
        shutil.copy(example, folder)


# --- Compiled languages ---

def wrap(code):
    """Completes C code to a program."""
    if re.search(r'^main \(', code, re.MULTILINE):
        return code
    # Preprocessor definitions of the page have to come before the included header.
    directives = ''.join(f'{line}\n' for line in re.findall(r'^#.*$', code, re.MULTILINE))
    directives += '#include "prelude.h"\n'
    code = re.sub(r'^#.*$', '', code, flags=re.MULTILINE)
    # The code is a file, not the body of a function, if it defines a function, which GNU style begins in
    # the first column, or has another definition of a file.
    if re.search(r'^\w+ \(.*\)\n\{|^(static|struct|typedef)\b', code, re.MULTILINE | re.DOTALL):
        return f'{directives}{code}\nint\nmain (void)\n{{\n  return 0;\n}}\n'
    return f'''{directives}
static gboolean
block (void)
{{
  GIVEN_OBJECTS
  {{
{code}
  }}
  g_assert_no_error (error);
  return TRUE;
}}

int
main (void)
{{
  return block () ? 0 : 1;
}}
'''


def try_compiled(block, folder, name, code, compiler):
    need(compiler[0])
    write(folder, name, code)
    run([*compiler, name, '-o', 'block', *flags('--cflags', '--libs')], folder)
    return '' if block.not_run else run(['./block'], folder)


def try_c(block, folder):
    return try_compiled(block, folder, 'block.c', wrap(block.given + block.code),
                        ['cc', *C_FLAGS, f'-I{COMMON}'])


def try_cpp(block, folder):
    return try_compiled(block, folder, 'block.cpp', block.given + block.code,
                        ['c++', '-std=c++17', '-Wall', '-Wextra', '-Werror'])


# --- Interpreted languages ---

def check_imports(block, folder):
    """The imports of a block are complete: without a version, PyGObject prints a warning."""
    imports = re.match(r'(?:(?:import|from|gi\.require_version)\b.*\n|\n)*', block.code)[0]
    if 'tempman' in imports.lower():
        output = run([sys.executable, '-c', imports], folder)
        if output:
            raise Failure(f'the imports print:\n{output}')


def try_python(block, folder):
    check_imports(block, folder)
    prelude = '' if block.alone else 'from prelude import *\n'
    code = f'{prelude}{block.given}{block.code}'
    write(folder, 'block.py', code)
    if block.not_run:
        compile(code, str(block.path), 'exec')
        return ''
    return run([sys.executable, 'block.py'], folder)


def try_javascript(block, folder):
    need('gjs')
    if block.not_run:
        raise Skip(block.not_run)
    write(folder, 'block.js', f"import '{(HERE / 'prelude.js').as_uri()}';\n"
                              f'{block.given}{block.code}')
    return run(['gjs', '-m', 'block.js'], folder)


def try_shell(block, folder):
    write(folder, 'block.sh', block.given + block.code)
    run(['sh', '-n', 'block.sh'], folder)
    for path in re.findall(r'(?:^|\s)((?:docs|tests|tempman)/[\w./-]+)', block.code):
        if not (SOURCE_ROOT / path).exists():
            raise Failure(f'there is no {path}')
    if block.not_run:
        return ''
    # A command is at the beginning of a line, after variables, or in a substitution.
    need(*(name for name in OPTIONAL
           if re.search(rf'(^|\$\() *(\w+=\S* )*{re.escape(name)} ', block.code, re.MULTILINE)))
    return run(['sh', '-eu', 'block.sh'], folder)


# --- Data, which is parsed only ---

def try_meson(block, folder):
    need('meson')
    code = block.given + block.code
    if 'project(' not in code:
        code = f"project('user', 'c')\n{code}"
    write(folder, 'meson.build', code)
    for name in set(re.findall(r"'([\w-]+\.c)'", code)):
        (folder / name).touch()
    run(['meson', 'setup', 'build'], folder)


def try_json(block, _folder):
    json.loads(block.code)


def try_drop_in(block, folder):
    """Adds the block to a service, as `systemctl edit` does."""
    need('systemd-analyze')
    (folder / 'block.service.d').mkdir()
    write(folder, 'block.service', '[Service]\nExecStart=/bin/true\n')
    write(folder, 'block.service.d/override.conf', block.code)
    complaints = run(['env', f'XDG_RUNTIME_DIR={folder}', 'systemd-analyze', 'verify', '--user', '--man=no',
                      './block.service'], folder)
    if complaints:
        raise Failure(complaints)


def try_ini(block, folder):
    # A unit of systemd may have a key twice.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(block.code)
    if parser.has_section('Service'):
        try_drop_in(block, folder)


def do_not_try(_block, _folder):
    pass


TRY = {
    'c': try_c,
    'cpp': try_cpp,
    'ini': try_ini,
    'javascript': try_javascript,
    'js': try_javascript,
    'json': try_json,
    'meson': try_meson,
    'python': try_python,
    'sh': try_shell,
    'text': do_not_try,
}


def try_block(block):
    if block.language not in TRY:
        raise Failure(f'no test for the language “{block.language}”; use “text” for text')
    with tempfile.TemporaryDirectory(prefix='block-') as name:
        folder = pathlib.Path(name).resolve()
        prepare(folder)
        output = TRY[block.language](block, folder)
    if block.prints and block.prints not in (output or ''):
        raise Failure(f'does not print “{block.prints}”:\n{output}')


def main():
    n_failed = 0
    found = list(blocks.all_blocks(SOURCE_ROOT))
    prepare_common()
    print(f'1..{len(found)}', flush=True)
    for n, block in enumerate(found, 1):
        name = f'{block.path.relative_to(SOURCE_ROOT)}:{block.line}: {block.language}'
        try:
            try_block(block)
            print(f'ok {n} - {name}', flush=True)
        except Skip as reason:
            print(f'ok {n} - {name} # SKIP {reason}', flush=True)
        except (Failure, SyntaxError, ValueError, configparser.Error,
                subprocess.TimeoutExpired) as failure:
            n_failed += 1
            print(f'not ok {n} - {name}', flush=True)
            print('\n'.join(f'# {line}' for line in str(failure).split('\n')), flush=True)
    return n_failed > 0


with tempfile.TemporaryDirectory(prefix='blocks-') as common:
    COMMON = pathlib.Path(common).resolve()
    ENVIRONMENT = dict(
        os.environ, LC_ALL='C.UTF-8', G_DEBUG='fatal-warnings',
        PATH=f'{COMMON}/bin:{LIBRARY}/tool:{os.environ["PATH"]}',
        PKG_CONFIG_PATH=f'{BUILD_ROOT}/meson-uninstalled',
        PYTHONDONTWRITEBYTECODE='1',
        PYTHONPATH=f'{HERE}:{os.environ.get("PYTHONPATH", "")}',
        XDG_DATA_DIRS=f'{COMMON}/share:/usr/local/share:/usr/share')
    for variable in ['XDG_CACHE_HOME', 'XDG_CONFIG_HOME']:
        ENVIRONMENT.pop(variable, None)
    sys.exit(main())
