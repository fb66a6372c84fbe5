/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The heartbeat of one temporary directory. */
typedef struct _TmHeartbeat TmHeartbeat;

/* Makes one beat, in the thread of a worker. @is_late: whether the last beat was so long ago that a
 * cleaner may have deleted the directory. Returns FALSE if the directory does not exist any more,
 * which ends the heartbeat. */
typedef gboolean (*TmHeartbeatFunc) (gpointer data, gboolean is_late);

TmHeartbeat *tm_heartbeat_start (const char *server, TmHeartbeatFunc beat, gpointer data);
void tm_heartbeat_stop (TmHeartbeat *heartbeat, GDestroyNotify stopped, gpointer data);

G_END_DECLS
