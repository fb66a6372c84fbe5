/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The directory for temporary files stays open between the directories that are created in it. What
 * its path leads to can change meanwhile. */

#include "support/descriptors.h"
#include "support/directories.h"
#include "support/mounts.h"
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

/* Each test begins with an empty directory that the library has open. */
static void
set_up (Sandbox *sandbox, gconstpointer data)
{
  make_directory (temp_dir);
  close_successfully (create_in (temp_dir));
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
    close_successfully (create_in (temp_dir));
  g_assert_cmpuint (count_open_descriptors (), ==, n_open);
}

/* Any other parent is closed: its file system can be unmounted. */
static void
test_others_are_closed (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *other = g_build_filename (base, "other", NULL);

  make_directory (other);
  close_successfully (create_in (other));
  g_assert_cmpint (find_descriptor (other), ==, -1);
  g_assert_cmpint (find_descriptor (temp_dir), >=, 0);
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

static void
add_parent_test (const char *path, SandboxFunc function)
{
  g_test_add (path, Sandbox, NULL, set_up, of_descriptors (function), tear_down);
}

int
main (int argc, char **argv)
{
  int result;

  /* Before GLib remembers the directory for temporary files. */
  base = g_strdup_printf ("%s/tempman-test-parents-XXXXXX",
                          g_getenv ("TMPDIR") != NULL ? g_getenv ("TMPDIR") : "/tmp");
  if (mkdtemp (base) == NULL)
    g_error ("Could not create %s", base);
  temp_dir = g_build_filename (base, "tmp", NULL);
  g_setenv ("TMPDIR", temp_dir, TRUE);
  g_test_init (&argc, &argv, NULL);

  add_parent_test ("/parents/one-descriptor", test_one_descriptor);
  add_parent_test ("/parents/others-are-closed", test_others_are_closed);
  add_parent_test ("/parents/moved", test_moved);
  add_parent_test ("/parents/link", test_link);
  add_parent_test ("/parents/missing", test_missing);
  add_parent_test ("/parents/descriptor-closed", test_descriptor_closed);
  add_parent_test ("/parents/descriptor-replaced", test_descriptor_replaced);
  add_parent_test ("/parents/failure", test_failure);
  add_parent_test ("/parents/forked", test_forked);
  add_parent_test ("/parents/mounted", test_mounted);

  result = g_test_run ();
  g_rmdir (base);
  return result;
}
