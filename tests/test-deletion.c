/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A deletion as an object, with both backends: its properties, a signal for each failure, and
 * whatever a handler does. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/served-file.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL GINT_TO_POINTER (FALSE)
#define SERVED GINT_TO_POINTER (TRUE)

/* More than the queue of failures holds, with those that several threads may add while none is
 * delivered. */
#define MAX_LEAD 4096
#define N_LARGE 20000

typedef struct _Shown Shown;

typedef void (*ShownFunc) (Shown *shown);

/* What a deletion has shown. */
struct _Shown
{
  TmDeletion *deletion; /* (owned) (nullable) */
  GThread *thread;      /* (unowned): the thread of the signals */
  GPtrArray *failed;    /* (owned) (element-type filename) */
  GError *first;        /* (owned) (nullable): the error of the first failure */
  double fraction;      /* by the last notification */
  guint n_notified;     /* notifications of the fraction */
  guint depth;
  guint max_depth;
  ShownFunc function; /* (nullable): called by each handler */
  gpointer data;      /* (unowned): for function */

  GAsyncResult *result; /* (owned) (nullable) */
};

static void
call (Shown *shown)
{
  g_assert_true (g_thread_self () == shown->thread);
  g_assert_null (shown->result);

  shown->depth++;
  shown->max_depth = MAX (shown->depth, shown->max_depth);
  if (shown->function != NULL)
    shown->function (shown);
  shown->depth--;
}

static void
fraction_cb (TmDeletion *deletion, GParamSpec *pspec, gpointer user_data)
{
  Shown *shown = user_data;
  double fraction = tm_deletion_get_fraction (deletion);

  g_assert_cmpfloat (fraction, >=, shown->fraction);
  g_assert_cmpfloat (fraction, <=, 1);
  shown->fraction = fraction;
  shown->n_notified++;
  call (shown);
}

static void
failed_cb (TmDeletion *deletion, GFile *file, GError *error, gpointer user_data)
{
  Shown *shown = user_data;
  g_autofree char *name = g_file_get_parse_name (file);

  /* The message names the file that failed. */
  g_assert_cmpint ((int) error->domain, ==, (int) G_IO_ERROR);
  g_assert_nonnull (strstr (error->message, name));
  if (shown->first == NULL)
    shown->first = g_error_copy (error);
  g_ptr_array_add (shown->failed, g_file_get_basename (file));
  call (shown);
}

static void
shown_init_with_flags (Shown *shown,
                       const char *path,
                       gconstpointer backend,
                       TmDeleteFlags flags,
                       ShownFunc function)
{
  /* GIO alone makes other system calls than those that the tests let fail. */
  gboolean is_served = backend == SERVED || !library_has_descriptors ();
  g_autoptr (GFile) file = is_served ? served_file_new (path) : g_file_new_for_path (path);

  *shown = (Shown){
    .deletion = tm_deletion_new (file, flags),
    .thread = g_thread_self (),
    .failed = g_ptr_array_new_with_free_func (g_free),
    .function = function,
  };
  g_signal_connect (shown->deletion, "notify::fraction", G_CALLBACK (fraction_cb), shown);
  g_signal_connect (shown->deletion, "failed", G_CALLBACK (failed_cb), shown);
}

static void
shown_init (Shown *shown, const char *path, gconstpointer backend)
{
  shown_init_with_flags (shown, path, backend, TM_DELETE_FLAGS_NONE, NULL);
}

static void
shown_clear (Shown *shown)
{
  g_clear_object (&shown->deletion);
  g_ptr_array_unref (shown->failed);
  g_clear_error (&shown->first);
  g_clear_object (&shown->result);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Shown, shown_clear)

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shown *shown = user_data;

  g_assert_true (g_thread_self () == shown->thread);
  g_assert_cmpuint (shown->depth, ==, 0);
  shown->result = g_object_ref (result);
}

static gboolean
run_async (Shown *shown, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmDeletion) deletion = g_object_ref (shown->deletion);

  tm_deletion_run_async (deletion, G_PRIORITY_DEFAULT, cancellable, done_cb, shown);
  while (shown->result == NULL)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  return tm_deletion_run_finish (deletion, shown->result, error);
}

static gboolean
run_in_some_way (Shown *shown, gboolean is_async, GError **error)
{
  return is_async ? run_async (shown, NULL, error) : tm_deletion_run (shown->deletion, NULL, error);
}

static void
make_sized_file (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *content = g_strnfill (10000, 'x');

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
test_properties (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *below = g_build_filename (path, "below", NULL);
  g_autofree char *linked = g_build_filename (path, "linked", NULL);
  g_autofree char *link_path = sandbox_path (sandbox, "link");
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = NULL;
  g_auto (Shown) shown = { 0 };
  guint64 found, deleted, freed;
  TmDeleteFlags flags;
  double fraction;

  make_directory (below);
  make_sized_file (path, "one");
  make_sized_file (below, "two");
  /* Another link keeps its space in use. */
  make_sized_file (path, "linked");
  g_assert_no_errno (link (linked, link_path));

  shown_init_with_flags (&shown, path, backend, TM_DELETE_FLAGS_ALLOW_MISSING, NULL);
  g_assert_cmpfloat (tm_deletion_get_fraction (shown.deletion), <=, 0);
  g_assert_true (tm_deletion_run (shown.deletion, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (path_exists (path));

  g_object_get (shown.deletion, "file", &file, "flags", &flags, "n-found", &found, "n-deleted",
                &deleted, "bytes-freed", &freed, "fraction", &fraction, NULL);
  g_assert_true (file == tm_deletion_get_file (shown.deletion));
  g_assert_cmpint (flags, ==, TM_DELETE_FLAGS_ALLOW_MISSING);
  g_assert_cmpint (tm_deletion_get_flags (shown.deletion), ==, TM_DELETE_FLAGS_ALLOW_MISSING);
  g_assert_cmpuint (found, ==, 5);
  g_assert_cmpuint (deleted, ==, 5);
  g_assert_cmpuint (tm_deletion_get_n_found (shown.deletion), ==, 5);
  g_assert_cmpuint (tm_deletion_get_n_deleted (shown.deletion), ==, 5);
  g_assert_cmpfloat (fraction, >=, 1);
  g_assert_cmpfloat (shown.fraction, >=, 1);
  g_assert_cmpuint (shown.failed->len, ==, 0);
  g_assert_cmpuint (tm_deletion_get_bytes_freed (shown.deletion), ==, freed);
  if (backend == LOCAL && library_has_descriptors ())
    g_assert_cmpuint (freed, ==, 0);
  else
    {
      g_assert_cmpuint (freed, >=, 2 * 10000);
      g_assert_cmpuint (freed, <, 3 * 10000);
    }
}

static void
test_single_file (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *path = sandbox_path (sandbox, "file");
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_sized_file (sandbox->path, "file");
  shown_init (&shown, path, backend);
  g_assert_true (run_async (&shown, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (tm_deletion_get_n_found (shown.deletion), ==, 1);
  g_assert_cmpuint (tm_deletion_get_n_deleted (shown.deletion), ==, 1);
  g_assert_cmpfloat (shown.fraction, >=, 1);
  if (backend == SERVED)
    g_assert_cmpuint (tm_deletion_get_bytes_freed (shown.deletion), >=, 10000);
}

/* Fails the removal of each file whose name begins with "stuck", in either backend. */
static int
refuse_removal_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_equal (call->name, "unlinkat") && g_str_has_prefix (call->path, "stuck") ? EBUSY : 0;
}

static gboolean
refuse_request_cb (Request request, const char *path, gpointer data, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);

  if (request != REQUEST_DELETE || !g_str_has_prefix (name, "stuck"))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "refused");
  return FALSE;
}

static void
begin_refusing (void)
{
  interpose (refuse_removal_cb, NULL);
  served_file_watch (refuse_request_cb, NULL);
}

static void
end_refusing (void)
{
  served_file_watch (NULL, NULL);
  interpose_end ();
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
assert_failed (Shown *shown, const char *expected)
{
  g_autofree char *names = NULL;

  g_ptr_array_sort (shown->failed, compare_names);
  g_ptr_array_add (shown->failed, NULL);
  names = g_strjoinv (" ", (char **) shown->failed->pdata);
  g_assert_cmpstr (names, ==, expected);
  g_ptr_array_set_size (shown->failed, 0);
}

typedef struct
{
  const char *name;
  gconstpointer backend;
  gboolean is_async;
} Way;

static const Way ways[] = {
  { "local/sync", LOCAL, FALSE },
  { "local/async", LOCAL, TRUE },
  { "served/sync", SERVED, FALSE },
  { "served/async", SERVED, TRUE },
};

/* Each file once, at every depth, and none of the directories above. */
static void
test_every_failure (Sandbox *sandbox, gconstpointer data)
{
  const Way *way = data;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *deep = g_build_filename (path, "a", "b", "stuck-c", NULL);
  g_autofree char *beside = g_build_filename (path, "d", NULL);
  const char *files[] = { "stuck-1", "free-1", "a/stuck-2", "a/b/stuck-3", "a/b/free-2" };
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_directory (deep);
  make_directory (beside);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *file = g_build_filename (path, files[i], NULL);

      make_file (file);
    }

  shown_init (&shown, path, way->backend);
  begin_refusing ();
  g_assert_false (run_in_some_way (&shown, way->is_async, &error));
  end_refusing ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, shown.first->message);
  assert_failed (&shown, "stuck-1 stuck-2 stuck-3 stuck-c");
  g_assert_cmpfloat (tm_deletion_get_fraction (shown.deletion), <, 1);
  /* The tree without its top: the caller sees it only after a success. */
  g_assert_cmpuint (tm_deletion_get_n_found (shown.deletion), ==, 9);
  g_assert_cmpuint (tm_deletion_get_n_deleted (shown.deletion), ==, 3);
  g_assert_false (path_exists (beside));
  g_assert_true (path_exists (deep));

  /* Another run starts anew, and deletes the rest. */
  g_clear_error (&error);
  g_clear_object (&shown.result);
  shown.fraction = 0;
  g_assert_true (run_in_some_way (&shown, way->is_async, &error));
  g_assert_no_error (error);
  assert_failed (&shown, "");
  g_assert_cmpuint (tm_deletion_get_n_deleted (shown.deletion), ==, 7);
  g_assert_cmpfloat (shown.fraction, >=, 1);
  g_assert_false (path_exists (path));
}

/* The failure of the file or directory itself is one too. */
static void
test_top (Sandbox *sandbox, gconstpointer data)
{
  const Way *way = data;
  g_autofree char *path = sandbox_path (sandbox, "stuck");
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  const char *paths[] = { path, path, missing, "/" };
  const GIOErrorEnum codes[] = { G_IO_ERROR_BUSY, G_IO_ERROR_BUSY, G_IO_ERROR_NOT_FOUND,
                                 G_IO_ERROR_INVALID_ARGUMENT };

  make_file (path);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_auto (Shown) shown = { 0 };
      g_autoptr (GError) error = NULL;

      shown_init (&shown, paths[i], way->backend);
      begin_refusing ();
      g_assert_false (run_in_some_way (&shown, way->is_async, &error));
      end_refusing ();
      g_assert_error (error, G_IO_ERROR, (int) codes[i]);
      g_assert_cmpuint (shown.failed->len, ==, 1);
      g_assert_cmpstr (shown.first->message, ==, error->message);

      if (i == 0)
        {
          g_assert_no_errno (g_unlink (path));
          make_directory (path);
        }
    }
}

static void
test_missing (Sandbox *sandbox, gconstpointer data)
{
  const Way *way = data;
  g_autofree char *path = sandbox_path (sandbox, "missing");
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  shown_init_with_flags (&shown, path, way->backend, TM_DELETE_FLAGS_ALLOW_MISSING, NULL);
  g_assert_true (run_in_some_way (&shown, way->is_async, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (shown.failed->len, ==, 0);
  g_assert_cmpuint (tm_deletion_get_n_deleted (shown.deletion), ==, 0);
  g_assert_cmpfloat (tm_deletion_get_fraction (shown.deletion), >=, 1);
}

/* A cancellation is the failure of no file. */
static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  const Way *way = data;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_tree (path);
  g_cancellable_cancel (cancellable);
  shown_init (&shown, path, way->backend);
  if (way->is_async)
    run_async (&shown, cancellable, &error);
  else
    tm_deletion_run (shown.deletion, cancellable, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (shown.failed->len, ==, 0);
  g_assert_true (path_exists (path));

  /* The object is usable. */
  g_clear_error (&error);
  g_clear_object (&shown.result);
  tm_deletion_run (shown.deletion, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (path));
}

static void
run_within (Shown *shown)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (tm_deletion_run (shown->deletion, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);

  tm_deletion_run_async (shown->deletion, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  g_assert_false (tm_deletion_run_finish (shown->deletion, wait_for_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
}

/* There is one run at a time, and the end of the last notification is not the end of the run. */
static void
test_pending (Sandbox *sandbox, gconstpointer data)
{
  const Way *way = data;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *stuck = g_build_filename (path, "stuck", NULL);
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_tree (path);
  make_file (stuck);
  shown_init_with_flags (&shown, path, way->backend, TM_DELETE_FLAGS_NONE, run_within);
  begin_refusing ();
  g_assert_false (run_in_some_way (&shown, way->is_async, &error));
  end_refusing ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpuint (shown.max_depth, ==, 1);
  g_assert_cmpuint (shown.n_notified, >, 0);
  assert_failed (&shown, "stuck");
}

static void
run_again_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *was_run = user_data;
  g_autoptr (GError) error = NULL;

  /* Even before the result of the first run is read. */
  *was_run = TRUE;
  g_assert_false (tm_deletion_run (TM_DELETION (source), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  tm_deletion_run_finish (TM_DELETION (source), result, &error);
  g_assert_no_error (error);
}

static void
test_again_in_callback (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_auto (Shown) shown = { 0 };
  gboolean was_run = FALSE;

  make_tree (path);
  shown_init (&shown, path, backend);
  g_signal_handlers_disconnect_by_func (shown.deletion, fraction_cb, &shown);
  tm_deletion_run_async (shown.deletion, G_PRIORITY_DEFAULT, NULL, run_again_cb, &was_run);
  while (!was_run)
    g_main_context_iteration (NULL, TRUE);
  assert_failed (&shown, "tree");
}

static void
drop_everything (Shown *shown)
{
  g_clear_object (&shown->deletion);
  while (g_main_context_pending (NULL))
    g_main_context_iteration (NULL, FALSE);
}

static void
test_dropped (Sandbox *sandbox, gconstpointer data)
{
  const Way *way = data;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_auto (Shown) shown = { 0 };
  TmDeletion *deletion;
  g_autoptr (GError) error = NULL;

  make_tree (path);
  shown_init_with_flags (&shown, path, way->backend, TM_DELETE_FLAGS_NONE, drop_everything);
  deletion = shown.deletion;
  if (way->is_async)
    run_async (&shown, NULL, &error);
  else
    tm_deletion_run (deletion, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (shown.deletion);
  g_assert_false (path_exists (path));
}

/* In the main context of the caller, which is not the default one. */
static gpointer
context_thread (gpointer data)
{
  const char *path = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  shown_init (&shown, path, LOCAL);
  begin_refusing ();
  g_assert_false (run_async (&shown, NULL, &error));
  end_refusing ();
  assert_failed (&shown, "stuck");
  g_assert_cmpuint (shown.n_notified, >, 0);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_context (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *stuck = g_build_filename (path, "stuck", NULL);

  make_tree (path);
  make_file (stuck);
  g_thread_join (g_thread_new ("caller", context_thread, path));
}

static void
make_many (const char *path, guint n_directories, guint n_files, const char *prefix)
{
  for (guint i = 0; i < n_directories; i++)
    {
      g_autofree char *directory = g_strdup_printf ("%s/%u", path, i);

      make_directory (directory);
      for (guint j = 0; j < n_files; j++)
        {
          g_autofree char *file = g_strdup_printf ("%s/%s%u", directory, prefix, j);

          g_assert_no_errno (mknod (file, S_IFREG | 0600, 0));
        }
    }
}

/* How far the failures are ahead of the signals. */
typedef struct
{
  gint n_failures; /* atomic */
  gint n_signals;
  gint max_lead;
  gboolean waits; /* until the failures are as far ahead as they can */
} Lead;

static int
count_failures_cb (const SystemCall *call, gpointer user_data)
{
  Lead *lead = user_data;

  if (!g_str_equal (call->name, "unlinkat") || !g_str_has_prefix (call->path, "stuck"))
    return 0;

  g_atomic_int_inc (&lead->n_failures);
  return EBUSY;
}

static void
measure_lead (Shown *shown)
{
  Lead *lead = shown->data;

  for (guint i = 0; lead->waits && i < 50; i++)
    {
      if (g_atomic_int_get (&lead->n_failures) > MAX_LEAD)
        break;
      g_usleep (G_USEC_PER_SEC / 100);
    }
  lead->waits = FALSE;
  lead->n_signals = (gint) shown->failed->len;
  lead->max_lead = MAX (lead->max_lead, g_atomic_int_get (&lead->n_failures) - lead->n_signals);
}

/* Every failure once, from all threads, and few in memory at a time. */
static void
test_many (Sandbox *sandbox, gconstpointer data)
{
  gboolean is_async = data != NULL;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  Lead lead = { .waits = TRUE };
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_many (path, 20, N_LARGE / 20, "stuck");
  shown_init_with_flags (&shown, path, LOCAL, TM_DELETE_FLAGS_NONE, measure_lead);
  shown.data = &lead;
  interpose (count_failures_cb, &lead);
  g_assert_false (run_in_some_way (&shown, is_async, &error));
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, shown.first->message);
  g_assert_cmpuint (shown.failed->len, ==, N_LARGE);
  g_test_message ("at most %d failures ahead of the signals", lead.max_lead);
  g_assert_cmpint (lead.max_lead, <=, MAX_LEAD);
}

static int
count_all_cb (const SystemCall *call, gpointer user_data)
{
  gint *n = user_data;

  if (!g_str_equal (call->name, "unlinkat") || !g_str_has_prefix (call->path, "stuck"))
    return 0;

  g_atomic_int_inc (n);
  return EBUSY;
}

/* A main context that does not run slows the deletion down, but does not stop it, and no signal is
 * lost. */
static void
test_not_run (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  gint n_files = 1100;
  gint n_failures = 0;
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_many (path, 1, (guint) n_files, "stuck");
  shown_init (&shown, path, LOCAL);
  interpose (count_all_cb, &n_failures);
  tm_deletion_run_async (shown.deletion, G_PRIORITY_DEFAULT, NULL, done_cb, &shown);
  wait_for_number (&n_failures, n_files);
  g_assert_cmpuint (shown.failed->len, ==, 0);

  while (shown.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  interpose_end ();
  g_assert_false (tm_deletion_run_finish (shown.deletion, shown.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpuint (shown.failed->len, ==, (guint) n_files);
}

/* If no thread can be started, no signal is emitted before the call has returned. */
static void
test_without_threads (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *stuck = g_build_filename (path, "stuck", NULL);
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;

  make_tree (path);
  make_file (stuck);
  shown_init (&shown, path, backend);
  begin_refusing ();
  thread_starts_fail (EAGAIN);
  tm_deletion_run_async (shown.deletion, G_PRIORITY_DEFAULT, NULL, done_cb, &shown);
  thread_starts_fail (0);
  end_refusing ();
  g_assert_cmpuint (count_entries (path), ==, 1);
  g_assert_cmpuint (shown.failed->len + shown.n_notified, ==, 0);
  g_assert_null (shown.result);

  while (shown.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (tm_deletion_run_finish (shown.deletion, shown.result, &error));
  assert_failed (&shown, "stuck");
  g_assert_cmpuint (shown.n_notified, ==, 1);
}

/* The shape of a tree, and how far the fraction may be from the number of deleted files. */
typedef struct
{
  const char *name;
  guint n_directories;
  guint n_files;
} Shape;

static const Shape shapes[] = {
  { "flat", 1, 4000 },
  { "wide", 100, 40 },
  { "narrow", 4, 1000 },
};

typedef struct
{
  guint n_all;
  guint n_between;
  double max_distance;
} Estimate;

static void
compare_estimate (Shown *shown)
{
  Estimate *estimate = shown->data;
  double done =
      (double) tm_deletion_get_n_deleted (shown->deletion) / (double) (estimate->n_all + 1);
  double distance = ABS (tm_deletion_get_fraction (shown->deletion) - done);

  estimate->max_distance = MAX (estimate->max_distance, distance);
  estimate->n_between += done > 0.1 && done < 0.9;
}

typedef struct
{
  GMutex mutex;
  guint n_calls;
  guint n_all;
} Pauses;

/* Stops all threads eight times, until a report is due. */
static int
pause_cb (const SystemCall *call, gpointer user_data)
{
  Pauses *pauses = user_data;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  g_mutex_lock (&pauses->mutex);
  if (++pauses->n_calls % (pauses->n_all / 8) == 0)
    g_usleep (G_USEC_PER_SEC / 20);
  g_mutex_unlock (&pauses->mutex);
  return 0;
}

/* The fraction shows about how much is done, whatever the shape of the tree, and is notified of 25
 * times a second at most. */
static void
test_estimate (Sandbox *sandbox, gconstpointer data)
{
  const Shape *shape = data;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  Estimate estimate = { .n_all = shape->n_directories * (shape->n_files + 1) };
  Pauses pauses = { .n_all = estimate.n_all };
  g_auto (Shown) shown = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 start;

  make_many (path, shape->n_directories, shape->n_files, "file");
  shown_init_with_flags (&shown, path, LOCAL, TM_DELETE_FLAGS_NONE, compare_estimate);
  shown.data = &estimate;
  g_mutex_init (&pauses.mutex);
  interpose (pause_cb, &pauses);
  start = g_get_monotonic_time ();
  g_assert_true (tm_deletion_run (shown.deletion, NULL, &error));
  interpose_end ();
  g_assert_no_error (error);
  g_mutex_clear (&pauses.mutex);
  g_assert_cmpfloat (shown.fraction, >=, 1);
  g_assert_cmpuint (shown.n_notified, <=,
                    2 + (g_get_monotonic_time () - start) / (G_USEC_PER_SEC / 25));
  g_test_message ("%u notifications, at most %.2f wrong", shown.n_notified, estimate.max_distance);
  /* GIO deletes with other calls, in which nothing stops it. */
  if (library_has_descriptors ())
    {
      g_assert_cmpuint (estimate.n_between, >, 0);
      g_assert_cmpfloat (estimate.max_distance, <, 0.35);
    }
}

static void
test_no_file (void)
{
  g_autoptr (TmDeletion) deletion = g_object_new (TM_TYPE_DELETION, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_deletion_get_file (deletion));
  g_assert_false (tm_deletion_run (deletion, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  tm_deletion_run_async (deletion, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  g_assert_false (tm_deletion_run_finish (deletion, wait_for_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
add_way (const char *name, const Way *way, SandboxFunc function)
{
  g_autofree char *path = g_strdup_printf ("/deletion/%s/%s", name, way->name);

  g_test_add (path, Sandbox, way, sandbox_set_up, function, sandbox_tear_down);
}

static void
add_backends (const char *name, SandboxFunc function)
{
  g_autofree char *local = g_strdup_printf ("/deletion/%s/local", name);
  g_autofree char *served = g_strdup_printf ("/deletion/%s/served", name);

  g_test_add (local, Sandbox, LOCAL, sandbox_set_up, function, sandbox_tear_down);
  g_test_add (served, Sandbox, SERVED, sandbox_set_up, function, sandbox_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_backends ("properties", test_properties);
  add_backends ("single-file", test_single_file);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      add_way ("every-failure", &ways[i], test_every_failure);
      add_way ("top", &ways[i], test_top);
      add_way ("missing", &ways[i], test_missing);
      add_way ("cancelled", &ways[i], test_cancelled);
      add_way ("pending", &ways[i], test_pending);
      add_way ("dropped", &ways[i], test_dropped);
    }
  add_backends ("again-in-callback", test_again_in_callback);
  add_backends ("without-threads", test_without_threads);
  add_test ("/deletion/context", test_context);
  add_test_in_memory ("/deletion/many/sync", NULL, of_descriptors (test_many));
  add_test_in_memory ("/deletion/many/async", GINT_TO_POINTER (TRUE), of_descriptors (test_many));
  add_test_in_memory ("/deletion/not-run", NULL, of_descriptors (test_not_run));
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autofree char *path = g_strconcat ("/deletion/estimate/", shapes[i].name, NULL);

      add_test_in_memory (path, &shapes[i], test_estimate);
    }
  g_test_add_func ("/deletion/no-file", test_no_file);

  return g_test_run ();
}
