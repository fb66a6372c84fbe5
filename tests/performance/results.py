# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What was measured: the tables, and the file that keeps them, so that a run can be continued."""

import datetime
import json
import os

from timing import Series


# The kinds of tables whose ratios say how many times as fast a contestant is as the reference.
FASTER_IS_MORE = ('deletion', 'measuring')


class Table:
    """The series of all contestants at one work, and whose is the measure."""

    def __init__(self, kind, work, place, one_cpu, title, reference, series, notes=(), others=0,
                 seconds=0):
        self.kind = kind
        self.work = work
        self.place = place
        self.one_cpu = one_cpu
        self.title = title
        self.reference = reference
        self.series = series
        self.notes = list(notes)
        # The share of the processors that others took before it began, and how long it lasted.
        self.others = others
        self.seconds = seconds

    @property
    def key(self):
        return self.place, self.work, self.one_cpu

    @property
    def full_title(self):
        return f'{self.title}, {self.place}' + (', one CPU' if self.one_cpu else '')

    def ratio(self, name, of='median'):
        """How often the contestant's time goes into the reference's, or the other way about.

        Of the rounds in which both took part: who takes part in fewer does so in the first ones.
        """
        own = self.series[name]
        reference = Series(self.series[self.reference].values[:len(own.values)])
        own, reference = getattr(own, of), getattr(reference, of)
        return reference / own if self.kind in FASTER_IS_MORE else own / reference

    def to_json(self):
        return {**vars(self), 'series': {name: vars(series)
                                         for name, series in self.series.items()}}

    @classmethod
    def from_json(cls, value):
        return cls(**{**value, 'series': {name: Series(**series)
                                          for name, series in value['series'].items()}})


class Machine:
    """The machine, in words that say nothing about whose it is."""

    def __init__(self):
        self.cores = len(os.sched_getaffinity(0))
        self.kernel = '.'.join(os.uname().release.split('.')[:2])

    def __str__(self):
        return f'{self.cores} cores, Linux {self.kernel}'


class OtherOptions(Exception):
    """The file was begun in another way: its figures and those to come do not belong together."""


class Results:
    """All tables of a run, kept in a file that is written whenever there is one more."""

    def __init__(self, file_name, options):
        self._file_name = file_name
        # What has to be the same for all tables of a page.
        self.options = {**options, 'machine': str(Machine())}
        self.tables = {}
        self.places = {}
        self.unavailable = {}
        self.versions = {}
        self.missing = {}
        self.date = None

    def load_if_begun(self):
        """Goes on with what the file has, if there is one."""
        if self._file_name is None or not os.path.exists(self._file_name):
            return
        with open(self._file_name, encoding='utf-8') as file:
            value = json.load(file)
        if value['options'] != self.options:
            raise OtherOptions(f'{self._file_name} was measured with other options: '
                               f'{value["options"]}, and not {self.options}')
        self.tables = {table.key: table for table in map(Table.from_json, value['tables'])}
        for name in ('places', 'unavailable', 'versions', 'missing', 'date'):
            setattr(self, name, value[name])

    def save(self):
        if self._file_name is None:
            return
        value = {name: getattr(self, name) for name in
                 ('options', 'date', 'places', 'unavailable', 'versions', 'missing')}
        value['tables'] = [table.to_json() for table in self.tables.values()]
        # Whole or not at all, also when this is interrupted.
        temporary = f'{self._file_name}.new'
        with open(temporary, 'w', encoding='utf-8') as file:
            json.dump(value, file, indent=1)
        os.replace(temporary, self._file_name)

    def add(self, table):
        self.tables[table.key] = table
        self.date = datetime.date.today().strftime('%-d %B %Y')
        self.save()

    def of_kind(self, kind, one_cpu=False):
        return [table for table in self.tables.values()
                if table.kind == kind and table.one_cpu == one_cpu]
