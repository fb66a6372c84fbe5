/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-log-private.h"

/*
 * tm_backend_for_file:
 * @file: a file
 *
 * The one place that asks whether a file is local. A file that GVfs serves can have a path as well,
 * through FUSE: the path does not tell.
 *
 * Returns: the backend that reaches the file
 */
const TmBackend *
tm_backend_for_file (GFile *file)
{
#ifdef TM_GIO_ONLY
  return &tm_backend_gio;
#else
  return g_file_is_native (file) ? &tm_backend_local : &tm_backend_gio;
#endif
}

/* @file: (transfer full) (nullable): the directory, unless it is local. @path: (transfer full)
 * (nullable): its path, if it is local */
void
tm_backend_directory_init (TmBackendDirectory *directory,
                           const TmBackend *backend,
                           GFile *file,
                           char *path)
{
  directory->backend = backend;
  directory->file = file;
  directory->path = path;
  directory->process = tm_process_get_token ();
}

/* Sets what is common to all roots. @file: (transfer full) */
void
tm_backend_root_init (TmBackendRoot *root, const TmBackend *backend, GFile *file)
{
  root->backend = backend;
  root->file = file;
  root->watch = tm_watch_new ();
}

/* Most programs use the path of a local directory, and never its file. Returns: (transfer none) */
GFile *
tm_backend_directory_get_file (TmBackendDirectory *directory)
{
  if (directory->file == NULL)
    directory->file = tm_file_new_for_local_path (directory->path);

  return directory->file;
}

/*
 * tm_backend_create:
 * @parent: the directory to create it in
 * @creation: its name and its mode
 * @cancellable: (nullable): a cancellable
 * @error: as documented at tm_temporary_directory_new()
 *
 * Returns: (transfer full) (nullable): a new temporary directory of this process, or %NULL with
 *   nothing left behind
 */
TmBackendDirectory *
tm_backend_create (GFile *parent,
                   const TmCreation *creation,
                   GCancellable *cancellable,
                   GError **error)
{
  return tm_backend_for_file (parent)->create (parent, creation, cancellable, error);
}

gboolean
tm_backend_directory_is_of_this_process (TmBackendDirectory *directory)
{
  return directory->process == tm_process_get_token ();
}

/*
 * tm_backend_directory_adopt:
 * @directory: a directory of the parent of this process
 * @error: return location for an error
 *
 * Makes this process the owner.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_backend_directory_adopt (TmBackendDirectory *directory, GError **error)
{
  if (!directory->backend->adopt (directory, error))
    return FALSE;

  directory->process = tm_process_get_token ();
  return TRUE;
}

/* Costs a system call: for the log. */
void
tm_backend_directory_describe (TmBackendDirectory *directory, TmCreationResult *result)
{
  directory->backend->describe (directory, result);
}

/* Returns -1 when the backend has no descriptor of it. */
int
tm_backend_directory_get_fd (TmBackendDirectory *directory)
{
  return directory->backend->get_fd (directory);
}

/*
 * tm_backend_directory_delete:
 * @directory: a temporary directory
 * @cancellable: (nullable): a cancellable
 * @error: the first failure; everything that can be deleted is
 *
 * Deletes the directory with everything in it. A directory that does not exist any more is a
 * success. After a failure the call can be repeated.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_backend_directory_delete (TmBackendDirectory *directory,
                             GCancellable *cancellable,
                             GError **error)
{
  g_assert (tm_backend_directory_is_of_this_process (directory));

  return directory->backend->delete (directory, cancellable, error);
}

/* Takes the mark away, so that no cleanup takes the directory for abandoned once it is released. */
gboolean
tm_backend_directory_keep (TmBackendDirectory *directory, GError **error)
{
  g_assert (tm_backend_directory_is_of_this_process (directory));

  return directory->backend->keep (directory, error);
}

/*
 * tm_backend_directory_publish:
 * @directory: a temporary directory
 * @destination: its new name
 * @replace: whether it replaces a file or directory at @destination
 * @replaced: (out) (transfer full) (nullable): what it has replaced, for
 *   tm_backend_delete_replaced()
 * @error: as documented at tm_temporary_directory_persist()
 *
 * Renames the directory in one step. After that it can only be released.
 *
 * Returns: %TRUE on success; else nothing has changed
 */
gboolean
tm_backend_directory_publish (TmBackendDirectory *directory,
                              GFile *destination,
                              gboolean replace,
                              TmReplaced **replaced,
                              GError **error)
{
  g_assert (tm_backend_directory_is_of_this_process (directory));

  return directory->backend->publish (directory, destination, replace, replaced, error);
}

/* Takes @replaced over. */
gboolean
tm_backend_delete_replaced (const TmBackend *backend, TmReplaced *replaced, GError **error)
{
  return backend->delete_replaced (replaced, error);
}

/* Releases the lock, if there is one, and frees @directory. On the disk nothing changes. */
void
tm_backend_directory_release (TmBackendDirectory *directory)
{
  g_clear_object (&directory->file);
  g_free (directory->path);
  directory->backend->free_directory (directory);
}

/*
 * tm_backend_open_root:
 * @file: the directory of a root
 * @flags: whether to create the directory when it is missing
 * @cancellable: (nullable): a cancellable
 * @error: as documented at tm_root_new()
 *
 * Returns: (transfer full) (nullable): the directory, its file with links resolved where that is
 *   possible
 */
TmBackendRoot *
tm_backend_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  return tm_backend_for_file (file)->open_root (file, flags, cancellable, error);
}

/* Which processes see the locks of the directories in a root. */
TmLockScope
tm_backend_root_get_lock_scope (TmBackendRoot *root)
{
  return root->backend->get_lock_scope (root);
}

/* Creates a temporary directory in a root, as tm_backend_create(). */
TmBackendDirectory *
tm_backend_root_create (TmBackendRoot *root,
                        const TmCreation *creation,
                        GCancellable *cancellable,
                        GError **error)
{
  return root->backend->create_in_root (root, creation, cancellable, error);
}

/*
 * tm_backend_root_cleanup:
 * @root: the directory of a root
 * @policy: which entries to remove
 * @outcomes: (nullable): receives each entry that was removed or could not be removed
 * @cancellable: (nullable): a cancellable
 * @error: the first failure
 *
 * Removes the entries that @policy does not keep, and delivers the outcomes.
 *
 * Returns: how many were removed, or -1
 */
gssize
tm_backend_root_cleanup (TmBackendRoot *root,
                         const TmPolicy *policy,
                         TmOutcomes *outcomes,
                         GCancellable *cancellable,
                         GError **error)
{
  TmCleanupLog *log = tm_cleanup_log_new (root->file, policy);
  g_autoptr (GError) local_error = NULL;
  gssize n_removed =
      root->backend->cleanup (root, policy, outcomes, log, cancellable, &local_error);

  tm_cleanup_log_free (log, local_error);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return n_removed;
}

/* Returns the time in seconds after which another cleanup can decide about watched entries, or 0.
 */
double
tm_backend_root_get_watch_time (TmBackendRoot *root)
{
  return tm_watch_get_time_left (root->watch);
}

/* Returns (transfer full) (nullable) (element-type TmListedEntry): all sub-directories, by name,
 * with what a cleanup would do. */
GArray *
tm_backend_root_list (TmBackendRoot *root,
                      const TmPolicy *policy,
                      GCancellable *cancellable,
                      GError **error)
{
  return root->backend->list (root, policy, cancellable, error);
}

void
tm_backend_root_free (TmBackendRoot *root)
{
  g_object_unref (root->file);
  tm_watch_free (root->watch);
  root->backend->free_root (root);
}

static gboolean
delete_recursively (GFile *file,
                    TmDeleteFlags flags,
                    TmProgress *progress,
                    GCancellable *cancellable,
                    GError **error)
{
  static const TmProgressCounts the_file = { .n_deleted = 1, .n_found = 1 };
  gboolean keeps_directory = (flags & TM_DELETE_FLAGS_KEEP_DIRECTORY) != 0;
  gboolean is_logged = tm_log_is_shown ();
  gint64 start = is_logged ? g_get_monotonic_time () : 0;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFile) parent = g_file_get_parent (file);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (parent == NULL)
    {
      tm_error_set_for_file (error, TM_ACTION_DELETE, file, G_IO_ERROR_INVALID_ARGUMENT,
                             _ ("it is the root of a file system"));
      return FALSE;
    }

  switch (tm_backend_for_file (file)->delete_recursively (file, parent, flags, progress,
                                                          cancellable, &local_error))
    {
    case TM_DELETE_RESULT_DONE:
      if (!keeps_directory)
        tm_progress_add (progress, &the_file);
      if (is_logged)
        tm_log_deleted (file, keeps_directory, start);
      return TRUE;
    case TM_DELETE_RESULT_MISSING:
      if ((flags & TM_DELETE_FLAGS_ALLOW_MISSING) == 0)
        break;
      if (is_logged)
        tm_log_missing_file (file);
      return TRUE;
    case TM_DELETE_RESULT_FAILED:
    default:
      break;
    }

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/*
 * tm_backend_delete_recursively:
 * @file: a file, link or directory
 * @flags: what is deleted, and what counts as a failure
 * @progress: counts what is found and deleted, and receives each failure
 * @cancellable: (nullable): a cancellable
 * @error: as documented at tm_delete_recursively()
 *
 * Returns: %TRUE on success
 */
gboolean
tm_backend_delete_recursively (GFile *file,
                               TmDeleteFlags flags,
                               TmProgress *progress,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (delete_recursively (file, flags, progress, cancellable, &local_error))
    return TRUE;

  /* The backends report the failures inside a directory. */
  if (!progress->has_failed && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      tm_progress_note_failure (progress))
    tm_progress_fail (progress, g_object_ref (file), g_error_copy (local_error), cancellable);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}
