/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-tree-local-private.h"

#include "tm-dirfd-private.h"
#include "tm-tree-level-private.h"
#include "tm-tree-workers-private.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

/* Deletion by descriptors.
 *
 * A walk goes down one level at a time: a run of entries is read, what is no directory is unlinked
 * at once, and the sub-directories wait at their level until each has been emptied. The levels are
 * on the heap, so that neither the stack nor PATH_MAX limits the depth.
 *
 * Only the lowest levels of a walk are open. Those above are closed, with the identity of the
 * directory and the position in it noted, and opened again on the way back: through "..", if it
 * still leads to the noted directory, else by going down from the top once more.
 *
 * A large tree is walked by several threads. A walk gives away half of what still waits at one of
 * its levels, as a walk of its own that shares the descriptor of that level and begins there. A
 * level is left when it is empty and the walks that were given from it are finished; until then its
 * walk is put aside, and whichever thread finishes the last of those goes on with it. */

/* Few, because a table of descriptors that grows makes other threads wait, and because the
 * process needs descriptors for other things; many enough for most trees to need no reopening. */
#define MAX_OPEN_LEVELS 16

/* Bounds the descriptors of the walks that are put aside. */
#define MAX_WALKS 32

/* Until then other threads, or other parts of the program, will have closed some. */
#define MAX_WAITS_FOR_DESCRIPTORS 100
#define WAIT_FOR_DESCRIPTORS_MICROSECONDS 1000

/* Somebody who keeps adding files to a directory is waited for this many times. */
#define MAX_RESCANS 10

/* How many entries lie between two looks at the clock, the cancellable and the other threads: fewer
 * where each of them waits for the disk, since others are waiting all that time. */
#define BATCH 64
#define BATCH_BLOCKING 8

/* A tree that is done with before both is not worth another thread. How long the deletions wait is
 * not known before, either. */
#define MIN_DELETIONS_FOR_THREADS (BATCH / 2)
#define MIN_MICROSECONDS_FOR_THREADS 500

typedef struct _Walk Walk;

/* One deletion. */
typedef struct
{
  const char *path;          /* (unowned): of the top, for messages */
  GCancellable *cancellable; /* (unowned) (nullable) */
  TmProgress *progress;      /* (unowned) (nullable) */
  GThread *caller;           /* (unowned): the thread that reports */
  TmTreeWorkers *workers;    /* (owned) (nullable): once the tree has turned out large */
  guint batch;               /* entries in one */
  gint64 start;              /* monotonic time */

  /* Until there are workers, and after the first batch of which something was deleted. */
  gboolean is_measured;
  guint n_deleted;
  glong n_switches; /* of the caller, before */

  /* Guarded by the lock of the workers, once there are any. */
  guint n_walks;
  GError *error; /* (owned) (nullable): the first one */
} Tree;

struct _Walk
{
  Tree *tree;                /* (unowned) */
  Walk *giver;               /* (unowned) (nullable): not finished before this one is */
  TmTreeLevel *given_from;   /* (unowned) (nullable): its level */
  TmTreeLevel *top;          /* (owned) */
  TmTreeLevel *lowest;       /* (unowned) */
  TmTreeLevel *highest_open; /* (unowned) (nullable): below the top; from here on, all are open */
  guint n_open;              /* levels from highest_open on */
  guint max_open;            /* how many of them may be */
  TmRun run;                 /* entries of the lowest level, as read */
  guint n_tried;             /* entries dealt with in this batch */
  guint n_done;              /* of these, deleted */
  guint n_waits;             /* for descriptors */
};

static void work_cb (gpointer part);

static void
tree_lock (Tree *tree)
{
  if (tree->workers != NULL)
    tm_tree_workers_lock (tree->workers);
}

static void
tree_unlock (Tree *tree)
{
  if (tree->workers != NULL)
    tm_tree_workers_unlock (tree->workers);
}

/* Notes the first failure, with the path of what it befell: @name in the lowest level, or that
 * level itself. The walk goes on; the levels above cannot be removed any more. */
static void
walk_report (Walk *walk, const char *action, const char *name, int error_number)
{
  Tree *tree = walk->tree;

  walk->lowest->is_incomplete = TRUE;

  tree_lock (tree);
  if (tree->error == NULL)
    {
      g_autoptr (GString) path = g_string_new (tree->path);

      tm_tree_level_append_path (path, walk->lowest);
      if (name != NULL)
        {
          g_string_append_c (path, G_DIR_SEPARATOR);
          g_string_append (path, name);
        }

      tm_dirfd_set_error (&tree->error, action, path->str, error_number);
    }
  tree_unlock (tree);
}

/* Closes the highest open level but the top. Returns FALSE when there is none but the lowest, from
 * which the walk goes on. */
static gboolean
walk_close_highest (Walk *walk)
{
  TmTreeLevel *level = walk->highest_open;

  /* Past levels that were moved away, the highest is the one to go back to. */
  if (level == NULL || level == walk->lowest || walk->lowest->is_lost ||
      !tm_tree_level_close (level))
    return FALSE;

  walk->highest_open = level->below;
  walk->n_open--;
  return TRUE;
}

static gboolean
is_out_of_descriptors (int error_number)
{
  return error_number == EMFILE || error_number == ENFILE;
}

static int
open_up_or_down (int dirfd, const char *name)
{
  return strcmp (name, "..") == 0 ? tm_dirfd_open_parent (dirfd)
                                  : tm_dirfd_open_child (dirfd, name, O_NOATIME, NULL);
}

/* Opens a sub-directory of @dirfd, or "..", with what descriptors there are. A directory of ours
 * that bars us from it gets the permissions. */
static int
walk_open (Walk *walk, int dirfd, const char *name)
{
  for (;;)
    {
      int fd = open_up_or_down (dirfd, name);

      if (fd < 0 && errno == EACCES && tm_dirfd_repair_mode (dirfd))
        fd = open_up_or_down (dirfd, name);

      if (fd >= 0 || !is_out_of_descriptors (errno))
        {
          walk->n_waits = 0;
          return fd;
        }

      /* Somebody else wants descriptors too: make do with those there are. */
      if (walk_close_highest (walk))
        walk->max_open = MAX (walk->n_open, 1);
      /* They may be those of other threads on their way through this tree. */
      else if (walk->n_waits++ < MAX_WAITS_FOR_DESCRIPTORS)
        g_usleep (WAIT_FOR_DESCRIPTORS_MICROSECONDS);
      else
        {
          errno = EMFILE;
          return -1;
        }
    }
}

/* Opens the level above the lowest after ".." did not lead there: from the top down to it, or as
 * far as the directories still are where they were. What somebody moved away in the meantime is
 * left to him: the levels from there on are lost. */
static void
walk_descend_again (Walk *walk)
{
  TmTreeLevel *lowest = walk->lowest;
  TmTreeLevel *level = walk->top;

  while (level->below != lowest)
    {
      TmTreeLevel *below = level->below;
      int fd = walk_open (walk, level->directory->fd, below->name);

      if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        walk_report (walk, "Going back up from", NULL, errno);
      if (!tm_tree_level_reopen (below, fd))
        break;

      if (level != walk->top)
        g_clear_pointer (&level->directory, tm_tree_directory_unref);
      level = below;
    }

  walk->highest_open = level == walk->top ? NULL : level;
  walk->n_open = walk->highest_open == NULL ? 0 : 1;

  while ((level = level->below) != NULL)
    {
      g_clear_pointer (&level->directory, tm_tree_directory_unref);
      level->is_lost = TRUE;
      tm_run_clear (&level->directories);
      level->is_read = TRUE;
    }
}

/* Makes sure that the level above the lowest is open. Returns FALSE when the lowest has been moved
 * elsewhere. */
static gboolean
walk_open_above (Walk *walk)
{
  TmTreeLevel *level = walk->lowest;
  TmTreeLevel *above = level->above;

  if (above->directory != NULL)
    return TRUE;

  if (tm_tree_level_reopen (above, walk_open (walk, level->directory->fd, "..")))
    {
      walk->highest_open = above;
      walk->n_open++;
      return TRUE;
    }

  walk_descend_again (walk);
  return FALSE;
}

/* Unlinks what is no directory of the entries that were read, up to the end of the batch. */
static void
walk_unlink (Walk *walk)
{
  TmTreeLevel *level = walk->lowest;
  struct dirent64 *entry;

  while (walk->n_tried < walk->tree->batch && (entry = tm_run_take (&walk->run)) != NULL)
    {
      walk->n_tried++;
      /* Where the type is not known, unlink() knows it. */
      if (entry->d_type == DT_DIR)
        tm_run_append (&level->directories, entry);
      else if (tm_tree_level_unlink (level, entry->d_name) == 0 || errno == ENOENT)
        walk->n_done++;
      else if (errno == EISDIR)
        tm_run_append (&level->directories, entry);
      else
        walk_report (walk, "Deleting", entry->d_name, errno);
    }
}

/* Reads the next entries of the lowest level. */
static void
walk_read (Walk *walk)
{
  TmTreeLevel *level = walk->lowest;
  int fd = level->directory->fd;
  gssize length;

  length = level->is_sorted ? tm_run_read_sorted (&walk->run, fd) : tm_run_read (&walk->run, fd);

  if (length <= 0)
    {
      level->is_read = TRUE;
      /* A directory that somebody else removed while it was open reads as ENOENT. */
      if (length < 0 && errno != ENOENT)
        walk_report (walk, "Reading the directory", NULL, errno);
      return;
    }

  /* At once: whoever is given half of them counts them when they are deleted. */
  if (walk->tree->progress != NULL)
    tm_progress_add (walk->tree->progress, 0, tm_run_count (&walk->run));

  if (!tm_run_may_be_the_last (&walk->run))
    level->is_sorted = level->is_sorted || tm_tree_level_is_worth_sorting (level);
  /* Removing it tells as well whether there is more. At the top that is for the caller to do. */
  else if (level != walk->top && level->n_rescans == 0)
    level->is_read = TRUE;
}

/* Deletes what cannot be gone into, for the reason that errno tells. */
static void
walk_delete_unopened (Walk *walk, const char *name)
{
  TmTreeLevel *level = walk->lowest;
  int error_number = errno;

  walk->n_tried++;
  switch (error_number)
    {
    case ENOENT:
      walk->n_done++;
      break;

    case ENOTDIR:
      /* No directory any more. If it is one again by now, the rescan will find it. */
      if (tm_tree_level_unlink (level, name) == 0 || errno == ENOENT)
        walk->n_done++;
      else if (errno != EISDIR)
        walk_report (walk, "Deleting", name, errno);
      break;

    case EACCES:
      /* Somebody else's, and may be removed all the same if it is empty. */
      if (tm_tree_level_remove (level, name) == 0 || errno == ENOENT)
        walk->n_done++;
      else
        walk_report (walk, "Opening the directory", name, error_number);
      break;

    default:
      walk_report (walk, "Opening the directory", name, error_number);
      break;
    }
}

/* Goes down into @name. Where that fails, the walk stays and goes on with the next. */
static void
walk_enter (Walk *walk, const char *name)
{
  TmTreeLevel *level = walk->lowest;
  int fd;

  if (walk->n_open >= walk->max_open)
    walk_close_highest (walk);

  fd = walk_open (walk, level->directory->fd, name);
  if (fd >= 0)
    {
      walk->lowest = level->below =
          tm_tree_level_new (level, name, tm_tree_directory_new (fd, FALSE));
      if (walk->highest_open == NULL)
        walk->highest_open = walk->lowest;
      walk->n_open++;
    }
  else
    walk_delete_unopened (walk, name);

  /* In a deep tree there are many levels without anything left. */
  if (tm_run_is_empty (&level->directories))
    tm_run_clear (&level->directories);
}

/* Goes back up. */
static void
walk_pop (Walk *walk)
{
  TmTreeLevel *level = walk->lowest;

  walk->lowest = level->above;
  walk->lowest->below = NULL;
  walk->lowest->is_incomplete |= level->is_incomplete;

  if (!level->is_lost)
    walk->n_open--;
  if (walk->highest_open == level)
    walk->highest_open = NULL;
  tm_tree_level_free (level);
}

/* Everything in the lowest level has been seen: removes its directory and goes back up. */
static void
walk_leave (Walk *walk)
{
  TmTreeLevel *level = walk->lowest;

  if (level->is_lost || !walk_open_above (walk))
    {
      walk_pop (walk);
      return;
    }

  if (!level->is_incomplete && tm_tree_level_remove (level->above, level->name) < 0)
    {
      if (errno == ENOTEMPTY && level->n_rescans < MAX_RESCANS &&
          tm_dirfd_seek (level->directory->fd, 0) == 0)
        {
          level->n_rescans++;
          level->is_read = FALSE;
          return;
        }

      /* POSIX has no name for "somebody keeps filling it". ENOTDIR: something else stands there by
       * now; reading the level above again will find it. */
      if (errno != ENOENT && errno != ENOTDIR)
        walk_report (walk, "Deleting", NULL, errno == ENOTEMPTY ? EBUSY : errno);
    }

  walk->n_tried++;
  if (!level->is_incomplete)
    walk->n_done++;
  walk_pop (walk);
}

static Walk *
walk_new (Tree *tree, Walk *giver, TmTreeLevel *given_from)
{
  Walk *walk = g_new0 (Walk, 1);

  walk->tree = tree;
  walk->giver = giver;
  walk->given_from = given_from;
  walk->top = tm_tree_level_new (given_from, NULL, tm_tree_directory_ref (given_from->directory));
  walk->top->is_read = TRUE;
  walk->lowest = walk->top;
  walk->max_open = MAX_OPEN_LEVELS;
  return walk;
}

static void
walk_free (Walk *walk)
{
  tm_tree_level_free (walk->top);
  tm_run_clear (&walk->run);
  g_free (walk);
}

/* The highest level of a walk that is open and at which directories wait, or NULL. High up the
 * trees below are large. */
static TmTreeLevel *
walk_find_directories (Walk *walk)
{
  TmTreeLevel *level = walk->top;

  while (level != NULL && tm_run_is_empty (&level->directories))
    level = level == walk->top ? walk->highest_open : level->below;

  return level;
}

/* Gives half of what waits at one level to another thread: directories or, where there are none,
 * entries of the one directory that is left. Those are given only in runs that are worth it: all
 * threads wait for the lock that the kernel has for the directory. Returns FALSE when there is too
 * little to give. */
static gboolean
walk_share (Walk *walk)
{
  Tree *tree = walk->tree;
  TmTreeLevel *level = walk_find_directories (walk);
  /* Its only work is not given away: it would go from thread to thread. */
  gboolean is_idle = level == walk->lowest && tm_run_is_empty (&walk->run);
  TmRun half = { 0 };
  Walk *part;

  if (level != NULL ? !tm_run_split (&level->directories, is_idle ? 2 : 1, &half)
                    : !tm_run_split (&walk->run, 2 * tree->batch, &half))
    return FALSE;

  part = walk_new (tree, walk, level != NULL ? level : walk->lowest);
  if (level != NULL)
    part->top->directories = half;
  else
    part->run = half;
  part->given_from->has_given = TRUE;

  tm_tree_workers_lock (tree->workers);
  tree->n_walks++;
  part->given_from->n_parts++;
  tm_tree_workers_add_part_locked (tree->workers, part);
  tm_tree_workers_unlock (tree->workers);
  return TRUE;
}

static gboolean
walk_may_share (Walk *walk)
{
  Tree *tree = walk->tree;
  gboolean may_share;

  if (tree->workers == NULL || !tm_tree_workers_want_a_part (tree->workers))
    return FALSE;

  tm_tree_workers_lock (tree->workers);
  may_share = tree->n_walks < MAX_WALKS;
  tm_tree_workers_unlock (tree->workers);
  return may_share;
}

static glong
count_switches (void)
{
  struct rusage usage;

  return getrusage (RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

/* Calls other threads to help when the tree has turned out large, after a batch of which @n_deleted
 * entries were deleted: not those that are directories to be gone into. */
static void
walk_consider_threads (Walk *walk, guint n_deleted)
{
  Tree *tree = walk->tree;
  gboolean blocks;

  if (!tree->is_measured)
    {
      /* The first deletions may have waited for what is now in memory. */
      tree->is_measured = n_deleted > 0;
      tree->n_switches = count_switches ();
      return;
    }

  tree->n_deleted += n_deleted;
  if (tree->n_deleted < MIN_DELETIONS_FOR_THREADS ||
      g_get_monotonic_time () - tree->start < MIN_MICROSECONDS_FOR_THREADS ||
      (walk_find_directories (walk) == NULL && tm_run_is_empty (&walk->run)))
    return;

  /* Whoever waits for the disk with almost every deletion gives up the processor as often. */
  blocks = 2 * (count_switches () - tree->n_switches) >= (glong) tree->n_deleted;
  if (blocks)
    tree->batch = BATCH_BLOCKING;
  tree->workers = tm_tree_workers_new (work_cb);
  tm_tree_workers_call (tree->workers, blocks);
}

static void
walk_count (Walk *walk)
{
  Tree *tree = walk->tree;

  if (tree->progress != NULL)
    {
      tm_progress_add (tree->progress, walk->n_done, 0);
      if (tree->caller == g_thread_self ())
        tm_progress_report_if_due (tree->progress);
    }

  walk->n_tried = walk->n_done = 0;
}

static void
walk_end_batch (Walk *walk)
{
  guint n_deleted = walk->n_done;

  walk_count (walk);
  if (walk->tree->workers == NULL)
    walk_consider_threads (walk, n_deleted);
}

/* Whether what was given from the lowest level is finished. Else the walk is put aside, and may go
 * on in another thread before this returns. */
static gboolean
walk_parts_are_finished (Walk *walk)
{
  TmTreeLevel *level = walk->lowest;
  TmTreeWorkers *workers = walk->tree->workers;
  gboolean finished;

  if (!level->has_given)
    return TRUE;

  /* Descriptors are for those who work. */
  while (walk_close_highest (walk))
    ;

  tm_tree_workers_lock (workers);
  finished = level->n_parts == 0;
  level->is_waited_for = !finished;
  if (finished)
    {
      level->is_incomplete |= level->part_is_incomplete;
      level->has_given = FALSE;
    }
  tm_tree_workers_unlock (workers);
  return finished;
}

/* Nothing more of the lowest level is deleted. */
static void
walk_give_up_level (Walk *walk)
{
  tm_run_clear (&walk->run);
  tm_run_clear (&walk->lowest->directories);
  walk->lowest->is_read = TRUE;
}

/* Returns FALSE when the walk was put aside, to be gone on with in any thread. */
static gboolean
walk_go_on (Walk *walk)
{
  for (;;)
    {
      TmTreeLevel *level = walk->lowest;
      struct dirent64 *entry;

      if (walk->n_tried >= walk->tree->batch)
        walk_end_batch (walk);
      while (walk_may_share (walk) && walk_share (walk))
        ;

      if (level->is_lost)
        walk_give_up_level (walk);
      else if (g_cancellable_is_cancelled (walk->tree->cancellable))
        {
          walk_give_up_level (walk);
          level->is_incomplete = TRUE;
        }

      if (!tm_run_is_empty (&walk->run))
        walk_unlink (walk);
      else if ((entry = tm_run_take (&level->directories)) != NULL)
        walk_enter (walk, entry->d_name);
      else if (!level->is_read)
        walk_read (walk);
      else if (!walk_parts_are_finished (walk))
        return FALSE;
      else if (level == walk->top)
        return TRUE;
      else
        walk_leave (walk);
    }
}

/* Tells the walk that a part was given from that it is finished. */
static void
walk_finish_part (Walk *walk)
{
  Tree *tree = walk->tree;
  TmTreeWorkers *workers = tree->workers;
  Walk *giver = walk->giver;
  TmTreeLevel *level = walk->given_from;
  gboolean is_incomplete = walk->top->is_incomplete;

  /* Before the giver is told: when the tree is finished no descriptor is open any more. */
  walk_free (walk);

  tm_tree_workers_lock (workers);
  tree->n_walks--;
  level->n_parts--;
  level->part_is_incomplete |= is_incomplete;
  if (level->n_parts == 0 && level->is_waited_for)
    {
      level->is_waited_for = FALSE;
      tm_tree_workers_add_part_locked (workers, giver);
    }
  tm_tree_workers_unlock (workers);
}

/* In any thread. */
static void
work_cb (gpointer part)
{
  Walk *walk = part;
  TmTreeWorkers *workers = walk->tree->workers;

  if (!walk_go_on (walk))
    return;

  walk_count (walk);
  if (walk->giver != NULL)
    walk_finish_part (walk);
  else
    tm_tree_workers_finish (workers);
}

/*
 * tm_tree_local_empty:
 * @dirfd: a directory, opened for reading
 * @path: its path, for messages
 * @progress: (nullable): told of what is found and deleted; reported from the calling thread
 * @cancellable: (nullable): looked at once per directory and batch of entries
 * @error: where to put the first failure, with the path that it befell
 *
 * Deletes everything in a directory, but not the directory itself.
 *
 * Goes on past what cannot be deleted. Entries that are added meanwhile may or may not be deleted.
 *
 * Returns: %TRUE when nothing had to be left
 */
gboolean
tm_tree_local_empty (int dirfd,
                     const char *path,
                     TmProgress *progress,
                     GCancellable *cancellable,
                     GError **error)
{
  Tree tree = {
    .path = path,
    .cancellable = cancellable,
    .progress = progress,
    .caller = g_thread_self (),
    .batch = BATCH,
    .start = g_get_monotonic_time (),
    .n_walks = 1,
  };
  TmTreeLevel *top = tm_tree_level_new (NULL, NULL, tm_tree_directory_new (dirfd, TRUE));
  Walk walk = { .tree = &tree, .top = top, .lowest = top, .max_open = MAX_OPEN_LEVELS };

  if (tm_dirfd_seek (dirfd, 0) < 0)
    walk_report (&walk, "Reading the directory", NULL, errno);

  if (!walk_go_on (&walk))
    tm_tree_workers_work (tree.workers, progress);
  else
    {
      walk_count (&walk);
      if (tree.workers != NULL)
        tm_tree_workers_finish (tree.workers);
    }

  g_clear_pointer (&tree.workers, tm_tree_workers_free);
  tm_tree_level_free (top);
  tm_run_clear (&walk.run);

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
