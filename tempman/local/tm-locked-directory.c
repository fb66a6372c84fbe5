/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-locked-directory-struct-private.h"

#include "core/tm-error-private.h"
#include "core/tm-name-private.h"
#include "local/tm-privilege-private.h"
#include "local/tm-restore-private.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

/* A directory with a lock, from its creation or opening to its release.
 *
 * The owner of a directory holds a shared BSD lock on it through an open descriptor. A process that
 * deletes the directory of another must acquire the exclusive lock first. The lock is released when
 * the process ends, but the mark in the mode remains: a marked directory without a lock has lost
 * its owner. */

void
tm_locked_directory_set_status (TmLockedDirectory *directory, const TmFileStatus *status)
{
  directory->begin = tm_age_begin ();
  directory->identity = status->identity;
  directory->times = status->times;
  directory->size = status->size;
}

TmLockedDirectory *
tm_locked_directory_new (int fd, TmParent *parent, const char *name, mode_t repaired_mode)
{
  TmLockedDirectory *directory = g_new0 (TmLockedDirectory, 1);

  directory->fd = fd;
  directory->parent = tm_parent_ref (parent);
  directory->name = g_strdup (name);
  directory->repaired_mode = repaired_mode;
  directory->left_mode = repaired_mode | TM_DIRFD_MODE_USABLE;
  return directory;
}

gboolean
tm_locked_directory_lock_is_unsupported (int error_number)
{
  return error_number == EOPNOTSUPP || error_number == ENOSYS || error_number == EINVAL;
}

/* Takes ownership of @fd. No further system call: most directories that are opened are live, and
 * closed again. */
static TmLockedDirectory *
directory_new_opened (TmParent *parent, const char *name, int fd, mode_t repaired_mode)
{
  return fd < 0 ? NULL : tm_locked_directory_new (fd, parent, name, repaired_mode);
}

/* Returns 0, or -1 with errno. */
static int
directory_read_status (TmLockedDirectory *directory, struct stat *status)
{
  TmFileStatus converted;

  if (tm_dirfd_stat (directory->fd, status) < 0)
    return -1;

  converted = tm_file_status (status);
  tm_locked_directory_set_status (directory, &converted);
  directory->needs_privilege =
      tm_privilege_is_needed (status, tm_parent_get_status (directory->parent));
  directory->is_left_to_its_owner = directory->needs_privilege && !tm_privilege_suffices (status);
  return 0;
}

/* Learns the identity of a directory if it has only been opened so far. Returns 0, or -1 with
 * errno. */
int
tm_locked_directory_ensure_status (TmLockedDirectory *directory)
{
  struct stat status;

  return directory->identity.inode != 0 ? 0 : directory_read_status (directory, &status);
}

/*
 * tm_locked_directory_open:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens an existing directory to lock and delete it, without changing its access and modification
 * time. If it belongs to this user and its mode denies access, the mode is repaired until the
 * release.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmLockedDirectory *
tm_locked_directory_open (TmParent *parent, const char *name)
{
  mode_t repaired_mode;
  int fd = tm_dirfd_open_child (tm_parent_get_fd (parent), name, TM_O_KEEP_ATIME, &repaired_mode);

  return directory_new_opened (parent, name, fd, repaired_mode);
}

/*
 * tm_locked_directory_open_unchanged:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens an existing directory to try its lock, and changes nothing. The caller releases the lock at
 * once.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmLockedDirectory *
tm_locked_directory_open_unchanged (TmParent *parent, const char *name)
{
  return directory_new_opened (parent, name,
                               tm_dirfd_open_unchanged (tm_parent_get_fd (parent), name),
                               TM_DIRFD_MODE_UNTOUCHED);
}

/* Takes the exclusive lock. Returns 0, or -1 with errno: `EWOULDBLOCK` when an owner has a lock. */
static int
lock_exclusively (TmLockedDirectory *directory)
{
  int result;

  for (guint i = 0;; i++)
    {
      if (tm_dirfd_lock (directory->fd, LOCK_EX) == 0)
        {
          directory->is_to_be_unlocked = TRUE;
          return 0;
        }
      if (errno != EWOULDBLOCK)
        return -1;

      /* Owners hold shared locks. A second shared lock is only refused while a cleaner or a list
       * holds the exclusive one, which it soon releases. */
      if (tm_dirfd_lock (directory->fd, LOCK_SH) == 0)
        break;
      if (errno != EWOULDBLOCK || i == TM_LOCKED_DIRECTORY_MAX_LOCK_ATTEMPTS)
        return -1;
      g_usleep (TM_LOCKED_DIRECTORY_LOCK_RETRY_MICROSECONDS);
    }

  /* No process holds the exclusive lock: an owner holds a shared one, or a cleaner released its
   * lock between the two calls. A failed conversion loses the shared lock, which is not needed any
   * more; but a lock on a server can remain, and must be released. */
  result = tm_dirfd_lock (directory->fd, LOCK_EX);
  directory->is_to_be_unlocked =
      result == 0 || tm_parent_is_on_shared_file_system (directory->parent);
  return result;
}

/*
 * tm_locked_directory_is_free:
 * @directory: a directory from tm_locked_directory_open() or tm_locked_directory_open_unchanged()
 *
 * Tries to acquire the exclusive lock. If it was free, it is held until the release.
 *
 * Returns: whether the lock was free, or the file system has no locks; %FALSE on any other failure
 */
gboolean
tm_locked_directory_is_free (TmLockedDirectory *directory)
{
  return lock_exclusively (directory) == 0 || tm_locked_directory_lock_is_unsupported (errno);
}

/*
 * tm_locked_directory_try_lock:
 * @directory: a directory from tm_locked_directory_open() or tm_locked_directory_open_unchanged()
 * @deletes_live: whether the caller can delete a live directory
 * @lock: (out): whether the lock was free
 * @mode: (out): the mode, unless the lock is held and the caller cannot delete a live directory
 *
 * Tries to acquire the exclusive lock. If it was free, it is held until the release. If it was not,
 * a caller without @deletes_live can only release the directory.
 *
 * Returns: 0, or -1 with errno
 */
int
tm_locked_directory_try_lock (TmLockedDirectory *directory,
                              gboolean deletes_live,
                              TmLockSign *lock,
                              mode_t *mode)
{
  struct stat status;

  if (lock_exclusively (directory) == 0)
    *lock = TM_LOCK_SIGN_FREE;
  else
    *lock = tm_locked_directory_lock_is_unsupported (errno) ? TM_LOCK_SIGN_NONE : TM_LOCK_SIGN_HELD;
  *mode = 0;
  if (*lock == TM_LOCK_SIGN_HELD && !deletes_live)
    return 0;

  if (directory_read_status (directory, &status) < 0)
    return -1;

  *mode = status.st_mode;
  return 0;
}

/*
 * tm_locked_directory_is_current:
 * @directory: a directory
 *
 * Returns: whether its name still refers to it; %FALSE with errno: `ENOENT` if it does not, or the
 *   reason why the check failed
 */
gboolean
tm_locked_directory_is_current (TmLockedDirectory *directory)
{
  TmFileStatus status;

  if (tm_dirfd_get_child_status (tm_parent_get_fd (directory->parent), directory->name, &status) <
      0)
    return FALSE;

  if (!tm_file_identity_equal (status.identity, directory->identity))
    {
      errno = ENOENT;
      return FALSE;
    }

  return TRUE;
}

/* Whether its parent has the sticky bit, as /tmp has, and this thread certainly cannot remove the
 * directory. */
gboolean
tm_locked_directory_is_left_to_its_owner (TmLockedDirectory *directory)
{
  return directory->is_left_to_its_owner;
}

/*
 * tm_locked_directory_may_be_removed:
 * @directory: a directory that is to be deleted
 *
 * Finds out, before anything in the directory is deleted, whether the kernel lets this thread
 * remove it. If nothing else tells, this tries to remove it: the kernel checks the permission
 * before it checks whether the directory is empty.
 *
 * Returns: %FALSE if this thread cannot remove the directory
 */
gboolean
tm_locked_directory_may_be_removed (TmLockedDirectory *directory)
{
  return !directory->needs_privilege ||
         tm_dirfd_remove (tm_parent_get_fd (directory->parent), directory->name) == 0 ||
         (errno != EACCES && errno != EPERM);
}

/* Whether tm_locked_directory_open() has changed the mode, and so the change time. */
gboolean
tm_locked_directory_has_repaired_mode (TmLockedDirectory *directory)
{
  return directory->repaired_mode != TM_DIRFD_MODE_UNTOUCHED;
}

/* As tm_dirfd_stat(). Returns -1 with `EBADF` if the descriptor does not refer to the directory any
 * more. */
int
tm_locked_directory_stat (TmLockedDirectory *directory, struct stat *status)
{
  if (tm_dirfd_stat (directory->fd, status) < 0)
    return -1;

  if (!tm_file_identity_equal (tm_file_identity (status), directory->identity))
    {
      errno = EBADF;
      return -1;
    }

  return 0;
}

/*
 * tm_locked_directory_keep:
 * @directory: a directory that this process owns
 * @path: its path, for messages
 * @error: return location for an error
 *
 * Clears the mark, so that the directory does not count as abandoned after the release. Without a
 * mark, changes nothing.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_locked_directory_keep (TmLockedDirectory *directory, const char *path, GError **error)
{
  struct stat status;

  if (tm_locked_directory_stat (directory, &status) < 0 ||
      tm_dirfd_set_mode (directory->fd, status.st_mode,
                         tm_locked_directory_unmarked_mode (directory, status.st_mode)) < 0)
    {
      tm_error_set_from_errno (error, TM_ACTION_KEEP, path, errno);
      return FALSE;
    }

  return TRUE;
}

/*
 * tm_locked_directory_restore_times:
 * @directory: a directory from tm_locked_directory_open() that could not be deleted
 *
 * Restores the times that the directory had when it was opened, so that a failed deletion does not
 * make it look used. If another process has used it meanwhile, it still looks used.
 */
void
tm_locked_directory_restore_times (TmLockedDirectory *directory)
{
  if (tm_dirfd_check (directory->fd, directory->identity) == 0)
    tm_restore_times (directory->fd, &directory->times, directory->begin);
}

/*
 * tm_locked_directory_mark:
 * @directory: a directory from tm_locked_directory_open() that is to be deleted
 * @is_in_use: whether another process holds the lock
 *
 * Marks the directory, so that it counts as abandoned once no process uses it, if it cannot be
 * deleted now. A mark is not valid while group or others have write permission: that permission is
 * removed too, unless the directory is in use.
 */
void
tm_locked_directory_mark (TmLockedDirectory *directory, gboolean is_in_use)
{
  struct stat status;
  mode_t mode;

  if (is_in_use && directory->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
    {
      if (tm_mark_is_set (tm_locked_directory_get_name (directory),
                          directory->repaired_mode | TM_MARK))
        directory->repaired_mode |= TM_MARK;
      return;
    }

  if (tm_locked_directory_stat (directory, &status) < 0)
    return;

  mode = (status.st_mode & 07777) | TM_MARK;
  if (!is_in_use)
    mode &= (mode_t) ~(S_IWGRP | S_IWOTH);

  if (tm_mark_is_set (tm_locked_directory_get_name (directory), mode) &&
      tm_dirfd_set_mode (directory->fd, status.st_mode, mode) == 0)
    directory->repaired_mode = TM_DIRFD_MODE_UNTOUCHED;
}

/* Whether the descriptor still refers to the directory. Other code can close it by mistake, and
 * another file then gets its number. */
static gboolean
directory_may_close (TmLockedDirectory *directory)
{
  /* The descriptor was opened a moment ago, and the identity is not known yet. */
  gboolean is_new = directory->identity.inode == 0;

  return is_new || directory->is_removed ||
         tm_dirfd_check (directory->fd, directory->identity) == 0 || errno != EBADF;
}

/* Once no beat uses the descriptor. */
static void
directory_free_cb (gpointer data)
{
  TmLockedDirectory *directory = data;

  if (directory_may_close (directory))
    {
      /* Before the lock is released, so that the next cleaner sees the original mode. */
      if (directory->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
        tm_dirfd_restore_mode (directory->fd, directory->left_mode, directory->repaired_mode);

      /* Unlock explicitly: a child that was forked meanwhile has a copy of the descriptor and would
       * keep the lock. A removed directory needs no lock. */
      if (directory->is_to_be_unlocked && !directory->is_removed)
        tm_dirfd_unlock (directory->fd);
      tm_dirfd_close (directory->fd);
    }

  if (directory->is_removed)
    tm_parent_unref_seen (directory->parent);
  else
    tm_parent_unref (directory->parent);
  g_clear_pointer (&directory->beat, tm_beat_free);
  g_free (directory->name);
  g_free (directory);
}

/* Releases the lock, ends the heartbeat, and frees @directory. The directory itself is not deleted.
 * If a beat waits for a server that hangs, the lock is released when it ends. */
void
tm_locked_directory_release (TmLockedDirectory *directory)
{
  if (directory->heartbeat != NULL)
    tm_heartbeat_stop (directory->heartbeat, directory_free_cb, directory);
  else
    directory_free_cb (directory);
}

int
tm_locked_directory_get_fd (TmLockedDirectory *directory)
{
  return directory->fd;
}

const char *
tm_locked_directory_get_name (TmLockedDirectory *directory)
{
  return directory->name;
}

TmFileIdentity
tm_locked_directory_get_identity (TmLockedDirectory *directory)
{
  /* After a failure it is the identity of no file. */
  tm_locked_directory_ensure_status (directory);
  return directory->identity;
}

/* Returns: the directory in which it was created or opened, wherever that was moved */
TmParent *
tm_locked_directory_get_parent (TmLockedDirectory *directory)
{
  return directory->parent;
}

/*
 * tm_locked_directory_unmarked_mode:
 * @directory: a directory that this process owns
 * @mode: its mode
 *
 * Removes the mark from a mode: the sticky bit, if this object has set it. It is also removed where
 * group or others have write permission, with which it is not a valid mark: it would become one as
 * soon as that permission is removed.
 *
 * Returns: the permission bits without the mark
 */
mode_t
tm_locked_directory_unmarked_mode (TmLockedDirectory *directory, mode_t mode)
{
  return mode & (directory->is_marked ? 07777 & ~TM_MARK : 07777);
}
