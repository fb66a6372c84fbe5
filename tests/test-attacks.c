/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support.h"

#include <tempman.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static TmTemporaryDirectory *
create_in (const char *parent)
{
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (file, "t", NULL, &error);

  g_assert_no_error (error);
  return directory;
}

static char *
child_path (TmTemporaryDirectory *directory, const char *name)
{
  return g_build_filename (tm_temporary_directory_get_path (directory), name, NULL);
}

static void
close_successfully (TmTemporaryDirectory *directory)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (tm_temporary_directory_get_path (directory)));
}

/* Exchanges a directory with a link to the victim for as long as it is told to. */
typedef struct
{
  char *directory;
  char *link;
  gint started; /* atomic, both */
  gint stop;
} Swapper;

static gpointer
swapper_thread (gpointer data)
{
  Swapper *swapper = data;

  while (!g_atomic_int_get (&swapper->stop))
    {
      renameat2 (AT_FDCWD, swapper->directory, AT_FDCWD, swapper->link, RENAME_EXCHANGE);
      g_atomic_int_set (&swapper->started, TRUE);
    }
  return NULL;
}

static GThread *
start_swapper (Swapper *swapper)
{
  GThread *thread = g_thread_new ("swapper", swapper_thread, swapper);

  while (!g_atomic_int_get (&swapper->started))
    g_thread_yield ();
  return thread;
}

/* The deletion that every one of the CVEs was about: by path. */
static void
delete_naively (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      struct stat status;

      if (lstat (child, &status) == 0 && S_ISDIR (status.st_mode))
        delete_naively (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

static gboolean
race (Sandbox *sandbox, gboolean naive, gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  gboolean escaped = FALSE;

  make_directory (victim);
  while (!escaped && g_get_monotonic_time () < end)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *inner = child_path (directory, "d");
      g_autofree char *link = child_path (directory, "link");
      Swapper swapper = { .directory = inner, .link = link };
      GThread *thread;

      make_file (treasure);
      make_directory (inner);
      g_assert_no_errno (symlink (victim, link));
      thread = start_swapper (&swapper);

      if (naive)
        delete_naively (tm_temporary_directory_get_path (directory));
      else
        tm_temporary_directory_close (directory, NULL, NULL);

      g_atomic_int_set (&swapper.stop, TRUE);
      g_thread_join (thread);
      escaped = !path_exists (treasure);
    }

  return escaped;
}

/* CVE-2022-21658, RUSTSEC-2023-0018, CVE-2004-0452 */
static void
test_exchange_with_link (Sandbox *sandbox, gconstpointer data)
{
  g_assert_false (race (sandbox, FALSE, 2 * G_USEC_PER_SEC));
  /* Else the race was none. */
  g_assert_true (race (sandbox, TRUE, 30 * G_USEC_PER_SEC));
}

/* GHSA-mc8h-8q98-g5hr */
static void
test_parent_swapped (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "p");
  g_autofree char *moved = sandbox_path (sandbox, "p2");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *name = NULL;
  g_autofree char *decoy = NULL;
  g_autofree char *treasure = NULL;

  make_directory (parent);
  make_directory (victim);
  directory = create_in (parent);
  make_tree (tm_temporary_directory_get_path (directory));
  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  decoy = g_build_filename (victim, name, NULL);
  treasure = g_build_filename (decoy, "treasure", NULL);
  make_directory (decoy);
  make_file (treasure);
  g_assert_no_errno (g_rename (parent, moved));
  g_assert_no_errno (symlink (victim, parent));

  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_true (path_exists (treasure));
  g_assert_cmpuint (count_entries (moved), ==, 0);
}

static void
modes_child (gpointer data)
{
  const char *path = data;
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  static const mode_t modes[] = { 0, 0100, 0200, 0300, 0400, 0500, 0600 };
  struct stat status;

  child_assert (become_ordinary_user ());
  make_file (victim);
  child_assert (g_chmod (victim, 0400) == 0);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent, NULL, NULL, NULL);
      g_autofree char *barred = child_path (directory, "barred");
      g_autofree char *inside = g_build_filename (barred, "directory", NULL);
      g_autofree char *link = g_build_filename (barred, "link", NULL);
      g_autofree char *hard_link = g_build_filename (barred, "hard", NULL);

      make_directory (inside);
      make_tree (inside);
      child_assert (symlink (victim, link) == 0);
      child_assert (linkat (AT_FDCWD, victim, AT_FDCWD, hard_link, 0) == 0);
      child_assert (g_chmod (inside, modes[i]) == 0);
      child_assert (g_chmod (barred, modes[i]) == 0);
      child_assert (g_chmod (tm_temporary_directory_get_path (directory), modes[i]) == 0);
      child_assert (tm_temporary_directory_close (directory, NULL, NULL));
      child_assert (!path_exists (tm_temporary_directory_get_path (directory)));
      child_assert (lstat (victim, &status) == 0 && (status.st_mode & 07777) == 0400);
    }
}

/* CVE-2023-6597, CVE-2018-6954, CVE-2013-4392 */
static void
test_modes_of_links (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (modes_child, sandbox->path));
}

static gpointer
close_thread (gpointer data)
{
  child_assert (tm_temporary_directory_close (data, NULL, NULL));
  return NULL;
}

/* CVE-2021-3997, and deeper than PATH_MAX, the descriptors and the stack. */
static void
deep_child (gpointer data)
{
  const guint n_levels = 100000;
  g_autoptr (TmTemporaryDirectory) directory = create_in (data);
  struct rlimit limit = { 24, 24 };
  pthread_attr_t attributes;
  pthread_t thread;
  int fd = dup (tm_temporary_directory_get_fd (directory));

  for (guint i = 0; i < n_levels; i++)
    {
      int below;

      child_assert (mkdirat (fd, "d", 0700) == 0);
      child_assert (i % 1000 != 0 || symlinkat ("/", fd, "link") == 0);
      below = openat (fd, "d", O_RDONLY | O_DIRECTORY);
      child_assert (below >= 0);
      close (fd);
      fd = below;
    }
  close (fd);

  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  child_assert (pthread_attr_init (&attributes) == 0);
  child_assert (pthread_attr_setstacksize (&attributes, 64 * 1024) == 0);
  child_assert (pthread_create (&thread, &attributes, close_thread, directory) == 0);
  child_assert (pthread_join (thread, NULL) == 0);
}

static void
test_depth (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (deep_child, sandbox->path));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* Moves a directory out of the tree at the moment it is found empty: what is in the directory
 * above it then must stay. CVE-2002-0435 */
static void
test_moved_out (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *outside = sandbox_path (sandbox, "outside");
  g_autofree char *treasure = g_build_filename (outside, "treasure", NULL);
  gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC;

  make_directory (outside);
  make_file (treasure);
  while (g_get_monotonic_time () < end)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *inner = child_path (directory, "1/2/3");
      g_autofree char *bait = g_build_filename (outside, "3", NULL);
      g_autofree char *deep = g_build_filename (inner, "4/5/6/7/8/9", NULL);
      Swapper swapper = { .directory = inner, .link = bait };
      GThread *thread;

      make_directory (deep);
      make_directory (bait);
      thread = start_swapper (&swapper);
      tm_temporary_directory_close (directory, NULL, NULL);
      g_atomic_int_set (&swapper.stop, TRUE);
      g_thread_join (thread);
      g_assert_true (path_exists (treasure));
    }
}

static void
test_special_files (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *fifo = child_path (directory, "fifo");
  g_autofree char *socket = child_path (directory, "socket");
  g_autofree char *device = child_path (directory, "device");
  g_autofree char *whiteout = child_path (directory, "whiteout");

  g_assert_no_errno (mkfifo (fifo, 0600));
  g_assert_no_errno (mknod (socket, S_IFSOCK | 0600, 0));
  if (geteuid () == 0)
    {
      g_assert_no_errno (mknod (device, S_IFBLK | 0600, makedev (250, 250)));
      g_assert_no_errno (mknod (whiteout, S_IFCHR, 0));
    }
  close_successfully (directory);
}

static void
close_path_child (gpointer data)
{
  const char *path = data;
  g_autoptr (GFile) root_file = g_file_new_for_path (path);
  g_autoptr (TmRoot) root = tm_root_new (root_file, 0, TM_ROOT_FLAGS_NONE, NULL, NULL);

  child_assert (tm_root_cleanup (root, NULL, NULL) >= 0);
}

/* Rust 127576: two processes at one tree, without locks between them. */
static void
test_two_deleters (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      pid_t pids[3];

      for (guint j = 0; j < 30; j++)
        {
          g_autofree char *name = g_strdup_printf ("d%u", j);
          g_autofree char *path = sandbox_path (sandbox, name);

          make_tree (path);
        }
      for (guint j = 0; j < G_N_ELEMENTS (pids); j++)
        pids[j] = start_child (close_path_child, sandbox->path);
      for (guint j = 0; j < G_N_ELEMENTS (pids); j++)
        g_assert_cmpint (wait_for_child (pids[j]), ==, 0);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

static void
mounts_child (gpointer data)
{
  const char *path = data;
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *root_path = g_build_filename (path, "root", NULL);
  g_autofree char *top = g_build_filename (root_path, "top", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GFile) root_file = g_file_new_for_path (root_path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autofree char *bind = NULL;
  g_autofree char *tmpfs = NULL;
  g_autofree char *file = NULL;
  g_autofree char *other = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (victim);
  make_file (treasure);
  make_directory (top);
  directory = create_in (path);
  bind = child_path (directory, "a/b/bind");
  tmpfs = child_path (directory, "a/tmpfs");
  file = child_path (directory, "a/file");
  other = child_path (directory, "a/b/other");
  make_directory (bind);
  make_directory (tmpfs);
  make_file (file);
  make_tree (other);
  child_assert (mount (victim, bind, NULL, MS_BIND, NULL) == 0);
  child_assert (mount (victim, top, NULL, MS_BIND, NULL) == 0);
  child_assert (mount ("none", tmpfs, "tmpfs", 0, NULL) == 0);
  child_assert (mount (treasure, file, NULL, MS_BIND, NULL) == 0);

  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  child_assert (strstr (error->message, tm_temporary_directory_get_path (directory)) != NULL);
  child_assert (path_exists (treasure));
  child_assert (!path_exists (other));

  /* A mount point in a root is no sub-directory of it. */
  root = tm_root_new (root_file, 0, TM_ROOT_FLAGS_NONE, NULL, NULL);
  child_assert (root != NULL);
  make_old (victim, 3600);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
  child_assert (path_exists (treasure));

  child_assert (umount (bind) == 0 && umount (tmpfs) == 0 && umount (file) == 0);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  int status = run_in_child (mounts_child, sandbox->path);

  if (status == CHILD_CANNOT)
    g_test_skip ("no mount namespaces here");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
owner_child (gpointer data)
{
  const char *path = data;
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *foreign = NULL;
  g_autofree char *other = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  child_assert (seteuid (TEST_UID - 1) == 0);
  directory = tm_temporary_directory_new (parent, NULL, NULL, NULL);
  child_assert (directory != NULL);
  foreign = child_path (directory, "foreign/file");
  other = child_path (directory, "other");
  make_tree (other);
  child_assert (seteuid (0) == 0);
  {
    g_autofree char *dir = child_path (directory, "foreign");

    make_directory (dir);
    make_file (foreign);
  }
  child_assert (seteuid (TEST_UID - 1) == 0);

  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, foreign) != NULL);
  child_assert (!path_exists (other));
  child_assert (seteuid (0) == 0);
  child_assert (path_exists (foreign));
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

/* What belongs to somebody else stays, and the rest goes. */
static void
test_foreign_files (Sandbox *sandbox, gconstpointer data)
{
  if (geteuid () != 0)
    {
      g_test_skip ("needs a second user: only root has one");
      return;
    }
  assert_success_in_child (run_in_child (owner_child, sandbox->path));
}

static void
test_many_entries (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  int fd = tm_temporary_directory_get_fd (directory);

  for (guint i = 0; i < 20000; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "%u", i);
      int made = i % 10 != 0 ? mknodat (fd, name, S_IFREG | 0600, 0) : mkdirat (fd, name, 0700);

      g_assert_no_errno (made);
    }
  close_successfully (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/attacks/exchange-with-link", test_exchange_with_link);
  add_test ("/attacks/parent-swapped", test_parent_swapped);
  add_test ("/attacks/modes-of-links", test_modes_of_links);
  add_test ("/attacks/depth", test_depth);
  add_test ("/attacks/moved-out", test_moved_out);
  add_test ("/attacks/special-files", test_special_files);
  add_test ("/attacks/two-deleters", test_two_deleters);
  add_test ("/attacks/mounts", test_mounts);
  add_test ("/attacks/foreign-files", test_foreign_files);
  add_test ("/attacks/many-entries", test_many_entries);

  return g_test_run ();
}
