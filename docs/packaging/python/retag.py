# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Changes the tag of a wheel to py3-none-PLATFORM: for every version of Python 3.

meson-python 0.12 to 0.14 take each file in a folder for one platform for an extension of one version of Python. The
library of this wheel is none: PyGObject loads it.

Usage: retag.py WHEEL FOLDER. Writes the wheel to the folder, with the times of SOURCE_DATE_EPOCH, and prints its path.
"""

import base64
import csv
import hashlib
import io
import os
import pathlib
import re
import sys
import time
import zipfile

source, folder = map(pathlib.Path, sys.argv[1:])
name, version, *_, platform = source.stem.split('-')
target = folder / f'{name}-{version}-py3-none-{platform}.whl'
epoch = max(int(os.environ.get('SOURCE_DATE_EPOCH', time.time())), 315532800)
date = time.gmtime(epoch)[:6]

with zipfile.ZipFile(source) as archive:
    contents = {name: archive.read(name) for name in archive.namelist()}

info = f'{name}-{version}.dist-info'
contents[f'{info}/WHEEL'] = re.sub(rb'^Tag: .*$', f'Tag: py3-none-{platform}'.encode(), contents[f'{info}/WHEEL'],
                                   flags=re.MULTILINE)
del contents[f'{info}/RECORD']
record = io.StringIO()
writer = csv.writer(record, lineterminator='\n')
for path in sorted(contents):
    digest = base64.urlsafe_b64encode(hashlib.sha256(contents[path]).digest()).rstrip(b'=').decode()
    writer.writerow((path, f'sha256={digest}', len(contents[path])))
writer.writerow((f'{info}/RECORD', '', ''))
contents[f'{info}/RECORD'] = record.getvalue().encode()

with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as archive:
    # The metadata are at the end, as the format recommends.
    for path in sorted(contents, key=lambda path: (path.startswith(info), path)):
        entry = zipfile.ZipInfo(path, date)
        # Whatever the mask is.
        entry.external_attr = 0o100644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, contents[path])
print(target)
