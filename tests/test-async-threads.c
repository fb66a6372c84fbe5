/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The threads of asynchronous calls: none comes from a pool, each has the rights of the calling
 * thread, their number is bounded, and the calls are answered even if no thread can be started. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* More requests than threads that run at a time. */
#define N_REQUESTS 300

static TmTemporaryDirectory *
create (const char *path)
{
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  g_assert_no_error (error);
  return directory;
}

static void
count_report_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Every asynchronous call once. */
static void
call_everything (const char *path)
{
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GFile) destination = g_file_get_child (folder, "destination");
  GAsyncResult *results[8] = { NULL }; /* (owned) */
  g_autoptr (TmTemporaryDirectory) first = NULL;
  g_autoptr (TmTemporaryDirectory) second = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;
  guint n_reports = 0;

  tm_root_new_async (folder, 3600, TM_ROOT_FLAGS_NONE, 0, NULL, keep_result_cb, &results[0]);
  child_assert (results[0] == NULL);
  root = tm_root_new_finish (wait_for_result (&results[0]), NULL);
  child_assert (root != NULL);

  tm_root_create_temp_dir_async (root, 0, NULL, keep_result_cb, &results[1]);
  child_assert (results[1] == NULL);
  first = tm_root_create_temp_dir_finish (root, wait_for_result (&results[1]), NULL);
  child_assert (first != NULL);

  tm_root_list_entries_async (root, TM_LIST_FLAGS_NONE, 0, NULL, keep_result_cb, &results[2]);
  child_assert (results[2] == NULL);
  entries = tm_root_list_entries_finish (root, wait_for_result (&results[2]), NULL);
  child_assert (entries != NULL && g_list_model_get_n_items (entries) == 1);

  tm_root_cleanup_async (root, 0, NULL, keep_result_cb, &results[3]);
  child_assert (results[3] == NULL);
  child_assert (tm_root_cleanup_finish (root, wait_for_result (&results[3]), NULL) == 0);

  tm_temporary_directory_persist_async (first, destination, TM_PERSIST_FLAGS_NONE, 0, NULL,
                                        keep_result_cb, &results[4]);
  child_assert (results[4] == NULL);
  child_assert (tm_temporary_directory_persist_finish (first, wait_for_result (&results[4]), NULL));

  tm_delete_recursively_async (destination, TM_DELETE_FLAGS_NONE, 0, NULL, count_report_cb,
                               &n_reports, NULL, keep_result_cb, &results[5]);
  child_assert (results[5] == NULL);
  child_assert (n_reports == 0);
  child_assert (tm_delete_recursively_finish (wait_for_result (&results[5]), NULL));
  child_assert (n_reports > 0);

  tm_temporary_directory_new_async (folder, NULL, 0, NULL, keep_result_cb, &results[6]);
  child_assert (results[6] == NULL);
  second = tm_temporary_directory_new_finish (wait_for_result (&results[6]), NULL);
  child_assert (second != NULL);

  tm_temporary_directory_close_async (second, 0, NULL, keep_result_cb, &results[7]);
  child_assert (results[7] == NULL);
  child_assert (tm_temporary_directory_close_finish (second, wait_for_result (&results[7]), NULL));
  child_assert (count_entries (path) == 0);

  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    g_object_unref (results[i]);
}

static void
no_pool_child (gpointer data)
{
  guint n_starts = thread_starts_count ();

  alarm (60);
  call_everything (data);
  child_assert (thread_pool_uses_count () == 0);
  /* GIO alone offers no locks: the heartbeats of the two directories take more threads. */
  if (library_has_descriptors ())
    child_assert (thread_starts_count () == n_starts + 8);
  else
    child_assert (thread_starts_count () > n_starts + 8);
}

static void
test_no_pool (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (no_pool_child, sandbox->path));
}

typedef struct
{
  const char *path;
  int error_number;
} Refusal;

static void
refused_child (gpointer data)
{
  const Refusal *refusal = data;
  guint n_starts = thread_starts_count ();

  /* Fails if a call is never answered. */
  alarm (60);
  thread_starts_fail (refusal->error_number);
  call_everything (refusal->path);
  thread_starts_fail (0);
  child_assert (thread_starts_count () == n_starts);
}

/* The calling thread does the work, and the result still arrives later. */
static void
test_refused (Sandbox *sandbox, gconstpointer data)
{
  Refusal refusal = { sandbox->path, GPOINTER_TO_INT (data) };

  assert_success_in_child (run_in_child (refused_child, &refusal));
}

static void
limited_child (gpointer data)
{
  struct rlimit limit = { 0, 0 };

  alarm (60);
  if (!become_ordinary_user () || setrlimit (RLIMIT_NPROC, &limit) < 0)
    _exit (CHILD_CANNOT);
  call_everything (data);
}

/* As above, by the kernel. */
static void
test_limited (Sandbox *sandbox, gconstpointer data)
{
  g_assert_no_errno (chmod (sandbox->path, 0777));
  skip_or_assert_success (run_in_child (limited_child, sandbox->path),
                          "the number of threads cannot be limited");
}

static void
forked_child (gpointer data)
{
  alarm (60);
  interpose_end ();
  call_everything (data);
}

/* Requests that do not progress, as on a server that hangs. */
typedef struct
{
  GMutex mutex; /* guards the fields below */
  GCond changed;
  gboolean hangs;
  guint n_waiting; /* threads that wait for the server */
} Server;

static Server server;

static void
server_hang (gboolean hangs)
{
  g_mutex_lock (&server.mutex);
  server.hangs = hangs;
  g_cond_broadcast (&server.changed);
  g_mutex_unlock (&server.mutex);
}

static int
hang_cb (const SystemCall *call, gpointer user_data)
{
  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  g_mutex_lock (&server.mutex);
  server.n_waiting++;
  g_cond_broadcast (&server.changed);
  while (server.hangs)
    g_cond_wait (&server.changed, &server.mutex);
  server.n_waiting--;
  g_mutex_unlock (&server.mutex);
  return 0;
}

/* Waits until all threads that were started since @n_starts wait for the server. Then none of them
 * has a lock of GLib or of a sanitizer, which would stay locked in a child that is forked. */
static void
server_wait_for_all (guint n_starts)
{
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  g_mutex_lock (&server.mutex);
  while (server.hangs && server.n_waiting < thread_starts_count () - n_starts &&
         g_cond_wait_until (&server.changed, &server.mutex, end))
    ;
  g_mutex_unlock (&server.mutex);
}

/* How many threads are at work, and the maximum of that. */
typedef struct
{
  gint n_working; /* atomic */
  gint maximum;   /* atomic */
} Working;

static int
count_working_cb (const SystemCall *call, gpointer user_data)
{
  Working *working = user_data;
  gint n;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  hang_cb (call, NULL);
  n = g_atomic_int_add (&working->n_working, 1) + 1;
  raise_maximum (&working->maximum, n);
  g_usleep (200);
  g_atomic_int_add (&working->n_working, -1);
  return 0;
}

static void
count_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint *n_done = user_data;

  tm_temporary_directory_close_finish (TM_TEMPORARY_DIRECTORY (source), result, &error);
  g_assert_no_error (error);
  (*n_done)++;
}

/* A bounded number of threads answers many requests at once. A child that is forked meanwhile
 * starts without threads, and does no work on the requests that wait in the parent. */
static void
test_many (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *of_child = sandbox_path (sandbox, "of-child");
  guint n_starts = thread_starts_count ();
  Working working = { 0, 0 };
  guint n_done = 0;
  pid_t child;

  make_directory (of_child);
  for (guint i = 0; i < N_REQUESTS; i++)
    {
      TmTemporaryDirectory *directory = create (sandbox->path);
      g_autofree char *file = child_path (directory, "file");

      make_file (file);
      g_ptr_array_add (directories, directory);
    }

  /* All requests are queued before the first one is done. */
  server_hang (library_has_descriptors ());
  interpose (count_working_cb, &working);
  for (guint i = 0; i < N_REQUESTS; i++)
    tm_temporary_directory_close_async (g_ptr_array_index (directories, i), G_PRIORITY_DEFAULT,
                                        NULL, count_done_cb, &n_done);
  server_wait_for_all (n_starts);
  child = start_child (forked_child, of_child);
  server_hang (FALSE);
  while (n_done < N_REQUESTS)
    g_main_context_iteration (NULL, TRUE);
  interpose_end ();

  assert_success_in_child (wait_for_child (child));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
  if (library_has_descriptors ())
    {
      g_assert_cmpint (working.maximum, >, 1);
      /* One more thread for each tenth of a second without progress. */
      g_assert_cmpint (working.maximum, <, N_REQUESTS / 4);
      /* Most requests reuse a thread. */
      g_assert_cmpuint (thread_starts_count () - n_starts, <, N_REQUESTS / 2);
    }
}

/* Later requests are answered. */
static void
test_hanging (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  /* Not the parent that was used last: if the kernel does not name mounts, a creation there removes
   * a directory, which hangs. */
  g_autofree char *path = sandbox_path (sandbox, "other");
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  guint n_done = 0;

  make_directory (path);
  for (guint i = 0; i < 20; i++)
    g_ptr_array_add (directories, create (sandbox->path));

  server_hang (TRUE);
  interpose (hang_cb, NULL);
  for (guint i = 0; i < directories->len; i++)
    tm_temporary_directory_close_async (g_ptr_array_index (directories, i), G_PRIORITY_DEFAULT,
                                        NULL, count_done_cb, &n_done);
  tm_temporary_directory_new_async (folder, NULL, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                    &result);
  directory = tm_temporary_directory_new_finish (wait_for_result (&result), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_done, ==, 0);

  server_hang (FALSE);
  while (n_done < directories->len)
    g_main_context_iteration (NULL, TRUE);
  interpose_end ();
  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (path), ==, 0);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

static GPtrArray *order; /* (element-type int): priorities */

static void
note_order_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close_finish (TM_TEMPORARY_DIRECTORY (source), result, &error);
  g_assert_no_error (error);
  g_ptr_array_add (order, user_data);
}

/* Of the requests that wait, the most urgent ones run first. */
static void
test_priorities (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_urgent_first = 0;

  order = g_ptr_array_new ();
  for (guint i = 0; i < N_REQUESTS; i++)
    g_ptr_array_add (directories, create (sandbox->path));

  server_hang (TRUE);
  interpose (hang_cb, NULL);
  for (guint i = 0; i < N_REQUESTS; i++)
    {
      int priority = i < N_REQUESTS / 2 ? G_PRIORITY_LOW : G_PRIORITY_DEFAULT;

      tm_temporary_directory_close_async (g_ptr_array_index (directories, i), priority, NULL,
                                          note_order_cb, GINT_TO_POINTER (priority));
    }
  server_hang (FALSE);
  while (order->len < N_REQUESTS)
    g_main_context_iteration (NULL, TRUE);
  interpose_end ();

  for (guint i = 0; i < N_REQUESTS / 2; i++)
    n_urgent_first += GPOINTER_TO_INT (g_ptr_array_index (order, i)) == G_PRIORITY_DEFAULT;
  /* All requests but those that had a thread at once. */
  g_assert_cmpuint (n_urgent_first, >, N_REQUESTS / 4);
  g_ptr_array_unref (order);
}

static gboolean
busy_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

static void
close_with_priority (GPtrArray *directories, guint first, guint n, int priority)
{
  guint n_threads = count_threads ();

  server_hang (TRUE);
  for (guint i = first; i < first + n; i++)
    tm_temporary_directory_close_async (g_ptr_array_index (directories, i), priority, NULL,
                                        note_order_cb, GINT_TO_POINTER (priority));
  server_hang (FALSE);

  /* The requests that have a thread are done, and the main context knows that another one can
   * start. */
  while (count_threads () > n_threads)
    g_usleep (1000);
}

/* Urgent requests without a thread, when the main context knows that less urgent ones can start,
 * and is busy with a source that is more urgent than these. */
static void
test_urgent (Sandbox *sandbox, gconstpointer data)
{
  const guint n_urgent = 40;
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_busy = 0;
  guint busy;

  order = g_ptr_array_new ();
  for (guint i = 0; i < N_REQUESTS + n_urgent; i++)
    g_ptr_array_add (directories, create (sandbox->path));

  interpose (hang_cb, NULL);
  close_with_priority (directories, 0, N_REQUESTS, G_PRIORITY_LOW);
  close_with_priority (directories, N_REQUESTS, n_urgent, G_PRIORITY_HIGH);

  busy = g_idle_add_full (G_PRIORITY_DEFAULT, busy_cb, &n_busy, NULL);
  while (order->len < n_urgent && n_busy < 20000)
    {
      g_main_context_iteration (NULL, TRUE);
      g_usleep (1000);
    }
  g_source_remove (busy);
  g_assert_cmpuint (order->len, ==, n_urgent);
  for (guint i = 0; i < n_urgent; i++)
    g_assert_cmpint (GPOINTER_TO_INT (order->pdata[i]), ==, G_PRIORITY_HIGH);

  while (order->len < N_REQUESTS + n_urgent)
    g_main_context_iteration (NULL, TRUE);
  interpose_end ();
  g_ptr_array_unref (order);
}

static gpointer
delete_as_other_cb (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  setfsuid (TEST_UID);
  g_main_context_push_thread_default (context);
  tm_delete_recursively_async (data, TM_DELETE_FLAGS_NONE, 0, NULL, NULL, NULL, NULL,
                               keep_result_cb, &result);
  tm_delete_recursively_finish (wait_for_result (&result), &error);
  g_main_context_pop_thread_default (context);
  return error;
}

/* A thread that works may not do more than the thread that called. */
static void
test_rights (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_root ())
    return;

  /* Creates a thread that may do everything. */
  make_tree (path);
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_NONE, 0, NULL, NULL, NULL, NULL,
                               keep_result_cb, &result);
  tm_delete_recursively_finish (wait_for_result (&result), &error);
  g_assert_no_error (error);

  /* And waits for more work. */
  g_usleep (20000);
  make_tree (path);
  error = g_thread_join (g_thread_new ("other", delete_as_other_cb, file));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_true (path_exists (path));
}

typedef struct
{
  GPtrArray *directories; /* (element-type TmTemporaryDirectory) */
  guint n_closed;
  guint n_denied;
  uid_t user; /* that calls */
} Requests;

static void
count_rights_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Requests *requests = user_data;
  g_autoptr (GError) error = NULL;

  if (tm_temporary_directory_close_finish (TM_TEMPORARY_DIRECTORY (source), result, &error))
    requests->n_closed++;
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      requests->n_denied++;
    }
}

static gpointer
close_as_user_cb (gpointer data)
{
  Requests *requests = data;

  setfsuid (requests->user);
  for (guint i = 0; i < requests->directories->len; i++)
    tm_temporary_directory_close_async (g_ptr_array_index (requests->directories, i),
                                        G_PRIORITY_DEFAULT, NULL, count_rights_cb, requests);
  return NULL;
}

static void
requests_init (Requests *requests, const char *path, guint n, uid_t user)
{
  *requests = (Requests){ .user = user };
  requests->directories = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < n; i++)
    {
      TmTemporaryDirectory *directory = create (path);
      g_autofree char *file = child_path (directory, "file");

      make_file (file);
      g_ptr_array_add (requests->directories, directory);
    }
}

static void
requests_wait (Requests *requests)
{
  while (requests->n_closed + requests->n_denied < requests->directories->len)
    g_main_context_iteration (NULL, TRUE);
}

/* A thread makes more requests than there are threads. Their results arrive in the main context of
 * the first thread, which may do more, and runs the context later. */
static void
test_rights_of_another_thread (Sandbox *sandbox, gconstpointer data)
{
  Requests requests;

  if (skip_unless_root ())
    return;

  requests_init (&requests, sandbox->path, N_REQUESTS, TEST_UID);
  g_thread_join (g_thread_new ("other", close_as_user_cb, &requests));
  requests_wait (&requests);
  g_assert_cmpuint (requests.n_closed, ==, 0);
  g_ptr_array_unref (requests.directories);
}

/* The other way round: a request that waits in the queue of the first thread is not run by a thread
 * that another caller has started, which may do more. */
static void
test_rights_in_line (Sandbox *sandbox, gconstpointer data)
{
  Requests waiting, other;
  guint n_threads;

  if (skip_unless_root ())
    return;

  requests_init (&waiting, sandbox->path, N_REQUESTS, TEST_UID);
  requests_init (&other, sandbox->path, 1, 0);
  g_assert_true (g_main_context_acquire (NULL));
  n_threads = count_threads ();

  server_hang (TRUE);
  interpose (hang_cb, NULL);
  close_as_user_cb (&waiting);
  server_hang (FALSE);

  /* The requests that have a thread are done, and the others wait for this thread. */
  while (count_threads () > n_threads)
    g_usleep (1000);
  g_thread_join (g_thread_new ("other", close_as_user_cb, &other));
  while (count_threads () > n_threads)
    g_usleep (1000);

  g_main_context_release (NULL);
  requests_wait (&other);
  requests_wait (&waiting);
  interpose_end ();
  setfsuid (0);
  g_assert_cmpuint (other.n_closed, ==, 1);
  g_assert_cmpuint (waiting.n_closed, ==, 0);
  g_ptr_array_unref (other.directories);
  g_ptr_array_unref (waiting.directories);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* GLib starts a thread of its own for the first task of a process, and ends it where that fails.
   */
  g_type_ensure (G_TYPE_TASK);

  add_test ("/async-threads/no-pool", test_no_pool);
  g_test_add ("/async-threads/refused/EAGAIN", Sandbox, GINT_TO_POINTER (EAGAIN), sandbox_set_up,
              of_descriptors (test_refused), sandbox_tear_down);
  g_test_add ("/async-threads/refused/EPERM", Sandbox, GINT_TO_POINTER (EPERM), sandbox_set_up,
              of_descriptors (test_refused), sandbox_tear_down);
  add_test ("/async-threads/limited", of_descriptors (test_limited));
  add_test ("/async-threads/many", test_many);
  add_test ("/async-threads/hanging", of_descriptors (test_hanging));
  add_test ("/async-threads/priorities", of_descriptors (test_priorities));
  add_test ("/async-threads/urgent", of_descriptors (test_urgent));
  add_test ("/async-threads/rights", test_rights);
  add_test ("/async-threads/rights/of-another-thread", test_rights_of_another_thread);
  add_test ("/async-threads/rights/in-line", of_descriptors (test_rights_in_line));

  return g_test_run ();
}
