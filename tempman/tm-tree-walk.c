/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-tree-walk-private.h"

#include "tm-dirfd-private.h"

#include <errno.h>
#include <string.h>

/* Going through a tree by descriptors, one level at a time: a run of entries is read, what is no
 * directory is unlinked at once, and the sub-directories wait at their level until each has been
 * emptied. The levels are on the heap, so that neither the stack nor PATH_MAX limits the depth.
 *
 * Only the lowest levels are open. Those above are closed, with the identity of the directory and
 * the position in it noted, and opened again on the way back: through "..", if it still leads to
 * the noted directory, else by going down from the top once more. */

/* Until then other threads, or other parts of the program, will have closed some. */
#define MAX_WAITS_FOR_DESCRIPTORS 100
#define WAIT_FOR_DESCRIPTORS_MICROSECONDS 1000

/* Somebody who keeps adding files to a directory is waited for this many times. */
#define MAX_RESCANS 10

static void
tree_lock (TmTree *tree)
{
  if (tree->workers != NULL)
    tm_tree_workers_lock (tree->workers);
}

static void
tree_unlock (TmTree *tree)
{
  if (tree->workers != NULL)
    tm_tree_workers_unlock (tree->workers);
}

/* Notes the first failure, with the path of what it befell: @name in the lowest level, or that
 * level itself. The walk goes on; the levels above cannot be removed any more. */
void
tm_tree_walk_report (TmTreeWalk *walk, const char *action, const char *name, int error_number)
{
  TmTree *tree = walk->tree;

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
gboolean
tm_tree_walk_close_highest (TmTreeWalk *walk)
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
walk_open (TmTreeWalk *walk, int dirfd, const char *name)
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
      if (tm_tree_walk_close_highest (walk))
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
walk_descend_again (TmTreeWalk *walk)
{
  TmTreeLevel *lowest = walk->lowest;
  TmTreeLevel *level = walk->top;

  while (level->below != lowest)
    {
      TmTreeLevel *below = level->below;
      int fd = walk_open (walk, level->directory->fd, below->name);

      if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        tm_tree_walk_report (walk, "Going back up from", NULL, errno);
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
walk_open_above (TmTreeWalk *walk)
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
void
tm_tree_walk_unlink (TmTreeWalk *walk)
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
        tm_tree_walk_report (walk, "Deleting", entry->d_name, errno);
    }
}

/* Reads the next entries of the lowest level. */
void
tm_tree_walk_read (TmTreeWalk *walk)
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
        tm_tree_walk_report (walk, "Reading the directory", NULL, errno);
      return;
    }

  /* At once: whoever is given half of them counts them when they are deleted. */
  if (walk->tree->progress != NULL)
    tm_progress_add (walk->tree->progress, 0, tm_run_count (&walk->run));

  if (!tm_run_may_be_the_last (&walk->run))
    level->is_sorted = level->is_sorted || tm_tree_level_is_worth_sorting (level);
  /* Removing it tells as well whether there is more. At the top that is for the caller to do. */
  else if (level != walk->top && level->n_rescans == 0 && !level->is_sorted)
    {
      level->is_read = level->is_end_guessed = TRUE;
      level->position = tm_run_end (&walk->run);
    }
}

/* Reads the lowest level further after all where something could not be deleted: the directory
 * stays, and nothing tells whether the end that was guessed is the end. Returns FALSE when the end
 * is certain, or does not matter. */
gboolean
tm_tree_walk_resume_reading (TmTreeWalk *walk)
{
  TmTreeLevel *level = walk->lowest;

  if (!level->is_end_guessed || !level->is_incomplete)
    return FALSE;

  level->is_end_guessed = FALSE;
  /* It may have been closed since. From its beginning it would be gone through again, with all that
   * is below. */
  if (tm_dirfd_seek (level->directory->fd, level->position) < 0)
    return FALSE;

  level->is_read = FALSE;
  return TRUE;
}

/* Deletes what cannot be gone into, for the reason that errno tells. */
static void
walk_delete_unopened (TmTreeWalk *walk, const char *name)
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
        tm_tree_walk_report (walk, "Deleting", name, errno);
      break;

    case EACCES:
      /* Somebody else's, and may be removed all the same if it is empty. */
      if (tm_tree_level_remove (level, name) == 0 || errno == ENOENT)
        walk->n_done++;
      else
        tm_tree_walk_report (walk, "Opening the directory", name, error_number);
      break;

    default:
      tm_tree_walk_report (walk, "Opening the directory", name, error_number);
      break;
    }
}

/* Goes down into @name. Where that fails, the walk stays and goes on with the next. */
void
tm_tree_walk_enter (TmTreeWalk *walk, const char *name)
{
  TmTreeLevel *level = walk->lowest;
  int fd;

  if (walk->n_open >= walk->max_open)
    tm_tree_walk_close_highest (walk);

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
walk_pop (TmTreeWalk *walk)
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
void
tm_tree_walk_leave (TmTreeWalk *walk)
{
  TmTreeLevel *level = walk->lowest;

  if (level->is_lost || !walk_open_above (walk))
    {
      walk_pop (walk);
      return;
    }

  if (!level->is_incomplete && tm_tree_level_remove (level->above, level->name) < 0)
    {
      int error_number = errno;

      if (error_number == ENOTEMPTY && level->n_rescans < MAX_RESCANS &&
          tm_dirfd_seek (level->directory->fd, 0) == 0)
        {
          level->n_rescans++;
          level->is_read = level->is_end_guessed = FALSE;
          return;
        }

      /* POSIX has no name for "somebody keeps filling it". ENOTDIR: something else stands there by
       * now; reading the level above again will find it. */
      if (error_number != ENOENT && error_number != ENOTDIR)
        tm_tree_walk_report (walk, "Deleting", NULL,
                             error_number == ENOTEMPTY ? EBUSY : error_number);

      if (tm_tree_walk_resume_reading (walk))
        return;
    }

  walk->n_tried++;
  if (!level->is_incomplete)
    walk->n_done++;
  walk_pop (walk);
}

/* Begins at @top, which the walk takes over. */
void
tm_tree_walk_init (TmTreeWalk *walk, TmTree *tree, TmTreeLevel *top)
{
  *walk = (TmTreeWalk){ .tree = tree, .top = top, .lowest = top, .max_open = tree->max_open };
}

void
tm_tree_walk_clear (TmTreeWalk *walk)
{
  tm_tree_level_free (walk->top);
  tm_run_clear (&walk->run);
}

/* A walk of its own that begins at a level of @giver, whose descriptor they share. */
TmTreeWalk *
tm_tree_walk_new (TmTree *tree, TmTreeWalk *giver, TmTreeLevel *given_from)
{
  TmTreeWalk *walk = g_new (TmTreeWalk, 1);
  TmTreeLevel *top =
      tm_tree_level_new (given_from, NULL, tm_tree_directory_ref (given_from->directory));

  top->is_read = TRUE;
  tm_tree_walk_init (walk, tree, top);
  walk->giver = giver;
  walk->given_from = given_from;
  return walk;
}

void
tm_tree_walk_free (TmTreeWalk *walk)
{
  tm_tree_walk_clear (walk);
  g_free (walk);
}

/* The highest level of a walk that is open and at which directories wait, or NULL. High up the
 * trees below are large. */
TmTreeLevel *
tm_tree_walk_find_directories (TmTreeWalk *walk)
{
  TmTreeLevel *level = walk->top;

  while (level != NULL && tm_run_is_empty (&level->directories))
    level = level == walk->top ? walk->highest_open : level->below;

  return level;
}

/* Nothing more of the lowest level is deleted. */
void
tm_tree_walk_give_up_level (TmTreeWalk *walk)
{
  tm_run_clear (&walk->run);
  tm_run_clear (&walk->lowest->directories);
  walk->lowest->is_read = TRUE;
  walk->lowest->is_end_guessed = FALSE;
}
