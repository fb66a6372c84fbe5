/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-temporary-directory-private.h"

#include "core/tm-file-private.h"
#include "core/tm-task-private.h"

/* Makes this thread the one that uses the directory. */
static gboolean
begin (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);

  if (!tm_temporary_directory_wait_locked (self, cancellable, error) ||
      !tm_temporary_directory_check_ours_locked (self, "Publishing", error))
    return FALSE;

  tm_temporary_directory_set_closing_locked (self);
  g_clear_error (&self->close_error);
  return TRUE;
}

static void
end_unpublished (TmTemporaryDirectory *self)
{
  tm_lock_acquire (&self->lock);
  self->state = TM_TEMPORARY_DIRECTORY_STATE_OPEN;
  tm_lock_wake_all (&self->lock);
  tm_lock_release (&self->lock);
}

/* The lock goes, and with it what makes the directory more than any other. */
static void
hand_over (TmTemporaryDirectory *self, GFile *destination)
{
  TmBackendDirectory *directory;

  tm_lock_acquire (&self->lock);
  self->former_file = self->file;
  self->former_path = self->path;
  self->file = g_object_ref (destination);
  self->path = tm_file_get_path (destination);
  directory = g_steal_pointer (&self->directory);
  tm_lock_release (&self->lock);

  tm_backend_directory_release (directory);
}

static void
end_published (TmTemporaryDirectory *self)
{
  tm_lock_acquire (&self->lock);
  tm_temporary_directory_set_closed_locked (self);
  tm_lock_release (&self->lock);
}

static gboolean
publish (TmTemporaryDirectory *self,
         GFile *destination,
         TmPersistFlags flags,
         GCancellable *cancellable,
         GError **error)
{
  const TmBackend *backend;
  TmReplaced *replaced = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!begin (self, cancellable, error))
    return FALSE;

  /* Only whoever set the state to closing uses the directory and changes the path now. */
  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !tm_backend_directory_publish (self->directory, destination,
                                     (flags & TM_PERSIST_FLAGS_REPLACE) != 0, &replaced, error))
    {
      end_unpublished (self);
      return FALSE;
    }

  backend = self->directory->backend;
  /* It is there, whatever becomes of what was there before. */
  hand_over (self, destination);
  if (replaced != NULL && !tm_backend_delete_replaced (backend, replaced, &local_error))
    g_info ("%s", local_error->message);

  end_published (self);
  return TRUE;
}

static gboolean
publish_cancellably (TmTemporaryDirectory *self,
                     GFile *destination,
                     TmPersistFlags flags,
                     GCancellable *cancellable,
                     GError **error)
{
  gboolean published;
  gulong handler;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  handler = tm_temporary_directory_wake_when_cancelled (self, cancellable);
  published = publish (self, destination, flags, cancellable, error);
  g_cancellable_disconnect (cancellable, handler);

  return published;
}

static void
notify_published (GObject *object)
{
  g_object_freeze_notify (object);
  g_object_notify (object, "file");
  g_object_notify (object, "path");
  g_object_notify (object, "closed");
  g_object_thaw_notify (object);
}

/**
 * tm_temporary_directory_persist:
 * @self: a temporary directory
 * @destination: its new name, on the same file system
 * @flags: what to do when there is something already
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Publishes the directory under another name and closes the object.
 *
 * It happens in one step: there is never a moment at which the destination is missing or
 * is half of a directory. From then on the directory is one like any other, with the mode
 * that it was given while it was temporary, but without the sticky bit, which marked it as
 * temporary; [method@TemporaryDirectory.get_file] and
 * [method@TemporaryDirectory.get_path] tell its new name. Nothing is written out to the
 * disk: a program that has to find its data after a power failure calls `fsync()` on what
 * it wrote before, and on the directory of the destination afterwards.
 *
 * With [flags@Tempman.PersistFlags.REPLACE] it takes the place of whatever has the new name, and
 * that is deleted: a directory with everything in it, a file, or a symbolic link, which is
 * never followed. A directory on which somebody holds a BSD lock is not deleted: whoever
 * wants to go on reading what was published before takes a shared lock on it. What cannot
 * be deleted does not make it fail, since the directory is published by then; it is left
 * under the name that @self had before, where it counts as abandoned as soon as nobody
 * holds its lock.
 *
 * Some file systems can rename, but neither exchange two names nor make sure that the new
 * one is free: NFS, 9p, many FUSE file systems such as sshfs and ntfs-3g, older ZFS. On
 * these the library looks whether the new name is free, and then renames. If another
 * process makes an empty directory of that name just in between, it may be replaced;
 * nothing else is. With [flags@Tempman.PersistFlags.REPLACE] nothing that is there can be
 * replaced on these: that is %G_IO_ERROR_NOT_SUPPORTED. So it is on an overlay, where what is there
 * is a directory of a lower layer, unless the overlay is mounted with `redirect_dir=on`.
 *
 * Fails with %G_IO_ERROR_EXISTS when there is something under the new name, be it a
 * dangling link, and it is not to be replaced; with %G_IO_ERROR_NOT_SUPPORTED when
 * @destination is on another file system or mount, or when the file system cannot do it in
 * one step, and in a forked child that has not called [method@TemporaryDirectory.adopt]; with
 * %G_IO_ERROR_INVALID_ARGUMENT when @destination is in the directory itself, or the
 * directory in what it would replace; with %G_IO_ERROR_NOT_FOUND when there is no directory
 * to put it in, or it has been moved or removed itself; with %G_IO_ERROR_NOT_DIRECTORY;
 * with %G_IO_ERROR_BUSY when something is mounted at @destination; with
 * %G_IO_ERROR_PERMISSION_DENIED, also when another user could have planted a link on the
 * way to @destination; with %G_IO_ERROR_CLOSED; with %G_IO_ERROR_CANCELLED; and
 * with %G_IO_ERROR_NOT_INITIALIZED. Then everything is as it was, and @self can be used.
 * Once it is published it is not cancelled any more.
 *
 * What is not a local file is moved by whoever serves it, and never copied. Whether that
 * is one step, and whether it notices something that appears at the destination in the
 * same instant, is up to that one. What is there already is never replaced: with
 * [flags@Tempman.PersistFlags.REPLACE] that is %G_IO_ERROR_NOT_SUPPORTED.
 *
 * If several threads close, keep or publish a directory, one of them does.
 *
 * Returns: %TRUE when it is published, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_persist (TmTemporaryDirectory *self,
                                GFile *destination,
                                TmPersistFlags flags,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (destination), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!publish_cancellably (self, destination, flags, cancellable, error))
    return FALSE;

  notify_published (G_OBJECT (self));
  return TRUE;
}

typedef struct
{
  GFile *destination; /* (owned) */
  TmPersistFlags flags;
  gboolean published;
} PersistData;

static void
persist_data_free (gpointer data)
{
  PersistData *persist = data;

  g_object_unref (persist->destination);
  g_free (persist);
}

static void
persist_task_cb (TmTaskResult *result,
                 gpointer source,
                 gpointer task_data,
                 GCancellable *cancellable)
{
  PersistData *persist = task_data;

  persist->published = publish_cancellably (source, persist->destination, persist->flags,
                                            cancellable, &result->error);
  result->number = persist->published;
}

/* In the main context of the caller, after its callback. */
static void
persist_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  const PersistData *persist = g_task_get_task_data (task);

  if (persist->published)
    notify_published (g_task_get_source_object (task));
}

/**
 * tm_temporary_directory_persist_async:
 * @self: a temporary directory
 * @destination: its new name, on the same file system
 * @flags: what to do when there is something already
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Publishes the directory under another name, without blocking the caller.
 *
 * See [method@TemporaryDirectory.persist].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_temporary_directory_persist_async (TmTemporaryDirectory *self,
                                      GFile *destination,
                                      TmPersistFlags flags,
                                      int io_priority,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  PersistData *persist;

  g_return_if_fail (TM_IS_TEMPORARY_DIRECTORY (self));
  g_return_if_fail (G_IS_FILE (destination));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  persist = g_new0 (PersistData, 1);
  persist->destination = g_object_ref (destination);
  persist->flags = flags;

  task = tm_task_new (self, tm_temporary_directory_persist_async, io_priority, cancellable,
                      callback, user_data);
  g_task_set_task_data (task, persist, persist_data_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (persist_completed_cb), NULL);
  tm_task_start (task, persist_task_cb);
}

/**
 * tm_temporary_directory_persist_finish:
 * @self: a temporary directory
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@TemporaryDirectory.persist_async].
 *
 * Fails as [method@TemporaryDirectory.persist] does.
 *
 * Returns: %TRUE when it is published, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_persist_finish (TmTemporaryDirectory *self,
                                       GAsyncResult *result,
                                       GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_temporary_directory_persist_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}
