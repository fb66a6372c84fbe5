# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the mutants of a C file: each is the file with one operator, constant, condition or call
changed. Reads code that clang-format has formatted: it tells a binary operator from a unary one by the
spaces around it."""

import collections
import re

# function: contains the change. before, after: the code, in one line, with as much around the change as
# makes it readable. start, end: the part of the file that text replaces.
Mutant = collections.namedtuple('Mutant', 'file line function before after start end text')

Token = collections.namedtuple('Token', 'kind text start end')

TOKENS = re.compile(r'''
    (?P<skip> \s+ | /\*.*?\*/ | //[^\n]* )
  | (?P<directive> ^[ \t]*\#(?:\\\n|[^\n])* )
  | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
  | (?P<number> \d[\w.]* )
  | (?P<name> [A-Za-z_]\w* )
  | (?P<operator> <<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|. )
''', re.VERBOSE | re.DOTALL | re.MULTILINE)

# A boundary, and the opposite.
COMPARISONS = {'<': ['<=', '>='], '<=': ['<', '>'], '>': ['>=', '<='], '>=': ['>', '<'],
               '==': ['!='], '!=': ['==']}
BINARY = {'&&': '||', '||': '&&', '+': '-', '-': '+', '*': '/', '/': '*', '%': '/', '&': '|', '|': '&',
          '^': '&', '<<': '>>', '>>': '<<', '+=': '-=', '-=': '+=', '*=': '/=', '/=': '*=', '|=': '&=',
          '&=': '|='}
STEPS = {'++': '--', '--': '++'}
BOOLEANS = {'TRUE': 'FALSE', 'FALSE': 'TRUE'}
KEYWORDS = {'return', 'case', 'goto', 'else', 'do', 'if', 'while', 'for', 'switch', 'sizeof', 'break',
            'continue', 'default', 'struct', 'enum', 'static', 'const'}
# The compiler removes assertions from a release: an assertion that is changed changes nothing there.
ASSERTIONS = re.compile(r'g_assert\w*|G_STATIC_ASSERT|g_return\w*_if_fail|g_warn_if_reached')
CONSTANT = re.compile(r'(TM|G_IO_ERROR|STATE)_[A-Z0-9_]+')
PAIRS = {'(': ')', '[': ']', '{': '}'}


def find_mutants(name, text):
    """Returns the mutants of the file NAME, in their order in the file."""
    finder = _Finder(name, text)
    finder.find()
    found, seen = [], set()
    counts = collections.Counter()
    for mutant in sorted(finder.mutants, key=lambda m: (m.start, m.end, m.text)):
        if text[mutant.start:mutant.end] != mutant.text and mutant[5:] not in seen:
            seen.add(mutant[5:])
            counts[mutant[2:5]] += 1
            # One line can be several times in a function.
            n = counts[mutant[2:5]]
            found.append(mutant._replace(function=mutant.function + (f' #{n}' if n > 1 else '')))
    return found


def apply(text, mutant):
    """Returns the mutated file. Its lines have the numbers that they had."""
    lines = text.count('\n', mutant.start, mutant.end)
    return text[:mutant.start] + mutant.text + '\n' * lines + text[mutant.end:]


def squeeze(code):
    return re.sub(r'\s+', ' ', re.sub(r'/\*.*?\*/', ' ', code, flags=re.DOTALL)).strip()


def _tokenize(text, offset=0):
    """Comments and preprocessor directives are left out, except for the body of a macro without
    parameters."""
    for match in TOKENS.finditer(text):
        kind = match.lastgroup
        if kind == 'directive':
            body = re.match(r'[ \t]*#define \w+[ \t]+(?=\S)', match[0])
            # Several parts of one declaration or statement are no values.
            if body and not re.search(r'[;{]', match[0]):
                yield Token('macro', '#', offset + match.start(), offset + match.end())
                yield from _tokenize(match[0][body.end():], offset + match.start() + body.end())
                yield Token('macro', '', offset + match.end(), offset + match.end())
        elif kind != 'skip':
            yield Token(kind, match[0], offset + match.start(), offset + match.end())


class _Finder:
    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.tokens = list(_tokenize(text))
        self.mutants = []
        self.function = ''
        self.partner = self.match_brackets()

    def match_brackets(self):
        partner, stack = {}, []
        for i, token in enumerate(self.tokens):
            if token.kind != 'operator':
                continue
            if token.text in PAIRS:
                stack.append(i)
            elif token.text in PAIRS.values() and stack:
                partner[i] = stack.pop()
                partner[partner[i]] = i
        return partner

    def is_spaced(self, i):
        token = self.tokens[i]
        return self.text[token.start - 1].isspace() and self.text[token.end].isspace()

    def add(self, first, last, text):
        """Replaces the tokens from FIRST to LAST."""
        start, end = self.tokens[first].start, self.tokens[last].end
        # Whole lines, or the condition and its keyword if it is longer than a line.
        begin = self.text.rfind('\n', 0, start) + 1
        stop = self.text.find('\n', end)
        self.mutants.append(Mutant(
            self.name, self.text.count('\n', 0, start) + 1, self.function,
            squeeze(self.text[begin:stop]), squeeze(self.text[begin:start] + text + self.text[end:stop]),
            start, end, text))

    def find(self):
        i = 0
        while i < len(self.tokens):
            token = self.tokens[i]
            if token.kind == 'macro' and token.text == '#':
                self.function = re.match(r'\s*#define (\w+)', self.text[token.start:])[1]
                last = next(j for j in range(i + 1, len(self.tokens)) if self.tokens[j].kind == 'macro')
                for j in range(i + 1, last):
                    self.find_in_expression(j)
                i = last
            elif token.text == '{':
                if self.tokens[i - 1].text == ')':
                    opening = self.partner[i - 1]
                    self.function = self.tokens[opening - 1].text
                    self.find_in_body(i + 1, self.partner[i])
                i = self.partner[i]
            i += 1

    def find_in_body(self, first, end):
        i = first
        while i < end:
            token = self.tokens[i]
            if ASSERTIONS.fullmatch(token.text):
                i = self.partner[i + 1]
            elif token.text in ('case', 'default'):
                while self.tokens[i].text != ':':
                    i += 1
            elif token.text in ('static', 'const') and self.is_statement_start(i):
                # A table is data, but its numbers count.
                i += 1
                continue
            else:
                if self.is_statement_start(i):
                    self.find_statement(i)
                self.find_in_expression(i)
            i += 1

    def is_statement_start(self, i):
        before = self.tokens[i - 1]
        if before.text == '{':
            return self.tokens[i - 2].text in (')', ';', '{', '}', ':', 'else', 'do')
        if before.text == ':':
            return self.is_label(i - 1)
        if before.text in (';', '}', 'else', 'do'):
            return True
        if before.text == ')' and i - 1 in self.partner:
            return self.tokens[self.partner[i - 1] - 1].text in ('if', 'while', 'for', 'switch')
        return False

    def is_label(self, colon):
        j = colon - 1
        while self.tokens[j].text not in (';', '{', '}', '?'):
            if self.tokens[j].text in ('case', 'default'):
                return True
            j -= 1
        return False

    def find_end(self, i):
        """Returns the semicolon at the end of the statement, or None in a list of initializers."""
        while self.tokens[i].text != ';':
            if self.tokens[i].text in PAIRS.values():
                return None
            if self.tokens[i].text in PAIRS:
                i = self.partner[i]
            i += 1
        return i

    def find_statement(self, i):
        """Finds mutants that remove a statement, or its value."""
        token = self.tokens[i]
        if token.text in ('break', 'continue'):
            self.add(i, i, '')
        elif token.text == 'return':
            end = self.find_end(i)
            if end == i + 1:
                self.add(i, i, '')
            elif not self.decides(i + 1, end):
                self.add(i + 1, end - 1, '0')
        elif token.kind == 'name' and token.text not in KEYWORDS or token.text in ('*', '++', '--', '('):
            self.find_removable(i)

    def decides(self, first, end):
        """Whether other mutants change the value of an expression anyway."""
        if end == first + 1 and (self.tokens[first].kind != 'name' or self.tokens[first].text.isupper()):
            return True
        return any(token.text in COMPARISONS or token.text in ('&&', '||', '?', '!')
                   for token in self.tokens[first:end])

    def find_removable(self, i):
        if self.tokens[i].text == 'g_autoptr' or self.tokens[i].text.startswith('g_auto'):
            return
        end = self.find_end(i)
        if end is None:
            return
        j = i
        # A call, whose value is not used.
        if self.tokens[i].kind == 'name' and self.tokens[i + 1].text == '(' and \
                self.partner[i + 1] == end - 1:
            self.add(i, end - 1, '')
            return
        # An assignment: a declaration has two names beside each other, or a name and a spaced asterisk.
        while j < end:
            text = self.tokens[j].text
            if text in ('=', '+=', '-=', '|=', '&=', '*=', '/='):
                self.add(i, end - 1, '')
                return
            if j > i and self.tokens[j].kind == 'name' and self.tokens[j - 1].kind == 'name':
                return
            if j > i and text == '*' and self.tokens[j - 1].kind == 'name' and not self.is_spaced(j):
                return
            j = self.partner[j] + 1 if text in ('(', '[') else j + 1
        if self.tokens[i].text in ('++', '--') or self.tokens[end - 1].text in ('++', '--'):
            self.add(i, end - 1, '')

    def find_condition(self, i):
        """The condition after `if` or `while`: never, and always."""
        first, last = i + 2, self.partner[i + 1] - 1
        self.add(first, last, 'FALSE')
        # A loop that never ends would be stopped by the time limit alone.
        if self.tokens[i].text == 'if':
            self.add(first, last, 'TRUE')

    def is_whole_condition(self, i):
        """Whether a comparison or negation is all of a condition, which the constants replace as well."""
        opening = i
        while self.tokens[opening].text not in ('(', '&&', '||', ';', '{', '}', '=', '?', ':', 'return'):
            opening -= 1
            if self.tokens[opening].text in (')', ']'):
                opening = self.partner[opening] - 1
        if self.tokens[opening].text != '(' or self.tokens[opening - 1].text not in ('if', 'while'):
            return False
        closing = i
        while self.tokens[closing].text not in ('&&', '||', '?', ')'):
            closing += 1
            if self.tokens[closing].text in ('(', '['):
                closing = self.partner[closing] + 1
        return closing == self.partner[opening]

    def find_in_expression(self, i):
        token = self.tokens[i]
        text = token.text
        if token.kind == 'number':
            self.find_number(i)
        elif text in BOOLEANS:
            self.add(i, i, BOOLEANS[text])
        elif text in ('if', 'while'):
            self.find_condition(i)
        elif text == 'for':
            self.find_loop(i)
        elif text in COMPARISONS and self.is_spaced(i):
            for other in COMPARISONS[text]:
                is_opposite = (text, other) in {('<', '>='), ('<=', '>'), ('>', '<='), ('>=', '<'),
                                                ('==', '!='), ('!=', '==')}
                if not (is_opposite and self.is_whole_condition(i)):
                    self.add(i, i, other)
        elif text == '|' and self.is_spaced(i) and self.is_flag(i - 1) and self.is_flag(i + 1):
            self.add(i + 1, i + 1, '0')
            if self.tokens[i - 2].text != '|':
                self.add(i - 1, i - 1, '0')
        elif text in BINARY and self.is_spaced(i):
            self.add(i, i, BINARY[text])
        elif text in STEPS:
            self.add(i, i, STEPS[text])
        elif text == '~' or text == '!' and not self.is_whole_condition(i):
            self.add(i, i, '')
        elif text == '?':
            self.find_choice(i)
        elif CONSTANT.fullmatch(text) and self.is_value(i):
            self.add(i, i, f'({text} + 1)')

    def find_number(self, i):
        text = self.tokens[i].text
        if text == '0' and self.tokens[i - 1].text in COMPARISONS:
            return
        if text == '0':
            self.add(i, i, '1')
        elif text == '1':
            self.add(i, i, '0')
        else:
            self.add(i, i, f'({text} + 1)')

    def find_loop(self, i):
        """The condition of `for`."""
        first = self.find_end(i + 2) + 1
        last = self.find_end(first) - 1
        if last >= first:
            self.add(first, last, 'FALSE')

    def find_choice(self, i):
        """The condition before a question mark."""
        first = i - 1
        while True:
            if self.tokens[first].text in (')', ']'):
                first = self.partner[first]
            if self.tokens[first - 1].text in ('(', ',', '=', 'return', ';', '{', '?', ':', '+=', '|='):
                break
            first -= 1
        code = self.text[self.tokens[first].start:self.tokens[i - 1].end]
        # A comparison alone becomes its opposite anyway.
        if not any(self.tokens[j].text in COMPARISONS for j in range(first, i)) or \
                any(self.tokens[j].text in ('&&', '||') for j in range(first, i)):
            self.add(first, i - 1, f'!({squeeze(code)})')

    def is_flag(self, i):
        return self.tokens[i].kind == 'name' and self.tokens[i].text.isupper()

    def is_value(self, i):
        """Whether a constant is not compared, combined or called."""
        before, after = self.tokens[i - 1].text, self.tokens[i + 1].text
        return (after in (';', ',', ')', ':', '}') and
                before in ('return', '=', '?', ':', ',', '('))
