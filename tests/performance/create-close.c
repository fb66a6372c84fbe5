/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Creates and closes COUNT empty directories in DIRECTORY, one after the other, in the way that is
 * named, and prints the nanoseconds that took. */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void (*CreateCloseFunc) (GFile *parent, int parent_fd, guint index);

static void
create_close_tempman (GFile *parent, int parent_fd, guint index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory =
      tm_temporary_directory_new (parent, NULL, NULL, &error);

  if (directory == NULL || !tm_temporary_directory_close (directory, NULL, &error))
    g_error ("%s", error->message);
}

/* The system calls that nobody who wants a descriptor can do without. */
static void
create_close_with_calls (int parent_fd, guint index, gboolean lock)
{
  char name[32];
  int fd;

  g_snprintf (name, sizeof name, "directory-%08u", index);
  if (mkdirat (parent_fd, name, 0700) != 0)
    g_error ("Could not make a directory: %s", g_strerror (errno));
  fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || (lock && flock (fd, LOCK_SH | LOCK_NB) != 0))
    g_error ("Could not open or lock a directory: %s", g_strerror (errno));
  close (fd);
  if (unlinkat (parent_fd, name, AT_REMOVEDIR) != 0)
    g_error ("Could not delete a directory: %s", g_strerror (errno));
}

static void
create_close_bare (GFile *parent, int parent_fd, guint index)
{
  create_close_with_calls (parent_fd, index, FALSE);
}

static void
create_close_flock (GFile *parent, int parent_fd, guint index)
{
  create_close_with_calls (parent_fd, index, TRUE);
}

static void
create_close_glib (GFile *parent, int parent_fd, guint index)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_dir_make_tmp (NULL, &error);

  if (path == NULL || g_rmdir (path) != 0)
    g_error ("Could not make or delete a directory in %s", g_get_tmp_dir ());
}

static void
created_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GFile **file = user_data;
  g_autoptr (GError) error = NULL;

  *file = g_file_new_tmp_dir_finish (result, &error);
  if (*file == NULL)
    g_error ("%s", error->message);
}

static void
create_close_gio (GFile *parent, int parent_fd, guint index)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  g_file_new_tmp_dir_async (NULL, G_PRIORITY_DEFAULT, NULL, created_cb, &file);
  while (file == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (!g_file_delete (file, NULL, &error))
    g_error ("%s", error->message);
}

static const struct
{
  const char *name;
  CreateCloseFunc function;
} ways[] = {
  { "tempman", create_close_tempman }, { "bare", create_close_bare },
  { "flock", create_close_flock },     { "glib", create_close_glib },
  { "gio", create_close_gio },
};

int
main (int argc, char *argv[])
{
  g_autoptr (GFile) parent = NULL;
  CreateCloseFunc function = NULL;
  guint count;
  gint64 start;
  int fd;

  for (gsize i = 0; argc == 4 && i < G_N_ELEMENTS (ways); i++)
    if (g_str_equal (ways[i].name, argv[1]))
      function = ways[i].function;
  if (function == NULL)
    {
      g_printerr ("Usage: create-close tempman|bare|flock|glib|gio DIRECTORY COUNT\n");
      return 2;
    }

  /* GLib and GIO let nobody choose the parent. */
  g_setenv ("TMPDIR", argv[2], TRUE);
  parent = g_file_new_for_path (argv[2]);
  fd = open (argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    g_error ("Could not open %s: %s", argv[2], g_strerror (errno));
  count = (guint) g_ascii_strtoull (argv[3], NULL, 10);

  /* The first call also loads, registers types and starts threads. */
  function (parent, fd, count);
  start = g_get_monotonic_time ();
  for (guint i = 0; i < count; i++)
    function (parent, fd, i);
  g_print ("%" G_GINT64_FORMAT "\n", (g_get_monotonic_time () - start) * 1000);

  close (fd);
  return 0;
}
