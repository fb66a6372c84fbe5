/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "progress.h"

/* For a #Progress. The numbers never become smaller. */
void
record_progress_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  Progress *progress = user_data;

  g_assert_cmpuint (n_deleted, <=, n_found);
  g_assert_cmpuint (n_deleted, >=, progress->n_deleted);
  g_assert_cmpuint (n_found, >=, progress->n_found);
  progress->n_calls++;
  progress->n_deleted = n_deleted;
  progress->n_found = n_found;

  if (progress->cancellable != NULL)
    g_cancellable_cancel (progress->cancellable);
}
