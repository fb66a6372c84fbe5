/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-measure-private.h"

#include "local/tm-dirfd-private.h"
#include "local/tm-walker-private.h"
#include "local/tm-workers-private.h"

#include <errno.h>

/* The space that a tree takes on the disk, as du(1) counts it: the allocated blocks of every file
 * and directory, and those of a file with several links once.
 *
 * The tree is walked like that of a deletion, and shared out among threads in the same way: a walk
 * splits off half of the sub-directories, or of the entries, at one of its levels. Since nothing is
 * removed, no walk waits for another one. Nothing is changed: directories are opened without
 * setting their access time, as far as this user may do that. */

/* The number of entries between two checks of the cancellable and the other threads. */
#define BATCH 64

/* A tree that is measured before this is not worth another thread. */
#define MIN_ENTRIES_FOR_THREADS 512

/* As for a deletion: enough that most trees need no reopening. */
#define MAX_OPEN_LEVELS 16
#define MAX_WALKS 16
#define DESCRIPTORS_OF_WALK (MAX_OPEN_LEVELS + 2)

typedef struct
{
  GCancellable *cancellable; /* (unowned) (nullable) */
  TmWorkers *workers;        /* (owned) (nullable): once the tree is known to be large */
  guint64 mount;             /* of the top, which is not left, or 0 if unknown */
  dev_t device;              /* the same, if the mount is unknown */

  /* Guarded by the lock of the workers, once there are any. */
  guint n_walks;
  guint max_walks;
  TmMeasurement found;
  GHashTable *links; /* (owned) (nullable) (element-type TmFileIdentity guint): files that have
                      * several links, and how many of those were found */
} Measure;

typedef struct
{
  Measure *measure; /* (unowned) */
  TmWalker walker;
  TmDirents run;       /* entries of the lowest level */
  TmMeasurement found; /* not yet added to that of the tree */
  guint64 n_entries;
  guint n_tried; /* entries examined in this batch */
} MeasureWalk;

static void
measure_lock (Measure *measure)
{
  if (measure->workers != NULL)
    tm_workers_lock (measure->workers);
}

static void
measure_unlock (Measure *measure)
{
  if (measure->workers != NULL)
    tm_workers_unlock (measure->workers);
}

static int
open_cb (TmWalker *walker, TmLevel *level, int dirfd, const char *name)
{
  return tm_dirfd_open_unchanged (dirfd, name);
}

/* @directory: (transfer full) */
static void
walk_init (MeasureWalk *walk, Measure *measure, TmLevelDirectory *directory)
{
  *walk = (MeasureWalk){ .measure = measure };
  tm_walker_init (&walk->walker, tm_level_new (NULL, NULL, directory), MAX_OPEN_LEVELS, open_cb);
}

/* Adds what the walk has found to the size of the tree. */
static void
walk_clear (MeasureWalk *walk)
{
  Measure *measure = walk->measure;

  measure_lock (measure);
  measure->found.size += walk->found.size;
  measure->found.freeable += walk->found.freeable;
  measure_unlock (measure);
  tm_dirents_clear (&walk->run);
  tm_walker_clear (&walk->walker);
}

static guint
identity_hash (gconstpointer key)
{
  const TmFileIdentity *identity = key;
  guint64 device = identity->device;
  guint64 inode = identity->inode;

  return g_int64_hash (&inode) * 31 + g_int64_hash (&device);
}

static gboolean
identity_equal (gconstpointer a, gconstpointer b)
{
  const TmFileIdentity *first = a;
  const TmFileIdentity *second = b;

  return tm_file_identity_equal (*first, *second);
}

/* Counts a link to the file. Returns how many have been found. */
static guint
count_link (Measure *measure, TmFileIdentity identity)
{
  guint n_found;

  measure_lock (measure);
  if (measure->links == NULL)
    measure->links = g_hash_table_new_full (identity_hash, identity_equal, g_free, NULL);
  n_found = GPOINTER_TO_UINT (g_hash_table_lookup (measure->links, &identity)) + 1;
  g_hash_table_insert (measure->links, g_memdup2 (&identity, sizeof identity),
                       GUINT_TO_POINTER (n_found));
  measure_unlock (measure);
  return n_found;
}

/* Whether the file is on another file system. The files of an overlay can have other device numbers
 * than its directories, and a btrfs subvolume has one of its own: the mount decides. */
static gboolean
is_elsewhere (const Measure *measure, const TmFileStatus *status)
{
  return status->is_mount_point ||
         (measure->mount != 0 && status->mount != 0
              ? status->mount != measure->mount
              : S_ISDIR (status->mode) && status->identity.device != measure->device);
}

/* Counts an entry of the lowest level. A sub-directory waits at the level. */
static void
walk_count (MeasureWalk *walk, const TmDirEntry *entry)
{
  Measure *measure = walk->measure;
  TmLevel *level = walk->walker.lowest;
  TmFileStatus status;
  guint n_links = 1;

  walk->n_tried++;
  walk->n_entries++;
  /* A file that was removed meanwhile takes no space, and a mounted file system is another one. */
  if (tm_dirfd_get_child_status (level->directory->fd, entry->name, &status) < 0 ||
      is_elsewhere (measure, &status))
    return;

  if (S_ISDIR (status.mode))
    tm_dirents_append (&level->directories, entry);
  else if (status.n_links > 1)
    n_links = count_link (measure, status.identity);

  if (n_links == 1)
    walk->found.size += status.allocated;
  if (S_ISDIR (status.mode) || n_links == status.n_links)
    walk->found.freeable += status.allocated;
}

/* Splits off half of the work at one level. Returns FALSE if there is too little. */
static gboolean
walk_share (MeasureWalk *walk)
{
  Measure *measure = walk->measure;
  TmLevel *level = walk->walker.top;
  TmDirents half = { 0 };
  MeasureWalk *child;

  while (level != NULL && tm_dirents_is_empty (&level->directories))
    level = level->next_open;
  if (level != NULL ? !tm_dirents_split (&level->directories, 1, &half)
                    : !tm_dirents_split (&walk->run, 2 * BATCH, &half))
    return FALSE;

  child = g_new (MeasureWalk, 1);
  walk_init (child, measure,
             tm_level_directory_ref ((level != NULL ? level : walk->walker.lowest)->directory));
  child->walker.top->is_read = TRUE;
  if (level != NULL)
    child->walker.top->directories = half;
  else
    child->run = half;

  tm_workers_lock (measure->workers);
  measure->n_walks++;
  tm_workers_add_item_locked (measure->workers, child);
  tm_workers_unlock (measure->workers);
  return TRUE;
}

static gboolean
walk_may_share (MeasureWalk *walk)
{
  Measure *measure = walk->measure;
  gboolean may_share;

  if (measure->workers == NULL || !tm_workers_want_item (measure->workers))
    return FALSE;

  tm_workers_lock (measure->workers);
  may_share = measure->n_walks < measure->max_walks;
  tm_workers_unlock (measure->workers);
  return may_share;
}

static void work_cb (gpointer item);

static void
walk_end_batch (MeasureWalk *walk)
{
  Measure *measure = walk->measure;

  walk->n_tried = 0;
  if (measure->workers != NULL || walk->n_entries < MIN_ENTRIES_FOR_THREADS)
    return;

  measure->max_walks =
      MIN (MAX_WALKS, tm_dirfd_count_spare (walk->walker.top->directory->fd) / DESCRIPTORS_OF_WALK);
  if (measure->max_walks >= 2)
    measure->workers = tm_workers_new (work_cb, FALSE);
}

/* Enters a sub-directory. One that cannot be read counts by its own size only. */
static void
walk_enter (MeasureWalk *walk, const char *name)
{
  int fd = tm_walker_open_child (&walk->walker, name);

  if (fd < 0)
    return;

  if (walk->walker.n_open >= walk->walker.max_open)
    tm_walker_close_one (&walk->walker);
  tm_walker_push (&walk->walker, name, fd);
}

/* Returns to the level above. Returns FALSE at the end. */
static gboolean
walk_leave (MeasureWalk *walk)
{
  int error_number;

  if (walk->walker.lowest == walk->walker.top)
    return FALSE;

  /* If a level was moved away, those above it up to an open one are lost with it. */
  tm_walker_open_above (&walk->walker, &error_number);
  tm_walker_pop (&walk->walker);
  return TRUE;
}

static void
walk_read (MeasureWalk *walk)
{
  TmLevel *level = walk->walker.lowest;

  gssize length;

  do
    length = tm_dirents_read (&walk->run, level->directory->fd);
  while (length < 0 && tm_walker_may_read_again (&walk->walker));
  if (length <= 0)
    level->is_read = TRUE;
}

static void
walk_run (MeasureWalk *walk)
{
  for (;;)
    {
      TmLevel *level = walk->walker.lowest;
      TmDirEntry *entry;

      if (walk->n_tried >= BATCH)
        walk_end_batch (walk);
      while (walk_may_share (walk) && walk_share (walk))
        ;
      if (g_cancellable_is_cancelled (walk->measure->cancellable))
        return;

      if (level->is_lost)
        {
          tm_dirents_clear (&walk->run);
          tm_dirents_clear (&level->directories);
          level->is_read = TRUE;
        }

      if (!tm_dirents_is_empty (&walk->run))
        while (walk->n_tried < BATCH && (entry = tm_dirents_take (&walk->run)) != NULL)
          walk_count (walk, entry);
      else if ((entry = tm_dirents_take (&level->directories)) != NULL)
        walk_enter (walk, entry->name);
      else if (!level->is_read)
        walk_read (walk);
      else if (!walk_leave (walk))
        return;
    }
}

/* Called when a walk is finished: the last one finishes the tree. */
static void
measure_finish_walk (Measure *measure)
{
  gboolean is_last;

  tm_workers_lock (measure->workers);
  is_last = --measure->n_walks == 0;
  tm_workers_unlock (measure->workers);
  if (is_last)
    tm_workers_finish (measure->workers);
}

/* In any thread. */
static void
work_cb (gpointer item)
{
  MeasureWalk *walk = item;
  Measure *measure = walk->measure;

  walk_run (walk);
  walk_clear (walk);
  g_free (walk);
  measure_finish_walk (measure);
}

/*
 * tm_measure_entry:
 * @dirfd: a directory
 * @name: the name of an entry
 * @cancellable: (nullable): checked for each batch of entries
 * @measurement: (out caller-allocates): the size of the entry with everything in it
 *
 * Measures an entry. What cannot be read, or is on another file system, does not count. Memory does
 * not grow with the number of entries, but with that of files with several links.
 *
 * Returns: 0, or -1: `ECANCELED` when it was cancelled
 */
int
tm_measure_entry (int dirfd,
                  const char *name,
                  GCancellable *cancellable,
                  TmMeasurement *measurement)
{
  Measure measure = { .cancellable = cancellable, .n_walks = 1 };
  TmFileStatus status;
  MeasureWalk walk;
  int fd;

  *measurement = (TmMeasurement){ 0 };
  if (tm_dirfd_get_child_status (dirfd, name, &status) < 0)
    return -1;
  if (status.is_mount_point)
    return 0;

  measurement->size = status.allocated;
  if (S_ISDIR (status.mode) || status.n_links == 1)
    measurement->freeable = status.allocated;
  fd = S_ISDIR (status.mode) ? tm_dirfd_open_unchanged (dirfd, name) : -1;
  if (fd < 0)
    return 0;

  measure.mount = status.mount;
  measure.device = status.identity.device;
  walk_init (&walk, &measure, tm_level_directory_new (fd, FALSE));
  walk_run (&walk);
  walk_clear (&walk);
  if (measure.workers != NULL)
    {
      measure_finish_walk (&measure);
      tm_workers_work (measure.workers, NULL);
      tm_workers_free (measure.workers);
    }
  g_clear_pointer (&measure.links, g_hash_table_unref);

  measurement->size += measure.found.size;
  measurement->freeable += measure.found.freeable;
  if (!g_cancellable_is_cancelled (cancellable))
    return 0;

  errno = ECANCELED;
  return -1;
}
