/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-tree-local-private.h"

#include "tm-dirfd-private.h"

#include <errno.h>
#include <string.h>

/* Deletion by descriptors.
 *
 * The walk goes down one level at a time: a run of entries is read, what is no directory is
 * unlinked at once, and the names of the sub-directories wait at their level until each has been
 * emptied. The levels are on the heap, so that neither the stack nor PATH_MAX limits the depth.
 *
 * Only the lowest levels of the walk are open. Those above are closed, with the identity of the
 * directory and the position in it noted, and opened again on the way back: through "..", if it
 * still leads to the noted directory, else by going down from the top once more. */

/* Few, because a table of descriptors that grows makes other threads wait, and because the
 * process needs descriptors for other things; many enough for most trees to need no reopening. */
#define MAX_OPEN_LEVELS 48

/* Somebody who keeps adding files to a directory is waited for this many times. */
#define MAX_RESCANS 10

typedef struct
{
  char *name;              /* (owned) (nullable): in the level above; NULL at the top */
  int fd;                  /* -1 while closed; borrowed at the top, else owned */
  TmFileIdentity identity; /* set when the level is closed */
  off_t position;          /* where to go on reading, set when the level is closed */
  GString *pending;   /* (owned) (nullable): NUL-terminated names of sub-directories to visit */
  gsize next_pending; /* offset in pending of the next one */
  guint n_rescans;
  gboolean incomplete; /* something in it could not be deleted, and that has been reported */
} Level;

typedef struct
{
  GPtrArray *levels; /* (owned) (element-type Level): from the top to where the walk is */
  guint first_open;  /* from this level on, all are open; the top always is */
  guint max_open;    /* how many may be */
  const char *path;  /* of the top, for messages */
  GError *error;     /* (owned) (nullable): the first one */
  char *buffer;      /* entries as read; of TM_DIRFD_BUFFER_SIZE */
} Walk;

static Level *
level_new (const char *name, int fd)
{
  Level *level = g_new0 (Level, 1);

  level->name = g_strdup (name);
  level->fd = fd;
  return level;
}

static void
level_free (Level *level)
{
  /* The descriptor of the top is the caller's. */
  if (level->name != NULL)
    tm_dirfd_close (level->fd);
  if (level->pending != NULL)
    g_string_free (level->pending, TRUE);
  g_free (level->name);
  g_free (level);
}

static inline Level *
walk_level (Walk *walk, guint depth)
{
  return g_ptr_array_index (walk->levels, depth);
}

static inline guint
walk_depth (Walk *walk)
{
  return walk->levels->len - 1;
}

/* Notes the first failure, with the path of what it befell: @name in the lowest level, or that
 * level itself. The walk goes on; the levels above cannot be removed any more. */
static void
walk_report (Walk *walk, const char *action, const char *name, int error_number)
{
  walk_level (walk, walk_depth (walk))->incomplete = TRUE;

  if (walk->error == NULL)
    {
      g_autoptr (GString) path = g_string_new (walk->path);

      for (guint i = 1; i < walk->levels->len; i++)
        {
          g_string_append_c (path, G_DIR_SEPARATOR);
          g_string_append (path, walk_level (walk, i)->name);
        }
      if (name != NULL)
        {
          g_string_append_c (path, G_DIR_SEPARATOR);
          g_string_append (path, name);
        }

      tm_dirfd_set_error (&walk->error, action, path->str, error_number);
    }
}

/* Closes the highest open level but the top. Returns FALSE when there is none but the lowest, from
 * which the walk goes on. */
static gboolean
walk_close_highest (Walk *walk)
{
  Level *level;
  struct stat status;

  if (walk->first_open >= walk_depth (walk))
    return FALSE;

  level = walk_level (walk, walk->first_open);
  if (tm_dirfd_stat (level->fd, &status) < 0)
    return FALSE;

  level->identity = tm_file_identity (&status);
  level->position = tm_dirfd_tell (level->fd);
  tm_dirfd_close (level->fd);
  level->fd = -1;
  walk->first_open++;
  return TRUE;
}

static gboolean
is_out_of_descriptors (int error_number)
{
  return error_number == EMFILE || error_number == ENFILE;
}

/* Opens @level again with @fd, which it takes over: if that is still the directory it was. Whatever
 * else stands there by now is not gone into. */
static gboolean
level_reopen (Level *level, int fd)
{
  struct stat status;

  if (fd < 0)
    return FALSE;

  if (tm_dirfd_stat (fd, &status) < 0 ||
      !tm_file_identity_equal (tm_file_identity (&status), level->identity) ||
      tm_dirfd_seek (fd, level->position) < 0)
    {
      tm_dirfd_close (fd);
      return FALSE;
    }

  level->fd = fd;
  return TRUE;
}

/* Opens the lowest level again after ".." did not lead there: from the top down to it, or as far
 * as the directories still are where they were. What somebody moved away in the meantime is left
 * to him. Only the level that is reached stays open. */
static void
walk_descend_again (Walk *walk)
{
  guint depth = 0;

  while (depth < walk_depth (walk))
    {
      Level *level = walk_level (walk, depth);
      Level *below = walk_level (walk, depth + 1);

      if (!level_reopen (below, tm_dirfd_open_child (level->fd, below->name, O_NOATIME, NULL)))
        break;

      if (depth > 0)
        {
          tm_dirfd_close (level->fd);
          level->fd = -1;
        }
      depth++;
    }

  g_ptr_array_set_size (walk->levels, (int) depth + 1);
  walk->first_open = MAX (depth, 1);
}

/* Makes sure that the level above the lowest is open. Returns FALSE when the lowest has been moved
 * elsewhere: it is left alone, and the walk is where it can go on. */
static gboolean
walk_open_above (Walk *walk)
{
  guint depth = walk_depth (walk);
  Level *level = walk_level (walk, depth);
  Level *above = walk_level (walk, depth - 1);

  if (above->fd >= 0)
    return TRUE;

  if (level_reopen (above, tm_dirfd_open_parent (level->fd)))
    {
      walk->first_open = depth - 1;
      return TRUE;
    }

  g_ptr_array_set_size (walk->levels, (int) depth);
  walk_descend_again (walk);
  return FALSE;
}

static void
level_add_pending (Level *level, const char *name)
{
  if (level->pending == NULL)
    level->pending = g_string_new (NULL);

  /* With its NUL. */
  g_string_append_len (level->pending, name, (gssize) strlen (name) + 1);
}

static const char *
level_take_pending (Level *level)
{
  const char *name;

  if (level->pending == NULL)
    return NULL;

  if (level->next_pending == level->pending->len)
    {
      g_string_free (g_steal_pointer (&level->pending), TRUE);
      level->next_pending = 0;
      return NULL;
    }

  name = level->pending->str + level->next_pending;
  level->next_pending += strlen (name) + 1;
  return name;
}

/* Unlinks @name in the lowest level, or leaves it to be visited if it turns out a directory. */
static void
walk_unlink (Walk *walk, const char *name)
{
  Level *level = walk_level (walk, walk_depth (walk));

  if (tm_dirfd_unlink (level->fd, name) == 0 || errno == ENOENT)
    return;

  if (errno == EISDIR)
    level_add_pending (level, name);
  else
    walk_report (walk, "Deleting", name, errno);
}

/* Reads a run of entries of the lowest level and unlinks those that are no directories. Returns
 * FALSE at the end of the directory. */
static gboolean
walk_read (Walk *walk)
{
  Level *level = walk_level (walk, walk_depth (walk));
  gssize length = tm_dirfd_read (level->fd, walk->buffer, TM_DIRFD_BUFFER_SIZE);

  if (length < 0)
    {
      /* A directory that somebody else removed while it was open reads as this. */
      if (errno != ENOENT)
        walk_report (walk, "Reading the directory", NULL, errno);
      return FALSE;
    }

  TM_DIRFD_FOREACH_ENTRY (entry, walk->buffer, length)
    {
      /* Where the type is not known, unlink() knows it. */
      if (entry->d_type == DT_DIR)
        level_add_pending (level, entry->d_name);
      else
        walk_unlink (walk, entry->d_name);
    }

  return length > 0;
}

/* Goes down into @name. Where that fails, the walk stays and goes on with the next. */
static void
walk_enter (Walk *walk, const char *name)
{
  Level *level = walk_level (walk, walk_depth (walk));
  int fd;

  if (walk->levels->len - walk->first_open >= walk->max_open)
    walk_close_highest (walk);

  fd = tm_dirfd_open_child (level->fd, name, O_NOATIME, NULL);
  while (fd < 0 && is_out_of_descriptors (errno) && walk_close_highest (walk))
    {
      /* Somebody else wants descriptors too: make do with those there are. */
      walk->max_open = MAX (walk->levels->len - walk->first_open, 1);
      fd = tm_dirfd_open_child (level->fd, name, O_NOATIME, NULL);
    }

  if (fd >= 0)
    g_ptr_array_add (walk->levels, level_new (name, fd));
  else if (errno == ENOTDIR)
    {
      /* No directory any more. If it is one again by now, the rescan will find it. */
      if (tm_dirfd_unlink (level->fd, name) < 0 && errno != ENOENT && errno != EISDIR)
        walk_report (walk, "Deleting", name, errno);
    }
  else if (errno != ENOENT)
    walk_report (walk, "Opening the directory", name, errno);
}

/* Everything in the lowest level has been seen: removes its directory and goes back up. */
static void
walk_leave (Walk *walk)
{
  Level *level, *above;
  gboolean incomplete;

  if (!walk_open_above (walk))
    return;

  level = walk_level (walk, walk_depth (walk));
  above = walk_level (walk, walk_depth (walk) - 1);

  /* ENOTDIR: something else stands there by now; reading the level above again will find it. */
  if (!level->incomplete && tm_dirfd_remove (above->fd, level->name) < 0 && errno != ENOENT &&
      errno != ENOTDIR)
    {
      if (errno == ENOTEMPTY && level->n_rescans < MAX_RESCANS && tm_dirfd_seek (level->fd, 0) == 0)
        {
          level->n_rescans++;
          return;
        }

      /* POSIX has no name for "somebody keeps filling it". */
      walk_report (walk, "Deleting", NULL, errno == ENOTEMPTY ? EBUSY : errno);
    }

  incomplete = level->incomplete;
  g_ptr_array_set_size (walk->levels, (int) walk_depth (walk));
  walk->first_open = MAX (MIN (walk->first_open, walk_depth (walk)), 1);
  above->incomplete |= incomplete;
}

/*
 * tm_tree_local_empty:
 * @dirfd: a directory, opened for reading
 * @path: its path, for messages
 * @cancellable: (nullable): looked at once per run of entries
 * @error: where to put the first failure, with the path that it befell
 *
 * Deletes everything in a directory, but not the directory itself.
 *
 * Goes on past what cannot be deleted. Entries that are added meanwhile may or may not be deleted.
 *
 * Returns: %TRUE when nothing had to be left
 */
gboolean
tm_tree_local_empty (int dirfd, const char *path, GCancellable *cancellable, GError **error)
{
  /* Not on the stack: that of a thread can be as small as 64 KiB. */
  g_autofree char *buffer = g_malloc (TM_DIRFD_BUFFER_SIZE);
  Walk walk = {
    .levels = g_ptr_array_new_with_free_func ((GDestroyNotify) level_free),
    .first_open = 1,
    .max_open = MAX_OPEN_LEVELS,
    .path = path,
    .buffer = buffer,
  };

  g_ptr_array_add (walk.levels, level_new (NULL, dirfd));
  if (tm_dirfd_seek (dirfd, 0) < 0)
    walk_report (&walk, "Reading the directory", NULL, errno);

  for (;;)
    {
      const char *name;

      if (g_cancellable_is_cancelled (cancellable))
        {
          g_clear_error (&walk.error);
          g_cancellable_set_error_if_cancelled (cancellable, &walk.error);
          break;
        }

      name = level_take_pending (walk_level (&walk, walk_depth (&walk)));
      if (name != NULL)
        walk_enter (&walk, name);
      else if (walk_read (&walk))
        continue;
      else if (walk_depth (&walk) > 0)
        walk_leave (&walk);
      else
        break;
    }

  g_ptr_array_unref (walk.levels);

  if (walk.error != NULL)
    {
      g_propagate_error (error, walk.error);
      return FALSE;
    }

  return TRUE;
}
