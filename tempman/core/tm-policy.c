/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-policy-private.h"

#include "core/tm-limits-private.h"

#include <fnmatch.h>
#include <string.h>

/* What a cleanup does with an entry of a root, and why. Pure decisions: everything that they depend
 * on is passed to them, and nothing here touches the disk or takes a lock. */

void
tm_policy_clear (TmPolicy *policy)
{
  g_clear_pointer (&policy->exclude, g_strfreev);
}

gboolean
tm_policy_reclaims (const TmPolicy *policy)
{
  return (policy->flags & TM_ROOT_FLAGS_RECLAIM_ABANDONED) != 0;
}

gboolean
tm_policy_expires_live (const TmPolicy *policy)
{
  return (policy->flags & TM_ROOT_FLAGS_EXPIRE_LIVE) != 0 &&
         policy->eviction == TM_REMOVAL_REASON_NONE;
}

gboolean
tm_policy_includes_files (const TmPolicy *policy)
{
  return (policy->flags & TM_ROOT_FLAGS_INCLUDE_FILES) != 0;
}

static gboolean
matches_any (const char *const *patterns, const char *name)
{
  for (; patterns != NULL && *patterns != NULL; patterns++)
    {
      /* Any other answer is a failure, after which the entry is better kept. */
      if (fnmatch (*patterns, name, 0) != FNM_NOMATCH)
        return TRUE;
    }

  return FALSE;
}

/*
 * tm_policy_find_exclusion:
 * @policy: a policy
 * @name: the name of an entry
 * @root_is_world_writable: whether every user may create entries in the root
 *
 * In `/tmp` the sockets of display servers and the private directories of services are in use
 * without a lock, and get old. A pattern for hidden files does not keep what a killed cleanup has
 * left behind under a hidden name of its own.
 *
 * Returns: why a cleanup never touches an entry of this name, or %TM_KEEP_REASON_NONE
 */
TmKeepReason
tm_policy_find_exclusion (const TmPolicy *policy, const char *name, gboolean root_is_world_writable)
{
  static const char *const well_known[] = {
    ".X11-unix",  ".ICE-unix",         ".XIM-unix",      ".font-unix",
    ".Test-unix", "systemd-private-*", "snap-private-*", NULL,
  };

  if (!tm_name_is_internal (name) && matches_any ((const char *const *) policy->exclude, name))
    return TM_KEEP_REASON_EXCLUDED;

  return root_is_world_writable && matches_any (well_known, name) ? TM_KEEP_REASON_WELL_KNOWN
                                                                  : TM_KEEP_REASON_NONE;
}

/* Whether any entry can be removed at all. */
gboolean
tm_policy_may_remove_any (const TmPolicy *policy)
{
  return policy->age.has_timeout || tm_policy_reclaims (policy) ||
         tm_limits_are_set (&policy->limits);
}

/* Whether a cleanup could remove an entry that was last used at @last_used if its owner were dead.
 * A limit can ask for any entry. */
gboolean
tm_policy_could_remove (const TmPolicy *policy, const char *name, TmTimestamp last_used)
{
  return (tm_policy_reclaims (policy) || tm_limits_are_set (&policy->limits) ||
          tm_age_rule_is_expired (&policy->age, last_used)) &&
         tm_policy_find_exclusion (policy, name, FALSE) == TM_KEEP_REASON_NONE;
}

/*
 * tm_policy_needs_heartbeat:
 * @policy: a policy
 * @name: the kind of name of an entry
 * @mode: its mode
 *
 * The sticky bit is enough, even where group or others have write permission, so that it is not a
 * mark: the directory still has an owner. Without marks, whether the creator could not set them or
 * this process does not see them, every directory with such a name may have one.
 *
 * Returns: whether the owner of the entry, if it has one, shows by a heartbeat that it lives
 */
gboolean
tm_policy_needs_heartbeat (const TmPolicy *policy, TmNameKind name, mode_t mode)
{
  return (name == TM_NAME_BEATING && ((mode & TM_MARK) != 0 || !policy->has_marks)) ||
         name == TM_NAME_UNMARKED;
}

/* Returns why an owner is not known to be dead. */
static TmKeepReason
get_heartbeat_reason (const TmHeartbeatSigns *heartbeat)
{
  return heartbeat->is_stale ? TM_KEEP_REASON_WATCHED : TM_KEEP_REASON_HEARTBEAT;
}

/*
 * tm_policy_find_state:
 * @policy: a policy
 * @signs: what the entry tells of its owner
 * @live_reason: (out): why the entry is live
 *
 * Finds out who uses an entry. An owner with a heartbeat is dead only if its heartbeat is stale and
 * silent, and its lock is free: each of them alone can be wrong. On a shared file system a free
 * lock of an owner without a heartbeat says nothing, since that owner may run on another machine;
 * and if no marks are seen there, each directory with a name of ours may have such an owner.
 *
 * Returns: the state of the entry
 */
TmRootEntryState
tm_policy_find_state (const TmPolicy *policy, const TmOwnerSigns *signs, TmKeepReason *live_reason)
{
  gboolean is_marked = tm_mark_is_valid (signs->name, signs->mode);
  gboolean may_be_marked = is_marked || (signs->name == TM_NAME_LOCKED && !policy->has_marks);
  gboolean has_heartbeat = tm_policy_needs_heartbeat (policy, signs->name, signs->mode);

  *live_reason = TM_KEEP_REASON_NONE;
  if (signs->lock == TM_LOCK_SIGN_HELD)
    *live_reason = TM_KEEP_REASON_LIVE;
  else if (has_heartbeat && !(signs->heartbeat.is_stale && signs->heartbeat.is_silent))
    *live_reason = get_heartbeat_reason (&signs->heartbeat);
  else if (may_be_marked && !has_heartbeat && policy->is_shared)
    *live_reason = TM_KEEP_REASON_UNSEEN_OWNER;

  if (*live_reason != TM_KEEP_REASON_NONE)
    return TM_ROOT_ENTRY_STATE_LIVE;

  /* Without locks and heartbeats only the age tells whether the entry is used. */
  return is_marked && (has_heartbeat || signs->lock == TM_LOCK_SIGN_FREE)
             ? TM_ROOT_ENTRY_STATE_ABANDONED
             : TM_ROOT_ENTRY_STATE_UNOWNED;
}

/* Whether the decision depends on the age, which can be costly to find out. An eviction compares
 * the last use with that which the scan has found. */
gboolean
tm_policy_depends_on_age (const TmPolicy *policy, TmRootEntryState state)
{
  if (policy->eviction != TM_REMOVAL_REASON_NONE)
    return state != TM_ROOT_ENTRY_STATE_LIVE;

  switch (state)
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      return tm_policy_expires_live (policy);
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      return !tm_policy_reclaims (policy);
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      return TRUE;
    }
}

/*
 * tm_policy_decide:
 * @policy: a policy
 * @verdict: the state of an entry and, if tm_policy_depends_on_age() says so, its last use;
 * receives the reasons
 *
 * Decides whether a cleanup removes or keeps an entry, and why.
 */
void
tm_policy_decide (const TmPolicy *policy, TmVerdict *verdict)
{
  verdict->reason = TM_REMOVAL_REASON_NONE;
  verdict->keep_reason = TM_KEEP_REASON_NONE;

  if (verdict->state == TM_ROOT_ENTRY_STATE_LIVE && !tm_policy_expires_live (policy))
    verdict->keep_reason = verdict->live_reason;
  else if (policy->eviction != TM_REMOVAL_REASON_NONE)
    {
      if (tm_timestamp_compare (verdict->last_used, policy->eviction_last_used) <= 0)
        {
          verdict->reason = policy->eviction;
          verdict->size = policy->eviction_size;
        }
      else
        verdict->keep_reason = TM_KEEP_REASON_YOUNG;
    }
  else if (verdict->state == TM_ROOT_ENTRY_STATE_ABANDONED && tm_policy_reclaims (policy))
    verdict->reason = TM_REMOVAL_REASON_ABANDONED;
  else if (tm_age_rule_is_expired (&policy->age, verdict->last_used))
    verdict->reason = TM_REMOVAL_REASON_EXPIRED;
  else
    verdict->keep_reason =
        policy->age.has_timeout ? TM_KEEP_REASON_YOUNG : TM_KEEP_REASON_NO_TIMEOUT;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const TmListedEntry *) a)->name, ((const TmListedEntry *) b)->name);
}

static void
entry_clear (gpointer data)
{
  g_free (((TmListedEntry *) data)->name);
}

/* Returns (transfer full) (element-type TmListedEntry): an empty list. */
GArray *
tm_listed_entries_new (void)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (TmListedEntry));

  g_array_set_clear_func (entries, entry_clear);
  return entries;
}

/* By name, byte by byte. */
void
tm_listed_entries_sort (GArray *entries)
{
  g_array_sort (entries, compare_names);
}
