/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <tempman.h>

#include "support/directories.h"
#include "support/descriptors.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files are identified before they are used: the parent directory, whose name leads elsewhere by
 * now, and the file behind a descriptor number that other code has closed. */

typedef struct
{
  char *root;    /* with the entry */
  char *entry;   /* the entry to delete: root/old */
  char *other;   /* another directory */
  char *victim;  /* of the same name in it, empty: other/old */
  char *outside; /* where the entry is moved: other/aside */
} Places;

static Places
make_places (const char *base, const char *name)
{
  Places places = {
    .root = g_build_filename (base, "root", NULL),
    .other = g_build_filename (base, "other", NULL),
  };

  make_directory (places.root);
  places.entry = g_build_filename (places.root, name, NULL);
  places.victim = g_build_filename (places.other, name, NULL);
  places.outside = g_build_filename (places.other, "aside", NULL);
  make_directory (places.victim);
  return places;
}

static void
places_clear (Places *places)
{
  const char *const trees[] = { places->root, places->other };

  for (guint i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (trees[i]);

      tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
    }
  g_free (places->root);
  g_free (places->entry);
  g_free (places->other);
  g_free (places->victim);
  g_free (places->outside);
}

/* From then on, ".." of the entry is the other directory, where its name belongs to the victim. */
static void
move_aside_cb (gpointer user_data)
{
  const Places *places = user_data;

  rename (places->entry, places->outside);
}

static void
clean_up (const Places *places)
{
  g_autoptr (TmRoot) root = open_root (places->root, 60, TM_ROOT_FLAGS_NONE);

  tm_root_cleanup (root, NULL, NULL);
}

static void
delete_entry (const Places *places)
{
  g_autoptr (GFile) file = g_file_new_for_path (places->entry);

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

/* Moves the entry before each single removal that @function makes. */
static void
assert_victim_stays (const char *base, void (*function) (const Places *places))
{
  guint n_calls = 2;
  guint n_moved = 0;

  for (guint nth = 0; nth < n_calls; nth++)
    {
      Places places = make_places (base, "old");

      make_tree (places.entry);
      make_old (places.entry, HOUR);
      attack_before ("unlinkat", nth, move_aside_cb, &places);
      function (&places);
      n_calls = MAX (n_calls, attack_end ());
      g_assert_true (path_exists (places.victim));
      n_moved += path_exists (places.outside);
      places_clear (&places);
    }

  /* Otherwise there was no attack. */
  g_assert_cmpuint (n_moved, >, 1);
}

static void
test_moved_before_removal_by_cleanup (Sandbox *sandbox, gconstpointer data)
{
  assert_victim_stays (sandbox->path, clean_up);
}

static void
test_moved_before_removal_by_deletion (Sandbox *sandbox, gconstpointer data)
{
  assert_victim_stays (sandbox->path, delete_entry);
}

static void
test_moved_before_removal_by_close (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "root");

  for (guint nth = 0; nth < 2; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;
      g_autofree char *name = NULL;
      g_autofree char *file = NULL;
      Places places;

      make_directory (parent);
      directory = create_in (parent);
      name = g_path_get_basename (tm_temporary_directory_get_path (directory));
      places = make_places (sandbox->path, name);
      file = child_path (directory, "file");
      make_file (file);

      attack_before ("unlinkat", nth, move_aside_cb, &places);
      tm_temporary_directory_close (directory, NULL, NULL);
      g_assert_cmpuint (attack_end (), >, nth);
      g_assert_true (path_exists (places.victim));
      g_assert_true (path_exists (places.outside));
      places_clear (&places);
    }
}

static void
mount_over_parent_child (gpointer data)
{
  g_autofree char *parent = g_build_filename (data, "parent", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) empty = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (parent);
  directory = create_in (parent);
  empty = create_in (parent);
  make_tree (tm_temporary_directory_get_path (directory));

  if (!mount_tmpfs (parent))
    _exit (CHILD_CANNOT);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (tm_temporary_directory_close (empty, NULL, NULL));
  child_assert (umount (parent) == 0);
  child_assert (count_entries (parent) == 0);
}

/* A deletion that succeeds has deleted the entry. */
static void
test_mount_over_parent (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mount_over_parent_child, sandbox->path),
                          "no mount namespaces here");
}

static void
mount_over_directory_child (gpointer data)
{
  g_autofree char *source = g_build_filename (data, "source", NULL);
  g_autofree char *treasure = g_build_filename (source, "treasure", NULL);

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  child_assert (make_mountable (source));
  make_file (treasure);

  for (guint i = 0; i < (library_has_linux_calls () ? 3 : 2); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (data);
      const char *path = tm_temporary_directory_get_path (directory);
      g_autofree char *file = child_path (directory, "file");
      g_autoptr (GError) error = NULL;

      /* Another file system, and the directory itself: only the mount shows that the second is
       * mounted. */
      make_file (file);
      if (i == 0 ? !mount_tmpfs (path) : mount (i == 1 ? source : path, path, "", MS_BIND, "") < 0)
        _exit (CHILD_CANNOT);

      child_assert (!tm_temporary_directory_close (directory, NULL, &error));
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
      child_assert (strstr (error->message, path) != NULL);
      child_assert (!tm_temporary_directory_is_closed (directory));
      child_assert (path_exists (treasure));

      child_assert (umount (path) == 0);
      child_assert (path_exists (file));
      child_assert (tm_temporary_directory_close (directory, NULL, NULL));
      child_assert (!path_exists (path));
    }
}

static void
test_mount_over_directory (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mount_over_directory_child, sandbox->path),
                          "no mount namespaces here");
}

typedef gboolean (*UseFunc) (TmTemporaryDirectory *directory, GError **error);

static gboolean
use_close (TmTemporaryDirectory *directory, GError **error)
{
  return tm_temporary_directory_close (directory, NULL, error);
}

static gboolean
use_keep (TmTemporaryDirectory *directory, GError **error)
{
  return tm_temporary_directory_keep (directory, NULL, error);
}

static gboolean
use_persist (TmTemporaryDirectory *directory, GError **error)
{
  g_autofree char *path =
      g_strconcat (tm_temporary_directory_get_path (directory), "-published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);

  return tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL,
                                         error);
}

static void
assert_left_alone (TmTemporaryDirectory *directory, int fd, const char *victim, UseFunc use)
{
  g_autofree char *file = g_build_filename (victim, "file", NULL);
  g_autoptr (GError) error = NULL;
  struct stat before, after;
  int saved;

  g_assert_cmpint (fd, >=, 0);
  make_directory (victim);
  make_file (file);
  g_assert_no_errno (g_chmod (victim, 01700));
  g_assert_no_errno (stat (victim, &before));

  saved = replace_descriptor (fd, victim);
  g_assert_false (use (directory, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, tm_temporary_directory_get_path (directory)));
  g_assert_false (tm_temporary_directory_is_closed (directory));
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
  g_assert_true (path_exists (file));
  g_assert_no_errno (stat (victim, &after));
  g_assert_cmphex (before.st_mode, ==, after.st_mode);
  g_assert_cmpint (before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
  g_assert_true (descriptor_is (fd, victim));
  put_descriptor_back (fd, saved);
}

/* close(), keep() and persist(), of an empty directory and of one that is not. */
static void
test_descriptor_replaced (Sandbox *sandbox, gconstpointer data)
{
  static const UseFunc uses[] = { use_close, use_keep, use_persist };
  g_autofree char *victim = sandbox_path (sandbox, "victim");

  for (guint i = 0; i < 2 * G_N_ELEMENTS (uses); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

      if (i % 2 == 1)
        make_tree (tm_temporary_directory_get_path (directory));
      assert_left_alone (directory, tm_temporary_directory_get_fd (directory), victim, uses[i / 2]);
      close_successfully (directory);
    }
}

/* The descriptor of its parent: it has no name in the other directory. */
static void
test_parent_descriptor_replaced (Sandbox *sandbox, gconstpointer data)
{
  static const UseFunc uses[] = { use_close, use_persist };
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *parent = sandbox_path (sandbox, "parent");

  make_directory (parent);
  for (guint i = 0; i < G_N_ELEMENTS (uses); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (parent);

      make_tree (tm_temporary_directory_get_path (directory));
      assert_left_alone (directory, find_descriptor (parent), victim, uses[i]);
      close_successfully (directory);
    }
}

/* The last reference closes no descriptor of other code, and deletes no file behind it. */
static void
test_descriptor_replaced_before_unref (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *file = g_build_filename (victim, "file", NULL);
  g_autofree char *parent = sandbox_path (sandbox, "parent");
  TmTemporaryDirectory *directory;
  int fd, parent_fd;

  make_directory (victim);
  make_file (file);
  make_directory (parent);
  directory = create_in (parent);
  fd = tm_temporary_directory_get_fd (directory);
  parent_fd = find_descriptor (parent);

  close (replace_descriptor (fd, victim));
  close (replace_descriptor (parent_fd, victim));
  g_object_unref (directory);

  g_assert_true (path_exists (file));
  g_assert_true (descriptor_is (fd, victim));
  g_assert_true (descriptor_is (parent_fd, victim));
  close (fd);
  close (parent_fd);
}

/* A root neither creates nor cleans up in a directory that is not its own. With @data, it has
 * limits only, which hold. */
static void
test_root_descriptor_replaced (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *old = g_build_filename (victim, "old", NULL);
  TmTemporaryDirectory *directory;
  g_autoptr (GError) error = NULL;
  struct stat before, after;
  TmRoot *root;
  int fd;

  make_directory (path);
  make_directory (old);
  make_old (old, HOUR);
  root = open_root (path, data == NULL ? 0 : TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  if (data != NULL)
    {
      tm_root_set_max_entries (root, 100);
      tm_root_set_min_free_space (root, 1);
    }
  fd = find_descriptor (path);
  g_assert_cmpint (fd, >=, 0);

  close (replace_descriptor (fd, victim));
  g_assert_no_errno (stat (victim, &before));
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_clear_error (&error);
  directory = tm_root_create_temp_dir (root, NULL, &error);
  g_assert_null (directory);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_object_unref (root);

  g_assert_no_errno (stat (victim, &after));
  g_assert_true (path_exists (old));
  g_assert_cmpint (before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
  g_assert_true (descriptor_is (fd, victim));
  close (fd);
}

/* As a program that is started without them, and opens /dev/null under their numbers later. */
static void
standard_descriptors_child (gpointer data)
{
  g_autofree char *parent = g_build_filename (data, "parent", NULL);
  g_autofree char *root_path = g_build_filename (data, "root", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) child = NULL;
  g_autoptr (TmRoot) root = NULL;
  const char *path;
  int fd;

  make_directory (parent);
  make_directory (root_path);
  g_object_unref (g_file_new_for_path ("/"));
  for (fd = 0; fd < 3; fd++)
    close (fd);

  directory = create_in (parent);
  root = open_root (root_path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  child = tm_root_create_temp_dir (root, NULL, NULL);
  if (directory == NULL || child == NULL)
    _exit (2);

  for (fd = 0; fd < 3; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      _exit (3);
  if (open ("/dev/null", O_RDWR) != 0 || dup2 (0, 1) != 1 || dup2 (0, 2) != 2)
    _exit (4);

  path = tm_temporary_directory_get_path (child);
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    _exit (5);
  close (fd);
  if (tm_root_cleanup (root, NULL, NULL) != 0 || !path_exists (path))
    _exit (6);
  if (!tm_temporary_directory_close (child, NULL, NULL) ||
      !tm_temporary_directory_close (directory, NULL, NULL))
    _exit (7);
}

static void
test_standard_descriptors (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (standard_descriptors_child, sandbox->path));
}

/* Directories with the same parent share its descriptor, also if a link leads to it. */
static void
test_parent_is_shared (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "parent");
  g_autofree char *other = sandbox_path (sandbox, "other");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_before = count_open_descriptors ();
  TmTemporaryDirectory *elsewhere;

  if (!kernel_names_mounts ())
    {
      g_test_skip ("the kernel does not tell mounts apart: each directory opens its parent");
      return;
    }

  make_directory (parent);
  make_directory (other);
  g_assert_no_errno (symlink (parent, link));
  for (guint i = 0; i < 100; i++)
    g_ptr_array_add (directories, create_in (i % 2 == 0 ? parent : link));
  g_assert_cmpuint (count_open_descriptors (), ==, n_before + 101);

  /* Another directory is not mistaken for it. */
  elsewhere = create_in (other);
  close_successfully (elsewhere);
  g_object_unref (elsewhere);
  g_assert_cmpuint (count_entries (other), ==, 0);

  /* Nor is a new directory with its name. */
  {
    g_autofree char *moved = sandbox_path (sandbox, "moved");
    TmTemporaryDirectory *last = g_ptr_array_index (directories, 99);
    TmTemporaryDirectory *next;

    g_assert_no_errno (g_rename (parent, moved));
    make_directory (parent);
    next = create_in (parent);
    g_assert_cmpuint (count_entries (parent), ==, 1);
    close_successfully (next);
    g_object_unref (next);
    g_assert_true (tm_temporary_directory_close (last, NULL, NULL));
    g_assert_cmpuint (count_entries (moved), ==, 99);
  }

  g_ptr_array_set_size (directories, 0);
  g_assert_cmpuint (count_open_descriptors (), ==, n_before);
}

/* It lives as long as its directories do. */
static void
test_root_goes_first (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  guint n_before = count_open_descriptors ();
  TmTemporaryDirectory *directory;
  TmRoot *root;

  make_directory (path);
  root = open_root (path, 60, TM_ROOT_FLAGS_NONE);
  directory = tm_root_create_temp_dir (root, NULL, NULL);
  g_assert_nonnull (directory);
  make_tree (tm_temporary_directory_get_path (directory));
  g_assert_cmpuint (count_open_descriptors (), ==, n_before + 2);

  g_object_unref (root);
  g_assert_no_errno (g_rename (path, moved));
  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_cmpuint (count_entries (moved), ==, 0);
  g_object_unref (directory);
  g_assert_cmpuint (count_open_descriptors (), ==, n_before);
}

static void
fork_child (gpointer data)
{
  TmTemporaryDirectory *of_parent = data;
  g_autoptr (GFile) parent = g_file_get_parent (tm_temporary_directory_get_file (of_parent));
  guint n_before = count_open_descriptors ();
  g_autoptr (TmTemporaryDirectory) directory = create_in (g_file_peek_path (parent));

  child_assert (count_open_descriptors () == n_before + (kernel_names_mounts () ? 1 : 2));
  child_assert (tm_temporary_directory_close (of_parent, NULL, NULL));
  child_assert (path_exists (tm_temporary_directory_get_path (of_parent)));
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!path_exists (tm_temporary_directory_get_path (directory)));
  child_assert (count_open_descriptors () == n_before - 2);
}

/* A forked child shares the parent directory as well, and does not close the copy of its parent. */
static void
test_fork (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  assert_success_in_child (run_in_child (fork_child, directory));
  close_successfully (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

#define add_test_of_descriptors(name, function) add_test (name, of_descriptors (function))

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_of_descriptors ("/identities/moved-before-removal/by-cleanup",
                           test_moved_before_removal_by_cleanup);
  add_test_of_descriptors ("/identities/moved-before-removal/by-deletion",
                           test_moved_before_removal_by_deletion);
  add_test_of_descriptors ("/identities/moved-before-removal/by-close",
                           test_moved_before_removal_by_close);
  add_test_of_descriptors ("/identities/mount-over-parent", test_mount_over_parent);
  add_test_of_descriptors ("/identities/mount-over-directory", test_mount_over_directory);
  add_test_of_descriptors ("/identities/descriptor-replaced/directory", test_descriptor_replaced);
  add_test_of_descriptors ("/identities/descriptor-replaced/parent",
                           test_parent_descriptor_replaced);
  add_test_of_descriptors ("/identities/descriptor-replaced/before-unref",
                           test_descriptor_replaced_before_unref);
  add_test_of_descriptors ("/identities/descriptor-replaced/root", test_root_descriptor_replaced);
  g_test_add ("/identities/descriptor-replaced/root-with-limits", Sandbox, GINT_TO_POINTER (TRUE),
              sandbox_set_up, of_descriptors (test_root_descriptor_replaced), sandbox_tear_down);
  add_test_of_descriptors ("/identities/standard-descriptors", test_standard_descriptors);
  add_test_of_descriptors ("/identities/parent-is-shared", test_parent_is_shared);
  add_test_of_descriptors ("/identities/root-goes-first", test_root_goes_first);
  add_test_of_descriptors ("/identities/fork", test_fork);

  return g_test_run ();
}
