/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a progress callback may do: run the main loop, cancel, release its references, start another
 * deletion. Its data live as long as the call, there is no report within a report, and the result
 * arrives after the last report. */

#include "support/interpose.h"
#include "support/support.h"

#include <tempman.h>

#include <sys/stat.h>

/* Enough files for several reports. */
#define N_FILES 1500

/* For the first report, of a millisecond each. */
#define MAX_WAITS 60000

static GFile *
make_large_tree (Sandbox *sandbox, const char *name)
{
  g_autofree char *path = sandbox_path (sandbox, name);

  make_directory (path);
  for (guint i = 0; i < N_FILES; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s/%u", path, i);

      g_assert_no_errno (mknod (file, S_IFREG | 0600, 0));
    }
  return g_file_new_for_path (path);
}

typedef struct _Shown Shown;

struct _Shown
{
  void (*act) (Shown *shown);
  Sandbox *sandbox;
  GThread *thread;
  GFile *file;               /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) */
  gint n_reports;            /* atomic */
  guint64 n_deleted;
  guint64 n_found;
  gboolean is_reporting;
  gboolean is_result_there;
  gboolean is_freed;
  gboolean succeeded;
  GError *error; /* (owned) (nullable) */
  gint n_calls;  /* atomic: the number of deletions */
};

/* Late in the deletion, when a report is due, waits until the report has been made: on a busy
 * machine the thread that receives the reports would otherwise only get the last one. */
static int
slow_cb (const SystemCall *call, gpointer user_data)
{
  Shown *shown = user_data;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  g_usleep (200);
  if (g_atomic_int_add (&shown->n_calls, 1) == N_FILES * 3 / 4)
    for (guint i = 0; g_atomic_int_get (&shown->n_reports) == 0 && i < MAX_WAITS; i++)
      g_usleep (1000);
  return 0;
}

static void
report_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  Shown *shown = user_data;

  g_assert_true (g_thread_self () == shown->thread);
  g_assert_false (shown->is_reporting);
  g_assert_false (shown->is_result_there);
  g_assert_false (shown->is_freed);
  g_assert_cmpuint (n_deleted, >=, shown->n_deleted);

  shown->is_reporting = TRUE;
  g_atomic_int_inc (&shown->n_reports);
  shown->n_deleted = n_deleted;
  shown->n_found = n_found;
  shown->act (shown);
  shown->is_reporting = FALSE;
}

static void
free_cb (gpointer data)
{
  Shown *shown = data;

  g_assert_true (g_thread_self () == shown->thread);
  g_assert_false (shown->is_reporting);
  g_assert_true (shown->is_result_there);
  g_assert_false (shown->is_freed);
  shown->is_freed = TRUE;
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shown *shown = user_data;

  g_assert_false (shown->is_reporting);
  g_assert_false (shown->is_freed);
  shown->is_result_there = TRUE;
  shown->succeeded = tm_delete_recursively_finish (result, &shown->error);
}

static void
let_loop_run (Shown *shown)
{
  while (g_main_context_pending (NULL))
    g_main_context_iteration (NULL, FALSE);
}

/* Until all files are deleted: the result exists by then, and must wait. */
static void
let_loop_run_to_the_end (Shown *shown)
{
  g_autofree char *path = sandbox_path (shown->sandbox, "tree");
  gint64 end;

  while (path_exists (path))
    g_main_context_iteration (NULL, FALSE);
  for (end = g_get_monotonic_time () + 20000; g_get_monotonic_time () < end;)
    g_main_context_iteration (NULL, FALSE);
}

/* The next report finds the result waiting, and does not let it arrive. */
static void
let_loop_run_to_the_end_once (Shown *shown)
{
  if (shown->n_reports == 1)
    let_loop_run_to_the_end (shown);
}

/* The source of a report is dispatched too early, and that of the result before the next report. */
static void
let_loop_run_then_wait (Shown *shown)
{
  g_autofree char *path = sandbox_path (shown->sandbox, "tree");
  gint64 end = g_get_monotonic_time () + 60000;

  if (shown->n_reports != 1)
    return;

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  while (path_exists (path))
    g_usleep (1000);
  g_usleep (20000);
}

static void
cancel (Shown *shown)
{
  g_cancellable_cancel (shown->cancellable);
  let_loop_run (shown);
}

static void
drop_everything (Shown *shown)
{
  g_clear_object (&shown->file);
  g_clear_object (&shown->cancellable);
  let_loop_run (shown);
}

static void
start_another (Shown *shown)
{
  g_autofree char *name = g_strdup_printf ("other%d", shown->n_reports);
  g_autofree char *path = sandbox_path (shown->sandbox, name);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (shown->n_reports > 3)
    return;

  make_tree (path);
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, NULL, NULL,
                               NULL, keep_result_cb, &result);
  tm_delete_recursively_finish (wait_for_result (&result), &error);
  g_assert_no_error (error);

  make_tree (path);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static Shown
shown_new (Sandbox *sandbox, void (*act) (Shown *shown))
{
  return (Shown){
    .act = act,
    .sandbox = sandbox,
    .thread = g_thread_self (),
    .file = make_large_tree (sandbox, "tree"),
    .cancellable = g_cancellable_new (),
  };
}

static void
shown_clear (Shown *shown)
{
  g_clear_object (&shown->file);
  g_clear_object (&shown->cancellable);
  g_clear_error (&shown->error);
}

static void
run (Shown *shown)
{
  interpose (slow_cb, shown);
  tm_delete_recursively_async (shown->file, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT,
                               shown->cancellable, report_cb, shown, free_cb, result_cb, shown);
  while (!shown->is_freed)
    g_main_context_iteration (NULL, TRUE);
  interpose_end ();
  g_assert_true (shown->is_result_there);
  g_assert_cmpint (shown->n_reports, >, 0);
}

typedef struct
{
  const char *name;
  void (*act) (Shown *shown);
} Act;

static const Act acts[] = {
  { "main-loop", let_loop_run },
  { "main-loop-to-the-end", let_loop_run_to_the_end },
  { "main-loop-to-the-end-once", let_loop_run_to_the_end_once },
  { "main-loop-then-wait", let_loop_run_then_wait },
  { "drops-everything", drop_everything },
  { "another-deletion", start_another },
};

static void
test_act (Sandbox *sandbox, gconstpointer data)
{
  const Act *act = data;
  Shown shown = shown_new (sandbox, act->act);

  run (&shown);
  g_assert_no_error (shown.error);
  g_assert_true (shown.succeeded);
  /* The last report has the final counts. */
  g_assert_cmpuint (shown.n_found, ==, N_FILES + 1);
  g_assert_cmpuint (shown.n_deleted, ==, shown.n_found);
  shown_clear (&shown);
}

static void
test_cancel (Sandbox *sandbox, gconstpointer data)
{
  Shown shown = shown_new (sandbox, cancel);

  run (&shown);
  g_assert_error (shown.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (shown.succeeded);
  shown_clear (&shown);
}

/* A blocking call reports before it returns. */
static void
test_blocking (Sandbox *sandbox, gconstpointer data)
{
  const Act *act = data;
  Shown shown = shown_new (sandbox, act->act);
  g_autoptr (GFile) file = g_object_ref (shown.file);
  g_autoptr (GError) error = NULL;

  /* These would wait for the call itself. */
  if (act->act == let_loop_run_to_the_end || act->act == let_loop_run_to_the_end_once ||
      act->act == let_loop_run_then_wait)
    shown.act = let_loop_run;

  /* It reports from the thread that deletes. */
  shown.n_calls = N_FILES;
  interpose (slow_cb, &shown);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, report_cb, &shown, &error);
  interpose_end ();
  g_assert_no_error (error);
  g_assert_cmpuint (shown.n_deleted, ==, N_FILES + 1);
  shown_clear (&shown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      g_autofree char *async = g_strconcat ("/progress/async/", acts[i].name, NULL);
      g_autofree char *blocking = g_strconcat ("/progress/blocking/", acts[i].name, NULL);

      g_test_add (async, Sandbox, &acts[i], sandbox_set_up, test_act, sandbox_tear_down);
      g_test_add (blocking, Sandbox, &acts[i], sandbox_set_up, test_blocking, sandbox_tear_down);
    }
  /* GIO makes other calls, which slow_cb() does not slow down. */
  add_test ("/progress/async/cancel", of_descriptors (test_cancel));

  return g_test_run ();
}
