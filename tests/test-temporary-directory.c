/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support/directories.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  guint n_descriptors = count_open_descriptors ();
  TmTemporaryDirectory *directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GFile) child = tm_temporary_directory_get_child (directory, "x/y");
  g_autofree char *expected_child = g_build_filename (path, "x/y", NULL);
  struct stat by_path, by_fd;
  int fd = tm_temporary_directory_get_fd (directory);

  g_assert_true (g_str_has_prefix (path, sandbox->path));
  g_assert_true (g_regex_match_simple ("^t-0?[a-z2-7]{20}$", name, 0, 0));
  g_assert_cmpstr (g_file_peek_path (tm_temporary_directory_get_file (directory)), ==, path);
  g_assert_cmpstr (g_file_peek_path (child), ==, expected_child);
  g_assert_false (tm_temporary_directory_is_closed (directory));

  g_assert_no_errno (lstat (path, &by_path));
  assert_in_use (path);
  g_assert_cmpint (fd >= 0, ==, library_has_descriptors ());
  if (library_has_descriptors ())
    {
      g_assert_no_errno (fstat (fd, &by_fd));
      g_assert_cmpuint (by_path.st_ino, ==, by_fd.st_ino);
    }

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
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GFile) parent = NULL;
  g_autoptr (GFile) file = NULL;
  g_autofree char *prefix = NULL;
  g_autofree char *path = NULL;
  gboolean closed;
  int fd;

  g_object_get (directory, "parent", &parent, "prefix", &prefix, "file", &file, "path", &path, "fd",
                &fd, "closed", &closed, NULL);
  g_assert_cmpstr (g_file_peek_path (parent), ==, sandbox->path);
  g_assert_cmpstr (prefix, ==, "t");
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
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

      g_assert_true (
          g_hash_table_add (names, g_strdup (tm_temporary_directory_get_path (directory))));
    }
}

static void
test_keep (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autoptr (GError) error = NULL;
  struct stat status;
  int fd;

  g_assert_true (tm_temporary_directory_keep (directory, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_no_errno (lstat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);

  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_EX | LOCK_NB));
  close (fd);

  g_assert_true (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_true (path_exists (path));
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
  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
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

/* CVE-2026-44705, CVE-2025-7039 */
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

/* CVE-2020-8908 */
static void
test_umask (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (umask_child, sandbox->path));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/temporary-directory/create", test_create);
  add_test ("/temporary-directory/defaults", test_defaults);
  add_test ("/temporary-directory/properties", test_properties);
  add_test ("/temporary-directory/names-are-unique", test_names_are_unique);
  add_test ("/temporary-directory/keep", test_keep);
  add_test ("/temporary-directory/async", test_async);
  add_test ("/temporary-directory/uninitialized", test_uninitialized);
  add_test ("/temporary-directory/bad/parent", test_bad_parent);
  add_test ("/temporary-directory/bad/unwritable-parent", test_unwritable_parent);
  add_test ("/temporary-directory/bad/prefixes", test_prefixes);
  add_test ("/temporary-directory/umask", test_umask);

  return g_test_run ();
}
