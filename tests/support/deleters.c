/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "deleters.h"

#include "kernel.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
delete_by_library (TmTemporaryDirectory *directory)
{
  int fd = dup (tm_temporary_directory_get_fd (directory));
  g_autoptr (GError) error = NULL;
  struct stat status;

  tm_temporary_directory_close (directory, NULL, &error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);

  /* By descriptor: its path may lead to another directory by now. */
  child_assert (fd >= 0 && fstat (fd, &status) == 0 && status.st_nlink == 0);
  close (fd);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Reads the names of the entries of an open directory, in the same order on every file system:
 * whether the deletion falls for an attack depends on the order. */
static GPtrArray *
read_names (int fd)
{
  g_autofree char *buffer = g_malloc (8192);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  gssize length;

  while ((length = kernel_getdents (fd, buffer, 8192)) > 0)
    for (gssize i = 0; i < length;)
      {
        const KernelEntry *entry = (const KernelEntry *) (const void *) (buffer + i);

        if (!g_str_equal (entry->name, ".") && !g_str_equal (entry->name, ".."))
          g_ptr_array_add (names, g_strdup (entry->name));
        i += entry->length;
      }

  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
repair_by_path (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);

  chmod (parent, 0700);
  chmod (path, 0700);
}

/* The deletion that most of the CVEs were about: by path, and with the modes repaired by path. */
void
delete_path (const char *path)
{
  struct stat status;
  int flags = 0;

  if (fstatat (AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (status.st_mode))
    {
      int fd = openat (AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_autoptr (GPtrArray) names = NULL;

      if (fd < 0 && errno == EACCES)
        {
          repair_by_path (path);
          fd = openat (AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }

      names = read_names (fd);
      if (fd >= 0)
        close (fd);
      for (guint i = 0; i < names->len; i++)
        {
          g_autofree char *child = g_build_filename (path, names->pdata[i], NULL);

          delete_path (child);
        }
      flags = AT_REMOVEDIR;
    }

  if (unlinkat (AT_FDCWD, path, flags) < 0 && errno == EACCES)
    {
      repair_by_path (path);
      unlinkat (AT_FDCWD, path, flags);
    }
}

void
delete_by_path (TmTemporaryDirectory *directory)
{
  delete_path (tm_temporary_directory_get_path (directory));
}

/* Assumes that ".." is the directory that it came from, as `rm` once did; follows no link. */
static int
empty_going_up (int fd)
{
  g_autoptr (GPtrArray) names = read_names (fd);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      int below = openat (fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      if (below >= 0)
        {
          close (fd);
          below = empty_going_up (below);
          fd = openat (below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
          close (below);
        }
      unlinkat (fd, name, below >= 0 ? AT_REMOVEDIR : 0);
    }

  return fd;
}

void
delete_going_up (TmTemporaryDirectory *directory)
{
  const char *path = tm_temporary_directory_get_path (directory);

  close (empty_going_up (openat (AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  g_rmdir (path);
}

/* Identifies the directory behind ".." by device and inode, and gives up if it is another one. */
static int
empty_by_inode (int fd)
{
  g_autoptr (GPtrArray) names = read_names (fd);

  for (guint i = 0; i < names->len && fd >= 0; i++)
    {
      const char *name = names->pdata[i];
      int below = openat (fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      struct stat before, after;

      if (below < 0)
        {
          unlinkat (fd, name, 0);
          continue;
        }

      child_assert (fstat (fd, &before) == 0);
      close (fd);
      fd = -1;
      below = empty_by_inode (below);
      if (below < 0)
        break;

      fd = openat (below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      close (below);
      if (fd < 0)
        break;

      child_assert (fstat (fd, &after) == 0);
      if (before.st_dev == after.st_dev && before.st_ino == after.st_ino)
        unlinkat (fd, name, AT_REMOVEDIR);
      else
        {
          close (fd);
          fd = -1;
        }
    }

  return fd;
}

void
delete_by_inode (TmTemporaryDirectory *directory)
{
  const char *path = tm_temporary_directory_get_path (directory);
  int fd = empty_by_inode (openat (AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

  if (fd >= 0)
    close (fd);
  g_rmdir (path);
}
