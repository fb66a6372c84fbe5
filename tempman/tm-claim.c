/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-claim-struct-private.h"

#include "tm-mark-private.h"
#include "tm-privilege-private.h"
#include "tm-restore-private.h"

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
tm_claim_remember (TmClaim *claim, const struct stat *status)
{
  claim->begin = tm_restore_begin ();
  claim->identity = tm_file_identity (status);
  claim->times[0] = status->st_atim;
  claim->times[1] = status->st_mtim;
  claim->size = status->st_size;
}

TmClaim *
tm_claim_new (int fd, TmParent *parent, const char *name, mode_t repaired_mode)
{
  TmClaim *claim = g_new0 (TmClaim, 1);

  claim->fd = fd;
  claim->parent = tm_parent_ref (parent);
  claim->name = g_strdup (name);
  claim->repaired_mode = repaired_mode;
  claim->left_mode = repaired_mode | TM_DIRFD_MODE_USABLE;
  return claim;
}

gboolean
tm_claim_lock_is_unsupported (int error_number)
{
  return error_number == EOPNOTSUPP || error_number == ENOSYS || error_number == EINVAL;
}

/* Nothing is asked about it yet: most of what is opened is found to be live, and left. Takes @fd
 * over. */
static TmClaim *
claim_new_opened (TmParent *parent, const char *name, int fd, mode_t repaired_mode)
{
  return fd < 0 ? NULL : tm_claim_new (fd, parent, name, repaired_mode);
}

/* Returns 0, or -1 with errno. */
static int
claim_learn (TmClaim *claim, struct stat *status)
{
  if (tm_dirfd_stat (claim->fd, status) < 0)
    return -1;

  tm_claim_remember (claim, status);
  claim->needs_privilege = tm_privilege_is_needed (status, tm_parent_get_look (claim->parent));
  claim->is_left_to_its_owner = claim->needs_privilege && !tm_privilege_suffices (status);
  return 0;
}

/* Of one that may only have been opened. Returns 0, or -1 with errno. */
int
tm_claim_ensure_learnt (TmClaim *claim)
{
  struct stat status;

  return claim->identity.inode != 0 ? 0 : claim_learn (claim, &status);
}

/*
 * tm_claim_open:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens a directory of somebody else to lock it and delete it. Neither access nor modification time
 * change. If it is ours and its mode bars us from it, the mode is repaired until it is released.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmClaim *
tm_claim_open (TmParent *parent, const char *name)
{
  mode_t repaired_mode;
  int fd = tm_dirfd_open_child (tm_parent_get_fd (parent), name, O_NOATIME, &repaired_mode);

  return claim_new_opened (parent, name, fd, repaired_mode);
}

/*
 * tm_claim_look_into:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens a directory of somebody else to look at its lock, and changes nothing about it. Who locks
 * it has to release it at once.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmClaim *
tm_claim_look_into (TmParent *parent, const char *name)
{
  return claim_new_opened (parent, name, tm_dirfd_look_into (tm_parent_get_fd (parent), name),
                           TM_DIRFD_MODE_UNTOUCHED);
}

/* Takes the exclusive lock. Returns 0, or -1 with errno: `EWOULDBLOCK` when an owner has a lock. */
static int
lock_exclusively (TmClaim *claim)
{
  int result;

  for (guint i = 0;; i++)
    {
      if (tm_dirfd_lock (claim->fd, LOCK_EX) == 0)
        {
          claim->is_to_be_unlocked = TRUE;
          return 0;
        }
      if (errno != EWOULDBLOCK)
        return -1;

      /* The lock of an owner is a shared one. Only another cleaner or list, which is done in a
       * moment, keeps us from getting such a one as well. */
      if (tm_dirfd_lock (claim->fd, LOCK_SH) == 0)
        break;
      if (errno != EWOULDBLOCK || i == TM_CLAIM_MAX_LOCK_ATTEMPTS)
        return -1;
      g_usleep (TM_CLAIM_LOCK_RETRY_MICROSECONDS);
    }

  /* Nobody has the exclusive lock. The one that had it may have been done between our two calls. If
   * the conversion fails, ours is lost, which is all we want; but a lock that a server keeps may
   * stay. */
  result = tm_dirfd_lock (claim->fd, LOCK_EX);
  claim->is_to_be_unlocked = result == 0 || !tm_parent_is_local (claim->parent);
  return result;
}

/*
 * tm_claim_is_free:
 * @claim: a directory from tm_claim_open() or tm_claim_look_into()
 *
 * Tries to get the exclusive lock, which is held until the release if it was free.
 *
 * Returns: whether it was, or there are no locks here; any other failure says: keep
 */
gboolean
tm_claim_is_free (TmClaim *claim)
{
  return lock_exclusively (claim) == 0 || tm_claim_lock_is_unsupported (errno);
}

/*
 * tm_claim_try_lock:
 * @claim: a directory from tm_claim_open() or tm_claim_look_into()
 * @takes_live: whether it may be taken although it is live
 *
 * Tries to get the exclusive lock, which is held until the release if it was free.
 *
 * Returns: what that says of the owner; if that is %TM_ENTRY_STATE_LIVE, without @takes_live the
 *   claim can only be released
 */
TmEntryState
tm_claim_try_lock (TmClaim *claim, gboolean takes_live)
{
  gboolean lock_reaches_all = tm_parent_is_local (claim->parent);
  gboolean is_free = lock_exclusively (claim) == 0;
  gboolean has_locks = is_free || !tm_claim_lock_is_unsupported (errno);
  struct stat status;

  if (!is_free && has_locks && !takes_live)
    return TM_ENTRY_STATE_LIVE;

  if (claim_learn (claim, &status) < 0)
    {
      claim->is_left_to_its_owner = TRUE;
      return TM_ENTRY_STATE_LIVE;
    }

  if (!is_free && has_locks)
    return TM_ENTRY_STATE_LIVE;

  /* Where there are no locks, only the age is left. */
  if (!is_free && lock_reaches_all)
    return TM_ENTRY_STATE_UNOWNED;

  return tm_claim_mode_state (claim->name, status.st_mode, lock_reaches_all);
}

/*
 * tm_claim_is_current:
 * @claim: a directory
 *
 * Returns: whether its name still stands for it; if not, with errno: `ENOENT` when it does not, or
 *   why that cannot be told
 */
gboolean
tm_claim_is_current (TmClaim *claim)
{
  TmFileLook look;

  if (tm_dirfd_look (tm_parent_get_fd (claim->parent), claim->name, &look) < 0)
    return FALSE;

  if (!tm_file_identity_equal (look.identity, claim->identity))
    {
      errno = ENOENT;
      return FALSE;
    }

  return TRUE;
}

/* Whether the directory certainly lies in one like `/tmp` and is not ours to remove. */
gboolean
tm_claim_is_left_to_its_owner (TmClaim *claim)
{
  return claim->is_left_to_its_owner;
}

/*
 * tm_claim_may_be_removed:
 * @claim: a directory that is to be deleted
 *
 * Looks, before anything in it is deleted, whether the kernel leaves the directory to its owner, if
 * that cannot be known otherwise: by trying to remove it. The kernel asks for permission before it
 * looks whether a directory is empty.
 *
 * Returns: %FALSE when it is not ours to remove
 */
gboolean
tm_claim_may_be_removed (TmClaim *claim)
{
  return !claim->needs_privilege ||
         tm_dirfd_remove (tm_parent_get_fd (claim->parent), claim->name) == 0 ||
         (errno != EACCES && errno != EPERM);
}

/* Whether opening it has changed its mode, and so its change time. */
gboolean
tm_claim_has_repaired_mode (TmClaim *claim)
{
  return claim->repaired_mode != TM_DIRFD_MODE_UNTOUCHED;
}

/* As tm_dirfd_stat() of the directory: -1 with `EBADF` when its descriptor is ours no more. */
int
tm_claim_stat (TmClaim *claim, struct stat *status)
{
  if (tm_dirfd_stat (claim->fd, status) < 0)
    return -1;

  if (!tm_file_identity_equal (tm_file_identity (status), claim->identity))
    {
      errno = EBADF;
      return -1;
    }

  return 0;
}

/*
 * tm_claim_disown:
 * @claim: a directory of ours
 * @path: its path, for messages
 * @error: why the mark could not be taken away
 *
 * Takes the mark away, so that the directory is not held abandoned once it is released. Where there
 * is none, nothing is changed.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_claim_disown (TmClaim *claim, const char *path, GError **error)
{
  struct stat status;

  if (tm_claim_stat (claim, &status) < 0 ||
      tm_dirfd_set_mode (claim->fd, status.st_mode,
                         tm_claim_unmarked_mode (claim, status.st_mode)) < 0)
    {
      tm_dirfd_set_error (error, "Keeping the temporary directory", path, errno);
      return FALSE;
    }

  return TRUE;
}

/*
 * tm_claim_restore_times:
 * @claim: a directory from tm_claim_open() that could not be deleted
 *
 * Makes it as old as it was when it was opened: what was deleted in it must not make it look used.
 * What another process has done in it since must, and does.
 */
void
tm_claim_restore_times (TmClaim *claim)
{
  if (tm_dirfd_check (claim->fd, claim->identity) == 0)
    tm_restore_times (claim->fd, claim->times, claim->begin);
}

/*
 * tm_claim_mark:
 * @claim: a directory from tm_claim_open() that is to be deleted
 * @is_in_use: whether somebody else holds the lock
 *
 * Marks it, so that it counts as abandoned if it cannot be deleted now, once nobody uses it any
 * more. Where others may write to it the mark is none: that permission goes, but not while somebody
 * uses it.
 */
void
tm_claim_mark (TmClaim *claim, gboolean is_in_use)
{
  struct stat status;
  mode_t mode;

  if (!tm_parent_is_local (claim->parent))
    return;

  if (is_in_use && claim->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
    {
      if (tm_mark_is_set (tm_claim_get_name (claim), claim->repaired_mode | TM_MARK))
        claim->repaired_mode |= TM_MARK;
      return;
    }

  if (tm_claim_stat (claim, &status) < 0)
    return;

  mode = (status.st_mode & 07777) | TM_MARK;
  if (!is_in_use)
    mode &= (mode_t) ~(S_IWGRP | S_IWOTH);

  if (tm_mark_is_set (tm_claim_get_name (claim), mode) &&
      tm_dirfd_set_mode (claim->fd, status.st_mode, mode) == 0)
    claim->repaired_mode = TM_DIRFD_MODE_UNTOUCHED;
}

/* Whether the descriptor is ours, and not that of other code which closed ours by mistake. */
static gboolean
claim_may_close (TmClaim *claim)
{
  /* Released before its identity could be learnt: opened a moment ago. */
  gboolean is_new = claim->identity.inode == 0;

  return is_new || claim->is_removed || tm_dirfd_check (claim->fd, claim->identity) == 0 ||
         errno != EBADF;
}

/* Drops the lock and forgets the directory, which stays if it is still there. */
void
tm_claim_release (TmClaim *claim)
{
  if (claim_may_close (claim))
    {
      /* Before the lock goes: the next cleaner is to find the mode that was there. */
      if (claim->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
        tm_dirfd_restore_mode (claim->fd, claim->left_mode, claim->repaired_mode);

      /* A child that was forked meanwhile has the descriptor too, and would keep the lock. What is
       * removed needs none. */
      if (claim->is_to_be_unlocked && !claim->is_removed)
        tm_dirfd_unlock (claim->fd);
      tm_dirfd_close (claim->fd);
    }

  if (claim->is_removed)
    tm_parent_unref_seen (claim->parent);
  else
    tm_parent_unref (claim->parent);
  g_free (claim->name);
  g_free (claim);
}

int
tm_claim_get_fd (TmClaim *claim)
{
  return claim->fd;
}

const char *
tm_claim_get_name (TmClaim *claim)
{
  return claim->name;
}

TmFileIdentity
tm_claim_get_identity (TmClaim *claim)
{
  /* If it cannot be learnt, it is that of no file. */
  tm_claim_ensure_learnt (claim);
  return claim->identity;
}

/* The directory that it was created or found in, wherever that is by now. */
TmParent *
tm_claim_get_parent (TmClaim *claim)
{
  return claim->parent;
}

/*
 * tm_claim_unmarked_mode:
 * @claim: a directory of ours
 * @mode: its mode
 *
 * Takes the mark out of a mode: the sticky bit if we set it, also where group or others may write
 * by now and it does not look like the mark. When that permission is taken away, it would.
 *
 * Returns: the permission bits without the mark
 */
mode_t
tm_claim_unmarked_mode (TmClaim *claim, mode_t mode)
{
  return mode & (claim->is_marked ? 07777 & ~TM_MARK : 07777);
}

/*
 * tm_claim_mode_state:
 * @name: the name of a directory
 * @mode: its mode
 * @lock_reaches_all: whether everybody who could use it would be seen by its lock
 *
 * Returns: what that says of its owner when nobody here holds the lock. A mark that is seen where
 *   the lock does not reach is that of an owner on the machine where it does.
 */
TmEntryState
tm_claim_mode_state (const char *name, mode_t mode, gboolean lock_reaches_all)
{
  if (!tm_mark_is_set (name, mode))
    return TM_ENTRY_STATE_UNOWNED;

  return lock_reaches_all ? TM_ENTRY_STATE_ABANDONED : TM_ENTRY_STATE_LIVE;
}
