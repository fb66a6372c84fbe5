/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The references that an asynchronous call still holds when the caller has its result: neither the
 * directory nor the main context of the caller, who may have released both by then. The thread that
 * did the work ends some time after it has passed on the result. Here that time is as long as the
 * test needs to check both without the thread. */

#include "support/support.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <tempman.h>
#include <unistd.h>

static GThread *main_thread; /* (unowned) */
static gboolean threads_hold;
static GMutex mutex;
static GCond changed; /* threads_hold */

static gint attaching_thread; /* atomic: the last thread of the library */
static gint context_is_gone;  /* atomic */
static gint n_uses_after_end; /* atomic: of the main context, by threads of the library */

static void
wait_while_threads_hold (void)
{
  g_mutex_lock (&mutex);
  while (threads_hold)
    g_cond_wait (&changed, &mutex);
  g_mutex_unlock (&mutex);
}

/* These replace the functions of GObject and GLib for every caller in another library. */

/* The main context has the source from here on: the next step of the thread may come at any
 * time. */
guint
g_source_attach (GSource *source, GMainContext *context)
{
  static gsize next;
  guint id;

  if (g_once_init_enter (&next))
    g_once_init_leave (&next, (gsize) dlsym (RTLD_NEXT, "g_source_attach"));

  if (g_thread_self () != main_thread)
    g_atomic_int_set (&attaching_thread, (gint) syscall (SYS_gettid));
  id = ((guint (*) (GSource *, GMainContext *)) next) (source, context);
  if (g_thread_self () != main_thread)
    wait_while_threads_hold ();
  return id;
}

/* Locks the main context that the source was attached to. */
void
g_source_unref (GSource *source)
{
  static gsize next;

  if (g_once_init_enter (&next))
    g_once_init_leave (&next, (gsize) dlsym (RTLD_NEXT, "g_source_unref"));

  if (g_thread_self () != main_thread && g_atomic_int_get (&context_is_gone))
    g_atomic_int_inc (&n_uses_after_end);
  ((void (*) (GSource *)) next) (source);
}

void
g_object_unref (gpointer object)
{
  static gsize next;

  if (g_once_init_enter (&next))
    g_once_init_leave (&next, (gsize) dlsym (RTLD_NEXT, "g_object_unref"));

  if (g_thread_self () != main_thread && G_IS_TASK (object))
    wait_while_threads_hold ();
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

/* Releases the caller's reference. */
static void
assert_no_other_reference (TmTemporaryDirectory *directory)
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
  assert_no_other_reference (directory);
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
  assert_no_other_reference (directory);
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
  assert_no_other_reference (directory);
}

static void
context_is_gone_cb (gpointer data)
{
  g_assert_true (g_thread_self () == main_thread);
  g_atomic_int_set (&context_is_gone, TRUE);
}

static gboolean
never_cb (gpointer data)
{
  g_assert_not_reached ();
}

/* Finalized with the main context, and counts that. */
static void
watch (GMainContext *context)
{
  g_autoptr (GSource) source = g_timeout_source_new_seconds (3600);

  g_source_set_callback (source, never_cb, NULL, context_is_gone_cb);
  g_source_attach (source, context);
}

static void
test_context (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directory = create (sandbox);
  GMainContext *context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *thread = NULL;

  g_atomic_int_set (&attaching_thread, 0);
  watch (context);
  g_main_context_push_thread_default (context);
  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  tm_temporary_directory_close_finish (directory, wait_for_result (&result), &error);
  g_assert_no_error (error);
  g_main_context_pop_thread_default (context);
  g_clear_object (&result);
  g_object_unref (directory);

  g_main_context_unref (context);
  g_assert_true (g_atomic_int_get (&context_is_gone));

  g_assert_cmpint (g_atomic_int_get (&attaching_thread), !=, 0);
  thread = g_strdup_printf ("/proc/self/task/%d", g_atomic_int_get (&attaching_thread));
  set_threads_hold (FALSE);
  while (path_exists (thread))
    g_thread_yield ();
  g_assert_cmpint (g_atomic_int_get (&n_uses_after_end), ==, 0);
}

int
main (int argc, char *argv[])
{
  main_thread = g_thread_self ();
  g_test_init (&argc, &argv, NULL);

  add_test ("/tasks/failed-persist", test_failed_persist);
  add_test ("/tasks/creation", test_creation);
  add_test ("/tasks/creation-in-root", test_creation_in_root);
  add_test ("/tasks/context", test_context);

  return g_test_run ();
}
