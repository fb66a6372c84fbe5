/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-paths.h"

#include "tool-i18n.h"

#include "tm-config.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Turns paths on the command line into files.
 *
 * “link/..” is the directory that contains the link for a GFile, and the parent of the link's
 * target for the kernel. Such a path is refused. “directory/..” means the same for both, and is
 * removed. The library decides whether to follow the remaining links. */

/* The purpose of a path, which selects the message of an error. */
typedef enum
{
  USE_OPEN,
  USE_DELETE,
} Use;

static gboolean
fail (GError **error, Use use, const char *path, GIOErrorEnum code, const char *reason)
{
  g_autofree char *name = g_filename_display_name (path);

  switch (use)
    {
    case USE_OPEN:
      g_set_error (error, G_IO_ERROR, code, _ ("Could not open “%s”: %s"), name, reason);
      break;
    case USE_DELETE:
      g_set_error (error, G_IO_ERROR, code, _ ("Could not delete “%s”: %s"), name, reason);
      break;
    default:
      g_assert_not_reached ();
    }
  return FALSE;
}

static gboolean
fail_with_errno (GError **error, Use use, const char *path, int error_number)
{
  return fail (error, use, path, g_io_error_from_errno (error_number), g_strerror (error_number));
}

/* Gets the status of @name in @dirfd, without following a link and, where the system can do that,
 * without waiting for the server of a mounted file system. */
static int
look_at (int dirfd, const char *name, int flags, struct stat *status)
{
  int result;

  flags |= AT_SYMLINK_NOFOLLOW;
  result = fstatat (dirfd, name, status, flags | TM_CONFIG_AT_CACHED);
  /* An old kernel does not know all of these flags. */
  return result < 0 && errno == EINVAL ? fstatat (dirfd, name, status, flags) : result;
}

static int
look (const char *path, struct stat *status)
{
  return look_at (AT_FDCWD, path, 0, status);
}

static gboolean
is_same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether another file system than that of the directory above is mounted at the absolute path. */
static gboolean
is_mount_point (const char *path, const struct stat *status)
{
  g_autofree char *above = g_path_get_dirname (path);
  struct stat found;

  return look (above, &found) == 0 && found.st_dev != status->st_dev;
}

/* Returns (transfer full) (nullable): the working directory, or NULL with an error if it was
 * deleted. GLib would use the root of the file system instead, where another file can have the same
 * name. */
static char *
get_working_directory (gboolean without_links, Use use, const char *path, GError **error)
{
  char *found = getcwd (NULL, 0);
  char *current;

  if (found == NULL)
    {
      fail (error, use, path, G_IO_ERROR_FAILED, _ ("the working directory is gone"));
      return NULL;
    }

  /* g_get_current_dir() returns $PWD, which may contain links. “..” needs the path without links.
   */
  current = without_links ? g_strdup (found) : g_get_current_dir ();
  free (found);
  return current;
}

/* Whether “..” after @directory can be removed: @directory is a directory, and not a link to one.
 */
static gboolean
can_leave_out (const char *directory, Use use, const char *path, GError **error)
{
  struct stat status;

  if (look (directory, &status) < 0)
    return fail_with_errno (error, use, path, errno);

  if (S_ISLNK (status.st_mode))
    {
      g_autofree char *display_name = g_filename_display_name (directory);
      g_autofree char *reason =
          g_strdup_printf (_ ("“..” after the link “%s” is refused"), display_name);

      return fail (error, use, path, G_IO_ERROR_INVALID_ARGUMENT, reason);
    }

  return S_ISDIR (status.st_mode) || fail_with_errno (error, use, path, ENOTDIR);
}

/* Returns (transfer full) (nullable): the absolute path without “.” and “..”, or NULL with an
 * error. */
static char *
clean (const char *path, Use use, GError **error)
{
  g_auto (GStrv) components = g_strsplit (path, G_DIR_SEPARATOR_S, -1);
  gboolean leads_upwards = g_strv_contains ((const char *const *) components, "..");
  g_autofree char *start = NULL;
  GString *cleaned;

  if (!g_path_is_absolute (path))
    {
      start = get_working_directory (leads_upwards, use, path, error);
      if (start == NULL)
        return NULL;
    }

  /* The result never ends with a separator. */
  cleaned = g_string_new (start == NULL || g_str_equal (start, G_DIR_SEPARATOR_S) ? "" : start);
  for (char **component = components; *component != NULL; component++)
    {
      if (**component == '\0' || g_str_equal (*component, "."))
        continue;

      if (!g_str_equal (*component, ".."))
        g_string_append_printf (cleaned, G_DIR_SEPARATOR_S "%s", *component);
      /* The directory above the root of the file system is the root. */
      else if (cleaned->len > 0)
        {
          if (!can_leave_out (cleaned->str, use, path, error))
            {
              g_string_free (cleaned, TRUE);
              return NULL;
            }
          g_string_truncate (cleaned,
                             (gsize) (strrchr (cleaned->str, G_DIR_SEPARATOR) - cleaned->str));
        }
    }

  if (cleaned->len == 0)
    g_string_append_c (cleaned, G_DIR_SEPARATOR);
  return g_string_free (cleaned, FALSE);
}

/*
 * tool_paths_new_directory:
 * @path: the path of a directory
 * @error: return location for an error
 *
 * Fails if the path is empty, or if it has “..” after a link or after a missing directory.
 *
 * Returns: (transfer full) (nullable): the directory, or %NULL with @error set
 */
GFile *
tool_paths_new_directory (const char *path, GError **error)
{
  g_autofree char *cleaned = NULL;

  if (*path == '\0')
    {
      fail_with_errno (error, USE_OPEN, path, ENOENT);
      return NULL;
    }

  cleaned = clean (path, USE_OPEN, error);
  return cleaned != NULL ? g_file_new_for_path (cleaned) : NULL;
}

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
}

/* Whether the link @path, which has @status, is a component of the path of the home directory,
 * which would be broken without it.
 *
 * After a link or a mount point of another file system, only the text of the components is
 * compared: a request for their status could wait for a server forever. */
static gboolean
is_in_path_of_home (const char *path, const struct stat *status)
{
  g_autofree char *home = g_canonicalize_filename (g_get_home_dir (), G_DIR_SEPARATOR_S);
  gsize length = 0;
  struct stat above;
  gboolean can_look = look (G_DIR_SEPARATOR_S, &above) == 0;

  while (home[length] != '\0')
    {
      g_autofree char *component = NULL;
      struct stat found;

      length += 1 + strcspn (home + length + 1, G_DIR_SEPARATOR_S);
      component = g_strndup (home, length);
      if (g_str_equal (component, path))
        return TRUE;

      can_look = can_look && look (component, &found) == 0;
      if (can_look && is_same_file (&found, status))
        return TRUE;
      can_look = can_look && !S_ISLNK (found.st_mode) &&
                 (found.st_dev == above.st_dev || found.st_dev == status->st_dev);
      if (can_look)
        above = found;
    }

  return FALSE;
}

/* Whether the directory @path is the home directory or one above it, which tm_root_new() refuses.
 * The library sends no unnecessary request to a server for this. */
static gboolean
is_refused_as_root (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) G_GNUC_UNUSED root =
      tm_root_new (file, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE, NULL, &error);

  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static gboolean
is_home_or_above (const char *path, const struct stat *status)
{
  if (S_ISLNK (status->st_mode))
    return is_in_path_of_home (path, status);

  /* A mount point is never deleted, and opening it would send a request to its server. */
  return S_ISDIR (status->st_mode) && !is_mount_point (path, status) && is_refused_as_root (path);
}

static int
look_at_open (int fd, struct stat *status)
{
#ifdef TM_CONFIG_HAVE_LINUX_CALLS
  return look_at (fd, "", AT_EMPTY_PATH, status);
#else
  return fstat (fd, status);
#endif
}

/* Whether @status is that of the working directory or of one above it. Their names do not matter.
 */
static gboolean
is_working_directory_or_above (const struct stat *status)
{
  int fd = open (".", TM_CONFIG_O_PIN | O_DIRECTORY | O_CLOEXEC);
  struct stat found, below = { 0 };
  gboolean is_one = FALSE;

  while (fd >= 0 && !is_one && look_at_open (fd, &found) == 0 && !is_same_file (&found, &below))
    {
      int above = openat (fd, "..", TM_CONFIG_O_PIN | O_DIRECTORY | O_CLOEXEC);

      is_one = is_same_file (status, &found);
      below = found;
      close (fd);
      fd = above;
    }

  if (fd >= 0)
    close (fd);
  return is_one;
}

/* Finds the absolute path and the status of @path. Returns FALSE with an error. */
static gboolean
find (const char *path, char **cleaned, struct stat *status, GError **error)
{
  *cleaned = clean (path, USE_DELETE, error);
  return *cleaned != NULL &&
         (look (*cleaned, status) == 0 || fail_with_errno (error, USE_DELETE, path, errno));
}

/*
 * tool_paths_find_victim:
 * @path: the path of a file to delete
 * @file: (out) (transfer full) (nullable): the file, or %NULL if it does not exist
 * @error: return location for an error
 *
 * Fails if the path cannot be examined, or if `delete` refuses it.
 *
 * Returns: %TRUE on success
 */
gboolean
tool_paths_find_victim (const char *path, GFile **file, GError **error)
{
  gsize length = strlen (path);
  g_autofree char *trimmed = NULL;
  g_autofree char *name = NULL;
  g_autofree char *cleaned = NULL;
  g_autoptr (GError) local_error = NULL;
  struct stat status;

  while (length > 1 && path[length - 1] == G_DIR_SEPARATOR)
    length--;
  trimmed = g_strndup (path, length);
  name = g_path_get_basename (trimmed);
  *file = NULL;

  /* An empty path usually comes from an unset variable. GIO would use the working directory. */
  if (*trimmed == '\0')
    return fail (error, USE_DELETE, path, G_IO_ERROR_INVALID_ARGUMENT, _ ("the path is empty"));
  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return fail (error, USE_DELETE, path, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("the names “.” and “..” are refused"));

  if (!find (path, &cleaned, &status, &local_error))
    {
      if (is_missing (local_error))
        return TRUE;

      /* The kernel may refuse a link of another user in the path. The library refuses it as well,
       * and names it in its error. */
      if (cleaned != NULL &&
          g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        {
          *file = g_file_new_for_path (cleaned);
          return TRUE;
        }

      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (is_home_or_above (cleaned, &status))
    return fail (error, USE_DELETE, path, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("it is the home directory or a directory above it"));

  if (is_working_directory_or_above (&status))
    return fail (error, USE_DELETE, path, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("it is the working directory or a directory above it"));

  /* A slash at the end requires a directory. After a link, it could mean the link or its target. */
  if (path[length] == G_DIR_SEPARATOR && !S_ISDIR (status.st_mode))
    return fail_with_errno (error, USE_DELETE, path, ENOTDIR);

  *file = g_file_new_for_path (cleaned);
  return TRUE;
}
