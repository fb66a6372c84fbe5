// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The errors of the library in another language. GJS sets the locale by itself.

import Gettext from 'gettext';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';

const catalogues = GLib.getenv('TEMPMAN_TEST_CATALOGUES');
const expected = 'Es konnte kein temporärer Ordner mit dem Präfix »a/b« erstellt werden: ' +
    'ein Präfix ist der Anfang eines Namens, kein Pfad';

print('1..1');
if (catalogues)
    Gettext.bindtextdomain('tempman-1', catalogues);
if (GLib.getenv('TEMPMAN_TEST_NO_TRANSLATIONS')) {
    print('ok 1 # SKIP built without translations');
} else if (Gettext.dgettext('tempman-1', 'it is closed') === 'it is closed') {
    print('ok 1 # SKIP there is no locale but C.UTF-8, in which the C library does not translate');
} else {
    let message = 'there is no error';
    try {
        Tempman.TemporaryDirectory.new(Gio.File.new_for_path(GLib.get_tmp_dir()), 'a/b', null);
    } catch (error) {
        ({message} = error);
    }
    if (message === expected)
        print('ok 1 - translations');
    else
        print(`# ${message}\nnot ok 1 - translations`);
}
