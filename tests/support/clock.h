/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <time.h>

G_BEGIN_DECLS

/* In seconds, as a timeout is. */
#define HOUR 3600

/* These stop the time of day for this process alone; the clock of the system runs on. */
void stop_clock (const struct timespec *time);
void start_clock (void);

void wait_for_clock_tick (void);
void append_time (GString *string, struct timespec time);

G_END_DECLS
