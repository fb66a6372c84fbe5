/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-age-private.h"

G_BEGIN_DECLS

/* What a root remembers of a shared file system from one call to the next: its clock, and the
 * heartbeats of its entries. All functions may be called by several threads. */
typedef struct _TmWatch TmWatch;

/* What a heartbeat tells of an owner. It is dead only if both hold. */
typedef struct
{
  double age;         /* by the clock of the file system, in seconds */
  gboolean is_stale;  /* it is older than the lease */
  gboolean is_silent; /* there was none while the root watched for long enough */
} TmHeartbeatSigns;

TmWatch *tm_watch_new (void);
void tm_watch_free (TmWatch *watch);

/* What creating a file tells of its file system. */
typedef struct
{
  TmTimestamp now;
  gboolean has_marks; /* a mode can contain the mark */
} TmFileSystemSigns;

void tm_watch_set_file_system (TmWatch *watch, const TmFileSystemSigns *signs);
gboolean tm_watch_get_file_system (TmWatch *watch, TmFileSystemSigns *signs);

gint64 tm_watch_begin_scan (TmWatch *watch);
void tm_watch_end_scan (TmWatch *watch, gint64 begin);
TmHeartbeatSigns tm_watch_look_at (TmWatch *watch,
                                   const char *name,
                                   TmTimestamp beat,
                                   TmTimestamp now,
                                   double lease);
double tm_watch_get_time_left (TmWatch *watch);

G_END_DECLS
