/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void tm_task_run (gpointer source,
                  gpointer source_tag,
                  int io_priority,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data,
                  GTaskThreadFunc thread_func);
GTask *tm_task_new (gpointer source,
                    gpointer source_tag,
                    int io_priority,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data);
void tm_task_run_in_thread (GTask *task, GTaskThreadFunc thread_func);
gboolean tm_task_propagate_boolean (GAsyncResult *result, GError **error);
gssize tm_task_propagate_int (GAsyncResult *result, GError **error);
gpointer tm_task_propagate_pointer (GAsyncResult *result, GError **error);

G_END_DECLS
