/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-root-private.h"

#include "local/tm-dirfd-private.h"
#include "local/tm-file-system-private.h"
#include "local/tm-path-private.h"
#include "local/tm-cleanup-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The local directory of a root, found by its path once and held by a descriptor from then on. */

typedef struct
{
  TmBackendRoot directory;
  TmParent *parent; /* (owned): open for reading; shared with what is created in it */
} LocalRoot;

static TmBackendDirectory *
local_create_child (TmBackendRoot *directory,
                    const char *prefix,
                    GCancellable *cancellable,
                    GError **error)
{
  TmParent *parent = ((LocalRoot *) directory)->parent;

  if (tm_parent_check (parent) < 0)
    {
      tm_dirfd_set_error (error, "Creating a temporary directory in",
                          g_file_peek_path (directory->file), errno);
      return NULL;
    }

  return tm_backend_local_create (directory->file, parent, prefix, cancellable, error);
}

static TmCleanupOptions
get_sweep_options (TmBackendRoot *directory, const TmPolicy *policy)
{
  const LocalRoot *local = (const LocalRoot *) directory;
  TmCleanupOptions options = {
    .directory = local->parent,
    .path = g_file_peek_path (directory->file),
    .policy = *policy,
  };

  options.policy.lock_reaches_all = tm_parent_is_local (local->parent);
  options.policy.age.is_shared = !options.policy.lock_reaches_all;
  return options;
}

static gssize
local_sweep (TmBackendRoot *directory,
             const TmPolicy *policy,
             GCancellable *cancellable,
             GError **error)
{
  TmCleanupOptions options = get_sweep_options (directory, policy);

  return tm_cleanup (&options, cancellable, error);
}

static GArray *
local_look (TmBackendRoot *directory,
            const TmPolicy *policy,
            GCancellable *cancellable,
            GError **error)
{
  TmCleanupOptions options = get_sweep_options (directory, policy);

  return tm_cleanup_list (&options, cancellable, error);
}

static void
local_free (TmBackendRoot *directory)
{
  tm_parent_unref (((LocalRoot *) directory)->parent);
  g_free (directory);
}

static const TmRootBackend local_body = {
  .create_child = local_create_child,
  .sweep = local_sweep,
  .look = local_look,
  .free = local_free,
};

static gboolean
fail (GError **error, GIOErrorEnum code, const char *path, const char *reason)
{
  g_autofree char *display_name = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, code, "Opening the root “%s”: %s", display_name, reason);
  return FALSE;
}

static gboolean
fail_with_errno (GError **error, const char *path, int error_number)
{
  tm_dirfd_set_error (error, "Opening the root", path, error_number);
  return FALSE;
}

/* Whether @directory is the home directory or one of those above it, the root of the file system
 * among them. The home directory may be missing, or one above may not be ours to pass through, and
 * none is made accessible to find out. */
static gboolean
is_home_or_above (TmFileIdentity directory)
{
  g_autofree char *path = g_canonicalize_filename (g_get_home_dir (), "/");

  return tm_path_passes (path, directory);
}

/* Opens the directory that @file is in. Returns an O_PATH descriptor, or -1 when it is not known:
 * @resolved is the path that leads to the file without links, if there is one. */
static int
pin_parent (const char *resolved, TmFileIdentity file)
{
  g_autofree char *above = resolved != NULL ? g_path_get_dirname (resolved) : NULL;
  g_autofree char *name = resolved != NULL ? g_path_get_basename (resolved) : NULL;
  g_autofree char *refused = NULL;
  int fd = above != NULL ? tm_path_open (above, O_DIRECTORY, NULL, &refused) : -1;
  struct stat status;

  /* If it has been moved since, it was in another directory, in which others may write. */
  if (fd >= 0 && (tm_dirfd_stat_child (fd, name, &status) < 0 ||
                  !tm_file_identity_equal (tm_file_identity (&status), file)))
    {
      tm_dirfd_close (fd);
      fd = -1;
    }

  return fd;
}

/* With CREATE_DIRECTORY the path was never there for anybody else to make: what stands there has
 * to be ours, and so has a link. @resolved: (nullable): the path that leads to it without links. */
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
  is_foreign = tm_file_system_shows_foreign_owner (fd, status, parent, FALSE);
  tm_dirfd_close (parent);
  return !is_foreign ||
         fail (error, G_IO_ERROR_PERMISSION_DENIED, path, "it belongs to another user");
}

/* Opens what stands under @path: itself first, to see whether it is a link, and whose. Returns an
 * O_PATH descriptor, or -1; @resolved: (nullable): the path that leads there without a link. */
static int
open_as_it_stands (const char *path, TmRootFlags flags, char **resolved, GError **error)
{
  g_autofree char *refused = NULL;
  int fd = tm_path_open (path, O_NOFOLLOW, resolved, &refused);
  struct stat status;

  if (fd < 0 && errno == ENOENT && (flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) != 0 &&
      tm_path_make_directory (path, &refused) == 0)
    fd = tm_path_open (path, O_NOFOLLOW, resolved, &refused);

  if (fd < 0 || tm_dirfd_stat (fd, &status) < 0)
    {
      tm_path_set_error (error, "Opening the root", path, refused, errno);
      tm_dirfd_close (fd);
      return -1;
    }

  if (!check_owner (path, flags, fd, &status, *resolved, error))
    {
      tm_dirfd_close (fd);
      return -1;
    }

  if (S_ISLNK (status.st_mode))
    {
      tm_dirfd_close (fd);
      g_clear_pointer (resolved, g_free);
      fd = tm_path_open (path, 0, resolved, &refused);
      if (fd < 0)
        tm_path_set_error (error, "Opening the root", path, refused, errno);
    }

  return fd;
}

/* Returns it open for reading, or NULL. */
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
  else if (!S_ISDIR (status.st_mode))
    fail_with_errno (error, path, ENOTDIR);
  else if (is_home_or_above (tm_file_identity (&status)))
    fail (error, G_IO_ERROR_INVALID_ARGUMENT, path,
          "the home directory and those above it are never cleaned up");
  else if (check_owner (path, flags, pin, &status, *resolved, error))
    {
      directory = tm_parent_new (tm_dirfd_reopen (pin));
      if (directory == NULL)
        fail_with_errno (error, path, errno);
    }

  tm_dirfd_close (pin);
  return directory;
}

TmBackendRoot *
tm_backend_local_open_root (GFile *file,
                            TmRootFlags flags,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autofree char *resolved = NULL;
  TmParent *parent = open_directory (g_file_peek_path (file), flags, &resolved, error);
  LocalRoot *local;

  if (parent == NULL)
    return NULL;

  local = g_new0 (LocalRoot, 1);
  local->directory.body = &local_body;
  /* The paths that are handed out go on leading there when a link is changed. */
  local->directory.file = resolved != NULL ? g_file_new_for_path (resolved) : g_object_ref (file);
  local->parent = parent;
  return &local->directory;
}
