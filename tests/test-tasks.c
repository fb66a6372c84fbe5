/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Who holds a directory when an asynchronous call on it has ended: nobody but the caller. A thread
 * lets go of what it worked on some time after the caller has its result. Here that time is as long
 * as it takes for the test to see what becomes of the directory without the thread. */

#include "support/support.h"

#include <dlfcn.h>
#include <tempman.h>

static GThread *main_thread; /* (unowned) */
static gboolean threads_hold;
static GMutex mutex;
static GCond changed; /* threads_hold */

/* Comes before GObject's own for whoever calls it from another library. */
void
g_object_unref (gpointer object)
{
  static gsize next;

  if (g_once_init_enter (&next))
    g_once_init_leave (&next, (gsize) dlsym (RTLD_NEXT, "g_object_unref"));

  if (g_thread_self () != main_thread && G_IS_TASK (object))
    {
      g_mutex_lock (&mutex);
      while (threads_hold)
        g_cond_wait (&changed, &mutex);
      g_mutex_unlock (&mutex);
    }
  ((void (*) (gpointer)) next) (object);
}

static void
set_threads_hold (gboolean hold)
{
  g_mutex_lock (&mutex);
  threads_hold = hold;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&mutex);
}

/* Drops the caller's reference. */
static void
assert_nobody_holds (TmTemporaryDirectory *directory)
{
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));

  g_assert_true (path_exists (path));
  g_assert_finalize_object (directory);
  g_assert_false (path_exists (path));
  set_threads_hold (FALSE);
}

static TmTemporaryDirectory *
create (Sandbox *sandbox)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  g_assert_no_error (error);
  set_threads_hold (TRUE);
  return directory;
}

static void
test_failed_persist (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directory = create (sandbox);
  g_autoptr (GFile) destination = sandbox_file (sandbox, "missing/name");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_persist_async (directory, destination, TM_PERSIST_FLAGS_NONE,
                                        G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  wait_for_result (&result);
  g_assert_false (tm_temporary_directory_persist_finish (directory, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_clear_object (&result);
  assert_nobody_holds (directory);
}

static void
test_creation (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory;

  set_threads_hold (TRUE);
  tm_temporary_directory_new_async (parent, NULL, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                    &result);
  directory = tm_temporary_directory_new_finish (wait_for_result (&result), &error);
  g_assert_no_error (error);

  g_clear_object (&result);
  assert_nobody_holds (directory);
}

static void
test_creation_in_root (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = tm_root_new (file, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE, NULL, &error);
  TmTemporaryDirectory *directory;

  g_assert_no_error (error);
  set_threads_hold (TRUE);
  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  directory = tm_root_create_temp_dir_finish (root, wait_for_result (&result), &error);
  g_assert_no_error (error);

  g_clear_object (&result);
  assert_nobody_holds (directory);
}

int
main (int argc, char *argv[])
{
  main_thread = g_thread_self ();
  g_test_init (&argc, &argv, NULL);

  add_test ("/tasks/failed-persist", test_failed_persist);
  add_test ("/tasks/creation", test_creation);
  add_test ("/tasks/creation-in-root", test_creation_in_root);

  return g_test_run ();
}
