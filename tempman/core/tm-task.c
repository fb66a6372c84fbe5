/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-task-private.h"

#include "core/tm-jobs-private.h"

/* A task, and the work that is done for it.
 *
 * The thread that works only borrows the task: all of it is dropped in the main context of the
 * caller, after the result. The last reference to the source, which may be what deletes a
 * directory, is never one that the caller cannot wait for and that is lost when the program
 * exits. */
typedef struct
{
  GTask *task; /* (owned) */
  TmTaskFunc function;
  TmTaskResult *result; /* (owned) */
  GSource *done;        /* (owned) (nullable): attached, to pass on the result */
  gboolean is_held;     /* of the main context of the caller, as is what follows */
  gboolean is_done;     /* while it was held */
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
 * @source: (type GObject) (nullable): the object whose method it is
 * @source_tag: the method
 * @io_priority: the priority of the request
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable): called when it is done
 * @user_data: data for @callback
 *
 * Makes a task whose result is what its function found, also when it is cancelled too late: what
 * has been created by then is handed out, and what has been deleted is reported deleted.
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

/* In the main context of the caller. */
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

  task = work->task;
  g_object_set_qdata (G_OBJECT (task), work_quark (), NULL);
  g_task_return_pointer (task, work->result, result_free);
  g_free (work);
  return G_SOURCE_REMOVE;
}

/* In any thread. From the moment that the source is attached the caller may have the result, and
 * may have dropped its main context: the thread that works does not even release the source, for
 * which GLib would lock that context. */
static void
schedule_result (Work *work)
{
  work->done = g_idle_source_new ();
  g_source_set_priority (work->done, g_task_get_priority (work->task));
  g_source_set_callback (work->done, done_cb, work, NULL);
  g_source_attach (work->done, g_task_get_context (work->task));
}

/* In a thread of its own, or in that of the caller. */
static void
work_cb (gpointer data)
{
  Work *work = data;

  work->function (work->result, g_task_get_source_object (work->task),
                  g_task_get_task_data (work->task), g_task_get_cancellable (work->task));
  schedule_result (work);
}

/*
 * tm_task_start:
 * @task: a task of tm_task_new()
 * @function: what to do; it finds the result
 *
 * Runs a function in a thread that has the rights of the calling one. Where no thread can be
 * started, the calling thread runs it, and the result comes later all the same.
 */
void
tm_task_start (GTask *task, TmTaskFunc function)
{
  Work *work = g_new0 (Work, 1);

  work->task = g_object_ref (task);
  work->function = function;
  work->result = g_new0 (TmTaskResult, 1);
  g_object_set_qdata (G_OBJECT (task), work_quark (), work);
  tm_jobs_add (g_task_get_context (task), g_task_get_priority (task), work_cb, work);
}

/* Makes such a task and runs @function for it. */
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
 * @task: a task of tm_task_start() whose result has not come
 *
 * In the main context of the caller: holds the result back until tm_task_unhold(), should a main
 * loop run in between.
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
  /* Once: the next hold may come and go before the source of the result does. */
  if (work->is_done)
    {
      work->is_done = FALSE;
      schedule_result (work);
    }
}

/*
 * tm_task_propagate_boolean:
 * @result: a task that was started
 * @error: return location for an error
 *
 * Takes what the function found.
 *
 * Returns: the result, or %FALSE with @error set
 */
gboolean
tm_task_propagate_boolean (GAsyncResult *result, GError **error)
{
  return tm_task_propagate_int (result, error) > 0;
}

/* The same for a number, -1 with @error set. */
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

/* The same for an object, which is the caller's, %NULL with @error set. */
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
 * Makes the asynchronous initialisation one of these tasks. The default uses a pool, and reports an
 * object that was initialised and then cancelled as cancelled.
 */
void
tm_task_implement_async_initable (GAsyncInitableIface *iface)
{
  iface->init_async = init_async;
  iface->init_finish = init_finish;
}
