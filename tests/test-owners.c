/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* File systems that decide who owns a new directory, so that its owner does not tell who created
 * it, and file systems where it does. */

#include "support/directories.h"
#include "support/fuse.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

/* As mktemp -d works there. */
static void
work_in (const char *parent)
{
  g_autofree char *root_path = g_build_filename (parent, "root", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
  g_autoptr (TmTemporaryDirectory) entry = NULL;
  g_autoptr (TmRoot) root = NULL;

  make_directory (root_path);
  root = open_root (root_path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  entry = create_under (root);
  make_directory (child_path (directory, "a/b"));
  make_file (child_path (directory, "file"));
  make_file (child_path (entry, "file"));
  assert_cleanup (root, 0);

  close_successfully (directory);
  close_successfully (entry);
  child_assert (g_rmdir (root_path) == 0);
  child_assert (count_entries (parent) == 0);
}

static void
test_bindfs (Sandbox *sandbox, gconstpointer data)
{
  const char *options[] = { "--force-user=65534", "--force-group=65534", NULL };

  if (!skip_unless_root ())
    test_on_bindfs (sandbox->path, options, work_in);
}

/* Nor is the mode the requested one: the directory can be created, but not opened. */
static void
fail_in (const char *parent)
{
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (GError) error = NULL;

  child_assert (become_ordinary_user ());
  child_assert (tm_temporary_directory_new (file, NULL, NULL, &error) == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, parent) != NULL);
  child_assert (count_entries (parent) == 0);
}

static void
fail_in_child (gpointer data)
{
  fail_in (data);
}

static void
run_failing (const char *parent)
{
  child_assert (g_chmod (parent, 0777) == 0);
  child_assert (run_in_child (fail_in_child, (gpointer) parent) == 0);
}

static void
test_bindfs_refuses (Sandbox *sandbox, gconstpointer data)
{
  const char *options[] = { "--force-user=0", "--chmod-ignore", "-o", "allow_other", NULL };

  if (!skip_unless_root ())
    test_on_bindfs (sandbox->path, options, run_failing);
}

static void
ordinary_user_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  work_in (data);
}

static void
work_as_both (const char *parent)
{
  g_autofree char *below = g_build_filename (parent, "below", NULL);

  make_directory (below);
  work_in (below);
  child_assert (run_in_child (ordinary_user_child, below) == 0);
}

/* All files belong to root, and every user may do everything. */
static void
test_ntfs (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    test_on_ntfs (sandbox->path, work_as_both);
}

/* A file server that acts for a client: new files belong to the client. */
/* A mode that denies access is repaired, whether it comes from the umask or is the mode of a
 * directory that is deleted. */
static void
work_with_modes_in (const char *parent)
{
  mode_t mask = umask (0777);
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
  g_autofree char *below = child_path (directory, "below/file");
  g_autofree char *barred = child_path (directory, "below");

  umask (mask);
  make_directory (barred);
  make_file (below);
  child_assert (chmod (barred, 0) == 0);
  close_successfully (directory);
}

static void
fsuid_child (gpointer data)
{
  g_autofree char *parent = g_build_filename (data, "p", NULL);

  make_directory (parent);
  child_assert (chown (parent, TEST_UID, TEST_UID) == 0);
  setfsuid (TEST_UID);
  child_assert ((uid_t) setfsuid ((uid_t) -1) == TEST_UID);
  work_in (parent);
  work_with_modes_in (parent);
}

static void
test_fsuid (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    assert_success_in_child (run_in_child (fsuid_child, sandbox->path));
}

/* A root that the library creates, and later opens again. */
static void
make_root_in (const char *parent)
{
  g_autofree char *above = g_build_filename (parent, "above", NULL);
  g_autofree char *path = g_build_filename (above, "root", NULL);
  g_autofree char *link = g_build_filename (parent, "link", NULL);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TmRoot) root = open_root (path, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY);
      g_autoptr (TmTemporaryDirectory) entry = create_under (root);

      close_successfully (entry);
    }

  /* The server of bindfs would follow an absolute one into its own mount. ntfs-3g has none. */
  if (symlink ("above/root", link) == 0)
    {
      g_autoptr (TmRoot) root = open_root (link, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY);

      g_object_unref (g_steal_pointer (&root));
      child_assert (g_unlink (link) == 0);
    }

  child_assert (g_rmdir (path) == 0 && g_rmdir (above) == 0);
  child_assert (count_entries (parent) == 0);
}

static void
make_roots_in (const char *parent)
{
  make_root_in (parent);
  umask (0777);
  make_root_in (parent);
}

static void
test_root_on_bindfs (Sandbox *sandbox, gconstpointer data)
{
  const char *options[] = { "--force-user=65534", "--force-group=65534", NULL };

  if (!skip_unless_root ())
    test_on_bindfs (sandbox->path, options, make_roots_in);
}

static void
ordinary_root_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  make_root_in (data);
}

static void
make_root_as_both (const char *parent)
{
  g_autofree char *below = g_build_filename (parent, "below", NULL);

  make_directory (below);
  make_root_in (below);
  child_assert (run_in_child (ordinary_root_child, below) == 0);
}

static void
test_root_on_ntfs (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    test_on_ntfs (sandbox->path, make_root_as_both);
}

static void
root_fsuid_child (gpointer data)
{
  g_autofree char *parent = g_build_filename (data, "p", NULL);

  make_directory (parent);
  child_assert (chown (parent, TEST_UID, TEST_UID) == 0);
  setfsuid (TEST_UID);
  child_assert ((uid_t) setfsuid ((uid_t) -1) == TEST_UID);
  make_root_in (parent);
}

static void
test_root_fsuid (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    assert_success_in_child (run_in_child (root_fsuid_child, sandbox->path));
}

typedef struct
{
  mode_t mode; /* of the parent */
  uid_t owner; /* of the parent */
  gboolean is_shared;
  gboolean is_accepted;
} FoundRoot;

static const FoundRoot found_roots[] = {
  { 0755, 0, FALSE, FALSE }, { 0755, 0, TRUE, TRUE },         { 0777, 0, TRUE, FALSE },
  { 01777, 0, TRUE, FALSE }, { 01777, TEST_UID, TRUE, TRUE }, { 01777, TEST_UID, FALSE, FALSE },
};

static gpointer
found_roots_thread (gpointer data)
{
  Sandbox *sandbox = data;

  for (guint i = 0; i < G_N_ELEMENTS (found_roots); i++)
    {
      const FoundRoot *found = &found_roots[i];
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *parent = sandbox_path (sandbox, name);
      g_autofree char *path = g_build_filename (parent, "root", NULL);
      g_autoptr (GFile) file = g_file_new_for_path (path);
      g_autoptr (TmRoot) root = NULL;
      g_autoptr (GError) error = NULL;

      make_directory (parent);
      make_directory (path);
      g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
      g_assert_no_errno (chown (parent, found->owner, found->owner));
      g_assert_no_errno (g_chmod (parent, found->mode));

      pretend_shared (found->is_shared);
      root = tm_root_new (file, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
      pretend_shared (FALSE);

      if (found->is_accepted)
        {
          g_assert_no_error (error);
          g_assert_nonnull (root);
          continue;
        }
      g_assert_null (root);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      g_assert_nonnull (strstr (error->message, path));
    }

  return NULL;
}

/* A root that another user could have created before, in a sticky directory too, is refused. It is
 * not refused if only its own owner could, and the file system decides about owners. */
static void
test_found_roots (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    g_thread_join (g_thread_new ("fresh", found_roots_thread, sandbox));
}

typedef struct
{
  const char *parent;
  const char *elsewhere;
  guint n_times; /* how many attempts are left */
} Attacker;

static int
exchange_cb (const SystemCall *call, gpointer user_data)
{
  Attacker *attacker = user_data;
  g_autoptr (GDir) dir = NULL;
  g_autofree char *path = NULL;
  g_autofree char *moved = NULL;

  /* When the new directory is opened, by its path or by its name; not by its link in /proc, once it
   * is open with O_PATH. */
  if (!g_str_has_prefix (call->name, "open") || call->path == NULL || *call->path == '.' ||
      (*call->path == '/' && !g_str_has_prefix (call->path, attacker->parent)) ||
      attacker->n_times == 0 || count_entries (attacker->parent) == 0)
    return 0;

  attacker->n_times--;
  dir = g_dir_open (attacker->parent, 0, NULL);
  path = g_build_filename (attacker->parent, g_dir_read_name (dir), NULL);
  moved = g_strdup_printf ("%s/%u", attacker->elsewhere, attacker->n_times);
  g_assert_no_errno (g_rename (path, moved));
  g_assert_no_errno (g_mkdir (path, 0777));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  return 0;
}

static gpointer
exchanged_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autofree char *parent = sandbox_path (sandbox, "parent");
  g_autofree char *elsewhere = sandbox_path (sandbox, "elsewhere");
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  Attacker attacker = { parent, elsewhere, 1 };
  struct stat status;

  make_directory (parent);
  make_directory (elsewhere);
  g_assert_no_errno (g_chmod (parent, 0777));
  interpose (exchange_cb, &attacker);
  directory = create_in (parent);
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmpuint (status.st_uid, ==, geteuid ());
  g_assert_cmpuint (attacker.n_times, ==, 0);
  close_successfully (directory);

  attacker.n_times = G_MAXUINT;
  g_assert_null (tm_temporary_directory_new (file, NULL, NULL, &error));
  interpose_end ();
  /* Which of the two depends on how often an attempt opens the directory, and so on the system. */
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, parent));
  g_assert_cmpuint (count_entries (parent), ==, 0);
  g_assert_cmpuint (count_entries (elsewhere), <, 20);
  return NULL;
}

/* If other users may replace a new directory, one of theirs is never returned, on any file system.
 * An attacker that never stops replaces a few of them, not a thousand. */
static void
test_exchanged (Sandbox *sandbox, gconstpointer data)
{
  if (skip_unless_root ())
    return;

  pretend_shared (GPOINTER_TO_INT (data));
  g_thread_join (g_thread_new ("fresh", exchanged_thread, sandbox));
  pretend_shared (FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/owners/bindfs", of_descriptors (test_bindfs));
  add_test ("/owners/bindfs-refuses", of_descriptors (test_bindfs_refuses));
  add_test ("/owners/ntfs", of_descriptors (test_ntfs));
  add_test ("/owners/fsuid", of_descriptors (test_fsuid));
  add_test ("/owners/root/bindfs", of_descriptors (test_root_on_bindfs));
  add_test ("/owners/root/ntfs", of_descriptors (test_root_on_ntfs));
  add_test ("/owners/root/fsuid", of_descriptors (test_root_fsuid));
  add_test ("/owners/root/found", of_descriptors (test_found_roots));
  add_test ("/owners/exchanged", of_descriptors (test_exchanged));
  g_test_add ("/owners/exchanged-on-shared", Sandbox, GINT_TO_POINTER (TRUE), sandbox_set_up,
              on_this_platform ("/owners/exchanged-on-shared", of_descriptors (test_exchanged)),
              sandbox_tear_down);

  return g_test_run ();
}
