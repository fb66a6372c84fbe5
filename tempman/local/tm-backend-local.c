/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"
#include "core/tm-i18n-private.h"
#include "local/tm-cleanup-private.h"
#include "local/tm-delete-tree-private.h"
#include "local/tm-dirfd-private.h"
#include "local/tm-file-system-private.h"
#include "local/tm-force-private.h"
#include "local/tm-locked-directory-private.h"
#include "local/tm-path-private.h"
#include "local/tm-publish-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The backend of local files. A temporary directory is a locked directory. The path of a root is
 * resolved once; from then on a descriptor refers to its directory. */

typedef struct
{
  TmBackendDirectory directory;
  TmLockedDirectory *locked; /* (owned) */
} LocalDirectory;

static TmLockedDirectory *
get_locked (TmBackendDirectory *directory)
{
  return ((LocalDirectory *) directory)->locked;
}

static void
local_describe (TmBackendDirectory *directory, TmCreationResult *result)
{
  tm_locked_directory_describe (get_locked (directory), result);
}

static int
local_get_fd (TmBackendDirectory *directory)
{
  return tm_locked_directory_get_fd (get_locked (directory));
}

static gboolean
local_delete (TmBackendDirectory *directory, GCancellable *cancellable, GError **error)
{
  return tm_locked_directory_delete (get_locked (directory), directory->path, TM_DELETE_FLAGS_NONE,
                                     NULL, cancellable, error);
}

static gboolean
local_adopt (TmBackendDirectory *directory, GError **error)
{
  return tm_locked_directory_adopt (get_locked (directory), directory->path, error);
}

static gboolean
local_keep (TmBackendDirectory *directory, GError **error)
{
  return tm_locked_directory_keep (get_locked (directory), directory->path, error);
}

static gboolean
local_publish (TmBackendDirectory *directory,
               GFile *destination,
               gboolean replace,
               TmReplaced **replaced,
               GError **error)
{
  if (tm_backend_for_file (destination) != &tm_backend_local)
    {
      tm_error_set_unpublished_file (error, tm_backend_directory_get_file (directory), destination,
                                     G_IO_ERROR_NOT_SUPPORTED,
                                     _ ("the destination is not a local file"));
      return FALSE;
    }

  return tm_publish (get_locked (directory), directory->path, g_file_peek_path (destination),
                     replace, replaced, error);
}

static void
local_free_directory (TmBackendDirectory *directory)
{
  tm_locked_directory_release (get_locked (directory));
  g_free (directory);
}

/* Creates a directory in @parent. @open_parent: the same directory, which stays open as long as the
 * new one exists. @is_stale: as of tm_locked_directory_create() */
static TmBackendDirectory *
create_in (GFile *parent,
           TmParent *open_parent,
           const TmCreation *creation,
           gboolean *is_stale,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *path = NULL;
  TmLockedDirectory *locked = tm_locked_directory_create (
      open_parent, g_file_peek_path (parent), creation, is_stale, &path, cancellable, error);
  LocalDirectory *local;

  if (locked == NULL)
    return NULL;

  local = g_new0 (LocalDirectory, 1);
  local->locked = locked;
  tm_backend_directory_init (&local->directory, &tm_backend_local, NULL, g_steal_pointer (&path));
  return &local->directory;
}

static TmBackendDirectory *
local_create (GFile *parent, const TmCreation *creation, GCancellable *cancellable, GError **error)
{
  const char *path = g_file_peek_path (parent);
  g_autoptr (TmParent) last_parent = tm_parent_find (path);
  g_autoptr (TmParent) open_parent = NULL;
  g_autoptr (GFile) resolved_parent = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean is_stale = FALSE;
  g_autofree char *resolved = NULL;
  g_autofree char *refused = NULL;

  if (last_parent != NULL)
    {
      TmBackendDirectory *directory =
          create_in (parent, last_parent, creation, &is_stale, cancellable, &local_error);

      if (directory != NULL)
        return directory;
      if (is_stale)
        tm_parent_hide (last_parent);
    }

  open_parent = tm_parent_open (path, &resolved, &refused);
  if (open_parent == NULL)
    {
      tm_error_set_unopened (error, TM_ACTION_CREATE_IN, path, refused, errno);
      return NULL;
    }

  /* The path still leads to the same directory. */
  if (open_parent == last_parent && !is_stale)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  /* The path of the new directory has no links, which may be changed later. */
  if (resolved != NULL && strcmp (resolved, path) != 0)
    resolved_parent = g_file_new_for_path (resolved);

  return create_in (resolved_parent != NULL ? resolved_parent : parent, open_parent, creation, NULL,
                    cancellable, error);
}

static gboolean
local_delete_replaced (TmReplaced *replaced, GError **error)
{
  gboolean deleted = tm_replaced_delete (replaced, error);

  tm_replaced_free (replaced);
  return deleted;
}

typedef struct
{
  TmBackendRoot root;
  TmParent
      *parent; /* (owned): open for reading; shared with the directories that are created in it */
} LocalRoot;

static TmLockScope
local_get_lock_scope (TmBackendRoot *root)
{
  return tm_parent_is_on_shared_file_system (((LocalRoot *) root)->parent) ? TM_LOCK_SCOPE_MACHINE
                                                                           : TM_LOCK_SCOPE_ALL;
}

static TmBackendDirectory *
local_create_in_root (TmBackendRoot *root,
                      const TmCreation *creation,
                      GCancellable *cancellable,
                      GError **error)
{
  TmParent *parent = ((LocalRoot *) root)->parent;

  if (tm_parent_check (parent) < 0)
    {
      tm_error_set_from_errno (error, TM_ACTION_CREATE_IN, g_file_peek_path (root->file), errno);
      return NULL;
    }

  return create_in (root->file, parent, creation, NULL, cancellable, error);
}

static TmCleanupOptions
get_cleanup_options (TmBackendRoot *root, const TmPolicy *policy)
{
  const LocalRoot *local = (const LocalRoot *) root;
  TmCleanupOptions options = {
    .directory = local->parent,
    .path = g_file_peek_path (root->file),
    .policy = *policy,
  };

  options.policy.watch = root->watch;
  options.policy.is_shared = tm_parent_is_on_shared_file_system (local->parent);
  options.policy.age.is_shared = options.policy.is_shared;
  options.policy.has_marks = TRUE;
  return options;
}

static gssize
local_cleanup (TmBackendRoot *root,
               const TmPolicy *policy,
               TmOutcomes *outcomes,
               TmCleanupLog *log,
               GCancellable *cancellable,
               GError **error)
{
  TmCleanupOptions options = get_cleanup_options (root, policy);

  return tm_cleanup (&options, outcomes, log, cancellable, error);
}

static GArray *
local_list (TmBackendRoot *root, const TmPolicy *policy, GCancellable *cancellable, GError **error)
{
  TmCleanupOptions options = get_cleanup_options (root, policy);

  return tm_cleanup_list (&options, cancellable, error);
}

static void
local_free_root (TmBackendRoot *root)
{
  tm_parent_unref (((LocalRoot *) root)->parent);
  g_free (root);
}

static gboolean
fail (GError **error, GIOErrorEnum code, const char *path, const char *reason)
{
  tm_error_set (error, TM_ACTION_OPEN_ROOT, path, code, reason);
  return FALSE;
}

static gboolean
fail_with_errno (GError **error, const char *path, int error_number)
{
  tm_error_set_from_errno (error, TM_ACTION_OPEN_ROOT, path, error_number);
  return FALSE;
}

/* Whether @directory is the home directory or one above it, such as the root of the file system.
 * The home directory may be missing, or below a directory that this user cannot search; no mode is
 * changed to find out. */
static gboolean
is_home_or_above (TmFileIdentity directory)
{
  g_autofree char *path = g_canonicalize_filename (g_get_home_dir (), "/");

  return tm_path_passes (path, directory);
}

/* Opens the directory that contains @file. Returns a pin, or -1 if it is unknown.
 * @resolved: (nullable): the path of the file without links. */
static int
pin_parent (const char *resolved, TmFileIdentity file)
{
  g_autofree char *above = resolved != NULL ? g_path_get_dirname (resolved) : NULL;
  g_autofree char *name = resolved != NULL ? g_path_get_basename (resolved) : NULL;
  g_autofree char *refused = NULL;
  int fd = above != NULL ? tm_path_open (above, 0, NULL, &refused) : -1;
  struct stat status;

  /* If the file has been moved since, other users can write to the directory in which it was. */
  if (fd >= 0 && (tm_dirfd_stat_child (fd, name, &status) < 0 ||
                  !tm_file_identity_equal (tm_file_identity (&status), file)))
    {
      tm_dirfd_close (fd);
      fd = -1;
    }

  return fd;
}

/* With CREATE_DIRECTORY no other user can have created the path before: the directory, or a link
 * there, must belong to this user. @resolved: (nullable): its path without links. */
static gboolean
check_owner (const char *path,
             TmRootFlags flags,
             int fd,
             const struct stat *status,
             const char *resolved,
             GError **error)
{
  gboolean is_foreign;
  int parent;

  if ((flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) == 0 || status->st_uid == geteuid ())
    return TRUE;

  parent = pin_parent (resolved, tm_file_identity (status));
  is_foreign = tm_file_system_shows_foreign_owner (fd, status->st_uid, parent, FALSE);
  tm_dirfd_close (parent);
  return !is_foreign ||
         fail (error, G_IO_ERROR_PERMISSION_DENIED, path, _ ("it belongs to another user"));
}

/* Checks the owner of the link @path, if it is one, as check_owner() does. */
static gboolean
check_owner_of_link (const char *path, TmRootFlags flags, GError **error)
{
  g_autofree char *above = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *refused = NULL;
  gboolean is_foreign;
  struct stat status;
  int parent;

  if ((flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) == 0)
    return TRUE;

  parent = tm_path_open (above, 0, NULL, &refused);
  is_foreign = parent >= 0 && tm_dirfd_stat_child (parent, name, &status) == 0 &&
               S_ISLNK (status.st_mode) && status.st_uid != geteuid () &&
               tm_file_system_shows_foreign_owner (parent, status.st_uid, parent, FALSE);
  tm_dirfd_close (parent);
  return !is_foreign ||
         fail (error, G_IO_ERROR_PERMISSION_DENIED, path, _ ("it belongs to another user"));
}

/* Opens the directory at @path: first without following a link there, to check its owner. Returns a
 * pin, or -1. @resolved: (nullable): its path without links. */
static int
open_as_it_stands (const char *path, TmRootFlags flags, char **resolved, GError **error)
{
  g_autofree char *refused = NULL;
  int fd = tm_path_open (path, O_NOFOLLOW, resolved, &refused);

  if (fd < 0 && errno == ENOTDIR)
    {
      if (!check_owner_of_link (path, flags, error))
        return -1;
      fd = tm_path_open (path, 0, resolved, &refused);
    }

  if (fd < 0 && errno == ENOENT && (flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) != 0 &&
      tm_path_make_directory (path, &refused) == 0)
    fd = tm_path_open (path, O_NOFOLLOW, resolved, &refused);

  if (fd < 0)
    tm_error_set_unopened (error, TM_ACTION_OPEN_ROOT, path, refused, errno);
  return fd;
}

/* Opens the directory for reading. Returns NULL with an error. */
static TmParent *
open_directory (const char *path, TmRootFlags flags, char **resolved, GError **error)
{
  int pin = open_as_it_stands (path, flags, resolved, error);
  TmParent *directory = NULL;
  struct stat status;

  if (pin < 0)
    return NULL;

  if (tm_dirfd_stat (pin, &status) < 0)
    fail_with_errno (error, path, errno);
  else if (is_home_or_above (tm_file_identity (&status)))
    fail (error, G_IO_ERROR_INVALID_ARGUMENT, path,
          _ ("it is the home directory or a directory above it"));
  else if (check_owner (path, flags, pin, &status, *resolved, error))
    {
      directory = tm_parent_new (tm_dirfd_reopen (pin));
      if (directory == NULL)
        fail_with_errno (error, path, errno);
    }

  tm_dirfd_close (pin);
  return directory;
}

static TmBackendRoot *
local_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  g_autofree char *resolved = NULL;
  TmParent *parent = open_directory (g_file_peek_path (file), flags, &resolved, error);
  LocalRoot *local;

  if (parent == NULL)
    return NULL;

  local = g_new0 (LocalRoot, 1);
  /* The paths of entries stay valid if a link on the way is changed. */
  tm_backend_root_init (&local->root, &tm_backend_local,
                        resolved != NULL ? g_file_new_for_path (resolved) : g_object_ref (file));
  local->parent = parent;
  return &local->root;
}

/* Returns the result: a missing file need not be deleted. */
static TmDeleteResult
fail_to_delete (GError **error, TmAction action, const char *path, int error_number)
{
  tm_error_set_from_errno (error, action, path, error_number);
  return error_number == ENOENT ? TM_DELETE_RESULT_MISSING : TM_DELETE_RESULT_FAILED;
}

/* How often the file may be replaced during the deletion. */
#define MAX_ATTEMPTS 10

static TmDeleteResult
delete_child (TmParent *parent,
              const char *name,
              const char *path,
              TmDeleteFlags flags,
              TmProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  int parent_fd = tm_parent_get_fd (parent);
  int error_number = 0;

  for (guint i = 0; i < MAX_ATTEMPTS; i++)
    {
      g_autoptr (TmLockedDirectory) directory = NULL;

      /* First as a file that is not a directory: then it need not be examined, and is never opened.
       * Without write permission on the parent, the kernel returns that error instead of EISDIR. */
      if (tm_dirfd_unlink (parent_fd, name) == 0)
        return TM_DELETE_RESULT_DONE;
      if ((flags & TM_DELETE_FLAGS_FORCE) != 0 && errno == EPERM &&
          tm_force_remove (parent_fd, name, tm_dirfd_unlink) == 0)
        return TM_DELETE_RESULT_DONE;
      error_number = errno;
      if (error_number != EISDIR && error_number != EACCES && error_number != EPERM)
        break;

      directory = tm_locked_directory_open (parent, name);
      if (directory != NULL)
        return tm_locked_directory_delete (directory, path, flags, progress, cancellable, error)
                   ? TM_DELETE_RESULT_DONE
                   : TM_DELETE_RESULT_FAILED;

      /* It was there a moment ago: another process deletes it as well. */
      if (errno == ENOENT)
        return TM_DELETE_RESULT_DONE;

      if (error_number == EISDIR)
        error_number = errno;
      /* A directory of another user that cannot be opened can be removed if it is empty. */
      if (errno == EACCES && tm_dirfd_remove (parent_fd, name) == 0)
        return TM_DELETE_RESULT_DONE;
      if (error_number != ENOTDIR)
        break;
    }

  return fail_to_delete (error, TM_ACTION_DELETE, path, error_number);
}

/* Opens the root of the file system that is mounted at @name. Returns -1 with errno. */
static int
open_mount_point (TmParent *parent, const char *name)
{
  int pin = tm_dirfd_pin_directory (tm_parent_get_fd (parent), name);
  int fd = pin >= 0 ? tm_dirfd_reopen (pin) : -1;
  int errsv = errno;

  tm_dirfd_close (pin);
  errno = errsv;
  return fd;
}

/* Deletes everything in the directory @name, which may be a mount point: then this deletes
 * everything in the mounted file system. */
static TmDeleteResult
empty_child (TmParent *parent,
             const char *name,
             const char *path,
             TmDeleteFlags flags,
             TmProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (TmLockedDirectory) directory = tm_locked_directory_open (parent, name);
  gboolean is_empty;
  int mount_point = -1;

  if (directory == NULL && errno == EXDEV)
    mount_point = open_mount_point (parent, name);
  if (directory == NULL && mount_point < 0)
    return fail_to_delete (error, TM_ACTION_EMPTY, path, errno);

  /* The release compares the descriptor with the identity before it restores the mode. */
  if (directory != NULL)
    tm_locked_directory_get_identity (directory);
  is_empty = tm_delete_tree_empty (directory != NULL ? tm_locked_directory_get_fd (directory)
                                                     : mount_point,
                                   path, flags, FALSE, progress, cancellable, error);
  tm_dirfd_close (mount_point);
  return is_empty ? TM_DELETE_RESULT_DONE : TM_DELETE_RESULT_FAILED;
}

static TmDeleteResult
local_delete_recursively (GFile *file,
                          GFile *parent,
                          TmDeleteFlags flags,
                          TmProgress *progress,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autofree char *name = g_file_get_basename (file);
  const char *path = g_file_peek_path (file);
  g_autofree char *refused = NULL;
  g_autoptr (TmParent) open_parent = NULL;

  /* From here on, no link is followed. */
  open_parent = tm_parent_new (tm_path_open (g_file_peek_path (parent), 0, NULL, &refused));
  if (open_parent == NULL)
    {
      int errsv = errno;

      tm_error_set_unopened (error, TM_ACTION_DELETE, path, refused, errsv);
      return errsv == ENOENT ? TM_DELETE_RESULT_MISSING : TM_DELETE_RESULT_FAILED;
    }

  return (flags & TM_DELETE_FLAGS_KEEP_DIRECTORY) != 0
             ? empty_child (open_parent, name, path, flags, progress, cancellable, error)
             : delete_child (open_parent, name, path, flags, progress, cancellable, error);
}

const TmBackend tm_backend_local = {
  .create = local_create,
  .describe = local_describe,
  .get_fd = local_get_fd,
  .delete = local_delete,
  .adopt = local_adopt,
  .keep = local_keep,
  .publish = local_publish,
  .delete_replaced = local_delete_replaced,
  .free_directory = local_free_directory,
  .open_root = local_open_root,
  .get_lock_scope = local_get_lock_scope,
  .create_in_root = local_create_in_root,
  .cleanup = local_cleanup,
  .list = local_list,
  .free_root = local_free_root,
  .delete_recursively = local_delete_recursively,
};
