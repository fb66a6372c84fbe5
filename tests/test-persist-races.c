/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Publishing while other processes look at the destination, change it, or publish there too. */

#include "support/directories.h"
#include "support/kernel.h"
#include "support/persist.h"
#include "support/roots.h"
#include "support/threads.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PAUSE_MICROSECONDS 2000

/* Exchanges the destination with a link to the victim until it is told to stop. */
typedef struct
{
  const char *path;
  const char *link;
  gint started; /* atomic, both */
  gint stop;
} Swapper;

static gpointer
swapper_thread (gpointer data)
{
  Swapper *swapper = data;

  while (!g_atomic_int_get (&swapper->stop))
    {
      kernel_renameat2 (AT_FDCWD, swapper->path, AT_FDCWD, swapper->link, KERNEL_RENAME_EXCHANGE);
      g_atomic_int_set (&swapper->started, TRUE);
    }
  return NULL;
}

/* As a program does without descriptors: the directory that it checked may not be the one that it
 * empties. */
static void
replace_by_path (TmTemporaryDirectory *directory, const char *path)
{
  struct stat status;

  if (lstat (path, &status) == 0 && S_ISDIR (status.st_mode))
    {
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          g_unlink (child);
        }
      g_rmdir (path);
    }
  rename (tm_temporary_directory_get_path (directory), path);
}

static gboolean
race (Sandbox *sandbox, gboolean naive, guint seconds)
{
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "content", NULL);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *old = g_build_filename (path, "content", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  gboolean escaped = FALSE;

  make_directory (victim);
  while (!escaped && g_get_monotonic_time () < end)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
      Swapper swapper = { .path = path, .link = link };
      GThread *thread;

      make_file (treasure);
      make_directory (path);
      make_file (old);
      g_assert_no_errno (symlink (victim, link));
      thread = g_thread_new (NULL, swapper_thread, &swapper);
      wait_for_number (&swapper.started, TRUE);

      if (naive)
        replace_by_path (directory, path);
      else
        g_assert_true (tm_temporary_directory_persist (directory, destination,
                                                       TM_PERSIST_FLAGS_REPLACE, NULL, NULL));

      g_atomic_int_set (&swapper.stop, TRUE);
      g_thread_join (thread);
      escaped = !path_exists (treasure);
      tm_temporary_directory_close (directory, NULL, NULL);
      if (path_exists (path))
        delete_tree (path);
      if (path_exists (link))
        delete_tree (link);
    }

  return escaped;
}

static void
test_swapped_link (Sandbox *sandbox, gconstpointer data)
{
  g_assert_false (race (sandbox, FALSE, 1));
  skip_unless_control_fell (race (sandbox, TRUE, 30));
}

typedef struct
{
  TmTemporaryDirectory *directory;
  GFile *destination;
  guint action;
  gboolean done;
} Contender;

static gpointer
contend_thread (gpointer data)
{
  Contender *contender = data;

  switch (contender->action % 3)
    {
    case 0:
      contender->done = tm_temporary_directory_persist (
          contender->directory, contender->destination, TM_PERSIST_FLAGS_REPLACE, NULL, NULL);
      break;
    case 1:
      contender->done = tm_temporary_directory_keep (contender->directory, NULL, NULL);
      break;
    default:
      contender->done = FALSE;
      g_assert_true (tm_temporary_directory_close (contender->directory, NULL, NULL));
      break;
    }
  return NULL;
}

/* A call that closes succeeds whichever call has closed the directory; of the other calls at most
 * one succeeds. */
static void
test_from_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  guint n_kept = 0;
  guint n_published = 0;

  for (guint round = 0; round < 200; round++)
    {
      g_autofree char *path = sandbox_path (sandbox, "published");
      g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
      g_autofree char *before = g_strdup (tm_temporary_directory_get_path (directory));
      g_autoptr (GFile) destination = g_file_new_for_path (path);
      Contender contenders[9];
      GThread *threads[9];
      guint n_done = 0;

      for (guint i = 0; i < 9; i++)
        {
          contenders[i] = (Contender){ directory, destination, (i + round) % 3, FALSE };
          threads[i] = g_thread_new (NULL, contend_thread, &contenders[i]);
        }
      for (guint i = 0; i < 9; i++)
        {
          g_thread_join (threads[i]);
          n_done += contenders[i].done ? 1 : 0;
        }

      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_cmpuint (n_done, <=, 1);
      g_assert_cmpuint ((path_exists (before) ? 1 : 0) + (has_content (path) ? 1 : 0), ==, n_done);
      n_kept += path_exists (before) ? 1 : 0;
      if (has_content (path))
        {
          n_published++;
          delete_tree (path);
        }
    }
  g_test_message ("%u kept, %u published", n_kept, n_published);
}

/* Polls the destination as long as another thread publishes there. */
typedef struct
{
  const char *path;
  gint stop; /* atomic, all of them */
  gint n_looks;
  gint n_missing;
  gint n_halves;
} Reader;

static char *
read_at (int fd, const char *name)
{
  int file = openat (fd, name, O_RDONLY);
  char buffer[32];
  ssize_t length;

  if (file < 0)
    return NULL;
  length = read (file, buffer, sizeof buffer);
  close (file);
  return g_strndup (buffer, (gsize) MAX (length, 0));
}

static gboolean
is_still_there (const char *path, int fd)
{
  struct stat by_path, by_fd;

  return lstat (path, &by_path) == 0 && fstat (fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino;
}

/* An opened directory may be deleted while it is read, but then it is not at the destination any
 * more. With a lock, not even that may happen. */
static void
reader_look (Reader *reader, gboolean with_lock)
{
  int fd = open (reader->path, O_RDONLY | O_DIRECTORY);
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;
  gboolean locked = FALSE;

  g_atomic_int_inc (&reader->n_looks);
  if (fd < 0)
    {
      g_atomic_int_inc (&reader->n_missing);
      return;
    }

  if (with_lock)
    locked = flock (fd, LOCK_SH | LOCK_NB) == 0 && is_still_there (reader->path, fd);

  first = read_at (fd, "first");
  last = read_at (fd, "last");
  if ((first == NULL || g_strcmp0 (first, last) != 0) &&
      (locked || is_still_there (reader->path, fd)))
    g_atomic_int_inc (&reader->n_halves);
  close (fd);
}

static gpointer
reader_thread (gpointer data)
{
  Reader *reader = data;

  while (!g_atomic_int_get (&reader->stop))
    reader_look (reader, FALSE);
  return NULL;
}

/* The publisher waits for the lock of the directory that it has replaced: without pauses, the
 * reader would hold it nearly always. */
static gpointer
locking_reader_thread (gpointer data)
{
  Reader *reader = data;

  while (!g_atomic_int_get (&reader->stop))
    {
      reader_look (reader, TRUE);
      g_usleep ((gulong) g_random_int_range (0, MAX_PAUSE_MICROSECONDS));
    }
  return NULL;
}

static void
write_at (int fd, const char *name, guint64 number)
{
  int file = openat (fd, name, O_WRONLY | O_CREAT, 0600);
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  g_assert_no_errno (file);
  g_assert_cmpint (write (file, text, strlen (text)), ==, strlen (text));
  close (file);
}

/* What applications do: delete the destination, and rename. */
static void
persist_naively (TmTemporaryDirectory *directory, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *old = g_strdup (tm_temporary_directory_get_path (directory));

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_no_errno (g_rename (old, path));
}

static void
publish (Sandbox *sandbox, Limit limit, gboolean naive, Reader *reader)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *parent_path = temporary_parent (sandbox);
  g_autoptr (GFile) parent = g_file_new_for_path (parent_path);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmRoot) root = open_reclaiming_root (parent_path);
  GThread *threads[2] = { NULL, NULL };
  gint64 start = g_get_monotonic_time ();
  guint64 n_published = 0;

  *reader = (Reader){ .path = path };
  do
    {
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent, "p", NULL, NULL);
      int fd = tm_temporary_directory_get_fd (directory);
      g_autoptr (GError) error = NULL;

      write_at (fd, "first", n_published);
      write_at (fd, "last", n_published);
      if (naive)
        persist_naively (directory, path);
      else
        tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_REPLACE, NULL,
                                        &error);
      g_assert_no_error (error);

      if (n_published++ == 0)
        {
          threads[0] = g_thread_new (NULL, reader_thread, reader);
          threads[1] = g_thread_new (NULL, locking_reader_thread, reader);
        }
    }
  while (!limit_is_reached (&limit, n_published) &&
         !(naive && g_atomic_int_get (&reader->n_missing) > 0 &&
           g_atomic_int_get (&reader->n_halves) > 0));

  g_atomic_int_set (&reader->stop, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_test_message (
      "%" G_GUINT64_FORMAT " published in %.1f seconds, %d looks, %d missing, %d halves, %u left",
      n_published, (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC, reader->n_looks,
      reader->n_missing, reader->n_halves, count_entries (parent_path));

  /* A directory that was replaced while a reader held its lock. */
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);
  g_assert_cmpuint (count_entries (parent_path), ==, 0);
}

/* The destination exists and is complete whenever it is read. */
static void
test_never_missing (Sandbox *sandbox, gconstpointer data)
{
  Reader reader;

  publish (sandbox, limit_of_soak (1), FALSE, &reader);
  g_assert_cmpint (reader.n_looks, >, 0);
  g_assert_cmpint (reader.n_missing, ==, 0);
  g_assert_cmpint (reader.n_halves, ==, 0);
}

/* Otherwise the reader would see neither. */
static void
test_never_missing_control (Sandbox *sandbox, gconstpointer data)
{
  Reader reader;

  publish (sandbox, limit_from_now (60), TRUE, &reader);
  skip_unless_control_fell (reader.n_missing > 0 && reader.n_halves > 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_of_soak ("/persist-races/swapped-link", NULL, of_descriptors (test_swapped_link));
  add_test_of_soak ("/persist-races/from-threads", NULL, test_from_threads);
  add_test_of_soak ("/persist-races/never-missing", NULL, of_descriptors (test_never_missing));
  add_test_of_soak ("/persist-races/never-missing-control", NULL,
                    of_descriptors (test_never_missing_control));

  return g_test_run ();
}
