/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-temporary-directory-private.h"

#include "tm-file-private.h"
#include "tm-task-private.h"

/* Drops the mutex while the descriptor is closed, for which the kernel may have to wait for the
 * disk. */
void
tm_temporary_directory_set_closed_locked (TmTemporaryDirectory *self)
{
  TmHolding *holding = g_steal_pointer (&self->holding);

  if (holding != NULL)
    {
      /* Nobody else goes on before that. */
      self->state = TM_TEMPORARY_DIRECTORY_STATE_CLOSING;
      g_mutex_unlock (&self->mutex);
      tm_holding_release (holding);
      g_mutex_lock (&self->mutex);
    }

  self->state = TM_TEMPORARY_DIRECTORY_STATE_CLOSED;
  if (self->n_waiting > 0)
    g_cond_broadcast (&self->state_changed);
}

/* In the thread that cancels, without the mutex. */
static void
wake_waiting_cb (GCancellable *cancellable, TmTemporaryDirectory *self)
{
  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->state_changed);
  g_mutex_unlock (&self->mutex);
}

/*
 * tm_temporary_directory_wake_when_cancelled:
 * @self: a temporary directory
 * @cancellable: (nullable): its cancellation is to end a wait for another thread
 *
 * Has to be called, and g_cancellable_disconnect() with what it returns, without the mutex.
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

/* Waits, without the mutex, until no other thread deletes or publishes the directory. Returns FALSE
 * with an error when it was cancelled before. */
gboolean
tm_temporary_directory_wait_locked (TmTemporaryDirectory *self,
                                    GCancellable *cancellable,
                                    GError **error)
{
  while (self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSING)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      self->n_waiting++;
      g_cond_wait (&self->state_changed, &self->mutex);
      self->n_waiting--;
    }

  return TRUE;
}

/* Called with the mutex held. Returns with the state open, for the caller to go on, or else with
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

/* Sets @closed_now if it was this call that closed it, and a change has to be notified. */
static gboolean
close_once (TmTemporaryDirectory *self,
            GCancellable *cancellable,
            gboolean *closed_now,
            GError **error)
{
  g_autoptr (GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new (&self->mutex);
  GError *local_error = NULL;

  *closed_now = FALSE;

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSING &&
      !wait_for_other (self, cancellable, error))
    return FALSE;

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED)
    return fail_not_initialized ("Closing", error);

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSED)
    return TRUE;

  if (!tm_holding_is_of_this_process (self->holding))
    {
      tm_temporary_directory_set_closed_locked (self);
      *closed_now = TRUE;
      return TRUE;
    }

  self->state = TM_TEMPORARY_DIRECTORY_STATE_CLOSING;
  g_clear_error (&self->close_error);
  g_mutex_unlock (&self->mutex);

  /* Only whoever set the state to closing uses the holding now. */
  tm_holding_delete (self->holding, cancellable, &local_error);

  g_mutex_lock (&self->mutex);
  if (local_error != NULL)
    {
      self->close_error = g_error_copy (local_error);
      self->state = TM_TEMPORARY_DIRECTORY_STATE_OPEN;
      g_cond_broadcast (&self->state_changed);
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
 * deletes it and all are told of the result.
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

/* In a thread of the pool. */
static void
close_thread_cb (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  gboolean *closed_now = task_data;
  GError *local_error = NULL;

  if (close_cancellably (source, cancellable, closed_now, &local_error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, local_error);
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
  tm_task_run_in_thread (task, close_thread_cb);
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
  g_autofree char *display_name = NULL;

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED)
    return fail_not_initialized (action, error);

  display_name = tm_file_get_display_name (self->file);

  if (self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSED)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                   "%s the temporary directory “%s”: it is closed", action, display_name);
      return FALSE;
    }

  if (!tm_holding_is_of_this_process (self->holding))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s the temporary directory “%s”: it belongs to the parent process", action,
                   display_name);
      return FALSE;
    }

  return TRUE;
}

static gboolean
keep_once (TmTemporaryDirectory *self, GError **error)
{
  g_autoptr (GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new (&self->mutex);

  if (!tm_temporary_directory_wait_locked (self, NULL, error) ||
      !tm_temporary_directory_check_ours_locked (self, "Keeping", error) ||
      !tm_holding_disown (self->holding, error))
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
 * a forked child, with %G_IO_ERROR_PERMISSION_DENIED, or what else the reason is, when the
 * sticky bit cannot be cleared, and with %G_IO_ERROR_NOT_INITIALIZED.
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
