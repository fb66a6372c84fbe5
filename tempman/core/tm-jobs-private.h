/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Work that is done in threads of its own, in the name of the thread that asked for it. */
typedef void (*TmJobFunc) (gpointer data);

void tm_jobs_add (GMainContext *context, int priority, TmJobFunc function, gpointer data);

G_END_DECLS
