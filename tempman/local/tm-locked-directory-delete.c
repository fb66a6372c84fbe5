/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-locked-directory-struct-private.h"

#include "core/tm-error-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-log-private.h"
#include "local/tm-path-private.h"
#include "local/tm-delete-tree-private.h"
#include "local/tm-force-private.h"

#include <errno.h>

/* The deletion of a directory that this process owns or has locked, under its current name. */

/* A directory to which another process keeps adding files is emptied this many times. */
#define MAX_RESCANS 10

/* Whether the size and the modification time are those of the creation or opening: then the
 * directory is probably empty. */
static gboolean
directory_seems_untouched (TmLockedDirectory *directory, const TmFileStatus *found)
{
  return found->size == directory->size &&
         tm_timestamp_equal (found->times.modified, directory->times.modified);
}

typedef enum
{
  PLACE_OURS,   /* the name refers to the directory */
  PLACE_EMPTY,  /* no file has the name any more */
  PLACE_TAKEN,  /* another file has the name */
  PLACE_UNKNOWN /* with errno */
} Place;

/* Finds the file that has the name of @directory in @parent. @found: its status, if it is the
 * directory. */
static Place
directory_find_in (TmLockedDirectory *directory, TmParent *parent, TmFileStatus *found)
{
  int fd = tm_parent_get_fd (parent);

  if (tm_dirfd_get_child_status (fd, directory->name, found) < 0)
    {
      int errsv = tm_dirfd_find_cause (fd, directory->name, errno);

      /* The descriptor does not refer to the parent any more: the answer is about another
       * directory. */
      if (tm_parent_check (parent) < 0)
        return PLACE_UNKNOWN;

      errno = errsv;
      return errsv == ENOENT ? PLACE_EMPTY : PLACE_UNKNOWN;
    }

  /* A mounted directory, which can be a bind mount of this one. */
  if (found->is_mount_point)
    {
      errno = EXDEV;
      return PLACE_UNKNOWN;
    }

  if (tm_file_identity_equal (found->identity, directory->identity))
    return PLACE_OURS;

  if (tm_parent_check (parent) < 0)
    return PLACE_UNKNOWN;

  if (S_ISDIR (found->mode) && tm_dirfd_is_mount_point (fd, directory->name))
    {
      errno = EXDEV;
      return PLACE_UNKNOWN;
    }

  return PLACE_TAKEN;
}

/* Looks for the directory by its path when it is not in the parent any more: its owner has moved
 * it, and replaced the parent by a link. */
static Place
directory_find_by_path (TmLockedDirectory *directory, const char *path, TmFileStatus *found)
{
  g_autofree char *parent_path = g_path_get_dirname (path);
  g_autofree char *refused = NULL;
  g_autoptr (TmParent) parent = NULL;
  int fd = tm_path_open (parent_path, 0, NULL, &refused);
  Place place;

  if (fd < 0)
    return errno == ENOENT || errno == ENOTDIR ? PLACE_EMPTY : PLACE_UNKNOWN;

  /* The directory cannot be on another file system, whose server may never answer. */
  if (tm_dirfd_get_child_status (fd, "", found) == 0 &&
      found->identity.device != tm_parent_get_status (directory->parent)->identity.device)
    {
      tm_dirfd_close (fd);
      return PLACE_EMPTY;
    }

  parent = tm_parent_new (fd);
  if (parent == NULL)
    return PLACE_UNKNOWN;

  place = directory_find_in (directory, parent, found);
  if (place == PLACE_OURS)
    {
      tm_parent_unref (directory->parent);
      directory->parent = g_steal_pointer (&parent);
    }

  return place;
}

/* Finds the file that has the name of @directory now. The parent is open: it makes no difference if
 * a process renames or replaces it, or mounts a file system over it. */
static Place
directory_find (TmLockedDirectory *directory, const char *path, TmFileStatus *found)
{
  Place place = directory_find_in (directory, directory->parent, found);

  return place == PLACE_EMPTY ? directory_find_by_path (directory, path, found) : place;
}

/* Removes the empty directory. If @force, clears attributes that deny it. Returns 0, or -1 with
 * errno. */
static int
directory_remove (TmLockedDirectory *directory, gboolean force)
{
  int parent = tm_parent_get_fd (directory->parent);
  int result = tm_dirfd_remove (parent, directory->name);
  int errsv = errno;
  guint cleared;

  if (result == 0 || !force || (errsv != EPERM && errsv != EROFS))
    return result;

  if (tm_force_clear (directory->fd, &cleared))
    {
      result = tm_dirfd_remove (parent, directory->name);
      tm_force_restore (directory->fd, cleared);
    }
  else if (errno == EPERM)
    errno = errsv;
  return result;
}

/* Whether the removal of a directory fails for lack of a permission. */
static gboolean
is_denied (int error_number)
{
  return error_number == EACCES || error_number == EPERM ||
         error_number == TM_ERROR_NUMBER_ATTRIBUTES;
}

/* Verifies that the descriptor still refers to the directory, before it is used. Other code can
 * close it by mistake, and another directory then gets its number. Returns FALSE without an error
 * if the directory @is_gone, or with one. */
static gboolean
directory_check (TmLockedDirectory *directory, const char *path, gboolean *is_gone, GError **error)
{
  TmFileStatus found;
  int errsv;

  *is_gone = FALSE;
  if (tm_dirfd_check (directory->fd, directory->identity) == 0)
    return TRUE;

  errsv = errno;
  *is_gone = tm_dirfd_is_gone (errsv) && directory_find (directory, path, &found) == PLACE_EMPTY;
  if (!*is_gone)
    tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errsv);
  return FALSE;
}

/*
 * tm_locked_directory_delete:
 * @directory: a directory that this process owns, or whose exclusive lock it holds
 * @path: its path, for messages
 * @flags: `TM_DELETE_FLAGS_FORCE`, or none
 * @progress: (nullable): counts the entries that are found and deleted
 * @cancellable: (nullable): checked between runs of entries
 * @error: %G_IO_ERROR_NOT_FOUND if another file now has its name, %G_IO_ERROR_BUSY if a file system
 *   is mounted in it or another process keeps adding files, or another first failure
 *
 * Deletes the directory with everything in it, and nothing else. If it was moved away or does not
 * exist any more, that is a success. After a failure the call can be repeated.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_locked_directory_delete (TmLockedDirectory *directory,
                            const char *path,
                            TmDeleteFlags flags,
                            TmProgress *progress,
                            GCancellable *cancellable,
                            GError **error)
{
  if (tm_locked_directory_ensure_status (directory) < 0)
    {
      tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errno);
      return FALSE;
    }

  for (guint n_scans = 0;; n_scans++)
    {
      TmFileStatus found;
      gboolean is_gone;

      switch (directory_find (directory, path, &found))
        {
        case PLACE_OURS:
          break;
        case PLACE_EMPTY:
          if (tm_log_is_shown ())
            tm_log_missing (path);
          return TRUE;
        case PLACE_TAKEN:
          tm_error_set (error, TM_ACTION_DELETE, path, G_IO_ERROR_NOT_FOUND,
                        _ ("another file now has this name"));
          return FALSE;
        case PLACE_UNKNOWN:
          tm_error_set_from_errno (error, TM_ACTION_DELETE, path, errno);
          return FALSE;
        default:
          g_assert_not_reached ();
        }

      /* Also after the last scan, which may have taken long: the release closes the descriptor of a
       * directory that was removed without a further check. */
      if (!directory_check (directory, path, &is_gone, error))
        return is_gone;

      /* Many directories were never used and are empty: rmdir() finds that out fastest. */
      if (n_scans > 0 || directory_seems_untouched (directory, &found))
        {
          int parent_fd = tm_parent_get_fd (directory->parent);
          int cause;

          if (directory_remove (directory, (flags & TM_DELETE_FLAGS_FORCE) != 0) == 0)
            {
              directory->is_removed = TRUE;
              return TRUE;
            }
          cause = tm_dirfd_find_cause (parent_fd, directory->name, errno);
          if (cause == ENOENT)
            return TRUE;

          /* Without the permission to remove anything from the parent, the content is deleted all
           * the same. The first scan may have missed a part of it. */
          if ((cause != ENOTEMPTY && !(n_scans == 0 && is_denied (cause)) && n_scans != 1) ||
              n_scans == 1 + MAX_RESCANS)
            {
              tm_error_set_from_errno (error, TM_ACTION_DELETE, path, cause);
              return FALSE;
            }
        }

      /* The removal shows whether the first scan has missed entries. */
      if (!tm_delete_tree_empty (directory->fd, path, flags, n_scans == 0, progress, cancellable,
                                 error))
        return FALSE;
    }
}
