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
  TmTimestamp beat;  /* the modification time */
  gint64 since;      /* monotonic time at which it was first seen */
  gint64 last_look;  /* monotonic time at which it was last seen */
  gboolean is_stale; /* at the last look */
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

/*
 * tm_watch_begin_scan:
 * @watch: a watch
 *
 * Called before the first request of a scan. If a request takes longer than an interval, the server
 * did not answer, and received no heartbeats in that time either: then the watch begins anew.
 *
 * Returns: the time for tm_watch_end_scan()
 */
gint64
tm_watch_begin_scan (TmWatch *watch)
{
  gint64 now = g_get_monotonic_time ();

  lock (watch);
  watch->answered_at = now;
  unlock (watch);
  return now;
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

/*
 * tm_watch_look_at:
 * @watch: a watch
 * @name: the name of an entry with a heartbeat
 * @beat: its modification time
 * @now: the present time of the file system
 * @lease: the age in seconds at which a heartbeat is stale
 *
 * Records the heartbeat of an entry.
 *
 * Returns: whether the heartbeat is stale and silent
 */
TmHeartbeatSigns
tm_watch_look_at (TmWatch *watch, const char *name, TmTimestamp beat, TmTimestamp now, double lease)
{
  gint64 monotonic = g_get_monotonic_time ();
  TmHeartbeatSigns signs = { .age = tm_timestamp_subtract (now, beat) };
  Entry *entry;

  signs.is_stale = signs.age > lease;
  lock (watch);
  if (monotonic - watch->answered_at > TM_HEARTBEAT_INTERVAL_SECONDS * G_USEC_PER_SEC)
    g_hash_table_remove_all (watch->entries);
  watch->answered_at = monotonic;
  entry = get_entry_locked (watch, name, beat, monotonic);
  if (entry != NULL)
    {
      entry->is_stale = signs.is_stale;
      signs.is_silent = monotonic - entry->since > TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC;
    }
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
 * Returns: the seconds until another scan can decide about all entries with a stale heartbeat; 0 if
 *   there are none
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
    if (entry->is_stale)
      time_left =
          MAX (time_left, entry->since + TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC + 1 - now);
  unlock (watch);

  return (double) time_left / G_USEC_PER_SEC;
}
