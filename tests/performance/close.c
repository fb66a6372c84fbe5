/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Makes COUNT temporary directories of five files in DIRECTORY and prints the nanoseconds that it
 * takes to close all of them. */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FILES 5

static TmTemporaryDirectory *
create_filled (GFile *parent)
{
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  if (directory == NULL)
    g_error ("%s", error->message);
  for (int i = 0; i < N_FILES; i++)
    {
      char name[32];

      g_snprintf (name, sizeof name, "file-%06d", i);
      if (mknodat (tm_temporary_directory_get_fd (directory), name, S_IFREG | 0600, 0) != 0)
        g_error ("Could not make a file: %s", g_strerror (errno));
    }
  return directory;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GFile) parent = NULL;
  struct rlimit limit;
  guint count;
  gint64 start;

  if (argc != 3)
    {
      g_printerr ("Usage: close DIRECTORY COUNT\n");
      return 2;
    }

  /* Every directory keeps its descriptor until it is closed. */
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  parent = g_file_new_for_path (argv[1]);
  count = (guint) g_ascii_strtoull (argv[2], NULL, 10);
  for (guint i = 0; i < count; i++)
    g_ptr_array_add (directories, create_filled (parent));
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
