/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which entries a cleanup deletes and which it keeps: by owner and by type. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A marked directory without an owner. */
static char *
make_abandoned_directory (Sandbox *sandbox, const char *name)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  g_assert_no_errno (g_chmod (path, 01700));
  return path;
}

static void
test_only_directories (Sandbox *sandbox, gconstpointer data)
{
  static const char *const names[] = { "file", "hard-link", "link", "link-to-link", "dangling",
                                       "loop", "socket",    "fifo", "device",       NULL };
  g_autoptr (TmRoot) root = NULL;
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  guint n_entries;
  int fd;

  make_directory (path);
  make_directory (treasure);
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_no_errno (mknodat (fd, "file", S_IFREG | 0600, 0));
  g_assert_no_errno (linkat (fd, "file", fd, "hard-link", 0));
  g_assert_no_errno (symlinkat (victim, fd, "link"));
  g_assert_no_errno (symlinkat ("link", fd, "link-to-link"));
  g_assert_no_errno (symlinkat ("nowhere", fd, "dangling"));
  g_assert_no_errno (symlinkat ("loop", fd, "loop"));
  g_assert_no_errno (mknodat (fd, "socket", S_IFSOCK | 01700, 0));
  g_assert_no_errno (mkfifoat (fd, "fifo", 01700));
  if (geteuid () == 0)
    g_assert_no_errno (mknodat (fd, "device", S_IFBLK | 01700, makedev (250, 250)));
  close (fd);

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *entry = g_build_filename (path, names[i], NULL);

      if (path_exists (entry))
        make_old (entry, 2 * HOUR);
    }
  make_old (treasure, 2 * HOUR);
  make_old (victim, 2 * HOUR);

  n_entries = count_entries (path);
  root = open_root (path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED | TM_ROOT_FLAGS_EXPIRE_LIVE);
  for (guint hidden = 0; hidden < 2; hidden++)
    {
      hide_entry_types (hidden);
      assert_cleanup (root, 0);
      hide_entry_types (FALSE);
      g_assert_cmpuint (count_entries (path), ==, n_entries);
      g_assert_true (path_exists (treasure));
    }
}

static void
test_live_stays (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmTemporaryDirectory) directory = create_under (root);

  make_old (tm_temporary_directory_get_path (directory), HOUR);
  assert_cleanup (root, 0);
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
}

static void
test_expire_live (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_autoptr (TmTemporaryDirectory) old = create_under (root);
  g_autoptr (TmTemporaryDirectory) young = create_under (root);

  make_old (tm_temporary_directory_get_path (old), 2 * HOUR);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (tm_temporary_directory_get_path (old)));
  g_assert_true (path_exists (tm_temporary_directory_get_path (young)));
  g_assert_true (tm_temporary_directory_close (old, NULL, NULL));
}

static void
test_abandoned (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autoptr (TmRoot) patient = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *abandoned = make_abandoned_directory (sandbox, OUR_NAME ("abandoned"));
  g_autofree char *unowned = sandbox_path (sandbox, "unowned");
  g_autofree char *shared = sandbox_path (sandbox, "shared");

  make_directory (unowned);
  make_directory (shared);
  g_assert_no_errno (g_chmod (shared, 01777));

  assert_cleanup (patient, 0);
  g_assert_true (path_exists (abandoned));
  assert_cleanup (root, 1);
  g_assert_false (path_exists (abandoned));
  g_assert_true (path_exists (unowned));
  g_assert_true (path_exists (shared));
}

/* Exactly the directories of the process that was killed. */
static void
test_killed_owner (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autoptr (TmTemporaryDirectory) mine = create_under (root);
  g_autofree char *unowned = sandbox_path (sandbox, "unowned");
  pid_t pid;

  make_directory (unowned);
  pid = start_holder (root, 100);
  assert_cleanup (root, 0);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 102);

  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_cmpint (wait_for_child (pid), ==, 128 + SIGKILL);
  assert_cleanup (root, 100);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 2);
  g_assert_true (path_exists (unowned));
  g_assert_true (path_exists (tm_temporary_directory_get_path (mine)));
}

static void
test_before_creating (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (TmTemporaryDirectory) directory = create_under (root);

  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
  g_assert_false (path_exists (old));
}

static void
unreadable_child (gpointer data)
{
  const char *path = data;
  g_autofree char *expired = g_build_filename (path, "expired", NULL);
  g_autofree char *busy = g_build_filename (path, "busy", NULL);
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (TmRoot) root = NULL;
  struct stat status;
  int fd;

  child_assert (become_ordinary_user ());
  make_directory (expired);
  make_tree (expired);
  make_directory (busy);
  fd = open (busy, O_RDONLY);
  child_assert (flock (fd, LOCK_SH) == 0);
  make_old (expired, 2 * HOUR);
  make_old (busy, 2 * HOUR);
  child_assert (g_chmod (expired, 0) == 0);
  child_assert (g_chmod (busy, 0) == 0);

  root = tm_root_new (directory, HOUR, TM_ROOT_FLAGS_NONE, NULL, NULL);
  child_assert (root != NULL);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
  child_assert (!path_exists (expired));
  child_assert (lstat (busy, &status) == 0 && (status.st_mode & 07777) == 0);
}

static void
test_unreadable_entries (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (unreadable_child, sandbox->path));
}

/* A process that cleans up in a loop, until a file tells it to stop. */
typedef struct
{
  TmRoot *root;
  const char *stop; /* a file that appears when it has to stop */
} Cleaner;

static void
cleaner_child (gpointer data)
{
  Cleaner *cleaner = data;
  g_autoptr (GError) error = NULL;

  alarm (60);
  while (!path_exists (cleaner->stop))
    {
      if (tm_root_cleanup (cleaner->root, NULL, &error) < 0)
        g_printerr ("%s\n", error->message);
      child_assert (error == NULL);
    }
}

/* Two of our cleaners and systemd-tmpfiles at once: entries in use are kept, all others are
 * deleted, and no cleaner fails. */
static void
test_several_cleaners (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *stop = sandbox_path (sandbox, "stop");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GPtrArray) live = g_ptr_array_new_with_free_func (g_object_unref);
  gboolean has_systemd = TRUE;
  pid_t pids[2];
  Cleaner cleaner;

  make_directory (path);
  root = open_root (path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  cleaner = (Cleaner){ root, stop };
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    pids[i] = start_child (cleaner_child, &cleaner);

  for (guint round = 0; round < 5; round++)
    {
      TmTemporaryDirectory *directory = create_in (path);
      g_autofree char *file = child_path (directory, "file");

      g_ptr_array_add (live, directory);
      make_file (file);
      make_old (file, HOUR);
      make_old (tm_temporary_directory_get_path (directory), HOUR);

      /* They may be deleted before they are old. */
      for (guint i = 0; i < 20; i++)
        {
          g_autofree char *name = g_strdup_printf ("root/%u/below", i);
          g_autofree char *below = sandbox_path (sandbox, name);

          g_mkdir_with_parents (below, 0755);
        }
      has_systemd = clean_with_systemd (path);
    }

  make_file (stop);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    g_assert_cmpint (wait_for_child (pids[i]), ==, 0);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);

  g_assert_cmpuint (count_entries (path), ==, live->len);
  for (guint i = 0; i < live->len; i++)
    {
      g_autofree char *file = child_path (live->pdata[i], "file");

      g_assert_true (path_exists (file));
      close_successfully (live->pdata[i]);
    }

  if (!has_systemd)
    g_test_skip ("systemd-tmpfiles is not installed");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/cleanup/only-directories", test_only_directories);
  add_test ("/cleanup/live-stays", of_descriptors (test_live_stays));
  add_test ("/cleanup/expire-live", test_expire_live);
  add_test ("/cleanup/abandoned", of_descriptors (test_abandoned));
  add_test ("/cleanup/killed-owner", of_descriptors (test_killed_owner));
  add_test ("/cleanup/before-creating", test_before_creating);
  add_test ("/cleanup/unreadable-entries", of_descriptors (test_unreadable_entries));
  add_test ("/cleanup/several-cleaners", of_descriptors (test_several_cleaners));

  return g_test_run ();
}
