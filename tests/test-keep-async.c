/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A directory that is kept: without blocking, while another thread closes it, and with a
 * cancellable.
 */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/served-file.h"
#include "support/support.h"
#include "support/threads.h"

#include <errno.h>
#include <unistd.h>

/* The longest time to wait for a call that the library may never make. */
#define PATIENCE (20 * G_USEC_PER_SEC)

static TmTemporaryDirectory *
create_remotely (const char *path)
{
  g_autoptr (GFile) parent = served_file_new (path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, "t", NULL, &error);

  g_assert_no_error (error);
  return directory;
}

typedef struct
{
  GThread *thread;
  gboolean has_result;
  gboolean was_closed;
  guint n_notifications;
} Order;

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Order *order = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_thread_self () == order->thread);
  g_assert_cmpuint (order->n_notifications, ==, 0);
  g_assert_true (
      tm_temporary_directory_keep_finish (TM_TEMPORARY_DIRECTORY (source), result, &error));
  g_assert_no_error (error);
  order->was_closed = tm_temporary_directory_is_closed (TM_TEMPORARY_DIRECTORY (source));
  order->has_result = TRUE;
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  Order *order = user_data;

  g_assert_true (g_thread_self () == order->thread);
  g_assert_true (order->has_result);
  order->n_notifications++;
}

/* The callback runs in the caller's main context, and then "closed" is notified there. */
static void
test_order (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory =
          i == 0 ? create_in (sandbox->path) : create_remotely (sandbox->path);
      g_autoptr (GMainContext) context = g_main_context_new ();
      Order order = { .thread = g_thread_self () };

      g_main_context_push_thread_default (context);
      g_signal_connect (directory, "notify::closed", G_CALLBACK (notify_cb), &order);
      tm_temporary_directory_keep_async (directory, G_PRIORITY_DEFAULT, NULL, result_cb, &order);
      g_assert_false (order.has_result);
      while (order.n_notifications == 0)
        g_main_context_iteration (context, TRUE);
      g_main_context_pop_thread_default (context);

      g_assert_true (order.was_closed);
      g_assert_cmpuint (order.n_notifications, ==, 1);
      g_assert_cmpuint (count_entries (sandbox->path), ==, i + 1);
      if (i == 0 && library_has_descriptors ())
        g_assert_cmphex (get_mode (tm_temporary_directory_get_path (directory)), ==, 0700);
    }
}

static void
test_blocking_notification (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  Order order = { .thread = g_thread_self (), .has_result = TRUE };
  g_autoptr (GError) error = NULL;

  g_signal_connect (directory, "notify::closed", G_CALLBACK (notify_cb), &order);
  tm_temporary_directory_keep (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (order.n_notifications, ==, 1);
  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (order.n_notifications, ==, 1);
}

/* It is still open, and no notification was emitted. */
static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  /* A notification must not find a result. */
  Order order = { .thread = g_thread_self () };

  g_signal_connect (directory, "notify::closed", G_CALLBACK (notify_cb), &order);
  g_cancellable_cancel (cancellable);
  g_assert_false (tm_temporary_directory_keep (directory, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  tm_temporary_directory_keep_async (directory, G_PRIORITY_DEFAULT, cancellable, keep_result_cb,
                                     &result);
  g_assert_false (
      tm_temporary_directory_keep_finish (directory, wait_for_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  assert_in_use (tm_temporary_directory_get_path (directory));
  order.has_result = TRUE;
  close_successfully (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_errors (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (TmTemporaryDirectory) uninitialized = g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GAsyncResult) third = NULL;
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_keep_async (uninitialized, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                     &first);
  g_assert_false (
      tm_temporary_directory_keep_finish (uninitialized, wait_for_result (&first), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);

  /* A mark that cannot be cleared leaves the object open. */
  fail_call ("fchmod", EIO, 1);
  tm_temporary_directory_keep_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &second);
  g_assert_false (
      tm_temporary_directory_keep_finish (directory, wait_for_result (&second), &error));
  g_assert_cmpuint (fail_end (), ==, 1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  assert_in_use (tm_temporary_directory_get_path (directory));
  g_clear_error (&error);

  close_successfully (directory);
  tm_temporary_directory_keep_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &third);
  g_assert_false (tm_temporary_directory_keep_finish (directory, wait_for_result (&third), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

typedef struct
{
  TmTemporaryDirectory *directory;
  const char *call;
  gint is_there;  /* atomic: a thread is in the call */
  gint may_go_on; /* atomic */
} Stop;

static int
stop_cb (const SystemCall *call, gpointer user_data)
{
  Stop *stop = user_data;

  if (!g_str_equal (call->name, stop->call))
    return 0;

  g_atomic_int_set (&stop->is_there, TRUE);
  wait_for_number (&stop->may_go_on, TRUE);
  return 0;
}

static gpointer
keep_thread (gpointer data)
{
  Stop *stop = data;
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_keep (stop->directory, NULL, &error);
  return g_steal_pointer (&error);
}

static gpointer
close_thread (gpointer data)
{
  Stop *stop = data;
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (stop->directory, NULL, &error);
  return g_steal_pointer (&error);
}

static gpointer
look_thread (gpointer data)
{
  Stop *stop = data;

  g_assert_false (tm_temporary_directory_is_closed (stop->directory));
  g_assert_nonnull (tm_temporary_directory_get_path (stop->directory));
  g_assert_nonnull (tm_temporary_directory_get_file (stop->directory));
  tm_temporary_directory_get_fd (stop->directory);
  g_atomic_int_set (&stop->may_go_on, TRUE);
  return NULL;
}

/* While a thread keeps the directory on a slow disk, no getter waits. */
static void
test_getters_do_not_wait (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  Stop stop = { directory, "fchmod", FALSE, FALSE };
  gint64 end = g_get_monotonic_time () + PATIENCE;
  GThread *keeper, *looker;

  interpose (stop_cb, &stop);
  keeper = g_thread_new ("keep", keep_thread, &stop);
  wait_for_number (&stop.is_there, TRUE);
  looker = g_thread_new ("look", look_thread, &stop);
  while (!g_atomic_int_get (&stop.may_go_on) && g_get_monotonic_time () < end)
    g_usleep (1000);
  g_assert_true (g_atomic_int_get (&stop.may_go_on));
  g_thread_join (looker);
  g_assert_null (g_thread_join (keeper));
  interpose_end ();
  g_assert_true (tm_temporary_directory_is_closed (directory));
}

static gpointer
cancel_thread (gpointer data)
{
  /* So that in most runs the call waits; it is cancelled either way. */
  g_usleep (20000);
  g_cancellable_cancel (data);
  return NULL;
}

/* A call that waits for another thread's close can be cancelled. */
static void
test_cancelled_while_waiting (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Stop stop = { directory, "unlinkat", FALSE, FALSE };
  g_autoptr (GError) error = NULL;
  GThread *closer, *canceller;

  make_tree (tm_temporary_directory_get_path (directory));
  interpose (stop_cb, &stop);
  closer = g_thread_new ("close", close_thread, &stop);
  wait_for_number (&stop.is_there, TRUE);
  canceller = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_false (tm_temporary_directory_keep (directory, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (canceller);
  g_atomic_int_set (&stop.may_go_on, TRUE);
  g_assert_null (g_thread_join (closer));
  interpose_end ();
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* A thread that closes the directory waits for the one that keeps it, and deletes no file. */
static void
test_close_waits (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  Stop stop = { directory, "fchmod", FALSE, FALSE };
  GThread *keeper, *closer;

  interpose (stop_cb, &stop);
  keeper = g_thread_new ("keep", keep_thread, &stop);
  wait_for_number (&stop.is_there, TRUE);
  closer = g_thread_new ("close", close_thread, &stop);
  /* So that in most runs it waits already; if it did not wait, it would delete the directory
   * now. */
  g_usleep (20000);
  g_atomic_int_set (&stop.may_go_on, TRUE);
  g_assert_null (g_thread_join (keeper));
  g_assert_null (g_thread_join (closer));
  interpose_end ();
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
}

typedef struct
{
  Stop stop; /* for the threads; no call stops */
  gint n_ready;
  guint delay; /* microseconds, which let the other thread be first */
} Race;

static gpointer
race_to_close (gpointer data)
{
  Race *race = data;

  g_atomic_int_inc (&race->n_ready);
  wait_for_number (&race->n_ready, 2);
  if (race->delay > 0)
    g_usleep (race->delay);
  return close_thread (&race->stop);
}

/* If one thread keeps and another closes, one of them does it, and the other one gets its
 * result. */
static void
test_race (Sandbox *sandbox, gconstpointer data)
{
  guint n_kept = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      const char *path = tm_temporary_directory_get_path (directory);
      Race race = { { directory, NULL, FALSE, FALSE }, 0, i / 2 };
      GThread *closer = g_thread_new ("close", race_to_close, &race);
      g_autoptr (GError) error = NULL;
      gboolean is_kept;

      g_atomic_int_inc (&race.n_ready);
      wait_for_number (&race.n_ready, 2);
      is_kept = tm_temporary_directory_keep (directory, NULL, &error);
      g_assert_null (g_thread_join (closer));
      if (!is_kept)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_cmpint (path_exists (path), ==, is_kept);
      if (is_kept)
        delete_tree (path);
      n_kept += is_kept ? 1 : 0;
    }
  g_test_message ("kept %u of 200 times", n_kept);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/keep-async/order", test_order);
  add_test ("/keep-async/blocking", test_blocking_notification);
  add_test ("/keep-async/cancelled", of_descriptors (test_cancelled));
  add_test ("/keep-async/errors", of_descriptors (test_errors));
  add_test ("/keep-async/getters-do-not-wait", of_descriptors (test_getters_do_not_wait));
  add_test ("/keep-async/cancelled-while-waiting", of_descriptors (test_cancelled_while_waiting));
  add_test ("/keep-async/close-waits", of_descriptors (test_close_waits));
  add_test ("/keep-async/race", test_race);

  return g_test_run ();
}
