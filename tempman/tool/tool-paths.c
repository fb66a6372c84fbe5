/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-paths.h"

#include "local/tm-dirfd-private.h"
#include "local/tm-path-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From paths as they are written on a command line to files.
 *
 * A GFile takes “link/..” for the directory that the link is in, and the kernel for the one above
 * where the link leads to. What is meant is what the kernel says. */

static gboolean
fail (GError **error, const char *action, const char *path, GIOErrorEnum code, const char *reason)
{
  g_autofree char *display_name = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, code, "%s “%s”: %s", action, display_name, reason);
  return FALSE;
}

static gboolean
fail_with_errno (GError **error, const char *action, const char *path, int error_number)
{
  return fail (error, action, path, g_io_error_from_errno (error_number),
               g_strerror (error_number));
}

/* Returns NULL with an error where there is no working directory any more: GLib takes the root of
 * the file system for it then, in which something else can have the same name. */
static char *
make_absolute (const char *path, const char *action, const char *whole_path, GError **error)
{
  g_autofree char *current = NULL;
  char *found;

  if (g_path_is_absolute (path))
    return g_strdup (path);

  found = getcwd (NULL, 0);
  if (found == NULL)
    {
      fail (error, action, whole_path, G_IO_ERROR_FAILED, "the working directory is gone");
      return NULL;
    }

  free (found);
  /* The path that the user has taken there, if that is known. */
  current = g_get_current_dir ();
  return g_build_filename (current, path, NULL);
}

/* Finds the path that leads, without links, where @path does: as the library does it, since a path
 * that goes up is nothing that a GFile could hold. Returns NULL with an error. */
static char *
resolve (const char *path, const char *action, const char *whole_path, GError **error)
{
  g_autofree char *absolute = make_absolute (path, action, whole_path, error);
  g_autofree char *refused = NULL;
  char *resolved = NULL;
  int fd;

  if (absolute == NULL)
    return NULL;

  fd = tm_path_open (absolute, 0, &resolved, &refused);
  if (fd < 0)
    {
      tm_path_set_error (error, action, whole_path, refused, errno);
      return NULL;
    }

  tm_dirfd_close (fd);
  /* It was moved meanwhile. */
  if (resolved == NULL)
    fail_with_errno (error, action, whole_path, EBUSY);
  return resolved;
}

static gboolean
leads_upwards (const char *path)
{
  g_auto (GStrv) components = g_strsplit (path, G_DIR_SEPARATOR_S, -1);

  return g_strv_contains ((const char *const *) components, "..");
}

/*
 * tool_paths_new_directory:
 * @path: the path of a directory
 * @error: that it is empty, or leads through something that is not there
 *
 * Returns: (transfer full): the directory
 */
GFile *
tool_paths_new_directory (const char *path, GError **error)
{
  g_autofree char *found = NULL;

  if (*path == '\0')
    {
      fail_with_errno (error, "Opening", path, ENOENT);
      return NULL;
    }

  found = leads_upwards (path) ? resolve (path, "Opening", path, error)
                               : make_absolute (path, "Opening", path, error);
  return found != NULL ? g_file_new_for_path (found) : NULL;
}

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
}

static gboolean
is_same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether @status is of @path or of one of the directories on the way to it. */
static gboolean
is_on_the_way_to (const struct stat *status, const char *path)
{
  g_autofree char *current = g_canonicalize_filename (path, "/");
  gsize length;

  do
    {
      char *above = g_path_get_dirname (current);
      struct stat found;

      if (lstat (current, &found) == 0 && is_same_file (status, &found))
        {
          g_free (above);
          return TRUE;
        }

      length = strlen (current);
      g_free (current);
      current = above;
    }
  while (strlen (current) < length);

  return FALSE;
}

/* Whether @status is of the directory that @path leads to or of one of those above it, whatever
 * they are called. */
static gboolean
is_at_or_above (const struct stat *status, const char *path)
{
  int fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat found, below = { 0 };
  gboolean is_one = FALSE;

  while (fd >= 0 && !is_one && fstat (fd, &found) == 0 && !is_same_file (&found, &below))
    {
      int above = openat (fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

      is_one = is_same_file (status, &found);
      below = found;
      close (fd);
      fd = above;
    }

  if (fd >= 0)
    close (fd);
  return is_one;
}

/* The home directory can be called by a path with links in it: they are not to go either. */
static gboolean
is_home_or_above (const struct stat *status)
{
  const char *home = g_get_home_dir ();

  return is_on_the_way_to (status, home) || is_at_or_above (status, home);
}

/*
 * tool_paths_find_victim:
 * @path: the path of what is to be deleted
 * @file: (out) (transfer full) (nullable): the file, or %NULL if there is none
 * @error: why it is never deleted, or cannot be found
 */
gboolean
tool_paths_find_victim (const char *path, GFile **file, GError **error)
{
  gsize length = strlen (path);
  g_autofree char *trimmed = NULL;
  g_autofree char *name = NULL;
  g_autofree char *parent = NULL;
  g_autofree char *resolved_parent = NULL;
  g_autofree char *resolved = NULL;
  g_autoptr (GError) local_error = NULL;
  struct stat status;

  while (length > 1 && path[length - 1] == G_DIR_SEPARATOR)
    length--;
  trimmed = g_strndup (path, length);
  name = g_path_get_basename (trimmed);
  *file = NULL;

  /* An empty path is what is left of a variable that was never set: GIO would take it for the
   * working directory. */
  if (*trimmed == '\0')
    return fail (error, "Deleting", path, G_IO_ERROR_INVALID_ARGUMENT, "it is empty");
  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return fail (error, "Deleting", path, G_IO_ERROR_INVALID_ARGUMENT,
                 "the names “.” and “..” are refused");

  parent = g_path_get_dirname (trimmed);
  resolved_parent = resolve (parent, "Deleting", path, &local_error);
  if (resolved_parent == NULL)
    {
      if (is_missing (local_error))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  resolved = g_build_filename (resolved_parent, name, NULL);
  if (lstat (resolved, &status) < 0)
    {
      fail_with_errno (&local_error, "Deleting", path, errno);
      if (is_missing (local_error))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (is_home_or_above (&status))
    return fail (error, "Deleting", path, G_IO_ERROR_INVALID_ARGUMENT,
                 "the home directory and those above it are refused");

  if (is_at_or_above (&status, "."))
    return fail (error, "Deleting", path, G_IO_ERROR_INVALID_ARGUMENT,
                 "the working directory and those above it are refused");

  /* A slash at the end says that a directory is meant. With a link, nobody knows whether that or
   * where it leads to. */
  if (path[length] == G_DIR_SEPARATOR && !S_ISDIR (status.st_mode))
    return fail_with_errno (error, "Deleting", path, ENOTDIR);

  *file = g_file_new_for_path (resolved);
  return TRUE;
}
