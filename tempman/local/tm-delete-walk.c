/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-delete-walk-private.h"

#include "local/tm-dirfd-private.h"

#include <errno.h>

/* Going through a tree by descriptors, one level at a time: a run of entries is read, what is no
 * directory is unlinked at once, and the sub-directories wait at their level until each has been
 * emptied. The levels are on the heap, so that neither the stack nor PATH_MAX limits the depth. */

/* A directory to which another process keeps adding files is emptied this many times. */
#define MAX_RESCANS 10

/* With those that every walk may have, no more than the table of descriptors of a small process has
 * room for. */
#define MAX_MORE_OPEN_LEVELS 16

static void
tree_lock (TmDeleteTree *tree)
{
  if (tree->workers != NULL)
    tm_workers_lock (tree->workers);
}

static void
tree_unlock (TmDeleteTree *tree)
{
  if (tree->workers != NULL)
    tm_workers_unlock (tree->workers);
}

/* Notes the first failure, with the path of what it befell: @name in the lowest level, or that
 * level itself. The walk goes on; the levels above cannot be removed any more. */
void
tm_delete_walk_report (TmDeleteWalk *walk, TmAction action, const char *name, int error_number)
{
  TmDeleteTree *tree = walk->tree;

  walk->walker.lowest->is_incomplete = TRUE;

  tree_lock (tree);
  if (tree->error == NULL)
    {
      g_autoptr (GString) path = g_string_new (tree->path);

      tm_level_append_path (path, walk->walker.lowest);
      if (name != NULL)
        {
          g_string_append_c (path, G_DIR_SEPARATOR);
          g_string_append (path, name);
        }

      tm_error_set_from_errno (&tree->error, action, path->str, error_number);
    }
  tree_unlock (tree);
}

/* A directory of ours that bars us from what is in it gets the permissions. */
static int
open_cb (TmWalker *walker, TmLevel *level, int dirfd, const char *name)
{
  int fd = tm_dirfd_open_child (dirfd, name, O_NOATIME, &walker->repaired_mode);

  if (fd < 0 && errno == EACCES && tm_level_repair_mode (level, dirfd))
    fd = tm_dirfd_open_child (dirfd, name, O_NOATIME, &walker->repaired_mode);

  return fd;
}

/* Makes sure that the level above the lowest is open. Returns FALSE when the lowest has been moved
 * elsewhere. */
static gboolean
walk_open_above (TmDeleteWalk *walk)
{
  int error_number;
  gboolean is_open = tm_walker_open_above (&walk->walker, &error_number);

  if (error_number != 0)
    tm_delete_walk_report (walk, TM_ACTION_RETURN_FROM_DIRECTORY, NULL, error_number);
  return is_open;
}

/* Unlinks what is no directory of the entries that were read, up to the end of the batch. */
void
tm_delete_walk_unlink (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  struct dirent64 *entry;

  while (walk->n_tried < walk->tree->batch && (entry = tm_dirents_take (&walk->run)) != NULL)
    {
      walk->n_tried++;
      /* Where the type is not known, unlink() knows it. */
      if (entry->d_type == DT_DIR)
        tm_dirents_append (&level->directories, entry);
      else if (tm_level_unlink (level, entry->d_name) == 0 || errno == ENOENT)
        walk->n_done++;
      else if (errno == EISDIR)
        tm_dirents_append (&level->directories, entry);
      else
        tm_delete_walk_report (walk, TM_ACTION_DELETE, entry->d_name, errno);
    }
}

/* Reads the next entries of the lowest level. */
void
tm_delete_walk_read (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  int fd = level->directory->fd;
  gssize length;

  length =
      level->is_sorted ? tm_dirents_read_sorted (&walk->run, fd) : tm_dirents_read (&walk->run, fd);

  if (length <= 0)
    {
      level->is_read = TRUE;
      /* A directory that somebody else removed while it was open reads as ENOENT. */
      if (length < 0 && errno != ENOENT)
        tm_delete_walk_report (walk, TM_ACTION_READ_DIRECTORY, NULL, errno);
      return;
    }

  /* At once: whoever is given half of them counts them when they are deleted. */
  if (walk->tree->progress != NULL)
    tm_progress_add (walk->tree->progress, 0, tm_dirents_count (&walk->run));

  if (!tm_dirents_may_be_the_last (&walk->run))
    level->is_sorted = level->is_sorted || tm_level_is_worth_sorting (level);
  /* Removing it tells as well whether there is more. At the top that is for the caller to do. */
  else if (level != walk->walker.top && level->n_rescans == 0 && !level->is_sorted)
    {
      level->is_read = level->is_end_guessed = TRUE;
      level->position = tm_dirents_end (&walk->run);
    }
}

/* Reads the lowest level further after all where something could not be deleted: the directory
 * stays, and nothing tells whether the end that was guessed is the end. Returns FALSE when the end
 * is certain, or does not matter. */
gboolean
tm_delete_walk_resume_reading (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;

  if (!level->is_end_guessed || !level->is_incomplete)
    return FALSE;

  level->is_end_guessed = FALSE;
  /* It may have been closed since. From its beginning it would be gone through again, with all that
   * is below. */
  if (!tm_walker_read_from (&walk->walker, level->position))
    return FALSE;

  level->is_read = FALSE;
  return TRUE;
}

/* Deletes what cannot be gone into, for the reason that errno tells. */
static void
walk_delete_unopened (TmDeleteWalk *walk, const char *name)
{
  TmLevel *level = walk->walker.lowest;
  int error_number = errno;

  walk->n_tried++;
  switch (error_number)
    {
    case ENOENT:
      walk->n_done++;
      break;

    case ENOTDIR:
      /* No directory any more. If it is one again by now, the rescan will find it. */
      if (tm_level_unlink (level, name) == 0 || errno == ENOENT)
        walk->n_done++;
      else if (errno != EISDIR)
        tm_delete_walk_report (walk, TM_ACTION_DELETE, name, errno);
      break;

    case EACCES:
      /* Somebody else's, and may be removed all the same if it is empty. */
      if (tm_level_remove (level, name) == 0 || errno == ENOENT)
        walk->n_done++;
      else
        tm_delete_walk_report (walk, TM_ACTION_OPEN_DIRECTORY, name, error_number);
      break;

    default:
      tm_delete_walk_report (walk, TM_ACTION_OPEN_DIRECTORY, name, error_number);
      break;
    }
}

/* Makes room for one more open level. A walk that is alone in a deep tree may have more of them, if
 * the process can spare the descriptors: the way back up is shorter then. */
static void
walk_make_room (TmDeleteWalk *walk)
{
  TmDeleteTree *tree = walk->tree;
  TmWalker *walker = &walk->walker;

  if (walker->n_open >= walker->max_open && !tree->is_deep && tree->workers == NULL)
    {
      guint n_spare = tm_dirfd_count_spare (walker->lowest->directory->fd);

      tree->is_deep = TRUE;
      walker->max_open += MIN (n_spare / 2, MAX_MORE_OPEN_LEVELS);
    }

  if (walker->n_open >= walker->max_open)
    tm_walker_close_one (walker);
}

/* Goes down into @name. Where that fails, the walk stays and goes on with the next. */
void
tm_delete_walk_enter (TmDeleteWalk *walk, const char *name)
{
  TmLevel *level = walk->walker.lowest;
  int fd;

  walk_make_room (walk);
  fd = tm_walker_open_child (&walk->walker, name);
  if (fd >= 0)
    tm_walker_push (&walk->walker, name, fd);
  else
    walk_delete_unopened (walk, name);

  /* In a deep tree there are many levels without anything left. */
  if (tm_dirents_is_empty (&level->directories))
    tm_dirents_clear (&level->directories);
}

/* Goes back up from a directory that stays, or has been removed. */
static void
walk_pop (TmDeleteWalk *walk, gboolean is_removed)
{
  TmLevel *level = walk->walker.lowest;

  if (!is_removed)
    tm_level_restore_mode (level);
  level->above->is_incomplete |= level->is_incomplete;
  tm_walker_pop (&walk->walker);
}

/* Everything in the lowest level has been seen: removes its directory and goes back up. */
void
tm_delete_walk_leave (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  gboolean is_removed = FALSE;

  if (level->is_lost || !walk_open_above (walk))
    {
      walk_pop (walk, FALSE);
      return;
    }

  if (!level->is_incomplete)
    is_removed = tm_level_remove (level->above, level->name) == 0;
  if (!level->is_incomplete && !is_removed)
    {
      int error_number = errno;

      if (error_number == ENOTEMPTY && level->n_rescans < MAX_RESCANS &&
          tm_walker_read_from (&walk->walker, 0))
        {
          level->n_rescans++;
          level->is_read = level->is_end_guessed = FALSE;
          return;
        }

      /* ENOTDIR: another file now has this name, and reading the level above again finds it. */
      if (error_number != ENOENT && error_number != ENOTDIR)
        tm_delete_walk_report (walk, TM_ACTION_DELETE, NULL, error_number);

      if (tm_delete_walk_resume_reading (walk))
        return;
    }

  walk->n_tried++;
  if (!level->is_incomplete)
    walk->n_done++;
  walk_pop (walk, is_removed);
}

/* Begins at @top, which the walk takes over. */
void
tm_delete_walk_init (TmDeleteWalk *walk, TmDeleteTree *tree, TmLevel *top)
{
  *walk = (TmDeleteWalk){ .tree = tree };
  tm_walker_init (&walk->walker, top, tree->max_open, open_cb);
}

void
tm_delete_walk_clear (TmDeleteWalk *walk)
{
  tm_walker_clear (&walk->walker);
  tm_dirents_clear (&walk->run);
}

/* A walk of its own that begins at a level of @parent, whose descriptor they share. */
TmDeleteWalk *
tm_delete_walk_new (TmDeleteTree *tree, TmDeleteWalk *parent, TmLevel *origin)
{
  TmDeleteWalk *walk = g_new (TmDeleteWalk, 1);
  TmLevel *top = tm_level_new (origin, NULL, tm_level_directory_ref (origin->directory));

  top->is_read = TRUE;
  tm_delete_walk_init (walk, tree, top);
  walk->parent = parent;
  walk->origin = origin;
  return walk;
}

void
tm_delete_walk_free (TmDeleteWalk *walk)
{
  tm_delete_walk_clear (walk);
  g_free (walk);
}

/* The highest level of a walk that is open and at which directories wait, or NULL. High up the
 * trees below are large. */
TmLevel *
tm_delete_walk_find_directories (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.top;

  while (level != NULL && tm_dirents_is_empty (&level->directories))
    level = level->next_open;

  return level;
}

/* Nothing more of the lowest level is deleted. */
void
tm_delete_walk_give_up_level (TmDeleteWalk *walk)
{
  tm_dirents_clear (&walk->run);
  tm_dirents_clear (&walk->walker.lowest->directories);
  walk->walker.lowest->is_read = TRUE;
  walk->walker.lowest->is_end_guessed = FALSE;
}
