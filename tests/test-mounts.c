/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* File systems that are mounted in a directory that is deleted, and file systems that contain
 * it. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void
mounts_child (gpointer data)
{
  const char *path = data;
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *bind = NULL;
  g_autofree char *tmpfs = NULL;
  g_autofree char *file = NULL;
  g_autofree char *other = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  child_assert (make_mountable (victim));
  make_file (treasure);
  directory = create_in (path);
  bind = child_path (directory, "a/b/bind");
  tmpfs = child_path (directory, "a/tmpfs");
  file = child_path (directory, "a/file");
  other = child_path (directory, "a/b/other");
  make_directory (bind);
  make_directory (tmpfs);
  make_file (file);
  make_tree (other);
  child_assert (mount (victim, bind, "", MS_BIND, "") == 0);
  child_assert (mount_tmpfs (tmpfs));
  child_assert (mount (treasure, file, "", MS_BIND, "") == 0);

  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  child_assert (strstr (error->message, bind) != NULL || strstr (error->message, tmpfs) != NULL ||
                strstr (error->message, file) != NULL);
  child_assert (path_exists (treasure));
  child_assert (!path_exists (other));

  child_assert (umount (bind) == 0 && umount (tmpfs) == 0 && umount (file) == 0);
  close_successfully (directory);
}

/* GNU rm -rf empties them. */
static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounts_child, sandbox->path), "no mount namespaces here");
}

static void
ignored_mounts_child (gpointer data)
{
  const char *path = data;
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *bind = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  ignore_mounts (TRUE);
  child_assert (make_mountable (victim));
  make_file (treasure);
  directory = create_in (path);
  bind = child_path (directory, "bind");
  make_directory (bind);
  child_assert (mount (victim, bind, "", MS_BIND, "") == 0);

  /* The kernel does not remove the mount point itself. */
  child_assert (!tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!path_exists (treasure));
  child_assert (umount (bind) == 0);
  close_successfully (directory);
}

/* The control: with neither the flag of openat2() nor a comparison of devices, the library empties
 * what is mounted. */
static void
test_ignored_mounts (Sandbox *sandbox, gconstpointer data)
{
  if (library_has_linux_calls () && openat2_is_denied ())
    {
      g_test_skip ("the library reads the mounts in /proc");
      return;
    }

  skip_or_assert_success (run_in_child (ignored_mounts_child, sandbox->path),
                          "no mount namespaces here");
}

/* A mount point in a root is not an entry, and no error. */
static void
mounted_entries_child (gpointer data)
{
  const char *path = data;
  g_autofree char *root_path = g_build_filename (path, "root", NULL);
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *bind = g_build_filename (root_path, "bind", NULL);
  g_autofree char *tmpfs = g_build_filename (root_path, "tmpfs", NULL);
  g_autofree char *old = g_build_filename (root_path, "old", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  child_assert (make_mountable (victim));
  make_file (treasure);
  make_directory (bind);
  make_directory (tmpfs);
  make_directory (old);
  child_assert (mount (victim, bind, "", MS_BIND, "") == 0);
  child_assert (mount_tmpfs (tmpfs));
  child_assert (g_chmod (tmpfs, 0700) == 0);
  make_old (victim, 2 * HOUR);
  make_old (tmpfs, 2 * HOUR);
  make_old (old, 2 * HOUR);

  root = open_root (root_path, HOUR, TM_ROOT_FLAGS_NONE);
  child_assert (tm_root_cleanup (root, NULL, &error) == 1 && error == NULL);
  child_assert (path_exists (treasure) && path_exists (tmpfs) && !path_exists (old));
}

static void
test_mounted_entries (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounted_entries_child, sandbox->path),
                          "no mount namespaces here");
}

static void
busy_entry_child (gpointer data)
{
  const char *path = data;
  g_autofree char *root_path = g_build_filename (path, "root", NULL);
  g_autofree char *old = g_build_filename (root_path, "old", NULL);
  g_autofree char *tmpfs = g_build_filename (old, "tmpfs", NULL);
  g_autoptr (TmRoot) root = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (tmpfs);
  child_assert (mount_tmpfs (tmpfs));
  make_old (old, 2 * HOUR);
  root = open_root (root_path, HOUR, TM_ROOT_FLAGS_NONE);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      child_assert (tm_root_cleanup (root, NULL, &error) == -1);
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
      child_assert (strstr (error->message, tmpfs) != NULL);
    }

  child_assert (umount (tmpfs) == 0);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

/* An entry that cannot be deleted is not younger because the cleanup has read it. */
static void
test_busy_entries (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (busy_entry_child, sandbox->path),
                          "no mount namespaces here");
}

static void
mounted_modes_child (gpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (data);
  g_autofree char *victim = g_build_filename (data, "victim", NULL);
  g_autofree char *bind = child_path (directory, "bind");
  g_autoptr (GError) error = NULL;
  struct stat status;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  child_assert (make_mountable (victim));
  make_directory (bind);
  child_assert (g_chmod (victim, 0) == 0);
  child_assert (mount (victim, bind, "", MS_BIND, "") == 0);
  child_assert (drop_access_to_everything ());
  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  child_assert (lstat (victim, &status) == 0 && (status.st_mode & 07777) == 0);
}

/* Nor is the mode of a mounted directory repaired. */
static void
test_mounted_modes (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounted_modes_child, sandbox->path),
                          "no mount namespaces here");
}

typedef struct
{
  const char *source;
  const char *target;
} MountAttack;

static void
mount_cb (gpointer user_data)
{
  const MountAttack *attack = user_data;

  mount (attack->source, attack->target, "", MS_BIND, "");
}

static void
mount_moved_in_child (gpointer data)
{
  const char *base = data;
  g_autofree char *victim = g_build_filename (base, "victim", NULL);
  gboolean was_busy = FALSE;
  guint n_calls = 1;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  mount_tmpfs (base);
  child_assert (make_mountable (victim));
  lay_out (victim);

  for (guint nth = 0; nth < n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (base);
      g_autofree char *inner = child_path (directory, "1");
      g_autoptr (GError) error = NULL;
      MountAttack attack = { victim, inner };

      lay_out (tm_temporary_directory_get_path (directory));
      attack_before (NULL, nth, mount_cb, &attack);
      tm_temporary_directory_close (directory, NULL, &error);
      n_calls = attack_end ();
      child_assert (is_whole (victim));

      /* Too late: the mount point was removed before, or is removed with its mount. */
      if (error == NULL)
        continue;

      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
      was_busy = TRUE;
      child_assert (umount (inner) == 0);
      close_successfully (directory);
    }
  child_assert (was_busy);
}

/* CVE-2019-3461 */
static void
test_mount_moved_in (Sandbox *sandbox, gconstpointer data)
{
  int status = run_in_child (mount_moved_in_child, sandbox->path);

  if (status == CHILD_CANNOT)
    g_test_skip ("no mount namespaces here");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
without_proc_child (gpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (data);
  g_autofree char *tree = child_path (directory, "tree");
  g_autofree char *file = child_path (directory, "file");
  g_autoptr (GError) error = NULL;

  if (!enter_mount_namespace () || !mount_tmpfs ("/proc"))
    _exit (CHILD_CANNOT);

  make_tree (tree);
  make_file (file);
  tm_temporary_directory_close (directory, NULL, &error);
  if (openat2_is_denied ())
    {
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
      child_assert (path_exists (tree) && !path_exists (file));
    }
  else
    child_assert (error == NULL);
}

/* If a mount point cannot be detected, no directory is entered. */
static void
test_without_proc (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (without_proc_child, sandbox->path),
                          "no mount namespaces here");
}

static ino_t
get_inode (const char *path)
{
  struct stat status;

  child_assert (lstat (path, &status) == 0);
  return status.st_ino;
}

/* In a tmpfs of its own, creates a directory with the number that @inode has in another one. */
static char *
make_with_inode (const char *place, ino_t inode)
{
  make_directory (place);
  child_assert (mount_tmpfs (place));
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *path = g_build_filename (place, name, NULL);

      make_directory (path);
      if (get_inode (path) == inode)
        return g_steal_pointer (&path);
    }

  _exit (CHILD_CANNOT);
}

static void
same_inode_child (gpointer data)
{
  const char *base = data;
  g_autofree char *elsewhere = g_build_filename (base, "elsewhere", NULL);
  g_autofree char *moved = g_build_filename (base, "moved", NULL);
  g_autofree char *kept = g_build_filename (moved, "kept", NULL);
  g_autofree char *twin = NULL;
  g_autofree char *treasure = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  const char *path;

  if (!enter_mount_namespace () || !mount_tmpfs (base))
    _exit (CHILD_CANNOT);

  directory = create_in (base);
  path = tm_temporary_directory_get_path (directory);
  twin = make_with_inode (elsewhere, get_inode (path));
  treasure = g_build_filename (twin, "treasure", NULL);
  make_file (treasure);
  child_assert (g_rename (path, moved) == 0);
  make_file (kept);
  make_directory (path);
  child_assert (mount (twin, path, "", MS_BIND, "") == 0);

  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  /* GIO does not tell a mount point from another directory. */
  child_assert (g_error_matches (
      error, G_IO_ERROR, library_has_descriptors () ? G_IO_ERROR_BUSY : G_IO_ERROR_NOT_FOUND));
  child_assert (path_exists (kept) && path_exists (treasure));
}

/* A number identifies a file only together with that of its device. */
static void
test_same_inode (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (same_inode_child, sandbox->path),
                          "no file with the number of another can be made here");
}

static void
overlay_child (gpointer data)
{
  const char *base = data;
  g_autofree char *lower = g_build_filename (base, "lower", NULL);
  g_autofree char *lower_tree = g_build_filename (lower, "old", NULL);
  g_autofree char *lower_file = g_build_filename (lower_tree, "plain", NULL);
  g_autofree char *lower_probe = g_build_filename (lower, "probe", NULL);
  g_autofree char *merged = g_build_filename (base, "merged", NULL);
  g_autofree char *probe = g_build_filename (merged, "probe", NULL);
  g_autofree char *old = g_build_filename (merged, "old", NULL);
  g_autofree char *added = g_build_filename (old, "a", "added", NULL);
  g_autofree char *removed = g_build_filename (old, "plain", NULL);
  g_autofree char *upper = g_build_filename (base, "upper", NULL);
  g_autofree char *whiteouts = g_build_filename (upper, "old", NULL);
  g_autofree char *moved = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  if (!enter_mount_namespace () || !mount_tmpfs (base))
    _exit (CHILD_CANNOT);

  make_tree (lower_tree);
  make_directory (lower_probe);
  /* Not every lower file system, and not every user, allows an overlay to remove a directory. */
  if (!mount_overlay (base, lower, merged) || g_rmdir (probe) < 0)
    _exit (CHILD_CANNOT);

  /* A directory that is created there, and whose removed files leave whiteouts behind. */
  directory = create_in (merged);
  make_tree (tm_temporary_directory_get_path (directory));
  close_successfully (directory);

  /* A directory that is in both layers, with a file of the lower one already removed. */
  make_file (added);
  child_assert (g_unlink (removed) == 0);
  make_old (old, 2 * HOUR);
  root = open_root (merged, HOUR, TM_ROOT_FLAGS_NONE);
  child_assert (tm_root_cleanup (root, NULL, &error) == 1 && error == NULL);
  child_assert (count_entries (merged) == 0);
  child_assert (path_exists (lower_file));

  /* The upper layer itself, where a character device 0/0 hides a deleted file. */
  g_clear_object (&root);
  child_assert (umount (merged) == 0);
  child_assert (path_exists (whiteouts));
  g_clear_object (&directory);
  directory = create_in (upper);
  moved = child_path (directory, "whiteout");
  child_assert (g_rename (whiteouts, moved) == 0);
  close_successfully (directory);
}

static void
test_overlay (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (overlay_child, sandbox->path),
                          "no overlay can be mounted here");
}

static void
btrfs_child (gpointer data)
{
  const char *base = data;
  g_autofree char *image = g_build_filename (base, "image", NULL);
  g_autofree char *place = g_build_filename (base, "place", NULL);
  g_autofree char *old = g_build_filename (place, "old", NULL);
  g_autofree char *tree = g_build_filename (old, "tree", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *inner = NULL;
  g_autofree char *inner_tree = NULL;
  g_autofree char *snapshot = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  /* The loop device is released with the mount, and the mount with the child. */
  make_directory (place);
  if (geteuid () != 0 || !enter_mount_namespace () ||
      !run_command ((const char *[]){ "truncate", "-s", "128M", image, NULL }) ||
      !run_command ((const char *[]){ "mkfs.btrfs", "-q", image, NULL }) ||
      !run_command ((const char *[]){ "mount", "-o", "loop", image, place, NULL }))
    _exit (CHILD_CANNOT);

  directory = create_in (place);
  inner = child_path (directory, "a");
  make_directory (inner);
  g_free (inner);
  inner = child_path (directory, "a/volume");
  inner_tree = g_build_filename (inner, "tree", NULL);
  snapshot = g_build_filename (inner_tree, "snapshot", NULL);
  child_assert (
      run_command ((const char *[]){ "btrfs", "-q", "subvolume", "create", inner, NULL }));
  make_tree (inner_tree);
  child_assert (run_command (
      (const char *[]){ "btrfs", "-q", "subvolume", "snapshot", inner, snapshot, NULL }));
  close_successfully (directory);

  /* As an entry of a root. */
  child_assert (run_command ((const char *[]){ "btrfs", "-q", "subvolume", "create", old, NULL }));
  make_tree (tree);
  make_old (old, 2 * HOUR);
  root = open_root (place, HOUR, TM_ROOT_FLAGS_NONE);
  child_assert (tm_root_cleanup (root, NULL, &error) == 1 && error == NULL);
  child_assert (!path_exists (old));
}

/* Each has a device number of its own, but is no mount point. */
static void
test_btrfs_subvolumes (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (btrfs_child, sandbox->path),
                          "no btrfs can be made and mounted here");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/mounts/ignored", of_descriptors (test_ignored_mounts));
  add_test ("/mounts/inside", of_descriptors (test_mounts));
  add_test ("/mounts/entries", of_descriptors (test_mounted_entries));
  add_test ("/mounts/busy-entries", of_descriptors (test_busy_entries));
  add_test ("/mounts/modes", of_descriptors (test_mounted_modes));
  add_test ("/mounts/moved-in", of_descriptors (test_mount_moved_in));
  add_test ("/mounts/same-inode", test_same_inode);
  add_test ("/mounts/without-proc", of_descriptors (test_without_proc));
  add_test ("/mounts/overlay", test_overlay);
  add_test ("/mounts/btrfs-subvolumes", of_descriptors (test_btrfs_subvolumes));

  return g_test_run ();
}
