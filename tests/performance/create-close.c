/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Creates and closes COUNT directories of FILES files in DIRECTORY, one after the other, in the way
 * that is named. Prints the nanoseconds that the creations and the closes took, without the files.
 */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct
{
  GFile *parent;
  TmRoot *root; /* (nullable) */
  int parent_fd;
  guint n_files;
  guint index;
  gint64 elapsed; /* in nanoseconds */
} Job;

typedef void (*CreateCloseFunc) (Job *job);

static gint64
get_nanoseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* By their paths, as most programs do, and as the peers do. */
static void
make_files (Job *job, const char *directory)
{
  for (guint i = 0; i < job->n_files; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/file-%06u", directory, i);
      int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

      if (fd < 0)
        g_error ("Could not make a file: %s", g_strerror (errno));
      close (fd);
    }
}

static void
create_close_tempman (Job *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  gint64 start = get_nanoseconds ();

  directory = job->root != NULL ? tm_root_create_temp_dir (job->root, NULL, &error)
                                : tm_temporary_directory_new (job->parent, NULL, NULL, &error);
  job->elapsed += get_nanoseconds () - start;

  if (directory == NULL)
    g_error ("%s", error->message);
  make_files (job, tm_temporary_directory_get_path (directory));

  start = get_nanoseconds ();
  if (!tm_temporary_directory_close (directory, NULL, &error))
    g_error ("%s", error->message);
  g_clear_object (&directory);
  job->elapsed += get_nanoseconds () - start;
}

/* In a root whose entries never expire: a cleanup is another work. */
static void
create_close_root (Job *job)
{
  if (job->root == NULL)
    {
      g_autoptr (GError) error = NULL;

      job->root = tm_root_new (job->parent, -1, TM_ROOT_FLAGS_NONE, NULL, &error);
      if (job->root == NULL)
        g_error ("%s", error->message);
    }
  create_close_tempman (job);
}

/* The system calls that nobody who wants a descriptor can do without. */
static void
create_close_with_calls (Job *job, gboolean lock)
{
  char name[32];
  gint64 start;
  int fd;

  g_snprintf (name, sizeof name, "directory-%08u", job->index);

  start = get_nanoseconds ();
  if (mkdirat (job->parent_fd, name, 0700) != 0)
    g_error ("Could not make a directory: %s", g_strerror (errno));
  fd = openat (job->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || (lock && flock (fd, LOCK_SH | LOCK_NB) != 0))
    g_error ("Could not open or lock a directory: %s", g_strerror (errno));
  job->elapsed += get_nanoseconds () - start;

  make_files (job, name);

  start = get_nanoseconds ();
  for (guint i = 0; i < job->n_files; i++)
    {
      char file[32];

      g_snprintf (file, sizeof file, "file-%06u", i);
      if (unlinkat (fd, file, 0) != 0)
        g_error ("Could not delete a file: %s", g_strerror (errno));
    }
  close (fd);
  if (unlinkat (job->parent_fd, name, AT_REMOVEDIR) != 0)
    g_error ("Could not delete a directory: %s", g_strerror (errno));
  job->elapsed += get_nanoseconds () - start;
}

static void
create_close_bare (Job *job)
{
  create_close_with_calls (job, FALSE);
}

static void
create_close_flock (Job *job)
{
  create_close_with_calls (job, TRUE);
}

static void
create_close_glib (Job *job)
{
  gint64 start = get_nanoseconds ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_dir_make_tmp (NULL, &error);

  if (path == NULL || g_rmdir (path) != 0)
    g_error ("Could not make or delete a directory in %s", g_get_tmp_dir ());
  job->elapsed += get_nanoseconds () - start;
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
create_close_gio (Job *job)
{
  gint64 start = get_nanoseconds ();
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  g_file_new_tmp_dir_async (NULL, G_PRIORITY_DEFAULT, NULL, created_cb, &file);
  while (file == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (!g_file_delete (file, NULL, &error))
    g_error ("%s", error->message);
  job->elapsed += get_nanoseconds () - start;
}

static const struct
{
  const char *name;
  CreateCloseFunc function;
  gboolean deletes_files;
} ways[] = {
  { "tempman", create_close_tempman, TRUE }, { "root", create_close_root, TRUE },
  { "bare", create_close_bare, TRUE },       { "flock", create_close_flock, TRUE },
  { "glib", create_close_glib, FALSE },      { "gio", create_close_gio, FALSE },
};

int
main (int argc, char *argv[])
{
  CreateCloseFunc function = NULL;
  Job job = { .parent = NULL };
  guint count;

  for (gsize i = 0; argc == 5 && i < G_N_ELEMENTS (ways); i++)
    if (g_str_equal (ways[i].name, argv[1]) &&
        (ways[i].deletes_files || g_str_equal (argv[4], "0")))
      function = ways[i].function;
  if (function == NULL)
    {
      g_printerr ("Usage: create-close tempman|root|bare|flock DIRECTORY COUNT FILES\n"
                  "       create-close glib|gio DIRECTORY COUNT 0\n");
      return 2;
    }

  /* GLib and GIO let nobody choose the parent. */
  g_setenv ("TMPDIR", argv[2], TRUE);
  job.parent = g_file_new_for_path (argv[2]);
  job.parent_fd = open (argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (job.parent_fd < 0 || fchdir (job.parent_fd) != 0)
    g_error ("Could not open %s: %s", argv[2], g_strerror (errno));
  count = (guint) g_ascii_strtoull (argv[3], NULL, 10);
  job.n_files = (guint) g_ascii_strtoull (argv[4], NULL, 10);

  /* The first call also loads, registers types and starts threads. */
  function (&job);
  job.elapsed = 0;
  for (job.index = 0; job.index < count; job.index++)
    function (&job);
  g_print ("%" G_GINT64_FORMAT "\n", job.elapsed);

  close (job.parent_fd);
  g_object_unref (job.parent);
  g_clear_object (&job.root);
  return 0;
}
