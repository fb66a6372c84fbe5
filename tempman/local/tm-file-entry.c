/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-file-entry-private.h"

#include "core/tm-name-private.h"
#include "local/tm-last-use-private.h"
#include "local/tm-privilege-private.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>

/* The entries of a root that are not directories, for roots that include them.
 *
 * They have no owner and no mark. A regular file on which a process holds a BSD lock is live; no
 * other file is opened. A file cannot be removed by descriptor: it is moved to a name that no other
 * process knows, and removed there if it is still the same file and was not written to. A program
 * that replaces a file at that moment, as with a rename, loses nothing. The lock is held meanwhile:
 * a program that gets it has a file that stays. */

static gboolean
is_gone (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

/* Whether a process holds a lock or a lease on the file. @lock_fd: (out): a descriptor with the
 * lock, or -1 if the file is not opened. Returns the reason to keep it. */
static TmKeepReason
find_lock (int root_fd, const char *name, const TmFileStatus *status, int *lock_fd)
{
  if (!S_ISREG (status->mode))
    return TM_KEEP_REASON_NONE;

  *lock_fd = tm_dirfd_open_file (root_fd, name);
  if (*lock_fd < 0)
    {
      /* Reading the table of locks changes errno. */
      int errsv = errno;

      if (is_gone (errsv))
        return TM_KEEP_REASON_VANISHED;
      /* A file that this user may not open can be deleted, but its lock cannot be tried. */
      if (errsv == EWOULDBLOCK || tm_kernel_knows_lock (status->identity))
        return TM_KEEP_REASON_LIVE;
      return errsv == EACCES && status->owner == tm_dirfd_get_user () ? TM_KEEP_REASON_NONE
                                                                      : TM_KEEP_REASON_NO_LOCK;
    }

  if (tm_dirfd_check (*lock_fd, status->identity) < 0)
    return TM_KEEP_REASON_VANISHED;
  return tm_dirfd_lock (*lock_fd, LOCK_EX) < 0 && errno == EWOULDBLOCK ? TM_KEEP_REASON_LIVE
                                                                       : TM_KEEP_REASON_NONE;
}

/* A child that was forked meanwhile has a copy of the descriptor, and would keep the lock. */
static void
release_lock (int lock_fd)
{
  if (lock_fd >= 0)
    tm_dirfd_unlock (lock_fd);
  tm_dirfd_close (lock_fd);
}

/* Returns why this user cannot remove the file. */
static TmKeepReason
find_obstacle (TmParent *root, const char *name, const TmFileStatus *status)
{
  struct stat owner;

  if (status->is_fixed)
    return TM_KEEP_REASON_IMMUTABLE;

  if (tm_dirfd_stat_child (tm_parent_get_fd (root), name, &owner) == 0 &&
      tm_privilege_is_needed (&owner, tm_parent_get_status (root)) &&
      !tm_privilege_suffices (&owner))
    return TM_KEEP_REASON_OTHER_USER;

  return TM_KEEP_REASON_NONE;
}

static void
keep (TmVerdict *verdict, TmKeepReason reason)
{
  verdict->reason = TM_REMOVAL_REASON_NONE;
  verdict->keep_reason = reason;
}

static GFileType
get_file_type (mode_t mode)
{
  if (S_ISREG (mode))
    return G_FILE_TYPE_REGULAR;
  return S_ISLNK (mode) ? G_FILE_TYPE_SYMBOLIC_LINK : G_FILE_TYPE_SPECIAL;
}

/* Applies the policy. @lock_fd: (out): a descriptor with the lock of the file, or -1. Returns FALSE
 * with errno if the file cannot be examined. */
static gboolean
decide (const TmPolicy *policy,
        TmParent *root,
        const char *name,
        gboolean is_list,
        TmFileStatus *status,
        int *lock_fd,
        TmVerdict *verdict)
{
  int root_fd = tm_parent_get_fd (root);
  TmKeepReason reason;

  *lock_fd = -1;
  *verdict = (TmVerdict){
    .last_used = policy->age.now,
    .size = -1,
    .heartbeat_age = -1,
    .state = TM_ROOT_ENTRY_STATE_UNOWNED,
    .keep_reason = TM_KEEP_REASON_UNKNOWN,
  };
  if (tm_dirfd_stat_times (root_fd, name, policy->is_shared, status) < 0)
    {
      if (errno != EXDEV && !is_gone (errno))
        return FALSE;
      keep (verdict, errno == EXDEV ? TM_KEEP_REASON_MOUNT_POINT : TM_KEEP_REASON_VANISHED);
      return TRUE;
    }
  if (S_ISDIR (status->mode))
    {
      keep (verdict, TM_KEEP_REASON_VANISHED);
      return TRUE;
    }

  verdict->type = get_file_type (status->mode);
  verdict->times = status->times;
  verdict->last_used = tm_age_rule_own_last_use (&policy->age, &verdict->times);
  tm_policy_decide (policy, verdict);
  /* Only a list shows the state of an entry that is young anyway. */
  if (verdict->reason == TM_REMOVAL_REASON_NONE && !is_list)
    return TRUE;

  reason = tm_entry_find_exclusion (policy, root_fd, name);
  if (reason == TM_KEEP_REASON_NONE)
    reason = find_lock (root_fd, name, status, lock_fd);
  if (reason == TM_KEEP_REASON_LIVE || reason == TM_KEEP_REASON_NO_LOCK)
    {
      verdict->state = TM_ROOT_ENTRY_STATE_LIVE;
      verdict->live_reason = reason;
      if (tm_policy_expires_live (policy) && reason == TM_KEEP_REASON_LIVE)
        reason = TM_KEEP_REASON_NONE;
    }
  if (reason == TM_KEEP_REASON_NONE)
    reason = find_obstacle (root, name, status);
  if (reason != TM_KEEP_REASON_NONE)
    keep (verdict, reason);
  return TRUE;
}

/* Whether a file system does not know the flags of rename, or has no hard links. */
static gboolean
is_unsupported (int error_number)
{
  return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP ||
         error_number == EPERM;
}

static int
move_aside (int root_fd, const char *name, const char *aside)
{
  if (tm_dirfd_rename (root_fd, name, root_fd, aside, TM_RENAME_NO_REPLACE) == 0)
    return 0;

  /* Without flags of rename: no other file has the new name anyway. */
  return is_unsupported (errno) ? tm_dirfd_rename (root_fd, name, root_fd, aside, TM_RENAME_REPLACE)
                                : -1;
}

/* Gives a file its name back. If yet another file has the name by now, this one stays where it is,
 * and expires. */
static void
move_back (int root_fd, const char *aside, const char *name)
{
  struct stat status;

  if (tm_dirfd_rename (root_fd, aside, root_fd, name, TM_RENAME_NO_REPLACE) == 0 ||
      !is_unsupported (errno))
    return;

  /* Without flags of rename: a link never replaces a file. */
  if (tm_dirfd_link (root_fd, aside, name) == 0)
    tm_dirfd_unlink (root_fd, aside);
  else if (is_unsupported (errno) && tm_dirfd_stat_child (root_fd, name, &status) < 0 &&
           errno == ENOENT)
    tm_dirfd_rename (root_fd, aside, root_fd, name, TM_RENAME_REPLACE);
}

static gboolean
is_unchanged (const TmFileStatus *found, const TmFileStatus *status)
{
  return tm_file_identity_equal (found->identity, status->identity) &&
         tm_timestamp_equal (found->times.modified, status->times.modified);
}

/* Moves the file to a name of its own and removes it there. Returns 0, or -1 with errno: `ESTALE`
 * if it is another file by now, or was written to, and has its name back. */
static int
remove_verified (int root_fd, const char *name, const TmFileStatus *status)
{
  g_autofree char *aside = tm_name_new (TM_NAME_PREFIX_REMOVED, "", TM_NAME_LOCKED);
  TmFileStatus found;

  if (aside == NULL || move_aside (root_fd, name, aside) < 0)
    return -1;

  if (tm_dirfd_get_child_status (root_fd, aside, &found) == 0 && is_unchanged (&found, status))
    return tm_dirfd_unlink (root_fd, aside);

  move_back (root_fd, aside, name);
  errno = ESTALE;
  return -1;
}

/*
 * tm_file_entry_remove:
 * @policy: the policy of the cleanup
 * @root: the directory of the root
 * @name: the name of an entry that is not a directory
 * @verdict: (out caller-allocates): what is known of it, and why it is removed or kept
 * @error_number: (out): why it failed
 *
 * Removes the entry unless the policy keeps it.
 *
 * Returns: %TM_ENTRY_ACQUIRED if it is removed
 */
TmEntryResult
tm_file_entry_remove (const TmPolicy *policy,
                      TmParent *root,
                      const char *name,
                      TmVerdict *verdict,
                      int *error_number)
{
  TmFileStatus status;
  int lock_fd;
  int errsv = 0;

  if (!decide (policy, root, name, FALSE, &status, &lock_fd, verdict))
    {
      *error_number = errno;
      return TM_ENTRY_FAILED;
    }

  if (verdict->reason != TM_REMOVAL_REASON_NONE &&
      remove_verified (tm_parent_get_fd (root), name, &status) < 0)
    errsv = errno;
  release_lock (lock_fd);

  if (verdict->reason == TM_REMOVAL_REASON_NONE)
    return TM_ENTRY_KEPT;
  if (errsv == 0)
    return TM_ENTRY_ACQUIRED;

  if (is_gone (errsv) || errsv == ESTALE)
    {
      keep (verdict, TM_KEEP_REASON_VANISHED);
      return TM_ENTRY_KEPT;
    }

  *error_number = errsv;
  return TM_ENTRY_FAILED;
}

/*
 * tm_file_entry_examine:
 * @policy: the policy of the cleanup
 * @root: the directory of the root
 * @name: the name of an entry that is not a directory
 * @verdict: (out caller-allocates): whether a cleanup would remove it, and why
 *
 * Applies the policy and changes nothing.
 *
 * Returns: %FALSE if it is a directory, or does not exist any more
 */
gboolean
tm_file_entry_examine (const TmPolicy *policy, TmParent *root, const char *name, TmVerdict *verdict)
{
  TmFileStatus status;
  int lock_fd;

  if (!decide (policy, root, name, TRUE, &status, &lock_fd, verdict))
    verdict->live_reason = TM_KEEP_REASON_UNKNOWN;
  release_lock (lock_fd);
  if (verdict->keep_reason == TM_KEEP_REASON_VANISHED)
    return FALSE;

  if (policy->removal_error != 0)
    keep (verdict, TM_KEEP_REASON_ROOT);
  return TRUE;
}
