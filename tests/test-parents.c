/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The directory for temporary files stays open between the directories that are created in it. What
 * its path leads to can change meanwhile. */

#include "support/descriptors.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/mounts.h"
#include "support/roots.h"
#include "support/second-user.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_DIRECTORIES 100

static char *base;     /* contains the directory for temporary files */
static char *temp_dir; /* $TMPDIR of this program */

static void
create_and_close (const char *parent)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);

  close_successfully (directory);
}

/* Each test begins with an empty directory that the library has open. */
static void
set_up (Sandbox *sandbox, gconstpointer data)
{
  make_directory (temp_dir);
  create_and_close (temp_dir);
  if (library_has_descriptors ())
    g_assert_cmpint (find_descriptor (temp_dir), >=, 0);
}

static void
tear_down (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (base, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (base, name, NULL);

      delete_tree (path);
    }
}

static char *
move_temp_dir_away (void)
{
  char *moved = g_build_filename (base, "moved", NULL);

  g_assert_no_errno (g_rename (temp_dir, moved));
  return moved;
}

static void
assert_parent (TmTemporaryDirectory *directory, const char *parent)
{
  g_autofree char *found = g_path_get_dirname (tm_temporary_directory_get_path (directory));

  g_assert_cmpstr (found, ==, parent);
  g_assert_true (is_at_its_path (directory));
}

static void
test_one_descriptor (Sandbox *sandbox, gconstpointer data)
{
  guint n_open = count_open_descriptors ();

  for (guint i = 0; i < N_DIRECTORIES; i++)
    create_and_close (temp_dir);
  g_assert_cmpuint (count_open_descriptors (), ==, n_open);
}

/* Any other parent is closed: its file system can be unmounted. */
static void
test_others_are_closed (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *other = g_build_filename (base, "other", NULL);

  make_directory (other);
  create_and_close (other);
  g_assert_cmpint (find_descriptor (other), ==, -1);
  g_assert_cmpint (find_descriptor (temp_dir), >=, 0);
}

typedef struct
{
  const char *name;
  const char *path; /* (nullable): of the calls to count */
  guint n_calls;
} Counter;

static int
count_cb (const SystemCall *call, gpointer user_data)
{
  Counter *counter = user_data;

  if (g_str_has_prefix (call->name, counter->name) &&
      (counter->path == NULL || g_strcmp0 (call->path, counter->path) == 0))
    counter->n_calls++;
  return 0;
}

/* The use of another parent makes no difference. */
static void
test_beside_another (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *other = g_build_filename (base, "other", NULL);
  g_autoptr (TmTemporaryDirectory) there = NULL;
  g_autoptr (TmTemporaryDirectory) here = NULL;
  Counter counter = { .name = "open", .path = temp_dir };

  if (openat2_is_denied () || !kernel_names_mounts ())
    {
      g_test_skip ("the path is resolved every time without openat2() and numbers of mounts");
      return;
    }

  make_directory (other);
  there = create_in (other);
  interpose (count_cb, &counter);
  here = create_in (temp_dir);
  interpose_end ();
  g_assert_cmpuint (counter.n_calls, ==, 0);
  close_successfully (here);
  close_successfully (there);
}

/* Where a new directory cannot be verified by its status alone, the parent is not used again
 * without resolving its path: no directory is created in vain. */
static void
test_writable_by_others (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *other = g_build_filename (base, "other", NULL);
  g_autoptr (TmTemporaryDirectory) first = NULL;
  g_autoptr (TmTemporaryDirectory) second = NULL;
  Counter counter = { .name = "mkdirat" };

  make_directory (other);
  g_assert_no_errno (g_chmod (other, 0777));
  interpose (count_cb, &counter);
  first = create_in (other);
  second = create_in (other);
  interpose_end ();
  g_assert_cmpuint (counter.n_calls, ==, 2);
  close_successfully (second);
  close_successfully (first);
}

/* Another user has a new directory replaced, before it is opened. */
static int
replace_new_cb (const SystemCall *call, gpointer user_data)
{
  gboolean *is_replaced = user_data;
  g_autoptr (GDir) dir = NULL;
  g_autofree char *elsewhere = NULL;
  g_autofree char *path = NULL;

  if (*is_replaced || !g_str_has_prefix (call->name, "open") || count_entries (temp_dir) == 0)
    return 0;

  *is_replaced = TRUE;
  dir = g_dir_open (temp_dir, 0, NULL);
  path = g_build_filename (temp_dir, g_dir_read_name (dir), NULL);
  elsewhere = g_build_filename (base, "elsewhere", NULL);
  g_assert_no_errno (g_rename (path, elsewhere));
  g_assert_no_errno (g_mkdir (path, 0777));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  return 0;
}

/* A directory that is opened once can be used for a long time. Meanwhile its owner lets other users
 * write to it: one of them cannot make the library return a directory of theirs. @data: whether it
 * is a root */
static void
test_permissions_changed (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_replaced = FALSE;
  struct stat status;

  if (skip_unless_root ())
    return;

  if (GPOINTER_TO_INT (data))
    {
      g_autoptr (TmTemporaryDirectory) first = NULL;

      root = open_root (temp_dir, -1, TM_ROOT_FLAGS_NONE);
      first = tm_root_create_temp_dir (root, NULL, NULL);
      close_successfully (first);
    }

  g_assert_no_errno (g_chmod (temp_dir, 0777));
  interpose (replace_new_cb, &is_replaced);
  directory = root != NULL ? tm_root_create_temp_dir (root, NULL, &error) : create_in (temp_dir);
  interpose_end ();
  g_assert_no_error (error);
  g_assert_true (is_replaced);
  assert_parent (directory, temp_dir);
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmpuint (status.st_uid, ==, geteuid ());
  close_successfully (directory);
  g_assert_cmpuint (count_entries (temp_dir), ==, 0);
}

static void
test_moved (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *moved = move_temp_dir_away ();
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (temp_dir);
  directory = create_in (temp_dir);
  assert_parent (directory, temp_dir);
  g_assert_cmpuint (count_entries (moved), ==, 0);
}

/* The path of a new directory has no links, even if it leads to the same directory as before. */
static void
test_link (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *moved = move_temp_dir_away ();
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  g_assert_no_errno (symlink (moved, temp_dir));
  directory = create_in (temp_dir);
  assert_parent (directory, moved);
  g_assert_cmpuint (count_entries (moved), ==, 1);
}

static void
test_missing (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (temp_dir);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_rmdir (temp_dir));
  directory = tm_temporary_directory_new (parent, NULL, NULL, &error);
  g_assert_null (directory);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, temp_dir));

  make_directory (temp_dir);
  directory = create_in (temp_dir);
  assert_parent (directory, temp_dir);
}

static void
test_descriptor_closed (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  close (find_descriptor (temp_dir));
  directory = create_in (temp_dir);
  assert_parent (directory, temp_dir);
}

/* A daemon closes all descriptors: the next one that the library opens has the former number. */
static void
test_same_number (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GArray) lower = g_array_new (FALSE, FALSE, sizeof (int));
  int fd = find_descriptor (temp_dir);
  int other;

  if (openat2_is_denied ())
    {
      g_test_skip ("without openat2(), the path is resolved with other descriptors");
      return;
    }

  while ((other = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < fd)
    g_array_append_val (lower, other);
  close (other);

  for (guint i = 0; i < 3; i++)
    {
      TmTemporaryDirectory *directory;

      close (fd);
      directory = create_in (temp_dir);
      assert_parent (directory, temp_dir);
      close_successfully (directory);
      g_object_unref (directory);
      g_assert_true (descriptor_is (fd, temp_dir));
    }

  for (guint i = 0; i < lower->len; i++)
    close (g_array_index (lower, int, i));
}

/* Nothing is created in a directory that got the number of the descriptor. */
static void
test_descriptor_replaced (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *victim = g_build_filename (base, "victim", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  int fd = find_descriptor (temp_dir);
  struct stat before, after;

  make_directory (victim);
  close (replace_descriptor (fd, victim));
  g_assert_no_errno (stat (victim, &before));
  directory = create_in (temp_dir);
  assert_parent (directory, temp_dir);
  g_assert_no_errno (stat (victim, &after));
  g_assert_cmpint (before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
  g_assert_true (descriptor_is (fd, victim));
  close (fd);
}

/* A failure that has nothing to do with the parent is not tried again. */
static void
test_failure (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *prefix = g_strnfill (300, 'x');
  g_autoptr (GFile) parent = g_file_new_for_path (temp_dir);
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_temporary_directory_new (parent, prefix, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
  g_assert_cmpint (find_descriptor (temp_dir), >=, 0);
}

static void
forked_child (gpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (temp_dir);

  child_assert (directory != NULL && is_at_its_path (directory));
}

static void
test_forked (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (forked_child, NULL));
  g_assert_cmpuint (count_entries (temp_dir), ==, 0);
}

/* A file system that is mounted over the directory hides it. */
static void
mounted_child (gpointer data)
{
  g_autofree char *bind = g_build_filename (base, "bind", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (bind);
  child_assert (mount (temp_dir, bind, "", MS_BIND, "") == 0);
  child_assert (mount_tmpfs (temp_dir));
  directory = create_in (temp_dir);
  child_assert (directory != NULL && is_at_its_path (directory));
  child_assert (count_entries (bind) == 0);
}

static void
test_mounted (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounted_child, NULL), "no mount namespaces here");
}

/* A process that enters a namespace has the directory open through a mount of the former one. From
 * there, nothing can be renamed to a path of the new one. */
static void
entered_child (gpointer data)
{
  g_autofree char *path = g_build_filename (temp_dir, "published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  directory = create_in (temp_dir);
  child_assert (directory != NULL && is_at_its_path (directory));
  child_assert (
      tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, NULL));
  child_assert (g_file_test (path, G_FILE_TEST_IS_DIR));
  child_assert (count_entries (temp_dir) == 1);
}

static void
test_entered_namespace (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (entered_child, NULL), "no mount namespaces here");
}

/* Its files cannot be written any more by their path. */
static void
read_only_child (gpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (temp_dir);
  g_autoptr (GError) error = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  child_assert (mount (temp_dir, temp_dir, "", MS_BIND, "") == 0);
  child_assert (mount ("", temp_dir, "", MS_REMOUNT | MS_BIND | MS_RDONLY, "") == 0);
  child_assert (tm_temporary_directory_new (parent, NULL, NULL, &error) == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY));
  child_assert (count_entries (temp_dir) == 0);
}

static void
test_read_only (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (read_only_child, NULL), "no mount namespaces here");
}

static void
add_parent_test (const char *path, SandboxFunc function)
{
  g_test_add (path, Sandbox, NULL, set_up, on_this_platform (path, of_descriptors (function)),
              tear_down);
}

int
main (int argc, char **argv)
{
  g_autofree char *tmpdir = NULL;
  int result;

  /* Before GLib remembers the directory for temporary files. */
  base = g_strdup_printf ("%s/tempman-test-parents-XXXXXX",
                          g_getenv ("TMPDIR") != NULL ? g_getenv ("TMPDIR") : "/tmp");
  if (mkdtemp (base) == NULL)
    g_error ("Could not create %s", base);
  temp_dir = g_build_filename (base, "tmp", NULL);
  /* With a slash, as macOS sets it. */
  tmpdir = g_strconcat (temp_dir, G_DIR_SEPARATOR_S, NULL);
  g_setenv ("TMPDIR", tmpdir, TRUE);
  g_test_init (&argc, &argv, NULL);

  add_parent_test ("/parents/one-descriptor", test_one_descriptor);
  add_parent_test ("/parents/others-are-closed", test_others_are_closed);
  add_parent_test ("/parents/beside-another", test_beside_another);
  add_parent_test ("/parents/writable-by-others", test_writable_by_others);
  add_parent_test ("/parents/permissions-changed", test_permissions_changed);
  g_test_add ("/parents/permissions-changed/root", Sandbox, GINT_TO_POINTER (TRUE), set_up,
              on_this_platform ("/parents/permissions-changed/root",
                                of_descriptors (test_permissions_changed)),
              tear_down);
  add_parent_test ("/parents/moved", test_moved);
  add_parent_test ("/parents/link", test_link);
  add_parent_test ("/parents/missing", test_missing);
  add_parent_test ("/parents/descriptor-closed", test_descriptor_closed);
  add_parent_test ("/parents/same-number", test_same_number);
  add_parent_test ("/parents/descriptor-replaced", test_descriptor_replaced);
  add_parent_test ("/parents/failure", test_failure);
  add_parent_test ("/parents/forked", test_forked);
  add_parent_test ("/parents/mounted", test_mounted);
  add_parent_test ("/parents/entered-namespace", test_entered_namespace);
  add_parent_test ("/parents/read-only", test_read_only);

  result = g_test_run ();
  g_rmdir (base);
  return result;
}
