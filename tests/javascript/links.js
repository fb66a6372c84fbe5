// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Links that another user has planted, in a place like /tmp.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';
import {check, exists, makeOld, skip, test, throws} from './harness.js';

const attacker = 4711;
const {PERMISSION_DENIED} = Gio.IOErrorEnum;
const {NOFOLLOW_SYMLINKS} = Gio.FileQueryInfoFlags;

const name = 'links of other users';
if (GLib.file_test('/proc/self', GLib.FileTest.EXISTS) && isRoot())
    test(name, checkPlantedLink);
else
    skip(name, 'needs a second user: only root has one');

function isRoot() {
    const self = Gio.File.new_for_path('/proc/self');
    return self.query_info('unix::uid', Gio.FileQueryInfoFlags.NONE, null)
        .get_attribute_uint32('unix::uid') === 0;
}

function checkPlantedLink(folder) {
    const shared = folder.get_child('shared');
    const victim = folder.get_child('victim');
    const link = shared.get_child('link');
    shared.make_directory(null);
    shared.set_attribute_uint32('unix::mode', 0o1777, NOFOLLOW_SYMLINKS, null);
    victim.make_directory(null);
    const old = makeOld(victim, 'old');
    link.make_symbolic_link(victim.get_path(), null);
    link.set_attribute_uint32('unix::uid', attacker, NOFOLLOW_SYMLINKS, null);

    // The control: the kernel follows the link.
    check(exists(link.get_child('old').get_path()), 'the link leads nowhere');
    for (const call of [
        () => new Tempman.Root({directory: link, timeout: 60}),
        () => new Tempman.TemporaryDirectory({parent: link}),
        () => Tempman.delete_recursively(link.get_child('old')),
    ])
        throws(PERMISSION_DENIED, call, link.get_path());
    check(exists(old), 'deleted through a link of another user');
}
