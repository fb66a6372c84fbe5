/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Publishing on file systems that do not support all flags of a rename. */

#include "support/directories.h"
#include "support/fuse.h"
#include "support/support.h"

#include <string.h>
#include <sys/mount.h>
#include <tempman.h>
#include <unistd.h>

static void
assert_error (GError **error, int code, const char *reason)
{
  if (!g_error_matches (*error, G_IO_ERROR, code) || strstr ((*error)->message, reason) == NULL)
    {
      g_printerr ("%s\n", *error != NULL ? (*error)->message : "no error");
      _exit (1);
    }
  g_clear_error (error);
}

static TmTemporaryDirectory *
create_with_content (const char *parent)
{
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (file, "t", NULL, &error);
  g_autofree char *content = NULL;

  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
  content = child_path (directory, "content");
  make_file (content);
  return directory;
}

static gboolean
persist (TmTemporaryDirectory *directory, const char *path, TmPersistFlags flags, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  gboolean published = tm_temporary_directory_persist (directory, file, flags, NULL, error);

  child_assert (published == (*error == NULL));
  child_assert (published == tm_temporary_directory_is_closed (directory));
  return published;
}

/* A free name works with both flags, an existing directory with neither. */
static void
work_without_flags (const char *target)
{
  g_autofree char *published = g_build_filename (target, "published", NULL);
  g_autofree char *content = g_build_filename (published, "content", NULL);
  g_autofree char *empty = g_build_filename (target, "empty", NULL);
  g_autofree char *inside = NULL;
  g_autoptr (TmTemporaryDirectory) first = create_with_content (target);
  g_autoptr (TmTemporaryDirectory) second = create_with_content (target);
  g_autoptr (GError) error = NULL;

  make_directory (empty);
  persist (first, published, TM_PERSIST_FLAGS_NONE, &error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
  child_assert (path_exists (content));

  child_assert (!persist (second, empty, TM_PERSIST_FLAGS_NONE, &error));
  assert_error (&error, G_IO_ERROR_EXISTS, empty);
  child_assert (!persist (second, published, TM_PERSIST_FLAGS_NONE, &error));
  assert_error (&error, G_IO_ERROR_EXISTS, published);
  child_assert (!persist (second, published, TM_PERSIST_FLAGS_REPLACE, &error));
  assert_error (&error, G_IO_ERROR_NOT_SUPPORTED, "cannot replace the destination in one step");

  inside = child_path (second, "inside");
  child_assert (!persist (second, inside, TM_PERSIST_FLAGS_NONE, &error));
  assert_error (&error, G_IO_ERROR_INVALID_ARGUMENT, "the destination is inside the directory");

  child_assert (tm_temporary_directory_close (second, NULL, NULL));
  child_assert (path_exists (content));
  child_assert (count_entries (target) >= 2);
}

static void
test_bindfs (Sandbox *sandbox, gconstpointer data)
{
  test_on_bindfs (sandbox->path, NULL, work_without_flags);
}

static void
test_ntfs (Sandbox *sandbox, gconstpointer data)
{
  test_on_ntfs (sandbox->path, work_without_flags);
}

static void
test_sshfs (Sandbox *sandbox, gconstpointer data)
{
  test_on_sshfs (sandbox->path, work_without_flags);
}

static void
overlay_child (gpointer data)
{
  g_autofree char *lower = g_build_filename (data, "layers/lower", NULL);
  g_autofree char *upper = g_build_filename (data, "layers/upper", NULL);
  g_autofree char *work = g_build_filename (data, "layers/work", NULL);
  g_autofree char *layers = g_path_get_dirname (lower);
  g_autofree char *target = g_build_filename (data, "target", NULL);
  g_autofree char *in_lower = g_build_filename (lower, "published/old", NULL);
  g_autofree char *published = g_build_filename (target, "published", NULL);
  g_autofree char *old = g_build_filename (published, "old", NULL);
  g_autofree char *other = g_build_filename (target, "other", NULL);
  g_autofree char *options =
      g_strdup_printf ("redirect_dir=off,lowerdir=%s,upperdir=%s,workdir=%s%s", lower, upper, work,
                       geteuid () == 0 ? "" : ",userxattr");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  make_directory (layers);
  make_directory (target);
  if (!enter_mount_namespace () || !mount_tmpfs (layers))
    _exit (CHILD_CANNOT);
  make_directory (upper);
  make_directory (work);
  make_directory (in_lower);
  if (mount ("none", target, "overlay", 0, options) < 0)
    _exit (CHILD_CANNOT);

  directory = create_with_content (target);
  child_assert (!persist (directory, published, TM_PERSIST_FLAGS_REPLACE, &error));
  assert_error (&error, G_IO_ERROR_NOT_SUPPORTED,
                "the overlay file system cannot rename a directory of a lower layer");
  child_assert (path_exists (old));
  child_assert (persist (directory, other, TM_PERSIST_FLAGS_REPLACE, &error));
}

/* The error for another file system, on the same one. */
static void
test_overlay (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (overlay_child, sandbox->path), "no overlay here");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/persist-file-systems/bindfs", of_descriptors (test_bindfs));
  add_test ("/persist-file-systems/ntfs", of_descriptors (test_ntfs));
  add_test ("/persist-file-systems/sshfs", of_descriptors (test_sshfs));
  add_test ("/persist-file-systems/overlay", of_descriptors (test_overlay));

  return g_test_run ();
}
