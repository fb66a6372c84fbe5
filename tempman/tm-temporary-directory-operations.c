/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-temporary-directory-private.h"

#include "core/tm-file-private.h"
#include "core/tm-process-private.h"
#include "core/tm-task-private.h"

/* The thread that calls is the one that uses the directory from now on. */
void
tm_temporary_directory_set_closing_locked (TmTemporaryDirectory *self)
{
  self->closing_process = tm_process_get_token ();
  self->state = TM_TEMPORARY_DIRECTORY_STATE_CLOSING;
}

/* Releases the lock while the descriptor is closed, for which the kernel may have to wait for the
 * disk. */
void
tm_temporary_directory_set_closed_locked (TmTemporaryDirectory *self)
{
  TmBackendDirectory *directory = g_steal_pointer (&self->directory);

  if (directory != NULL)
    {
      /* Nobody else goes on before that. */
      tm_temporary_directory_set_closing_locked (self);
      tm_lock_release (&self->lock);
      tm_backend_directory_release (directory);
      tm_lock_acquire (&self->lock);
    }

  self->state = TM_TEMPORARY_DIRECTORY_STATE_CLOSED;
  tm_lock_wake_all (&self->lock);
}

/* In the thread that cancels, without the lock. */
static void
wake_waiting_cb (GCancellable *cancellable, TmTemporaryDirectory *self)
{
  tm_lock_acquire (&self->lock);
  tm_lock_wake_all (&self->lock);
  tm_lock_release (&self->lock);
}

/*
 * tm_temporary_directory_wake_when_cancelled:
 * @self: a temporary directory
 * @cancellable: (nullable): its cancellation is to end a wait for another thread
 *
 * Has to be called, and g_cancellable_disconnect() with what it returns, without the lock.
 *
 * Returns: the handler
 */
gulong
tm_temporary_directory_wake_when_cancelled (TmTemporaryDirectory *self, GCancellable *cancellable)
{
  return cancellable != NULL
             ? g_cancellable_connect (cancellable, G_CALLBACK (wake_waiting_cb), self, NULL)
             : 0;
}

static gboolean
fail_not_initialized (const char *action, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
               "%s a temporary directory: the object was never initialized", action);
  return FALSE;
}

static gboolean
fail_closed (TmTemporaryDirectory *self, const char *action, GError **error)
{
  g_autofree char *display_name = tm_file_get_display_name (self->file);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
               "%s the temporary directory “%s”: it is closed", action, display_name);
  return FALSE;
}

/* Whether another thread deletes or publishes the directory, and will be done some time. A thread
 * that a fork has left behind in the parent will not. */
static gboolean
is_being_closed_locked (TmTemporaryDirectory *self)
{
  return self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSING &&
         self->closing_process == tm_process_get_token ();
}

/* Waits, without the lock, until no other thread deletes or publishes the directory. Returns FALSE
 * with an error when it was cancelled before. */
gboolean
tm_temporary_directory_wait_locked (TmTemporaryDirectory *self,
                                    GCancellable *cancellable,
                                    GError **error)
{
  while (is_being_closed_locked (self))
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      tm_lock_wait (&self->lock);
    }

  return TRUE;
}

/* Called with the lock held. Returns with the state open, for the caller to go on, or else with
 * what the caller is to return. */
static gboolean
wait_for_other (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  if (!tm_temporary_directory_wait_locked (self, cancellable, error))
    return FALSE;

  /* The other's cancellation is not ours: the deletion is taken over. */
  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_OPEN && self->close_error != NULL &&
      !g_error_matches (self->close_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (error != NULL)
        *error = g_error_copy (self->close_error);
      return FALSE;
    }

  return TRUE;
}

/* Whether an initialised object that is not closed is for this process to close. After a fork that
 * happened while a thread of the parent was closing it, there may be no directory. */
static gboolean
is_ours_locked (TmTemporaryDirectory *self)
{
  return self->directory != NULL && tm_backend_directory_is_of_this_process (self->directory);
}

/* Says why nothing is deleted. */
void
tm_temporary_directory_log_not_ours (TmTemporaryDirectory *self)
{
  g_autofree char *display_name = tm_file_get_display_name (self->file);

  g_debug ("Leaving “%s” to the process that owns it: this one was forked and has not adopted it",
           display_name);
}

/* Sets @closed_now if it was this call that closed it, and a change has to be notified. */
static gboolean
close_once (TmTemporaryDirectory *self,
            GCancellable *cancellable,
            gboolean *closed_now,
            GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);
  GError *local_error = NULL;

  *closed_now = FALSE;

  if (is_being_closed_locked (self) && !wait_for_other (self, cancellable, error))
    return FALSE;

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED)
    return fail_not_initialized ("Closing", error);

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSED)
    return TRUE;

  if (!is_ours_locked (self))
    {
      tm_temporary_directory_log_not_ours (self);
      tm_temporary_directory_set_closed_locked (self);
      *closed_now = TRUE;
      return TRUE;
    }

  tm_temporary_directory_set_closing_locked (self);
  g_clear_error (&self->close_error);
  tm_lock_release (&self->lock);

  /* Only whoever set the state to closing uses the directory now. */
  tm_backend_directory_delete (self->directory, cancellable, &local_error);

  tm_lock_acquire (&self->lock);
  if (local_error != NULL)
    {
      self->close_error = g_error_copy (local_error);
      self->state = TM_TEMPORARY_DIRECTORY_STATE_OPEN;
      tm_lock_wake_all (&self->lock);
      g_propagate_error (error, local_error);
      return FALSE;
    }

  tm_temporary_directory_set_closed_locked (self);
  *closed_now = TRUE;
  return TRUE;
}

static gboolean
close_cancellably (TmTemporaryDirectory *self,
                   GCancellable *cancellable,
                   gboolean *closed_now,
                   GError **error)
{
  gulong handler;
  gboolean closed;

  *closed_now = FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  handler = tm_temporary_directory_wake_when_cancelled (self, cancellable);
  closed = close_once (self, cancellable, closed_now, error);
  g_cancellable_disconnect (cancellable, handler);

  return closed;
}

/**
 * tm_temporary_directory_close:
 * @self: a temporary directory
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Deletes the directory with everything in it.
 *
 * Symbolic links are deleted and not followed, and what is mounted inside is not
 * touched. Nothing but the directory that was created is ever deleted: if it has
 * been removed, or renamed, by somebody else, that is a success.
 *
 * Closing it once more succeeds and does nothing. If several threads close it, one
 * deletes it and all are told of the result. In a forked child that has not called
 * [method@TemporaryDirectory.adopt] it closes the descriptor, deletes nothing and succeeds.
 *
 * An error does not stop it: whatever can be deleted is, and the first error is
 * returned, with its path: %G_IO_ERROR_PERMISSION_DENIED; %G_IO_ERROR_BUSY when
 * something is mounted inside or it keeps being filled; %G_IO_ERROR_NOT_FOUND when
 * something else stands under its name; %G_IO_ERROR_CANCELLED;
 * %G_IO_ERROR_NOT_INITIALIZED. After an error the directory is still open and can
 * be closed again.
 *
 * Returns: %TRUE when it is closed, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_close (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  gboolean closed, closed_now;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  closed = close_cancellably (self, cancellable, &closed_now, error);
  if (closed_now)
    g_object_notify (G_OBJECT (self), "closed");

  return closed;
}

static void
close_task_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  gboolean *closed_now = task_data;

  result->number = close_cancellably (source, cancellable, closed_now, &result->error);
}

/* In the main context of the caller, after its callback. */
static void
close_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  const gboolean *closed_now = g_task_get_task_data (task);

  if (*closed_now)
    g_object_notify (g_task_get_source_object (task), "closed");
}

/**
 * tm_temporary_directory_close_async:
 * @self: a temporary directory
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes the directory with everything in it, without blocking the caller.
 *
 * See [method@TemporaryDirectory.close].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_temporary_directory_close_async (TmTemporaryDirectory *self,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (TM_IS_TEMPORARY_DIRECTORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = tm_task_new (self, tm_temporary_directory_close_async, io_priority, cancellable, callback,
                      user_data);
  g_task_set_task_data (task, g_new0 (gboolean, 1), g_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (close_completed_cb), NULL);
  tm_task_start (task, close_task_cb);
}

/**
 * tm_temporary_directory_close_finish:
 * @self: a temporary directory
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@TemporaryDirectory.close_async].
 *
 * Fails as [method@TemporaryDirectory.close] does.
 *
 * Returns: %TRUE when it is closed, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_close_finish (TmTemporaryDirectory *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_temporary_directory_close_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}

/* Whether the directory is there for this process to do with as it likes: @action, such as
 * "Keeping". */
gboolean
tm_temporary_directory_check_ours_locked (TmTemporaryDirectory *self,
                                          const char *action,
                                          GError **error)
{
  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED)
    return fail_not_initialized (action, error);

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSED)
    return fail_closed (self, action, error);

  if (!is_ours_locked (self))
    {
      g_autofree char *display_name = tm_file_get_display_name (self->file);

      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          "%s the temporary directory “%s”: it belongs to the parent process, and was not adopted",
          action, display_name);
      return FALSE;
    }

  return TRUE;
}

/**
 * tm_temporary_directory_adopt:
 * @self: a temporary directory
 * @error: return location for an error
 *
 * Makes this process the owner of a directory that it has inherited from its parent.
 *
 * A forked child has copies of the objects of its parent but does not own their directories. After
 * this call [method@TemporaryDirectory.close], [method@TemporaryDirectory.keep],
 * [method@TemporaryDirectory.persist] and the release of the last reference do in the child what
 * they do in the process that created the directory. A daemon calls it once it has forked for the
 * last time.
 *
 * The parent must neither close the object nor release its last reference afterwards, since its
 * copy does not know of the new owner: it ends with `_exit()`, or keeps the object until it ends.
 * Both processes hold the lock through the descriptor that the child has inherited: the directory
 * is live as long as either of them runs.
 *
 * In the process that owns the directory it succeeds and changes nothing.
 *
 * Fails with %G_IO_ERROR_CLOSED when the object is closed, with %G_IO_ERROR_BUSY when another
 * thread of the parent was closing or publishing it at the moment of the fork, and with
 * %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE when this process owns the directory, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_adopt (TmTemporaryDirectory *self, GError **error)
{
  g_autoptr (TmLocker) locker = NULL;
  g_autofree char *display_name = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  locker = tm_locker_new (&self->lock);

  switch (self->state)
    {
    case TM_TEMPORARY_DIRECTORY_STATE_OPEN:
      if (!is_ours_locked (self))
        {
          g_clear_error (&self->close_error);
          tm_backend_directory_adopt (self->directory);
        }
      return TRUE;

    case TM_TEMPORARY_DIRECTORY_STATE_CLOSING:
      /* By another thread of this process, which owns it then. */
      if (is_being_closed_locked (self))
        return TRUE;

      display_name = tm_file_get_display_name (self->file);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   "Adopting the temporary directory “%s”: the parent process was closing it",
                   display_name);
      return FALSE;

    case TM_TEMPORARY_DIRECTORY_STATE_CLOSED:
      return fail_closed (self, "Adopting", error);

    case TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED:
    default:
      return fail_not_initialized ("Adopting", error);
    }
}

static gboolean
keep_once (TmTemporaryDirectory *self, GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);

  if (!tm_temporary_directory_wait_locked (self, NULL, error) ||
      !tm_temporary_directory_check_ours_locked (self, "Keeping", error) ||
      !tm_backend_directory_keep (self->directory, error))
    return FALSE;

  tm_temporary_directory_set_closed_locked (self);
  return TRUE;
}

/**
 * tm_temporary_directory_keep:
 * @self: a temporary directory
 * @error: return location for an error
 *
 * Closes the object and lets the directory live on.
 *
 * From then on it is a directory like any other: a cleanup of its [class@Root]
 * deletes it when it has expired, and not before.
 *
 * The sticky bit, which marked the directory as temporary, is cleared, also if the mode
 * was changed meanwhile; the other bits stay. A program that wants the directory to have
 * the sticky bit sets it afterwards. Where the library has not set the bit, as on a file
 * system without such modes, the mode is not changed, nor does it have to be possible.
 *
 * Waits for a close that another thread is busy with. Fails with
 * %G_IO_ERROR_CLOSED when the object is closed, with %G_IO_ERROR_NOT_SUPPORTED in
 * a forked child that has not called [method@TemporaryDirectory.adopt], with
 * %G_IO_ERROR_PERMISSION_DENIED, or what else the reason is, when the sticky bit cannot be
 * cleared, and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE when it is kept, %FALSE with @error set and the object as it was
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_keep (TmTemporaryDirectory *self, GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!keep_once (self, error))
    return FALSE;

  g_object_notify (G_OBJECT (self), "closed");
  return TRUE;
}
