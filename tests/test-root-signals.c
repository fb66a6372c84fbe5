/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The signals that report the results of a cleanup, with both backends: once for each entry, in the
 * right thread and order, and whatever a handler does. */

#include "support/interpose.h"
#include "support/roots.h"
#include "support/served-file.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#define LOCAL GINT_TO_POINTER (FALSE)
#define SERVED GINT_TO_POINTER (TRUE)

/* So many entries that two threads clean up. */
#define N_LARGE 20000

/* More than the queue of outcomes holds, with the outcomes that may be added while none is
 * delivered. */
#define MAX_LEAD 4096

typedef struct _Report Report;

typedef void (*ReportFunc) (Report *report, TmRootEntry *entry);

/* The signals that one root has emitted. */
struct _Report
{
  TmRoot *root;        /* (owned) (nullable) */
  GHashTable *removed; /* (owned) (element-type filename) */
  GPtrArray *failed;   /* (owned) (element-type TmRootEntry) */
  GError *error;       /* (owned) (nullable): of the last entry that failed */
  GThread *thread;     /* (unowned): the thread of the signals */
  guint depth;
  guint max_depth;
  ReportFunc function; /* (nullable): called by the handlers */
  gpointer data;       /* (unowned): for function */

  GAsyncResult *result; /* (owned) (nullable) */
  guint n_results_within;
};

static void
note (Report *report, TmRootEntry *entry)
{
  g_assert_true (g_thread_self () == report->thread);
  g_assert_null (report->result);

  report->depth++;
  report->max_depth = MAX (report->depth, report->max_depth);
  if (report->function != NULL)
    report->function (report, entry);
  if (report->result != NULL)
    report->n_results_within++;
  report->depth--;
}

static void
removed_cb (TmRoot *root, TmRootEntry *entry, gpointer user_data)
{
  Report *report = user_data;

  g_assert_true (TM_IS_ROOT_ENTRY (entry));
  g_assert_true (tm_root_entry_get_removable (entry));
  g_assert_true (g_hash_table_add (report->removed, g_strdup (tm_root_entry_get_name (entry))));
  note (report, entry);
}

static void
failed_cb (TmRoot *root, TmRootEntry *entry, GError *error, gpointer user_data)
{
  Report *report = user_data;

  g_assert_nonnull (error);
  g_clear_error (&report->error);
  report->error = g_error_copy (error);
  g_ptr_array_add (report->failed, g_object_ref (entry));
  note (report, entry);
}

static TmRoot *
open_root_of (Sandbox *sandbox, gconstpointer backend, double timeout)
{
  g_autoptr (GFile) file =
      backend == SERVED ? served_file_new (sandbox->path) : g_file_new_for_path (sandbox->path);

  return open_root_of_file (file, timeout, TM_ROOT_FLAGS_NONE);
}

static void
report_init (Report *report, TmRoot *root, ReportFunc function, gpointer data)
{
  *report = (Report){
    .root = root,
    .removed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .failed = g_ptr_array_new_with_free_func (g_object_unref),
    .thread = g_thread_self (),
    .function = function,
    .data = data,
  };
  g_signal_connect (root, "entry-removed", G_CALLBACK (removed_cb), report);
  g_signal_connect (root, "entry-failed", G_CALLBACK (failed_cb), report);
}

static void
report_clear (Report *report)
{
  g_clear_object (&report->root);
  g_hash_table_unref (report->removed);
  g_ptr_array_unref (report->failed);
  g_clear_error (&report->error);
  g_clear_object (&report->result);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, report_clear)

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Report *report = user_data;

  report->result = g_object_ref (result);
}

static gssize
clean_up_async (Report *report, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmRoot) root = g_object_ref (report->root);

  tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, cancellable, done_cb, report);
  while (report->result == NULL)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  return tm_root_cleanup_finish (root, report->result, error);
}

/* Empty, so that no content makes it younger. */
static char *
make_old_entry (Sandbox *sandbox, const char *name, gint64 seconds)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  make_old (path, seconds);
  return path;
}

static void
make_many (Sandbox *sandbox, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *path = make_old_entry (sandbox, name, 2 * HOUR);

      g_assert_nonnull (path);
    }
}

static void
assert_is_gone_cb (Report *report, TmRootEntry *entry)
{
  const char *directory = report->data;
  g_autofree char *path = g_build_filename (directory, tm_root_entry_get_name (entry), NULL);

  g_assert_false (path_exists (path));
}

static void
test_removed (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *a G_GNUC_UNUSED = make_old_entry (sandbox, "a", 2 * HOUR);
  g_autofree char *b G_GNUC_UNUSED = make_old_entry (sandbox, "b", 3 * HOUR);
  g_autofree char *young = make_old_entry (sandbox, "young", 0);
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_auto (Report) report = { 0 };

  make_file (file);
  make_old (file, 2 * HOUR);
  report_init (&report, open_root_of (sandbox, backend, HOUR), assert_is_gone_cb, sandbox->path);
  assert_cleanup (report.root, 2);
  g_assert_true (g_hash_table_contains (report.removed, "a"));
  g_assert_true (g_hash_table_contains (report.removed, "b"));
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 2);
  g_assert_cmpuint (report.failed->len, ==, 0);
  g_assert_true (path_exists (young) && path_exists (file));
}

static void
check_entry_cb (Report *report, TmRootEntry *entry)
{
  GTimeSpan age = g_date_time_difference (report->data, tm_root_entry_get_last_used (entry));
  gboolean is_local = g_file_is_native (tm_root_entry_get_file (entry));

  g_assert_cmpint (tm_root_entry_get_reason (entry), ==, TM_REMOVAL_REASON_EXPIRED);
  g_assert_cmpint (tm_root_entry_get_state (entry), ==, TM_ROOT_ENTRY_STATE_UNOWNED);
  g_assert_cmpint (age / G_TIME_SPAN_HOUR, ==, 2);
  g_assert_cmpstr (tm_root_entry_get_name (entry), ==, "old");
  g_assert_true ((tm_root_entry_get_path (entry) != NULL) == is_local);
  g_assert_true (
      g_file_has_parent (tm_root_entry_get_file (entry), tm_root_get_directory (report->root)));
}

static void
test_entry (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *old G_GNUC_UNUSED = make_old_entry (sandbox, "old", 2 * HOUR);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_auto (Report) report = { 0 };

  report_init (&report, open_root_of (sandbox, backend, HOUR), check_entry_cb, now);
  assert_cleanup (report.root, 1);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 1);
}

/* The age of abandoned entries does not matter, but the signal has it too. */
static void
check_abandoned_cb (Report *report, TmRootEntry *entry)
{
  GTimeSpan age = g_date_time_difference (report->data, tm_root_entry_get_last_used (entry));

  g_assert_cmpint (tm_root_entry_get_reason (entry), ==, TM_REMOVAL_REASON_ABANDONED);
  g_assert_cmpint (tm_root_entry_get_state (entry), ==, TM_ROOT_ENTRY_STATE_ABANDONED);
  g_assert_cmpint (age / G_TIME_SPAN_HOUR, ==, 2);
  g_assert_true (
      g_file_info_has_attribute (tm_root_entry_get_info (entry), G_FILE_ATTRIBUTE_TIME_MODIFIED));
}

static void
test_abandoned (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_old_entry (sandbox, OUR_NAME ("x"), 2 * HOUR);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_auto (Report) report = { 0 };

  g_assert_no_errno (g_chmod (path, 01700));
  report_init (&report, open_reclaiming_root (sandbox->path), check_abandoned_cb, now);
  assert_cleanup (report.root, 1);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 1);
}

/* Fails the removal of the entry `stuck`, in either backend. */
static int
refuse_removal_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_equal (call->name, "unlinkat") && g_strcmp0 (call->path, "stuck") == 0 ? EBUSY : 0;
}

static gboolean
refuse_request_cb (Request request, const char *path, gpointer data, GError **error)
{
  const Request *refused = data;

  if (request != *refused || !g_str_has_suffix (path, "/stuck"))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "refused");
  return FALSE;
}

static void
assert_one_failed (Report *report, TmRemovalReason reason)
{
  g_autoptr (GError) error = NULL;
  TmRootEntry *entry;

  g_assert_cmpint (tm_root_cleanup (report->root, NULL, &error), ==, -1);
  g_assert_nonnull (error);
  g_assert_cmpuint (report->failed->len, ==, 1);
  entry = g_ptr_array_index (report->failed, 0);
  g_assert_cmpstr (tm_root_entry_get_name (entry), ==, "stuck");
  g_assert_cmpint (tm_root_entry_get_reason (entry), ==, reason);
  g_assert_cmpstr (report->error->message, ==, error->message);
  g_assert_error (report->error, error->domain, error->code);
  g_assert_cmpuint (g_hash_table_size (report->removed), ==, 2);
}

static void
test_failed (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *a G_GNUC_UNUSED = make_old_entry (sandbox, "a", 2 * HOUR);
  g_autofree char *stuck = make_old_entry (sandbox, "stuck", 2 * HOUR);
  g_autofree char *z G_GNUC_UNUSED = make_old_entry (sandbox, "z", 2 * HOUR);
  Request refused = REQUEST_DELETE;
  g_auto (Report) report = { 0 };

  report_init (&report, open_root_of (sandbox, backend, HOUR), NULL, NULL);
  interpose (refuse_removal_cb, NULL);
  served_file_watch (refuse_request_cb, &refused);
  assert_one_failed (&report, TM_REMOVAL_REASON_EXPIRED);
  served_file_watch (NULL, NULL);
  interpose_end ();
  g_assert_true (path_exists (stuck));

  /* The next cleanup deletes it. */
  assert_cleanup (report.root, 1);
  g_assert_true (g_hash_table_contains (report.removed, "stuck"));
}

static int
refuse_look_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_equal (call->name, "statx") && g_strcmp0 (call->path, "stuck") == 0 ? EIO : 0;
}

/* The cleanup cannot decide whether to remove the entry. */
static void
test_unknown (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *a G_GNUC_UNUSED = make_old_entry (sandbox, "a", 2 * HOUR);
  g_autofree char *stuck = make_old_entry (sandbox, "stuck", 2 * HOUR);
  g_autofree char *z G_GNUC_UNUSED = make_old_entry (sandbox, "z", 2 * HOUR);
  Request refused = REQUEST_ENUMERATE;
  g_auto (Report) report = { 0 };
  TmRootEntry *entry;

  report_init (&report, open_root_of (sandbox, backend, HOUR), NULL, NULL);
  tm_root_set_age_basis (report.root, TM_AGE_BASIS_NEWEST_CONTENT);
  interpose (refuse_look_cb, NULL);
  served_file_watch (refuse_request_cb, &refused);
  assert_one_failed (&report, TM_REMOVAL_REASON_NONE);
  served_file_watch (NULL, NULL);
  interpose_end ();

  entry = g_ptr_array_index (report.failed, 0);
  g_assert_false (tm_root_entry_get_removable (entry));
  g_assert_nonnull (tm_root_entry_get_last_used (entry));
  if (backend == LOCAL)
    g_assert_cmpint (tm_root_entry_get_state (entry), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_true (path_exists (stuck));
}

/* A root that cannot be read is an error of the call alone. */
static void
test_unreadable_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *a G_GNUC_UNUSED = make_old_entry (sandbox, "a", 2 * HOUR);
  g_auto (Report) report = { 0 };
  g_autoptr (GError) error = NULL;

  report_init (&report, open_root_of (sandbox, LOCAL, HOUR), NULL, NULL);
  fail_call ("getdents64", EIO, 1);
  g_assert_cmpint (tm_root_cleanup (report.root, NULL, &error), ==, -1);
  g_assert_cmpuint (fail_end (), ==, 1);
  g_assert_nonnull (error);
  g_assert_cmpuint (g_hash_table_size (report.removed) + report.failed->len, ==, 0);
}

static void
test_create (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *old G_GNUC_UNUSED = make_old_entry (sandbox, "old", 2 * HOUR);
  g_autofree char *older = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) other = NULL;
  g_auto (Report) report = { 0 };

  report_init (&report, open_root_of (sandbox, backend, HOUR), assert_is_gone_cb, sandbox->path);
  directory = create_under (report.root);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 1);

  older = make_old_entry (sandbox, "older", 2 * HOUR);
  tm_root_create_temp_dir_async (report.root, G_PRIORITY_DEFAULT, NULL, done_cb, &report);
  while (report.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  other = tm_root_create_temp_dir_finish (report.root, report.result, NULL);
  g_assert_nonnull (other);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 2);
}

/* In a main context that is not the default one, and before the callback. */
static void
test_async (Sandbox *sandbox, gconstpointer backend)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (Report) report = { 0 };
  g_autoptr (GError) error = NULL;

  make_many (sandbox, 300);
  report_init (&report, open_root_of (sandbox, backend, HOUR), assert_is_gone_cb, sandbox->path);
  g_main_context_push_thread_default (context);
  g_assert_cmpint (clean_up_async (&report, NULL, &error), ==, 300);
  g_main_context_pop_thread_default (context);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 300);
  g_assert_cmpuint (report.max_depth, ==, 1);
}

/* How far the removals are ahead of the signals. */
typedef struct
{
  gint n_removals; /* atomic */
  gint n_reports;
  gint max_lead;
  gboolean waits; /* until the removals are as far ahead as they can */
} Lead;

static int
count_removals_cb (const SystemCall *call, gpointer user_data)
{
  Lead *lead = user_data;

  if (g_str_equal (call->name, "unlinkat") && (call->flags & AT_REMOVEDIR) != 0)
    g_atomic_int_inc (&lead->n_removals);
  return 0;
}

static void
measure_lead_cb (Report *report, TmRootEntry *entry)
{
  Lead *lead = report->data;

  for (guint i = 0; lead->waits && i < 50; i++)
    {
      if (g_atomic_int_get (&lead->n_removals) > MAX_LEAD)
        break;
      g_usleep (G_USEC_PER_SEC / 100);
    }
  lead->waits = FALSE;
  lead->max_lead = MAX (lead->max_lead, g_atomic_int_get (&lead->n_removals) - lead->n_reports);
  lead->n_reports++;
}

/* Every entry once, from both threads, and few at a time. */
static void
test_many (Sandbox *sandbox, gconstpointer is_async)
{
  Lead lead = { .waits = TRUE };
  g_auto (Report) report = { 0 };
  g_autoptr (GError) error = NULL;
  gssize n_removed;

  make_many (sandbox, N_LARGE);
  report_init (&report, open_root_of (sandbox, LOCAL, HOUR), measure_lead_cb, &lead);
  interpose (count_removals_cb, &lead);
  n_removed = is_async != NULL ? clean_up_async (&report, NULL, &error)
                               : tm_root_cleanup (report.root, NULL, &error);
  interpose_end ();
  g_assert_no_error (error);
  g_assert_cmpint (n_removed, ==, N_LARGE);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, N_LARGE);
  g_test_message ("at most %d removals ahead of the signals", lead.max_lead);
  if (library_has_descriptors ())
    g_assert_cmpint (lead.n_removals, >=, N_LARGE);
  g_assert_cmpint (lead.max_lead, <=, MAX_LEAD);
}

/* A main context that does not run does not stop the cleanup, and no signal is lost. */
static void
test_not_run (Sandbox *sandbox, gconstpointer data)
{
  guint n = 1100;
  g_auto (Report) report = { 0 };

  make_many (sandbox, n);
  report_init (&report, open_root_of (sandbox, LOCAL, HOUR), NULL, NULL);
  tm_root_cleanup_async (report.root, G_PRIORITY_DEFAULT, NULL, done_cb, &report);
  while (count_entries (sandbox->path) > 0)
    g_usleep (G_USEC_PER_SEC / 100);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 0);

  while (report.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (tm_root_cleanup_finish (report.root, report.result, NULL), ==, n);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, n);
}

/* If no thread can be started, no signal is emitted before the call has returned. */
static void
test_without_threads (Sandbox *sandbox, gconstpointer backend)
{
  guint n = 1100;
  g_auto (Report) report = { 0 };

  make_many (sandbox, n);
  report_init (&report, open_root_of (sandbox, backend, HOUR), NULL, NULL);
  thread_starts_fail (EAGAIN);
  tm_root_cleanup_async (report.root, G_PRIORITY_DEFAULT, NULL, done_cb, &report);
  thread_starts_fail (0);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 0);
  g_assert_null (report.result);

  while (report.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (tm_root_cleanup_finish (report.root, report.result, NULL), ==, n);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, n);
}

static void
run_loop_cb (Report *report, TmRootEntry *entry)
{
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* Neither a signal nor the result arrives within a handler of the same cleanup. */
static void
test_loop (Sandbox *sandbox, gconstpointer backend)
{
  g_auto (Report) report = { 0 };
  g_autoptr (GError) error = NULL;

  make_many (sandbox, 300);
  report_init (&report, open_root_of (sandbox, backend, HOUR), run_loop_cb, NULL);
  g_assert_cmpint (clean_up_async (&report, NULL, &error), ==, 300);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 300);
  g_assert_cmpuint (report.max_depth, ==, 1);
  g_assert_cmpuint (report.n_results_within, ==, 0);
}

/* Calls methods of the root, among them a creation with another cleanup. */
static void
use_root_cb (Report *report, TmRootEntry *entry)
{
  g_autoptr (GListModel) entries =
      tm_root_list_entries (report->root, TM_LIST_FLAGS_NONE, NULL, NULL);
  GPtrArray *directories = report->data;

  g_assert_nonnull (entries);
  if (report->depth > 3)
    return;

  /* Its cleanup emits signals within this one. */
  g_ptr_array_add (directories, create_under (report->root));
}

static void
test_use (Sandbox *sandbox, gconstpointer backend)
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto (Report) report = { 0 };
  g_autoptr (GError) error = NULL;

  make_many (sandbox, 30);
  report_init (&report, open_root_of (sandbox, backend, HOUR), use_root_cb, directories);
  g_assert_cmpint (tm_root_cleanup (report.root, NULL, &error), >=, 1);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 30);
  g_assert_cmpuint (report.max_depth, ==, 4);
  g_assert_cmpuint (directories->len, >=, 3);
}

static void
drop_cb (Report *report, TmRootEntry *entry)
{
  g_clear_object (&report->root);
}

/* A handler releases the last reference. */
static void
test_last_reference (Sandbox *sandbox, gconstpointer backend)
{
  g_auto (Report) report = { 0 };
  g_auto (Report) async = { 0 };
  TmRoot *root = open_root_of (sandbox, backend, HOUR);

  make_many (sandbox, 30);
  report_init (&report, root, drop_cb, NULL);
  g_object_add_weak_pointer (G_OBJECT (root), (gpointer *) &root);
  assert_cleanup (root, 30);
  g_assert_null (root);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, 30);

  make_many (sandbox, 30);
  root = open_root_of (sandbox, backend, HOUR);
  report_init (&async, root, drop_cb, NULL);
  g_object_add_weak_pointer (G_OBJECT (root), (gpointer *) &root);
  tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, NULL, done_cb, &async);
  while (async.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_hash_table_size (async.removed), ==, 30);
  g_clear_object (&async.result);
  /* The task is released in the main context. */
  while (root != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
cancel_cb (Report *report, TmRootEntry *entry)
{
  if (g_hash_table_size (report->removed) == 100)
    g_cancellable_cancel (report->data);
}

static void
assert_cancelled (Sandbox *sandbox, gconstpointer backend, guint n, gboolean is_async)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Report) report = { 0 };
  g_autoptr (GError) error = NULL;
  gssize n_removed;

  make_many (sandbox, n);
  report_init (&report, open_root_of (sandbox, backend, HOUR), cancel_cb, cancellable);
  n_removed = is_async ? clean_up_async (&report, cancellable, &error)
                       : tm_root_cleanup (report.root, cancellable, &error);
  g_assert_cmpint (n_removed, ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (g_hash_table_size (report.removed), >=, 100);
  /* Each deleted entry was reported, and each reported entry is deleted. */
  g_assert_cmpuint (g_hash_table_size (report.removed) + count_entries (sandbox->path), ==, n);
  if (!is_async && n < 1000)
    g_assert_cmpuint (count_entries (sandbox->path), ==, n - 100);

  g_clear_object (&report.result);
  report.function = NULL;
  tm_root_cleanup (report.root, NULL, NULL);
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, n);
}

static void
test_cancel (Sandbox *sandbox, gconstpointer backend)
{
  assert_cancelled (sandbox, backend, 300, FALSE);
  assert_cancelled (sandbox, backend, 3000, TRUE);
}

static void
test_cancel_many (Sandbox *sandbox, gconstpointer is_async)
{
  assert_cancelled (sandbox, LOCAL, N_LARGE, is_async != NULL);
}

static gpointer
clean_up_thread (gpointer data)
{
  Report *report = data;

  report->thread = g_thread_self ();
  return GSIZE_TO_POINTER ((gsize) tm_root_cleanup (report->root, NULL, NULL));
}

/* Each cleanup reports the entries that it has removed itself. */
static void
test_two_cleanups (Sandbox *sandbox, gconstpointer backend)
{
  g_auto (Report) report = { 0 };
  g_auto (Report) other = { 0 };
  GThread *thread;
  gsize n_of_other, n_own;

  make_many (sandbox, 2000);
  report_init (&report, open_root_of (sandbox, backend, HOUR), NULL, NULL);
  report_init (&other, open_root_of (sandbox, backend, HOUR), NULL, NULL);
  thread = g_thread_new ("other", clean_up_thread, &other);
  n_own = (gsize) tm_root_cleanup (report.root, NULL, NULL);
  n_of_other = GPOINTER_TO_SIZE (g_thread_join (thread));
  g_assert_cmpuint (g_hash_table_size (report.removed), ==, n_own);
  g_assert_cmpuint (g_hash_table_size (other.removed), ==, n_of_other);
  if (backend == LOCAL)
    g_assert_cmpuint (n_own + n_of_other, ==, 2000);
}

static void
add_both (const char *name, SandboxFunc function)
{
  g_autofree char *local = g_strdup_printf ("/root-signals/%s/local", name);
  g_autofree char *served = g_strdup_printf ("/root-signals/%s/served", name);

  g_test_add (local, Sandbox, LOCAL, sandbox_set_up, of_descriptors (function), sandbox_tear_down);
  g_test_add (served, Sandbox, SERVED, sandbox_set_up, function, sandbox_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_both ("removed", test_removed);
  add_both ("entry", test_entry);
  add_both ("failed", test_failed);
  add_both ("unknown", test_unknown);
  add_both ("create", test_create);
  add_both ("async", test_async);
  add_both ("without-threads", test_without_threads);
  add_both ("loop", test_loop);
  add_both ("use", test_use);
  add_both ("last-reference", test_last_reference);
  add_both ("cancel", test_cancel);
  add_both ("two-cleanups", test_two_cleanups);
  add_test ("/root-signals/abandoned", of_descriptors (test_abandoned));
  add_test ("/root-signals/unreadable-root", of_descriptors (test_unreadable_root));
  add_test ("/root-signals/not-run", test_not_run);
  add_test_in_memory ("/root-signals/many/sync", NULL, test_many);
  add_test_in_memory ("/root-signals/many/async", GINT_TO_POINTER (TRUE), test_many);
  add_test_in_memory ("/root-signals/cancel-many/sync", NULL, test_cancel_many);
  add_test_in_memory ("/root-signals/cancel-many/async", GINT_TO_POINTER (TRUE), test_cancel_many);

  return g_test_run ();
}
