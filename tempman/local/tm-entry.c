/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-entry-private.h"

#include "core/tm-name-private.h"
#include "local/tm-last-use-private.h"
#include "local/tm-lock-table-private.h"

#include <errno.h>

/* An entry of a local root: finding out its state and its age, and taking it.
 *
 * A cleanup and a list both ask tm_policy_decide(). They differ in what they may do to find out: a
 * cleanup keeps the lock, decides again under it, and repairs a mode that bars it from looking; a
 * list releases the lock at once and changes nothing. */

/* Whether the entry has an owner whose lock cannot be seen from here. */
static gboolean
has_unseen_owner (const TmPolicy *policy, const char *name, mode_t mode)
{
  return !policy->lock_reaches_all && !tm_policy_expires_live (policy) &&
         tm_mark_is_set (name, mode);
}

static gboolean
is_excluded (const TmPolicy *policy, int root_fd, const char *name)
{
  struct stat status;

  /* A look at the root costs a system call: only where it decides. */
  return tm_policy_excludes (policy, name, FALSE) ||
         (tm_policy_excludes (policy, name, TRUE) &&
          (tm_dirfd_stat (root_fd, &status) < 0 || (status.st_mode & S_IWOTH) != 0));
}

static gboolean
is_gone (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

/* Of what cannot be opened: gone or exchanged meanwhile; a mount point, never taken; or somebody
 * else's, whose lock cannot be tried. */
static gboolean
is_no_failure (int error_number)
{
  return is_gone (error_number) || error_number == EXDEV || error_number == EACCES;
}

/* Whether it makes sense to delete the entry, which has @status. A directory that is immutable or
 * append-only is kept; so is a directory of another user in which nothing may be removed. Whether
 * that one is empty, a list cannot find out without setting its access time. */
static gboolean
may_be_deleted (int root_fd, const char *name, const struct statx *status)
{
  return (status->stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) == 0 &&
         (status->stx_uid == tm_dirfd_get_user () ||
          tm_dirfd_find_write_error (root_fd, name) == 0);
}

/* Finds out when an entry was last used that has been opened and locked since it was first looked
 * at, in @before.
 *
 * Opening it may have changed its mode, which sets the change time: then the former one counts, for
 * nobody has used the entry. Its content counts as just used then, as it does for a list, which
 * cannot look into it. Returns 0, or -1 with errno. */
static int
find_last_use_again (const TmPolicy *policy,
                     TmLockedDirectory *directory,
                     const struct statx *before,
                     GCancellable *cancellable,
                     TmTimestamp *last_used)
{
  int fd = tm_locked_directory_get_fd (directory);
  struct statx status;

  if (tm_dirfd_stat_times (fd, "", FALSE, &status) < 0)
    return -1;

  if (tm_locked_directory_has_repaired_mode (directory) && status.stx_ino == before->stx_ino &&
      status.stx_dev_major == before->stx_dev_major &&
      status.stx_dev_minor == before->stx_dev_minor)
    {
      status.stx_ctime = before->stx_ctime;
      if (policy->age.basis == TM_AGE_BASIS_NEWEST_CONTENT)
        {
          *last_used = policy->age.now;
          return 0;
        }
    }

  return tm_last_use_find (&policy->age, fd, "", &status, FALSE, cancellable, last_used);
}

static TmEntryResult
fail (int *error_number, int errsv)
{
  *error_number = errsv;
  return TM_ENTRY_FAILED;
}

/* As fail(), unless the entry has vanished. */
static TmEntryResult
fail_unless_gone (int *error_number, int errsv)
{
  return is_gone (errsv) ? TM_ENTRY_KEPT : fail (error_number, errsv);
}

/*
 * tm_entry_take:
 * @policy: the policy of the cleanup
 * @root: the directory of the root
 * @name: the name of an entry
 * @cancellable: (nullable): looked at while the content is looked at
 * @taken: (out) (transfer full) (nullable): the entry, locked
 * @verdict: (out caller-allocates): what is known of the entry; the reason unless it is taken is
 *   of no importance
 * @error_number: (out): why it failed
 *
 * Looks at the times of an entry and, only if it is old or could be abandoned, opens and locks it
 * and decides again now that no other process can start to use it.
 *
 * Returns: %TM_ENTRY_TAKEN for an entry that is to be deleted, %TM_ENTRY_FAILED when it cannot be
 *   known whether it is
 */
TmEntryResult
tm_entry_take (const TmPolicy *policy,
               TmParent *root,
               const char *name,
               GCancellable *cancellable,
               TmLockedDirectory **taken,
               TmVerdict *verdict,
               int *error_number)
{
  int root_fd = tm_parent_get_fd (root);
  g_autoptr (TmLockedDirectory) directory = NULL;
  struct statx status;

  *verdict = (TmVerdict){ .last_used = policy->age.now };

  if (is_excluded (policy, root_fd, name))
    return TM_ENTRY_KEPT;
  if (tm_dirfd_stat_times (root_fd, name, policy->age.is_shared, &status) < 0)
    return errno == EXDEV ? TM_ENTRY_KEPT : fail_unless_gone (error_number, errno);
  if (!S_ISDIR (status.stx_mode) || has_unseen_owner (policy, name, status.stx_mode))
    return TM_ENTRY_KEPT;

  verdict->times = tm_times_from_statx (&status);
  verdict->last_used = tm_age_rule_own_last_use (&policy->age, &verdict->times);

  if (!tm_policy_reclaims (policy) || !tm_mark_is_set (name, status.stx_mode))
    {
      if (tm_last_use_find (&policy->age, root_fd, name, &status, FALSE, cancellable,
                            &verdict->last_used) < 0)
        return fail_unless_gone (error_number, errno);
      if (!tm_age_rule_is_expired (&policy->age, verdict->last_used))
        return TM_ENTRY_KEPT;
    }

  if (!may_be_deleted (root_fd, name, &status))
    return TM_ENTRY_KEPT;

  directory = tm_locked_directory_open (root, name);
  if (directory == NULL)
    return is_no_failure (errno) ? TM_ENTRY_KEPT : fail (error_number, errno);

  verdict->state = tm_locked_directory_try_lock (directory, tm_policy_expires_live (policy));
  if (tm_policy_depends_on_age (policy, verdict->state) &&
      find_last_use_again (policy, directory, &status, cancellable, &verdict->last_used) < 0)
    return fail (error_number, errno);

  verdict->reason = tm_policy_decide (policy, verdict->state, verdict->last_used);
  if (verdict->reason == TM_REMOVAL_REASON_NONE ||
      tm_locked_directory_is_left_to_its_owner (directory))
    return TM_ENTRY_KEPT;
  if (!tm_locked_directory_is_current (directory))
    return fail_unless_gone (error_number, errno);
  if (!tm_locked_directory_may_be_removed (directory))
    return TM_ENTRY_KEPT;

  *taken = g_steal_pointer (&directory);
  return TM_ENTRY_TAKEN;
}

/* Of a mount point, which a cleanup never takes and whose times are those of another file system;
 * and of an entry that cannot even be looked at, which a cleanup cannot take either. */
static void
set_unknown (TmVerdict *verdict, const TmPolicy *policy)
{
  *verdict = (TmVerdict){ .last_used = policy->age.now, .state = TM_ROOT_ENTRY_STATE_LIVE };
}

/* Finds out who uses the entry by its lock, which is let go at once, and whether a cleanup could
 * have taken it. Returns FALSE when it is gone. */
static gboolean
look_at_lock (const TmPolicy *policy,
              TmParent *root,
              const char *name,
              const struct statx *status,
              TmRootEntryState *state,
              gboolean *can_be_taken)
{
  g_autoptr (TmLockedDirectory) directory = tm_locked_directory_open_unchanged (root, name);

  if (directory != NULL)
    {
      *state = tm_locked_directory_try_lock (directory, tm_policy_expires_live (policy));
      *can_be_taken = !tm_locked_directory_is_left_to_its_owner (directory);
      return TRUE;
    }

  if (is_gone (errno))
    return FALSE;

  /* Ours, but its mode bars us from it. A cleanup changes the mode to try the lock; the kernel
   * tells of most locks without that. */
  *can_be_taken = errno == EACCES && status->stx_uid == tm_dirfd_get_user ();
  *state = *can_be_taken && !tm_lock_table_has (status)
               ? tm_locked_directory_mode_state (name, status->stx_mode, policy->lock_reaches_all)
               : TM_ROOT_ENTRY_STATE_LIVE;
  return TRUE;
}

/*
 * tm_entry_examine:
 * @policy: the policy of the cleanup
 * @root: the directory of the root
 * @name: the name of an entry
 * @cancellable: (nullable): looked at while the content is looked at
 * @verdict: (out caller-allocates): what a cleanup would do with it, and why
 *
 * Judges an entry and changes nothing about it. What cannot be looked at stays in a cleanup too,
 * and counts as in use, just now: one of them is no reason to say nothing of the others.
 *
 * Returns: %FALSE when it is no directory, or none any more
 */
gboolean
tm_entry_examine (const TmPolicy *policy,
                  TmParent *root,
                  const char *name,
                  GCancellable *cancellable,
                  TmVerdict *verdict)
{
  int root_fd = tm_parent_get_fd (root);
  gboolean has_age, can_be_taken;
  struct statx status;

  if (tm_dirfd_stat_times (root_fd, name, policy->age.is_shared, &status) < 0)
    {
      set_unknown (verdict, policy);
      return !is_gone (errno) && (status.stx_mode == 0 || S_ISDIR (status.stx_mode));
    }

  if (!S_ISDIR (status.stx_mode))
    return FALSE;

  has_age = tm_last_use_find (&policy->age, root_fd, name, &status, TRUE, cancellable,
                              &verdict->last_used) == 0;
  if (!look_at_lock (policy, root, name, &status, &verdict->state, &can_be_taken))
    return FALSE;

  verdict->times = tm_times_from_statx (&status);
  verdict->reason = policy->removal_error == 0 &&
                            (has_age || !tm_policy_depends_on_age (policy, verdict->state)) &&
                            can_be_taken && !is_excluded (policy, root_fd, name) &&
                            may_be_deleted (root_fd, name, &status)
                        ? tm_policy_decide (policy, verdict->state, verdict->last_used)
                        : TM_REMOVAL_REASON_NONE;
  return TRUE;
}
