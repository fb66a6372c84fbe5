/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-age-private.h"

G_BEGIN_DECLS

/* The heartbeats that a root has seen on a shared file system, and the clock of this file system.
 * All functions may be called in any thread. */
typedef struct _TmWatch TmWatch;

/* The result of a look at a heartbeat. The owner is dead only if it is both stale and silent. */
typedef struct
{
  double age;         /* by the clock of the file system, in seconds */
  gboolean is_stale;  /* it is older than the lease */
  gboolean is_silent; /* it did not change while the root watched for long enough */
} TmHeartbeatSigns;

TmWatch *tm_watch_new (void);
void tm_watch_free (TmWatch *watch);

/* The properties of a file system, found by creating a file in it. */
typedef struct
{
  TmTimestamp now;
  gboolean has_marks; /* a mode can contain the mark */
} TmFileSystemSigns;

void tm_watch_set_file_system (TmWatch *watch, const TmFileSystemSigns *signs);
void tm_watch_add_estimate (TmWatch *watch, TmFileSystemSigns *signs);
gboolean tm_watch_get_file_system (TmWatch *watch, TmFileSystemSigns *signs);

gint64 tm_watch_begin_scan (TmWatch *watch);
void tm_watch_opened_root (TmWatch *watch, gint64 asked_at);
void tm_watch_end_scan (TmWatch *watch, gint64 begin);
TmHeartbeatSigns tm_watch_look_at (TmWatch *watch,
                                   const char *name,
                                   TmTimestamp beat,
                                   gint64 asked_at,
                                   TmTimestamp now,
                                   double lease,
                                   gboolean is_needed);
void tm_watch_interrupt (TmWatch *watch);
double tm_watch_get_time_left (TmWatch *watch);

G_END_DECLS
