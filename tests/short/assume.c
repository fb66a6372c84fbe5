/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* In place of core/tm-watch.c, for controls: what a heartbeat tells of its owner is in part
 * assumed. */

#include "core/tm-watch-private.h"

TmHeartbeatSigns look_at (TmWatch *watch,
                          const char *name,
                          TmTimestamp beat,
                          gint64 asked_at,
                          TmTimestamp now,
                          double lease,
                          gboolean is_needed);

#define tm_watch_look_at look_at
#include "core/tm-watch.c"
#undef tm_watch_look_at

TmHeartbeatSigns
tm_watch_look_at (TmWatch *watch,
                  const char *name,
                  TmTimestamp beat,
                  gint64 asked_at,
                  TmTimestamp now,
                  double lease,
                  gboolean is_needed)
{
  TmHeartbeatSigns signs = look_at (watch, name, beat, asked_at, now, lease, is_needed);

#ifdef ASSUME_STALE
  signs.is_stale = TRUE;
#endif
#ifdef ASSUME_SILENT
  signs.is_silent = TRUE;
#endif
  return signs;
}
