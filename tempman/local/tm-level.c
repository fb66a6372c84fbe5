/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-level-private.h"

#include <errno.h>
#include <linux/magic.h>

/* From about ten thousand entries on, names sorted by their inodes gain more than they cost. */
#define MIN_SIZE_TO_SORT (256 * 1024)

/* One directory on the way of a walk: what waits in it, what came of it and, unless it was closed
 * to spare its descriptor, the open directory. */

TmLevelDirectory *
tm_level_directory_new (int fd, gboolean is_borrowed)
{
  TmLevelDirectory *directory = g_new (TmLevelDirectory, 1);

  *directory = (TmLevelDirectory){ .ref_count = 1, .fd = fd, .is_borrowed = is_borrowed };
  return directory;
}

TmLevelDirectory *
tm_level_directory_ref (TmLevelDirectory *directory)
{
  g_atomic_int_inc (&directory->ref_count);
  return directory;
}

void
tm_level_directory_unref (TmLevelDirectory *directory)
{
  if (g_atomic_int_dec_and_test (&directory->ref_count))
    {
      if (!directory->is_borrowed)
        tm_dirfd_close (directory->fd);
      g_free (directory);
    }
}

TmLevel *
tm_level_new (TmLevel *above, const char *name, TmLevelDirectory *directory)
{
  TmLevel *level = g_new0 (TmLevel, 1);

  level->above = above;
  level->depth = above != NULL && name != NULL ? above->depth + 1 : 0;
  level->name = g_strdup (name);
  level->directory = directory;
  level->mode_before = (gint) TM_DIRFD_MODE_UNTOUCHED;
  return level;
}

void
tm_level_free (TmLevel *level)
{
  g_clear_pointer (&level->directory, tm_level_directory_unref);
  tm_dirents_clear (&level->directories);
  g_free (level->name);
  g_free (level);
}

/* Closes the directory of a level, and notes where to go on reading it. */
void
tm_level_close (TmLevel *level)
{
  if (!level->is_read)
    level->position = tm_dirfd_tell (level->directory->fd);
  g_clear_pointer (&level->directory, tm_level_directory_unref);
}

/* Opens @level again as @directory, which it takes over.
 *
 * It may be another directory that has its place in the tree by now. The position and the names
 * that wait mean nothing there, but lead nowhere else: whatever is missed in it is found when it is
 * to be removed and is not empty. */
void
tm_level_reopen (TmLevel *level, TmLevelDirectory *directory)
{
  /* From its beginning it would be gone through again, with all that is below. */
  if (!level->is_read && tm_dirfd_seek (directory->fd, level->position) < 0)
    level->is_read = level->is_cut_off = TRUE;

  level->directory = directory;
}

/* The path of a level. The levels above it, also those of other walks, stay as long as it does. */
void
tm_level_append_path (GString *path, const TmLevel *level)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (; level != NULL; level = level->above)
    if (level->name != NULL)
      g_ptr_array_add (names, level->name);

  for (guint i = names->len; i > 0; i--)
    {
      g_string_append_c (path, G_DIR_SEPARATOR);
      g_string_append (path, g_ptr_array_index (names, i - 1));
    }
}

/* The top of a walk that was given from another is the level of that other. */
static TmLevel *
level_itself (TmLevel *level)
{
  while (level->name == NULL && level->above != NULL)
    level = level->above;
  return level;
}

/* Makes the directory of a level, open as @fd, accessible if it is ours and its mode bars us from
 * it. Returns whether what failed is worth another try; else errno is set. */
gboolean
tm_level_repair_mode (TmLevel *level, int fd)
{
  gint *mode_before = &level_itself (level)->mode_before;
  struct stat status;

  if (tm_dirfd_stat (fd, &status) < 0)
    return FALSE;

  /* Another thread may have done so since it failed. */
  if (!tm_dirfd_repair_mode (fd))
    return g_atomic_int_get (mode_before) != (gint) TM_DIRFD_MODE_UNTOUCHED;

  g_atomic_int_compare_and_exchange (mode_before, (gint) TM_DIRFD_MODE_UNTOUCHED,
                                     (gint) (status.st_mode & 07777));
  return TRUE;
}

/* Gives the directory of a level, which stays, the mode back that it had, unless another process
 * has changed it since. */
void
tm_level_restore_mode (TmLevel *level)
{
  mode_t mode_before = (mode_t) g_atomic_int_get (&level->mode_before);

  if (mode_before == TM_DIRFD_MODE_UNTOUCHED || level->directory == NULL)
    return;

  tm_dirfd_restore_mode (level->directory->fd, mode_before | TM_DIRFD_MODE_USABLE, mode_before);
  level->mode_before = (gint) TM_DIRFD_MODE_UNTOUCHED;
}

/* Unlinks an entry that is no directory. A directory of ours that bars us from it gets the
 * permissions. Returns 0, or -1 with errno. */
int
tm_level_unlink (TmLevel *level, const char *name)
{
  int fd = level->directory->fd;
  int result = tm_dirfd_unlink (fd, name);

  if (result < 0 && errno == EACCES && tm_level_repair_mode (level, fd))
    result = tm_dirfd_unlink (fd, name);

  return result;
}

/* Likewise, of an empty sub-directory. */
int
tm_level_remove (TmLevel *level, const char *name)
{
  int fd = level->directory->fd;
  int result = tm_dirfd_remove (fd, name);

  if (result < 0 && errno == EACCES && tm_level_repair_mode (level, fd))
    result = tm_dirfd_remove (fd, name);

  return result;
}

/* Whether the order in which the entries of a directory are deleted matters. */
gboolean
tm_level_is_worth_sorting (const TmLevel *level)
{
  struct stat status;
  struct statfs file_system;

  return tm_dirfd_stat (level->directory->fd, &status) == 0 && status.st_size >= MIN_SIZE_TO_SORT &&
         tm_dirfd_stat_file_system (level->directory->fd, &file_system) == 0 &&
         file_system.f_type == EXT4_SUPER_MAGIC;
}
