# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Temporary directories that are deleted when they are closed, and roots that clean up after crashes.

    import tempman

    with tempman.create_temp_dir() as directory:
        (directory / 'notes.txt').write_text('work')

The names in this package are those of gi.repository.Tempman.
"""

import os as _os

try:
    # Without PyGObject, the overrides of a library are a package gi as well, which has no names.
    from gi import require_version as _require_version
    from gi import version_info as _version_info
except ImportError as error:
    raise ImportError(
        f'tempman needs PyGObject, which Python could not import: {error}. Install the package python3-gi of '
        'Debian, python3-gobject of Fedora, py3-gobject3 of Alpine, python-gobject of Arch, or PyGObject of PyPI.',
        name='gi') from error

# The folder of the library, the typelib and the override in a wheel. Other installations do not have it.
_BUNDLE = _os.path.join(_os.path.dirname(__file__), '_bundle')


def _use_bundle():
    """Make PyGObject find the files of the wheel before those of any other installation."""
    # Each of the two has a repository of its own, and PyGObject uses one of them.
    version = '3.0' if _version_info >= (3, 51) else '2.0'
    _require_version('GIRepository', version)
    from gi.repository import GIRepository
    repository = (GIRepository.Repository.dup_default() if version == '3.0'
                  else GIRepository.Repository)
    repository.prepend_search_path(_BUNDLE)
    repository.prepend_library_path(_BUNDLE)

    import gi.overrides
    gi.overrides.__path__.insert(0, _BUNDLE)

    # Some C libraries have no translations, and Python then no such function.
    import locale
    if hasattr(locale, 'bindtextdomain'):
        locale.bindtextdomain('tempman-1', _os.path.join(_BUNDLE, 'locale'))


if _os.path.isdir(_BUNDLE):
    _use_bundle()

try:
    _require_version('Tempman', '1')
except ValueError as error:
    raise ImportError(
        f'tempman needs the file Tempman-1.typelib: {error}. Install the package gir1.2-tempman-1 of Debian, or '
        'add the folder of the file to GI_TYPELIB_PATH.', name='gi.repository.Tempman') from error

from gi.repository import Tempman as _Tempman

if not hasattr(_Tempman, 'create_temp_dir'):
    raise ImportError('tempman needs the file gi/overrides/Tempman.py, which PyGObject did not find: install it '
                      'beside the package tempman.', name='gi.overrides.Tempman')

__all__ = [name for name in dir(_Tempman) if not name.startswith('_')]
__version__ = _Tempman.VERSION_S


def __getattr__(name):
    return getattr(_Tempman, name)


def __dir__():
    return sorted({*globals(), *__all__})
