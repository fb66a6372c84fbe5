/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-publish-private.h"

#include "core/tm-error-private.h"
#include "local/tm-dirfd-private.h"
#include "local/tm-path-private.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Publishing a directory of ours: giving it another name, in one step.
 *
 * The mark is taken away before the rename, while the lock is still held, and put back if the
 * rename fails. At whatever moment the process dies, what stands at the destination is never a
 * marked directory without a lock, which a cleaner would take for abandoned; at worst an
 * unpublished one has no mark, and goes by its age.
 *
 * What was at the destination before is exchanged for the new directory and has the old name of
 * that one. From there it is deleted like any other: by identity, and not if somebody holds its
 * lock. It is marked first, so that what is left of it is abandoned to the next cleaner. */

/* How often what stands at the destination may come and go between two looks. */
#define MAX_ATTEMPTS 1000

struct _TmReplaced
{
  TmParent *parent; /* (owned): where it is now */
  char *name;       /* (owned): under which name */
  char *path;       /* (owned): for messages */
  int pin;          /* (owned): keeps its identity its own */
  TmFileIdentity identity;
  gboolean is_directory;
};

typedef struct
{
  TmLockedDirectory *directory; /* (unowned) */
  const char *path;             /* (unowned): of the claim, for messages */
  const char *destination;      /* (unowned): a path, for messages */
  int from;                     /* (unowned): where the claim is, or -1: of its parent */
  int to;                       /* (owned): where it is to be, or -1 */
  char *refused;                /* (owned) (nullable): a link that is not followed to there */
  char *name;                   /* (owned): under which name */
  int replaced_pin;             /* (owned): what is at the destination, or -1 */
  mode_t mode;                  /* of the claim, as it was found */
  mode_t mode_to_move;          /* and as it was made */
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

/* Whether the destination is an ancestor of the directory that is to be published. */
static gboolean
destination_contains_claim (Publication *publication)
{
  struct stat status;

  return tm_dirfd_stat_child (publication->to, publication->name, &status) == 0 &&
         tm_dirfd_is_beneath (publication->from, tm_file_identity (&status));
}

/* Why the kernel takes the destination for one beyond the border of a file system. An overlay
 * cannot rename a directory of a lower layer, unless it is mounted with redirect_dir. */
static const char *
get_reason_of_border (Publication *publication)
{
  struct statfs status;

  if (!tm_dirfd_is_in_mount_of (publication->from, publication->to))
    return "the destination is on another file system, or in another mount of the same one";

  if (tm_dirfd_stat_file_system (publication->to, &status) == 0 &&
      status.f_type == OVERLAYFS_SUPER_MAGIC)
    return "the overlay file system cannot rename a directory of a lower layer";

  return "the file system cannot rename between its subvolumes or quota projects";
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

  /* Whether there is something at the destination or not: it cannot be there. */
  if ((error_number == EINVAL || error_number == EEXIST) &&
      tm_dirfd_is_beneath (publication->to,
                           tm_locked_directory_get_identity (publication->directory)))
    {
      publication_fail (publication, error, G_IO_ERROR_INVALID_ARGUMENT,
                        "the destination is inside the directory");
      return;
    }

  switch (error_number)
    {
    case ENOENT:
      /* That what is at the destination may be missing is provided for. */
      if (publication->from < 0 || publication->to >= 0)
        publication_fail (publication, error, G_IO_ERROR_NOT_FOUND,
                          "the directory has been moved or removed");
      else
        publication_fail (publication, error, G_IO_ERROR_NOT_FOUND,
                          "the parent directory of the destination does not exist");
      break;

    /* The kernel has the same number for what is wrong and for what the file system cannot do. */
    case EINVAL:
      if (destination_contains_claim (publication))
        {
          publication_fail (publication, error, G_IO_ERROR_INVALID_ARGUMENT,
                            "the destination contains the directory");
          break;
        }
      G_GNUC_FALLTHROUGH;
    case ENOSYS:
    case EOPNOTSUPP:
      publication_fail (publication, error, G_IO_ERROR_NOT_SUPPORTED,
                        publication->replaced_pin >= 0
                            ? "the file system cannot replace the destination in one step"
                            : "the file system cannot rename the directory in one step");
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

/* Gives the claim the mode that it is to have at the destination, or one that lets it be moved: to
 * change its parent, it has to be writable. Returns 0, or -1 with errno. */
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

/* The mode that it is to have from now on; unless the program has changed it meanwhile, or the next
 * publisher has put its mark on it. */
static void
publication_settle_mode (Publication *publication, gboolean published)
{
  mode_t mode = published
                    ? tm_locked_directory_unmarked_mode (publication->directory, publication->mode)
                    : publication->mode;

  tm_dirfd_restore_mode (tm_locked_directory_get_fd (publication->directory),
                         publication->mode_to_move, mode);
}

/* A directory that is exchanged has to be writable, as the claim has. Its mode matters no more once
 * it has been replaced; it is restored when it has not. Returns 0, or -1 with errno. */
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
                       publication->to, publication->name, RENAME_EXCHANGE);
  errsv = errno;
  if (result < 0)
    tm_dirfd_restore_mode (pin, (status.st_mode & 07777) | TM_DIRFD_MODE_USABLE,
                           status.st_mode & 07777);
  errno = errsv;
  return result;
}

/* Puts the claim into the place of what is at the destination, which is pinned before. Returns 0,
 * or -1 with errno. */
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
                       publication->to, publication->name, RENAME_EXCHANGE);
  if (result < 0 && errno == EACCES)
    result = exchange_repaired (publication);

  return result;
}

/* What a file system says of a flag of renameat2() that it does not know; and EINVAL also of what
 * none can do. */
static gboolean
may_lack_flags (int error_number)
{
  return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP;
}

/* As publication_move(), by a rename without flags: of a directory, that replaces nothing but an
 * empty directory, and only one that comes after we have looked. */
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
                       publication->to, publication->name, 0);
  /* It has come since we looked. */
  if (result < 0 && (errno == ENOTEMPTY || errno == ENOTDIR))
    errno = EEXIST;
  return result;
}

/* Puts the claim where nothing is. Returns 0, or -1 with errno. */
static int
publication_move (Publication *publication)
{
  int result =
      tm_dirfd_rename (publication->from, tm_locked_directory_get_name (publication->directory),
                       publication->to, publication->name, RENAME_NOREPLACE);

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

/* Whether nobody but us can put anything under the old name of the claim. */
static gboolean
publication_is_from_private (Publication *publication)
{
  struct stat status;

  return tm_dirfd_stat (publication->from, &status) == 0 &&
         (status.st_uid == geteuid () || status.st_uid == 0) &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* What is under the old name of the claim now: what was pinned, if no other publisher was faster.
 * Where others can rename, nothing but what was pinned is taken for it: they could have something
 * deleted that they may move but not delete. */
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

  /* Exchanged for itself. */
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

/* Finds both places. Returns 0, or -1 with errno. */
static int
publication_find_places (Publication *publication, gboolean replace)
{
  g_autofree char *parent = g_path_get_dirname (publication->destination);

  publication->name = g_path_get_basename (publication->destination);

  if (tm_parent_check (tm_locked_directory_get_parent (publication->directory)) < 0 ||
      !tm_locked_directory_is_current (publication->directory))
    return -1;
  publication->from = tm_parent_get_fd (tm_locked_directory_get_parent (publication->directory));

  /* The destination itself is never followed. */
  publication->to = tm_path_open (parent, O_DIRECTORY, NULL, &publication->refused);
  if (publication->to < 0)
    return -1;

  /* The root of the file system has no name to be exchanged under. */
  if (strcmp (publication->name, "/") == 0)
    {
      errno = replace ? EINVAL : EEXIST;
      return -1;
    }

  return 0;
}

/*
 * tm_publish:
 * @directory: a directory of ours
 * @path: its path, for messages
 * @destination: an absolute path
 * @replace: whether to take the place of what is there
 * @replaced: (out) (nullable): what has been replaced, if anything, to be deleted
 * @error: as documented at tm_temporary_directory_persist()
 *
 * Gives a directory another name in one step, and takes the mark away.
 *
 * Returns: %TRUE when it is there, %FALSE with everything as it was
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
    return replaced_fail_as_busy (replaced, error, "another file now has this name");

  is_in_use = !tm_locked_directory_is_free (directory);
  tm_locked_directory_mark (directory, is_in_use);
  if (is_in_use)
    return replaced_fail_as_busy (replaced, error, "another process has locked it");

  return tm_locked_directory_delete (directory, replaced->path, NULL, NULL, error);
}

static gboolean
delete_replaced_file (TmReplaced *replaced, GError **error)
{
  int parent = tm_parent_get_fd (replaced->parent);
  struct stat status;

  if (tm_dirfd_stat_child (parent, replaced->name, &status) < 0)
    return errno == ENOENT ? TRUE : replaced_fail (replaced, error, errno);
  if (!tm_file_identity_equal (tm_file_identity (&status), replaced->identity))
    return replaced_fail_as_busy (replaced, error, "another file now has this name");

  if (tm_dirfd_unlink (parent, replaced->name) < 0 && errno != ENOENT)
    return replaced_fail (replaced, error, errno);
  return TRUE;
}

/*
 * tm_replaced_delete:
 * @replaced: what a publication replaced
 * @error: why it is still there: %G_IO_ERROR_BUSY when somebody holds its lock, or it is not what
 *   was looked at
 *
 * Deletes what was replaced, with everything in it. What cannot be deleted of a directory is left
 * with the mark, where it can have one.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_replaced_delete (TmReplaced *replaced, GError **error)
{
  return replaced->is_directory ? delete_replaced_directory (replaced, error)
                                : delete_replaced_file (replaced, error);
}
