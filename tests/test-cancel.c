/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Cancellation before, between and after all the system calls of an operation, one after the other:
 * each created directory is returned or deleted again, and each entry that is reported as deleted
 * is deleted. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"
#include "support/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The longest time to wait for a call that the library may never make. */
#define PATIENCE (20 * G_USEC_PER_SEC)

/* How often an operation was cancelled in time, and how often too late. Both have to occur, or the
 * moments of the cancellation were wrong. */
typedef struct
{
  guint n_cancelled;
  guint n_completed;
} Count;

static void
count (Count *count, gboolean completed, const GError *error)
{
  if (completed)
    {
      g_assert_no_error (error);
      count->n_completed++;
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      count->n_cancelled++;
    }
}

static void
assert_seen_both (const Count *count, guint n_calls)
{
  g_test_message ("%u calls, cancelled %u times, completed %u times", n_calls, count->n_cancelled,
                  count->n_completed);
  g_assert_cmpuint (count->n_cancelled, >, 0);
  g_assert_cmpuint (count->n_completed, >, 0);
}

static void
cancel_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/* Between the end of the operation and the check of its result. */
static void
cancel_and_keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gpointer *data = user_data;

  g_cancellable_cancel (data[0]);
  keep_result_cb (source, result, data[1]);
}

static guint
count_entries_with_prefix (const char *path, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix))
      n++;
  return n;
}

/* Takes @directory over. */
static void
assert_handed_out_or_gone (const char *parent, TmTemporaryDirectory *directory)
{
  g_assert_cmpuint (count_entries_with_prefix (parent, "t-"), ==, directory != NULL ? 1 : 0);
  if (directory != NULL)
    {
      g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
      close_successfully (directory);
      g_object_unref (directory);
    }
}

/* A directory whose creation was cancelled is deleted with its last reference, perhaps in another
 * thread. */
static void
wait_until_gone (const char *parent)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  while (count_entries_with_prefix (parent, "t-") > 0 && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (100);
    }
  g_assert_cmpuint (count_entries_with_prefix (parent, "t-"), ==, 0);
}

/* The ways to create a directory, in or without a root. */
typedef struct
{
  GFile *parent;
  TmRoot *root; /* (nullable) */
} Creator;

static TmTemporaryDirectory *
creator_create (const Creator *creator, GCancellable *cancellable, GError **error)
{
  return creator->root != NULL
             ? tm_root_create_temp_dir (creator->root, cancellable, error)
             : tm_temporary_directory_new (creator->parent, "t", cancellable, error);
}

static void
creator_start (const Creator *creator,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  if (creator->root != NULL)
    tm_root_create_temp_dir_async (creator->root, G_PRIORITY_DEFAULT, cancellable, callback,
                                   user_data);
  else
    tm_temporary_directory_new_async (creator->parent, "t", G_PRIORITY_DEFAULT, cancellable,
                                      callback, user_data);
}

static TmTemporaryDirectory *
creator_finish (const Creator *creator, GAsyncResult *result, GError **error)
{
  return creator->root != NULL ? tm_root_create_temp_dir_finish (creator->root, result, error)
                               : tm_temporary_directory_new_finish (result, error);
}

static void
make_old_tree (const char *parent, const char *name)
{
  g_autofree char *path = g_build_filename (parent, name, NULL);
  g_autofree char *below = g_build_filename (path, "below", NULL);
  g_autofree char *file = g_build_filename (below, "file", NULL);

  make_directory (below);
  make_file (file);
  make_old (path, 2 * HOUR);
}

static void
cancel_creation (const Creator *creator)
{
  const char *parent = g_file_peek_path (creator->parent);
  Count seen = { 0, 0 };
  guint n_calls = 0;

  for (guint nth = 0; nth <= n_calls; nth++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      TmTemporaryDirectory *directory;

      make_old_tree (parent, "old");
      attack_before (NULL, nth, cancel_cb, cancellable);
      directory = creator_create (creator, cancellable, &error);
      n_calls = attack_end ();
      count (&seen, directory != NULL, error);
      assert_handed_out_or_gone (parent, directory);
    }

  assert_seen_both (&seen, n_calls);
}

static void
cancel_async_creation (const Creator *creator)
{
  const char *parent = g_file_peek_path (creator->parent);
  Count seen = { 0, 0 };
  guint n_calls = 0;

  for (guint nth = 0; nth <= n_calls; nth++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      GAsyncResult *result = NULL;
      TmTemporaryDirectory *directory;

      make_old_tree (parent, "old");
      attack_before (NULL, nth, cancel_cb, cancellable);
      creator_start (creator, cancellable, keep_result_cb, &result);
      directory = creator_finish (creator, wait_for_result (&result), &error);
      g_clear_object (&result);
      n_calls = attack_end ();
      count (&seen, directory != NULL, error);
      assert_handed_out_or_gone (parent, directory);
    }

  assert_seen_both (&seen, n_calls);
}

static void
cancel_created (const Creator *creator)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gpointer data[] = { cancellable, &result };
  TmTemporaryDirectory *directory;

  creator_start (creator, cancellable, cancel_and_keep_result_cb, data);
  directory = creator_finish (creator, wait_for_result (&result), &error);
  g_assert_no_error (error);
  assert_handed_out_or_gone (g_file_peek_path (creator->parent), directory);
}

/* A caller that was itself cancelled never calls finish(). */
static void
drop_created (const Creator *creator)
{
  const char *parent = g_file_peek_path (creator->parent);
  GAsyncResult *result = NULL;

  creator_start (creator, NULL, keep_result_cb, &result);
  wait_for_result (&result);
  g_assert_cmpuint (count_entries_with_prefix (parent, "t-"), ==, 1);
  g_clear_object (&result);
  wait_until_gone (parent);
}

static int
count_made_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "mkdirat"))
    g_atomic_int_inc ((gint *) user_data);
  return 0;
}

static void
create_without_callback (const Creator *creator)
{
  gint n_made = 0;

  interpose (count_made_cb, &n_made);
  creator_start (creator, NULL, NULL, NULL);
  wait_for_number (&n_made, 1);
  g_assert_cmpint (g_atomic_int_get (&n_made), ==, 1);
  wait_until_gone (g_file_peek_path (creator->parent));
  interpose_end ();
}

typedef void (*CreatorFunc) (const Creator *creator);

static void
with_creators (Sandbox *sandbox, CreatorFunc function)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);

  tm_root_set_prefix (root, "t");
  function (&(Creator){ parent, NULL });
  function (&(Creator){ parent, root });
}

static void
test_creation (Sandbox *sandbox, gconstpointer data)
{
  with_creators (sandbox, cancel_creation);
}

static void
test_async_creation (Sandbox *sandbox, gconstpointer data)
{
  with_creators (sandbox, cancel_async_creation);
}

static void
test_created (Sandbox *sandbox, gconstpointer data)
{
  with_creators (sandbox, cancel_created);
}

static void
test_result_dropped (Sandbox *sandbox, gconstpointer data)
{
  with_creators (sandbox, drop_created);
}

static void
test_without_callback (Sandbox *sandbox, gconstpointer data)
{
  with_creators (sandbox, create_without_callback);
}

/* The object, the disk and the result agree. */
static void
assert_closed_or_open (TmTemporaryDirectory *directory, gboolean closed)
{
  const char *path = tm_temporary_directory_get_path (directory);

  g_assert_cmpint (tm_temporary_directory_is_closed (directory), ==, closed);
  g_assert_cmpint (path_exists (path), ==, !closed);
  if (!closed)
    {
      assert_in_use (path);
      close_successfully (directory);
    }
}

static void
test_close (Sandbox *sandbox, gconstpointer data)
{
  Count seen = { 0, 0 };
  guint n_calls = 0;

  for (guint nth = 0; nth <= n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      gboolean closed;

      make_tree (tm_temporary_directory_get_path (directory));
      attack_before (NULL, nth, cancel_cb, cancellable);
      closed = tm_temporary_directory_close (directory, cancellable, &error);
      n_calls = attack_end ();
      count (&seen, closed, error);
      assert_closed_or_open (directory, closed);
    }

  assert_seen_both (&seen, n_calls);
}

static void
test_async_close (Sandbox *sandbox, gconstpointer data)
{
  Count seen = { 0, 0 };
  guint n_calls = 0;

  for (guint nth = 0; nth <= n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      gboolean closed;

      make_tree (tm_temporary_directory_get_path (directory));
      attack_before (NULL, nth, cancel_cb, cancellable);
      tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, cancellable,
                                          keep_result_cb, &result);
      closed = tm_temporary_directory_close_finish (directory, wait_for_result (&result), &error);
      n_calls = attack_end ();
      count (&seen, closed, error);
      assert_closed_or_open (directory, closed);
    }

  assert_seen_both (&seen, n_calls);
}

static void
test_closed (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gpointer data_of_callback[] = { cancellable, &result };

  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, cancellable,
                                      cancel_and_keep_result_cb, data_of_callback);
  g_assert_true (
      tm_temporary_directory_close_finish (directory, wait_for_result (&result), &error));
  g_assert_no_error (error);
  assert_closed_or_open (directory, TRUE);
}

/* One thread that deletes, and another that waits for it. */
typedef struct
{
  TmTemporaryDirectory *directory;
  GCancellable *deleter_cancellable;
  GCancellable *waiter_cancellable;
  GThread *waiter; /* atomic */
  gint deleter_is_in;
  gint waiter_is_in;
  gint waiter_is_back;
  gint cancels_deleter; /* else the waiter */
} Pair;

/* At the first system call of the deletion. */
static int
hold_deleter_cb (const SystemCall *call, gpointer user_data)
{
  Pair *pair = user_data;

  if (!g_atomic_int_compare_and_exchange (&pair->deleter_is_in, FALSE, TRUE))
    return 0;

  wait_for_number (&pair->waiter_is_in, TRUE);
  /* The waiter needs time to get from there into the call. */
  g_usleep (2000);

  if (pair->cancels_deleter)
    g_cancellable_cancel (pair->deleter_cancellable);
  else
    {
      g_cancellable_cancel (pair->waiter_cancellable);
      wait_for_number (&pair->waiter_is_back, TRUE);
    }
  return 0;
}

static gpointer
waiter_thread (gpointer data)
{
  Pair *pair = data;
  g_autoptr (GError) error = NULL;
  gboolean closed;

  wait_for_number (&pair->deleter_is_in, TRUE);
  g_atomic_int_set (&pair->waiter_is_in, TRUE);
  closed = tm_temporary_directory_close (pair->directory, pair->waiter_cancellable, &error);
  g_atomic_int_set (&pair->waiter_is_back, TRUE);

  if (pair->cancels_deleter)
    {
      g_assert_no_error (error);
      g_assert_true (closed);
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_false (closed);
    }
  return NULL;
}

static void
close_as_pair (Sandbox *sandbox, gboolean cancels_deleter)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GCancellable) deleter_cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) waiter_cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Pair pair = {
    .directory = directory,
    .deleter_cancellable = deleter_cancellable,
    .waiter_cancellable = waiter_cancellable,
    .cancels_deleter = cancels_deleter,
  };
  GThread *thread;
  gboolean closed;

  make_tree (tm_temporary_directory_get_path (directory));
  interpose (hold_deleter_cb, &pair);
  thread = g_thread_new ("waiter", waiter_thread, &pair);
  closed = tm_temporary_directory_close (directory, deleter_cancellable, &error);
  g_thread_join (thread);
  interpose_end ();

  g_assert_cmpint (closed, ==, !cancels_deleter);
  if (closed)
    g_assert_no_error (error);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_closed_or_open (directory, TRUE);
}

/* A cancelled call that waits for another thread's deletion returns. */
static void
test_waiting (Sandbox *sandbox, gconstpointer data)
{
  close_as_pair (sandbox, FALSE);
}

/* The cancellation of one call does not cancel the other, which takes over the deletion. */
static void
test_taken_over (Sandbox *sandbox, gconstpointer data)
{
  close_as_pair (sandbox, TRUE);
}

/* Three expired entries, a young one and one in use. */
typedef struct
{
  TmRoot *root;
  TmTemporaryDirectory *live;
  char *young; /* (owned) */
} Population;

static void
population_make_old (Population *population)
{
  const char *path = g_file_peek_path (tm_root_get_directory (population->root));

  make_old_tree (path, "old-1");
  make_old_tree (path, "old-2");
  make_old_tree (path, "old-3");
}

static void
assert_swept (Population *population, gssize n_deleted)
{
  const char *path = g_file_peek_path (tm_root_get_directory (population->root));
  guint n_left = count_entries_with_prefix (path, "old-");

  g_assert_true (path_exists (population->young));
  g_assert_true (path_exists (tm_temporary_directory_get_path (population->live)));
  if (n_deleted >= 0)
    {
      g_assert_cmpint (n_deleted, ==, 3);
      g_assert_cmpuint (n_left, ==, 0);
    }
}

static void
test_cleanup (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) live = create_in (sandbox->path);
  g_autofree char *young = sandbox_path (sandbox, "young");
  Population population = { root, live, young };
  Count seen = { 0, 0 };
  guint n_calls = 0;

  make_directory (young);
  for (guint nth = 0; nth <= n_calls; nth++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      gssize n_deleted;

      population_make_old (&population);
      attack_before (NULL, nth, cancel_cb, cancellable);
      n_deleted = tm_root_cleanup (root, cancellable, &error);
      n_calls = attack_end ();
      count (&seen, n_deleted >= 0, error);
      assert_swept (&population, n_deleted);
    }

  assert_seen_both (&seen, n_calls);
}

static void
test_async_cleanup (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) live = create_in (sandbox->path);
  g_autofree char *young = sandbox_path (sandbox, "young");
  Population population = { root, live, young };
  Count seen = { 0, 0 };
  guint n_calls = 0;

  make_directory (young);
  for (guint nth = 0; nth <= n_calls; nth++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      gssize n_deleted;

      population_make_old (&population);
      attack_before (NULL, nth, cancel_cb, cancellable);
      tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, cancellable, keep_result_cb, &result);
      n_deleted = tm_root_cleanup_finish (root, wait_for_result (&result), &error);
      n_calls = attack_end ();
      count (&seen, n_deleted >= 0, error);
      assert_swept (&population, n_deleted);
    }

  assert_seen_both (&seen, n_calls);
}

/* Nothing was deleted, and no lock is left: the next cleanup deletes all of them. */
static void
test_before (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *inside = child_path (directory, "inside");
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autoptr (GFile) missing_file = g_file_new_for_path (missing);
  Count seen = { 0, 0 };

  make_file (inside);
  make_old_tree (sandbox->path, "old");
  g_cancellable_cancel (cancellable);

#define assert_cancelled(expression)                                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GError) error = NULL;                                                               \
    gboolean completed = expression;                                                               \
                                                                                                   \
    count (&seen, completed, error);                                                               \
  }                                                                                                \
  G_STMT_END

  assert_cancelled (tm_temporary_directory_new (parent, NULL, cancellable, &error) != NULL);
  assert_cancelled (tm_temporary_directory_close (directory, cancellable, &error));
  assert_cancelled (tm_root_create_temp_dir (root, cancellable, &error) != NULL);
  assert_cancelled (tm_root_cleanup (root, cancellable, &error) >= 0);
  assert_cancelled (
      tm_root_new (missing_file, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, cancellable, &error) != NULL);
#undef assert_cancelled

  g_assert_cmpuint (seen.n_cancelled, ==, 5);
  g_assert_true (path_exists (inside));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 2);
  assert_cleanup (root, 1);
  close_successfully (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/cancel/before", test_before);
  add_test ("/cancel/creation", of_descriptors (test_creation));
  add_test ("/cancel/creation/async", of_descriptors (test_async_creation));
  add_test ("/cancel/creation/when-created", test_created);
  add_test ("/cancel/creation/result-dropped", test_result_dropped);
  add_test ("/cancel/creation/without-callback", of_descriptors (test_without_callback));
  add_test ("/cancel/close", test_close);
  add_test ("/cancel/close/async", test_async_close);
  add_test ("/cancel/close/when-closed", test_closed);
  add_test ("/cancel/close/while-waiting", test_waiting);
  add_test ("/cancel/close/taken-over", test_taken_over);
  add_test ("/cancel/cleanup", test_cleanup);
  add_test ("/cancel/cleanup/async", test_async_cleanup);

  return g_test_run ();
}
