/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-walker-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* The way of a walk through a tree of any depth, with a bounded number of descriptors.
 *
 * The other levels are closed, with the position in them noted, and opened again on the way back:
 * by names, from the nearest level that is open. A directory that is reached so lies in the tree.
 * It is never reached through "..", and never known by its device and inode: another process can
 * move the level below aside and remove the directory, and its inode is given to the next one that
 * any user makes.
 *
 * One call of openat2() opens a level through hundreds of others, and so the way down again costs
 * little. A third of the open levels are the window: the lowest, all of them. On the way back, one
 * that is used up is opened again at once. The others are check points, each nearer to the window
 * than the one before: with k of them and n windows, each directory is passed some times the root
 * of n by k + 1, or, with enough of them, log n times. */

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

/* How many of the lowest levels are to be open. */
static guint
path_get_window (TmWalker *path)
{
  return MAX (path->max_open / 3, 1);
}

/* Closes an open level, neither the top nor the lowest: above the window, the one that leaves the
 * smallest gap for its distance from the lowest. So those that stay are the nearer to each other
 * the lower they are. Returns FALSE when there is none. */
gboolean
tm_walker_close_one (TmWalker *path)
{
  guint n_window = path_get_window (path);
  guint n_above_window = path->n_open > n_window + 1 ? path->n_open - n_window : 1;
  TmLevel *before = path->top;
  TmLevel *level = before->next_open;
  TmLevel *before_best = NULL;
  guint64 best_gap = 0, best_distance = 0;

  /* Past levels that were moved away, the lowest open one is the one to go back to. */
  if (path->lowest->is_lost)
    return FALSE;

  for (guint i = 0; i < n_above_window && level != NULL && level != path->lowest; i++)
    {
      guint64 gap = level->next_open->depth - before->depth;
      guint64 distance = path->lowest->depth - level->depth;

      if (before_best == NULL || gap * best_distance < best_gap * distance)
        {
          before_best = before;
          best_gap = gap;
          best_distance = distance;
        }
      before = level;
      level = level->next_open;
    }

  if (before_best == NULL)
    return FALSE;

  level = before_best->next_open;
  before_best->next_open = level->next_open;
  path->n_open--;
  tm_level_close (level);
  return TRUE;
}

static gboolean
is_out_of_descriptors (int error_number)
{
  return error_number == EMFILE || error_number == ENFILE;
}

static void
level_note_repaired_mode (TmLevel *level, mode_t repaired_mode)
{
  if (repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
    g_atomic_int_set (&level->mode_before, (gint) repaired_mode);
}

/* Opens what @n_names @names lead to from @dirfd, the directory of @level. What is not @to_be_read
 * may be an O_PATH descriptor, which takes the kernel less. */
static int
path_try_to_open (TmWalker *path,
                  TmLevel *level,
                  int dirfd,
                  const char *names,
                  guint n_names,
                  gboolean to_be_read)
{
  int fd;

  if (n_names > 1)
    return tm_dirfd_open_descendant (dirfd, names, to_be_read ? O_RDONLY | O_NOATIME : O_PATH);
  if (to_be_read)
    return path->open (path, level, dirfd, names);

  path->repaired_mode = TM_DIRFD_MODE_UNTOUCHED;
  fd = tm_dirfd_open_beneath (dirfd, names, O_PATH | O_DIRECTORY);
  return fd < 0 && errno == EACCES ? path->open (path, level, dirfd, names) : fd;
}

/* The same with what descriptors there are. */
static int
path_open (TmWalker *path,
           TmLevel *level,
           TmLevelDirectory *directory,
           const char *names,
           guint n_names,
           gboolean to_be_read)
{
  for (;;)
    {
      int fd = path_try_to_open (path, level, directory->fd, names, n_names, to_be_read);

      if (fd >= 0 || !is_out_of_descriptors (errno))
        {
          path->n_waits = 0;
          return fd;
        }

      /* Others want descriptors too: make do with those there are. On the way back up, not all of
       * the levels that may be open are so yet. */
      if (tm_walker_close_one (path))
        path->max_open = MAX (level == path->lowest ? path->n_open : path->max_open - 1, 1);
      /* They may be those of other threads on their way through this tree. */
      else if (path->n_waits++ < MAX_WAITS_FOR_DESCRIPTORS)
        g_usleep (WAIT_FOR_DESCRIPTORS_MICROSECONDS);
      else
        {
          errno = EMFILE;
          return -1;
        }
    }
}

/* Returns a descriptor of the sub-directory @name of the lowest level, or -1 with errno. */
int
tm_walker_open_child (TmWalker *path, const char *name)
{
  return path_open (path, path->lowest, path->lowest->directory, name, 1, TRUE);
}

/* Returns @directory, that of @level, as it can be read; or as it is, if that fails. */
static TmLevelDirectory *
path_make_readable (TmWalker *path, TmLevel *level, TmLevelDirectory *directory)
{
  int fd = path_open (path, level, directory, ".", 1, TRUE);

  if (fd < 0)
    return directory;

  level_note_repaired_mode (level, path->repaired_mode);
  tm_level_directory_unref (directory);
  return tm_level_directory_new (fd, FALSE);
}

/* Makes sure that the lowest level can be read from @position on, also if it was not to be read any
 * more when it was opened. */
gboolean
tm_walker_read_from (TmWalker *path, off_t position)
{
  TmLevel *level = path->lowest;

  if (level->directory->is_pinned)
    level->directory = path_make_readable (path, level, level->directory);
  return tm_dirfd_seek (level->directory->fd, position) == 0;
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

/* Puts @level, which is opened again as @directory, among those that are open. */
static void
path_reopen (TmWalker *path, TmLevel *level, TmLevelDirectory *directory)
{
  /* It was to be passed through. */
  if (directory->is_pinned && !level->is_read)
    directory = path_make_readable (path, level, directory);

  path_find_open (path)->next_open = level;
  level->next_open = path->lowest;
  path->n_open++;
  tm_level_reopen (level, directory);
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
gboolean
tm_walker_lowest_is_in_place (TmWalker *path)
{
  TmLevel *lowest = path->lowest;
  struct stat status, found;

  g_assert (lowest->directory != NULL && lowest->above->directory != NULL);
  return tm_dirfd_stat (lowest->directory->fd, &status) == 0 &&
         tm_dirfd_stat_child (lowest->above->directory->fd, lowest->name, &found) == 0 &&
         tm_file_identity_equal (tm_file_identity (&status), tm_file_identity (&found));
}

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

/* The depth of the next level to open between @level and @target: a check point, if @n_points are
 * left for these, or the next of the window. The fewer there are, the nearer to the window: the
 * levels behind the last one are reached from it each time. */
static guint
next_depth (const TmLevel *level, const TmLevel *target, guint n_window, guint *n_points)
{
  guint distance = target->depth - level->depth;
  guint n_parts, last_part;

  if (distance <= n_window + *n_points)
    return level->depth + 1;

  n_parts = MAX (root_of (distance / n_window, *n_points + 1), 2);
  last_part = (distance + n_parts - 1) / n_parts;
  if (*n_points == 0 || last_part <= n_window)
    return target->depth - n_window + 1;

  *n_points -= 1;
  return target->depth - last_part;
}

/* Puts the names of up to @n_names levels below @level, none of them below @depth, into @names: as
 * many as there is room for, and at least one. Returns the last of these levels. */
static TmLevel *
join_names (const TmLevel *level, guint depth, guint n_names, char names[PATH_MAX])
{
  TmLevel *last = level->below;
  gsize length = strlen (last->name);

  /* The kernel would refuse it as well. */
  if (length >= PATH_MAX)
    return last;

  memcpy (names, last->name, length + 1);
  for (guint i = 1; i < n_names && last->depth < depth; i++)
    {
      const char *name = last->below->name;
      gsize name_length = strlen (name);

      if (length + 1 + name_length >= PATH_MAX)
        break;

      names[length] = G_DIR_SEPARATOR;
      memcpy (names + length + 1, name, name_length + 1);
      length += 1 + name_length;
      last = last->below;
    }

  return last;
}

/* Opens the level at @depth by names, from @from on, which is open; or the last one on the way
 * there that there still is. Those between are not kept open.
 *
 * Where many names at once lead nowhere, the cause is found by halving their number. A single one
 * is opened in the way of the walk, which may make the directory accessible.
 *
 * Returns: the level that was opened, or @from */
static TmLevel *
path_open_at_depth (TmWalker *path, TmLevel *from, guint depth, int *error_number)
{
  /* It may be closed meanwhile, for want of descriptors. */
  TmLevelDirectory *directory = tm_level_directory_ref (from->directory);
  TmLevel *level = from;
  guint max_names = G_MAXUINT;
  guint n_names = depth - from->depth;

  while (level->depth != depth)
    {
      char names[PATH_MAX];
      TmLevel *last = n_names > 1 ? join_names (level, depth, n_names, names) : level->below;
      gboolean to_be_read = last->depth == depth && !last->is_read;
      int fd;

      n_names = last->depth - level->depth;
      fd =
          path_open (path, level, directory, n_names > 1 ? names : last->name, n_names, to_be_read);
      if (fd >= 0)
        {
          if (n_names == 1)
            level_note_repaired_mode (last, path->repaired_mode);
          tm_level_directory_unref (directory);
          directory = tm_level_directory_new (fd, FALSE);
          directory->is_pinned = !to_be_read;
          level = last;
          n_names = MIN (2 * n_names, max_names);
        }
      else if (n_names > 1)
        {
          max_names = errno == ENOSYS ? 1 : max_names;
          n_names = MIN (n_names / 2, max_names);
        }
      else
        {
          if (errno != ENOENT && errno != ENOTDIR)
            *error_number = errno;
          break;
        }
    }

  if (level != from)
    path_reopen (path, level, directory);
  else
    tm_level_directory_unref (directory);
  return level;
}

/* Opens the window above the lowest level by names, from the nearest open level on; or as far as
 * there are such directories. */
static gboolean
path_descend (TmWalker *path, int *error_number)
{
  TmLevel *target = path->lowest->above;
  guint n_spare, n_window, n_points;
  TmLevel *level;

  while (path->n_open >= path->max_open && tm_walker_close_one (path))
    ;

  n_spare = path->max_open > path->n_open ? path->max_open - path->n_open : 1;
  n_window = MIN (path_get_window (path), n_spare);
  n_points = n_spare - n_window;
  level = path_find_open (path);

  while (level != target)
    {
      guint depth = next_depth (level, target, n_window, &n_points);

      level = path_open_at_depth (path, level, depth, error_number);
      if (level->depth != depth)
        break;
    }

  /* It was closed for want of descriptors, and what is in it has gone. */
  if (level->directory == NULL)
    level = path_find_open (path);

  if (level == target && tm_walker_lowest_is_in_place (path))
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
  *error_number = 0;
  return path->lowest->above->directory != NULL || path_descend (path, error_number);
}
