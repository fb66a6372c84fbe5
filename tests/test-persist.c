/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Publishing a temporary directory under another name. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/persist.h"
#include "support/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  int error_number;
  const char *path;                /* (nullable) */
  void (*make) (const char *path); /* before the plain rename, which is the second call */
  guint n_renames;
} Rename;

/* Errors of a file system that does not support the flags, or no rename of this kind. */
static int
refuse_rename_cb (const SystemCall *call, gpointer user_data)
{
  Rename *refused = user_data;

  if (!g_str_equal (call->name, "renameat2"))
    return 0;

  if (refused->n_renames++ == 1 && refused->make != NULL)
    refused->make (refused->path);
  /* A file system that does not support the flags can rename without them. */
  return call->flags != 0 || refused->error_number == EXDEV ? refused->error_number : 0;
}

static void
test_persist (Sandbox *sandbox, gconstpointer data)
{
  guint n_descriptors = count_open_descriptors ();
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  TmTemporaryDirectory *directory = create_with_content (parent);
  const char *old_path = tm_temporary_directory_get_path (directory);
  GFile *old_file = tm_temporary_directory_get_file (directory);
  g_autofree char *old_path_copy = g_strdup (old_path);
  struct stat status;
  int fd;

  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);

  /* A path that was returned before stays valid. */
  g_assert_cmpstr (old_path, ==, old_path_copy);
  g_assert_cmpstr (g_file_peek_path (old_file), ==, old_path_copy);

  g_assert_no_errno (lstat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_EX | LOCK_NB));
  close (fd);
  g_assert_cmpuint (count_entries (parent), ==, 0);

  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_finalize_object (directory);
  g_assert_true (has_content (path));
  g_assert_cmpuint (count_open_descriptors (), ==, n_descriptors);
}

static void
modes_child (gpointer data)
{
  static const mode_t modes[] = { 0755, 0555, 0500, 0000, 0400, 0100, 02755, 01777, 01700 };
  g_autofree char *parent = g_build_filename (data, "temporary", NULL);
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (GFile) parent_file = g_file_new_for_path (parent);
  g_autoptr (GFile) destination = g_file_new_for_path (path);

  child_assert (become_ordinary_user ());
  make_directory (parent);
  /* Each one replaces the previous one, which may deny access. */
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent_file, NULL, NULL, NULL);
      struct stat status;

      child_assert (fchmod (tm_temporary_directory_get_fd (directory), modes[i]) == 0);
      child_assert (tm_temporary_directory_persist (directory, destination,
                                                    TM_PERSIST_FLAGS_REPLACE, NULL, NULL));
      child_assert (lstat (path, &status) == 0);
      /* The sticky bit belongs to the library, also in a directory that others may write to. */
      child_assert ((status.st_mode & 07777) == (modes[i] & 06777));
      child_assert (count_entries (parent) == 0);
    }
}

/* A directory must be writable to be moved: the library makes it writable for the rename. */
static void
test_modes (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (modes_child, sandbox->path));
}

/* A link on the way is followed, as the caller wants; a link at the end never is. */
static void
test_through_link (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *real = sandbox_path (sandbox, "real");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *path = g_build_filename (link, "published", NULL);
  g_autofree char *real_path = g_build_filename (real, "published", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);

  make_directory (real);
  g_assert_no_errno (symlink ("real", link));
  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);
  g_assert_true (has_content (real_path));
}

static void
test_own_name (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));

  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
}

static void
test_bad_destinations (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *inside = g_build_filename (path, "new", NULL);
  g_autofree char *deep = g_build_filename (path, "a", NULL);
  g_autofree char *inside_deep = g_build_filename (deep, "new", NULL);
  g_autofree char *content = g_build_filename (path, "content", NULL);
  g_autofree char *missing = sandbox_path (sandbox, "missing/published");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *below_file = g_build_filename (file, "published", NULL);
  g_autofree char *long_name = g_strnfill (300, 'n');
  g_autofree char *too_long = sandbox_path (sandbox, long_name);

  make_directory (deep);
  make_file (file);
  for (TmPersistFlags flags = TM_PERSIST_FLAGS_NONE; flags <= TM_PERSIST_FLAGS_REPLACE; flags++)
    {
      gboolean replace = flags == TM_PERSIST_FLAGS_REPLACE;

      assert_persist_fails (directory, inside, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_persist_fails (directory, inside_deep, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_persist_fails (directory, content, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_persist_fails (directory, deep, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_persist_fails (directory, parent, flags,
                            replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, sandbox->path, flags,
                            replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, "/", flags,
                            replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, missing, flags, G_IO_ERROR_NOT_FOUND);
      assert_persist_fails (directory, below_file, flags, G_IO_ERROR_NOT_DIRECTORY);
      assert_persist_fails (directory, too_long, flags, G_IO_ERROR_INVALID_FILENAME);
    }

  g_assert_true (has_content (path));
  close_successfully (directory);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

static void
test_not_native (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);
  g_autoptr (GFile) destination = g_file_new_for_uri ("http://example.org/published");
  g_autoptr (GError) error = NULL;

  g_assert_false (
      tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  close_successfully (directory);
}

/* The file system decides about the flags. Without them, no destination is replaced. */
static void
test_unsupported (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { EINVAL, ENOSYS, EOPNOTSUPP };
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *file = g_build_filename (path, "file", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);
  Rename refused = { 0 };

  interpose (refuse_rename_cb, &refused);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      refused.error_number = errors[i];
      make_file (path);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_no_errno (g_unlink (path));
      g_assert_no_errno (symlink ("nowhere", path));
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_no_errno (g_unlink (path));
      make_directory (path);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_SUPPORTED);
      make_file (file);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_no_errno (g_unlink (file));
      g_assert_no_errno (g_rmdir (path));
    }

  /* As between two quotas. */
  refused.error_number = EXDEV;
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_SUPPORTED);
  interpose_end ();
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
}

/* A file system that supports no flags can rename to a free name. */
static void
test_without_flags (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { EINVAL, ENOSYS, EOPNOTSUPP };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (errors); i++)
    {
      g_autofree char *parent = temporary_parent (sandbox);
      g_autofree char *name = g_strdup_printf ("published-%u", i);
      g_autofree char *path = sandbox_path (sandbox, name);
      g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
      Rename refused = { .error_number = errors[i / 2] };

      interpose (refuse_rename_cb, &refused);
      assert_persists (directory, path,
                       i % 2 == 0 ? TM_PERSIST_FLAGS_NONE : TM_PERSIST_FLAGS_REPLACE);
      interpose_end ();
      g_assert_cmpuint (count_entries (parent), ==, 0);
    }
}

/* The kernel also returns EINVAL for a rename that no file system allows. */
static void
test_bad_destinations_without_flags (Sandbox *sandbox, gconstpointer data)
{
  Rename refused = { .error_number = EINVAL };

  interpose (refuse_rename_cb, &refused);
  test_bad_destinations (sandbox, data);
  interpose_end ();
}

static void
make_full_directory (const char *path)
{
  g_autofree char *file = g_build_filename (path, "file", NULL);

  make_directory (path);
  make_file (file);
}

/* A rename without flags replaces only an empty directory. */
static void
test_comes_without_flags (Sandbox *sandbox, gconstpointer data)
{
  static void (*const makers[]) (const char *path) = { make_file, make_full_directory };
  g_autofree char *path = sandbox_path (sandbox, "published");
  Rename refused = { .path = path, .error_number = EINVAL };

  interpose (refuse_rename_cb, &refused);
  for (guint i = 0; i < G_N_ELEMENTS (makers); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);

      refused.make = makers[i];
      /* Without renameat2(), there is no call with a flag before the plain one. */
      refused.n_renames = library_has_linux_calls () ? 0 : 1;
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      g_assert_cmpuint (refused.n_renames, ==, 2);
      g_assert_true (path_exists (path));
      delete_tree (path);
    }
  interpose_end ();
}

static void
mounts_child (gpointer data)
{
  g_autofree char *other = g_build_filename (data, "other", NULL);
  g_autofree char *bound = g_build_filename (data, "bound", NULL);
  g_autofree char *in_other = g_build_filename (other, "published", NULL);
  g_autofree char *in_bound = g_build_filename (bound, "published", NULL);
  g_autofree char *source = g_build_filename (data, "source", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  /* Opened only now: an earlier descriptor would be one of another mount. */
  directory = create_with_content (data);
  make_directory (other);
  make_directory (bound);
  make_directory (source);
  child_assert (mount_tmpfs (other));
  child_assert (mount (source, bound, "", MS_BIND, "") == 0);
  for (TmPersistFlags flags = TM_PERSIST_FLAGS_NONE; flags <= TM_PERSIST_FLAGS_REPLACE; flags++)
    {
      assert_persist_fails (directory, in_other, flags, G_IO_ERROR_NOT_SUPPORTED);
      assert_persist_fails (directory, in_bound, flags, G_IO_ERROR_NOT_SUPPORTED);
    }
  assert_persist_fails (directory, other, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
  assert_persist_fails (directory, other, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_BUSY);
  close_successfully (directory);
}

static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounts_child, sandbox->path), "no mount namespaces here");
}

static void
permissions_child (gpointer data)
{
  g_autofree char *closed = g_build_filename (data, "closed", NULL);
  g_autofree char *path = g_build_filename (closed, "published", NULL);
  g_autofree char *there = g_build_filename (closed, "there", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  child_assert (become_ordinary_user ());
  directory = create_with_content (data);
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_PERMISSION_DENIED);
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_PERMISSION_DENIED);
  assert_persist_fails (directory, there, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_PERMISSION_DENIED);
  close_successfully (directory);
}

static void
test_permissions (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *closed = sandbox_path (sandbox, "closed");
  g_autofree char *there = g_build_filename (closed, "there", NULL);

  make_directory (there);
  g_assert_no_errno (g_chmod (closed, 0555));
  assert_success_in_child (run_in_child (permissions_child, sandbox->path));
  g_assert_no_errno (g_chmod (closed, 0755));
}

/* Only the directory that was created is published, and only from its original place. */
static void
test_moved_and_taken (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *elsewhere = g_build_filename (parent, "elsewhere", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
  const char *own = tm_temporary_directory_get_path (directory);
  g_autofree char *name = g_path_get_basename (own);
  g_autofree char *archive = sandbox_path (sandbox, "archive");
  g_autofree char *archived = g_build_filename (archive, name, NULL);

  g_assert_no_errno (g_rename (own, elsewhere));
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  make_directory (own);
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_FOUND);
  g_assert_false (path_exists (path));

  /* Nor from another place, even under the same name. */
  g_assert_no_errno (g_rmdir (own));
  make_directory (archive);
  g_assert_no_errno (g_rename (elsewhere, archived));
  assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);

  g_assert_no_errno (g_rename (archived, own));
  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);
}

static void
fork_child (gpointer data)
{
  g_autoptr (GFile) destination = g_file_new_for_path ("/nowhere/published");
  g_autoptr (GError) error = NULL;

  child_assert (
      !tm_temporary_directory_persist (data, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
}

static void
test_states (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *again = sandbox_path (sandbox, "again");
  g_autoptr (TmTemporaryDirectory) raw = g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GFile) other = g_file_new_for_path (again);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (
      tm_temporary_directory_persist (raw, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);

  assert_success_in_child (run_in_child (fork_child, directory));

  g_cancellable_cancel (cancellable);
  g_assert_false (tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE,
                                                  cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_is_closed (directory));

  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);
  g_assert_false (
      tm_temporary_directory_persist (directory, other, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* At the moment of the rename the mark is removed and the lock held; if the process dies right
 * after it, that holds. */
static void
check_mark (gpointer user_data)
{
  TmTemporaryDirectory *directory = user_data;
  struct stat status;
  int fd;

  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
  fd = openat (tm_temporary_directory_get_fd (directory), ".", O_RDONLY);
  g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, -1);
  close (fd);
}

/* Right after the rename: the library makes no further call. */
static int
die_after_rename_cb (const SystemCall *call, gpointer user_data)
{
  static gboolean is_renamed = FALSE;

  if (is_renamed)
    _exit (42);
  is_renamed = g_str_equal (call->name, "renameat2");
  return 0;
}

static void
dying_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  TmTemporaryDirectory *directory = create_with_content (data);

  interpose (die_after_rename_cb, NULL);
  tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, NULL);
}

static void
test_mark (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autofree char *checked = sandbox_path (sandbox, "checked");
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);

  attack_before ("renameat2", 0, check_mark, directory);
  assert_persists (directory, checked, TM_PERSIST_FLAGS_NONE);
  g_assert_cmpuint (attack_end (), ==, 1);

  g_assert_cmpint (run_in_child (dying_child, sandbox->path), ==, 42);
  g_assert_true (has_content (path));
  assert_cleanup (root, 0);
  g_assert_true (has_content (path));
}

static GThread *main_thread;

static void
count_notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_assert_true (g_thread_self () == main_thread);
  (*(guint *) user_data)++;
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);
  g_autoptr (GAsyncResult) failed = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint n_file = 0;
  guint n_path = 0;
  guint n_closed = 0;

  g_signal_connect (directory, "notify::file", G_CALLBACK (count_notify_cb), &n_file);
  g_signal_connect (directory, "notify::path", G_CALLBACK (count_notify_cb), &n_path);
  g_signal_connect (directory, "notify::closed", G_CALLBACK (count_notify_cb), &n_closed);

  make_directory (path);
  tm_temporary_directory_persist_async (directory, destination, TM_PERSIST_FLAGS_NONE,
                                        G_PRIORITY_DEFAULT, NULL, keep_result_cb, &failed);
  g_assert_false (
      tm_temporary_directory_persist_finish (directory, wait_for_result (&failed), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);

  tm_temporary_directory_persist_async (directory, destination, TM_PERSIST_FLAGS_REPLACE,
                                        G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  g_assert_true (
      tm_temporary_directory_persist_finish (directory, wait_for_result (&result), &error));
  g_assert_no_error (error);
  g_assert_true (has_content (path));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_file, ==, 1);
  g_assert_cmpuint (n_path, ==, 1);
  g_assert_cmpuint (n_closed, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  main_thread = g_thread_self ();

  add_test ("/persist/plain", test_persist);
  add_test ("/persist/modes", of_descriptors (test_modes));
  add_test ("/persist/through-link", test_through_link);
  add_test ("/persist/own-name", test_own_name);
  add_test ("/persist/bad-destinations", test_bad_destinations);
  add_test ("/persist/not-native", test_not_native);
  add_test ("/persist/unsupported", of_descriptors (test_unsupported));
  add_test ("/persist/without-flags", of_descriptors (test_without_flags));
  add_test ("/persist/bad-destinations-without-flags",
            of_descriptors (test_bad_destinations_without_flags));
  add_test ("/persist/comes-without-flags", of_descriptors (test_comes_without_flags));
  add_test ("/persist/mounts", of_descriptors (test_mounts));
  add_test ("/persist/permissions", of_descriptors (test_permissions));
  add_test ("/persist/moved-and-taken", test_moved_and_taken);
  add_test ("/persist/states", test_states);
  add_test ("/persist/mark", of_descriptors (test_mark));
  add_test ("/persist/async", of_descriptors (test_async));

  return g_test_run ();
}
