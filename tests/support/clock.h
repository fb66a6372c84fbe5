/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <time.h>

G_BEGIN_DECLS

/* In seconds, like a timeout. */
#define HOUR 3600

/* These stop the time of day for this process only; the system clock is not changed. */
void stop_clock (const struct timespec *time);
void start_clock (void);

void wait_for_clock_tick (void);
void append_time (GString *string, struct timespec time);

G_END_DECLS
