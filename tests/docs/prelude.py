# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The names that a block of Python in the documentation may use without a definition."""

import asyncio
import datetime
import os
import pathlib
import subprocess

import gi

from gi.repository import Gio, GLib

import tempman

__all__ = [
    'Gio', 'GLib', 'asyncio', 'datetime', 'directory', 'fill', 'folder', 'gi', 'os', 'pathlib',
    'root', 'subprocess', 'tempman', 'work_in',
]

folder = os.path.abspath('work')
root = tempman.root(folder, timeout=60)
directory = root.create_temp_dir()


def work_in(path):
    assert os.path.isdir(path), path


async def fill(_directory):
    work_in(_directory.path)
