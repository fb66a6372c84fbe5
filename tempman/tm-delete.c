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
 * @file: a file, link or directory
 * @flags: what is deleted, and what counts as a failure
 * @cancellable: (nullable): a cancellable
 * @progress: (nullable) (scope call) (closure progress_data): told how far it has come, in the
 *   thread that calls, some tens of times a second at most and once at the end
 * @progress_data: data for @progress
 * @error: return location for an error
 *
 * Deletes a file, a symbolic link, or a directory with everything in it.
 *
 * Links are deleted and not followed, and what is mounted inside a directory is not
 * touched. Nobody who renames or replaces something in the directory meanwhile can
 * lead the deletion out of it. A directory without permissions that belongs to the
 * user is made accessible first. A large directory is deleted by several threads, which
 * have the rights of the calling one and have ended when this returns.
 *
 * An error does not stop it: whatever can be deleted is, and the first error is
 * returned, with its path: %G_IO_ERROR_NOT_FOUND when there is no @file, unless
 * [flags@Tempman.DeleteFlags.ALLOW_MISSING] is set; %G_IO_ERROR_NOT_DIRECTORY when @file is no
 * directory with [flags@Tempman.DeleteFlags.KEEP_DIRECTORY];
 * %G_IO_ERROR_PERMISSION_DENIED, also when another user could have planted a link on
 * the way to @file; %G_IO_ERROR_BUSY when @file or something in it is
 * a mount point (@file may be one with [flags@Tempman.DeleteFlags.KEEP_DIRECTORY]), or somebody
 * keeps adding files; %G_IO_ERROR_INVALID_ARGUMENT for the root of the file system;
 * %G_IO_ERROR_CANCELLED. It can be called again then, to delete the rest. That something in a
 * directory is deleted by somebody else meanwhile is no error.
 *
 * What is not a local file is deleted through GIO, by name and one after the other. Links
 * are not followed there either, but against somebody who exchanges a directory for a
 * link meanwhile only whoever serves the files can do anything; something that is mounted
 * is left alone if GIO tells it from the rest, and permissions are left as they are.
 *
 * A [iface@Gio.File] has an absolute path without `.` and `..` from the moment it is made, and
 * `g_file_new_for_path()` takes them out of the text, without a look at the disk: it makes the
 * working directory of `.`, and of `link/..` the directory that the link is in, not the one above
 * where it leads to. The file that is named in this way is deleted. A program that takes paths from
 * its user refuses, as `rm` does, those that end in `.` or `..`, and resolves others that have `..`
 * in them with `realpath()`. That function follows every link, also one that another user has
 * planted: where other users may write on the way, such as in `/tmp`, refuse these paths as well.
 *
 * It looks at no lock: to delete a [class@TemporaryDirectory], close it.
 *
 * Returns: %TRUE when it is deleted, %FALSE with @error set
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

/* What an asynchronous deletion knows of its progress. Reports come from the thread that deletes
 * and are passed on in the main context of the caller: the latest one, so that they do not pile up
 * when that is busy. */
typedef struct
{
  GTask *task; /* (unowned): whose data this is */
  TmDeleteFlags flags;
  TmDeleteProgressCallback callback;
  gpointer data; /* (owned): freed with destroy */
  GDestroyNotify destroy;
  gboolean is_reporting; /* in the main context of the caller: the callback runs */
  gboolean is_holding;   /* likewise: the result waits */

  GMutex mutex; /* guards what follows */
  guint64 n_deleted;
  guint64 n_found;
  gboolean is_scheduled;
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

static gboolean pass_on_cb (gpointer task);

static void
schedule_pass_on (Reports *reports)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  /* Of the same priority as the result, which comes after the last report. */
  g_source_set_priority (source, g_task_get_priority (reports->task));
  g_source_set_callback (source, pass_on_cb, g_object_ref (reports->task), g_object_unref);
  g_source_attach (source, g_task_get_context (reports->task));
}

/* In the main context of the caller. */
static gboolean
pass_on_cb (gpointer task)
{
  Reports *reports = g_task_get_task_data (task);
  guint64 n_deleted, n_found;
  gboolean is_due;

  /* The callback lets the main loop run: the next report waits until it returns. */
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
      /* The result waits too: after it the data of the callback are freed. */
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

  /* The source of the next report may have come too early. The result is held until that report has
   * been made, since its own source may be attached by now. */
  if (is_due)
    schedule_pass_on (reports);
  else if (reports->is_holding)
    {
      reports->is_holding = FALSE;
      tm_task_unhold (task);
    }
  return G_SOURCE_REMOVE;
}

/* In the thread that deletes. */
static void
schedule_report_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
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
    schedule_pass_on (reports);
}

static void
delete_task_cb (TmTaskResult *result,
                gpointer source,
                gpointer task_data,
                GCancellable *cancellable)
{
  Reports *reports = task_data;

  result->number = tm_delete_recursively (source, reports->flags, cancellable,
                                          reports->callback != NULL ? schedule_report_cb : NULL,
                                          reports, &result->error);
}

/* In the main context of the caller, after its callback: bindings free what belongs to them in the
 * thread it came from. */
static void
delete_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  reports_drop_data (g_task_get_task_data (task));
}

/**
 * tm_delete_recursively_async:
 * @file: a file, link or directory
 * @flags: what is deleted, and what counts as a failure
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @progress: (nullable) (scope notified) (closure progress_data)
 *   (destroy progress_data_destroy): told how far it has come, in the thread-default
 *   main context of the caller, some tens of times a second at most and once before
 *   @callback; if it lets the main loop run, the next report and @callback wait until it returns
 * @progress_data: data for @progress
 * @progress_data_destroy: (nullable): frees @progress_data, after @callback
 * @callback: (nullable) (scope async) (closure user_data): called when it is done, in the
 *   thread-default main context of the caller
 * @user_data: data for @callback
 *
 * Deletes a file, a symbolic link, or a directory with everything in it, without
 * blocking the caller.
 *
 * See [func@delete_recursively].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
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
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@delete_recursively_async].
 *
 * Fails as [func@delete_recursively] does.
 *
 * Returns: %TRUE when it is deleted, %FALSE with @error set
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
