/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-deletion-private.h"

#include "core/tm-backend-private.h"
#include "core/tm-error-private.h"
#include "core/tm-fork-mutex-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-progress-private.h"
#include "core/tm-task-private.h"

/**
 * TmDeletion:
 *
 * The deletion of a file or directory, as an object for a window that shows it.
 *
 * ```c
 * static void
 * failed_cb (TmDeletion *deletion, GFile *file, GError *error, gpointer user_data)
 * {
 *   g_printerr ("%s\n", error->message);
 * }
 *
 * // bar: a GtkProgressBar, for example
 * static void
 * delete_directory (GFile *directory, GObject *bar)
 * {
 *   g_autoptr (TmDeletion) deletion = tm_deletion_new (directory, TM_DELETE_FLAGS_NONE);
 *
 *   g_object_bind_property (deletion, "fraction", bar, "fraction", G_BINDING_DEFAULT);
 *   g_signal_connect (deletion, "failed", G_CALLBACK (failed_cb), NULL);
 *   tm_deletion_run_async (deletion, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
 * }
 * ```
 *
 * It deletes exactly what [func@delete_recursively] deletes. That function is shorter for a program
 * that shows no failures.
 *
 * ## Properties
 *
 * While the deletion runs, it sets its read-only properties and notifies of those that have
 * changed: about 25 times a second, and once at the end. [property@Deletion:fraction] never
 * decreases during a run. It is an estimate, since the deletion reads each directory only when it
 * deletes it; it is 1 only after a success.
 *
 * A blocking run notifies in the calling thread, before it returns. An asynchronous run notifies in
 * the thread-default main context of its caller, before its callback.
 *
 * ## Failures
 *
 * A failure does not stop the deletion. [signal@Deletion::failed] is emitted for each file that
 * could not be deleted, in the same thread as the notifications. The first failure is also the
 * error of the call. A handler may call methods of the deletion, cancel it, and release it. If a
 * handler runs the main loop, the next notification or signal and the callback wait until the
 * handler returns.
 *
 * No failure is dropped, also if there are a million of them and the handler is slow: when 1024
 * failures wait for it, each thread of the deletion waits 10 milliseconds before it adds another
 * one. A main loop that does not run therefore slows the deletion down to 100 failures a second for
 * each thread, but never stops it. Only if no thread could be started for an asynchronous run,
 * which then deletes in the thread of its caller, all its failures wait in memory.
 *
 * ## Forced deletion
 *
 * A file or directory with the attribute “immutable” or “append-only”, which `chattr` sets, cannot
 * be deleted, nor can the entries of such a directory. Without
 * [flags@Tempman.DeleteFlags.FORCE], the deletion fails for them with
 * %G_IO_ERROR_PERMISSION_DENIED. With the flag, it clears these two attributes, and makes read-only
 * snapshots of btrfs writable, if all of these hold:
 *
 * - The file or directory is the one to delete, or is in it. The deletion never changes the
 *   directory above it, follows no link, and crosses no mount point.
 * - A regular file has no other hard link: this link could be outside of the tree.
 * - The file belongs to the user of the thread, or the user is root. For the two attributes, the
 *   kernel also requires the capability `CAP_LINUX_IMMUTABLE`, which usually only root has.
 *
 * If one does not hold, the deletion fails for this file with %G_IO_ERROR_PERMISSION_DENIED, and
 * the message names the attributes. The attributes of a file or directory that cannot be deleted
 * after all are restored. Remote files have no such attributes: the flag changes nothing for them.
 *
 * ## Runs
 *
 * One run is possible at a time. When it has ended, another one can follow, for example to delete
 * what a failed run has left. It starts all counts anew.
 *
 * An object can be used from any thread.
 *
 * Since: 1.0
 */

struct _TmDeletion
{
  GObject parent_instance;

  GFile *file;         /* (owned) (nullable): set once, when constructed */
  TmDeleteFlags flags; /* likewise */

  TmForkMutex lock;        /* guards the two fields below */
  TmProcessToken runs_in;  /* the process that runs it, or 0; a forked child does not */
  TmProgressCounts counts; /* of the last report; its share is the fraction */

  /* Used in the thread that receives the signals of a run, or before the run. */
  TmProgressCounts notified; /* the counts as of the last notification */
  GError *first_error;       /* (owned) (nullable): of the first signal */
  TmDeleteProgressCallback progress;
  gpointer progress_data; /* (owned): for progress; freed with progress_data_destroy */
  GDestroyNotify progress_data_destroy;
};

typedef enum
{
  PROP_FILE = 1,
  PROP_FLAGS,
  PROP_N_FOUND,
  PROP_N_DELETED,
  PROP_BYTES_FREED,
  PROP_FRACTION,
} TmDeletionProperty;

static GParamSpec *properties[PROP_FRACTION + 1];

static guint failed_signal;

G_DEFINE_FINAL_TYPE (TmDeletion, tm_deletion, G_TYPE_OBJECT)

/* Bindings have to free their data in the thread that created them. */
static void
drop_progress (TmDeletion *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->progress_data_destroy);

  self->progress = NULL;
  if (destroy != NULL)
    destroy (g_steal_pointer (&self->progress_data));
}

static void
tm_deletion_finalize (GObject *object)
{
  TmDeletion *self = TM_DELETION (object);

  drop_progress (self);
  g_clear_object (&self->file);
  g_clear_error (&self->first_error);
  tm_fork_mutex_clear (&self->lock);

  G_OBJECT_CLASS (tm_deletion_parent_class)->finalize (object);
}

static TmProgressCounts
get_counts (TmDeletion *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = tm_fork_mutex_locker_new (&self->lock);

  return self->counts;
}

static void
tm_deletion_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  TmDeletion *self = TM_DELETION (object);

  switch ((TmDeletionProperty) property_id)
    {
    case PROP_FILE:
      g_value_set_object (value, self->file);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->flags);
      break;
    case PROP_N_FOUND:
      g_value_set_uint64 (value, tm_deletion_get_n_found (self));
      break;
    case PROP_N_DELETED:
      g_value_set_uint64 (value, tm_deletion_get_n_deleted (self));
      break;
    case PROP_BYTES_FREED:
      g_value_set_uint64 (value, tm_deletion_get_bytes_freed (self));
      break;
    case PROP_FRACTION:
      g_value_set_double (value, tm_deletion_get_fraction (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tm_deletion_set_property (GObject *object,
                          guint property_id,
                          const GValue *value,
                          GParamSpec *pspec)
{
  TmDeletion *self = TM_DELETION (object);

  switch ((TmDeletionProperty) property_id)
    {
    case PROP_FILE:
      self->file = g_value_dup_object (value);
      break;
    case PROP_FLAGS:
      self->flags = g_value_get_flags (value);
      break;
    case PROP_N_FOUND:
    case PROP_N_DELETED:
    case PROP_BYTES_FREED:
    case PROP_FRACTION:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
tm_deletion_class_init (TmDeletionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = tm_deletion_finalize;
  object_class->get_property = tm_deletion_get_property;
  object_class->set_property = tm_deletion_set_property;

  /**
   * TmDeletion:file: (getter get_file)
   *
   * The file, symbolic link or directory to delete.
   *
   * Since: 1.0
   */
  properties[PROP_FILE] =
      g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmDeletion:flags: (getter get_flags)
   *
   * The options of the deletion.
   *
   * Since: 1.0
   */
  properties[PROP_FLAGS] =
      g_param_spec_flags ("flags", NULL, NULL, TM_TYPE_DELETE_FLAGS, TM_DELETE_FLAGS_NONE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmDeletion:n-found: (getter get_n_found)
   *
   * The number of entries that the deletion has found so far, including the deleted ones.
   *
   * It grows while directories are read. It is not the size of the tree before all of them are.
   *
   * Since: 1.0
   */
  properties[PROP_N_FOUND] = g_param_spec_uint64 ("n-found", NULL, NULL, 0, G_MAXUINT64, 0,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmDeletion:n-deleted: (getter get_n_deleted)
   *
   * The number of entries that the deletion has deleted so far.
   *
   * Since: 1.0
   */
  properties[PROP_N_DELETED] = g_param_spec_uint64 ("n-deleted", NULL, NULL, 0, G_MAXUINT64, 0,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmDeletion:bytes-freed: (getter get_bytes_freed)
   *
   * The space that the deletion has freed, in bytes, for remote files; 0 for local files.
   *
   * See [method@Deletion.get_bytes_freed].
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_FREED] = g_param_spec_uint64 ("bytes-freed", NULL, NULL, 0, G_MAXUINT64, 0,
                                                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmDeletion:fraction: (getter get_fraction)
   *
   * The estimated share of the work that is done, from 0 to 1, for a progress bar.
   *
   * See [method@Deletion.get_fraction].
   *
   * Since: 1.0
   */
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * TmDeletion::failed:
   * @self: the deletion that emits the signal
   * @file: the file or directory that could not be deleted
   * @error: the error that prevented it
   *
   * Emitted for each failure.
   *
   * The directories above @file cannot be deleted either. The signal is not emitted for them, nor
   * for a cancellation, nor for a call that fails with %G_IO_ERROR_PENDING. The section “Failures”
   * of the class page names the thread.
   *
   * Since: 1.0
   */
  failed_signal = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 2, G_TYPE_FILE, G_TYPE_ERROR);
}

static void
tm_deletion_init (TmDeletion *self)
{
  tm_fork_mutex_init (&self->lock);
}

/**
 * tm_deletion_new:
 * @file: a file, symbolic link or directory
 * @flags: options of the deletion
 *
 * Creates the deletion of a file, a symbolic link, or a directory with everything in it.
 *
 * Nothing is deleted before [method@Deletion.run] or [method@Deletion.run_async].
 *
 * Returns: (transfer full): a new deletion
 *
 * Since: 1.0
 */
TmDeletion *
tm_deletion_new (GFile *file, TmDeleteFlags flags)
{
  g_return_val_if_fail (G_IS_FILE (file), NULL);

  return g_object_new (TM_TYPE_DELETION, "file", file, "flags", flags, NULL);
}

/*
 * tm_deletion_new_with_progress:
 * @file: a file, symbolic link or directory
 * @flags: options of the deletion
 * @progress: (nullable): called before each notification, in the same thread
 * @progress_data: data for @progress
 * @progress_data_destroy: (nullable): frees @progress_data
 *
 * Returns: (transfer full): a new deletion
 */
TmDeletion *
tm_deletion_new_with_progress (GFile *file,
                               TmDeleteFlags flags,
                               TmDeleteProgressCallback progress,
                               gpointer progress_data,
                               GDestroyNotify progress_data_destroy)
{
  TmDeletion *self = tm_deletion_new (file, flags);

  self->progress = progress;
  self->progress_data = progress_data;
  self->progress_data_destroy = progress_data_destroy;
  return self;
}

static void
notify_of_changes (TmDeletion *self)
{
  TmProgressCounts before = self->notified;
  TmProgressCounts counts = get_counts (self);

  self->notified = counts;
  if (counts.n_found != before.n_found)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_FOUND]);
  if (counts.n_deleted != before.n_deleted)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_DELETED]);
  if (counts.bytes_freed != before.bytes_freed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_FREED]);
  if (counts.share < before.share || counts.share > before.share)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
}

/* Called in the thread that receives the signals. */
static void
deliver_cb (gpointer item, gpointer user_data)
{
  TmDeletion *self = user_data;
  const TmFailure *failure = item;

  if (failure != NULL)
    {
      if (self->first_error == NULL)
        self->first_error = g_error_copy (failure->error);
      g_signal_emit (self, failed_signal, 0, failure->file, failure->error);
      return;
    }

  if (self->progress != NULL)
    {
      TmProgressCounts counts = get_counts (self);

      self->progress (counts.n_deleted, counts.n_found, self->progress_data);
    }
  notify_of_changes (self);
}

static void
set_counts_cb (const TmProgressCounts *counts, gpointer user_data)
{
  TmDeletion *self = user_data;
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = tm_fork_mutex_locker_new (&self->lock);

  self->counts = *counts;
}

static gboolean
wants_failures_cb (gpointer user_data)
{
  return g_signal_has_handler_pending (user_data, failed_signal, 0, TRUE);
}

/* The delivery of one run. It has a reference: a handler may drop the last one of the caller. */
static TmDelivery *
delivery_new (TmDeletion *self, GTask *task)
{
  return tm_delivery_new (task, deliver_cb, tm_failure_free, g_object_ref (self), g_object_unref);
}

/* Returns FALSE with an error if a run is not possible now. */
static gboolean
begin_run (TmDeletion *self, GError **error)
{
  TmProcessToken process = tm_process_get_token ();
  gboolean is_running;

  if (self->file == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("Could not delete: no file was given"));
      return FALSE;
    }

  tm_fork_mutex_lock (&self->lock);
  is_running = self->runs_in == process;
  if (!is_running)
    {
      self->runs_in = process;
      self->counts = (TmProgressCounts){ 0 };
    }
  tm_fork_mutex_unlock (&self->lock);

  if (is_running)
    {
      tm_error_set_for_file (error, TM_ACTION_DELETE, self->file, G_IO_ERROR_PENDING,
                             _ ("this deletion is running already"));
      return FALSE;
    }

  g_clear_error (&self->first_error);
  notify_of_changes (self);
  return TRUE;
}

/* In the deleting thread. */
static gboolean
delete_file (TmDeletion *self, TmDelivery *delivery, GCancellable *cancellable, GError **error)
{
  TmProgress progress;
  gboolean deleted;

  tm_progress_init (&progress, delivery, set_counts_cb, wants_failures_cb, self);
  deleted = tm_backend_delete_recursively (self->file, self->flags, &progress, cancellable, error);
  tm_progress_end (&progress, deleted);
  tm_progress_clear (&progress);
  return deleted;
}

/* Called in the thread that has received the signals. The error becomes that of the first signal:
 * two threads can fail at the same time. @error: (nullable) (inout): the error of the run */
static void
end_run (TmDeletion *self, GError **error)
{
  if (error != NULL && *error != NULL && self->first_error != NULL &&
      !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (error);
      *error = g_steal_pointer (&self->first_error);
    }
  g_clear_error (&self->first_error);

  tm_fork_mutex_lock (&self->lock);
  self->runs_in = 0;
  tm_fork_mutex_unlock (&self->lock);
}

/**
 * tm_deletion_run:
 * @self: a deletion
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Deletes the file, symbolic link, or directory with everything in it.
 *
 * Fails like [func@delete_recursively], with the first failure. Fails with
 * %G_IO_ERROR_PENDING if another run has not ended, and with %G_IO_ERROR_INVALID_ARGUMENT if the
 * object was constructed without a file. After a failure or a cancellation, another run deletes the
 * rest.
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_deletion_run (TmDeletion *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmDelivery) delivery = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean deleted;

  g_return_val_if_fail (TM_IS_DELETION (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!begin_run (self, error))
    return FALSE;

  delivery = delivery_new (self, NULL);
  deleted = delete_file (self, delivery, cancellable, &local_error);
  end_run (self, &local_error);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return deleted;
}

/* The data of the task of an asynchronous run. */
typedef struct
{
  TmDeletion *deletion; /* (owned) */
  TmDelivery *delivery; /* (owned) */
} Run;

static void
run_free (gpointer data)
{
  Run *run = data;

  tm_delivery_free (run->delivery);
  g_object_unref (run->deletion);
  g_free (run);
}

static void
run_task_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Run *run = task_data;

  result->number = delete_file (run->deletion, run->delivery, cancellable, &result->error);
}

/* Runs in the main context of the caller, before its callback, which may run the deletion again. */
static void
run_end_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Run *run = task_data;

  end_run (run->deletion, &result->error);
}

/* Runs in the main context of the caller, after its callback. */
static void
run_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  Run *run = g_task_get_task_data (task);

  drop_progress (run->deletion);
}

/*
 * tm_deletion_start:
 * @self: a deletion
 * @source: (type GObject): the object of the asynchronous call
 * @source_tag: its method
 * @io_priority: the priority of the request
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called with the result, for tm_task_propagate_boolean()
 * @user_data: data for @callback
 *
 * Runs a deletion asynchronously. The data of its progress callback are freed after @callback.
 */
void
tm_deletion_start (TmDeletion *self,
                   gpointer source,
                   gpointer source_tag,
                   int io_priority,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (GTask) task =
      tm_task_new (source, source_tag, io_priority, cancellable, callback, user_data);
  GError *error = NULL;
  Run *run;

  if (!begin_run (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  run = g_new (Run, 1);
  run->deletion = g_object_ref (self);
  run->delivery = delivery_new (self, task);
  g_task_set_task_data (task, run, run_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (run_completed_cb), NULL);
  tm_task_start_with_end (task, run_task_cb, run_end_cb);
}

/**
 * tm_deletion_run_async:
 * @self: a deletion
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes the file, link, or directory with everything in it, without blocking the caller.
 *
 * See [method@Deletion.run].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
 *
 * Since: 1.0
 */
void
tm_deletion_run_async (TmDeletion *self,
                       int io_priority,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_return_if_fail (TM_IS_DELETION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  tm_deletion_start (self, self, tm_deletion_run_async, io_priority, cancellable, callback,
                     user_data);
}

/**
 * tm_deletion_run_finish:
 * @self: a deletion
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@Deletion.run_async].
 *
 * Fails like [method@Deletion.run].
 *
 * Returns: %TRUE on success, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_deletion_run_finish (TmDeletion *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_DELETION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_deletion_run_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}

/**
 * tm_deletion_get_file: (get-property file)
 * @self: a deletion
 *
 * Gets the file, symbolic link or directory to delete.
 *
 * Returns: (transfer none): the file
 *
 * Since: 1.0
 */
GFile *
tm_deletion_get_file (TmDeletion *self)
{
  g_return_val_if_fail (TM_IS_DELETION (self), NULL);

  return self->file;
}

/**
 * tm_deletion_get_flags: (get-property flags)
 * @self: a deletion
 *
 * Gets the options of the deletion.
 *
 * Returns: the flags
 *
 * Since: 1.0
 */
TmDeleteFlags
tm_deletion_get_flags (TmDeletion *self)
{
  g_return_val_if_fail (TM_IS_DELETION (self), TM_DELETE_FLAGS_NONE);

  return self->flags;
}

/**
 * tm_deletion_get_n_found: (get-property n-found)
 * @self: a deletion
 *
 * Gets the number of entries that the deletion has found so far, including the deleted ones.
 *
 * Returns: the number of entries, as of the last report
 *
 * Since: 1.0
 */
guint64
tm_deletion_get_n_found (TmDeletion *self)
{
  g_return_val_if_fail (TM_IS_DELETION (self), 0);

  return get_counts (self).n_found;
}

/**
 * tm_deletion_get_n_deleted: (get-property n-deleted)
 * @self: a deletion
 *
 * Gets the number of entries that the deletion has deleted so far.
 *
 * Returns: the number of entries, as of the last report
 *
 * Since: 1.0
 */
guint64
tm_deletion_get_n_deleted (TmDeletion *self)
{
  g_return_val_if_fail (TM_IS_DELETION (self), 0);

  return get_counts (self).n_deleted;
}

/**
 * tm_deletion_get_bytes_freed: (get-property bytes-freed)
 * @self: a deletion
 *
 * Gets the space that the deletion has freed, in bytes, for remote files; 0 for local files.
 *
 * For remote files, it is the sum of the allocated sizes of the deleted files, or of their sizes if
 * the GIO backend does not know the allocated ones. The deletion requests them together with the
 * names. Directories do not count, nor do files with other hard links, as far as the backend tells.
 *
 * For local files it is always 0: the deletion needs no size, and would have to make another system
 * call for each file to get it.
 *
 * Returns: the number of bytes, as of the last report
 *
 * Since: 1.0
 */
guint64
tm_deletion_get_bytes_freed (TmDeletion *self)
{
  g_return_val_if_fail (TM_IS_DELETION (self), 0);

  return get_counts (self).bytes_freed;
}

/**
 * tm_deletion_get_fraction: (get-property fraction)
 * @self: a deletion
 *
 * Gets the estimated share of the work that is done, from 0 to 1, for a progress bar.
 *
 * The size of the tree is unknown until all of it is read. The whole is therefore split among the
 * entries of the directory, with more for a sub-directory than for a file, and the share of a
 * sub-directory among its own entries. The fraction never decreases during a run. It is 1 only
 * after a success.
 *
 * Returns: the fraction, as of the last report
 *
 * Since: 1.0
 */
double
tm_deletion_get_fraction (TmDeletion *self)
{
  g_return_val_if_fail (TM_IS_DELETION (self), 0);

  return get_counts (self).share;
}
