/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "directories.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

TmTemporaryDirectory *
create_in (const char *parent)
{
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (file, "t", NULL, &error);

  g_assert_no_error (error);
  return directory;
}

char *
child_path (TmTemporaryDirectory *directory, const char *name)
{
  return g_build_filename (tm_temporary_directory_get_path (directory), name, NULL);
}

/* Asserts the mark and the lock, as another process sees them. */
void
assert_in_use (const char *path)
{
  struct stat status;
  int fd;

  g_assert_no_errno (lstat (path, &status));
  g_assert_cmphex (status.st_mode, ==, S_IFDIR | 01700);
  if (!library_has_descriptors ())
    return;

  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_no_errno (fd);
  g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, -1);
  g_assert_cmpint (errno, ==, EWOULDBLOCK);
  close (fd);
}

void
close_successfully (TmTemporaryDirectory *directory)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_false (g_file_query_exists (tm_temporary_directory_get_file (directory), NULL));
}

/* Whether its path still leads to it. */
gboolean
is_at_its_path (TmTemporaryDirectory *directory)
{
  struct stat by_path, by_fd;

  return lstat (tm_temporary_directory_get_path (directory), &by_path) == 0 &&
         fstat (tm_temporary_directory_get_fd (directory), &by_fd) == 0 &&
         by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

/* Deletes with the library. */
void
delete_tree (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (path));
}

/* Deletes the entries of @path that systemd-tmpfiles may delete, at any age, and no other files.
 * Returns FALSE if it is not installed. */
gboolean
clean_with_systemd (const char *path)
{
  g_autofree char *program = g_find_program_in_path ("systemd-tmpfiles");
  g_autofree char *configuration = g_strconcat (path, ".conf", NULL);
  g_autofree char *line = g_strdup_printf ("e %s - - - 0\n", path);
  const char *command[] = { program, "--clean", configuration, NULL };
  g_autoptr (GError) error = NULL;

  if (program == NULL)
    return FALSE;

  g_file_set_contents (configuration, line, -1, &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, (char **) command, NULL,
                G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                NULL, &error);
  g_assert_no_error (error);
  g_unlink (configuration);
  return TRUE;
}

/* A tree to delete and a tree to keep get the same layout: a deletion that is led from one into the
 * other finds its names there. At each level one name comes after the directory that leads on, both
 * in the order of creation and in the reverse. */
static const char *const layout[] = { "a/file",       "1/a/file",   "1/2/a/file",
                                      "1/2/3/a/file", "1/2/3/file", "1/2/z/file",
                                      "1/z/file",     "z/file",     "file" };

void
lay_out (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (layout); i++)
    {
      g_autofree char *file = g_build_filename (path, layout[i], NULL);
      g_autofree char *parent = g_path_get_dirname (file);

      make_directory (parent);
      make_file (file);
    }
}

gboolean
is_whole (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (layout); i++)
    {
      g_autofree char *file = g_build_filename (path, layout[i], NULL);

      if (!path_exists (file))
        return FALSE;
    }
  return TRUE;
}
