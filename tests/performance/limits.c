/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Creates COUNT directories, one after the other, in a root of 20 entries, and prints the
 * nanoseconds that the creations take. The root is in DIRECTORY, and has no limit, a limit that no
 * creation exceeds, or one for which each creation evicts an entry. */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_ENTRIES 20
#define ROOT_NAME "root"

static const struct
{
  const char *name;
  guint max_entries;
  gboolean evicts;
} ways[] = {
  { "none", 0, FALSE },
  { "held", N_ENTRIES + 1, FALSE },
  { "evicting", N_ENTRIES, TRUE },
};

/* Adds an entry that has no owner. */
static void
add_entry (int root_fd, guint index)
{
  char name[32];

  g_snprintf (name, sizeof name, "entry-%08u", index);
  if (mkdirat (root_fd, name, 0700) != 0)
    g_error ("Could not create an entry: %s", g_strerror (errno));
}

static gint64
create_and_close (TmRoot *root)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  gint64 duration;

  directory = tm_root_create_temp_dir (root, NULL, &error);
  duration = g_get_monotonic_time () - start;
  if (directory == NULL || !tm_temporary_directory_close (directory, NULL, &error))
    g_error ("%s", error->message);
  return duration;
}

/* Checks that the last entries are left, and no others. */
static void
check_entries (int root_fd, guint first_index)
{
  for (guint i = 0; i < first_index + N_ENTRIES; i++)
    {
      char name[32];

      g_snprintf (name, sizeof name, "entry-%08u", i);
      if ((unlinkat (root_fd, name, AT_REMOVEDIR) == 0) != (i >= first_index))
        g_error ("Wrong entries are left: %s", name);
    }
}

int
main (int argc, char *argv[])
{
  g_autofree char *path = NULL;
  g_autoptr (GFile) directory = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  guint way = 0;
  guint n_entries = 0;
  gint64 duration = 0;
  guint count;
  int root_fd;

  while (argc == 4 && way < G_N_ELEMENTS (ways) && !g_str_equal (ways[way].name, argv[1]))
    way++;
  if (argc != 4 || way == G_N_ELEMENTS (ways))
    {
      g_printerr ("Usage: limits none|held|evicting DIRECTORY COUNT\n");
      return 2;
    }

  path = g_build_filename (argv[2], ROOT_NAME, NULL);
  directory = g_file_new_for_path (path);
  root = tm_root_new (directory, TM_NO_TIMEOUT, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
  if (root == NULL)
    g_error ("%s", error->message);
  tm_root_set_max_entries (root, ways[way].max_entries);
  root_fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root_fd < 0)
    g_error ("Could not open %s: %s", path, g_strerror (errno));
  count = (guint) g_ascii_strtoull (argv[3], NULL, 10);

  while (n_entries < N_ENTRIES)
    add_entry (root_fd, n_entries++);

  /* The first creation also loads and registers types. */
  for (guint i = 0; i <= count; i++)
    {
      gint64 creation = create_and_close (root);

      if (i > 0)
        duration += creation;
      if (ways[way].evicts)
        add_entry (root_fd, n_entries++);
    }
  g_print ("%" G_GINT64_FORMAT "\n", duration * 1000);

  check_entries (root_fd, n_entries - N_ENTRIES);
  close (root_fd);
  if (g_rmdir (path) != 0)
    g_error ("Could not delete %s: %s", path, g_strerror (errno));
  return 0;
}
