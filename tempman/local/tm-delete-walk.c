/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-delete-walk-private.h"

#include "local/tm-dirfd-private.h"

#include <errno.h>

/* Deletes a tree by descriptors, one level at a time: a run of entries is read, entries that are
 * not directories are unlinked at once, and the sub-directories wait at their level until each has
 * been emptied. The levels are on the heap, so that neither the stack nor PATH_MAX limits the
 * depth. */

/* How often a directory is emptied to which another process keeps adding files. */
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

/* Reports a failure, with the path of the file: @name in the lowest level, or that level itself.
 * The tree stores the first one. The walk continues, but the levels above cannot be removed any
 * more. */
void
tm_delete_walk_report (TmDeleteWalk *walk, TmAction action, const char *name, int error_number)
{
  TmDeleteTree *tree = walk->tree;
  gboolean is_wanted = tm_progress_note_failure (tree->progress);
  g_autoptr (GString) path = NULL;
  g_autoptr (GError) error = NULL;

  walk->walker.lowest->is_incomplete = TRUE;

  tree_lock (tree);
  if (tree->error == NULL || is_wanted)
    {
      path = g_string_new (tree->path);
      tm_level_append_path (path, walk->walker.lowest);
      if (name != NULL)
        {
          g_string_append_c (path, G_DIR_SEPARATOR);
          g_string_append (path, name);
        }

      tm_error_set_from_errno (&error, action, path->str, error_number);
      if (tree->error == NULL)
        tree->error = g_error_copy (error);
    }
  tree_unlock (tree);

  if (is_wanted)
    tm_progress_fail (tree->progress, g_vfs_get_file_for_path (g_vfs_get_local (), path->str),
                      g_steal_pointer (&error), tree->cancellable);
}

/* Opens a sub-directory, and repairs the mode of its parent if that denies access. */
static int
open_cb (TmWalker *walker, TmLevel *level, int dirfd, const char *name)
{
  int fd = tm_dirfd_open_child (dirfd, name, TM_O_KEEP_ATIME, &walker->repaired_mode);

  if (fd < 0 && errno == EACCES && tm_level_repair_mode (level, dirfd))
    fd = tm_dirfd_open_child (dirfd, name, TM_O_KEEP_ATIME, &walker->repaired_mode);

  return fd;
}

/* Opens the level above the lowest unless it is open. Returns FALSE if the lowest is lost. */
static gboolean
walk_open_above (TmDeleteWalk *walk)
{
  int error_number;
  gboolean is_open = tm_walker_open_above (&walk->walker, &error_number);

  if (error_number != 0)
    tm_delete_walk_report (walk, TM_ACTION_RETURN_FROM_DIRECTORY, NULL, error_number);
  return is_open;
}

/* Unlinks the entries of the run that are not directories, up to the end of the batch. */
void
tm_delete_walk_unlink (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  TmDirEntry *entry;

  while (walk->n_tried < walk->tree->batch && (entry = tm_dirents_take (&walk->run)) != NULL)
    {
      walk->n_tried++;
      /* If the type is unknown, unlink() fails with EISDIR for a directory. */
      if (entry->type == DT_DIR)
        {
          tm_dirents_append (&level->directories, entry);
          continue;
        }

      walk->share += level->unit;
      if (tm_level_unlink (level, entry->name, walk->tree->forces) == 0 || tm_dirfd_is_gone (errno))
        walk->n_done++;
      else if (errno == EISDIR)
        tm_dirents_append (&level->directories, entry);
      else
        tm_delete_walk_report (walk, TM_ACTION_DELETE, entry->name, errno);
    }
}

/* The number of bytes that a directory has for each of its entries differs between file systems:
 * about 20 on tmpfs, 16 to 40 on others. */
#define TYPICAL_ENTRY_SIZE 24

/* Counts the entries of a new run, before they are deleted: another thread may delete, and count,
 * half of them. Splits the share of their directory among them. */
static void
walk_count_found (TmDeleteWalk *walk, gboolean is_last)
{
  TmLevel *level = walk->walker.lowest;
  guint n_directories;
  guint n = tm_dirents_count (&walk->run, &n_directories);
  guint n_units = n + n_directories * (TM_PROGRESS_DIRECTORY_WEIGHT - 1);
  TmProgressCounts counts = { .n_found = n };

  tm_progress_add (walk->tree->progress, &counts);

  if (level->n_expected == 0)
    level->n_expected = level->size / TYPICAL_ENTRY_SIZE;
  level->unit = 0;
  if (n > 0)
    level->unit = tm_progress_take_share (&level->share, n, is_last, &level->n_expected) / n_units;
}

/* Reads the next entries of the lowest level. */
void
tm_delete_walk_read (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  int fd = level->directory->fd;
  gboolean may_be_the_last;
  gssize length;

  do
    length = level->is_sorted ? tm_dirents_read_sorted (&walk->run, fd)
                              : tm_dirents_read (&walk->run, fd);
  while (length < 0 && tm_walker_may_read_again (&walk->walker));

  if (length <= 0)
    {
      level->is_read = TRUE;
      /* An open directory that was removed returns ENOENT. */
      if (length < 0 && !tm_dirfd_is_gone (errno))
        tm_delete_walk_report (walk, TM_ACTION_READ_DIRECTORY, NULL, errno);
      return;
    }

  may_be_the_last = tm_dirents_may_be_the_last (&walk->run);
  if (!may_be_the_last)
    level->is_sorted = level->is_sorted || tm_level_is_worth_sorting (level);
  /* The removal of the directory shows whether there are more entries. */
  else if ((level != walk->walker.top || walk->tree->is_removed_next) && level->n_rescans == 0 &&
           !level->is_sorted)
    {
      level->is_read = level->is_end_guessed = TRUE;
      level->position = tm_dirents_end (&walk->run);
    }

  if (walk->tree->progress != NULL)
    walk_count_found (walk, may_be_the_last);
}

/* Continues to read the lowest level after a failure in it: the directory is not removed, so its
 * guessed end would never be verified. Returns FALSE when the end is certain, or does not matter.
 */
gboolean
tm_delete_walk_resume_reading (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;

  if (!level->is_end_guessed || !level->is_incomplete)
    return FALSE;

  level->is_end_guessed = FALSE;
  /* It may have been closed since. Reading from the beginning would visit everything below again.
   */
  if (!tm_walker_read_from (&walk->walker, level->position))
    return FALSE;

  level->is_read = FALSE;
  return TRUE;
}

/* How often an entry is opened that is a file for one call and a directory for the next. */
#define MAX_OPENINGS 4

/* Deletes an entry that could not be opened, with the errno of that failure. Returns FALSE if it is
 * to be opened again, which happens only if it @may_be_opened. */
static gboolean
walk_delete_unopened (TmDeleteWalk *walk, const char *name, gboolean may_be_opened)
{
  TmLevel *level = walk->walker.lowest;
  int error_number = errno;

  walk->n_tried++;
  switch (error_number)
    {
    case ENOENT:
    case ESTALE:
      walk->n_done++;
      break;

    case ENOTDIR:
      /* It is not a directory any more, but can be one again by now. Nothing but this would find it
       * in a directory that is kept. */
      if (tm_level_unlink (level, name, walk->tree->forces) == 0 || tm_dirfd_is_gone (errno))
        walk->n_done++;
      else if (errno != EISDIR)
        tm_delete_walk_report (walk, TM_ACTION_DELETE, name, errno);
      else if (may_be_opened)
        return FALSE;
      else
        tm_delete_walk_report (walk, TM_ACTION_OPEN_DIRECTORY, name, error_number);
      break;

    case EACCES:
      /* A directory of another user can be removed if it is empty. */
      if (tm_level_remove (level, name, walk->tree->forces) == 0 || tm_dirfd_is_gone (errno))
        walk->n_done++;
      else
        tm_delete_walk_report (walk, TM_ACTION_OPEN_DIRECTORY, name, error_number);
      break;

    default:
      tm_delete_walk_report (walk, TM_ACTION_OPEN_DIRECTORY, name, error_number);
      break;
    }
  return TRUE;
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

/* Enters @name. On failure, the walk stays in its level and continues with the next entry. */
void
tm_delete_walk_enter (TmDeleteWalk *walk, const char *name)
{
  TmLevel *level = walk->walker.lowest;
  double share = level->unit * TM_PROGRESS_DIRECTORY_WEIGHT;
  guint n_openings = 0;
  int fd;

  walk_make_room (walk);
  do
    fd = tm_walker_open_child (&walk->walker, name);
  while (fd < 0 && !walk_delete_unopened (walk, name, ++n_openings < MAX_OPENINGS));
  if (fd >= 0)
    {
      tm_walker_push (&walk->walker, name, fd);
      walk->walker.lowest->share = share;
      if (walk->tree->forces)
        tm_level_make_writable (walk->walker.lowest);
    }
  else
    walk->share += share;

  /* In a deep tree many levels have no entries left. */
  if (tm_dirents_is_empty (&level->directories))
    tm_dirents_clear (&level->directories);
}

/* Returns to the parent, from a directory that was removed, or is kept. */
static void
walk_pop (TmDeleteWalk *walk, gboolean is_removed)
{
  TmLevel *level = walk->walker.lowest;

  if (!is_removed)
    tm_level_restore (level);
  walk->share += level->share;
  level->above->is_incomplete |= level->is_incomplete;
  tm_walker_pop (&walk->walker);
}

/* All entries of the lowest level have been visited: removes its directory and returns to the
 * parent. */
void
tm_delete_walk_leave (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.lowest;
  gboolean is_removed = FALSE;

  if (!walk_open_above (walk))
    {
      walk_pop (walk, FALSE);
      return;
    }

  if (!level->is_incomplete)
    is_removed = tm_level_remove (level->above, level->name, walk->tree->forces) == 0;
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

      /* Another file can have the name by now. Nothing but this would find it in a directory that
       * is kept. */
      if (error_number == ENOTDIR &&
          (tm_level_unlink (level->above, level->name, walk->tree->forces) == 0 ||
           tm_dirfd_is_gone (errno)))
        error_number = ENOENT;
      if (!tm_dirfd_is_gone (error_number))
        tm_delete_walk_report (walk, TM_ACTION_DELETE, NULL, error_number);

      if (tm_delete_walk_resume_reading (walk))
        return;
    }

  walk->n_tried++;
  if (!level->is_incomplete)
    walk->n_done++;
  walk_pop (walk, is_removed);
}

/* Starts at @top, and takes ownership of it. */
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

/* Creates a walk that starts at a level of @parent and shares its descriptor. */
TmDeleteWalk *
tm_delete_walk_new (TmDeleteTree *tree, TmDeleteWalk *parent, TmLevel *origin)
{
  TmDeleteWalk *walk = g_new (TmDeleteWalk, 1);
  TmLevel *top = tm_level_new (origin, NULL, tm_level_directory_ref (origin->directory));

  top->is_read = TRUE;
  top->unit = origin->unit;
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

/* Returns: the highest open level of a walk with pending directories, or NULL; the trees below it
 * are the largest */
TmLevel *
tm_delete_walk_find_directories (TmDeleteWalk *walk)
{
  TmLevel *level = walk->walker.top;

  while (level != NULL && tm_dirents_is_empty (&level->directories))
    level = level->next_open;

  return level;
}

/* Gives up the rest of the lowest level. */
void
tm_delete_walk_give_up_level (TmDeleteWalk *walk)
{
  tm_dirents_clear (&walk->run);
  tm_dirents_clear (&walk->walker.lowest->directories);
  walk->walker.lowest->is_read = TRUE;
  walk->walker.lowest->is_end_guessed = FALSE;
}
