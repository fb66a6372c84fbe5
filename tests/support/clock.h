/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <time.h>

G_BEGIN_DECLS

/* The time of day, for the process that is linked with this; the clock of the system goes on. */
void stop_clock (const struct timespec *time);
void start_clock (void);

G_END_DECLS
