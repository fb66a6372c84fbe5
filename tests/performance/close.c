/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Makes COUNT temporary directories of five files in DIRECTORY and prints the nanoseconds that it
 * takes to close all of them. The files are empty, unless they are to be filled with a block. */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FILES 5
#define BLOCK_SIZE 4096

static TmTemporaryDirectory *
create_with_files (GFile *parent, gboolean filled)
{
  static const char content[BLOCK_SIZE];
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  if (directory == NULL)
    g_error ("%s", error->message);
  for (int i = 0; i < N_FILES; i++)
    {
      char name[32];
      int fd;

      g_snprintf (name, sizeof name, "file-%06d", i);
      fd = openat (tm_temporary_directory_get_fd (directory), name,
                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (fd < 0 || (filled && write (fd, content, sizeof content) != (ssize_t) sizeof content))
        g_error ("Could not make a file: %s", g_strerror (errno));
      close (fd);
    }
  return directory;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GFile) parent = NULL;
  struct rlimit limit;
  gboolean filled;
  guint count;
  gint64 start;

  filled = argc == 4 && g_str_equal (argv[3], "filled");
  if (argc != 3 && !filled)
    {
      g_printerr ("Usage: close DIRECTORY COUNT [filled]\n");
      return 2;
    }

  /* Every directory keeps its descriptor until it is closed. */
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  parent = g_file_new_for_path (argv[1]);
  count = (guint) g_ascii_strtoull (argv[2], NULL, 10);
  for (guint i = 0; i < count; i++)
    g_ptr_array_add (directories, create_with_files (parent, filled));
  syncfs (tm_temporary_directory_get_fd (directories->pdata[0]));

  start = g_get_monotonic_time ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!tm_temporary_directory_close (directories->pdata[i], NULL, &error))
        g_error ("%s", error->message);
    }
  g_print ("%" G_GINT64_FORMAT "\n", (g_get_monotonic_time () - start) * 1000);
  return 0;
}
