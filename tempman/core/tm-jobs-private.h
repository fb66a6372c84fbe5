/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The work of an asynchronous call. It runs with the rights of the thread that added it. */
typedef void (*TmJobFunc) (gpointer data);

void tm_jobs_add (GMainContext *context, int priority, TmJobFunc function, gpointer data);

G_END_DECLS
