/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-task-private.h"

#include "core/tm-jobs-private.h"

/* A task and its function.
 *
 * The working thread does not release its reference to the task: the main context of the caller
 * does, after the result. The task owns a reference to its source object, and the release of the
 * last one may delete a directory. In the working thread, the caller could not wait for this
 * deletion, and the end of the program would interrupt it. */
typedef struct
{
  GTask *task; /* (owned) */
  TmTaskFunc function;
  TmTaskFunc end;       /* (nullable): called before the result is returned */
  TmTaskResult *result; /* (owned) */
  GSource *done;        /* (owned) (nullable): the attached source that returns the result */
  gboolean is_held;     /* used in the main context of the caller, like is_done */
  gboolean is_done;     /* the source was dispatched while the result was held back */
} Work;

static GQuark
work_quark (void)
{
  return g_quark_from_static_string ("tempman-work");
}

static void
result_free (gpointer data)
{
  TmTaskResult *result = data;

  g_clear_object (&result->object);
  g_clear_error (&result->error);
  g_free (result);
}

/*
 * tm_task_new:
 * @source: (type GObject) (nullable): the object of the asynchronous call
 * @source_tag: its method
 * @io_priority: the priority of the call
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called with the result
 * @user_data: data for @callback
 *
 * Creates a task. A cancellation that comes after its function has returned does not change the
 * result: the caller receives the directory that was created, or the success of the deletion.
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

static void
work_call (Work *work, TmTaskFunc function)
{
  function (work->result, g_task_get_source_object (work->task), g_task_get_task_data (work->task),
            g_task_get_cancellable (work->task));
}

/* Runs in the main context of the caller. */
static gboolean
done_cb (gpointer data)
{
  Work *work = data;
  g_autoptr (GTask) task = NULL;

  g_clear_pointer (&work->done, g_source_unref);
  if (work->is_held)
    {
      work->is_done = TRUE;
      return G_SOURCE_REMOVE;
    }

  if (work->end != NULL)
    work_call (work, work->end);

  task = work->task;
  g_object_set_qdata (G_OBJECT (task), work_quark (), NULL);
  g_task_return_pointer (task, work->result, result_free);
  g_free (work);
  return G_SOURCE_REMOVE;
}

/* Called in any thread. Once the source is attached, the caller may receive the result and release
 * its main context. The source is released in done_cb(), because g_source_unref() locks that
 * context. */
static void
schedule_result (Work *work)
{
  work->done = g_idle_source_new ();
  g_source_set_priority (work->done, g_task_get_priority (work->task));
  g_source_set_callback (work->done, done_cb, work, NULL);
  g_source_attach (work->done, g_task_get_context (work->task));
}

/* Runs in a thread of its own or, if none could be started, in a thread of the caller. */
static void
work_cb (gpointer data)
{
  Work *work = data;

  work_call (work, work->function);
  schedule_result (work);
}

/*
 * tm_task_start:
 * @task: a task of tm_task_new()
 * @function: the function that finds the result
 *
 * Runs a function in a thread that has the rights of the calling one. If no thread can be started,
 * the calling thread runs it. In both cases, the main context of the caller returns the result.
 */
void
tm_task_start (GTask *task, TmTaskFunc function)
{
  tm_task_start_with_end (task, function, NULL);
}

/* Like tm_task_start(). @end: (nullable): called in the main context of the caller, right before
 * the result is returned; may change the result. */
void
tm_task_start_with_end (GTask *task, TmTaskFunc function, TmTaskFunc end)
{
  Work *work = g_new0 (Work, 1);

  work->task = g_object_ref (task);
  work->function = function;
  work->end = end;
  work->result = g_new0 (TmTaskResult, 1);
  g_object_set_qdata (G_OBJECT (task), work_quark (), work);
  tm_jobs_add (g_task_get_context (task), g_task_get_priority (task), work_cb, work);
}

/* Creates a task with tm_task_new() and starts it. */
void
tm_task_run (gpointer source,
             gpointer source_tag,
             int io_priority,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data,
             TmTaskFunc function)
{
  g_autoptr (GTask) task =
      tm_task_new (source, source_tag, io_priority, cancellable, callback, user_data);

  tm_task_start (task, function);
}

/*
 * tm_task_hold:
 * @task: a started task that has not returned its result
 *
 * Holds the result back until tm_task_unhold(), even if the main loop runs in between. Called in
 * the main context of the caller.
 */
void
tm_task_hold (GTask *task)
{
  Work *work = g_object_get_qdata (G_OBJECT (task), work_quark ());

  work->is_held = TRUE;
}

void
tm_task_unhold (GTask *task)
{
  Work *work = g_object_get_qdata (G_OBJECT (task), work_quark ());

  work->is_held = FALSE;
  /* Schedules the result only once: the task may be held and unheld again before the source is
   * dispatched. */
  if (work->is_done)
    {
      work->is_done = FALSE;
      schedule_result (work);
    }
}

/*
 * tm_task_propagate_boolean:
 * @result: a started task
 * @error: return location for an error
 *
 * Gets the result of the function.
 *
 * Returns: the result, or %FALSE with @error set
 */
gboolean
tm_task_propagate_boolean (GAsyncResult *result, GError **error)
{
  return tm_task_propagate_int (result, error) > 0;
}

/* Like tm_task_propagate_boolean(). Returns a number, or -1 with @error set. */
gssize
tm_task_propagate_int (GAsyncResult *result, GError **error)
{
  TmTaskResult *found = g_task_propagate_pointer (G_TASK (result), error);
  gssize number = -1;

  if (found == NULL)
    return -1;

  if (found->error != NULL)
    g_propagate_error (error, g_steal_pointer (&found->error));
  else
    number = found->number;
  result_free (found);
  return number;
}

/* Like tm_task_propagate_boolean(). Returns (transfer full): an object, or NULL with @error set. */
gpointer
tm_task_propagate_object (GAsyncResult *result, GError **error)
{
  TmTaskResult *found = g_task_propagate_pointer (G_TASK (result), error);
  gpointer object;

  if (found == NULL)
    return NULL;

  if (found->error != NULL)
    g_propagate_error (error, g_steal_pointer (&found->error));
  object = g_steal_pointer (&found->object);
  result_free (found);
  return object;
}

static void
init_task_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  result->number = g_initable_init (source, cancellable, &result->error);
}

static void
init_async (GAsyncInitable *initable,
            int io_priority,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  tm_task_run (initable, init_async, io_priority, cancellable, callback, user_data, init_task_cb);
}

static gboolean
init_finish (GAsyncInitable *initable, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  return tm_task_propagate_boolean (result, error);
}

/*
 * tm_task_implement_async_initable:
 * @iface: the interface of a class that is #GInitable as well
 *
 * Implements the asynchronous initialisation with tm_task_run(). The default implementation uses a
 * thread pool, and a late cancellation makes it fail although the object is initialised.
 */
void
tm_task_implement_async_initable (GAsyncInitableIface *iface)
{
  iface->init_async = init_async;
  iface->init_finish = init_finish;
}
