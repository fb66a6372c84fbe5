/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support/directories.h"
#include "support/roots.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *name = NULL;

  g_assert_null (tm_root_get_prefix (root));
  tm_root_set_prefix (root, "mine");
  g_assert_cmpstr (tm_root_get_prefix (root), ==, "mine");
  directory = create_under (root);
  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_assert_true (g_str_has_prefix (name, "mine-"));
  g_assert_true (g_file_has_prefix (tm_temporary_directory_get_file (directory),
                                    tm_root_get_directory (root)));
  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_properties (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, INFINITY, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_autoptr (GFile) directory = NULL;
  g_autofree char *prefix = NULL;
  TmRootFlags flags;
  double timeout;

  g_object_set (root, "prefix", "p", NULL);
  g_object_get (root, "directory", &directory, "timeout", &timeout, "flags", &flags, "prefix",
                &prefix, NULL);
  g_assert_true (directory == tm_root_get_directory (root));
  g_assert_cmpstr (g_file_peek_path (directory), ==, sandbox->path);
  g_assert_true (isinf (timeout) && isinf (tm_root_get_timeout (root)));
  g_assert_cmpuint (flags, ==, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_assert_cmpuint (flags, ==, tm_root_get_flags (root));
  g_assert_cmpstr (prefix, ==, "p");
}

static void
count_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  guint *n_messages = user_data;

  (*n_messages)++;
}

static gboolean
is_fatal_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  return FALSE;
}

/* Returns how often GLib complained when @lease was set by the setter and by the property. */
static guint
set_bad_lease (TmRoot *root, double lease)
{
  static const char *const domains[] = { "Tempman", "GLib-GObject" };
  guint handlers[G_N_ELEMENTS (domains)];
  guint n_messages = 0;

  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    handlers[i] =
        g_log_set_handler (domains[i], G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL, count_cb, &n_messages);
  g_test_log_set_fatal_handler (is_fatal_cb, NULL);
  tm_root_set_lease (root, lease);
  g_object_set (root, "lease", lease, NULL);
  g_test_log_set_fatal_handler (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    g_log_remove_handler (domains[i], handlers[i]);
  return n_messages;
}

static void
test_lease (Sandbox *sandbox, gconstpointer data)
{
  static const double bad[] = { -1, -INFINITY, -0.001, NAN };
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) constructed = g_object_new (TM_TYPE_ROOT, "lease", 30.5, NULL);
  guint n_notified = 0;
  double lease;

  g_assert_cmpfloat (tm_root_get_lease (root), ==, TM_DEFAULT_LEASE);
  g_assert_cmpfloat (tm_root_get_lease (constructed), ==, 30.5);
  g_signal_connect_swapped (root, "notify::lease", G_CALLBACK (g_atomic_int_inc), &n_notified);

  tm_root_set_lease (root, TM_DEFAULT_LEASE);
  g_assert_cmpuint (n_notified, ==, 0);
  tm_root_set_lease (root, 60.25);
  g_object_set (root, "lease", 60.25, NULL);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_get (root, "lease", &lease, NULL);
  g_assert_cmpfloat (lease, ==, 60.25);
  tm_root_set_lease (root, 0);
  g_assert_cmpfloat (tm_root_get_lease (root), ==, 0);
  g_object_set (root, "lease", INFINITY, NULL);
  g_assert_true (isinf (tm_root_get_lease (root)));
  g_assert_cmpuint (n_notified, ==, 3);
  assert_cleanup (root, 0);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_cmpuint (set_bad_lease (root, bad[i]), ==, 2);
      g_assert_true (isinf (tm_root_get_lease (root)));
    }
  g_assert_cmpuint (n_notified, ==, 3);
}

static gpointer
set_lease_thread (gpointer root)
{
  for (guint i = 0; i < 20000; i++)
    tm_root_set_lease (root, i % 2 == 0 ? INFINITY : 0);
  return NULL;
}

static void
test_lease_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  GThread *thread;

  tm_root_set_lease (root, 0);
  thread = g_thread_new ("setter", set_lease_thread, root);
  for (guint i = 0; i < 20000; i++)
    {
      double lease = tm_root_get_lease (root);

      g_assert_true (isinf (lease) || lease == 0);
    }
  g_thread_join (thread);
}

static void
test_limits (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) constructed =
      g_object_new (TM_TYPE_ROOT, "max-entries", G_MAXUINT, "max-size", G_MAXUINT64,
                    "min-free-space", G_MAXUINT64 - 1, NULL);
  guint n_notified[3] = { 0 };
  guint max_entries;
  guint64 max_size, min_free_space;

  g_assert_cmpuint (tm_root_get_max_entries (constructed), ==, G_MAXUINT);
  g_assert_cmpuint (tm_root_get_max_size (constructed), ==, G_MAXUINT64);
  g_assert_cmpuint (tm_root_get_min_free_space (constructed), ==, G_MAXUINT64 - 1);
  g_assert_cmpuint (tm_root_get_max_entries (root), ==, 0);
  g_assert_cmpuint (tm_root_get_max_size (root), ==, 0);
  g_assert_cmpuint (tm_root_get_min_free_space (root), ==, 0);

  g_signal_connect_swapped (root, "notify::max-entries", G_CALLBACK (g_atomic_int_inc),
                            &n_notified[0]);
  g_signal_connect_swapped (root, "notify::max-size", G_CALLBACK (g_atomic_int_inc),
                            &n_notified[1]);
  g_signal_connect_swapped (root, "notify::min-free-space", G_CALLBACK (g_atomic_int_inc),
                            &n_notified[2]);
  tm_root_set_max_entries (root, 0);
  tm_root_set_max_size (root, 0);
  tm_root_set_min_free_space (root, 0);
  g_assert_cmpuint (n_notified[0] + n_notified[1] + n_notified[2], ==, 0);

  tm_root_set_max_entries (root, 20);
  tm_root_set_max_size (root, G_GUINT64_CONSTANT (1) << 40);
  tm_root_set_min_free_space (root, G_GUINT64_CONSTANT (1) << 41);
  g_object_get (root, "max-entries", &max_entries, "max-size", &max_size, "min-free-space",
                &min_free_space, NULL);
  g_assert_cmpuint (max_entries, ==, 20);
  g_assert_cmpuint (max_size, ==, G_GUINT64_CONSTANT (1) << 40);
  g_assert_cmpuint (min_free_space, ==, G_GUINT64_CONSTANT (1) << 41);

  g_object_set (root, "max-entries", 20u, "max-size", G_GUINT64_CONSTANT (1) << 40,
                "min-free-space", G_GUINT64_CONSTANT (1) << 41, NULL);
  g_assert_cmpuint (n_notified[0], ==, 1);
  g_assert_cmpuint (n_notified[1], ==, 1);
  g_assert_cmpuint (n_notified[2], ==, 1);
}

static gpointer
set_limits_thread (gpointer root)
{
  for (guint i = 0; i < 20000; i++)
    {
      tm_root_set_max_entries (root, i % 2 == 0 ? G_MAXUINT : 0);
      tm_root_set_max_size (root, i % 2 == 0 ? G_MAXUINT64 : 0);
      tm_root_set_min_free_space (root, i % 2 == 0 ? G_MAXUINT64 : 0);
    }
  return NULL;
}

/* A number of 64 bits takes two instructions on a machine of 32. */
static void
test_limits_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  GThread *thread = g_thread_new ("setter", set_limits_thread, root);

  for (guint i = 0; i < 20000; i++)
    {
      guint max_entries = tm_root_get_max_entries (root);
      guint64 max_size = tm_root_get_max_size (root);
      guint64 min_free_space = tm_root_get_min_free_space (root);

      g_assert_true (max_entries == G_MAXUINT || max_entries == 0);
      g_assert_true (max_size == G_MAXUINT64 || max_size == 0);
      g_assert_true (min_free_space == G_MAXUINT64 || min_free_space == 0);
    }
  g_thread_join (thread);
}

/* On a local file system no entry is watched, whatever its state. */
static void
test_watch_time (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autoptr (TmRoot) uninitialized = g_object_new (TM_TYPE_ROOT, NULL);
  g_autoptr (TmTemporaryDirectory) G_GNUC_UNUSED directory = create_under (root);

  g_assert_cmpfloat (tm_root_get_watch_time (uninitialized), ==, 0);
  g_assert_cmpfloat (tm_root_get_watch_time (root), ==, 0);
  tm_root_set_lease (root, 0);
  assert_cleanup (root, 0);
  g_assert_cmpfloat (tm_root_get_watch_time (root), ==, 0);
}

static void
assert_root_fails (const char *path, double timeout, TmRootFlags flags, int code)
{
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  TmRoot *root = tm_root_new (directory, timeout, flags, NULL, &error);

  g_assert_error (error, G_IO_ERROR, code);
  g_assert_null (root);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_bad_roots (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autofree char *file = sandbox_path (sandbox, "file");

  make_file (file);
  assert_root_fails (missing, 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  assert_root_fails (file, 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails (file, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails ("/", 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_root_fails (sandbox->path, NAN, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_create_directory (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) directory = sandbox_file (sandbox, "a/b/c");
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root =
      tm_root_new (directory, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
  struct stat status;

  g_assert_no_error (error);
  g_assert_true (g_file_equal (tm_root_get_directory (root), directory));
  g_assert_no_errno (lstat (g_file_peek_path (directory), &status));
  g_assert_cmphex (status.st_mode & 0777, ==, 0700);
}

static void
umask_child (gpointer data)
{
  static const char *const made[] = { "a", "a/b", "a/b/c" };
  const char *base = data;
  g_autofree char *path = g_build_filename (base, "a", "b", "c", NULL);
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (TmTemporaryDirectory) temporary = NULL;
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  umask (0777);
  root = tm_root_new (directory, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, NULL);
  child_assert (root != NULL);

  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autofree char *one = g_build_filename (base, made[i], NULL);
      struct stat status;

      child_assert (lstat (one, &status) == 0);
      child_assert ((status.st_mode & 0777) == 0700);
    }

  temporary = tm_root_create_temp_dir (root, NULL, NULL);
  child_assert (temporary != NULL);
  child_assert (tm_temporary_directory_close (temporary, NULL, NULL));

  g_clear_object (&root);
  root = tm_root_new (directory, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, NULL);
  child_assert (root != NULL);
}

/* A umask takes no permission from the owner of a new directory, the directories above the root
 * included. */
static void
test_create_directory_umask (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (umask_child, sandbox->path));
}

static void
test_uninitialized (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = g_object_new (TM_TYPE_ROOT, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_root_get_directory (root));
  g_assert_cmpfloat (tm_root_get_timeout (root), ==, TM_NO_TIMEOUT);
  g_assert_null (tm_root_get_prefix (root));
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_false (g_initable_init (G_INITABLE (root), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) cleaned = NULL;
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  tm_root_new_async (file, HOUR, TM_ROOT_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                     &opened);
  root = tm_root_new_finish (wait_for_result (&opened), &error);
  g_assert_no_error (error);

  tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &cleaned);
  g_assert_cmpint (tm_root_cleanup_finish (root, wait_for_result (&cleaned), &error), ==, 1);
  g_assert_no_error (error);
  g_assert_false (path_exists (old));

  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &created);
  directory = tm_root_create_temp_dir_finish (root, wait_for_result (&created), &error);
  g_assert_no_error (error);
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
}

/* CVE-2025-71176: the link is resolved once: changing it leads neither new directories nor the
 * cleanup elsewhere. */
static void
test_link_is_pinned (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *real = sandbox_path (sandbox, "real");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (link);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (real);
  make_directory (treasure);
  make_old (treasure, HOUR);
  g_assert_no_errno (symlink (real, link));
  root = tm_root_new (file, 0, TM_ROOT_FLAGS_NONE, NULL, NULL);
  g_assert_nonnull (root);

  g_assert_no_errno (g_unlink (link));
  g_assert_no_errno (symlink (victim, link));
  assert_cleanup (root, 0);
  g_assert_true (path_exists (treasure));
  directory = create_under (root);
  g_assert_true (g_str_has_prefix (tm_temporary_directory_get_path (directory), real));
}

/* A path that does not lead to its directory is not returned. */
static void
test_replaced_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  make_directory (path);
  root = tm_root_new (file, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE, NULL, NULL);
  g_assert_no_errno (g_rename (path, moved));
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  make_directory (path);
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_cmpuint (count_entries (path) + count_entries (moved), ==, 0);

  g_assert_no_errno (g_rmdir (moved));
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* CVE-2025-71176 */
static void
test_foreign_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "foreign");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *mine = sandbox_path (sandbox, "mine");

  if (skip_unless_root ())
    return;

  make_directory (path);
  make_directory (mine);
  g_assert_no_errno (symlink (mine, link));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  g_assert_no_errno (lchown (link, TEST_UID, TEST_UID));
  assert_root_fails (path, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_PERMISSION_DENIED);
  assert_root_fails (link, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_PERMISSION_DENIED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/root/create", test_create);
  add_test ("/root/properties", test_properties);
  add_test ("/root/lease", test_lease);
  add_test ("/root/lease-threads", test_lease_threads);
  add_test ("/root/limits", test_limits);
  add_test ("/root/limits-threads", test_limits_threads);
  add_test ("/root/watch-time", of_descriptors (test_watch_time));
  add_test ("/root/async", test_async);
  add_test ("/root/uninitialized", test_uninitialized);
  add_test ("/root/bad", test_bad_roots);
  add_test ("/root/create-directory", test_create_directory);
  add_test ("/root/create-directory-umask", of_descriptors (test_create_directory_umask));
  add_test ("/root/link-is-pinned", of_descriptors (test_link_is_pinned));
  add_test ("/root/replaced", of_descriptors (test_replaced_root));
  add_test ("/root/foreign-owner", of_descriptors (test_foreign_root));

  return g_test_run ();
}
