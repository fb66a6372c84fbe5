/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* In place of the header of the library, for tests that cannot wait for minutes. The silence is
 * longer than an interval, a late beat on a busy machine, and the caches of the tests' mounts. */

#define TM_HEARTBEAT_INTERVAL_SECONDS 1
#define TM_HEARTBEAT_SILENCE_SECONDS 6
