/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every call on one object from several threads at once. The assertions of these tests seldom
 * detect a race: ThreadSanitizer does, in its own run of the suite. */

#include "support/support.h"

#include <tempman.h>

#define N_THREADS 4
#define N_ROUNDS 25

typedef void (*ThreadFunc) (gpointer data);

typedef struct
{
  ThreadFunc function;
  gpointer data;
  gint *n_waiting; /* atomic */
} Start;

static gpointer
start_thread (gpointer data)
{
  const Start *start = data;

  /* All threads at once: a call that is shorter than the start of a thread would never overlap. */
  g_atomic_int_add (start->n_waiting, -1);
  while (g_atomic_int_get (start->n_waiting) > 0)
    g_thread_yield ();

  start->function (start->data);
  return NULL;
}

static void
run_in_threads (const ThreadFunc *functions, guint n_functions, gpointer data)
{
  g_autofree Start *starts = g_new (Start, n_functions);
  g_autofree GThread **threads = g_new (GThread *, n_functions);
  gint n_waiting = (gint) n_functions;

  for (guint i = 0; i < n_functions; i++)
    {
      starts[i] = (Start){ functions[i], data, &n_waiting };
      threads[i] = g_thread_new (NULL, start_thread, &starts[i]);
    }
  for (guint i = 0; i < n_functions; i++)
    g_thread_join (threads[i]);
}

static void
read_directory (gpointer data)
{
  TmTemporaryDirectory *directory = data;
  gboolean closed;

  do
    {
      g_autoptr (GFile) child = tm_temporary_directory_get_child (directory, "child");
      g_autoptr (GFile) file = NULL;

      closed = tm_temporary_directory_is_closed (directory);
      g_object_get (directory, "file", &file, NULL);
      g_assert_true (g_file_has_parent (child, tm_temporary_directory_get_file (directory)));
      g_assert_cmpstr (g_file_peek_path (file), ==, tm_temporary_directory_get_path (directory));
      if (closed)
        g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
    }
  while (!closed);
}

static void
close_directory (gpointer data)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (data, NULL, &error);
  g_assert_no_error (error);
}

static void
keep_directory (gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!tm_temporary_directory_keep (data, NULL, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static TmTemporaryDirectory *
create (Sandbox *sandbox)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  g_assert_no_error (error);
  return directory;
}

static void
test_reading_and_closing (Sandbox *sandbox, gconstpointer data)
{
  static const ThreadFunc functions[] = { read_directory, read_directory, close_directory,
                                          close_directory };

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

      make_tree (tm_temporary_directory_get_path (directory));
      run_in_threads (functions, G_N_ELEMENTS (functions), directory);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

static void
test_closing_and_keeping (Sandbox *sandbox, gconstpointer data)
{
  static const ThreadFunc functions[] = { read_directory, close_directory, keep_directory,
                                          keep_directory };

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

      run_in_threads (functions, G_N_ELEMENTS (functions), directory);
      g_assert_true (tm_temporary_directory_is_closed (directory));
    }
}

static void
use_root (gpointer data)
{
  TmRoot *root = data;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autofree char *prefix = g_strdup_printf ("round%u", round);
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory = NULL;
      const char *old_prefix;

      tm_root_set_prefix (root, prefix);
      old_prefix = tm_root_get_prefix (root);
      directory = tm_root_create_temp_dir (root, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_str_has_prefix (old_prefix, "round"));

      g_assert_true (g_file_has_parent (tm_temporary_directory_get_file (directory),
                                        tm_root_get_directory (root)));
      g_assert_cmpfloat (tm_root_get_timeout (root), ==, 0);
      g_assert_cmpint (tm_root_get_flags (root), ==, TM_ROOT_FLAGS_RECLAIM_ABANDONED);

      tm_root_cleanup (root, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
      close_directory (directory);
    }
}

/* In a main context of its own, where each callback has to arrive. */
static void
use_root_asynchronously (gpointer data)
{
  TmRoot *root = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr (GAsyncResult) created = NULL;
      g_autoptr (GAsyncResult) cleaned = NULL;
      g_autoptr (GAsyncResult) closed = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory = NULL;

      tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &cleaned);
      tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &created);
      directory = tm_root_create_temp_dir_finish (root, wait_for_result (&created), &error);
      g_assert_no_error (error);

      tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                          &closed);
      tm_root_cleanup_finish (root, wait_for_result (&cleaned), &error);
      g_assert_no_error (error);
      tm_temporary_directory_close_finish (directory, wait_for_result (&closed), &error);
      g_assert_no_error (error);
    }
  g_main_context_pop_thread_default (context);
}

static void
run_on_root (Sandbox *sandbox, ThreadFunc function)
{
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = tm_root_new (file, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, &error);
  ThreadFunc functions[N_THREADS];

  g_assert_no_error (error);
  for (guint i = 0; i < N_THREADS; i++)
    functions[i] = function;
  run_in_threads (functions, N_THREADS, root);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_root (Sandbox *sandbox, gconstpointer data)
{
  run_on_root (sandbox, use_root);
}

static void
test_root_asynchronously (Sandbox *sandbox, gconstpointer data)
{
  run_on_root (sandbox, use_root_asynchronously);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/threads/directory/reading-and-closing", test_reading_and_closing);
  add_test ("/threads/directory/closing-and-keeping", test_closing_and_keeping);
  add_test ("/threads/root/blocking", of_descriptors (test_root));
  add_test ("/threads/root/async", test_root_asynchronously);

  return g_test_run ();
}
