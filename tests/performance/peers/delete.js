// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Node: deletes each path. With --time, prints the nanoseconds that took.

const fs = require('node:fs');

const paths = process.argv.slice(2);
const timed = paths[0] === '--time';
if (timed)
    paths.shift();

const start = process.hrtime.bigint();
for (const path of paths)
    fs.rmSync(path, {recursive: true});
if (timed)
    console.log(String(process.hrtime.bigint() - start));
