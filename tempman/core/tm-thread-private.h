/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A thread that the calling thread starts for one piece of work. */
typedef struct _TmThread TmThread;

typedef void (*TmThreadFunc) (gpointer data);

TmThread *tm_thread_try_start (TmThreadFunc function, gpointer data);
void tm_thread_join (TmThread *thread);
gboolean tm_thread_try_start_detached (TmThreadFunc function, gpointer data);
gboolean tm_thread_is_first (void);

G_END_DECLS
