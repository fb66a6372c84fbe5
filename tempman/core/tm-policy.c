/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-policy-private.h"

#include "core/tm-mark-private.h"

#include "core/tm-exclude-private.h"

#include <errno.h>

/* What is to become of an entry of a root.
 *
 * Two ask: a cleanup, which takes what goes, and whoever wants to see what a cleanup would do. Both
 * get their answer from tm_policy_decide(). They differ in what they may do to find out: the one
 * keeps the lock, decides again under it, and repairs a mode that bars it from looking; the other
 * lets the lock go at once and changes nothing. */

static gboolean
policy_reclaims (const TmPolicy *policy)
{
  return (policy->flags & TM_ROOT_FLAGS_RECLAIM_ABANDONED) != 0 && policy->lock_reaches_all;
}

static gboolean
policy_expires_live (const TmPolicy *policy)
{
  return (policy->flags & TM_ROOT_FLAGS_EXPIRE_LIVE) != 0;
}

/* Whether the entry has an owner whose lock cannot be seen from here, and who is not even to be
 * asked for. */
static gboolean
policy_leaves_alone (const TmPolicy *policy, const char *name, mode_t mode)
{
  return !policy->lock_reaches_all && !policy_expires_live (policy) && tm_mark_is_set (name, mode);
}

void
tm_policy_clear (TmPolicy *policy)
{
  g_clear_pointer (&policy->exclude, g_strfreev);
}

/* Whether a cleanup never touches what has this name in the directory @root_fd. In one that every
 * user may write to, as /tmp, some names are well known. */
static gboolean
policy_excludes (const TmPolicy *policy, int root_fd, const char *name)
{
  struct stat status;

  return tm_exclude_matches ((const char *const *) policy->exclude, name) ||
         (tm_exclude_is_well_known (name) &&
          (tm_dirfd_stat (root_fd, &status) < 0 || (status.st_mode & S_IWOTH) != 0));
}

/* Whether there can be anything that goes. */
gboolean
tm_policy_may_take_any (const TmPolicy *policy)
{
  return policy->age.has_timeout || policy_reclaims (policy);
}

/*
 * tm_policy_decide:
 * @policy: by what to judge
 * @state: who uses the entry
 * @last_used: when it was last used
 *
 * Returns: whether the entry goes
 */
gboolean
tm_policy_decide (const TmPolicy *policy, TmEntryState state, TmTimestamp last_used)
{
  gboolean is_expired = tm_age_rule_is_expired (&policy->age, last_used);

  switch (state)
    {
    case TM_ENTRY_STATE_LIVE:
      return is_expired && policy_expires_live (policy);
    case TM_ENTRY_STATE_ABANDONED:
      return is_expired || policy_reclaims (policy);
    case TM_ENTRY_STATE_UNOWNED:
      return is_expired;
    default:
      g_assert_not_reached ();
    }
}

/* Whether the decision depends on the age, which can be costly to find out. */
static gboolean
policy_asks_for_age (const TmPolicy *policy, TmEntryState state)
{
  switch (state)
    {
    case TM_ENTRY_STATE_LIVE:
      return policy_expires_live (policy);
    case TM_ENTRY_STATE_ABANDONED:
      return !policy_reclaims (policy);
    case TM_ENTRY_STATE_UNOWNED:
    default:
      return TRUE;
    }
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

/* Takes @directory over. Returns NULL with errno. */
static TmLockedDirectory *
leave (TmLockedDirectory *directory, int error_number)
{
  g_clear_pointer (&directory, tm_locked_directory_release);
  errno = error_number;
  return NULL;
}

/* Looks at the times of an entry that has been opened since it was first looked at, in @before.
 * Opening it may have changed its mode, which sets the change time: then the former one counts, for
 * nobody has used the entry. Returns 0, or -1 with errno. */
static int
look_again (TmLockedDirectory *directory, const struct statx *before, struct statx *status)
{
  if (tm_dirfd_stat_times (tm_locked_directory_get_fd (directory), "", FALSE, status) < 0)
    return -1;

  if (tm_locked_directory_has_repaired_mode (directory) && status->stx_ino == before->stx_ino &&
      status->stx_dev_major == before->stx_dev_major &&
      status->stx_dev_minor == before->stx_dev_minor)
    status->stx_ctime = before->stx_ctime;
  return 0;
}

/*
 * tm_policy_take:
 * @policy: by what to judge
 * @root: the directory of the root
 * @name: the name of an entry
 * @cancellable: (nullable): looked at while the content is looked at
 *
 * Looks at the times of an entry and, only if it is old or could be abandoned, opens and locks it
 * and decides again now that nobody else can take it into use.
 *
 * Returns: (nullable): the entry, locked, which is to be deleted; %NULL with errno 0 when it is to
 *   stay, else with why it could not be judged
 */
TmLockedDirectory *
tm_policy_take (const TmPolicy *policy, TmParent *root, const char *name, GCancellable *cancellable)
{
  int root_fd = tm_parent_get_fd (root);
  g_autoptr (TmLockedDirectory) directory = NULL;
  TmTimestamp last_used = policy->age.now;
  struct statx status, locked_status;
  TmEntryState state;

  if (policy_excludes (policy, root_fd, name))
    return leave (NULL, 0);
  if (tm_dirfd_stat_times (root_fd, name, policy->age.is_shared, &status) < 0)
    return leave (NULL, is_gone (errno) || errno == EXDEV ? 0 : errno);
  if (!S_ISDIR (status.stx_mode))
    return leave (NULL, 0);

  if (policy_leaves_alone (policy, name, status.stx_mode))
    return leave (NULL, 0);

  if (!policy_reclaims (policy) || !tm_mark_is_set (name, status.stx_mode))
    {
      if (tm_age_find_last_use (&policy->age, root_fd, name, &status, FALSE, cancellable,
                                &last_used) < 0)
        return leave (NULL, is_gone (errno) ? 0 : errno);
      if (!tm_age_rule_is_expired (&policy->age, last_used))
        return leave (NULL, 0);
    }

  directory = tm_locked_directory_open (root, name);
  if (directory == NULL)
    return leave (NULL, is_no_failure (errno) ? 0 : errno);

  state = tm_locked_directory_try_lock (directory, policy_expires_live (policy));
  if (policy_asks_for_age (policy, state) &&
      (look_again (directory, &status, &locked_status) < 0 ||
       tm_age_find_last_use (&policy->age, tm_locked_directory_get_fd (directory), "",
                             &locked_status, FALSE, cancellable, &last_used) < 0))
    return leave (g_steal_pointer (&directory), errno);

  if (!tm_policy_decide (policy, state, last_used) ||
      tm_locked_directory_is_left_to_its_owner (directory))
    return leave (g_steal_pointer (&directory), 0);
  if (!tm_locked_directory_is_current (directory))
    return leave (g_steal_pointer (&directory), is_gone (errno) ? 0 : errno);
  if (!tm_locked_directory_may_be_removed (directory))
    return leave (g_steal_pointer (&directory), 0);

  return g_steal_pointer (&directory);
}

/* Of a mount point, which a cleanup never takes and whose times are those of another file system;
 * and of an entry that cannot even be looked at, which a cleanup cannot take either. */
static void
set_unknown (TmVerdict *verdict, const TmPolicy *policy)
{
  *verdict = (TmVerdict){ .last_used = policy->age.now, .state = TM_ENTRY_STATE_LIVE };
}

/* Finds out who uses the entry by its lock, which is let go at once, and whether a cleanup could
 * have taken it. Returns FALSE when it is gone. */
static gboolean
look_at_lock (const TmPolicy *policy,
              TmParent *root,
              const char *name,
              const struct statx *status,
              TmEntryState *state,
              gboolean *can_be_taken)
{
  g_autoptr (TmLockedDirectory) directory = tm_locked_directory_open_unchanged (root, name);

  if (directory != NULL)
    {
      *state = tm_locked_directory_try_lock (directory, policy_expires_live (policy));
      *can_be_taken = !tm_locked_directory_is_left_to_its_owner (directory);
      return TRUE;
    }

  if (is_gone (errno))
    return FALSE;

  /* Ours, but its mode bars us from it. A cleanup changes the mode to try the lock; by its looks
   * alone nobody holds it. */
  *can_be_taken = errno == EACCES && status->stx_uid == tm_dirfd_get_user ();
  *state = *can_be_taken
               ? tm_locked_directory_mode_state (name, status->stx_mode, policy->lock_reaches_all)
               : TM_ENTRY_STATE_LIVE;
  return TRUE;
}

/*
 * tm_policy_look_at:
 * @policy: by what to judge
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
tm_policy_look_at (const TmPolicy *policy,
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

  has_age = tm_age_find_last_use (&policy->age, root_fd, name, &status, TRUE, cancellable,
                                  &verdict->last_used) == 0;
  if (!look_at_lock (policy, root, name, &status, &verdict->state, &can_be_taken))
    return FALSE;

  verdict->times = tm_times_from_statx (&status);
  verdict->goes = (has_age || !policy_asks_for_age (policy, verdict->state)) && can_be_taken &&
                  !policy_excludes (policy, root_fd, name) &&
                  tm_policy_decide (policy, verdict->state, verdict->last_used);
  return TRUE;
}
