/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-task-private.h"

/* What a thread of the pool does for a task. */
typedef struct
{
  GTask *task; /* (owned) (nullable): until it is told of the result, in its own main context */
  GTaskThreadFunc thread_func;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_clear_object (&work->task);
  g_free (work);
}

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

/* In a thread of the pool. */
static void
work_thread_cb (GTask *done, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Work *work = task_data;

  work->thread_func (done, g_task_get_source_object (work->task), g_task_get_task_data (work->task),
                     cancellable);
}

/* In the main context of the caller. */
static void
work_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  g_autoptr (GTask) task = g_steal_pointer (&work->task);

  g_task_return_pointer (task, g_object_ref (result), g_object_unref);
}

/*
 * tm_task_run_in_thread:
 * @task: a task of tm_task_new()
 * @thread_func: what to do; the task that it is given is the one to return the result with
 *
 * Runs a function in a thread of GIO's pool.
 *
 * A thread holds what it works on a moment longer than until its result is there. It is therefore
 * given a task of its own: the last reference to the source, which may be what deletes a directory,
 * is never one that the caller cannot wait for and that is lost when the program exits.
 */
void
tm_task_run_in_thread (GTask *task, GTaskThreadFunc thread_func)
{
  g_autoptr (GTask) done =
      tm_task_new (NULL, g_task_get_source_tag (task), g_task_get_priority (task),
                   g_task_get_cancellable (task), work_done_cb, NULL);
  Work *work = g_new (Work, 1);

  work->task = g_object_ref (task);
  work->thread_func = thread_func;
  g_task_set_task_data (done, work, work_free);
  g_task_run_in_thread (done, work_thread_cb);
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

  tm_task_run_in_thread (task, thread_func);
}

/*
 * tm_task_propagate_boolean:
 * @result: a task that was run in a thread
 * @error: return location for an error
 *
 * Takes what the thread function returned.
 *
 * Returns: the result, or %FALSE with @error set
 */
gboolean
tm_task_propagate_boolean (GAsyncResult *result, GError **error)
{
  g_autoptr (GTask) done = g_task_propagate_pointer (G_TASK (result), NULL);

  return g_task_propagate_boolean (done, error);
}

/* The same for a number, -1 with @error set. */
gssize
tm_task_propagate_int (GAsyncResult *result, GError **error)
{
  g_autoptr (GTask) done = g_task_propagate_pointer (G_TASK (result), NULL);

  return g_task_propagate_int (done, error);
}

/* The same for a pointer, which is the caller's, %NULL with @error set. */
gpointer
tm_task_propagate_pointer (GAsyncResult *result, GError **error)
{
  g_autoptr (GTask) done = g_task_propagate_pointer (G_TASK (result), NULL);

  return g_task_propagate_pointer (done, error);
}
