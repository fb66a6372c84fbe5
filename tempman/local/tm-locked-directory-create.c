/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-locked-directory-struct-private.h"

#include "local/tm-file-system-private.h"
#include "core/tm-error-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-name-private.h"
#include "local/tm-path-private.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

/* The creation of a directory: mkdir, open, lock, verify.
 *
 * Between mkdir and flock a directory looks like one that has lost its owner, and a cleaner may
 * delete it. Once the creator has the lock, it verifies that the name still refers to the
 * directory, and otherwise starts again with another name. This relies on names that are never used
 * twice. */

#define MODE_MARKED (TM_MARK | S_IRWXU)

/* More than any number of continuously running cleaners can delete in a row. */
#define MAX_CREATE_ATTEMPTS 1000

/* If another file has the new name, an attacker has put it there, or the file system does not
 * report identities reliably. */
#define MAX_EXCHANGES 3

/* Returns 0, or -1 with errno. */
static int
lock_shared (int fd)
{
  for (guint i = 0; i < TM_LOCKED_DIRECTORY_MAX_LOCK_ATTEMPTS; i++)
    {
      if (tm_dirfd_lock (fd, LOCK_SH) == 0)
        return 0;
      if (errno != EWOULDBLOCK)
        return -1;
      g_usleep (TM_LOCKED_DIRECTORY_LOCK_RETRY_MICROSECONDS);
    }

  errno = EWOULDBLOCK;
  return -1;
}

typedef enum
{
  ATTEMPT_DONE,
  ATTEMPT_FAILED,
  ATTEMPT_LOST,      /* a cleaner deleted the directory before it was locked */
  ATTEMPT_UNMARKED,  /* the file system does not store the mark, which the name promises */
  ATTEMPT_EXCHANGED, /* another file has its name */
  ATTEMPT_FOREIGN,   /* likewise: it belongs to another user */
  ATTEMPT_STALE,     /* its path does not lead to it, or through a link or another mount */
} Attempt;

/* Verifies a directory that was opened by the path that is returned to the caller. Nothing had that
 * name before, and no other user could replace it in its parent: since then, only a cleaner can
 * have removed it. But another user may own a directory on the way, or the permissions of the
 * parent were changed after it was opened.
 *
 * The path can also lead to it through another mount than the parent, if one was added since or
 * this process has entered another namespace: then it cannot be renamed from there, or one of the
 * two is read-only. @can_be_stale: whether the parent was opened before */
static Attempt
directory_verify_opened (TmLockedDirectory *directory,
                         const TmFileStatus *status,
                         gboolean can_be_stale)
{
  const TmFileStatus *parent = tm_parent_get_status (directory->parent);

  if (status->n_links == 0)
    return ATTEMPT_LOST;
  if (status->identity.device != parent->identity.device)
    return ATTEMPT_EXCHANGED;
  if (can_be_stale && status->mount != parent->mount)
    return ATTEMPT_STALE;

  return status->owner != parent->owner &&
                 tm_file_system_shows_foreign_owner (directory->fd, status->owner,
                                                     tm_parent_get_fd (directory->parent), TRUE)
             ? ATTEMPT_FOREIGN
             : ATTEMPT_DONE;
}

/* Verifies a directory that was opened in its parent, by the path that is returned to the caller.
 * Returns ATTEMPT_FAILED with errno. */
static Attempt
directory_verify_path (TmLockedDirectory *directory, const char *path, const TmFileStatus *status)
{
  struct stat found;
  gboolean has_path = tm_dirfd_stat_child (AT_FDCWD, path, &found) == 0;

  /* The caller could not use this path either. */
  if (!has_path && errno != ENOENT && errno != ENOTDIR)
    return ATTEMPT_FAILED;

  if (!has_path || !tm_file_identity_equal (tm_file_identity (&found), status->identity))
    {
      if (tm_dirfd_stat_child (tm_parent_get_fd (directory->parent), directory->name, &found) < 0)
        return errno == ENOENT ? ATTEMPT_LOST : ATTEMPT_FAILED;

      /* The directory has its name, but its parent was moved: the caller would not find it by the
       * path. */
      if (tm_file_identity_equal (tm_file_identity (&found), status->identity))
        {
          errno = ENOENT;
          return ATTEMPT_FAILED;
        }
      return ATTEMPT_EXCHANGED;
    }

  if (tm_file_system_shows_foreign_owner (directory->fd, status->owner,
                                          tm_parent_get_fd (directory->parent), TRUE))
    return ATTEMPT_FOREIGN;

  return ATTEMPT_DONE;
}

static gboolean
change_is_refused (int error_number)
{
  return error_number == EPERM || error_number == EACCES || error_number == EOPNOTSUPP ||
         error_number == ENOSYS || error_number == EINVAL;
}

/* POSIX leaves it to the system whether mkdir() sets the sticky bit: on BSD and macOS, it does not.
 * Sets it, and @status. Returns whether the file system stores it. */
static gboolean
directory_add_mark (TmLockedDirectory *directory, TmFileStatus *status)
{
  TmFileStatus marked;

  if (tm_dirfd_set_mode (directory->fd, status->mode, (status->mode & 07777) | TM_MARK) < 0 ||
      tm_dirfd_get_status (directory->fd, &marked) < 0 || (marked.mode & TM_MARK) == 0)
    return FALSE;

  *status = marked;
  return TRUE;
}

/* Locks and verifies the new directory. @is_opened_by_path: whether it was opened by @path.
 * @can_be_stale: as of directory_verify_opened() */
static Attempt
directory_secure (TmLockedDirectory *directory,
                  const char *path,
                  gboolean is_opened_by_path,
                  gboolean can_be_stale,
                  TmNameKind kind,
                  guint permissions,
                  GError **error)
{
  int parent = tm_parent_get_fd (directory->parent);
  gboolean has_lock = lock_shared (directory->fd) == 0;
  gboolean has_beaten, beats;
  TmFileStatus status;
  mode_t mode;

  if (!has_lock)
    {
      /* Either a cleaner holds the lock and deletes the directory, or a list that only tries the
       * lock takes long: then the directory must not remain. */
      if (errno == EWOULDBLOCK)
        {
          tm_dirfd_remove (parent, directory->name);
          return ATTEMPT_LOST;
        }
      if (!tm_locked_directory_lock_is_unsupported (errno))
        goto failed;
    }

  if (tm_dirfd_get_status (directory->fd, &status) < 0)
    goto failed;

  /* From here on the release compares the descriptor with the identity. */
  tm_locked_directory_set_status (directory, &status);

  switch (is_opened_by_path ? directory_verify_opened (directory, &status, can_be_stale)
                            : directory_verify_path (directory, path, &status))
    {
    case ATTEMPT_DONE:
      break;
    case ATTEMPT_LOST:
      return ATTEMPT_LOST;
    case ATTEMPT_EXCHANGED:
      return ATTEMPT_EXCHANGED;
    case ATTEMPT_FOREIGN:
      return ATTEMPT_FOREIGN;
    case ATTEMPT_STALE:
      return ATTEMPT_STALE;
    case ATTEMPT_UNMARKED:
    case ATTEMPT_FAILED:
    default:
      goto failed;
    }

  if ((status.mode & TM_MARK) == 0 && kind != TM_NAME_UNMARKED &&
      !directory_add_mark (directory, &status) && kind == TM_NAME_BEATING)
    return ATTEMPT_UNMARKED;

  /* The umask may have removed permissions of the owner. Those of group and others are added only
   * now, when no cleaner can delete the directory any more. Bits that a parent with the
   * set-group-ID bit passes on are kept. Without a lock, or on a file system that refuses to set
   * times without a heartbeat, the mark would mean that the owner is gone. */
  has_beaten = kind != TM_NAME_LOCKED && tm_dirfd_touch (directory->fd) == 0;
  /* After an error that may not last, the next beat is tried all the same. */
  beats = has_beaten || (kind != TM_NAME_LOCKED && !change_is_refused (errno));
  mode = (status.mode & 07777) | S_IRWXU;
  if (kind == TM_NAME_LOCKED ? !has_lock : !has_beaten)
    mode &= (mode_t) ~TM_MARK;
  /* A file system without modes refuses to add permissions, but accepts the mode that it reports.
   */
  if (tm_dirfd_set_mode (directory->fd, status.mode, mode | permissions) < 0 &&
      (!change_is_refused (errno) || tm_dirfd_set_mode (directory->fd, status.mode, mode) < 0))
    goto failed;

  directory->has_lock = has_lock;
  directory->is_marked = (mode & TM_MARK) != 0;
  if (!beats || tm_locked_directory_start_heartbeat (directory, TM_ACTION_CREATE, path, error))
    return ATTEMPT_DONE;

  tm_dirfd_remove (parent, directory->name);
  return ATTEMPT_FAILED;

failed:
  {
    int errsv = errno;

    tm_dirfd_remove (parent, directory->name);
    tm_error_set_from_errno (error, TM_ACTION_CREATE, path, errsv);
    return ATTEMPT_FAILED;
  }
}

/* Opens the new directory. By its path, if no other user can replace it, and its status tells
 * whether it was removed: then its path need not be looked up again once it is locked. Returns a
 * descriptor, or -1. @is_by_path: (out): whether @path leads to it without a link */
static int
open_new (TmParent *parent,
          const char *name,
          const char *path,
          gboolean *is_by_path,
          mode_t *repaired_mode)
{
  int fd = -1;

  if (tm_parent_is_predictable (parent))
    fd = tm_dirfd_open_readable_without_links (path);

  *is_by_path = fd >= 0;
  *repaired_mode = TM_DIRFD_MODE_UNTOUCHED;
  return fd >= 0 ? fd : tm_dirfd_open_child (tm_parent_get_fd (parent), name, 0, repaired_mode);
}

/* @can_be_stale: whether @parent was opened before; otherwise it is never ATTEMPT_STALE */
static Attempt
attempt_create (TmParent *parent,
                const char *parent_path,
                const TmCreation *creation,
                gboolean can_be_stale,
                TmLockedDirectory **directory_out,
                char **path_out,
                GError **error)
{
  TmNameKind kind = tm_parent_get_name_kind (parent);
  g_autofree char *name = tm_name_new (creation->prefix, creation->suffix, kind);
  g_autofree char *path = NULL;
  g_autoptr (TmLockedDirectory) directory = NULL;
  int parent_fd = tm_parent_get_fd (parent);
  gboolean is_by_path;
  Attempt attempt;
  mode_t repaired_mode;
  int fd;

  if (name == NULL)
    {
      tm_error_set_from_errno (error, TM_ACTION_CREATE_IN, parent_path, errno);
      return ATTEMPT_FAILED;
    }

  if (tm_dirfd_make (parent_fd, name, MODE_MARKED) < 0)
    {
      /* No other process can know the name. A server that received the request twice returns EEXIST
       * for a directory that it has created itself. */
      if (errno == EEXIST)
        {
          if (kind != TM_NAME_LOCKED)
            tm_dirfd_remove (parent_fd, name);
          return ATTEMPT_LOST;
        }

      /* The name is too long, not the path. */
      if (errno == ENAMETOOLONG)
        tm_error_set_from_errno (error, TM_ACTION_CREATE_WITH_NAME, name, errno);
      else
        tm_error_set_from_errno (error, TM_ACTION_CREATE_IN, parent_path, errno);
      return ATTEMPT_FAILED;
    }

  path = tm_path_get_child (parent_path, name);
  fd = open_new (parent, name, path, &is_by_path, &repaired_mode);
  if (fd < 0)
    {
      int errsv = errno;

      if (errsv == ENOENT)
        return ATTEMPT_LOST;

      tm_dirfd_remove (parent_fd, name);
      tm_error_set_from_errno (error, TM_ACTION_CREATE_IN, parent_path, errsv);
      return ATTEMPT_FAILED;
    }

  if (can_be_stale && !is_by_path)
    {
      tm_dirfd_close (fd);
      tm_dirfd_remove (parent_fd, name);
      return ATTEMPT_STALE;
    }

  directory = tm_locked_directory_new (fd, parent, name, TM_DIRFD_MODE_UNTOUCHED);
  attempt =
      directory_secure (directory, path, is_by_path, can_be_stale, kind, creation->mode, error);
  if (attempt == ATTEMPT_DONE)
    {
      *directory_out = g_steal_pointer (&directory);
      *path_out = g_steal_pointer (&path);
    }

  if (attempt == ATTEMPT_UNMARKED)
    {
      tm_parent_set_unmarked (parent);
      tm_dirfd_remove (parent_fd, name);
    }

  /* If it is not the new directory, it is an empty directory that another user could create under
   * this name, and could remove as well. */
  if (attempt == ATTEMPT_EXCHANGED || attempt == ATTEMPT_FOREIGN || attempt == ATTEMPT_STALE)
    tm_dirfd_remove (parent_fd, name);

  return attempt;
}

/*
 * tm_locked_directory_create:
 * @parent: the directory to create it in
 * @parent_path: its absolute path
 * @creation: its name and its mode
 * @is_stale: (out) (nullable): for a @parent that was opened before: whether @parent_path does not
 *   lead to it any more, or leads to it through a link or another mount, or this is unknown; then
 *   @error is not set
 * @path_out: (out) (transfer full): its absolute path
 * @cancellable: (nullable): checked before each attempt
 * @error: %G_IO_ERROR_INVALID_FILENAME when the name is too long, %G_IO_ERROR_NOT_FOUND when
 *   the parent has been removed or moved from @parent_path
 *
 * Creates a directory under a name that was never used, marks and locks it, and verifies that it
 * still exists.
 *
 * Returns: (nullable): the directory, or %NULL with nothing left behind
 */
TmLockedDirectory *
tm_locked_directory_create (TmParent *parent,
                            const char *parent_path,
                            const TmCreation *creation,
                            gboolean *is_stale,
                            char **path_out,
                            GCancellable *cancellable,
                            GError **error)
{
  guint n_exchanges = 0;
  Attempt attempt = ATTEMPT_LOST;

  for (guint i = 0; i < MAX_CREATE_ATTEMPTS && n_exchanges < MAX_EXCHANGES; i++)
    {
      TmLockedDirectory *directory = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;

      attempt = attempt_create (parent, parent_path, creation, is_stale != NULL, &directory,
                                path_out, error);
      switch (attempt)
        {
        case ATTEMPT_DONE:
          directory->n_lost = i - n_exchanges;
          return directory;
        case ATTEMPT_STALE:
          g_assert (is_stale != NULL);
          *is_stale = TRUE;
          return NULL;
        case ATTEMPT_FAILED:
          return NULL;
        case ATTEMPT_LOST:
        case ATTEMPT_UNMARKED:
          break;
        case ATTEMPT_EXCHANGED:
        case ATTEMPT_FOREIGN:
          n_exchanges++;
          break;
        default:
          g_assert_not_reached ();
        }
    }

  if (attempt == ATTEMPT_FOREIGN)
    tm_error_set (error, TM_ACTION_CREATE_IN, parent_path, G_IO_ERROR_PERMISSION_DENIED,
                  _ ("the new directory belongs to another user"));
  else
    tm_error_set (error, TM_ACTION_CREATE_IN, parent_path, G_IO_ERROR_BUSY,
                  _ ("other processes delete or replace each new directory"));
  return NULL;
}

/* Of a directory that this process created. */
void
tm_locked_directory_describe (TmLockedDirectory *directory, TmCreationResult *result)
{
  TmLockScope scope = tm_parent_is_on_shared_file_system (directory->parent) ? TM_LOCK_SCOPE_MACHINE
                                                                             : TM_LOCK_SCOPE_ALL;
  struct stat status;

  *result = (TmCreationResult){
    .lock_scope = directory->has_lock ? scope : TM_LOCK_SCOPE_NONE,
    .is_marked = tm_locked_directory_stat (directory, &status) == 0 &&
                 tm_mark_is_set (directory->name, status.st_mode),
    .has_heartbeat = directory->heartbeat != NULL,
    .n_lost = directory->n_lost,
  };
}
