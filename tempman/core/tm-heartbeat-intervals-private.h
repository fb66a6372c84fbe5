/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* How often an owner shows that it lives, and how long a cleaner must see no sign of life. All
 * programs on all machines that use a directory have to agree on them: they are no options. The
 * tests build the library with a header of their own, with shorter intervals. */

#define TM_HEARTBEAT_INTERVAL_SECONDS 30

/* Longer than an interval, plus the delay of a late beat, plus the time for which network file
 * systems cache attributes: mostly up to 30 s for directories. */
#define TM_HEARTBEAT_SILENCE_SECONDS 90
