/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-task-private.h"

/*
 * tm_task_new:
 * @source: (type GObject) (nullable): the object whose method it is
 * @source_tag: the method
 * @io_priority: the priority of the request
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable): called when it is done
 * @user_data: data for @callback
 *
 * Makes a task whose result is what its thread function found, also when it is cancelled too late:
 * what has been created by then is handed out, and what has been deleted is reported deleted.
 *
 * Returns: (transfer full): a new task
 */
GTask *
tm_task_new (gpointer source,
             gpointer source_tag,
             int io_priority,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  GTask *task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

/* Makes such a task and runs @thread_func for it in a thread of GIO's pool. */
void
tm_task_run (gpointer source,
             gpointer source_tag,
             int io_priority,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data,
             GTaskThreadFunc thread_func)
{
  g_autoptr (GTask) task =
      tm_task_new (source, source_tag, io_priority, cancellable, callback, user_data);

  g_task_run_in_thread (task, thread_func);
}
