# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For the checks of what the compiler is given and makes: reads the commands of a build folder."""

import json
import os
import pathlib
import shlex

import lint


class Compiled:
    """A source of the library or of the command, and the object made of it."""

    def __init__(self, command):
        build = pathlib.Path(command['directory'])
        self.path = os.path.relpath(build / command['file'], lint.TOP)
        self.object = build / command['output']
        self.output = command['output']
        # What another compiler has to know to read the source as this one did.
        self.options = [option for option in shlex.split(command['command'])
                        if option.startswith(('-I', '-D', '-U', '-std='))]
        self.directory = build


def list_compiled(build):
    with open(pathlib.Path(build) / 'compile_commands.json', encoding='utf-8') as file:
        found = [Compiled(command) for command in json.load(file)]
    return sorted((each for each in found if each.path.endswith('.c') and
                   each.path.startswith('tempman/') and each.output.startswith('tempman/')),
                  key=lambda each: each.path)
