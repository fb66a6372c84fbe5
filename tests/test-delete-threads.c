/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Deletion by several threads while another process changes the tree, or while one of the threads
 * is slow. */

#include "support/interpose.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
make_files (const char *path, guint n_files)
{
  make_directory (path);
  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s/f%u", path, i);

      g_assert_no_errno (mknod (file, S_IFREG | 0600, 0));
    }
}

/* Deeper than the levels that a walk keeps open, with enough directories beside each level to
 * share. */
static void
make_chain (const char *path, guint depth, guint n_beside)
{
  g_autoptr (GString) chain = g_string_new (path);

  for (guint i = 0; i < depth; i++)
    {
      for (guint j = 0; j < n_beside; j++)
        {
          g_autofree char *sibling = g_strdup_printf ("%s/s%u", chain->str, j);

          make_files (sibling, n_beside);
        }
      g_string_append (chain, "/d");
    }
  make_files (chain->str, 3);
}

typedef struct
{
  const char *tree;
  const char *outside;
  gint n_moved; /* atomic */
} Mover;

/* Before a walk reopens levels on its way back up: moves its current directory out of the tree, and
 * the one above it too. The level to return to is then more than one level above. */
static int
move_levels_cb (const SystemCall *call, gpointer user_data)
{
  Mover *mover = user_data;
  g_autofree char *link = NULL;
  g_autofree char *start = NULL;
  g_autofree char *path = NULL;
  g_autofree char *above = NULL;
  g_autofree char *top = NULL;
  g_autofree char *to = NULL;
  g_autofree char *to_above = NULL;
  int n;

  /* Gives the other threads time to acquire work items. */
  if (g_str_equal (call->name, "unlinkat"))
    g_usleep (g_random_int_range (0, 60));

  if (!g_str_has_prefix (call->name, "openat") || call->path == NULL ||
      strchr (call->path, '/') == NULL || call->fd == AT_FDCWD)
    return 0;

  link = g_strdup_printf ("/proc/self/fd/%d", call->fd);
  start = g_file_read_link (link, NULL);
  if (start == NULL || !g_str_has_prefix (start, mover->tree))
    return 0;

  above = g_build_filename (start, call->path, NULL);
  path = g_build_filename (above, "d", NULL);
  top = g_path_get_dirname (above);
  if (!g_str_has_prefix (top, mover->tree) || g_str_equal (top, mover->tree))
    return 0;

  n = g_atomic_int_add (&mover->n_moved, 1);
  to = g_strdup_printf ("%s/%d", mover->outside, n);
  to_above = g_strdup_printf ("%s.above", to);
  if (g_rename (path, to) == 0)
    g_rename (above, to_above);
  return 0;
}

/* A directory that was moved out of the tree is left alone, and the rest is deleted. */
static void
test_levels_moved (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autofree char *outside = sandbox_path (sandbox, "outside");
  g_autofree char *treasure = g_build_filename (outside, "treasure", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (tree);
  Mover mover = { tree, outside, 0 };

  make_directory (outside);
  make_file (treasure);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      guint n_descriptors = count_open_descriptors ();

      for (guint j = 0; j < 4; j++)
        {
          g_autofree char *name = g_strdup_printf ("%u", j);
          g_autofree char *chain = g_build_filename (tree, name, NULL);

          make_chain (chain, 60, 6);
        }

      interpose (move_levels_cb, &mover);
      tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
      interpose_end ();
      g_assert_no_error (error);
      g_assert_false (path_exists (tree));
      g_assert_true (path_exists (treasure));
      g_assert_cmpuint (count_open_descriptors (), ==, n_descriptors);
    }
  /* Without openat2(), each component is opened by itself. */
  if (!openat2_is_denied ())
    g_assert_cmpint (mover.n_moved, >, 0);
}

typedef struct
{
  GThread *caller;
  guint64 n_deleted;
  guint64 n_found;
  guint n_reports;
  gint n_slow; /* atomic: the number of files that the other threads deleted */
} Reports;

/* The helper threads are slow, so that the walks they are given are out of date by then. */
static int
slow_helpers_cb (const SystemCall *call, gpointer user_data)
{
  Reports *reports = user_data;

  if (g_str_equal (call->name, "unlinkat") && g_thread_self () != reports->caller)
    {
      g_atomic_int_inc (&reports->n_slow);
      g_usleep (1500);
    }
  return 0;
}

static void
check_report_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  Reports *reports = user_data;

  g_assert_cmpuint (n_deleted, <=, n_found);
  g_assert_cmpuint (n_deleted, >=, reports->n_deleted);
  g_assert_cmpuint (n_found, >=, reports->n_found);
  reports->n_deleted = n_deleted;
  reports->n_found = n_found;
  reports->n_reports++;
}

/* An entry that one thread finds and another one deletes is never counted as deleted before it is
 * counted as found. A thread that has finished helps the slow ones. */
static void
test_progress (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (tree);
  g_autoptr (GError) error = NULL;
  Reports reports = { .caller = g_thread_self () };

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *directory = g_build_filename (tree, name, NULL);

      make_files (directory, 3000);
    }

  interpose (slow_helpers_cb, &reports);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, check_report_cb, &reports, &error);
  interpose_end ();
  g_assert_no_error (error);
  g_assert_cmpuint (reports.n_reports, >, 2);
  g_assert_cmpuint (reports.n_found, ==, 2 * 3001 + 1);
  g_assert_cmpuint (reports.n_deleted, ==, reports.n_found);
  if (g_get_num_processors () > 1)
    g_assert_cmpint (reports.n_slow, >, 0);
  g_assert_cmpint (reports.n_slow, <, 1500);
}

typedef struct
{
  GMutex mutex;
  GHashTable *threads; /* (element-type GThread): that have deleted something */
} Deleters;

/* Each deletion waits, as on a slow disk. */
static int
wait_for_disk_cb (const SystemCall *call, gpointer user_data)
{
  Deleters *deleters = user_data;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  g_mutex_lock (&deleters->mutex);
  g_hash_table_add (deleters->threads, g_thread_self ());
  g_mutex_unlock (&deleters->mutex);
  g_usleep (200);
  return 0;
}

typedef struct
{
  const char *name;
  guint n_directories;
  guint n_files; /* in each */
} Shape;

static const Shape shapes[] = {
  { "large-directories", 2, 3000 },
  /* The read returns the names of the directories before a file is deleted. */
  { "many-directories", 200, 20 },
  { "one-directory", 1, 400 },
};

/* On a slow disk, more threads than processors help as long as there is work for all of them. */
static void
test_blocking (Sandbox *sandbox, gconstpointer data)
{
  const Shape *shape = data;
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (tree);
  g_autoptr (GHashTable) threads = g_hash_table_new (NULL, NULL);
  g_autoptr (GError) error = NULL;
  Deleters deleters = { .threads = threads };

  g_mutex_init (&deleters.mutex);
  for (guint i = 0; i < shape->n_directories; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *directory = g_build_filename (tree, name, NULL);

      make_files (directory, shape->n_files);
    }

  interpose (wait_for_disk_cb, &deleters);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  interpose_end ();
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (threads), >, 4);
  g_mutex_clear (&deleters.mutex);
}

/* Estimates the maximum number of descriptors; counting takes longer than deleting. */
static int
count_descriptors_cb (const SystemCall *call, gpointer user_data)
{
  static gint n_calls = 0;
  gint *max_descriptors = user_data;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  if (max_descriptors != NULL && g_atomic_int_add (&n_calls, 1) % 16 == 0)
    raise_maximum (max_descriptors, (gint) count_open_descriptors ());
  g_usleep (50);
  return 0;
}

/* Each chain ends in a directory that keeps a thread busy for longer than the other threads wait
 * for descriptors. */
static void
delete_chains (const char *path, gint *max_descriptors)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 16; i++)
    {
      g_autofree char *chain = g_strdup_printf ("%s/%u", path, i);
      g_autoptr (GString) bottom = g_string_new (chain);

      make_chain (chain, 24, 2);
      for (guint j = 0; j < 24; j++)
        g_string_append (bottom, "/d");
      g_string_append (bottom, "/bottom");
      make_files (bottom->str, 1000);
    }

  interpose (count_descriptors_cb, max_descriptors);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  interpose_end ();
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
}

static void
limit_descriptors (guint n_spare)
{
  struct rlimit limit;

  child_assert (getrlimit (RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = count_open_descriptors () + n_spare;
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
}

static void
descriptors_child (gpointer data)
{
  gint max_descriptors = 0;

  delete_chains (data, &max_descriptors);
  child_assert (max_descriptors < 200);

  limit_descriptors (40);
  delete_chains (data, NULL);
  limit_descriptors (12);
  delete_chains (data, NULL);
}

/* Many threads, each in a deep tree, use few descriptors nonetheless. */
static void
test_descriptors (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "chains");

  assert_success_in_child (run_in_child (descriptors_child, path));
}

/* As on a slow disk; every second file cannot be deleted. */
static int
keep_odd_cb (const SystemCall *call, gpointer user_data)
{
  gint *n_reads = user_data;

  if (g_str_equal (call->name, "getdents64") && g_atomic_int_add (n_reads, 1) > 500)
    g_error ("Directories are read again and again");
  if (!g_str_equal (call->name, "unlinkat") || (call->flags & AT_REMOVEDIR) != 0)
    return 0;

  g_usleep (200);
  return (call->path[strlen (call->path) - 1] & 1) != 0 ? EACCES : 0;
}

/* A shared walk is not repeated because an entry in it stays. */
static void
test_stuck (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autofree char *above = sandbox_path (sandbox, "tree/above");
  g_autofree char *below = sandbox_path (sandbox, "tree/above/below");
  g_autoptr (GFile) file = g_file_new_for_path (tree);
  g_autoptr (GError) error = NULL;
  Reports reports = { .caller = g_thread_self () };
  gint n_reads = 0;

  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *directory = g_build_filename (below, name, NULL);

      make_files (directory, 200);
    }

  interpose (keep_odd_cb, &n_reads);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, check_report_cb, &reports, &error);
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (count_entries (above), ==, 1);
  g_assert_cmpuint (count_entries (below), ==, 4);
  g_assert_cmpuint (reports.n_found, ==, 4 * 201 + 2);
  g_assert_cmpuint (reports.n_deleted, ==, 4 * 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/delete-threads/levels-moved", of_descriptors (test_levels_moved));
  add_test ("/delete-threads/progress", of_descriptors (test_progress));
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autofree char *path = g_strconcat ("/delete-threads/blocking/", shapes[i].name, NULL);

      g_test_add (path, Sandbox, &shapes[i], sandbox_set_up, of_descriptors (test_blocking),
                  sandbox_tear_down);
    }
  add_test_in_memory ("/delete-threads/descriptors", NULL, of_descriptors (test_descriptors));
  add_test ("/delete-threads/stuck", of_descriptors (test_stuck));

  return g_test_run ();
}
