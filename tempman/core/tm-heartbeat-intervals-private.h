/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* The interval of the heartbeats, and the time for which a cleaner must see no change. All programs
 * on all machines that use a directory have to agree on them: they are not options. The tests build
 * the library with another header, which has shorter intervals. */

#define TM_HEARTBEAT_INTERVAL_SECONDS 30

/* Longer than an interval, plus the delay of a late beat, plus the time for which network file
 * systems cache attributes: usually up to 30 s for directories. */
#define TM_HEARTBEAT_SILENCE_SECONDS 90
