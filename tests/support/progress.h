/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The reports of a deletion. */
typedef struct
{
  GCancellable *cancellable; /* (unowned) (nullable): cancelled at the first report */
  guint n_calls;
  guint64 n_deleted; /* by the last report */
  guint64 n_found;
} Progress;

void record_progress_cb (guint64 n_deleted, guint64 n_found, gpointer user_data);

G_END_DECLS
