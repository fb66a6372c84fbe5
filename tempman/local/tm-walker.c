/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-walker-private.h"

#include "local/tm-file-system-private.h"

#include <errno.h>

/* The way of a walk through a tree of any depth, with a bounded number of descriptors.
 *
 * Only the lowest levels are open. Those above are closed, with the handle of the directory and the
 * position in it noted, and opened again on the way back: through "..", if that leads to the very
 * directory with that handle. It is not known by its device and inode. Another process can move the
 * level below aside and remove the directory, and its inode is given to the next one that any user
 * makes: with ".." made to lead there, that one would be taken for it and emptied.
 *
 * Where there is no handle that tells it from all others, or ".." leads elsewhere, the walk goes
 * down again from the nearest open level by names. A directory that is reached so lies in the tree.
 * Some levels on the way are left open as check points, each nearer to the lowest than the one
 * before, so that the way back costs about n log n directories and not n * n; with few descriptors,
 * for k check points, n times the root of n by k + 1. */

/* Until then other threads, or other parts of the program, will have closed some. */
#define MAX_WAITS_FOR_DESCRIPTORS 100
#define WAIT_FOR_DESCRIPTORS_MICROSECONDS 1000

/* Begins at @top, which the path takes over. */
void
tm_walker_init (TmWalker *path, TmLevel *top, guint max_open, TmWalkerOpenFunc open)
{
  *path = (TmWalker){
    .top = top,
    .lowest = top,
    .max_open = max_open,
    .repaired_mode = TM_DIRFD_MODE_UNTOUCHED,
    .open = open,
  };
}

void
tm_walker_clear (TmWalker *path)
{
  TmLevel *level = path->top;

  while (level != NULL)
    {
      TmLevel *below = level->below;

      tm_level_free (level);
      level = below;
    }
}

/* Closes the highest open level but the top. Returns FALSE when there is none but the lowest, from
 * which the walk goes on. */
gboolean
tm_walker_close_highest (TmWalker *path)
{
  TmLevel *level = path->top->next_open;

  /* Past levels that were moved away, the highest is the one to go back to. */
  if (level == NULL || level == path->lowest || path->lowest->is_lost)
    return FALSE;

  path->top->next_open = level->next_open;
  path->n_open--;
  /* The same for all levels: no walk leaves its file system. */
  if (!path->is_file_system_known)
    {
      path->keeps_handles = tm_file_system_keeps_handles (level->directory->fd);
      path->is_file_system_known = TRUE;
    }
  tm_level_close (level, path->keeps_handles);
  return TRUE;
}

static gboolean
is_out_of_descriptors (int error_number)
{
  return error_number == EMFILE || error_number == ENFILE;
}

/* Opens @name in @level, or "..", with what descriptors there are. */
static int
path_open (TmWalker *path, TmLevel *level, const char *name)
{
  /* It may be among those that are closed meanwhile. */
  TmLevelDirectory *directory = tm_level_directory_ref (level->directory);
  int fd, errsv;

  for (;;)
    {
      fd = path->open (path, level, directory->fd, name);
      if (fd >= 0 || !is_out_of_descriptors (errno))
        {
          path->n_waits = 0;
          break;
        }

      /* Somebody else wants descriptors too: make do with those there are. */
      if (tm_walker_close_highest (path))
        {
          path->max_open = MAX (path->n_open, 1);
          path->max_on_way_back = 0;
        }
      /* They may be those of other threads on their way through this tree. */
      else if (path->n_waits++ < MAX_WAITS_FOR_DESCRIPTORS)
        g_usleep (WAIT_FOR_DESCRIPTORS_MICROSECONDS);
      else
        {
          errno = EMFILE;
          break;
        }
    }

  errsv = errno;
  tm_level_directory_unref (directory);
  errno = errsv;
  return fd;
}

/* Returns a descriptor of the sub-directory @name of the lowest level, or -1 with errno. */
int
tm_walker_open_child (TmWalker *path, const char *name)
{
  return path_open (path, path->lowest, name);
}

/* Goes down into @name, which was opened as @fd. */
void
tm_walker_push (TmWalker *path, const char *name, int fd)
{
  TmLevel *level = tm_level_new (path->lowest, name, tm_level_directory_new (fd, FALSE));

  level->mode_before = (gint) path->repaired_mode;
  path->lowest->below = path->lowest->next_open = level;
  path->lowest = level;
  path->n_open++;
}

/* Goes back up to the level above, which was opened. */
void
tm_walker_pop (TmWalker *path)
{
  TmLevel *level = path->lowest;

  if (level->directory != NULL)
    path->n_open--;
  path->lowest = level->above;
  path->lowest->below = path->lowest->next_open = NULL;
  tm_level_free (level);
}

/* The nearest open level above the lowest. */
static TmLevel *
path_find_open (TmWalker *path)
{
  TmLevel *level = path->top;

  while (level->next_open != path->lowest)
    level = level->next_open;
  return level;
}

/* Puts @level, which was just opened, among those that are open. */
static void
path_add_open (TmWalker *path, TmLevel *level)
{
  path_find_open (path)->next_open = level;
  level->next_open = path->lowest;
  path->n_open++;
}

/* What somebody moved away is left to him: all levels below @level, which is open. */
static void
path_lose_below (TmWalker *path, TmLevel *level)
{
  path_find_open (path)->next_open = NULL;

  while ((level = level->below) != NULL)
    {
      if (level->directory != NULL)
        path->n_open--;
      tm_level_restore_mode (level);
      g_clear_pointer (&level->directory, tm_level_directory_unref);
      level->is_lost = TRUE;
      tm_dirents_clear (&level->directories);
      level->is_read = TRUE;
    }
}

/* Whether the lowest level still is in the one above. Both are open, so that their identities hold.
 */
static gboolean
lowest_is_in_place (TmWalker *path)
{
  TmLevel *lowest = path->lowest;
  struct stat status, found;

  g_assert (lowest->directory != NULL && lowest->above->directory != NULL);
  return tm_dirfd_stat (lowest->directory->fd, &status) == 0 &&
         tm_dirfd_stat_child (lowest->above->directory->fd, lowest->name, &found) == 0 &&
         tm_file_identity_equal (tm_file_identity (&status), tm_file_identity (&found));
}

/* Which levels to leave open on the way down to @target. */
typedef struct
{
  guint n_spare; /* how many there can still be */
  guint depth;   /* from where on */
} CheckPoints;

/* The largest number whose power by @degree is no more than @n. */
static guint
root_of (guint n, guint degree)
{
  for (guint root = 2;; root++)
    {
      guint64 power = 1;

      for (guint i = 0; i < degree && power <= n; i++)
        power *= root;
      if (power > n)
        return root - 1;
    }
}

/* The depth of the next check point between @level and @target. The fewer descriptors there are,
 * the nearer to @target: the levels behind the last one are reached from it each time. */
static guint
next_depth (const CheckPoints *points, const TmLevel *level, const TmLevel *target)
{
  guint distance = target->depth - level->depth;
  guint n_parts = MAX (root_of (distance, points->n_spare + 1), 2);

  return target->depth - (distance + n_parts - 1) / n_parts;
}

static gboolean
is_check_point (CheckPoints *points, const TmLevel *level, const TmLevel *target)
{
  if (points->n_spare == 0 ||
      (level->depth < points->depth && target->depth - level->depth > points->n_spare))
    return FALSE;

  points->n_spare--;
  points->depth = next_depth (points, level, target);
  return TRUE;
}

/* Opens the level above the lowest by names, from the nearest open level on; or as far as there are
 * such directories. */
static gboolean
path_descend (TmWalker *path, int *error_number)
{
  TmLevel *target = path->lowest->above;
  TmLevel *level = path_find_open (path);
  guint max_open = MAX (path->max_open, path->max_on_way_back);
  CheckPoints points = {
    .n_spare = max_open > path->n_open + 1 ? max_open - path->n_open - 1 : 0,
  };
  gboolean is_passing = FALSE; /* whether @level is open only to go on */

  points.depth = next_depth (&points, level, target);

  while (level != target)
    {
      TmLevel *below = level->below;
      int fd = path_open (path, level, below->name);

      if (fd < 0)
        {
          if (errno != ENOENT && errno != ENOTDIR)
            *error_number = errno;
          break;
        }

      tm_level_reopen (below, fd);
      if (is_passing && is_check_point (&points, level, target))
        path_add_open (path, level);
      else if (is_passing)
        g_clear_pointer (&level->directory, tm_level_directory_unref);
      level = below;
      is_passing = TRUE;
    }

  if (is_passing)
    path_add_open (path, level);
  /* The nearest open level was closed for want of descriptors, and what is in it has gone. */
  else if (level->directory == NULL)
    level = path_find_open (path);

  if (level == target && lowest_is_in_place (path))
    return TRUE;

  path_lose_below (path, level);
  return FALSE;
}

/*
 * tm_walker_open_above:
 * @path: a way, not at its top
 * @error_number: (out): why it is not known where the lowest level is now, or 0
 *
 * Makes sure that the level above the lowest is open.
 *
 * Returns: %FALSE when the lowest level is not in the tree any more: it is lost, and those above it
 *   up to one that is open
 */
gboolean
tm_walker_open_above (TmWalker *path, int *error_number)
{
  TmLevel *level = path->lowest;
  TmLevel *above = level->above;

  *error_number = 0;
  if (above->directory != NULL)
    return TRUE;

  if (above->handle != NULL)
    {
      int fd = path_open (path, level, "..");

      if (fd >= 0 && tm_file_handle_leads_to (above->handle, fd))
        {
          tm_level_reopen (above, fd);
          path_add_open (path, above);
          return TRUE;
        }

      tm_dirfd_close (fd);
    }

  return path_descend (path, error_number);
}
