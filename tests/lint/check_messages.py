# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each error message is a whole sentence in one place, which can be translated. Prints TAP.

- In the library, only MESSAGES formats errors. Other files set literals, without a value.
- A message begins with “Could not”, or with what it is about. It is not composed of pieces: it does
  not begin with a value that is not quoted, and its formats are literals.
- Each message, and each reason, is marked for translation.
"""

import re

import lint

MESSAGES = 'tempman/core/tm-error.c'

# The functions that make a message, and the argument that is the format.
LIBRARY = {'g_set_error': 3, 'g_set_error_literal': 3, 'g_error_new': 2, 'g_error_new_literal': 2,
           'g_prefix_error': 1, 'g_propagate_prefixed_error': 2, 'g_strdup_printf': 0}
COMMAND = {**LIBRARY, 'tool_complain': 0}
del COMMAND['g_strdup_printf']
LITERAL = ('g_set_error_literal', 'g_error_new_literal')

# An error of the library, whose message is a sentence already.
WHOLE = ('"%s"', 'error->message')

SENTENCE = re.compile(r'"(Could not |“%s” |[A-Z][a-z]+ |--\w+ |%s is )')
# Tells what is being done, as progress does, and not that it failed.
PARTICIPLE = re.compile(r'"[A-Z][a-z]+ing\b')


# Marked, with the message or the first of its plural forms.
MARKED = re.compile(r'(?:_|tool_ngettext) \(("(?:\\.|[^"\\])*")(?:, .*)?\)')

# A literal with a space, which is text, as an argument of a function that reports an error.
REPORTS = re.compile(r'\b(\w*fail\w*|refuse|tm_error_set\w*|walk_report_busy) \(')
TEXT = re.compile(r'(_ \()?"((?:\\.|[^"\\])*)"')


def find_reasons(path):
    """Returns the line of each reason that is not marked."""
    functions = sorted(set(REPORTS.findall(lint.read(path))))
    for line, function, arguments in lint.find_calls(path, functions) if functions else ():
        for argument in arguments:
            if any(not mark and ' ' in text
                   for mark, text in TEXT.findall(argument.replace('" "', ''))):
                yield f'{path}:{line}: the reason {argument} is not marked for translation'


def find_faults(path, functions):
    is_library = functions is LIBRARY
    for line, function, arguments in lint.find_calls(path, functions):
        # The pieces of one literal.
        message = arguments[functions[function]].replace('" "', '')
        marked = MARKED.fullmatch(message)
        message = marked[1] if marked else message
        values = arguments[functions[function] + 1:]
        is_literal = re.fullmatch(r'"(\\.|[^"\\])*"', message)
        if function == 'g_strdup_printf' and (path != MESSAGES or 'Could not' not in message):
            continue
        checked.append(message)
        if function in LITERAL and path == MESSAGES:
            continue
        if 'prefix' in function:
            yield f'{path}:{line}: {function}() composes a message'
        elif is_library and function not in LITERAL and path != MESSAGES:
            yield f'{path}:{line}: the message belongs in {MESSAGES}'
        elif not is_literal:
            yield f'{path}:{line}: {message} is not a literal'
        elif not marked and message != WHOLE[0]:
            yield f'{path}:{line}: {message} is not marked for translation'
        elif (message, *values) != WHOLE and (not SENTENCE.match(message) or
                                              PARTICIPLE.match(message)):
            yield f'{path}:{line}: {message} is not a sentence'


checked = []
files = lint.list_files('*.c', under='tempman')
faults = [fault for path in files for fault in find_faults(
    path, COMMAND if path.startswith('tempman/tool/') else LIBRARY)]
faults += [fault for path in files for fault in find_reasons(path)]
lint.report(('messages', checked, faults))
