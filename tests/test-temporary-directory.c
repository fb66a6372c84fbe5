/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static TmTemporaryDirectory *
create (Sandbox *sandbox)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, "test", NULL, &error);

  g_assert_no_error (error);
  return directory;
}

static void
close_successfully (TmTemporaryDirectory *directory)
{
  g_autoptr (GError) error = NULL;
  gboolean closed = tm_temporary_directory_close (directory, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (closed);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
}

/* Reads a result as soon as it is there. */
static void
keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  guint n_descriptors = count_open_descriptors ();
  TmTemporaryDirectory *directory = create (sandbox);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GFile) child = tm_temporary_directory_get_child (directory, "x/y");
  g_autofree char *expected_child = g_build_filename (path, "x/y", NULL);
  struct stat by_path, by_fd;

  g_assert_true (g_str_has_prefix (path, sandbox->path));
  g_assert_true (g_regex_match_simple ("^test-[a-z2-7]{26}$", name, 0, 0));
  g_assert_cmpstr (g_file_peek_path (tm_temporary_directory_get_file (directory)), ==, path);
  g_assert_cmpstr (g_file_peek_path (child), ==, expected_child);
  g_assert_false (tm_temporary_directory_is_closed (directory));

  g_assert_no_errno (lstat (path, &by_path));
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &by_fd));
  g_assert_cmpuint (by_path.st_ino, ==, by_fd.st_ino);
  g_assert_cmphex (by_path.st_mode & 07777, ==, 01700);

  make_tree (path);
  close_successfully (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
  g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, path);

  g_assert_finalize_object (directory);
  g_assert_cmpuint (count_open_descriptors (), ==, n_descriptors);
}

static void
test_defaults (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory =
      tm_temporary_directory_new (NULL, NULL, NULL, &error);
  g_autoptr (GFile) parent = NULL;
  g_autofree char *name = NULL;
  g_autofree char *program = g_path_get_basename (g_get_prgname ());

  g_assert_no_error (error);
  g_object_get (directory, "parent", &parent, NULL);
  g_assert_cmpstr (g_file_peek_path (parent), ==, g_get_tmp_dir ());

  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_assert_true (g_str_has_prefix (name, program));
  close_successfully (directory);
}

static void
test_properties (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  g_autoptr (GFile) parent = NULL;
  g_autoptr (GFile) file = NULL;
  g_autofree char *prefix = NULL;
  g_autofree char *path = NULL;
  gboolean closed;
  int fd;

  g_object_get (directory, "parent", &parent, "prefix", &prefix, "file", &file, "path", &path, "fd",
                &fd, "closed", &closed, NULL);
  g_assert_cmpstr (g_file_peek_path (parent), ==, sandbox->path);
  g_assert_cmpstr (prefix, ==, "test");
  g_assert_true (file == tm_temporary_directory_get_file (directory));
  g_assert_cmpstr (path, ==, tm_temporary_directory_get_path (directory));
  g_assert_cmpint (fd, ==, tm_temporary_directory_get_fd (directory));
  g_assert_false (closed);
  close_successfully (directory);
}

static void
test_names_are_unique (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

      g_assert_true (
          g_hash_table_add (names, g_strdup (tm_temporary_directory_get_path (directory))));
    }
}

static void
test_close_twice (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

  close_successfully (directory);
  close_successfully (directory);
}

static gpointer
close_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (data, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
test_close_from_threads (Sandbox *sandbox, gconstpointer data)
{
  for (guint round = 0; round < 50; round++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
      GThread *threads[8];

      make_tree (tm_temporary_directory_get_path (directory));
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new (NULL, close_thread, directory);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

static void
test_last_unref (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directory = create (sandbox);

  make_tree (tm_temporary_directory_get_path (directory));
  g_assert_finalize_object (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_keep (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autoptr (GError) error = NULL;
  struct stat status;
  int fd;

  g_assert_true (tm_temporary_directory_keep (directory, &error));
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_no_errno (lstat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);

  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_EX | LOCK_NB));
  close (fd);

  close_successfully (directory);
  g_assert_false (tm_temporary_directory_keep (directory, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_true (path_exists (path));
}

static void
test_notify (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  guint n_notified = 0;

  g_signal_connect_swapped (directory, "notify::closed", G_CALLBACK (g_atomic_int_inc),
                            &n_notified);
  close_successfully (directory);
  close_successfully (directory);
  g_assert_cmpuint (n_notified, ==, 1);
}

static void
note_thread_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  *(GThread **) user_data = g_thread_self ();
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  GThread *notified_in = NULL;

  tm_temporary_directory_new_async (parent, NULL, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                    &created);
  directory = tm_temporary_directory_new_finish (wait_for_result (&created), &error);
  g_assert_no_error (error);
  make_tree (tm_temporary_directory_get_path (directory));
  g_signal_connect (directory, "notify::closed", G_CALLBACK (note_thread_cb), &notified_in);

  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &closed);
  g_assert_true (
      tm_temporary_directory_close_finish (directory, wait_for_result (&closed), &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);

  while (notified_in == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (notified_in == g_thread_self ());
}

/* Cancelled before the result is looked at, at a different moment each time: it is handed out or
 * it is gone. */
static void
test_cancel_creation (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);

  for (guint i = 0; i < 300; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      TmTemporaryDirectory *directory;
      GAsyncResult *result = NULL;
      g_autoptr (GError) error = NULL;

      tm_temporary_directory_new_async (parent, NULL, G_PRIORITY_DEFAULT, cancellable,
                                        keep_result_cb, &result);
      g_usleep (i);
      g_cancellable_cancel (cancellable);
      directory = tm_temporary_directory_new_finish (wait_for_result (&result), &error);
      g_clear_object (&result);

      if (directory == NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        {
          close_successfully (directory);
          g_object_unref (directory);
        }
    }

  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_cancel_close (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  make_tree (tm_temporary_directory_get_path (directory));
  g_cancellable_cancel (cancellable);
  g_assert_false (tm_temporary_directory_close (directory, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));

  close_successfully (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_removed_by_another (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

  g_assert_no_errno (g_rmdir (tm_temporary_directory_get_path (directory)));
  close_successfully (directory);
}

static void
test_renamed_away (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  g_autofree char *elsewhere = sandbox_path (sandbox, "elsewhere");
  g_autofree char *saved = g_build_filename (elsewhere, "file", NULL);

  g_assert_no_errno (g_rename (tm_temporary_directory_get_path (directory), elsewhere));
  make_file (saved);
  close_successfully (directory);
  g_assert_true (path_exists (saved));
}

/* Under the same name, too: it is the place that counts. */
static void
test_moved_to_another_parent (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  g_autofree char *archive = sandbox_path (sandbox, "archive");
  g_autofree char *name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_autofree char *elsewhere = g_build_filename (archive, name, NULL);
  g_autofree char *saved = g_build_filename (elsewhere, "file", NULL);

  make_directory (archive);
  g_assert_no_errno (g_rename (tm_temporary_directory_get_path (directory), elsewhere));
  make_file (saved);
  close_successfully (directory);
  g_assert_true (path_exists (saved));
}

static void
test_name_taken (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_rmdir (path));
  make_directory (path);
  make_file (victim);

  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_true (path_exists (victim));

  /* And when the name is free again, it can be closed. */
  g_assert_no_errno (g_unlink (victim));
  g_assert_no_errno (g_rmdir (path));
  close_successfully (directory);
}

static void
unref_child (gpointer data)
{
  g_object_unref (data);
}

static void
close_child (gpointer data)
{
  g_autoptr (GError) error = NULL;

  child_assert (!tm_temporary_directory_keep (data, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
  child_assert (tm_temporary_directory_close (data, NULL, NULL));
  child_assert (tm_temporary_directory_get_fd (data) == -1);
}

static void
test_fork (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  const char *path = tm_temporary_directory_get_path (directory);
  int fd;

  assert_success_in_child (run_in_child (unref_child, directory));
  assert_success_in_child (run_in_child (close_child, directory));
  g_assert_true (path_exists (path));

  /* Still locked, too. */
  fd = open (path, O_RDONLY);
  g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, -1);
  g_assert_cmpint (errno, ==, EWOULDBLOCK);
  close (fd);

  close_successfully (directory);
}

static void
test_uninitialized (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_temporary_directory_get_file (directory));
  g_assert_null (tm_temporary_directory_get_path (directory));
  g_assert_null (tm_temporary_directory_get_child (directory, "x"));
  g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_keep (directory, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
}

static void
assert_creation_fails (const char *parent_path, const char *prefix, int code, const char *named)
{
  g_autoptr (GFile) parent = g_file_new_for_path (parent_path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, prefix, NULL, &error);

  g_assert_error (error, G_IO_ERROR, code);
  g_assert_null (directory);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_bad_parent (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autofree char *file = sandbox_path (sandbox, "file");

  make_file (file);
  assert_creation_fails (missing, NULL, G_IO_ERROR_NOT_FOUND, missing);
  assert_creation_fails (file, NULL, G_IO_ERROR_NOT_DIRECTORY, file);
}

static void
bad_parent_child (gpointer data)
{
  const char *path = data;
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  child_assert (become_ordinary_user ());
  child_assert (tm_temporary_directory_new (parent, NULL, NULL, &error) == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, path) != NULL);
}

static void
test_unwritable_parent (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "closed");

  make_directory (path);
  g_assert_no_errno (g_chmod (path, 0555));
  assert_success_in_child (run_in_child (bad_parent_child, path));
  g_assert_no_errno (g_chmod (path, 0700));
}

static void
test_prefixes (Sandbox *sandbox, gconstpointer data)
{
  static const char *const good[] = { "", "new\nline", "bad \xff utf-8", "...", "a.b", "-" };
  g_autofree char *too_long = g_strnfill (300, 'n');
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);

  assert_creation_fails (sandbox->path, "../x", G_IO_ERROR_INVALID_FILENAME, "../x");
  assert_creation_fails (sandbox->path, "/x", G_IO_ERROR_INVALID_FILENAME, "/x");
  assert_creation_fails (sandbox->path, "x/", G_IO_ERROR_INVALID_FILENAME, "x/");
  assert_creation_fails (sandbox->path, ".", G_IO_ERROR_INVALID_FILENAME, ".");
  assert_creation_fails (sandbox->path, "..", G_IO_ERROR_INVALID_FILENAME, "..");
  assert_creation_fails (sandbox->path, too_long, G_IO_ERROR_INVALID_FILENAME, too_long);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent, good[i], NULL, &error);
      g_autofree char *name = NULL;

      g_assert_no_error (error);
      name = g_path_get_basename (tm_temporary_directory_get_path (directory));
      g_assert_true (g_str_has_prefix (name, good[i]));
      g_assert_true (g_file_has_prefix (tm_temporary_directory_get_file (directory), parent));
      g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
      close_successfully (directory);
    }
}

static void
umask_child (gpointer data)
{
  static const mode_t masks[] = { 0, 0777, 0077, 0277 };
  g_autoptr (GFile) parent = g_file_new_for_path (data);

  child_assert (become_ordinary_user ());
  for (guint i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;
      struct stat status;

      umask (masks[i]);
      directory = tm_temporary_directory_new (parent, NULL, NULL, NULL);
      child_assert (directory != NULL);
      child_assert (lstat (tm_temporary_directory_get_path (directory), &status) == 0);
      child_assert ((status.st_mode & 07777) == 01700);
      child_assert (tm_temporary_directory_close (directory, NULL, NULL));
    }
}

static void
test_umask (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (umask_child, sandbox->path));
}

static void
descriptors_child (gpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (data);
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  struct rlimit limit = { 64, 64 };
  g_autoptr (GError) error = NULL;

  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  while (error == NULL)
    {
      TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

      if (directory != NULL)
        g_ptr_array_add (directories, directory);
    }
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES));
  child_assert (directories->len > 30);

  /* What is there can be closed without a descriptor to spare. */
  for (guint i = 0; i < directories->len; i++)
    {
      g_autofree char *file = g_build_filename (
          tm_temporary_directory_get_path (directories->pdata[i]), "directory", NULL);

      child_assert (g_mkdir (file, 0700) == 0);
      child_assert (tm_temporary_directory_close (directories->pdata[i], NULL, NULL) || i == 0);
    }
  child_assert (tm_temporary_directory_close (directories->pdata[0], NULL, NULL));
}

static void
test_out_of_descriptors (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (descriptors_child, sandbox->path));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/temporary-directory/create", test_create);
  add_test ("/temporary-directory/defaults", test_defaults);
  add_test ("/temporary-directory/properties", test_properties);
  add_test ("/temporary-directory/names-are-unique", test_names_are_unique);
  add_test ("/temporary-directory/close/twice", test_close_twice);
  add_test ("/temporary-directory/close/from-threads", test_close_from_threads);
  add_test ("/temporary-directory/close/last-unref", test_last_unref);
  add_test ("/temporary-directory/close/notify", test_notify);
  add_test ("/temporary-directory/close/cancelled", test_cancel_close);
  add_test ("/temporary-directory/close/removed-by-another", test_removed_by_another);
  add_test ("/temporary-directory/close/renamed-away", test_renamed_away);
  add_test ("/temporary-directory/close/moved-to-another-parent", test_moved_to_another_parent);
  add_test ("/temporary-directory/close/name-taken", test_name_taken);
  add_test ("/temporary-directory/keep", test_keep);
  add_test ("/temporary-directory/async", test_async);
  add_test ("/temporary-directory/async/cancelled", test_cancel_creation);
  add_test ("/temporary-directory/fork", test_fork);
  add_test ("/temporary-directory/uninitialized", test_uninitialized);
  add_test ("/temporary-directory/bad/parent", test_bad_parent);
  add_test ("/temporary-directory/bad/unwritable-parent", test_unwritable_parent);
  add_test ("/temporary-directory/bad/prefixes", test_prefixes);
  add_test ("/temporary-directory/umask", test_umask);
  add_test ("/temporary-directory/out-of-descriptors", test_out_of_descriptors);

  return g_test_run ();
}
