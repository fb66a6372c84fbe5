/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-watch-private.h"

#include "core/tm-fork-mutex-private.h"
#include "core/tm-heartbeat-intervals-private.h"
#include "core/tm-process-private.h"

/* The heartbeats that a root has seen.
 *
 * A heartbeat is a modification time that the owner sets, usually by the clock of its own machine.
 * A single look at it proves nothing: if the clocks differ, each heartbeat seems old. A root
 * therefore remembers the modification time of an entry, and since when it has seen it. An owner is
 * dead only if this time did not change while the root watched. The watch uses the monotonic clock,
 * which stops while this machine sleeps, because a sleeping machine sees no heartbeats.
 *
 * Two looks are enough: if both see the same time, it did not change in between, since an owner
 * never sets the same time twice. */

/* Further entries are not watched, and so count as live. A full table has about 10 MB. */
#define MAX_ENTRIES 65536

/* How long the clock of a file system is extrapolated before it is read again. */
#define MAX_CLOCK_AGE (60 * G_USEC_PER_SEC)

typedef struct
{
  TmTimestamp beat; /* the modification time */
  gint64 since;     /* monotonic time at which it was first seen */
  gint64 last_look; /* monotonic time at which it was last seen */
  gboolean
      is_overdue; /* at the last look, it was stale, and its owner the only reason to keep it */
} Entry;

struct _TmWatch
{
  TmForkMutex lock;       /* guards the fields below */
  TmProcessToken process; /* the process that filled the table */
  GHashTable *entries;    /* (owned) (element-type utf8 Entry) */
  gboolean has_file_system;
  TmFileSystemSigns file_system;
  gint64 read_at;     /* when the signs were read or estimated, or 0; also advances in a suspend */
  gint64 answered_at; /* monotonic time of the last answer of the server in a scan */
};

static GHashTable *
table_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

TmWatch *
tm_watch_new (void)
{
  TmWatch *watch = g_new0 (TmWatch, 1);

  tm_fork_mutex_init (&watch->lock);
  watch->process = tm_process_get_token ();
  watch->entries = table_new ();
  return watch;
}

void
tm_watch_free (TmWatch *watch)
{
  /* In a forked child, the table of the parent may be half changed: it is not freed. */
  if (watch->process == tm_process_get_token ())
    g_hash_table_unref (watch->entries);
  tm_fork_mutex_clear (&watch->lock);
  g_free (watch);
}

static void
lock (TmWatch *watch)
{
  tm_fork_mutex_lock (&watch->lock);
  if (watch->process == tm_process_get_token ())
    return;

  /* In a forked child, the table of the parent may be half changed: it is replaced. */
  watch->process = tm_process_get_token ();
  watch->entries = table_new ();
  watch->has_file_system = FALSE;
  watch->read_at = 0;
}

static void
unlock (TmWatch *watch)
{
  tm_fork_mutex_unlock (&watch->lock);
}

/* @signs: the properties of the file system, from a file that was created just now */
void
tm_watch_set_file_system (TmWatch *watch, const TmFileSystemSigns *signs)
{
  lock (watch);
  watch->has_file_system = TRUE;
  watch->file_system = *signs;
  watch->read_at = tm_timestamp_get_boot_time ();
  unlock (watch);
}

/*
 * tm_watch_add_estimate:
 * @watch: a watch
 * @signs: (inout): an estimate, with a time that is not later than the present
 *
 * Adds to an estimate the time that passed since the last one, or since the clock was read. So
 * entries get old, and heartbeats stale, while nothing can be created.
 */
void
tm_watch_add_estimate (TmWatch *watch, TmFileSystemSigns *signs)
{
  gint64 now = tm_timestamp_get_boot_time ();

  lock (watch);
  if (watch->has_file_system)
    signs->has_marks = watch->file_system.has_marks;
  if (watch->read_at != 0)
    signs->now = tm_timestamp_max (signs->now,
                                   tm_timestamp_add (watch->file_system.now, now - watch->read_at));
  watch->file_system = *signs;
  watch->read_at = now;
  unlock (watch);
}

/*
 * tm_watch_get_file_system:
 * @watch: a watch
 * @signs: (out caller-allocates): the present time of the file system, and whether it has marks
 *
 * Returns: %FALSE if its clock has not been read for a while
 */
gboolean
tm_watch_get_file_system (TmWatch *watch, TmFileSystemSigns *signs)
{
  gint64 elapsed;
  gboolean is_known;

  lock (watch);
  elapsed = tm_timestamp_get_boot_time () - watch->read_at;
  is_known = watch->has_file_system && elapsed < MAX_CLOCK_AGE;
  *signs = watch->file_system;
  if (is_known)
    signs->now = tm_timestamp_add (signs->now, elapsed);
  unlock (watch);
  return is_known;
}

/* Called before the first request of a scan. Returns the time for the other calls of the scan. */
gint64
tm_watch_begin_scan (TmWatch *watch)
{
  gint64 now = g_get_monotonic_time ();

  lock (watch);
  watch->answered_at = now;
  unlock (watch);
  return now;
}

/* Whether a server is down that took this long. Then it received no heartbeats in that time either.
 */
static gboolean
is_outage (gint64 duration)
{
  return duration > TM_HEARTBEAT_INTERVAL_SECONDS * G_USEC_PER_SEC;
}

/*
 * tm_watch_opened_root:
 * @watch: a watch
 * @asked_at: when the requests for the root began, on the monotonic clock
 *
 * Called when the server has answered the first requests of a scan. If that took long, the watch
 * begins anew.
 */
void
tm_watch_opened_root (TmWatch *watch, gint64 asked_at)
{
  gint64 now = g_get_monotonic_time ();

  lock (watch);
  if (is_outage (now - asked_at))
    g_hash_table_remove_all (watch->entries);
  watch->answered_at = now;
  unlock (watch);
}

/* The time since the last answer does not count as watched: the scan did something else, such as a
 * deletion, in which the server may have been down. */
static void
skip_time_locked (TmWatch *watch, gint64 until)
{
  gint64 duration = until - watch->answered_at;
  GHashTableIter iter;
  Entry *entry;

  if (!is_outage (duration))
    return;

  g_hash_table_iter_init (&iter, watch->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    entry->since = MIN (entry->since + duration, until);
}

static gboolean
was_not_seen_since_cb (gpointer key, gpointer value, gpointer data)
{
  return ((Entry *) value)->last_look < *(gint64 *) data;
}

/*
 * tm_watch_end_scan:
 * @watch: a watch
 * @begin: the return value of tm_watch_begin_scan()
 *
 * Removes the entries that a complete scan of the root did not find.
 */
void
tm_watch_end_scan (TmWatch *watch, gint64 begin)
{
  lock (watch);
  g_hash_table_foreach_remove (watch->entries, was_not_seen_since_cb, &begin);
  unlock (watch);
}

/* Returns (nullable): the record of an entry, or NULL if there is no room for another one. */
static Entry *
get_entry_locked (TmWatch *watch, const char *name, TmTimestamp beat, gint64 now)
{
  Entry *entry = g_hash_table_lookup (watch->entries, name);

  if (entry == NULL)
    {
      if (g_hash_table_size (watch->entries) == MAX_ENTRIES)
        return NULL;
      entry = g_new0 (Entry, 1);
      entry->since = now;
      g_hash_table_insert (watch->entries, g_strdup (name), entry);
    }
  else if (!tm_timestamp_equal (entry->beat, beat))
    entry->since = now;

  entry->beat = beat;
  entry->last_look = now;
  return entry;
}

/* A modification time in the future says nothing about the age of the heartbeat: it is stale once
 * the root has watched it for the lease. */
static gboolean
is_stale (double age, double watched, double lease)
{
  return age >= 0 ? age > lease : watched > lease;
}

/*
 * tm_watch_look_at:
 * @watch: a watch
 * @name: the name of an entry with a heartbeat
 * @beat: its modification time
 * @asked_at: when the server was asked for it, on the monotonic clock
 * @now: the present time of the file system
 * @lease: the age in seconds at which a heartbeat is stale
 * @is_needed: whether a cleanup could remove the entry if its owner were dead
 *
 * Records the heartbeat of an entry. If the server took long to answer, the watch begins anew.
 *
 * Returns: whether the heartbeat is stale and silent
 */
TmHeartbeatSigns
tm_watch_look_at (TmWatch *watch,
                  const char *name,
                  TmTimestamp beat,
                  gint64 asked_at,
                  TmTimestamp now,
                  double lease,
                  gboolean is_needed)
{
  gint64 answered_at = g_get_monotonic_time ();
  TmHeartbeatSigns signs = { .age = tm_timestamp_subtract (now, beat) };
  gint64 watched = 0;
  Entry *entry;

  lock (watch);
  if (is_outage (answered_at - asked_at))
    g_hash_table_remove_all (watch->entries);
  else
    skip_time_locked (watch, asked_at);
  watch->answered_at = answered_at;

  /* The beat is seen at some time between the question and the answer. */
  entry = get_entry_locked (watch, name, beat, answered_at);
  if (entry != NULL)
    watched = asked_at - entry->since;
  signs.is_silent = watched > TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC;
  signs.is_stale = is_stale (signs.age, (double) watched / G_USEC_PER_SEC, lease);
  if (entry != NULL)
    entry->is_overdue = signs.is_stale && is_needed;
  unlock (watch);

  return signs;
}

/* Begins to watch anew, since the server cannot be reached. */
void
tm_watch_interrupt (TmWatch *watch)
{
  lock (watch);
  g_hash_table_remove_all (watch->entries);
  unlock (watch);
}

/*
 * tm_watch_get_time_left:
 * @watch: a watch
 *
 * Returns: the seconds until another scan can decide about all entries that it keeps only because
 *   their owner may live; 0 if there are none
 */
double
tm_watch_get_time_left (TmWatch *watch)
{
  gint64 now = g_get_monotonic_time ();
  gint64 time_left = 0;
  GHashTableIter iter;
  const Entry *entry;

  lock (watch);
  g_hash_table_iter_init (&iter, watch->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (entry->is_overdue)
      time_left =
          MAX (time_left, entry->since + TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC + 1 - now);
  unlock (watch);

  return (double) time_left / G_USEC_PER_SEC;
}
