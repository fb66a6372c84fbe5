/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The heartbeat of one temporary directory. */
typedef struct _TmHeartbeat TmHeartbeat;

typedef enum
{
  TM_BEAT_DONE,
  TM_BEAT_FAILED, /* the next one is tried all the same */
  TM_BEAT_LOST    /* the directory does not exist any more, which ends the heartbeat */
} TmBeatResult;

/* Makes one beat, in the thread of a worker. @is_late: whether the last beat was so long ago that a
 * cleaner may have deleted the directory. */
typedef TmBeatResult (*TmHeartbeatFunc) (gpointer data, gboolean is_late);

TmHeartbeat *tm_heartbeat_start (const char *server, TmHeartbeatFunc beat, gpointer data);
void tm_heartbeat_stop (TmHeartbeat *heartbeat, GDestroyNotify stopped, gpointer data);

G_END_DECLS
