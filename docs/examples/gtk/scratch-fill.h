/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>

G_BEGIN_DECLS

void scratch_fill_async (TmTemporaryDirectory *directory,
                         guint n_files,
                         gint *n_written,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
gboolean scratch_fill_finish (TmTemporaryDirectory *directory,
                              GAsyncResult *result,
                              GError **error);
GFile *scratch_fill_get_folder (TmTemporaryDirectory *directory);

G_END_DECLS
