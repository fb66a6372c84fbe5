# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Draws how fast trees are deleted as an SVG that is readable on light and on dark ground."""

from xml.sax.saxutils import escape

import deleters

COLUMN = 480
MARGIN = 16
LABEL = 110
VALUE = 44
BAR = 15
HEADING = 24
GAP = 16
TOP = 64

# System fonts and colours of sufficient contrast, for either preference of the reader.
STYLE = '''
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .heading { font-weight: 600; }
  .value, .label { font-size: 11px; }
  .own { font-weight: 700; }
  .ground { fill: #ffffff; }
  .bar { fill: #8c959f; }
  .bar-own { fill: #0969da; }
  .bar-floor { fill: #bf8700; }
  .one { stroke: #1f2328; stroke-dasharray: 3 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ground { fill: #0d1117; }
    .bar { fill: #6e7681; }
    .bar-own { fill: #4493f8; }
    .bar-floor { fill: #d29922; }
    .one { stroke: #e6edf3; }
  }
'''


def _plain(text):
    return escape(text.replace('`', ''))


def _height(table):
    return HEADING + BAR * len(table.series) + GAP


def _draw_table(table, x, y, largest, out):
    left = x + LABEL
    width = COLUMN - 2 * MARGIN - LABEL - VALUE
    bottom = y + HEADING + BAR * len(table.series)
    out.append(f'<text class="heading" x="{x}" y="{y + 14}">{_plain(table.full_title)}</text>')

    for index, (name, series) in enumerate(table.series.items()):
        top = y + HEADING + index * BAR
        kind = 'own' if name == deleters.LIBRARY else 'floor' if name in deleters.FLOORS else None
        own = ' own' if kind == 'own' else ''
        out.append(f'<text class="label{own}" x="{left - 6}" y="{top + 11}" '
                   f'text-anchor="end">{_plain(name)}</text>')
        if series.failure is not None:
            out.append(f'<text class="value" x="{left + 4}" y="{top + 11}">fails</text>')
            continue
        ratio = table.ratio(name)
        length = width * ratio / largest
        bar_class = 'bar' + (f' bar-{kind}' if kind else '')
        out.append(f'<rect class="{bar_class}" x="{left}" y="{top + 1}" width="{length:.1f}" '
                   f'height="{BAR - 3}" rx="2"/>')
        out.append(f'<text class="value{own}" x="{left + length + 5:.1f}" y="{top + 11}">'
                   f'{ratio:.2f}</text>')

    one = left + width / largest
    out.append(f'<line class="one" x1="{one:.1f}" y1="{y + HEADING - 2}" x2="{one:.1f}" '
               f'y2="{bottom}"/>')


def draw(tables, results):
    """One column for each file system, one group of bars for each tree."""
    columns = {}
    for table in tables:
        columns.setdefault(table.place, []).append(table)
    # The disk has few contestants: each of its trees goes below the column that is shortest.
    if len(columns) > 1:
        for table in columns.pop('disk', []):
            min(columns.values(), key=lambda column: sum(map(_height, column))).append(table)

    ratios = [table.ratio(name) for table in tables for name, series in table.series.items()
              if series.failure is None]
    largest = max([1.0, *ratios]) * 1.02
    width = COLUMN * max(len(columns), 1)
    height = TOP + max((sum(map(_height, column)) for column in columns.values()), default=0)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           f'width="{width}" height="{height}" role="img" aria-labelledby="title note">',
           f'<style>{STYLE}</style>',
           f'<rect class="ground" width="{width}" height="{height}"/>',
           f'<text id="title" class="title" x="{MARGIN}" y="26">'
           'Deleting, relative to rm -rf: longer is faster</text>',
           f'<text id="note" x="{MARGIN}" y="46">{escape(results.date)}, {escape(results.options["machine"])}; '
           'the dashed line is rm -rf</text>']
    for number, column in enumerate(columns.values()):
        y = TOP
        for table in column:
            _draw_table(table, number * COLUMN + MARGIN, y, largest, out)
            y += _height(table)
    out.append('</svg>')
    return '\n'.join(out) + '\n'
