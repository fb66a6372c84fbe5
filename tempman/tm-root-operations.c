/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root-private.h"

#include "tm-root-entry-private.h"
#include "core/tm-task-private.h"
#include "tm-temporary-directory-private.h"

/* Returns FALSE with an error unless the object was initialised; what init has set may be read
 * without the lock from then on. */
static gboolean
check_initialized (TmRoot *self, const char *action, GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);

  if (self->root != NULL)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "%s: the root was never initialized",
               action);
  return FALSE;
}

static TmPolicy
get_judge (TmRoot *self)
{
  TmPolicy policy = { .flags = self->flags, .exclude = tm_root_get_exclude (self) };

  tm_age_rule_init (&policy.age, tm_root_get_age_basis (self), self->timeout);
  return policy;
}

static gssize
sweep (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_auto (TmPolicy) policy = get_judge (self);

  return tm_backend_root_cleanup (self->root, &policy, cancellable, error);
}

/**
 * tm_root_create_temp_dir:
 * @self: a root
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Cleans the root up, and creates a temporary directory under it.
 *
 * That something could not be cleaned up does not make it fail; see
 * [method@Root.cleanup] for that.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when the directory of the root has been removed,
 * moved or replaced; with %G_IO_ERROR_PERMISSION_DENIED; with
 * %G_IO_ERROR_INVALID_FILENAME when the prefix is not the beginning of a name; with
 * %G_IO_ERROR_CANCELLED; and with %G_IO_ERROR_NOT_INITIALIZED. Then nothing is left
 * behind.
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_root_create_temp_dir (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_initialized (self, "Creating a temporary directory", error))
    return NULL;

  if (sweep (self, cancellable, &local_error) < 0)
    g_info ("%s", local_error->message);

  return tm_temporary_directory_new_in (self->root, tm_root_get_prefix (self), cancellable, error);
}

static void
create_temp_dir_task_cb (TmTaskResult *result,
                         gpointer source,
                         gpointer task_data,
                         GCancellable *cancellable)
{
  result->object = tm_root_create_temp_dir (source, cancellable, &result->error);
}

/**
 * tm_root_create_temp_dir_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Cleans the root up and creates a temporary directory under it, without blocking
 * the caller.
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_root_create_temp_dir_async (TmRoot *self,
                               int io_priority,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  tm_task_run (self, tm_root_create_temp_dir_async, io_priority, cancellable, callback, user_data,
               create_temp_dir_task_cb);
}

/**
 * tm_root_create_temp_dir_finish:
 * @self: a root
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Root.create_temp_dir_async].
 *
 * Fails as [method@Root.create_temp_dir] does.
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_root_create_temp_dir_finish (TmRoot *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_root_create_temp_dir_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return tm_task_propagate_object (result, error);
}

/**
 * tm_root_cleanup:
 * @self: a root
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Deletes the sub-directories that have expired and, with
 * [flags@Tempman.RootFlags.RECLAIM_ABANDONED], those whose owner is gone.
 *
 * Several processes can clean the same root up at the same time, and create in it
 * meanwhile. In a root with the sticky bit, such as `/tmp`, the sub-directories of
 * other users are left to them.
 *
 * One that cannot be deleted does not stop it; the first such error is returned at
 * the end, with its path: %G_IO_ERROR_PERMISSION_DENIED or %G_IO_ERROR_BUSY. Also
 * fails with %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: how many were deleted, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
tm_root_cleanup (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (!check_initialized (self, "Cleaning up", error))
    return -1;

  return sweep (self, cancellable, error);
}

static void
cleanup_task_cb (TmTaskResult *result,
                 gpointer source,
                 gpointer task_data,
                 GCancellable *cancellable)
{
  result->number = tm_root_cleanup (source, cancellable, &result->error);
}

/**
 * tm_root_cleanup_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes what has expired or been abandoned, without blocking the caller.
 *
 * See [method@Root.cleanup].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_root_cleanup_async (TmRoot *self,
                       int io_priority,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  tm_task_run (self, tm_root_cleanup_async, io_priority, cancellable, callback, user_data,
               cleanup_task_cb);
}

/**
 * tm_root_cleanup_finish:
 * @self: a root
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Root.cleanup_async].
 *
 * Fails as [method@Root.cleanup] does.
 *
 * Returns: how many were deleted, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
tm_root_cleanup_finish (TmRoot *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), -1);
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_root_cleanup_async), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  return tm_task_propagate_int (result, error);
}

/**
 * tm_root_list_entries:
 * @self: a root
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Lists the sub-directories with what a cleanup would do with each, and why.
 *
 * It changes nothing on the disk, not even an access time where that is allowed to the
 * user. It looks at the lock of each sub-directory for an instant: a creator whose new
 * directory is looked at right then waits for that, and a cleanup leaves it for the next.
 *
 * With [enum@Tempman.AgeBasis.NEWEST_CONTENT] everything in the sub-directories is looked at.
 *
 * A mount point is listed as in use, without its times: no request is sent to the file
 * system that is mounted there, whose server may never answer.
 *
 * One that cannot be looked at does not keep the others from being listed: it is listed as
 * one in use, which stays. A cleanup leaves it as well, and fails for it at its end.
 *
 * The entries are in the order of their names, byte by byte. The list is what was found
 * and does not change by itself.
 *
 * Fails when the directory of the root cannot be read, as with
 * %G_IO_ERROR_PERMISSION_DENIED; with %G_IO_ERROR_CANCELLED; and with
 * %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: (transfer full): a list of [class@RootEntry], or %NULL with @error set
 *
 * Since: 1.0
 */
GListModel *
tm_root_list_entries (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GArray) found = NULL;
  g_auto (TmPolicy) policy = { 0 };
  GListStore *store;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_initialized (self, "Listing the entries", error))
    return NULL;

  policy = get_judge (self);
  found = tm_backend_root_list (self->root, &policy, cancellable, error);
  if (found == NULL)
    return NULL;

  entries = g_ptr_array_new_full (found->len, g_object_unref);
  for (guint i = 0; i < found->len; i++)
    {
      const TmListedEntry *entry = &g_array_index (found, TmListedEntry, i);

      g_ptr_array_add (entries, tm_root_entry_new (self->directory, entry->name, &entry->verdict));
    }

  store = g_list_store_new (TM_TYPE_ROOT_ENTRY);
  g_list_store_splice (store, 0, 0, entries->pdata, entries->len);
  return G_LIST_MODEL (store);
}

static void
list_entries_task_cb (TmTaskResult *result,
                      gpointer source,
                      gpointer task_data,
                      GCancellable *cancellable)
{
  result->object = tm_root_list_entries (source, cancellable, &result->error);
}

/**
 * tm_root_list_entries_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Lists the sub-directories with what a cleanup would do with each, without blocking the
 * caller.
 *
 * See [method@Root.list_entries].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_root_list_entries_async (TmRoot *self,
                            int io_priority,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  tm_task_run (self, tm_root_list_entries_async, io_priority, cancellable, callback, user_data,
               list_entries_task_cb);
}

/**
 * tm_root_list_entries_finish:
 * @self: a root
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Root.list_entries_async].
 *
 * Fails as [method@Root.list_entries] does.
 *
 * Returns: (transfer full): a list of [class@RootEntry], or %NULL with @error set
 *
 * Since: 1.0
 */
GListModel *
tm_root_list_entries_finish (TmRoot *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_root_list_entries_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return tm_task_propagate_object (result, error);
}
