/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-level-private.h"

#include "local/tm-force-private.h"

#include <errno.h>
#include <string.h>

/* A level of a walk: an open or closed directory, and what is still to be done in it. See
 * tm-walker.c. */

/* From about ten thousand entries on, sorting by inodes gains more than it costs. */
#define MIN_SIZE_TO_SORT (256 * 1024)

static void
level_directory_clear (gpointer data)
{
  const TmLevelDirectory *directory = data;

  if (!directory->is_borrowed)
    tm_dirfd_close (directory->fd);
}

TmLevelDirectory *
tm_level_directory_new (int fd, gboolean is_borrowed)
{
  TmLevelDirectory *directory = g_atomic_rc_box_new (TmLevelDirectory);

  *directory = (TmLevelDirectory){ .fd = fd, .is_borrowed = is_borrowed };
  return directory;
}

TmLevelDirectory *
tm_level_directory_ref (TmLevelDirectory *directory)
{
  return g_atomic_rc_box_acquire (directory);
}

void
tm_level_directory_unref (TmLevelDirectory *directory)
{
  g_atomic_rc_box_release_full (directory, level_directory_clear);
}

TmLevel *
tm_level_new (TmLevel *above, const char *name, TmLevelDirectory *directory)
{
  gsize name_size = name != NULL ? strlen (name) + 1 : 0;
  TmLevel *level = g_malloc0 (sizeof *level + name_size);

  level->above = above;
  level->depth = above != NULL && name != NULL ? above->depth + 1 : 0;
  level->name = name != NULL ? memcpy (level->name_room, name, name_size) : NULL;
  level->directory = directory;
  level->mode_before = (gint) TM_DIRFD_MODE_UNTOUCHED;
  return level;
}

void
tm_level_free (TmLevel *level)
{
  g_clear_pointer (&level->directory, tm_level_directory_unref);
  tm_dirents_clear (&level->directories);
  g_free (level);
}

/* Closes the directory of a level, and keeps the position for reading. */
void
tm_level_close (TmLevel *level)
{
  if (!level->is_read)
    level->position = tm_dirfd_tell (level->directory->fd);
  g_clear_pointer (&level->directory, tm_level_directory_unref);
}

/* Reopens @level as @directory, and takes ownership of that.
 *
 * Another directory may be in its place by now. The position and the pending names are not valid
 * there, but do no harm: entries that are missed are found when the directory is not empty on its
 * removal. */
void
tm_level_reopen (TmLevel *level, TmLevelDirectory *directory)
{
  /* Reading from the beginning would visit everything below again. */
  if (!level->is_read && tm_dirfd_seek (directory->fd, level->position) < 0)
    level->is_read = level->is_cut_off = TRUE;

  level->directory = directory;
}

/* Appends the path of a level. The levels above it, also those of other walks, exist as long as it
 * does. */
void
tm_level_append_path (GString *path, const TmLevel *level)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (; level != NULL; level = level->above)
    if (level->name != NULL)
      g_ptr_array_add (names, (gpointer) level->name);

  for (guint i = names->len; i > 0; i--)
    {
      g_string_append_c (path, G_DIR_SEPARATOR);
      g_string_append (path, g_ptr_array_index (names, i - 1));
    }
}

/* Returns the level itself, or, for the top of a walk that was split off, the level where it
 * starts. */
static TmLevel *
level_itself (TmLevel *level)
{
  while (level->name == NULL && level->above != NULL)
    level = level->above;
  return level;
}

/* Makes the directory of a level, open as @fd, accessible if it belongs to this user and its mode
 * denies access. Returns whether the failed call can be repeated; else errno is set. */
gboolean
tm_level_repair_mode (TmLevel *level, int fd)
{
  gint *mode_before = &level_itself (level)->mode_before;
  struct stat status;

  if (tm_dirfd_stat (fd, &status) < 0)
    return FALSE;

  /* Another thread may have repaired it since the call failed. */
  if (!tm_dirfd_repair_mode (fd))
    return g_atomic_int_get (mode_before) != (gint) TM_DIRFD_MODE_UNTOUCHED;

  g_atomic_int_compare_and_exchange (mode_before, (gint) TM_DIRFD_MODE_UNTOUCHED,
                                     (gint) (status.st_mode & 07777));
  return TRUE;
}

static void
level_note_cleared (TmLevel *level, guint cleared)
{
  g_atomic_int_or (&level_itself (level)->attributes_before, cleared);
}

/* Clears the attributes of the directory of a level that keep its entries from being deleted.
 * Returns whether the failed call can be repeated; else errno is set. */
static gboolean
level_clear_attributes (TmLevel *level)
{
  /* It may be a pin. */
  int fd = tm_dirfd_reopen (level->directory->fd);
  guint cleared = 0;
  int errsv = EPERM;

  if (fd >= 0 && !tm_force_clear (fd, &cleared))
    errsv = errno;
  tm_dirfd_close (fd);

  level_note_cleared (level, cleared);
  errno = errsv;
  /* Another thread may have cleared them since the call failed. */
  return cleared != 0 ||
         (errsv == EPERM && g_atomic_int_get (&level_itself (level)->attributes_before) != 0);
}

/* Makes the directory of a level writable if it is a read-only snapshot. */
void
tm_level_make_writable (TmLevel *level)
{
  guint cleared;

  if (tm_force_make_writable (level->directory->fd, &cleared))
    level_note_cleared (level, cleared);
}

static void
level_restore_attributes (TmLevel *level)
{
  guint attributes = (guint) g_atomic_int_get (&level->attributes_before);
  int fd;

  if (attributes == 0)
    return;

  fd = tm_dirfd_reopen (level->directory->fd);
  if (fd >= 0)
    tm_force_restore (fd, attributes);
  tm_dirfd_close (fd);
  level->attributes_before = 0;
}

/* Restores the mode and the attributes of a directory that is not deleted. The mode is kept if
 * another process has changed it since. */
void
tm_level_restore (TmLevel *level)
{
  mode_t mode_before = (mode_t) g_atomic_int_get (&level->mode_before);

  if (level->directory == NULL)
    return;

  if (mode_before != TM_DIRFD_MODE_UNTOUCHED)
    {
      tm_dirfd_restore_mode (level->directory->fd, mode_before | TM_DIRFD_MODE_USABLE, mode_before);
      level->mode_before = (gint) TM_DIRFD_MODE_UNTOUCHED;
    }

  level_restore_attributes (level);
}

/* Removes an entry. Repairs the mode of its directory if that denies access. */
static int
level_try_to_remove_entry (TmLevel *level, const char *name, TmRemoveFunc remove)
{
  int fd = level->directory->fd;
  int result = remove (fd, name);

  if (result < 0 && errno == EACCES && tm_level_repair_mode (level, fd))
    result = remove (fd, name);

  return result;
}

/* If @force, clears attributes of its directory, or of the entry, that deny it. */
static int
level_remove_entry (TmLevel *level, const char *name, gboolean force, TmRemoveFunc remove)
{
  int result = level_try_to_remove_entry (level, name, remove);

  if (result == 0 || errno != EPERM || !force)
    return result;

  if (level_clear_attributes (level))
    result = level_try_to_remove_entry (level, name, remove);
  if (result < 0 && errno == EPERM)
    result = tm_force_remove (level->directory->fd, name, remove);

  return result;
}

/* Unlinks an entry that is not a directory. Returns 0, or -1 with errno. */
int
tm_level_unlink (TmLevel *level, const char *name, gboolean force)
{
  return level_remove_entry (level, name, force, tm_dirfd_unlink);
}

/* Removes an empty sub-directory in the same way. */
int
tm_level_remove (TmLevel *level, const char *name, gboolean force)
{
  return level_remove_entry (level, name, force, tm_dirfd_remove);
}

/* Whether the order in which the entries of a directory are deleted matters. Stores its size. */
gboolean
tm_level_is_worth_sorting (TmLevel *level)
{
  struct stat status;
  TmFileSystemType type;

  if (tm_dirfd_stat (level->directory->fd, &status) < 0)
    return FALSE;

  level->size = (guint64) MAX (status.st_size, 0);
  return status.st_size >= MIN_SIZE_TO_SORT &&
         tm_dirfd_get_file_system_type (level->directory->fd, &type) == 0 &&
         type == TM_FILE_SYSTEM_EXT4;
}
