/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-locked-directory-struct-private.h"

#include "core/tm-error-private.h"
#include "local/tm-path-private.h"
#include "local/tm-delete-tree-private.h"

#include <errno.h>

/* The deletion of a directory that is ours, or locked by us, under the name that it has now. */

/* A directory to which another process keeps adding files is emptied this many times. */
#define MAX_RESCANS 10

/* Whether nothing seems to have been added to it or taken out since it was created or opened. */
static gboolean
directory_seems_untouched (TmLockedDirectory *directory, const TmFileLook *look)
{
  return look->size == (guint64) directory->size &&
         look->modified.tv_sec == directory->times[1].tv_sec &&
         look->modified.tv_nsec == (guint32) directory->times[1].tv_nsec;
}

typedef enum
{
  PLACE_OURS,   /* the name stands for our directory */
  PLACE_EMPTY,  /* nothing has the name any more */
  PLACE_TAKEN,  /* something else has it */
  PLACE_UNKNOWN /* with errno */
} Place;

/* What the name stands for in @parent, and in @look, when that is our directory, what is known of
 * it. */
static Place
directory_find_in (TmLockedDirectory *directory, TmParent *parent, TmFileLook *look)
{
  int fd = tm_parent_get_fd (parent);

  if (tm_dirfd_look (fd, directory->name, look) < 0)
    {
      int errsv = errno;

      /* What another directory says of the name says nothing. */
      if (tm_parent_check (parent) < 0)
        return PLACE_UNKNOWN;

      errno = errsv;
      return errsv == ENOENT ? PLACE_EMPTY : PLACE_UNKNOWN;
    }

  /* Another directory, or the same once more. */
  if (look->is_mount_point)
    {
      errno = EXDEV;
      return PLACE_UNKNOWN;
    }

  if (tm_file_identity_equal (look->identity, directory->identity))
    return PLACE_OURS;

  if (tm_parent_check (parent) < 0)
    return PLACE_UNKNOWN;

  if (S_ISDIR (look->mode) && tm_dirfd_is_mount_point (fd, directory->name))
    {
      errno = EXDEV;
      return PLACE_UNKNOWN;
    }

  return PLACE_TAKEN;
}

/* Whether the path leads to our directory although that is not in the parent any more: its owner
 * has moved it, and put a link into the place of the parent. */
static Place
directory_find_by_path (TmLockedDirectory *directory, const char *path, TmFileLook *look)
{
  g_autofree char *parent_path = g_path_get_dirname (path);
  g_autofree char *refused = NULL;
  g_autoptr (TmParent) parent = NULL;
  int fd = tm_path_open (parent_path, O_DIRECTORY, NULL, &refused);
  Place place;

  if (fd < 0)
    return errno == ENOENT || errno == ENOTDIR ? PLACE_EMPTY : PLACE_UNKNOWN;

  /* On another file system it cannot be, and the server of that may never answer. */
  if (tm_dirfd_look (fd, "", look) == 0 &&
      look->identity.device != tm_parent_get_look (directory->parent)->identity.device)
    {
      tm_dirfd_close (fd);
      return PLACE_EMPTY;
    }

  parent = tm_parent_new (fd);
  if (parent == NULL)
    return PLACE_UNKNOWN;

  place = directory_find_in (directory, parent, look);
  if (place == PLACE_OURS)
    {
      tm_parent_unref (directory->parent);
      directory->parent = g_steal_pointer (&parent);
    }

  return place;
}

/* What stands under our name now. The parent is open: a process that renames or replaces it, or
 * mounts something over it, diverts nothing. */
static Place
directory_find (TmLockedDirectory *directory, const char *path, TmFileLook *look)
{
  Place place = directory_find_in (directory, directory->parent, look);

  return place == PLACE_EMPTY ? directory_find_by_path (directory, path, look) : place;
}

/*
 * tm_locked_directory_delete:
 * @directory: a directory of ours, or one that we hold the exclusive lock of
 * @path: its path, for messages
 * @progress: (nullable): told of what is found in it and deleted
 * @cancellable: (nullable): looked at between runs of entries
 * @error: %G_IO_ERROR_NOT_FOUND when something else has taken its name, %G_IO_ERROR_BUSY when
 *   something is mounted in it or it keeps being filled, or what else the first failure was
 *
 * Deletes the directory with everything in it, and nothing else: not if it has been moved away,
 * which counts as success, as it being gone does. After a failure it can be tried again.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_locked_directory_delete (TmLockedDirectory *directory,
                            const char *path,
                            TmProgress *progress,
                            GCancellable *cancellable,
                            GError **error)
{
  if (tm_locked_directory_ensure_learnt (directory) < 0)
    {
      tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errno);
      return FALSE;
    }

  for (guint n_scans = 0;; n_scans++)
    {
      TmFileLook look;

      switch (directory_find (directory, path, &look))
        {
        case PLACE_OURS:
          break;
        case PLACE_EMPTY:
          return TRUE;
        case PLACE_TAKEN:
          tm_error_set (error, TM_ACTION_DELETE, path, G_IO_ERROR_NOT_FOUND,
                        "another file now has this name");
          return FALSE;
        case PLACE_UNKNOWN:
          tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errno);
          return FALSE;
        default:
          g_assert_not_reached ();
        }

      /* Other code may have closed it by mistake, and opened another directory by its number. */
      if (tm_dirfd_check (directory->fd, directory->identity) < 0)
        {
          tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errno);
          return FALSE;
        }

      /* Often enough it was never used and is empty, and the kernel tells fastest. */
      if (n_scans > 0 || directory_seems_untouched (directory, &look))
        {
          if (tm_dirfd_remove (tm_parent_get_fd (directory->parent), directory->name) == 0)
            {
              directory->is_removed = TRUE;
              return TRUE;
            }
          if (errno == ENOENT)
            return TRUE;

          /* Without the permission to remove anything from the parent, the content of the directory
           * is deleted all the same. */
          if ((errno != ENOTEMPTY && !(n_scans == 0 && (errno == EACCES || errno == EPERM))) ||
              n_scans == 1 + MAX_RESCANS)
            {
              tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errno);
              return FALSE;
            }
        }

      if (!tm_delete_tree_empty (directory->fd, path, progress, cancellable, error))
        return FALSE;
    }
}
