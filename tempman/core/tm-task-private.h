/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The result of an asynchronous call: the value that its _finish() function returns, or an error.
 */
typedef struct
{
  gssize number;   /* or a boolean */
  gpointer object; /* (owned) (nullable) (type GObject) */
  GError *error;   /* (owned) (nullable) */
} TmTaskResult;

typedef void (*TmTaskFunc) (TmTaskResult *result,
                            gpointer source,
                            gpointer task_data,
                            GCancellable *cancellable);

void tm_task_run (gpointer source,
                  gpointer source_tag,
                  int io_priority,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data,
                  TmTaskFunc function);
GTask *tm_task_new (gpointer source,
                    gpointer source_tag,
                    int io_priority,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data);
void tm_task_start (GTask *task, TmTaskFunc function);
void tm_task_start_with_end (GTask *task, TmTaskFunc function, TmTaskFunc end);

void tm_task_hold (GTask *task);
void tm_task_unhold (GTask *task);

void tm_task_implement_async_initable (GAsyncInitableIface *iface);

gboolean tm_task_propagate_boolean (GAsyncResult *result, GError **error);
gssize tm_task_propagate_int (GAsyncResult *result, GError **error);
gpointer tm_task_propagate_object (GAsyncResult *result, GError **error);

G_END_DECLS
