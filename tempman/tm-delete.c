/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-delete.h"

#include "core/tm-task-private.h"
#include "tm-deletion-private.h"

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
 * @file, or if a file has an attribute such as “immutable” that the deletion does not clear, see
 * [flags@Tempman.DeleteFlags.FORCE]; with %G_IO_ERROR_BUSY if @file, or a file or directory in it,
 * is a mount point (with [flags@Tempman.DeleteFlags.KEEP_DIRECTORY], @file may be one), or if other
 * processes keep adding files; with %G_IO_ERROR_INVALID_ARGUMENT if @file is the root of the file
 * system; and with %G_IO_ERROR_CANCELLED.
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
 * [class@Deletion] does the same as an object, and reports every failure.
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
  g_autoptr (TmDeletion) deletion = NULL;

  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  deletion = tm_deletion_new_with_progress (file, flags, progress, progress_data, NULL);
  return tm_deletion_run (deletion, cancellable, error);
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
  g_autoptr (TmDeletion) deletion = NULL;

  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  deletion =
      tm_deletion_new_with_progress (file, flags, progress, progress_data, progress_data_destroy);
  tm_deletion_start (deletion, file, tm_delete_recursively_async, io_priority, cancellable,
                     callback, user_data);
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
