/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-limits-private.h"

#include <string.h>

/* The limits of a root: which entries a cleanup evicts once the abandoned and expired ones are
 * removed, in which order, and why. A cleanup and a list apply the same function to a list of
 * entries; one removes the entries, the other marks them. */

gboolean
tm_limits_are_set (const TmLimits *limits)
{
  return limits->max_entries > 0 || limits->max_size > 0 || limits->min_free_space > 0;
}

/* Whether a limit is the reason. */
gboolean
tm_limits_are_reason (TmRemovalReason reason)
{
  return reason == TM_REMOVAL_REASON_OVER_COUNT || reason == TM_REMOVAL_REASON_OVER_SIZE ||
         reason == TM_REMOVAL_REASON_LOW_SPACE;
}

/* An entry that was only kept since it is young. Whether a process uses it may not be known yet. */
static gboolean
is_candidate (const TmListedEntry *entry)
{
  const TmVerdict *verdict = &entry->verdict;

  return verdict->state != TM_ROOT_ENTRY_STATE_LIVE && verdict->reason == TM_REMOVAL_REASON_NONE &&
         (verdict->keep_reason == TM_KEEP_REASON_YOUNG ||
          verdict->keep_reason == TM_KEEP_REASON_NO_TIMEOUT);
}

/* The least recently used first; by name if the times are the same. */
static int
compare_last_use (gconstpointer a, gconstpointer b)
{
  const TmListedEntry *first = *(const TmListedEntry *const *) a;
  const TmListedEntry *second = *(const TmListedEntry *const *) b;
  int order = tm_timestamp_compare (first->verdict.last_used, second->verdict.last_used);

  return order != 0 ? order : strcmp (first->name, second->name);
}

/* Returns (transfer full) (element-type TmListedEntry): pointers into @entries. */
static GPtrArray *
find_candidates (GArray *entries)
{
  GPtrArray *candidates = g_ptr_array_new ();

  for (guint i = 0; i < entries->len; i++)
    {
      TmListedEntry *entry = &g_array_index (entries, TmListedEntry, i);

      if (is_candidate (entry))
        g_ptr_array_add (candidates, entry);
    }
  g_ptr_array_sort (candidates, compare_last_use);
  return candidates;
}

static guint64
get_size (const TmListedEntry *entry)
{
  return (guint64) MAX (entry->verdict.size, 0);
}

/* What the limits are compared with. */
typedef struct
{
  guint64 n_entries;
  guint64 size;
  guint64 free_space;
} Usage;

static Usage
measure_usage (const TmPolicy *policy, GArray *entries)
{
  Usage usage = { .n_entries = policy->is_for_creation ? 1 : 0 };

  for (guint i = 0; i < entries->len; i++)
    {
      const TmListedEntry *entry = &g_array_index (entries, TmListedEntry, i);

      if (entry->verdict.reason == TM_REMOVAL_REASON_NONE)
        {
          usage.n_entries++;
          usage.size += get_size (entry);
        }
    }
  return usage;
}

/* Returns the limit that does not hold, or %TM_REMOVAL_REASON_NONE. */
static TmRemovalReason
find_reason (const TmLimits *limits, const Usage *usage)
{
  if (limits->max_entries > 0 && usage->n_entries > limits->max_entries)
    return TM_REMOVAL_REASON_OVER_COUNT;
  if (limits->max_size > 0 && usage->size > limits->max_size)
    return TM_REMOVAL_REASON_OVER_SIZE;
  if (limits->min_free_space > 0 && usage->free_space < limits->min_free_space)
    return TM_REMOVAL_REASON_LOW_SPACE;
  return TM_REMOVAL_REASON_NONE;
}

static void
usage_remove (Usage *usage, const TmListedEntry *entry)
{
  usage->n_entries--;
  usage->size -= get_size (entry);
}

/*
 * tm_limits_predict_free_space:
 * @space: what this cleanup has freed
 * @reported: the present free space, as the file system reports it
 *
 * On a file system that shows freed space late, each deletion would seem to free nothing, and a
 * cleanup would evict every entry. The space that the cleanup has freed and the file system does
 * not show yet therefore counts as free. If other processes use or free space meanwhile, the result
 * lies between what is reported, and that plus all freed space.
 *
 * The estimate can be too high, as for files that a process has open. It ends with the cleanup: the
 * next one begins with the reported space, and evicts more.
 *
 * Returns: the free space in bytes
 */
guint64
tm_limits_predict_free_space (const TmFreedSpace *space, guint64 reported)
{
  guint64 shown = reported > space->first ? reported - space->first : 0;
  guint64 hidden = space->freed > shown ? space->freed - shown : 0;

  return reported < G_MAXUINT64 - hidden ? reported + hidden : G_MAXUINT64;
}

/* The number of refused candidates that are examined again. */
#define MAX_REFUSED 16

/* A candidate that another cleaner was removing counts as live. Once it is gone, it does not count
 * any more: otherwise each cleaner would remove another one in its place. */
static void
usage_remove_gone (Usage *usage, GQueue *refused, TmLimitsExistsFunc exists, gpointer data)
{
  GList *link = refused->head;

  while (link != NULL)
    {
      GList *next = link->next;

      if (!exists (data, link->data))
        {
          usage_remove (usage, link->data);
          g_queue_delete_link (refused, link);
        }
      link = next;
    }
}

/* Evicts the least recently used entries that are not live until the limits hold or no candidate is
 * left. */
static void
enforce (const TmPolicy *policy,
         GArray *entries,
         TmLimitsRemoveFunc remove,
         TmLimitsExistsFunc exists,
         TmLimitsFreeSpaceFunc get_free_space,
         gpointer data)
{
  const TmLimits *limits = &policy->limits;
  g_autoptr (GPtrArray) candidates = find_candidates (entries);
  Usage usage = measure_usage (policy, entries);
  g_auto (GQueue) refused = G_QUEUE_INIT;

  for (guint i = 0; i < candidates->len; i++)
    {
      TmListedEntry *entry = g_ptr_array_index (candidates, i);
      TmRemovalReason reason;

      usage_remove_gone (&usage, &refused, exists, data);
      /* After each removal: other processes use the file system too. */
      if (limits->min_free_space > 0)
        usage.free_space = get_free_space (data);
      reason = find_reason (limits, &usage);
      if (reason == TM_REMOVAL_REASON_NONE)
        return;

      if (remove (data, entry, reason))
        usage_remove (&usage, entry);
      else
        {
          g_queue_push_tail (&refused, entry);
          if (refused.length > MAX_REFUSED)
            g_queue_pop_head (&refused);
        }
    }
}

static guint64
add_freeable (guint64 free_space, const TmListedEntry *entry)
{
  return free_space < G_MAXUINT64 - entry->freeable ? free_space + entry->freeable : G_MAXUINT64;
}

static gboolean
mark_cb (gpointer data, TmListedEntry *entry, TmRemovalReason reason)
{
  guint64 *free_space = data;

  entry->verdict.reason = reason;
  entry->verdict.keep_reason = TM_KEEP_REASON_NONE;
  *free_space = add_freeable (*free_space, entry);
  return TRUE;
}

static gboolean
exists_cb (gpointer data, const TmListedEntry *entry)
{
  return TRUE;
}

static guint64
get_predicted_space_cb (gpointer data)
{
  return *(guint64 *) data;
}

/* Sets the reasons of the entries that a cleanup would evict. */
static void
predict (const TmPolicy *policy, GArray *entries, guint64 free_space)
{
  for (guint i = 0; i < entries->len; i++)
    {
      const TmListedEntry *entry = &g_array_index (entries, TmListedEntry, i);

      if (entry->verdict.reason != TM_REMOVAL_REASON_NONE)
        free_space = add_freeable (free_space, entry);
    }

  enforce (policy, entries, mark_cb, exists_cb, get_predicted_space_cb, &free_space);
}

/*
 * tm_limits_need_sizes:
 * @policy: a policy
 * @is_list: whether the entries are listed, and not removed
 * @get_free_space: asks for the free space
 * @data: data for @get_free_space
 *
 * A list predicts with the sizes what a cleanup sees after each removal.
 *
 * Returns: whether the entries are to be measured
 */
gboolean
tm_limits_need_sizes (const TmPolicy *policy,
                      gboolean is_list,
                      TmLimitsFreeSpaceFunc get_free_space,
                      gpointer data)
{
  const TmLimits *limits = &policy->limits;

  return policy->measures || limits->max_size > 0 ||
         (is_list && limits->min_free_space > 0 && get_free_space (data) < limits->min_free_space);
}

/*
 * tm_limits_apply:
 * @policy: a policy
 * @is_list: whether the reasons of the entries are set, and nothing is removed
 * @entries: (element-type TmListedEntry): all entries of the root, measured if necessary
 * @remove: removes an entry; may refuse
 * @exists: examines an entry that could not be removed
 * @get_free_space: asks for the free space
 * @data: data for these functions
 *
 * Evicts entries, or sets their reasons, until the limits hold.
 */
void
tm_limits_apply (const TmPolicy *policy,
                 gboolean is_list,
                 GArray *entries,
                 TmLimitsRemoveFunc remove,
                 TmLimitsExistsFunc exists,
                 TmLimitsFreeSpaceFunc get_free_space,
                 gpointer data)
{
  if (!tm_limits_are_set (&policy->limits))
    return;

  if (is_list)
    predict (policy, entries, get_free_space (data));
  else
    enforce (policy, entries, remove, exists, get_free_space, data);
}
