/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "files.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
make_directory (const char *path)
{
  g_assert_no_errno (g_mkdir_with_parents (path, 0755));
}

void
make_file (const char *path)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, "kept", -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
}

/* One of each type of file that an ordinary user can create. */
void
make_tree (const char *path)
{
  static const char *const names[] = { "plain", "-rf", "new\nline", "bad \xff utf-8", " " };
  g_autofree char *nested = g_build_filename (path, "a", "b", "c", NULL);
  g_autofree char *link = g_build_filename (path, "dangling", NULL);
  g_autofree char *loop = g_build_filename (path, "loop", NULL);
  g_autofree char *fifo = g_build_filename (path, "fifo", NULL);
  g_autofree char *long_name = g_strnfill (255, 'n');
  g_autofree char *long_path = g_build_filename (path, long_name, NULL);

  make_directory (nested);
  make_directory (long_path);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_build_filename (path, names[i], NULL);
      g_autofree char *below = g_build_filename (nested, names[i], NULL);

      make_file (file);
      make_file (below);
    }
  g_assert_no_errno (symlink ("/nowhere", link));
  g_assert_no_errno (symlink (".", loop));
  g_assert_no_errno (mkfifo (fifo, 0600));
}

void
make_old (const char *path, gint64 seconds)
{
  struct timespec times[2];

  clock_gettime (CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= seconds;
  times[1] = times[0];
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

/* Creates a directory with a tree in it, last used @seconds ago. */
char *
make_old_directory (Sandbox *sandbox, const char *name, gint64 seconds)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  make_tree (path);
  make_old (path, seconds);
  return path;
}

/* An empty directory. With OUR_NAME() and the sticky bit it is marked. */
char *
make_old_with_mode (Sandbox *sandbox, const char *name, mode_t mode, gint64 seconds)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  g_assert_no_errno (g_chmod (path, mode));
  make_old (path, seconds);
  return path;
}

gboolean
path_exists (const char *path)
{
  struct stat status;

  return lstat (path, &status) == 0;
}

/* The permissions, and the sticky bit, which is the mark. */
mode_t
get_mode (const char *path)
{
  struct stat status;

  g_assert_no_errno (lstat (path, &status));
  return status.st_mode & 07777;
}

guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

guint
count_open_descriptors (void)
{
  return count_entries ("/proc/self/fd");
}
