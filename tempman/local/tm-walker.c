/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-walker-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* A walk through a tree of any depth, with a bounded number of descriptors.
 *
 * A walk has one level for each directory from its top down to the current one. A level keeps the
 * names of the sub-directories that are still to be visited. Only some levels are open; a closed
 * one keeps the position in its directory. On the way back, a closed level is opened again by
 * names, starting at the nearest open level, so that it is certainly in the tree. It is never
 * reached through "..", and never identified by device and inode: another process can move the
 * level below away and remove the directory, and the file system gives its inode number to the next
 * directory that any user creates.
 *
 * One openat2() opens a level through hundreds of others, so that going down again costs little. A
 * third of the open levels are the window: the lowest levels, without a gap. When all of them have
 * been left on the way back, the next window is opened at once. The others are check points, each
 * nearer to the window than the one before: with k check points and n windows, each directory is
 * passed about as often as the root of n by k + 1 or, with enough of them, log n times. */

/* In that time other threads, or other code of the program, will have closed some. */
#define MAX_WAITS_FOR_DESCRIPTORS 100
#define WAIT_FOR_DESCRIPTORS_MICROSECONDS 1000

/* Starts at @top, and takes ownership of it. */
void
tm_walker_init (TmWalker *walker, TmLevel *top, guint max_open, TmWalkerOpenFunc open)
{
  *walker = (TmWalker){
    .top = top,
    .lowest = top,
    .max_open = max_open,
    .repaired_mode = TM_DIRFD_MODE_UNTOUCHED,
    .open = open,
  };
}

void
tm_walker_clear (TmWalker *walker)
{
  TmLevel *level = walker->top;

  while (level != NULL)
    {
      TmLevel *below = level->below;

      tm_level_free (level);
      level = below;
    }
}

/* Returns: the number of lowest levels that are kept open */
static guint
walker_get_window (TmWalker *walker)
{
  return MAX (walker->max_open / 3, 1);
}

/* Closes an open level, but not the top or the lowest: above the window, the one whose gap is
 * smallest in relation to its distance from the lowest. Thus the remaining open levels are closer
 * to each other the lower they are. Returns FALSE when there is none. */
gboolean
tm_walker_close_one (TmWalker *walker)
{
  guint n_window = walker_get_window (walker);
  guint n_above_window = walker->n_open > n_window + 1 ? walker->n_open - n_window : 1;
  TmLevel *before = walker->top;
  TmLevel *level = before->next_open;
  TmLevel *before_best = NULL;
  guint64 best_gap = 0, best_distance = 0;

  /* Above levels that were moved away, the walk returns to the lowest open level. */
  if (walker->lowest->is_lost)
    return FALSE;

  for (guint i = 0; i < n_above_window && level != NULL && level != walker->lowest; i++)
    {
      guint64 gap = level->next_open->depth - before->depth;
      guint64 distance = walker->lowest->depth - level->depth;

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
  walker->n_open--;
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

/* Opens the directory at the path @names, of @n_names names, relative to @dirfd, the directory of
 * @level. Unless it is @to_be_read, the descriptor may be a pin, which costs the kernel
 * less. */
static int
walker_try_to_open (TmWalker *walker,
                    TmLevel *level,
                    int dirfd,
                    const char *names,
                    guint n_names,
                    gboolean to_be_read)
{
  int fd;

  if (n_names > 1)
    return tm_dirfd_open_descendant (dirfd, names,
                                     to_be_read ? O_RDONLY | TM_O_KEEP_ATIME : TM_O_PIN);
  if (to_be_read)
    return walker->open (walker, level, dirfd, names);

  walker->repaired_mode = TM_DIRFD_MODE_UNTOUCHED;
  fd = tm_dirfd_open_beneath (dirfd, names, TM_O_PIN | O_DIRECTORY);
  return fd < 0 && errno == EACCES ? walker->open (walker, level, dirfd, names) : fd;
}

/* When descriptors have run out, closes a level of @walker, or waits until other threads have
 * closed some. @level: from which a call failed. Returns whether the call can be repeated; else
 * errno is set. */
static gboolean
walker_manage (TmWalker *walker, const TmLevel *level)
{
  /* Manage with the descriptors that are left. On the way back, not all levels that may be open are
   * open yet. */
  if (tm_walker_close_one (walker))
    {
      walker->max_open = MAX (level == walker->lowest ? walker->n_open : walker->max_open - 1, 1);
      return TRUE;
    }

  /* Other threads that work on this tree may soon close some. */
  if (walker->n_waits++ < MAX_WAITS_FOR_DESCRIPTORS)
    {
      g_usleep (WAIT_FOR_DESCRIPTORS_MICROSECONDS);
      return TRUE;
    }

  errno = EMFILE;
  return FALSE;
}

/*
 * tm_walker_may_read_again:
 * @walker: a walker, the lowest level of which could not be read, with errno
 *
 * Where reading a directory needs a descriptor of its own, one is made free.
 *
 * Returns: whether the level can be read again; otherwise errno is the cause
 */
gboolean
tm_walker_may_read_again (TmWalker *walker)
{
  return is_out_of_descriptors (errno) && walker_manage (walker, walker->lowest);
}

/* As walker_try_to_open(), but closes levels or waits when descriptors have run out. */
static int
walker_open (TmWalker *walker,
             TmLevel *level,
             TmLevelDirectory *directory,
             const char *names,
             guint n_names,
             gboolean to_be_read)
{
  for (;;)
    {
      int fd = walker_try_to_open (walker, level, directory->fd, names, n_names, to_be_read);

      if (fd >= 0 || !is_out_of_descriptors (errno))
        {
          walker->n_waits = 0;
          return fd;
        }

      if (!walker_manage (walker, level))
        return -1;
    }
}

/* Returns a descriptor of the sub-directory @name of the lowest level, or -1 with errno. */
int
tm_walker_open_child (TmWalker *walker, const char *name)
{
  return walker_open (walker, walker->lowest, walker->lowest->directory, name, 1, TRUE);
}

/* Returns a readable descriptor of @directory, which belongs to @level; or @directory itself, if
 * that fails. */
static TmLevelDirectory *
walker_make_readable (TmWalker *walker, TmLevel *level, TmLevelDirectory *directory)
{
  int fd = walker_open (walker, level, directory, ".", 1, TRUE);

  if (fd < 0)
    return directory;

  level_note_repaired_mode (level, walker->repaired_mode);
  tm_level_directory_unref (directory);
  return tm_level_directory_new (fd, FALSE);
}

/* Makes the lowest level readable from @position on, even if it was opened without being read. */
gboolean
tm_walker_read_from (TmWalker *walker, off_t position)
{
  TmLevel *level = walker->lowest;

  if (level->directory->is_pin)
    level->directory = walker_make_readable (walker, level, level->directory);
  return tm_dirfd_seek (level->directory->fd, position) == 0;
}

/* Enters @name, which is open as @fd. */
void
tm_walker_push (TmWalker *walker, const char *name, int fd)
{
  TmLevel *level = tm_level_new (walker->lowest, name, tm_level_directory_new (fd, FALSE));

  g_assert (walker->lowest->directory != NULL && walker->lowest->below == NULL);

  level->mode_before = (gint) walker->repaired_mode;
  walker->lowest->below = walker->lowest->next_open = level;
  walker->lowest = level;
  walker->n_open++;
}

/* Returns to the level above, which is open. */
void
tm_walker_pop (TmWalker *walker)
{
  TmLevel *level = walker->lowest;

  if (level->directory != NULL)
    walker->n_open--;
  walker->lowest = level->above;
  walker->lowest->below = walker->lowest->next_open = NULL;
  tm_level_free (level);
}

/* Returns: the nearest open level above the lowest */
static TmLevel *
walker_find_open (TmWalker *walker)
{
  TmLevel *level = walker->top;

  while (level->next_open != walker->lowest)
    level = level->next_open;
  return level;
}

/* Inserts @level, which is reopened as @directory, into the list of open levels. */
static void
walker_reopen (TmWalker *walker, TmLevel *level, TmLevelDirectory *directory)
{
  /* It was opened to be passed through. */
  if (directory->is_pin && !level->is_read)
    directory = walker_make_readable (walker, level, directory);

  walker_find_open (walker)->next_open = level;
  level->next_open = walker->lowest;
  walker->n_open++;
  tm_level_reopen (level, directory);
}

/* Gives up all levels below @level, which is open: another process has moved them away. */
static void
walker_lose_below (TmWalker *walker, TmLevel *level)
{
  walker_find_open (walker)->next_open = NULL;

  while ((level = level->below) != NULL)
    {
      if (level->directory != NULL)
        walker->n_open--;
      tm_level_restore (level);
      g_clear_pointer (&level->directory, tm_level_directory_unref);
      level->is_lost = TRUE;
      tm_dirents_clear (&level->directories);
      level->is_read = TRUE;
    }
}

/* Whether the lowest level is still in the one above. Both are open, so that their inode numbers
 * are not reused. */
gboolean
tm_walker_lowest_is_in_place (TmWalker *walker)
{
  TmLevel *lowest = walker->lowest;
  struct stat status, found;

  g_assert (lowest->directory != NULL && lowest->above->directory != NULL);
  return tm_dirfd_stat (lowest->directory->fd, &status) == 0 &&
         tm_dirfd_stat_child (lowest->above->directory->fd, lowest->name, &found) == 0 &&
         tm_file_identity_equal (tm_file_identity (&status), tm_file_identity (&found));
}

/* Returns: the largest number whose power by @degree is at most @n */
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

/* Returns the depth of the next level to open between @level and @target: a check point, if
 * @n_points are left, or the next level of the window. The fewer check points are left, the nearer
 * they are to the window: the levels below the last one are reached from it each time. */
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

/* Joins the names of up to @n_names levels below @level, none of them below @depth, into @names: as
 * many as fit, and at least one. Returns the last of these levels. */
static TmLevel *
join_names (const TmLevel *level, guint depth, guint n_names, char names[PATH_MAX])
{
  TmLevel *last = level->below;
  gsize length = strlen (last->name);

  /* The kernel refuses such a name, too. */
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

/* Opens the level at @depth by names, starting at @level, which is open, and sets @level to it; or
 * to the last level on the way that still exists. The levels between are not kept open.
 *
 * If a path of several names does not exist, the cause is found by halving the number of names. A
 * single name is opened by the function of the walk, which may make the directory accessible.
 *
 * Returns: whether it was opened */
static gboolean
walker_open_at_depth (TmWalker *walker, TmLevel **level, guint depth, int *error_number)
{
  TmLevel *from = *level;
  TmLevel *reached = from;
  gboolean is_open = TRUE;
  /* The level may be closed meanwhile, when descriptors run out. */
  TmLevelDirectory *directory = tm_level_directory_ref (from->directory);
  guint max_names = G_MAXUINT;
  guint n_names = depth - from->depth;

  do
    {
      char names[PATH_MAX];
      TmLevel *last = n_names > 1 ? join_names (reached, depth, n_names, names) : reached->below;
      gboolean to_be_read = last->depth == depth && !last->is_read;
      int fd;

      n_names = last->depth - reached->depth;
      fd = walker_open (walker, reached, directory, n_names > 1 ? names : last->name, n_names,
                        to_be_read);
      if (fd >= 0)
        {
          if (n_names == 1)
            level_note_repaired_mode (last, walker->repaired_mode);
          tm_level_directory_unref (directory);
          directory = tm_level_directory_new (fd, FALSE);
          directory->is_pin = !to_be_read;
          reached = last;
          n_names = MIN (2 * n_names, max_names);
        }
      else if (n_names > 1)
        {
          max_names = errno == ENOSYS ? 1 : max_names;
          n_names = MIN (n_names / 2, max_names);
        }
      else
        {
          if (!tm_dirfd_is_gone (errno) && errno != ENOTDIR)
            *error_number = errno;
          is_open = FALSE;
        }
    }
  while (is_open && reached->depth != depth);

  if (reached == from)
    {
      tm_level_directory_unref (directory);
      return FALSE;
    }

  walker_reopen (walker, reached, directory);
  *level = reached;
  return is_open;
}

/* Opens the window above the lowest level by names, starting at the nearest open level, as far as
 * the directories exist. */
static gboolean
walker_descend (TmWalker *walker, int *error_number)
{
  TmLevel *target = walker->lowest->above;
  guint n_spare, n_window, n_points;
  TmLevel *level;

  while (walker->n_open >= walker->max_open && tm_walker_close_one (walker))
    ;

  n_spare = walker->max_open > walker->n_open ? walker->max_open - walker->n_open : 1;
  n_window = MIN (walker_get_window (walker), n_spare);
  n_points = n_spare - n_window;
  level = walker_find_open (walker);

  while (level != target)
    {
      guint depth = next_depth (level, target, n_window, &n_points);

      if (!walker_open_at_depth (walker, &level, depth, error_number))
        break;
    }

  /* The level was closed when descriptors ran out, and its directory does not exist any more. */
  if (level->directory == NULL)
    level = walker_find_open (walker);

  if (level == target && tm_walker_lowest_is_in_place (walker))
    return TRUE;

  walker_lose_below (walker, level);
  return FALSE;
}

/*
 * tm_walker_open_above:
 * @walker: a walker, not at its top
 * @error_number: (out): the errno if the place of the lowest level is unknown, or 0
 *
 * Opens the level above the lowest unless it is open. Nothing is opened above a lost level.
 *
 * Returns: %FALSE if the lowest level is not in the tree any more: then it is lost, and with it the
 *   levels above up to an open one
 */
gboolean
tm_walker_open_above (TmWalker *walker, int *error_number)
{
  *error_number = 0;
  /* The levels above a lost one are lost as well, up to an open one. */
  return !walker->lowest->is_lost &&
         (walker->lowest->above->directory != NULL || walker_descend (walker, error_number));
}
