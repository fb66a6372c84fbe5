/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Publishing in place of an existing destination, which is deleted. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/kernel.h"
#include "support/persist.h"
#include "support/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* CVE-2019-12450, CVE-2024-42472: the target of a link at the destination. */
static void
test_what_is_there (Sandbox *sandbox, gconstpointer data)
{
  static const char *const names[] = { "file", "empty", "full", "dangling", "link", "fifo" };
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *places = sandbox_path (sandbox, "places");
  g_autofree char *file = g_build_filename (places, "file", NULL);
  g_autofree char *empty = g_build_filename (places, "empty", NULL);
  g_autofree char *full = g_build_filename (places, "full", NULL);
  g_autofree char *dangling = g_build_filename (places, "dangling", NULL);
  g_autofree char *link = g_build_filename (places, "link", NULL);
  g_autofree char *fifo = g_build_filename (places, "fifo", NULL);
  g_autofree char *nowhere = sandbox_path (sandbox, "nowhere");

  make_directory (victim);
  make_file (treasure);
  make_directory (empty);
  make_tree (full);
  make_file (file);
  g_assert_no_errno (symlink (nowhere, dangling));
  g_assert_no_errno (symlink (victim, link));
  g_assert_no_errno (mkfifo (fifo, 0600));

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (places, names[i], NULL);
      g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
      struct stat before, after;

      g_test_message ("%s", names[i]);
      g_assert_no_errno (lstat (path, &before));
      assert_persist_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      g_assert_no_errno (lstat (path, &after));
      g_assert_cmpuint (before.st_ino, ==, after.st_ino);

      assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
      g_assert_no_errno (lstat (path, &after));
      g_assert_true (S_ISDIR (after.st_mode));
      g_assert_cmpuint (count_entries (parent), ==, 0);
    }

  g_assert_true (path_exists (treasure));
  g_assert_cmpuint (count_entries (victim), ==, 1);
  g_assert_false (path_exists (nowhere));
}

static void
test_replace_nothing (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (sandbox->path);

  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

/* A process that reads the replaced directory, and holds a lock on it, can continue. */
static void
test_replaced_in_use (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmRoot) root = open_reclaiming_root (parent);
  g_autoptr (TmTemporaryDirectory) first = create_with_content (parent);
  g_autoptr (TmTemporaryDirectory) second = create_with_content (parent);
  struct stat status;
  int fd;

  assert_persists (first, path, TM_PERSIST_FLAGS_NONE);
  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_SH | LOCK_NB));
  assert_persists (second, path, TM_PERSIST_FLAGS_REPLACE);

  g_assert_cmpuint (count_entries (parent), ==, 1);
  g_assert_no_errno (fstatat (fd, "content", &status, 0));
  assert_cleanup (root, 0);
  g_assert_no_errno (fstatat (fd, "content", &status, 0));

  close (fd);
  assert_cleanup (root, 1);
  g_assert_cmpuint (count_entries (parent), ==, 0);
  g_assert_true (has_content (path));
}

/* A process that only tries a lock releases it soon. */
static void
test_replaced_looked_at (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);

  make_directory (path);
  fail_call ("flock", EWOULDBLOCK, 3);
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  g_assert_cmpuint (fail_end (), ==, 3);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

static void
stubborn_child (gpointer data)
{
  g_autofree char *parent = g_build_filename (data, "temporary", NULL);
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *before = NULL;
  g_autofree char *foreign = NULL;
  struct stat status;

  child_assert (become_ordinary_user ());
  make_directory (parent);
  directory = create_with_content (parent);
  before = g_strdup (tm_temporary_directory_get_path (directory));
  foreign = g_build_filename (before, "foreign/file", NULL);
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  child_assert (path_exists (foreign));
  child_assert (lstat (before, &status) == 0 && (status.st_mode & 07777) == 01755);
}

/* It is published, and the replaced directory has the mark. */
static void
test_replaced_stays (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "temporary");
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *foreign = g_build_filename (path, "foreign", NULL);
  g_autofree char *file = g_build_filename (foreign, "file", NULL);
  g_autoptr (TmRoot) root = NULL;

  if (skip_unless_root ())
    return;

  make_directory (foreign);
  make_file (file);
  /* Other users may write to it: the bit alone is not the mark there. */
  g_assert_no_errno (g_chmod (path, 0777));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  assert_success_in_child (run_in_child (stubborn_child, sandbox->path));
  g_assert_true (has_content (path));

  root = open_reclaiming_root (parent);
  assert_cleanup (root, 1);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

typedef struct
{
  char *path;
  char *other;
} Places;

/* Another process publishes between the look at the destination and the exchange. */
static void
exchange (gpointer user_data)
{
  const Places *places = user_data;

  g_assert_no_errno (
      kernel_renameat2 (AT_FDCWD, places->path, AT_FDCWD, places->other, KERNEL_RENAME_EXCHANGE));
}

static void
publish_beside_another (Sandbox *sandbox, const char *parent, gboolean is_directory)
{
  Places places = { sandbox_path (sandbox, "published"), sandbox_path (sandbox, "other") };
  g_autofree char *inside = g_build_filename (places.other, "inside", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);

  if (is_directory)
    {
      make_directory (places.path);
      make_directory (inside);
    }
  else
    {
      make_file (places.path);
      make_file (places.other);
    }

  attack_before ("renameat2", 0, exchange, &places);
  assert_persists (directory, places.path, TM_PERSIST_FLAGS_REPLACE);
  g_assert_cmpuint (attack_end (), >, 0);

  delete_tree (places.path);
  delete_tree (places.other);
  g_free (places.path);
  g_free (places.other);
}

static void
test_another_publisher (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);

  publish_beside_another (sandbox, parent, TRUE);
  publish_beside_another (sandbox, parent, FALSE);
  g_assert_cmpuint (count_entries (parent), ==, 0);

  /* If other users can rename here, it may be another directory, and one of theirs: it is kept. */
  g_assert_no_errno (g_chmod (parent, 0777));
  publish_beside_another (sandbox, parent, TRUE);
  g_assert_cmpuint (count_entries (parent), ==, 1);
  publish_beside_another (sandbox, parent, FALSE);
  g_assert_cmpuint (count_entries (parent), ==, 2);
}

typedef struct
{
  const char *path;
  guint n_renames;
} Flip;

/* A file is at the destination whenever the library renames to a free name, and none whenever it
 * exchanges. */
static int
flip_cb (const SystemCall *call, gpointer user_data)
{
  Flip *flip = user_data;
  guint n;

  if (!g_str_equal (call->name, "renameat2"))
    return 0;

  n = flip->n_renames++;
  if (n < 9 && n % 2 == 0)
    g_assert_no_errno (g_rmdir (flip->path));
  else if (n < 9)
    g_assert_no_errno (g_mkdir (flip->path, 0700));
  return 0;
}

static void
test_coming_and_going (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_with_content (parent);
  Flip flip = { .path = path };

  make_directory (path);
  interpose (flip_cb, &flip);
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  interpose_end ();
  g_assert_cmpuint (flip.n_renames, ==, 10);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/persist-replace/what-is-there", of_descriptors (test_what_is_there));
  add_test ("/persist-replace/replace-nothing", test_replace_nothing);
  add_test ("/persist-replace/in-use", of_descriptors (test_replaced_in_use));
  add_test ("/persist-replace/looked-at", of_descriptors (test_replaced_looked_at));
  add_test ("/persist-replace/stays", of_descriptors (test_replaced_stays));
  add_test ("/persist-replace/another-publisher", of_descriptors (test_another_publisher));
  add_test ("/persist-replace/coming-and-going", of_descriptors (test_coming_and_going));

  return g_test_run ();
}
