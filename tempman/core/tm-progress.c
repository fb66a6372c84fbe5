/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-progress-private.h"

/* Often enough for a progress bar to move smoothly: 25 times a second. */
#define REPORT_INTERVAL (G_USEC_PER_SEC / 25)

/*
 * tm_progress_init:
 * @progress: (out caller-allocates): the progress of one deletion
 * @callback: called in the reporting thread
 * @user_data: data for @callback
 *
 * The first report is due after one interval. A shorter deletion reports only once, at its end.
 */
void
tm_progress_init (TmProgress *progress, TmDeleteProgressCallback callback, gpointer user_data)
{
  *progress = (TmProgress){
    .callback = callback,
    .user_data = user_data,
    .next_report = g_get_monotonic_time () + REPORT_INTERVAL,
  };
  g_mutex_init (&progress->mutex);
}

/* Called in any thread, for a batch of entries and not for each one. */
void
tm_progress_add (TmProgress *progress, guint64 n_deleted, guint64 n_found)
{
  g_mutex_lock (&progress->mutex);
  progress->n_deleted += n_deleted;
  progress->n_found += n_found;
  g_mutex_unlock (&progress->mutex);
}

/* Called in the reporting thread, without a lock: the callback is code of the caller. */
void
tm_progress_report (TmProgress *progress)
{
  guint64 n_deleted, n_found;

  g_mutex_lock (&progress->mutex);
  n_deleted = progress->n_deleted;
  n_found = progress->n_found;
  g_mutex_unlock (&progress->mutex);

  progress->callback (n_deleted, n_found, progress->user_data);
}

/*
 * tm_progress_report_if_due:
 * @progress: a progress
 *
 * Called in the reporting thread.
 *
 * Returns: the monotonic time at which the next report is due
 */
gint64
tm_progress_report_if_due (TmProgress *progress)
{
  gint64 now = g_get_monotonic_time ();

  if (now >= progress->next_report)
    {
      progress->next_report = now + REPORT_INTERVAL;
      tm_progress_report (progress);
    }

  return progress->next_report;
}

void
tm_progress_clear (TmProgress *progress)
{
  g_mutex_clear (&progress->mutex);
}
