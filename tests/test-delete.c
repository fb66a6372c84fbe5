/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/progress.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
delete_path (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, error);
}

/* @n_directories below the first one of each level, @n_files in each. */
static void
make_large_tree (const char *path, guint n_directories, guint n_files)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  make_directory (path);
  g_ptr_array_add (paths, g_strdup (path));
  for (guint i = 0; i < n_directories; i++)
    {
      char *directory = g_strdup_printf ("%s/d%u", (char *) g_ptr_array_index (paths, i / 4), i);
      int fd;

      g_assert_no_errno (g_mkdir (directory, 0700));
      g_ptr_array_add (paths, directory);
      fd = open (directory, O_PATH | O_DIRECTORY);
      g_assert_no_errno (fd);
      for (guint j = 0; j < n_files; j++)
        {
          char name[16];

          g_snprintf (name, sizeof name, "f%u", j);
          g_assert_no_errno (mknodat (fd, name, S_IFREG | 0600, 0));
        }
      close (fd);
    }
}

static void
make_chains (const char *path, guint n_chains, guint depth)
{
  for (guint i = 0; i < n_chains; i++)
    {
      g_autoptr (GString) chain = g_string_new (path);

      g_string_append_printf (chain, "/%u", i);
      for (guint j = 0; j < depth; j++)
        g_string_append_printf (chain, "/%u", j);
      make_directory (chain->str);
      for (guint j = 0; j < 4; j++)
        {
          g_autofree char *leaf = g_strdup_printf ("%s/leaf%u", chain->str, j);

          make_directory (leaf);
        }
    }
}

static void
test_kinds (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *dangling = sandbox_path (sandbox, "dangling");
  g_autofree char *fifo = sandbox_path (sandbox, "fifo");
  g_autofree char *empty = sandbox_path (sandbox, "empty");
  g_autofree char *tree = sandbox_path (sandbox, "tree");

  make_file (file);
  make_directory (victim);
  make_file (treasure);
  make_directory (empty);
  make_tree (tree);
  g_assert_no_errno (symlink (victim, link));
  g_assert_no_errno (symlink ("/nowhere", dangling));
  g_assert_no_errno (mkfifo (fifo, 0600));

  delete_tree (file);
  delete_tree (link);
  delete_tree (dangling);
  delete_tree (fifo);
  delete_tree (empty);
  delete_tree (tree);
  g_assert_true (path_exists (treasure));
}

static void
assert_fails (const char *path, GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (delete_path (path, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_true (g_str_has_prefix (error->message, "Could not delete “"));
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_bad (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autofree char *nowhere = sandbox_path (sandbox, "missing/file");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *below_file = sandbox_path (sandbox, "file/below");
  g_autoptr (GFile) remote = g_file_new_for_uri ("sftp://nowhere.invalid/tmp/x");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GFile) local = g_file_new_for_path (file);
  g_autoptr (GError) error = NULL;

  make_file (file);
  assert_fails (missing, G_IO_ERROR_NOT_FOUND);
  assert_fails (nowhere, G_IO_ERROR_NOT_FOUND);
  assert_fails (below_file, G_IO_ERROR_NOT_DIRECTORY);
  assert_fails ("/", G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (tm_delete_recursively (remote, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));

  g_cancellable_cancel (cancellable);
  g_assert_false (
      tm_delete_recursively (local, TM_DELETE_FLAGS_NONE, cancellable, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (path_exists (file));
}

static void
test_large (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    guint n_directories;
    guint n_files;
  } shapes[] = { { 1, 5000 }, { 1000, 0 }, { 300, 30 }, { 30, 300 }, { 2, 129 } };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autofree char *path = sandbox_path (sandbox, "large");

      make_large_tree (path, shapes[i].n_directories, shapes[i].n_files);
      delete_tree (path);
    }
}

/* A read that does not fill the buffer is not the end of the directory. */
static void
test_short_reads (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");

  shorten_reads (TRUE);
  make_large_tree (path, 10, 400);
  delete_tree (path);
  make_chains (path, 8, 50);
  delete_tree (path);
  shorten_reads (FALSE);
}

typedef struct
{
  const char *path;
  guint n_directories;
  guint n_files;
  gboolean expect_threads;
} Size;

static int
count_threads_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "unlinkat"))
    raise_maximum (user_data, (gint) count_threads ());
  return 0;
}

/* In a process that has no other threads. */
static void
threads_child (gpointer data)
{
  Size *size = data;
  gint n_threads_seen = 0; /* atomic */
  gint n_before;

  make_large_tree (size->path, size->n_directories, size->n_files);
  n_before = (gint) count_threads ();
  interpose (count_threads_cb, &n_threads_seen);
  child_assert (delete_path (size->path, NULL));
  interpose_end ();
  child_assert (size->expect_threads ? n_threads_seen > n_before : n_threads_seen == n_before);
}

static void
test_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  Size small = { path, 9, 10, FALSE };
  Size large = { path, 100, 100, TRUE };

  assert_success_in_child (run_in_child (threads_child, &small));
  /* On one processor, more threads would not help. */
  if (g_get_num_processors () > 1)
    assert_success_in_child (run_in_child (threads_child, &large));
}

/* A forked child has no threads of its parent, and starts its own. */
static void
test_forked (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *first = sandbox_path (sandbox, "first");
  g_autofree char *second = sandbox_path (sandbox, "second");
  Size size = { second, 100, 50, g_get_num_processors () > 1 };

  make_large_tree (first, 100, 50);
  delete_tree (first);
  assert_success_in_child (run_in_child (threads_child, &size));
  g_assert_false (path_exists (second));
}

static int
count_descriptors_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "unlinkat"))
    raise_maximum (user_data, (gint) count_open_descriptors ());
  return 0;
}

static void
descriptors_child (gpointer data)
{
  gint max_descriptors = 0; /* atomic */
  struct rlimit limit;

  make_chains (data, 16, 100);
  interpose (count_descriptors_cb, &max_descriptors);
  child_assert (delete_path (data, NULL));
  interpose_end ();
  child_assert (max_descriptors < 128);

  /* And with next to none. */
  make_chains (data, 16, 100);
  limit.rlim_cur = limit.rlim_max = count_open_descriptors () + 12;
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  child_assert (delete_path (data, NULL));
}

static void
test_descriptors (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "chains");
  guint n_before = count_open_descriptors ();

  make_chains (path, 16, 100);
  delete_tree (path);
  g_assert_cmpuint (count_open_descriptors (), ==, n_before);
  assert_success_in_child (run_in_child (descriptors_child, path));
}

static void
errors_child (gpointer data)
{
  const char *path = data;
  g_autofree char *foreign = g_build_filename (path, "d2/d12", NULL);
  g_autofree char *file = g_build_filename (foreign, "f2", NULL);
  g_autoptr (GError) error = NULL;

  make_large_tree (path, 200, 20);
  {
    g_autofree char *command = g_strdup_printf (
        "chown -R %u '%s' && chown 0 '%s' && chmod 755 '%s'", TEST_UID, path, foreign, foreign);

    child_assert (system (command) == 0);
  }
  child_assert (become_ordinary_user ());

  child_assert (!delete_path (path, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, foreign) != NULL);
  child_assert (path_exists (file));
  {
    g_autofree char *above = g_build_filename (path, "d2", NULL);

    child_assert (count_entries (path) == 1);
    child_assert (count_entries (above) == 1);
  }
}

/* Files of another user stay, with the directories that contain them, and the rest is deleted. */
static void
test_errors (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");

  if (skip_unless_root ())
    return;

  assert_success_in_child (run_in_child (errors_child, path));
  delete_tree (path);
}

/* A directory of another user that cannot be read can still be removed if it is empty, at the top
 * and further down. */
static void
barred_child (gpointer data)
{
  const char *path = data;
  g_autofree char *top = g_build_filename (path, "top", NULL);
  g_autofree char *inner = g_build_filename (path, "tree", "inner", NULL);
  g_autofree char *full = g_build_filename (path, "tree", "full", NULL);
  g_autofree char *inside = g_build_filename (full, "file", NULL);
  g_autofree char *tree = g_path_get_dirname (inner);
  g_autoptr (GError) error = NULL;

  make_directory (tree);
  child_assert (g_mkdir (top, 0700) == 0 && g_mkdir (inner, 0700) == 0 &&
                g_mkdir (full, 0700) == 0);
  make_file (inside);
  child_assert (chown (tree, TEST_UID, TEST_UID) == 0);
  child_assert (become_ordinary_user ());

  child_assert (delete_path (top, NULL));
  child_assert (!path_exists (top));

  child_assert (!delete_path (tree, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, full) != NULL);
  child_assert (!path_exists (inner));
  child_assert (path_exists (full));
}

static void
test_barred (Sandbox *sandbox, gconstpointer data)
{
  if (skip_unless_root ())
    return;

  assert_success_in_child (run_in_child (barred_child, sandbox->path));
}

/* Then neither a file nor a directory can be removed, but the contents of the directory can: in a
 * parent of another user, and in a sticky one, such as /tmp, whose entries belong to another
 * user. */
static void
unwritable_parent_child (gpointer data)
{
  const char *path = data;
  g_autofree char *parent = g_build_filename (path, "parent", NULL);
  g_autofree char *tree = g_build_filename (parent, "tree", NULL);
  g_autofree char *file = g_build_filename (parent, "file", NULL);
  g_autofree char *give = g_strdup_printf ("chown -R %u '%s'", TEST_UID, tree);
  static const mode_t modes[] = { 0755, 01777 };

  make_directory (parent);
  make_file (file);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) file_error = NULL;

      make_tree (tree);
      child_assert (system (give) == 0);
      child_assert (g_chmod (parent, modes[i]) == 0);
      if (modes[i] == 01777)
        child_assert (chown (tree, 0, 0) == 0 && g_chmod (tree, 0777) == 0);

      child_assert (seteuid (TEST_UID) == 0);
      child_assert (!delete_path (file, &file_error));
      child_assert (g_error_matches (file_error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      child_assert (!delete_path (tree, &error));
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      child_assert (strstr (error->message, tree) != NULL);
      child_assert (seteuid (0) == 0);
      child_assert (path_exists (file));
      child_assert (count_entries (tree) == 0);
    }
}

static void
test_unwritable_parent (Sandbox *sandbox, gconstpointer data)
{
  if (skip_unless_root ())
    return;

  assert_success_in_child (run_in_child (unwritable_parent_child, sandbox->path));
}

typedef struct
{
  GThread *thread;
  GMainLoop *loop; /* (nullable) */
  Progress progress;
  guint n_destroyed;
  gboolean finished;
  GError *error;
} Seen;

static void
progress_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  Seen *seen = user_data;

  g_assert_true (g_thread_self () == seen->thread);
  g_assert_false (seen->finished);
  record_progress_cb (n_deleted, n_found, &seen->progress);
}

static void
destroy_cb (gpointer data)
{
  Seen *seen = data;

  g_assert_true (g_thread_self () == seen->thread);
  g_assert_true (seen->finished);
  seen->n_destroyed++;
  g_main_loop_quit (seen->loop);
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Seen *seen = data;

  g_assert_true (g_thread_self () == seen->thread);
  tm_delete_recursively_finish (result, &seen->error);
  seen->finished = TRUE;
}

static void
test_progress (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  Seen seen = { .thread = g_thread_self () };
  gint64 start;

  make_large_tree (path, 200, 50);
  start = g_get_monotonic_time ();
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, progress_cb, &seen, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (seen.progress.n_deleted, ==, 200 * 51 + 1);
  g_assert_cmpuint (seen.progress.n_found, ==, seen.progress.n_deleted);
  /* Some tens of times a second, and once at the end. */
  g_assert_cmpuint (seen.progress.n_calls, <=,
                    1 + 50 * (1 + (g_get_monotonic_time () - start) / G_USEC_PER_SEC));

  seen = (Seen){ .thread = g_thread_self () };
  make_file (path);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, progress_cb, &seen, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (seen.progress.n_calls, ==, 1);
  g_assert_cmpuint (seen.progress.n_deleted, ==, 1);
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Seen seen = { .thread = g_thread_self (), .loop = loop };

  make_large_tree (path, 100, 50);
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, progress_cb,
                               &seen, destroy_cb, finished_cb, &seen);
  g_main_loop_run (loop);
  g_assert_no_error (seen.error);
  g_assert_cmpuint (seen.n_destroyed, ==, 1);
  g_assert_cmpuint (seen.progress.n_calls, >=, 1);
  g_assert_cmpuint (seen.progress.n_deleted, ==, 100 * 51 + 1);
  g_assert_cmpuint (seen.progress.n_found, ==, seen.progress.n_deleted);
  g_assert_false (path_exists (path));

  seen = (Seen){ .thread = g_thread_self (), .loop = loop };
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_NONE, G_PRIORITY_LOW, NULL, NULL, &seen,
                               destroy_cb, finished_cb, &seen);
  g_main_loop_run (loop);
  g_assert_error (seen.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&seen.error);
}

typedef struct
{
  GCancellable *cancellable; /* (unowned) */
  gint moment;               /* the number of the unlink that cancels, from 1 */
  gint n_unlinks;            /* atomic */
} Cancellation;

static int
cancel_cb (const SystemCall *call, gpointer user_data)
{
  Cancellation *cancellation = user_data;
  gint nth;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  nth = g_atomic_int_add (&cancellation->n_unlinks, 1) + 1;
  if (nth == cancellation->moment)
    g_cancellable_cancel (cancellation->cancellable);
  /* While that thread is on its way to the line above, the other threads would delete all the
   * rest. */
  while (nth > cancellation->moment && !g_cancellable_is_cancelled (cancellation->cancellable))
    g_thread_yield ();
  return 0;
}

/* Each thread stops at the end of its batch, and a second call finishes the job. */
static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  static const gint moments[] = { 1, 2, 63, 64, 65, 128, 129, 1000, 3000 };
  gint most_after = 2 * 64 * (gint) MAX (g_get_num_processors (), 8);

  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      guint n_descriptors = count_open_descriptors ();
      Cancellation cancellation = { cancellable, moments[i], 0 };

      /* Each time, more files than all threads can delete before they stop. */
      make_large_tree (path, 1 + (guint) (moments[i] + most_after) / 50, 50);
      interpose (cancel_cb, &cancellation);
      g_assert_false (
          tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, cancellable, NULL, NULL, &error));
      interpose_end ();
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (cancellation.n_unlinks - moments[i], <=, most_after);
      g_assert_cmpuint (count_open_descriptors (), ==, n_descriptors);
      g_assert_true (path_exists (path));
      delete_tree (path);
    }
}

static void
test_cancelled_by_progress (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Seen seen = { .thread = g_thread_self (), .loop = loop, .progress.cancellable = cancellable };

  make_large_tree (path, 500, 200);
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, cancellable,
                               progress_cb, &seen, destroy_cb, finished_cb, &seen);
  g_main_loop_run (loop);

  /* The deletion may have ended before the first report; then that was the last one. */
  if (seen.progress.n_deleted < seen.progress.n_found)
    {
      g_assert_error (seen.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&seen.error);
      delete_tree (path);
    }
  g_assert_no_error (seen.error);
  g_assert_false (path_exists (path));
}

static void
delete_child (gpointer data)
{
  g_autoptr (GError) error = NULL;

  /* A caller that comes too late gets an error. */
  if (!delete_path (data, &error))
    child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND));
}

/* Rust 127576, with threads on both sides */
static void
test_two_deleters (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");

  for (guint i = 0; i < 10; i++)
    {
      pid_t pids[3];

      make_large_tree (path, 300, 20);
      for (guint j = 0; j < G_N_ELEMENTS (pids); j++)
        pids[j] = start_child (delete_child, path);
      for (guint j = 0; j < G_N_ELEMENTS (pids); j++)
        g_assert_cmpint (wait_for_child (pids[j]), ==, 0);
      g_assert_false (path_exists (path));
    }
}

/* While there is a number left, adds a file to the directory "filled" before it is removed. */
static int
fill_cb (const SystemCall *call, gpointer user_data)
{
  gint *n_left = user_data; /* atomic */

  if (g_str_equal (call->name, "unlinkat") && g_str_equal (call->path, "filled") &&
      g_atomic_int_add (n_left, -1) > 0)
    mknodat (call->fd, "filled/more", S_IFREG | 0600, 0);
  return 0;
}

static void
test_filled (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *filled = g_build_filename (path, "filled", NULL);
  g_autoptr (GError) error = NULL;
  gint n_left = 3; /* atomic */

  make_directory (filled);
  interpose (fill_cb, &n_left);
  delete_tree (path);

  make_large_tree (path, 20, 20);
  make_directory (filled);
  n_left = G_MAXINT;
  g_assert_false (delete_path (path, &error));
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, filled));
  g_assert_cmpuint (count_entries (path), ==, 1);
  delete_tree (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* First: the children of these have to find that the process has had no threads. In a child of a
   * process with threads, the allocator of the address sanitizer can be locked for ever. */
  add_test_in_memory ("/delete/threads", NULL, of_descriptors (test_threads));
  add_test_in_memory ("/delete/two-deleters", NULL, test_two_deleters);
  add_test ("/delete/kinds", test_kinds);
  add_test ("/delete/bad", test_bad);
  add_test_in_memory ("/delete/large", NULL, test_large);
  add_test_in_memory ("/delete/short-reads", NULL, test_short_reads);
  add_test_in_memory ("/delete/forked", NULL, of_descriptors (test_forked));
  add_test_in_memory ("/delete/descriptors", NULL, test_descriptors);
  add_test ("/delete/errors", test_errors);
  add_test ("/delete/barred", of_descriptors (test_barred));
  add_test ("/delete/unwritable-parent", test_unwritable_parent);
  add_test_in_memory ("/delete/progress", NULL, test_progress);
  add_test_in_memory ("/delete/async", NULL, test_async);
  add_test_in_memory ("/delete/cancelled", NULL, of_descriptors (test_cancelled));
  add_test_in_memory ("/delete/cancelled-by-progress", NULL, test_cancelled_by_progress);
  add_test_in_memory ("/delete/filled", NULL, of_descriptors (test_filled));

  return g_test_run ();
}
