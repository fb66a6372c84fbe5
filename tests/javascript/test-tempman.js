// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The JavaScript binding. Prints TAP.

import {api, missingCalls} from './calls.js';
import {check, main, test} from './harness.js';
import './arguments.js';
import './asynchronous.js';
import './delete.js';
import './directory.js';
import './lifetime.js';
import './links.js';
import './properties.js';
import './root.js';
import './with.js';

test('every call of the typelib was made', () => {
    check(api.calls.length >= 40, `the typelib has only ${api.calls.length} calls`);
    check(missingCalls().length === 0, `never made: ${missingCalls().join(', ')}`);
});

await main();
