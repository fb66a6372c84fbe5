# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every link within the documentation leads somewhere, in the site as it was built and in
the README, and that links lead to every page. Links to other sites are not followed.

Members of enumerations and flags are linked with their namespace: gi-docgen from 2024.1 on finds
them in no other way, and 2023.1 takes either.

Usage: test_links.py SITE README GIR PAGES. Prints TAP, a line for each page.
"""

import html.parser
import pathlib
import re
import sys
import urllib.parse


def unify(anchor):
    """A member of an enumeration is “read-only” in the links of gi-docgen, and “read_only” there."""
    return anchor.replace('_', '-')


class Page(html.parser.HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links = []
        self.anchors = set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors.update(unify(attributes[name]) for name in ('id', 'name')
                            if attributes.get(name))
        for attribute in ['href', 'src']:
            if attribute in attributes and tag != 'base':
                self.links.append(attributes[attribute] or '')


def find_broken(path, page, pages):
    for link in page.links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        # gi-docgen writes the address of its own index so when it has none.
        target = path.parent / urllib.parse.unquote(parts.path) if parts.path else path
        target = target.resolve()
        # Nor do newer versions link from an asynchronous constructor to the page of its other half.
        if not target.exists() and target.name.startswith('type_func.') and \
                target.with_name(target.name.replace('type_func.', 'ctor.', 1)).exists():
            continue
        if not target.exists():
            yield f'{link}: there is no such page'
        elif parts.fragment and target.suffix == '.html' and \
                unify(urllib.parse.unquote(parts.fragment)) not in pages[target].anchors:
            yield f'{link}: there is no such place in that page'


def find_broken_in_markdown(path):
    text = re.sub(r'```.*?```', '', path.read_text(encoding='utf-8'), flags=re.DOTALL)
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        parts = urllib.parse.urlsplit(link)
        if not parts.scheme and parts.path and not (path.parent / parts.path).exists():
            yield f'{link}: there is no such file'


def find_linked(page):
    """Returns the pages that the text of a page links, in its source."""
    text = re.sub(r'```.*?```', '', page.read_text(encoding='utf-8'), flags=re.DOTALL)
    return {page.with_name(name + '.md') for name in re.findall(r'\]\(([\w-]+)\.html', text)}


def find_unlinked(site, sources):
    """Each page is in the navigation of the site, and links lead to it from the overview."""
    navigation = Page(site / 'index.html').links
    pages = sorted(sources.glob('*.md'))
    found = [sources / 'overview.md']
    for page in found:
        found += find_linked(page).intersection(pages).difference(found)
    for page in pages:
        if page.with_suffix('.html').name not in navigation:
            yield f'{page.name}: it is missing in the navigation, which `pages` in meson.build lists'
        if page not in found:
            yield f'{page.name}: no page that is reached from overview.md links to it'


def find_without_target(site, pages):
    """gi-docgen writes rows without an address, and links to the source only if it knows a place."""
    for path, page in pages.items():
        if 'href=""' in path.read_text(encoding='utf-8'):
            yield f'{path.name}: a link without an address'
    for name in ['class.Root', 'method.Root.cleanup', 'ctor.Root.new', 'enum.AgeBasis', 'signal.Root.entry-removed',
                 'func.delete_recursively', 'property.Root.max-size']:
        path = site / f'{name}.html'
        if not any(re.match(r'source/tempman/tm-[a-z-]*\.[ch]\.html#L\d+$', link) for link in pages[path].links):
            yield f'{path.name}: no link to the source'


def find_wide_tables(path):
    """A table with many columns of long text cannot be read in a narrow window: a list can."""
    text = re.sub(r'```.*?```', '', path.read_text(encoding='utf-8'), flags=re.DOTALL)
    for table in re.findall(r'(?:^\|.*\n)+', text, re.MULTILINE):
        rows = [[re.sub(r'\[([^\]]*)\][\[(][^\])]*[\])]', r'\1', cell.strip())
                 for cell in re.split(r'(?<!\\)\|', row.strip('|'))] for row in table.splitlines()]
        widths = [max(map(len, column)) for column in zip(*rows)]
        if len(widths) > 3 and sum(widths) > 250:
            yield f'{table.splitlines()[0]}: {len(widths)} columns of {sum(widths)} characters; use a list'


def find_without_namespace(path):
    for link in re.findall(r'\[(?:enum|flags|error)@[^\]]*\]', path.read_text(encoding='utf-8')):
        if not re.search('@(Tempman|GLib|GObject|Gio)[.]', link):
            yield f'{link}: the namespace is missing'


site, readme, gir, sources = (pathlib.Path(path).resolve() for path in sys.argv[1:])
pages = {path: Page(path) for path in sorted(site.rglob('*.html'))}
assert pages, f'there is no page in {site}'
# Without any link, the test would find no broken one.
assert any(page.links for page in pages.values())

results = [(path.name, list(find_broken(path, page, pages))) for path, page in pages.items()]
results.append(('links without a target', list(find_without_target(site, pages))))
results.append(('pages that nothing links', list(find_unlinked(site, sources))))
results.append((readme.name, list(find_broken_in_markdown(readme))))
results += [(f'tables in {path.name}', list(find_wide_tables(path))) for path in sorted(sources.glob('*.md'))]
results += [(f'namespaces in {path.name}', list(find_without_namespace(path)))
            for path in [gir, *sorted(sources.glob('*.md'))]]
# Nor a missing namespace.
assert '[flags@Tempman.RootFlags.' in gir.read_text(encoding='utf-8')

print(f'1..{len(results)}')
for n, (name, broken) in enumerate(results, 1):
    print('not ok' if broken else 'ok', n, '-', name)
    for line in broken:
        print('#', line)
sys.exit(any(broken for _, broken in results))
