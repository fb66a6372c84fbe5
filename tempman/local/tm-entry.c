/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-entry-private.h"

#include "core/tm-name-private.h"
#include "local/tm-last-use-private.h"
#include "local/tm-lock-table-private.h"

#include <errno.h>

/* The state and the age of an entry of a local root, and its acquisition for deletion.
 *
 * A cleanup and a list both ask tm_policy_decide(), but have different rights: a cleanup keeps the
 * lock, decides again under it, and repairs a mode that denies access; a list releases the lock at
 * once and changes nothing. */

/* Whether the entry has an owner whose lock is not visible here. */
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

  /* Examine the root only where its mode decides: that takes a system call. */
  return tm_policy_excludes (policy, name, FALSE) ||
         (tm_policy_excludes (policy, name, TRUE) &&
          (tm_dirfd_stat (root_fd, &status) < 0 || (status.st_mode & S_IWOTH) != 0));
}

static gboolean
is_gone (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

/* Whether an entry that cannot be opened is kept without an error: it was deleted or replaced
 * meanwhile, is a mount point, or belongs to another user so that its lock cannot be tried. */
static gboolean
is_no_failure (int error_number)
{
  return is_gone (error_number) || error_number == EXDEV || error_number == EACCES;
}

/* Whether an attempt to delete the entry can succeed. Immutable and append-only directories are
 * kept, and directories of other users in which this process can remove nothing. Whether such a
 * directory is empty, a list cannot find out without setting its access time. */
static gboolean
may_be_deleted (int root_fd, const char *name, const struct statx *status)
{
  return (status->stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) == 0 &&
         (status->stx_uid == tm_dirfd_get_user () ||
          tm_dirfd_find_write_error (root_fd, name) == 0);
}

/* Finds the last use of an entry that has been opened and locked since its status @before.
 *
 * Opening it may have changed its mode, which sets the change time. Then the former change time
 * counts, since no other process has used the entry. Its content counts as just used, as for a
 * list, which cannot read it. Returns 0, or -1 with errno. */
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

/* As fail(), but an entry that does not exist any more is no failure. */
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
 * @verdict: (out caller-allocates): what is known of the entry; the reason is only valid if the
 *   entry is taken
 * @error_number: (out): why it failed
 *
 * Examines the times of an entry. Only if it is old or may be abandoned, opens and locks it, and
 * decides again under the lock, when no other process can start to use it.
 *
 * Returns: %TM_ENTRY_TAKEN for an entry to delete, %TM_ENTRY_FAILED if the decision is impossible
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

/* For a mount point, which a cleanup always keeps and whose times belong to another file system,
 * and for an entry that cannot be examined, which a cleanup cannot delete either. */
static void
set_unknown (TmVerdict *verdict, const TmPolicy *policy)
{
  *verdict = (TmVerdict){ .last_used = policy->age.now, .state = TM_ROOT_ENTRY_STATE_LIVE };
}

/* Finds the state of the entry by its lock, which is released at once, and whether a cleanup could
 * acquire it. Returns FALSE if the entry does not exist any more. */
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

  /* This user's directory, but its mode denies access. A cleanup changes the mode to try the lock.
   * The kernel's table shows most locks without that. */
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
 * @verdict: (out caller-allocates): whether a cleanup would delete the entry, and why
 *
 * Applies the policy to an entry and changes nothing. An entry that cannot be examined is kept by a
 * cleanup, too, and counts as live and just used, so that one such entry does not make the list
 * fail.
 *
 * Returns: %FALSE if it is not a directory, or does not exist any more
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
