/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-delete-tree-private.h"

#include "core/tm-log-private.h"
#include "local/tm-delete-walk-private.h"

#include <errno.h>
#include <sys/resource.h>

/* A deletion, by one or more threads.
 *
 * A walk splits off half of the work at one of its levels as a new walk, which starts at that level
 * and shares its descriptor. A level is left when it is empty and the walks that started there are
 * finished. Until then its walk is put aside, and the thread that finishes the last of those walks
 * continues it. */

/* Limits the descriptors of the walks that are put aside. */
#define MAX_WALKS 32

/* The descriptors of a walk: one for the directory where it starts, which may be open only for it,
 * one for a directory that is about to be opened, and enough for the levels to keep the way back
 * short in a deep tree. */
#define DESCRIPTORS_BESIDE_LEVELS 2
#define MIN_OPEN_LEVELS 6
#define MIN_DESCRIPTORS_OF_WALK (DESCRIPTORS_BESIDE_LEVELS + MIN_OPEN_LEVELS)

/* Few, because growing the table of descriptors makes other threads wait, and because the process
 * needs descriptors for other purposes. Enough that most trees need no reopening. Where each
 * deletion waits for the disk, reopening takes no extra time, and there are more walks. */
#define MAX_OPEN_LEVELS 16
#define MAX_OPEN_LEVELS_BLOCKING 4

/* The number of entries between two checks of the clock, the cancellable and the other threads. It
 * is smaller where each deletion waits for the disk, since other threads wait all that time. */
#define BATCH 64
#define BATCH_BLOCKING 8

/* A tree that is deleted before both thresholds is not worth another thread. Before them, it is
 * also unknown how long deletions wait. */
#define MIN_DELETIONS_FOR_THREADS (BATCH / 2)
#define MIN_MICROSECONDS_FOR_THREADS 500

static void work_cb (gpointer item);

/* Splits off half of the work at one level for another thread: sub-directories or, if there are
 * none, entries of the only directory. Entries are only split off in large runs, since all threads
 * wait for the kernel's lock of their directory. Returns FALSE if there is too little work. */
static gboolean
walk_share (TmDeleteWalk *walk)
{
  TmDeleteTree *tree = walk->tree;
  TmLevel *level = tm_delete_walk_find_directories (walk);
  /* Keep the last piece of work: it would only move from thread to thread. */
  gboolean is_idle = level == walk->walker.lowest && tm_dirents_is_empty (&walk->run);
  TmDirents half = { 0 };
  TmDeleteWalk *child;

  if (level != NULL ? !tm_dirents_split (&level->directories, is_idle ? 2 : 1, &half)
                    : !tm_dirents_split (&walk->run, 2 * tree->batch, &half))
    return FALSE;

  child = tm_delete_walk_new (tree, walk, level != NULL ? level : walk->walker.lowest);
  if (level != NULL)
    child->walker.top->directories = half;
  else
    child->run = half;
  child->origin->has_children = TRUE;

  tm_workers_lock (tree->workers);
  tree->n_walks++;
  child->origin->n_children++;
  tm_workers_add_item_locked (tree->workers, child);
  tm_workers_unlock (tree->workers);
  return TRUE;
}

static gboolean
walk_may_share (TmDeleteWalk *walk)
{
  TmDeleteTree *tree = walk->tree;
  gboolean may_share;

  if (tree->workers == NULL || !tm_workers_want_item (tree->workers))
    return FALSE;

  tm_workers_lock (tree->workers);
  may_share = tree->n_walks < tree->max_walks;
  tm_workers_unlock (tree->workers);
  return may_share;
}

static glong
count_switches (void)
{
  struct rusage usage;

  return getrusage (RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

/* Sets the maximum number of walks, and of open levels for each, so that the walks do not take each
 * other's last descriptor. Returns FALSE if there are only enough for one. */
static gboolean
walk_share_out_descriptors (TmDeleteWalk *walk, gboolean blocks)
{
  TmDeleteTree *tree = walk->tree;
  guint n_spare = tm_dirfd_count_spare (walk->walker.top->directory->fd);

  /* A walk that was alone may have more levels open. */
  if (walk->walker.n_open > MAX_OPEN_LEVELS)
    n_spare += walk->walker.n_open - MAX_OPEN_LEVELS;

  tree->max_walks = MIN (MAX_WALKS, n_spare / MIN_DESCRIPTORS_OF_WALK);
  if (tree->max_walks < 2)
    return FALSE;

  tree->max_open = MIN (blocks ? MAX_OPEN_LEVELS_BLOCKING : MAX_OPEN_LEVELS,
                        n_spare / tree->max_walks - DESCRIPTORS_BESIDE_LEVELS);
  walk->walker.max_open = MIN (walk->walker.max_open, tree->max_open);
  while (walk->walker.n_open > walk->walker.max_open && tm_walker_close_one (&walk->walker))
    ;
  return TRUE;
}

/* Starts the workers when the tree is large, after a batch in which @n_deleted entries were
 * deleted. */
static void
walk_consider_threads (TmDeleteWalk *walk, guint n_deleted)
{
  TmDeleteTree *tree = walk->tree;
  gboolean blocks;

  if (!tree->is_measured)
    {
      /* The first deletions may have waited for data that is now in memory. */
      tree->is_measured = n_deleted > 0;
      tree->n_switches = count_switches ();
      return;
    }

  tree->n_deleted += n_deleted;
  if (tree->n_deleted < MIN_DELETIONS_FOR_THREADS ||
      g_get_monotonic_time () - tree->start < MIN_MICROSECONDS_FOR_THREADS ||
      (tm_delete_walk_find_directories (walk) == NULL && tm_dirents_is_empty (&walk->run)))
    return;

  /* A thread that waits for the disk in almost every deletion has as many voluntary context
   * switches. */
  blocks = 2 * (count_switches () - tree->n_switches) >= (glong) tree->n_deleted;
  if (!walk_share_out_descriptors (walk, blocks))
    return;

  tree->batch = blocks ? BATCH_BLOCKING : BATCH;
  tree->workers = tm_workers_new (work_cb, blocks);
}

static void
walk_count (TmDeleteWalk *walk)
{
  TmDeleteTree *tree = walk->tree;

  if (tree->progress != NULL)
    {
      TmProgressCounts counts = { .n_deleted = walk->n_done, .share = walk->share };

      tm_progress_add (tree->progress, &counts);
      if (tree->caller == g_thread_self ())
        tm_progress_report_if_due (tree->progress);
    }

  walk->n_tried = walk->n_done = 0;
  walk->share = 0;
}

static void
walk_end_batch (TmDeleteWalk *walk)
{
  guint n_deleted = walk->n_done;

  walk_count (walk);
  if (walk->tree->workers == NULL)
    walk_consider_threads (walk, n_deleted);
}

/* Whether the walks that started at the lowest level are finished. Otherwise the walk is put aside,
 * and another thread may continue it before this function returns. */
static gboolean
walk_children_are_finished (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  TmWorkers *workers = walk->tree->workers;
  gboolean finished;

  if (!level->has_children)
    return TRUE;

  /* Leave the descriptors to the working walks. */
  while (tm_walker_close_one (&walk->walker))
    ;

  tm_workers_lock (workers);
  finished = level->n_children == 0;
  level->is_waited_for = !finished;
  if (finished)
    {
      level->is_incomplete |= level->child_is_incomplete;
      level->has_children = FALSE;
    }
  tm_workers_unlock (workers);
  return finished;
}

/* Returns FALSE when the walk was put aside, and any thread may continue it. */
static gboolean
walk_go_on (TmDeleteWalk *walk)
{
  for (;;)
    {
      TmLevel *level = walk->walker.lowest;
      TmDirEntry *entry;

      if (walk->n_tried >= walk->tree->batch)
        walk_end_batch (walk);
      while (walk_may_share (walk) && walk_share (walk))
        ;

      if (level->is_lost)
        tm_delete_walk_give_up_level (walk);
      else if (g_cancellable_is_cancelled (walk->tree->cancellable))
        {
          tm_delete_walk_give_up_level (walk);
          level->is_incomplete = TRUE;
        }

      if (!tm_dirents_is_empty (&walk->run))
        tm_delete_walk_unlink (walk);
      else if ((entry = tm_dirents_take (&level->directories)) != NULL)
        tm_delete_walk_enter (walk, entry->name);
      else if (!level->is_read)
        tm_delete_walk_read (walk);
      else if (!walk_children_are_finished (walk))
        return FALSE;
      else if (tm_delete_walk_resume_reading (walk))
        continue;
      else if (level == walk->walker.top)
        return TRUE;
      else
        tm_delete_walk_leave (walk);
    }
}

/* Reports to the parent of a walk that the walk is finished. */
static void
walk_finish_child (TmDeleteWalk *walk)
{
  TmDeleteTree *tree = walk->tree;
  TmWorkers *workers = tree->workers;
  TmDeleteWalk *parent = walk->parent;
  TmLevel *level = walk->origin;
  gboolean is_incomplete = walk->walker.top->is_incomplete;

  /* First, so that no descriptor is open any more when the tree is finished. */
  tm_delete_walk_free (walk);

  tm_workers_lock (workers);
  tree->n_walks--;
  level->n_children--;
  level->child_is_incomplete |= is_incomplete;
  if (level->n_children == 0 && level->is_waited_for)
    {
      level->is_waited_for = FALSE;
      tm_workers_add_item_locked (workers, parent);
    }
  tm_workers_unlock (workers);
}

/* In any thread. */
static void
work_cb (gpointer item)
{
  TmDeleteWalk *walk = item;
  TmWorkers *workers = walk->tree->workers;

  if (!walk_go_on (walk))
    return;

  walk_count (walk);
  if (walk->parent != NULL)
    walk_finish_child (walk);
  else
    tm_workers_finish (workers);
}

/*
 * tm_delete_tree_empty:
 * @dirfd: a directory, opened for reading
 * @path: its path, for messages
 * @flags: `TM_DELETE_FLAGS_FORCE`, or none
 * @is_removed_next: whether the caller removes the directory next, and calls again with %FALSE if
 *   it is not empty: then a short directory need not be read to its end
 * @progress: (nullable): counts the entries that are found and deleted; reported from the calling
 *   thread
 * @cancellable: (nullable): checked once per directory and batch of entries
 * @error: return location for the first failure, with its path
 *
 * Deletes everything in a directory, but not the directory itself.
 *
 * Continues after failures. Entries that are added meanwhile may or may not be deleted.
 *
 * Returns: %TRUE when everything is deleted
 */
gboolean
tm_delete_tree_empty (int dirfd,
                      const char *path,
                      TmDeleteFlags flags,
                      gboolean is_removed_next,
                      TmProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  TmDeleteTree tree = {
    .path = path,
    .cancellable = cancellable,
    .progress = progress,
    .is_removed_next = is_removed_next,
    .forces = (flags & TM_DELETE_FLAGS_FORCE) != 0,
    .caller = g_thread_self (),
    .batch = BATCH,
    .max_open = MAX_OPEN_LEVELS,
    .start = g_get_monotonic_time (),
    .n_walks = 1,
  };
  TmDeleteWalk walk;

  tm_delete_walk_init (&walk, &tree,
                       tm_level_new (NULL, NULL, tm_level_directory_new (dirfd, TRUE)));
  walk.walker.top->share = 1;
  if (tree.forces)
    tm_level_make_writable (walk.walker.top);
  if (tm_dirfd_seek (dirfd, 0) < 0 && !tm_dirfd_is_gone (errno))
    tm_delete_walk_report (&walk, TM_ACTION_READ_DIRECTORY, NULL, errno);

  if (!walk_go_on (&walk))
    tm_workers_work (tree.workers, progress);
  else
    {
      walk_count (&walk);
      if (tree.workers != NULL)
        tm_workers_finish (tree.workers);
    }

  if (tree.workers != NULL && tm_log_is_shown ())
    tm_log_threads (path, tm_workers_get_n_threads (tree.workers));
  g_clear_pointer (&tree.workers, tm_workers_free);
  /* The caller may keep the directory. */
  tm_level_restore (walk.walker.top);
  tm_delete_walk_clear (&walk);

  if (g_cancellable_is_cancelled (cancellable))
    {
      g_clear_error (&tree.error);
      g_cancellable_set_error_if_cancelled (cancellable, &tree.error);
    }

  if (tree.error != NULL)
    {
      g_propagate_error (error, tree.error);
      return FALSE;
    }

  return TRUE;
}
