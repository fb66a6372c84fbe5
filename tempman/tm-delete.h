/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

#include "tm-enums.h"
#include "tm-version.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * TmDeleteProgressCallback:
 * @n_deleted: the number of deleted entries
 * @n_found: the number of entries found so far, including the deleted ones
 * @user_data: the data that was passed with the callback
 *
 * Reports the progress of a deletion.
 *
 * The number found grows while directories are read; it is not the size of the
 * tree before all of them are.
 *
 * Since: 1.0
 */
typedef void (*TmDeleteProgressCallback) (guint64 n_deleted, guint64 n_found, gpointer user_data);

TM_AVAILABLE_IN_1_0
gboolean tm_delete_recursively (GFile *file,
                                TmDeleteFlags flags,
                                GCancellable *cancellable,
                                TmDeleteProgressCallback progress,
                                gpointer progress_data,
                                GError **error);
TM_AVAILABLE_IN_1_0
void tm_delete_recursively_async (GFile *file,
                                  TmDeleteFlags flags,
                                  int io_priority,
                                  GCancellable *cancellable,
                                  TmDeleteProgressCallback progress,
                                  gpointer progress_data,
                                  GDestroyNotify progress_data_destroy,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
TM_AVAILABLE_IN_1_0
gboolean tm_delete_recursively_finish (GAsyncResult *result, GError **error);

G_END_DECLS
