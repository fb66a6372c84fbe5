/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Counts every thread that is started in the process, and every use of a thread pool of GLib. */

void thread_starts_fail (int error_number);
guint thread_starts_count (void);
guint thread_pool_uses_count (void);

guint count_threads (void);
void wait_for_number (gint *number, gint n);
void raise_maximum (gint *maximum, gint n);

G_END_DECLS
