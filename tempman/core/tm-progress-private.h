/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-delete.h"

G_BEGIN_DECLS

/* The counts of a deletion. Each of its threads adds to them, and the calling thread reports them.
 */
typedef struct
{
  TmDeleteProgressCallback callback;
  gpointer user_data; /* (unowned): for callback */

  GMutex mutex; /* guards the counts */
  guint64 n_deleted;
  guint64 n_found;
  gint64 next_report; /* monotonic time; used by the reporting thread only */
} TmProgress;

void tm_progress_init (TmProgress *progress, TmDeleteProgressCallback callback, gpointer user_data);
void tm_progress_add (TmProgress *progress, guint64 n_deleted, guint64 n_found);
gint64 tm_progress_report_if_due (TmProgress *progress);
void tm_progress_report (TmProgress *progress);
void tm_progress_clear (TmProgress *progress);

G_END_DECLS
