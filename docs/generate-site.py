# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs gi-docgen, and adds to its site what it does not make: pages of the source code, for the links to the source.

Usage: generate-site.py SITE FILE... -- COMMAND...: COMMAND is that of gi-docgen, which generates SITE. Each FILE becomes
the page source/tempman/FILE.html.
"""

import html
import pathlib
import re
import subprocess
import sys

PAGE = '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1.5em; font-family: sans-serif; }}
pre {{ line-height: 1.35; overflow-x: auto; }}
pre a {{ display: inline-block; width: 4em; opacity: 0.5; color: inherit; text-decoration: none; }}
pre span:target {{ background: #f6d32d60; }}
</style>
</head>
<body>
<p><a href="{up}index.html">Tempman</a></p>
<h1>{title}</h1>
{body}
</body>
</html>
'''


def write_source(path, page):
    lines = html.escape(path.read_text(encoding='utf-8'), quote=False).splitlines()
    body = '\n'.join(f'<span id="L{n}"><a href="#L{n}">{n}</a>{line}</span>' for n, line in enumerate(lines, 1))
    page.write_text(PAGE.format(title=path.name, up='../../', body=f'<pre>{body}</pre>'), encoding='utf-8')


def write_list(paths, page):
    body = '\n'.join(f'<li><a href="tempman/{path.name}.html">{path.name}</a></li>' for path in paths)
    page.write_text(PAGE.format(title='Source code of the public API', up='../', body=f'<ul>\n{body}\n</ul>'),
                    encoding='utf-8')


def remove_empty_rows(page):
    """gi-docgen writes a row for the website even if there is none."""
    text = page.read_text(encoding='utf-8')
    text = re.sub(r' *<tr><td><em>[^<]*</em></td><td><a href=""[^>]*></a></td></tr>\n', '', text)
    page.write_text(text, encoding='utf-8')


separator = sys.argv.index('--')
site, *paths = (pathlib.Path(argument) for argument in sys.argv[1:separator])
subprocess.run(sys.argv[separator + 1:], check=True)

(site / 'source' / 'tempman').mkdir(parents=True, exist_ok=True)
paths.sort(key=lambda path: path.name)
for source in paths:
    write_source(source, site / 'source' / 'tempman' / f'{source.name}.html')
write_list(paths, site / 'source' / 'index.html')
remove_empty_rows(site / 'index.html')
