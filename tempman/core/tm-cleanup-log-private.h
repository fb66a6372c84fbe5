/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-policy-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The debug messages of one cleanup, or %NULL if they are not shown: then the functions do nothing.
 * They are called in any thread of the cleanup, without a lock. */
typedef struct _TmCleanupLog TmCleanupLog;

TmCleanupLog *tm_cleanup_log_new (GFile *root, const TmPolicy *policy);
void tm_cleanup_log_free (TmCleanupLog *log, const GError *error);

void tm_cleanup_log_set_now (TmCleanupLog *log, TmTimestamp now);
gint64 tm_cleanup_log_start (TmCleanupLog *log);
void tm_cleanup_log_removed (TmCleanupLog *log,
                             const char *name,
                             const TmVerdict *verdict,
                             gint64 start);
void tm_cleanup_log_kept (TmCleanupLog *log, const char *name, const TmVerdict *verdict);
void tm_cleanup_log_reconsider (TmCleanupLog *log);
void tm_cleanup_log_kept_file (TmCleanupLog *log, const char *name);
void tm_cleanup_log_failed (TmCleanupLog *log, const GError *error);

G_END_DECLS
