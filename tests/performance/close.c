/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Makes COUNT temporary directories of five files in DIRECTORY and prints the nanoseconds that it
 * takes to close all of them, by the library or with the bare system calls. The files are empty,
 * unless they are to be filled with a block. */

#include "../support/kernel.h"

#include <tempman.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FILES 5
#define BLOCK_SIZE 4096
#define BUFFER_SIZE 4096

/* What the bare calls have of a directory. */
typedef struct
{
  int fd;
  char name[48];
} Bare;

static void
make_files (int directory_fd, gboolean filled)
{
  static const char content[BLOCK_SIZE];

  for (int i = 0; i < N_FILES; i++)
    {
      char name[32];
      int fd;

      g_snprintf (name, sizeof name, "file-%06d", i);
      fd = openat (directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (fd < 0 || (filled && write (fd, content, sizeof content) != (ssize_t) sizeof content))
        g_error ("Could not make a file: %s", g_strerror (errno));
      close (fd);
    }
}

static TmTemporaryDirectory *
create (GFile *parent)
{
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  if (directory == NULL)
    g_error ("%s", error->message);
  return directory;
}

/* With a name as long as those of the library. */
static Bare *
create_bare (int parent_fd, guint index)
{
  Bare *bare = g_new (Bare, 1);

  g_snprintf (bare->name, sizeof bare->name, "close-%026u", index);
  if (mkdirat (parent_fd, bare->name, 0700) != 0)
    g_error ("Could not make a directory: %s", g_strerror (errno));
  bare->fd = openat (parent_fd, bare->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (bare->fd < 0 || flock (bare->fd, LOCK_SH | LOCK_NB) != 0)
    g_error ("Could not open or lock a directory: %s", g_strerror (errno));
  return bare;
}

/* What cannot be done without by whoever has the directory open. */
static void
close_bare (int parent_fd, Bare *bare)
{
  char buffer[BUFFER_SIZE] __attribute__ ((aligned (8)));
  ssize_t length = kernel_getdents (bare->fd, buffer, sizeof buffer);

  for (ssize_t offset = 0; offset < length;)
    {
      const KernelEntry *entry = (const void *) (buffer + offset);

      offset += entry->length;
      if (entry->type != DT_DIR && unlinkat (bare->fd, entry->name, 0) != 0)
        g_error ("Could not delete a file: %s", g_strerror (errno));
    }
  if (unlinkat (parent_fd, bare->name, AT_REMOVEDIR) != 0)
    g_error ("Could not delete a directory: %s", g_strerror (errno));
  close (bare->fd);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) directories = NULL;
  g_autoptr (GFile) parent = NULL;
  struct rlimit limit;
  gboolean is_bare, filled;
  guint count;
  gint64 start;
  int parent_fd;

  is_bare = argc > 1 && g_str_equal (argv[1], "bare");
  filled = argc == 5 && g_str_equal (argv[4], "filled");
  if ((argc != 4 && !filled) || (!is_bare && !g_str_equal (argv[1], "tempman")))
    {
      g_printerr ("Usage: close tempman|bare DIRECTORY COUNT [filled]\n");
      return 2;
    }

  /* Every directory keeps its descriptor until it is closed. */
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  parent = g_file_new_for_path (argv[2]);
  parent_fd = open (argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent_fd < 0)
    g_error ("Could not open %s: %s", argv[2], g_strerror (errno));
  count = (guint) g_ascii_strtoull (argv[3], NULL, 10);

  directories = g_ptr_array_new_with_free_func (is_bare ? g_free : g_object_unref);
  for (guint i = 0; i < count; i++)
    {
      gpointer directory = is_bare ? (gpointer) create_bare (parent_fd, i) : create (parent);

      make_files (is_bare ? ((Bare *) directory)->fd : tm_temporary_directory_get_fd (directory),
                  filled);
      g_ptr_array_add (directories, directory);
    }
  syncfs (parent_fd);

  start = g_get_monotonic_time ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (GError) error = NULL;

      if (is_bare)
        close_bare (parent_fd, directories->pdata[i]);
      else if (!tm_temporary_directory_close (directories->pdata[i], NULL, &error))
        g_error ("%s", error->message);
    }
  g_print ("%" G_GINT64_FORMAT "\n", (g_get_monotonic_time () - start) * 1000);
  close (parent_fd);
  return 0;
}
