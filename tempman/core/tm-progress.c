/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-progress-private.h"

/* The progress of a deletion.
 *
 * A deletion does not know the size of the tree: it would have to read all of it first. It
 * estimates the share of the work that is done. The tree is the whole. A directory splits its share
 * among its entries. A sub-directory gets more than a file, and splits its own share when it is
 * read. Shares are only added, so the sum never decreases. */

/* Often enough for a progress bar to move smoothly: 25 times a second. */
#define REPORT_INTERVAL (G_USEC_PER_SEC / 25)

/* The largest share before the success: 1 means that everything is deleted. */
#define MAX_SHARE 0.999

/*
 * tm_progress_init:
 * @progress: (out caller-allocates): the progress of one deletion
 * @delivery: receives the failures; poked after each report
 * @report: receives the counts
 * @wants_failures: whether the caller wants the failures
 * @data: data for both functions
 *
 * The first report is due after one interval. A shorter deletion reports only once, at its end.
 */
void
tm_progress_init (TmProgress *progress,
                  TmDelivery *delivery,
                  TmProgressFunc report,
                  TmProgressWantsFunc wants_failures,
                  gpointer data)
{
  *progress = (TmProgress){
    .delivery = delivery,
    .report = report,
    .wants_failures = wants_failures,
    .data = data,
    .next_report = g_get_monotonic_time () + REPORT_INTERVAL,
  };
  g_mutex_init (&progress->mutex);
}

/* Called in any thread, for a batch of entries and not for each one. */
void
tm_progress_add (TmProgress *progress, const TmProgressCounts *counts)
{
  g_mutex_lock (&progress->mutex);
  progress->counts.n_deleted += counts->n_deleted;
  progress->counts.n_found += counts->n_found;
  progress->counts.bytes_freed += counts->bytes_freed;
  progress->counts.share += counts->share;
  g_mutex_unlock (&progress->mutex);
}

/*
 * tm_progress_note_failure:
 * @progress: (nullable): a progress
 *
 * Called in any thread, for each failure.
 *
 * Returns: whether the caller of the deletion wants it: then tm_progress_fail() follows
 */
gboolean
tm_progress_note_failure (TmProgress *progress)
{
  if (progress == NULL)
    return FALSE;

  g_mutex_lock (&progress->mutex);
  progress->has_failed = TRUE;
  g_mutex_unlock (&progress->mutex);
  return progress->wants_failures (progress->data);
}

/*
 * tm_progress_fail:
 * @progress: a progress
 * @file: (transfer full): a file that could not be deleted
 * @error: (transfer full): the error
 * @cancellable: (nullable): after its cancellation, the call does not wait
 *
 * Delivers a failure. Called in any thread, without a lock. Waits for a moment if many failures
 * wait.
 */
void
tm_progress_fail (TmProgress *progress, GFile *file, GError *error, GCancellable *cancellable)
{
  TmFailure *failure = g_new (TmFailure, 1);

  failure->file = file;
  failure->error = error;
  tm_delivery_add (progress->delivery, failure, cancellable);
}

/* Called in the reporting thread, without a lock: the functions are code of the caller. */
static void
report (TmProgress *progress, gboolean is_complete)
{
  TmProgressCounts counts;

  g_mutex_lock (&progress->mutex);
  counts = progress->counts;
  g_mutex_unlock (&progress->mutex);

  counts.share = is_complete ? 1 : MIN (counts.share, MAX_SHARE);
  progress->report (&counts, progress->data);
  tm_delivery_poke (progress->delivery);
}

/*
 * tm_progress_report_if_due:
 * @progress: a progress
 *
 * Called in the reporting thread, for each batch. A blocking call delivers its failures.
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
      report (progress, FALSE);
    }

  tm_delivery_deliver (progress->delivery);
  return progress->next_report;
}

/* Called in the reporting thread, at the end of the deletion: makes the last report. */
void
tm_progress_end (TmProgress *progress, gboolean succeeded)
{
  report (progress, succeeded);
  tm_delivery_deliver (progress->delivery);
}

void
tm_progress_clear (TmProgress *progress)
{
  g_mutex_clear (&progress->mutex);
}

/*
 * tm_progress_take_share:
 * @left: (inout): the share of a directory that its entries have not got yet
 * @n: the number of entries that have just been read, more than 0 unless @is_last
 * @is_last: whether there are no more
 * @n_expected: (inout): the number of entries that may follow, these included
 *
 * Takes the share of these entries from @left. As long as there are more entries, half of it or
 * more is kept for them.
 *
 * Returns: the share of the @n entries together
 */
double
tm_progress_take_share (double *left, guint n, gboolean is_last, guint64 *n_expected)
{
  double share = *left;

  if (!is_last)
    {
      *n_expected = MAX (*n_expected, 2 * (guint64) n) - n;
      share *= (double) n / (double) (n + *n_expected);
    }

  *left -= share;
  return share;
}

void
tm_failure_free (gpointer data)
{
  TmFailure *failure = data;

  g_object_unref (failure->file);
  g_error_free (failure->error);
  g_free (failure);
}
