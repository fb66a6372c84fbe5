/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-delivery-private.h"

G_BEGIN_DECLS

/* The weight of a sub-directory, whose content is unknown, beside that of a file. */
#define TM_PROGRESS_DIRECTORY_WEIGHT 32

typedef struct
{
  guint64 n_deleted;
  guint64 n_found;
  guint64 bytes_freed;
  double share; /* the estimated share of the work that is done */
} TmProgressCounts;

/* A file that could not be deleted. */
typedef struct
{
  GFile *file;   /* (owned) */
  GError *error; /* (owned) */
} TmFailure;

/* Called in the reporting thread. */
typedef void (*TmProgressFunc) (const TmProgressCounts *counts, gpointer data);

/* Called in any thread. */
typedef gboolean (*TmProgressWantsFunc) (gpointer data);

/* The counts and the failures of a deletion. Each of its threads adds to them, and the calling
 * thread reports them. */
typedef struct
{
  TmDelivery *delivery;               /* (unowned): receives each #TmFailure */
  TmProgressFunc report;              /* stores the counts, before the delivery is poked */
  TmProgressWantsFunc wants_failures; /* whether the failures are delivered */
  gpointer data;                      /* (unowned): for both */

  GMutex mutex; /* guards the fields below */
  TmProgressCounts counts;
  gboolean has_failed;

  gint64 next_report; /* monotonic time; used by the reporting thread only */
} TmProgress;

void tm_progress_init (TmProgress *progress,
                       TmDelivery *delivery,
                       TmProgressFunc report,
                       TmProgressWantsFunc wants_failures,
                       gpointer data);
void tm_progress_add (TmProgress *progress, const TmProgressCounts *counts);
gboolean tm_progress_note_failure (TmProgress *progress);
void tm_progress_fail (TmProgress *progress, GFile *file, GError *error, GCancellable *cancellable);
gint64 tm_progress_report_if_due (TmProgress *progress);
void tm_progress_end (TmProgress *progress, gboolean succeeded);
void tm_progress_clear (TmProgress *progress);

double tm_progress_take_share (double *left, guint n, gboolean is_last, guint64 *n_expected);

void tm_failure_free (gpointer failure);

G_END_DECLS
