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

/* A directory of ours, from its creation to its end.
 *
 * Who uses a directory holds a shared BSD lock on it, for as long as its descriptor is open; who
 * wants to delete one of somebody else has to get the exclusive lock. The lock dies with the
 * process, and the mark in the mode of the directory stays: a marked directory that nobody holds
 * has lost its owner. */

void
tm_locked_directory_remember (TmLockedDirectory *directory, const struct stat *status)
{
  directory->begin = tm_age_begin ();
  directory->identity = tm_file_identity (status);
  directory->times[0] = status->st_atim;
  directory->times[1] = status->st_mtim;
  directory->size = status->st_size;
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

/* Nothing is asked about it yet: most of what is opened is found to be live, and left. Takes @fd
 * over. */
static TmLockedDirectory *
directory_new_opened (TmParent *parent, const char *name, int fd, mode_t repaired_mode)
{
  return fd < 0 ? NULL : tm_locked_directory_new (fd, parent, name, repaired_mode);
}

/* Returns 0, or -1 with errno. */
static int
directory_learn (TmLockedDirectory *directory, struct stat *status)
{
  if (tm_dirfd_stat (directory->fd, status) < 0)
    return -1;

  tm_locked_directory_remember (directory, status);
  directory->needs_privilege =
      tm_privilege_is_needed (status, tm_parent_get_look (directory->parent));
  directory->is_left_to_its_owner = directory->needs_privilege && !tm_privilege_suffices (status);
  return 0;
}

/* Of one that may only have been opened. Returns 0, or -1 with errno. */
int
tm_locked_directory_ensure_learnt (TmLockedDirectory *directory)
{
  struct stat status;

  return directory->identity.inode != 0 ? 0 : directory_learn (directory, &status);
}

/*
 * tm_locked_directory_open:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens a directory of somebody else to lock it and delete it. Neither access nor modification time
 * change. If it is ours and its mode bars us from it, the mode is repaired until it is released.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmLockedDirectory *
tm_locked_directory_open (TmParent *parent, const char *name)
{
  mode_t repaired_mode;
  int fd = tm_dirfd_open_child (tm_parent_get_fd (parent), name, O_NOATIME, &repaired_mode);

  return directory_new_opened (parent, name, fd, repaired_mode);
}

/*
 * tm_locked_directory_open_unchanged:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens a directory of somebody else to look at its lock, and changes nothing about it. Who locks
 * it has to release it at once.
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

      /* The lock of an owner is a shared one. Only another cleaner or list, which is done in a
       * moment, keeps us from getting such a one as well. */
      if (tm_dirfd_lock (directory->fd, LOCK_SH) == 0)
        break;
      if (errno != EWOULDBLOCK || i == TM_LOCKED_DIRECTORY_MAX_LOCK_ATTEMPTS)
        return -1;
      g_usleep (TM_LOCKED_DIRECTORY_LOCK_RETRY_MICROSECONDS);
    }

  /* Nobody has the exclusive lock. The one that had it may have been done between our two calls. If
   * the conversion fails, ours is lost, which is all we want; but a lock that a server keeps may
   * stay. */
  result = tm_dirfd_lock (directory->fd, LOCK_EX);
  directory->is_to_be_unlocked = result == 0 || !tm_parent_is_local (directory->parent);
  return result;
}

/*
 * tm_locked_directory_is_free:
 * @directory: a directory from tm_locked_directory_open() or tm_locked_directory_open_unchanged()
 *
 * Tries to get the exclusive lock, which is held until the release if it was free.
 *
 * Returns: whether it was, or there are no locks here; any other failure says: keep
 */
gboolean
tm_locked_directory_is_free (TmLockedDirectory *directory)
{
  return lock_exclusively (directory) == 0 || tm_locked_directory_lock_is_unsupported (errno);
}

/*
 * tm_locked_directory_try_lock:
 * @directory: a directory from tm_locked_directory_open() or tm_locked_directory_open_unchanged()
 * @takes_live: whether it may be taken although it is live
 *
 * Tries to get the exclusive lock, which is held until the release if it was free.
 *
 * Returns: what that says of the owner; if that is %TM_ROOT_ENTRY_STATE_LIVE, without @takes_live
 * the claim can only be released
 */
TmRootEntryState
tm_locked_directory_try_lock (TmLockedDirectory *directory, gboolean takes_live)
{
  gboolean lock_reaches_all = tm_parent_is_local (directory->parent);
  gboolean is_free = lock_exclusively (directory) == 0;
  gboolean has_locks = is_free || !tm_locked_directory_lock_is_unsupported (errno);
  struct stat status;

  if (!is_free && has_locks && !takes_live)
    return TM_ROOT_ENTRY_STATE_LIVE;

  if (directory_learn (directory, &status) < 0)
    {
      directory->is_left_to_its_owner = TRUE;
      return TM_ROOT_ENTRY_STATE_LIVE;
    }

  if (!is_free && has_locks)
    return TM_ROOT_ENTRY_STATE_LIVE;

  /* Where there are no locks, only the age is left. */
  if (!is_free && lock_reaches_all)
    return TM_ROOT_ENTRY_STATE_UNOWNED;

  return tm_locked_directory_mode_state (directory->name, status.st_mode, lock_reaches_all);
}

/*
 * tm_locked_directory_is_current:
 * @directory: a directory
 *
 * Returns: whether its name still stands for it; if not, with errno: `ENOENT` when it does not, or
 *   why that cannot be told
 */
gboolean
tm_locked_directory_is_current (TmLockedDirectory *directory)
{
  TmFileLook look;

  if (tm_dirfd_look (tm_parent_get_fd (directory->parent), directory->name, &look) < 0)
    return FALSE;

  if (!tm_file_identity_equal (look.identity, directory->identity))
    {
      errno = ENOENT;
      return FALSE;
    }

  return TRUE;
}

/* Whether the directory certainly lies in one like `/tmp` and is not ours to remove. */
gboolean
tm_locked_directory_is_left_to_its_owner (TmLockedDirectory *directory)
{
  return directory->is_left_to_its_owner;
}

/*
 * tm_locked_directory_may_be_removed:
 * @directory: a directory that is to be deleted
 *
 * Looks, before anything in it is deleted, whether the kernel leaves the directory to its owner, if
 * that cannot be known otherwise: by trying to remove it. The kernel asks for permission before it
 * looks whether a directory is empty.
 *
 * Returns: %FALSE when it is not ours to remove
 */
gboolean
tm_locked_directory_may_be_removed (TmLockedDirectory *directory)
{
  return !directory->needs_privilege ||
         tm_dirfd_remove (tm_parent_get_fd (directory->parent), directory->name) == 0 ||
         (errno != EACCES && errno != EPERM);
}

/* Whether opening it has changed its mode, and so its change time. */
gboolean
tm_locked_directory_has_repaired_mode (TmLockedDirectory *directory)
{
  return directory->repaired_mode != TM_DIRFD_MODE_UNTOUCHED;
}

/* As tm_dirfd_stat() of the directory: -1 with `EBADF` when its descriptor is ours no more. */
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
 * @directory: a directory of ours
 * @path: its path, for messages
 * @error: why the mark could not be taken away
 *
 * Takes the mark away, so that the directory is not held abandoned once it is released. Where there
 * is none, nothing is changed.
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
 * Makes it as old as it was when it was opened: what was deleted in it must not make it look used.
 * What another process has done in it since must, and does.
 */
void
tm_locked_directory_restore_times (TmLockedDirectory *directory)
{
  if (tm_dirfd_check (directory->fd, directory->identity) == 0)
    tm_restore_times (directory->fd, directory->times, directory->begin);
}

/*
 * tm_locked_directory_mark:
 * @directory: a directory from tm_locked_directory_open() that is to be deleted
 * @is_in_use: whether somebody else holds the lock
 *
 * Marks it, so that it counts as abandoned if it cannot be deleted now, once nobody uses it any
 * more. Where others may write to it the mark is none: that permission goes, but not while somebody
 * uses it.
 */
void
tm_locked_directory_mark (TmLockedDirectory *directory, gboolean is_in_use)
{
  struct stat status;
  mode_t mode;

  if (!tm_parent_is_local (directory->parent))
    return;

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

/* Whether the descriptor is ours, and not that of other code which closed ours by mistake. */
static gboolean
directory_may_close (TmLockedDirectory *directory)
{
  /* Released before its identity could be learnt: opened a moment ago. */
  gboolean is_new = directory->identity.inode == 0;

  return is_new || directory->is_removed ||
         tm_dirfd_check (directory->fd, directory->identity) == 0 || errno != EBADF;
}

/* Drops the lock and forgets the directory, which stays if it is still there. */
void
tm_locked_directory_release (TmLockedDirectory *directory)
{
  if (directory_may_close (directory))
    {
      /* Before the lock goes: the next cleaner is to find the mode that was there. */
      if (directory->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
        tm_dirfd_restore_mode (directory->fd, directory->left_mode, directory->repaired_mode);

      /* A child that was forked meanwhile has the descriptor too, and would keep the lock. What is
       * removed needs none. */
      if (directory->is_to_be_unlocked && !directory->is_removed)
        tm_dirfd_unlock (directory->fd);
      tm_dirfd_close (directory->fd);
    }

  if (directory->is_removed)
    tm_parent_unref_seen (directory->parent);
  else
    tm_parent_unref (directory->parent);
  g_free (directory->name);
  g_free (directory);
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
  /* If it cannot be learnt, it is that of no file. */
  tm_locked_directory_ensure_learnt (directory);
  return directory->identity;
}

/* The directory that it was created or found in, wherever that is by now. */
TmParent *
tm_locked_directory_get_parent (TmLockedDirectory *directory)
{
  return directory->parent;
}

/*
 * tm_locked_directory_unmarked_mode:
 * @directory: a directory of ours
 * @mode: its mode
 *
 * Takes the mark out of a mode: the sticky bit if we set it, also where group or others may write
 * by now and it does not look like the mark. When that permission is taken away, it would.
 *
 * Returns: the permission bits without the mark
 */
mode_t
tm_locked_directory_unmarked_mode (TmLockedDirectory *directory, mode_t mode)
{
  return mode & (directory->is_marked ? 07777 & ~TM_MARK : 07777);
}

/*
 * tm_locked_directory_mode_state:
 * @name: the name of a directory
 * @mode: its mode
 * @lock_reaches_all: whether everybody who could use it would be seen by its lock
 *
 * Returns: what that says of its owner when nobody here holds the lock. A mark that is seen where
 *   the lock does not reach is that of an owner on the machine where it does.
 */
TmRootEntryState
tm_locked_directory_mode_state (const char *name, mode_t mode, gboolean lock_reaches_all)
{
  if (!tm_mark_is_set (name, mode))
    return TM_ROOT_ENTRY_STATE_UNOWNED;

  return lock_reaches_all ? TM_ROOT_ENTRY_STATE_ABANDONED : TM_ROOT_ENTRY_STATE_LIVE;
}
