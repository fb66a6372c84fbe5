/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-publish-private.h"

#include "core/tm-error-private.h"
#include "core/tm-i18n-private.h"
#include "local/tm-dirfd-private.h"
#include "local/tm-path-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Publication: renames a temporary directory in one atomic step.
 *
 * The mark is cleared before the rename, while the lock is still held, and set again if the rename
 * fails. Whenever the process ends, the destination is never a marked directory without a lock,
 * which a cleaner would take for abandoned. At worst an unpublished directory has no mark, and
 * expires.
 *
 * A replaced file is exchanged with the new directory, and gets the former name of that one. It is
 * deleted from there by its identity, unless another process holds its lock. It is marked first, so
 * that the next cleaner reclaims what remains. */

/* How often the destination may appear and disappear between two checks. */
#define MAX_ATTEMPTS 1000

struct _TmReplaced
{
  TmParent *parent; /* (owned): the directory that contains it now */
  char *name;       /* (owned): its name there */
  char *path;       /* (owned): for messages */
  int pin;          /* (owned): an open file keeps its inode number */
  TmFileIdentity identity;
  gboolean is_directory;
};

typedef struct
{
  TmLockedDirectory *directory; /* (unowned) */
  const char *path;             /* (unowned): of the directory, for messages */
  const char *destination;      /* (unowned): a path, for messages */
  int from;                     /* (unowned): the parent of the directory, or -1 */
  int to;                       /* (owned): the parent of the destination, or -1 */
  char *refused;                /* (owned) (nullable): a link on the way that is not followed */
  char *name;                   /* (owned): the name of the destination */
  int replaced_pin;             /* (owned): the file at the destination, or -1 */
  mode_t mode;                  /* of the directory, before the publication */
  mode_t mode_to_move;          /* during the rename */
} Publication;

void
tm_replaced_free (TmReplaced *replaced)
{
  tm_parent_unref (replaced->parent);
  tm_dirfd_close (replaced->pin);
  g_free (replaced->name);
  g_free (replaced->path);
  g_free (replaced);
}

static void
publication_clear (Publication *publication)
{
  tm_dirfd_close (publication->to);
  tm_dirfd_close (publication->replaced_pin);
  g_free (publication->refused);
  g_free (publication->name);
}

static void
publication_fail (Publication *publication, GError **error, GIOErrorEnum code, const char *reason)
{
  tm_error_set_unpublished (error, publication->path, publication->destination, code, reason);
}

/* Whether the destination is an ancestor of the directory. */
static gboolean
destination_contains_directory (Publication *publication)
{
  struct stat status;

  return tm_dirfd_stat_child (publication->to, publication->name, &status) == 0 &&
         tm_dirfd_is_beneath (publication->from, tm_file_identity (&status));
}

/* The reason for EXDEV. An overlay cannot rename a directory of a lower layer, unless it is mounted
 * with redirect_dir. */
static const char *
get_reason_of_border (Publication *publication)
{
  TmFileSystemType type;

  if (!tm_dirfd_is_in_mount_of (publication->from, publication->to))
    return _ ("the destination is on another file system, or in another mount of the same one");

  if (tm_dirfd_get_file_system_type (publication->to, &type) == 0 && type == TM_FILE_SYSTEM_OVERLAY)
    return _ ("the overlay file system cannot rename a directory of a lower layer");

  return _ ("the file system cannot rename between its subvolumes or quota projects");
}

/* Whether the errno can mean that the file system does not support a flag of renameat2(). EINVAL
 * can also mean an invalid rename. */
static gboolean
may_lack_flags (int error_number)
{
  return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP;
}

static void
publication_fail_with_errno (Publication *publication, GError **error, int error_number)
{
  if (publication->refused != NULL)
    {
      g_autofree char *reason = tm_error_describe_refused (publication->refused);

      publication_fail (publication, error, G_IO_ERROR_PERMISSION_DENIED, reason);
      return;
    }

  /* The error depends on whether the destination exists; the reason does not. */
  if ((may_lack_flags (error_number) || error_number == EEXIST) &&
      tm_dirfd_is_beneath (publication->to,
                           tm_locked_directory_get_identity (publication->directory)))
    {
      publication_fail (publication, error, G_IO_ERROR_INVALID_ARGUMENT,
                        _ ("the destination is inside the directory"));
      return;
    }

  switch (error_number)
    {
    case ENOENT:
      /* A missing file at the destination is handled by publication_exchange_or_move(). */
      if (publication->from < 0 || publication->to >= 0)
        publication_fail (publication, error, G_IO_ERROR_NOT_FOUND,
                          _ ("the directory has been moved or removed"));
      else
        publication_fail (publication, error, G_IO_ERROR_NOT_FOUND,
                          _ ("the parent directory of the destination does not exist"));
      break;

    /* The kernel returns EINVAL for invalid renames, and for flags that the file system does not
     * support. */
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP:
      if (destination_contains_directory (publication))
        {
          publication_fail (publication, error, G_IO_ERROR_INVALID_ARGUMENT,
                            _ ("the destination contains the directory"));
          break;
        }
      publication_fail (publication, error, G_IO_ERROR_NOT_SUPPORTED,
                        publication->replaced_pin >= 0
                            ? _ ("the file system cannot replace the destination in one step")
                            : _ ("the file system cannot rename the directory in one step"));
      break;

    case EXDEV:
      publication_fail (publication, error, G_IO_ERROR_NOT_SUPPORTED,
                        get_reason_of_border (publication));
      break;

    default:
      publication_fail (publication, error, tm_error_get_code (error_number),
                        tm_error_get_reason (error_number));
      break;
    }
}

/* Sets the mode that the directory has at the destination, plus write permission, which a move to
 * another parent requires. Returns 0, or -1 with errno. */
static int
publication_prepare_mode (Publication *publication)
{
  struct stat status;

  if (tm_locked_directory_stat (publication->directory, &status) < 0)
    return -1;

  publication->mode = status.st_mode & 07777;
  publication->mode_to_move =
      tm_locked_directory_unmarked_mode (publication->directory, status.st_mode) |
      TM_DIRFD_MODE_USABLE;
  return tm_dirfd_set_mode (tm_locked_directory_get_fd (publication->directory), status.st_mode,
                            publication->mode_to_move);
}

/* Sets the final mode, unless the program has changed the mode meanwhile, or another publisher has
 * marked the directory. */
static void
publication_settle_mode (Publication *publication, gboolean published)
{
  mode_t mode = published
                    ? tm_locked_directory_unmarked_mode (publication->directory, publication->mode)
                    : publication->mode;

  tm_dirfd_restore_mode (tm_locked_directory_get_fd (publication->directory),
                         publication->mode_to_move, mode);
}

/* Exchanges after making the replaced directory writable, which is required as for the published
 * one. If that fails, restores its mode. Returns 0, or -1 with errno. */
static int
exchange_repaired (Publication *publication)
{
  int pin = publication->replaced_pin;
  struct stat status;
  int result;
  int errsv;

  if (tm_dirfd_stat (pin, &status) < 0 || !tm_dirfd_repair_mode (pin))
    return -1;

  result =
      tm_dirfd_rename (publication->from, tm_locked_directory_get_name (publication->directory),
                       publication->to, publication->name, TM_RENAME_EXCHANGE);
  errsv = errno;
  if (result < 0)
    tm_dirfd_restore_mode (pin, (status.st_mode & 07777) | TM_DIRFD_MODE_USABLE,
                           status.st_mode & 07777);
  errno = errsv;
  return result;
}

/* Exchanges the directory with the file at the destination, which is opened first. Returns 0, or -1
 * with errno. */
static int
publication_exchange (Publication *publication)
{
  int result;

  tm_dirfd_close (publication->replaced_pin);
  publication->replaced_pin = tm_dirfd_pin (publication->to, publication->name);
  if (publication->replaced_pin < 0)
    return -1;

  result =
      tm_dirfd_rename (publication->from, tm_locked_directory_get_name (publication->directory),
                       publication->to, publication->name, TM_RENAME_EXCHANGE);
  if (result < 0 && errno == EACCES)
    result = exchange_repaired (publication);

  return result;
}

/* As publication_move(), but without flags. A plain rename of a directory replaces nothing but an
 * empty directory: here, only one that appears after the check. */
static int
publication_move_plainly (Publication *publication)
{
  struct stat status;
  int result;

  if (tm_dirfd_stat_child (publication->to, publication->name, &status) == 0)
    errno = EEXIST;
  if (errno != ENOENT)
    return -1;

  result =
      tm_dirfd_rename (publication->from, tm_locked_directory_get_name (publication->directory),
                       publication->to, publication->name, TM_RENAME_REPLACE);
  /* It has appeared since the check. */
  if (result < 0 && (errno == ENOTEMPTY || errno == ENOTDIR))
    errno = EEXIST;
  return result;
}

/* Renames the directory to a destination that does not exist. Returns 0, or -1 with errno. */
static int
publication_move (Publication *publication)
{
  int result =
      tm_dirfd_rename (publication->from, tm_locked_directory_get_name (publication->directory),
                       publication->to, publication->name, TM_RENAME_NO_REPLACE);

  return result < 0 && may_lack_flags (errno) ? publication_move_plainly (publication) : result;
}

/* Returns 0, or -1 with errno. */
static int
publication_exchange_or_move (Publication *publication, gboolean *exchanged)
{
  for (guint i = 0; i < MAX_ATTEMPTS; i++)
    {
      *exchanged = publication_exchange (publication) == 0;
      if (*exchanged)
        return 0;
      if (errno != ENOENT)
        return -1;

      if (publication_move (publication) == 0)
        return 0;
      if (errno != EEXIST)
        return -1;
    }

  errno = EBUSY;
  return -1;
}

/* Whether no other user can create a file in the former parent of the directory. */
static gboolean
publication_is_from_private (Publication *publication)
{
  struct stat status;

  return tm_dirfd_stat (publication->from, &status) == 0 &&
         (status.st_uid == geteuid () || status.st_uid == 0) &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Returns the replaced file, which now has the former name of the directory. Another publisher may
 * have replaced the destination first: then it is not the file that was opened. Where other users
 * can rename files in the parent, only the file that was opened counts: they could otherwise have a
 * file deleted that they may move but not delete. */
static TmReplaced *
publication_take_replaced (Publication *publication)
{
  TmReplaced *replaced;
  struct stat status;

  if (publication_is_from_private (publication))
    {
      tm_dirfd_close (publication->replaced_pin);
      publication->replaced_pin =
          tm_dirfd_pin (publication->from, tm_locked_directory_get_name (publication->directory));
    }

  /* The directory was exchanged with itself. */
  if (tm_dirfd_stat (publication->replaced_pin, &status) < 0 ||
      tm_file_identity_equal (tm_file_identity (&status),
                              tm_locked_directory_get_identity (publication->directory)))
    return NULL;

  replaced = g_new0 (TmReplaced, 1);
  replaced->parent = tm_parent_ref (tm_locked_directory_get_parent (publication->directory));
  replaced->name = g_strdup (tm_locked_directory_get_name (publication->directory));
  replaced->path = g_strdup (publication->path);
  replaced->pin = publication->replaced_pin;
  replaced->identity = tm_file_identity (&status);
  replaced->is_directory = S_ISDIR (status.st_mode);

  publication->replaced_pin = -1;
  return replaced;
}

/* Opens the parent of the destination, and verifies the directory. Returns 0, or -1 with errno. */
static int
publication_find_places (Publication *publication, gboolean replace)
{
  g_autofree char *parent = g_path_get_dirname (publication->destination);

  publication->name = g_path_get_basename (publication->destination);

  if (tm_parent_check (tm_locked_directory_get_parent (publication->directory)) < 0 ||
      !tm_locked_directory_is_current (publication->directory))
    return -1;
  publication->from = tm_parent_get_fd (tm_locked_directory_get_parent (publication->directory));

  /* A link at the destination is not followed. */
  publication->to = tm_path_open (parent, 0, NULL, &publication->refused);
  if (publication->to < 0)
    return -1;

  /* The root of the file system cannot be exchanged. */
  if (strcmp (publication->name, "/") == 0)
    {
      errno = replace ? EINVAL : EEXIST;
      return -1;
    }

  return 0;
}

/*
 * tm_publish:
 * @directory: a directory that this process owns
 * @path: its path, for messages
 * @destination: an absolute path
 * @replace: whether to replace a file at the destination
 * @replaced: (out) (nullable): the replaced file, which the caller deletes
 * @error: as documented at tm_temporary_directory_persist()
 *
 * Renames a directory in one atomic step, and clears its mark.
 *
 * Returns: %TRUE when it is published, %FALSE with everything unchanged
 */
gboolean
tm_publish (TmLockedDirectory *directory,
            const char *path,
            const char *destination,
            gboolean replace,
            TmReplaced **replaced,
            GError **error)
{
  Publication publication = {
    .directory = directory,
    .path = path,
    .destination = destination,
    .from = -1,
    .to = -1,
    .replaced_pin = -1,
  };
  gboolean exchanged = FALSE;
  gboolean published = FALSE;

  *replaced = NULL;

  if (publication_prepare_mode (&publication) < 0)
    {
      publication_fail_with_errno (&publication, error, errno);
      return FALSE;
    }

  if (publication_find_places (&publication, replace) == 0)
    published = replace ? publication_exchange_or_move (&publication, &exchanged) == 0
                        : publication_move (&publication) == 0;

  if (!published)
    publication_fail_with_errno (&publication, error, errno);

  publication_settle_mode (&publication, published);
  if (exchanged)
    *replaced = publication_take_replaced (&publication);

  publication_clear (&publication);
  return published;
}

static gboolean
replaced_fail (TmReplaced *replaced, GError **error, int error_number)
{
  tm_error_set_from_errno (error, TM_ACTION_DELETE_REPLACED, replaced->path, error_number);
  return FALSE;
}

static gboolean
replaced_fail_as_busy (TmReplaced *replaced, GError **error, const char *reason)
{
  tm_error_set (error, TM_ACTION_DELETE_REPLACED, replaced->path, G_IO_ERROR_BUSY, reason);
  return FALSE;
}

static gboolean
delete_replaced_directory (TmReplaced *replaced, GError **error)
{
  g_autoptr (TmLockedDirectory) directory =
      tm_locked_directory_open (replaced->parent, replaced->name);
  gboolean is_in_use;

  if (directory == NULL)
    return errno == ENOENT ? TRUE : replaced_fail (replaced, error, errno);
  if (!tm_file_identity_equal (tm_locked_directory_get_identity (directory), replaced->identity))
    return replaced_fail_as_busy (replaced, error, _ ("another file now has this name"));

  is_in_use = !tm_locked_directory_is_free (directory);
  tm_locked_directory_mark (directory, is_in_use);
  if (is_in_use)
    return replaced_fail_as_busy (replaced, error, _ ("another process has locked it"));

  return tm_locked_directory_delete (directory, replaced->path, TM_DELETE_FLAGS_NONE, NULL, NULL,
                                     error);
}

static gboolean
delete_replaced_file (TmReplaced *replaced, GError **error)
{
  int parent = tm_parent_get_fd (replaced->parent);
  struct stat status;

  if (tm_dirfd_stat_child (parent, replaced->name, &status) < 0)
    return errno == ENOENT ? TRUE : replaced_fail (replaced, error, errno);
  if (!tm_file_identity_equal (tm_file_identity (&status), replaced->identity))
    return replaced_fail_as_busy (replaced, error, _ ("another file now has this name"));

  if (tm_dirfd_unlink (parent, replaced->name) < 0 && errno != ENOENT)
    return replaced_fail (replaced, error, errno);
  return TRUE;
}

/*
 * tm_replaced_delete:
 * @replaced: the file that a publication replaced
 * @error: %G_IO_ERROR_BUSY if another process holds its lock, or another file now has its name
 *
 * Deletes the replaced file, with everything in it. A directory that cannot be deleted completely
 * keeps the mark, if it can have one.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_replaced_delete (TmReplaced *replaced, GError **error)
{
  return replaced->is_directory ? delete_replaced_directory (replaced, error)
                                : delete_replaced_file (replaced, error);
}
