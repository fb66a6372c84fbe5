/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-entry-private.h"

#include "core/tm-limits-private.h"
#include "core/tm-name-private.h"
#include "local/tm-last-use-private.h"
#include "local/tm-measure-private.h"

#include <errno.h>

/* The state and the age of an entry of a local root, and its acquisition for deletion.
 *
 * A cleanup and a list both ask tm_policy_decide(), but have different rights: a cleanup keeps the
 * lock, decides again under it, and repairs a mode that denies access; a list releases the lock at
 * once and changes nothing. */

/* Returns when the request for the status of an entry begins, on the monotonic clock. Most entries
 * cannot have a heartbeat, and need no look at the clock. */
static gint64
begin_request (TmNameKind kind)
{
  return tm_name_may_have_heartbeat (kind) ? g_get_monotonic_time () : 0;
}

/* Reads what the name, the mode and the heartbeat of an entry tell of its owner. The lock is only
 * tried if they do not show that the owner lives. @asked_at: from begin_request() */
static TmOwnerSigns
read_signs (const TmPolicy *policy,
            const char *name,
            TmNameKind kind,
            const TmFileStatus *status,
            gint64 asked_at)
{
  TmOwnerSigns signs = { .name = kind, .mode = status->mode };

  if (tm_policy_needs_heartbeat (policy, kind, signs.mode))
    signs.heartbeat = tm_watch_look_at (
        policy->watch, name, status->times.modified, asked_at, policy->age.now, policy->lease,
        tm_policy_could_remove (policy, name,
                                tm_age_rule_own_last_use (&policy->age, &status->times)));
  return signs;
}

static double
get_heartbeat_age (const TmPolicy *policy, const TmOwnerSigns *signs)
{
  return tm_policy_needs_heartbeat (policy, signs->name, signs->mode)
             ? MAX (signs->heartbeat.age, 0)
             : -1;
}

/* Returns why the name of the entry keeps it. */
TmKeepReason
tm_entry_find_exclusion (const TmPolicy *policy, int root_fd, const char *name)
{
  TmKeepReason reason = tm_policy_find_exclusion (policy, name, TRUE);
  struct stat status;

  /* Examine the root only where its mode decides: that takes a system call. */
  if (reason == TM_KEEP_REASON_WELL_KNOWN && tm_dirfd_stat (root_fd, &status) == 0 &&
      (status.st_mode & S_IWOTH) == 0)
    return TM_KEEP_REASON_NONE;

  return reason;
}

static gboolean
is_gone (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

/* Returns why an entry that cannot be opened is kept without an error: it was deleted or replaced
 * meanwhile, is a mount point, or belongs to another user so that its lock cannot be tried. For any
 * other error returns %TM_KEEP_REASON_NONE. */
static TmKeepReason
get_keep_reason (int error_number)
{
  if (is_gone (error_number))
    return TM_KEEP_REASON_VANISHED;

  switch (error_number)
    {
    case EXDEV:
      return TM_KEEP_REASON_MOUNT_POINT;
    case EACCES:
      return TM_KEEP_REASON_NO_LOCK;
    default:
      return TM_KEEP_REASON_NONE;
    }
}

/* Returns why an attempt to delete the entry cannot succeed. Immutable and append-only directories
 * are kept, and directories of other users in which this process can remove nothing. Whether such a
 * directory is empty, a list cannot find out without setting its access time. */
static TmKeepReason
find_obstacle (int root_fd, const char *name, const TmFileStatus *status)
{
  if (status->is_fixed)
    return TM_KEEP_REASON_IMMUTABLE;

  return status->owner == tm_dirfd_get_user () || tm_dirfd_find_write_error (root_fd, name) == 0
             ? TM_KEEP_REASON_NONE
             : TM_KEEP_REASON_NO_PERMISSION;
}

/* Finds the last use of an entry that has been opened and locked since its status @before.
 *
 * Opening it may have changed its mode, which sets the change time. Then the former change time
 * counts, since no other process has used the entry. Its content counts as just used, as for a
 * list, which cannot read it. Returns 0, or -1 with errno. */
static int
find_last_use_again (const TmPolicy *policy,
                     TmLockedDirectory *directory,
                     const TmFileStatus *before,
                     GCancellable *cancellable,
                     TmTimestamp *last_used)
{
  int fd = tm_locked_directory_get_fd (directory);
  TmFileStatus status;

  if (tm_dirfd_stat_times (fd, "", policy->is_shared, &status) < 0)
    return -1;

  if (tm_locked_directory_has_repaired_mode (directory) &&
      tm_file_identity_equal (status.identity, before->identity))
    {
      status.times.changed = before->times.changed;
      if (policy->age.basis == TM_AGE_BASIS_NEWEST_CONTENT)
        {
          *last_used = policy->age.now;
          return 0;
        }
    }

  return tm_last_use_find (&policy->age, fd, "", &status,
                           policy->eviction != TM_REMOVAL_REASON_NONE, cancellable, last_used);
}

/* Finds the state of an entry by its lock, and looks at its heartbeat once more: the owner may have
 * made a beat since the status @before. Returns 0, or -1 with errno. */
static int
find_state_under_lock (const TmPolicy *policy,
                       TmLockedDirectory *directory,
                       TmOwnerSigns *signs,
                       TmVerdict *verdict)
{
  TmFileStatus status;

  if (tm_locked_directory_try_lock (directory, tm_policy_expires_live (policy), &signs->lock,
                                    &signs->mode) < 0)
    return -1;

  if (tm_policy_needs_heartbeat (policy, signs->name, signs->mode))
    {
      TmLockSign lock = signs->lock;
      gint64 asked_at = begin_request (signs->name);

      if (tm_dirfd_stat_times (tm_locked_directory_get_fd (directory), "", policy->is_shared,
                               &status) < 0)
        return -1;
      *signs = read_signs (policy, tm_locked_directory_get_name (directory), signs->name, &status,
                           asked_at);
      signs->lock = lock;
    }

  verdict->state = tm_policy_find_state (policy, signs, &verdict->live_reason);
  return 0;
}

static TmEntryResult
fail (int *error_number, int errsv)
{
  *error_number = errsv;
  return TM_ENTRY_FAILED;
}

static TmEntryResult
keep (TmVerdict *verdict, TmKeepReason reason)
{
  verdict->reason = TM_REMOVAL_REASON_NONE;
  verdict->keep_reason = reason;
  return TM_ENTRY_KEPT;
}

/* As fail(), but an entry that does not exist any more is no failure. */
static TmEntryResult
fail_unless_gone (TmVerdict *verdict, int *error_number, int errsv)
{
  return is_gone (errsv) ? keep (verdict, TM_KEEP_REASON_VANISHED) : fail (error_number, errsv);
}

/*
 * tm_entry_acquire:
 * @policy: the policy of the cleanup
 * @root: the directory of the root
 * @name: the name of an entry
 * @cancellable: (nullable): checked while the content is examined
 * @taken: (out) (transfer full) (nullable): the entry, locked
 * @verdict: (out caller-allocates): what is known of the entry, and why it is taken or kept; the
 *   state is only valid if it decided
 * @error_number: (out): why it failed
 *
 * Examines the times of an entry. Only if it is old or may be abandoned, opens and locks it, and
 * decides again under the lock, when no other process can start to use it.
 *
 * Returns: %TM_ENTRY_ACQUIRED for an entry to delete, %TM_ENTRY_FAILED if the decision is
 * impossible
 */
TmEntryResult
tm_entry_acquire (const TmPolicy *policy,
                  TmParent *root,
                  const char *name,
                  GCancellable *cancellable,
                  TmLockedDirectory **taken,
                  TmVerdict *verdict,
                  int *error_number)
{
  int root_fd = tm_parent_get_fd (root);
  TmNameKind kind = tm_name_get_kind (name);
  g_autoptr (TmLockedDirectory) directory = NULL;
  TmOwnerSigns signs;
  TmKeepReason obstacle;
  gint64 asked_at;
  TmFileStatus status;

  *verdict = (TmVerdict){ .last_used = policy->age.now, .size = -1, .heartbeat_age = -1 };

  obstacle = tm_entry_find_exclusion (policy, root_fd, name);
  if (obstacle != TM_KEEP_REASON_NONE)
    return keep (verdict, obstacle);
  asked_at = begin_request (kind);
  if (tm_dirfd_stat_times (root_fd, name, policy->is_shared, &status) < 0)
    return errno == EXDEV ? keep (verdict, TM_KEEP_REASON_MOUNT_POINT)
                          : fail_unless_gone (verdict, error_number,
                                              tm_dirfd_find_cause (root_fd, name, errno));
  if (!S_ISDIR (status.mode))
    return keep (verdict, TM_KEEP_REASON_NO_DIRECTORY);

  verdict->times = status.times;
  verdict->last_used = tm_age_rule_own_last_use (&policy->age, &verdict->times);

  signs = read_signs (policy, name, kind, &status, asked_at);
  verdict->heartbeat_age = get_heartbeat_age (policy, &signs);
  verdict->state = tm_policy_find_state (policy, &signs, &obstacle);
  if (verdict->state == TM_ROOT_ENTRY_STATE_LIVE && !tm_policy_expires_live (policy))
    return keep (verdict, obstacle);

  if (policy->eviction != TM_REMOVAL_REASON_NONE)
    {
      if (tm_last_use_find (&policy->age, root_fd, name, &status, TRUE, cancellable,
                            &verdict->last_used) < 0)
        return fail_unless_gone (verdict, error_number, tm_dirfd_find_cause (root_fd, name, errno));
    }
  else if (!tm_policy_reclaims (policy) || verdict->state != TM_ROOT_ENTRY_STATE_ABANDONED)
    {
      /* With limits, the exact time decides about the order of evictions. */
      if (tm_last_use_find (&policy->age, root_fd, name, &status,
                            tm_limits_are_set (&policy->limits), cancellable,
                            &verdict->last_used) < 0)
        return fail_unless_gone (verdict, error_number, tm_dirfd_find_cause (root_fd, name, errno));
      /* Its lock does not have to be tried. */
      if (!tm_age_rule_is_expired (&policy->age, verdict->last_used))
        return keep (verdict,
                     policy->age.has_timeout ? TM_KEEP_REASON_YOUNG : TM_KEEP_REASON_NO_TIMEOUT);
    }

  obstacle = find_obstacle (root_fd, name, &status);
  if (obstacle != TM_KEEP_REASON_NONE)
    return keep (verdict, obstacle);

  directory = tm_locked_directory_open (root, name);
  if (directory == NULL)
    {
      int cause = tm_dirfd_find_cause (root_fd, name, errno);

      obstacle = get_keep_reason (cause);
      return obstacle != TM_KEEP_REASON_NONE ? keep (verdict, obstacle)
                                             : fail (error_number, cause);
    }

  if (find_state_under_lock (policy, directory, &signs, verdict) < 0)
    return fail_unless_gone (verdict, error_number, tm_dirfd_find_cause (root_fd, name, errno));
  if (tm_policy_depends_on_age (policy, verdict->state) &&
      find_last_use_again (policy, directory, &status, cancellable, &verdict->last_used) < 0)
    return fail_unless_gone (verdict, error_number, tm_dirfd_find_cause (root_fd, name, errno));

  tm_policy_decide (policy, verdict);
  if (verdict->reason == TM_REMOVAL_REASON_NONE)
    return TM_ENTRY_KEPT;
  if (tm_locked_directory_is_left_to_its_owner (directory))
    return keep (verdict, TM_KEEP_REASON_OTHER_USER);
  if (!tm_locked_directory_is_current (directory))
    return fail_unless_gone (verdict, error_number, tm_dirfd_find_cause (root_fd, name, errno));
  if (!tm_locked_directory_may_be_removed (directory))
    return keep (verdict, TM_KEEP_REASON_OTHER_USER);

  /* A live directory is never taken but by a root with EXPIRE_LIVE. */
  g_assert (verdict->state != TM_ROOT_ENTRY_STATE_LIVE || tm_policy_expires_live (policy));
  *taken = g_steal_pointer (&directory);
  return TM_ENTRY_ACQUIRED;
}

/* For a mount point, which a cleanup always keeps and whose times belong to another file system,
 * and for an entry that cannot be examined, which a cleanup cannot delete either. */
static void
set_unknown (TmVerdict *verdict, const TmPolicy *policy, TmKeepReason reason)
{
  *verdict = (TmVerdict){
    .last_used = policy->age.now,
    .size = -1,
    .heartbeat_age = -1,
    .state = TM_ROOT_ENTRY_STATE_LIVE,
    .live_reason = reason,
    .keep_reason = reason,
  };
}

/* Finds the state of the entry by its lock, which is released at once, and why a cleanup could not
 * acquire it. Returns FALSE if the entry does not exist any more. */
static gboolean
examine_lock (const TmPolicy *policy,
              TmParent *root,
              const char *name,
              const TmFileStatus *status,
              TmOwnerSigns signs,
              TmVerdict *verdict,
              TmKeepReason *obstacle)
{
  g_autoptr (TmLockedDirectory) directory = tm_locked_directory_open_unchanged (root, name);
  int cause;

  *obstacle = TM_KEEP_REASON_NONE;
  verdict->heartbeat_age = get_heartbeat_age (policy, &signs);
  if (directory != NULL && find_state_under_lock (policy, directory, &signs, verdict) == 0)
    {
      if (tm_locked_directory_is_left_to_its_owner (directory))
        *obstacle = TM_KEEP_REASON_OTHER_USER;
      return TRUE;
    }

  cause = tm_dirfd_find_cause (tm_parent_get_fd (root), name, errno);
  if (is_gone (cause))
    return FALSE;

  /* If it is this user's directory, but its mode denies access, a cleanup changes the mode to try
   * the lock. The kernel's table shows most locks without that. */
  if (directory == NULL && cause == EACCES && status->owner == tm_dirfd_get_user ())
    {
      signs.lock = tm_kernel_knows_lock (status->identity) ? TM_LOCK_SIGN_HELD : TM_LOCK_SIGN_FREE;
      verdict->state = tm_policy_find_state (policy, &signs, &verdict->live_reason);
      return TRUE;
    }

  *obstacle = get_keep_reason (cause);
  if (*obstacle == TM_KEEP_REASON_NONE)
    *obstacle = TM_KEEP_REASON_UNKNOWN;
  verdict->state = TM_ROOT_ENTRY_STATE_LIVE;
  verdict->live_reason = *obstacle;
  return TRUE;
}

/*
 * tm_entry_examine:
 * @policy: the policy of the cleanup
 * @root: the directory of the root
 * @name: the name of an entry
 * @cancellable: (nullable): checked while the content is examined
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
  TmNameKind kind = tm_name_get_kind (name);
  gint64 asked_at = begin_request (kind);
  TmOwnerSigns signs;
  TmKeepReason obstacle;
  TmFileStatus status;
  gboolean has_age;

  if (tm_dirfd_stat_times (root_fd, name, policy->is_shared, &status) < 0)
    {
      set_unknown (verdict, policy,
                   errno == EXDEV ? TM_KEEP_REASON_MOUNT_POINT : TM_KEEP_REASON_UNKNOWN);
      return !is_gone (errno) && (status.mode == 0 || S_ISDIR (status.mode));
    }

  if (!S_ISDIR (status.mode))
    return FALSE;

  *verdict = (TmVerdict){ .size = -1, .heartbeat_age = -1 };
  signs = read_signs (policy, name, kind, &status, asked_at);
  has_age = tm_last_use_find (&policy->age, root_fd, name, &status, TRUE, cancellable,
                              &verdict->last_used) == 0;
  if (!examine_lock (policy, root, name, &status, signs, verdict, &obstacle))
    return FALSE;

  verdict->times = status.times;
  if (policy->removal_error != 0)
    obstacle = TM_KEEP_REASON_ROOT;
  else if (!has_age && tm_policy_depends_on_age (policy, verdict->state))
    obstacle = TM_KEEP_REASON_UNKNOWN;
  if (obstacle == TM_KEEP_REASON_NONE)
    obstacle = tm_entry_find_exclusion (policy, root_fd, name);
  if (obstacle == TM_KEEP_REASON_NONE)
    obstacle = find_obstacle (root_fd, name, &status);

  if (obstacle != TM_KEEP_REASON_NONE)
    keep (verdict, obstacle);
  else
    tm_policy_decide (policy, verdict);
  return TRUE;
}
