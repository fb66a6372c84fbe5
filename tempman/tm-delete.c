/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-delete.h"

#include "core/tm-backend-private.h"
#include "core/tm-progress-private.h"
#include "core/tm-task-private.h"

/**
 * tm_delete_recursively:
 * @file: a file, symbolic link or directory
 * @flags: options of the deletion
 * @cancellable: (nullable): a cancellable
 * @progress: (nullable) (scope call) (closure progress_data): the callback for the progress, called
 *   in the calling thread, at most a few dozen times a second, and once at the end
 * @progress_data: data for @progress
 * @error: return location for an error
 *
 * Deletes a file, a symbolic link, or a directory with everything in it.
 *
 * Symbolic links are deleted and not followed, and mounted file systems are not touched. The
 * deletion never leaves the directory, even if other processes rename or replace files in it
 * meanwhile. A directory that belongs to the user, but whose mode denies the user access, is made
 * accessible first. Several threads delete a large directory. They have the rights of the calling
 * thread, and have ended when the call returns.
 *
 * An error does not stop the deletion: the call deletes all it can, and returns the first error,
 * with its path. The call can be repeated to delete the rest. The deletion of files in the
 * directory by another process is not an error.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if @file does not exist, unless
 * [flags@Tempman.DeleteFlags.ALLOW_MISSING] is set; with %G_IO_ERROR_NOT_DIRECTORY if @file is not
 * a directory and [flags@Tempman.DeleteFlags.KEEP_DIRECTORY] is set; with
 * %G_IO_ERROR_PERMISSION_DENIED, also if another user could have planted a link in the path of
 * @file; with %G_IO_ERROR_BUSY if @file, or a file or directory in it, is a mount point (with
 * [flags@Tempman.DeleteFlags.KEEP_DIRECTORY], @file may be one), or if other processes keep adding
 * files; with %G_IO_ERROR_INVALID_ARGUMENT if @file is the root of the file system; and with
 * %G_IO_ERROR_CANCELLED.
 *
 * Remote files are deleted through GIO, by name, one after the other. Links are not followed there
 * either, but only the server can protect the deletion against another user who replaces a
 * directory by a link meanwhile. Mounted file systems are not touched if GIO can recognise them,
 * and modes are not changed.
 *
 * The path of a [iface@Gio.File] is absolute, without `.` and `..`: `g_file_new_for_path()` removes
 * these components from the text, without reading the disk. `.` becomes the working directory, and
 * `link/..` becomes the directory that contains the link, not the parent of its target. The call
 * deletes the file that has the resulting path. A program that accepts paths from its user should
 * refuse paths that end in `.` or `..`, as `rm` does, and resolve other paths that contain `..`
 * with `realpath()`. This function follows every link, including one that another user has planted:
 * if other users may write to a directory on the path, such as `/tmp`, the program should refuse
 * these paths as well.
 *
 * The call ignores locks. To delete a [class@TemporaryDirectory], close it.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_delete_recursively (GFile *file,
                       TmDeleteFlags flags,
                       GCancellable *cancellable,
                       TmDeleteProgressCallback progress,
                       gpointer progress_data,
                       GError **error)
{
  TmProgress counts;
  gboolean deleted;

  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (progress == NULL)
    return tm_backend_delete_recursively (file, flags, NULL, cancellable, error);

  tm_progress_init (&counts, progress, progress_data);
  deleted = tm_backend_delete_recursively (file, flags, &counts, cancellable, error);
  tm_progress_report (&counts);
  tm_progress_clear (&counts);
  return deleted;
}

/* The progress of an asynchronous deletion. The deleting thread sets the counts, and a source calls
 * the callback in the main context of the caller. A busy context skips counts, so that they do not
 * pile up. */
typedef struct
{
  GTask *task; /* (unowned): its task data is this */
  TmDeleteFlags flags;
  TmDeleteProgressCallback callback;
  gpointer data; /* (owned): freed with destroy */
  GDestroyNotify destroy;
  gboolean is_reporting; /* the callback runs; used in the main context of the caller */
  gboolean is_holding;   /* the result is held back; likewise */

  GMutex mutex; /* guards the fields below */
  guint64 n_deleted;
  guint64 n_found;
  gboolean is_scheduled; /* the counts have to be reported */
} Reports;

static void
reports_drop_data (Reports *reports)
{
  GDestroyNotify destroy = g_steal_pointer (&reports->destroy);

  reports->callback = NULL;
  if (destroy != NULL)
    destroy (g_steal_pointer (&reports->data));
}

static void
reports_free (gpointer data)
{
  Reports *reports = data;

  reports_drop_data (reports);
  g_mutex_clear (&reports->mutex);
  g_free (reports);
}

static gboolean report_cb (gpointer task);

static void
schedule_report (Reports *reports)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  /* The result has the same priority, and is scheduled after the last report. */
  g_source_set_priority (source, g_task_get_priority (reports->task));
  g_source_set_callback (source, report_cb, g_object_ref (reports->task), g_object_unref);
  g_source_attach (source, g_task_get_context (reports->task));
}

/* Runs in the main context of the caller. */
static gboolean
report_cb (gpointer task)
{
  Reports *reports = g_task_get_task_data (task);
  guint64 n_deleted, n_found;
  gboolean is_due;

  /* The callback iterates the main loop: the next report waits until it returns. */
  if (reports->is_reporting)
    return G_SOURCE_REMOVE;

  g_mutex_lock (&reports->mutex);
  n_deleted = reports->n_deleted;
  n_found = reports->n_found;
  is_due = reports->is_scheduled;
  reports->is_scheduled = FALSE;
  g_mutex_unlock (&reports->mutex);

  if (is_due)
    {
      /* The result waits too, because the data of the callback are freed after it. */
      if (!reports->is_holding)
        tm_task_hold (task);
      reports->is_holding = TRUE;

      reports->is_reporting = TRUE;
      reports->callback (n_deleted, n_found, reports->data);
      reports->is_reporting = FALSE;

      g_mutex_lock (&reports->mutex);
      is_due = reports->is_scheduled;
      g_mutex_unlock (&reports->mutex);
    }

  /* The source of the next report may have been dispatched while the callback ran: another one is
   * attached. The result is held back until then, since its source may be attached already. */
  if (is_due)
    schedule_report (reports);
  else if (reports->is_holding)
    {
      reports->is_holding = FALSE;
      tm_task_unhold (task);
    }
  return G_SOURCE_REMOVE;
}

/* Runs in the deleting thread. */
static void
set_counts_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  Reports *reports = user_data;
  gboolean was_scheduled;

  g_mutex_lock (&reports->mutex);
  reports->n_deleted = n_deleted;
  reports->n_found = n_found;
  was_scheduled = reports->is_scheduled;
  reports->is_scheduled = TRUE;
  g_mutex_unlock (&reports->mutex);

  if (!was_scheduled)
    schedule_report (reports);
}

static void
delete_task_cb (TmTaskResult *result,
                gpointer source,
                gpointer task_data,
                GCancellable *cancellable)
{
  Reports *reports = task_data;

  result->number = tm_delete_recursively (source, reports->flags, cancellable,
                                          reports->callback != NULL ? set_counts_cb : NULL, reports,
                                          &result->error);
}

/* Runs in the main context of the caller, after its callback. Bindings have to free their data in
 * the thread that created them. */
static void
delete_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  reports_drop_data (g_task_get_task_data (task));
}

/**
 * tm_delete_recursively_async:
 * @file: a file, symbolic link or directory
 * @flags: options of the deletion
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_data_destroy):
 *   the callback for the progress, called in the thread-default main context of the caller, at most
 *   a few dozen times a second, and once before @callback; if it runs the main loop, the next
 *   report and @callback wait until it returns
 * @progress_data: data for @progress
 * @progress_data_destroy: (nullable): the function that frees @progress_data, called after
 *   @callback
 * @callback: (nullable) (scope async) (closure user_data): the callback for the result, called in
 *   the thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Deletes a file, a link, or a directory with everything in it, without blocking the caller.
 *
 * See [func@delete_recursively].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
 *
 * Since: 1.0
 */
void
tm_delete_recursively_async (GFile *file,
                             TmDeleteFlags flags,
                             int io_priority,
                             GCancellable *cancellable,
                             TmDeleteProgressCallback progress,
                             gpointer progress_data,
                             GDestroyNotify progress_data_destroy,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Reports *reports;

  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  reports = g_new0 (Reports, 1);
  reports->flags = flags;
  reports->callback = progress;
  reports->data = progress_data;
  reports->destroy = progress_data_destroy;
  g_mutex_init (&reports->mutex);

  task = tm_task_new (file, tm_delete_recursively_async, io_priority, cancellable, callback,
                      user_data);
  reports->task = task;
  g_task_set_task_data (task, reports, reports_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (delete_completed_cb), NULL);
  tm_task_start (task, delete_task_cb);
}

/**
 * tm_delete_recursively_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [func@delete_recursively_async].
 *
 * Fails like [func@delete_recursively].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_delete_recursively_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_delete_recursively_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}
