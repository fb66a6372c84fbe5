/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every system call of a publication fails with each errno that it can return, one in each run, as
 * in test-faults.c: neither the published directory nor the one that was there before is lost, and
 * the directory is at one place or the other. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/fault-scenarios.h"
#include "support/kernel.h"
#include "support/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The destination before the publication. */
typedef enum
{
  BEFORE_NOTHING,
  BEFORE_FILE,
  BEFORE_DIRECTORY,
  BEFORE_BARRED, /* a directory that needs write permission to be moved */
} Before;

static Before before;
static TmPersistFlags flags;

static gboolean
persist (TmTemporaryDirectory *directory, const char *path, GError **error)
{
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_temporary_directory_persist (directory, destination, flags, NULL, error);

  tm_temporary_directory_persist_async (directory, destination, flags, G_PRIORITY_DEFAULT, NULL,
                                        keep_result_cb, &result);
  return tm_temporary_directory_persist_finish (directory, wait_for_result (&result), error);
}

static void
make_before (const char *path)
{
  g_autofree char *old = g_build_filename (path, "old", NULL);

  switch (before)
    {
    case BEFORE_FILE:
      fault_assert (mknod (path, S_IFREG | 0600, 0) == 0);
      break;

    case BEFORE_DIRECTORY:
    case BEFORE_BARRED:
      make_directory (path);
      fill_small (path);
      fault_assert (mknod (old, S_IFREG | 0600, 0) == 0);
      fault_assert (g_chmod (path, before == BEFORE_BARRED ? 0 : 0755) == 0);
      break;

    case BEFORE_NOTHING:
    default:
      break;
    }
}

/* Not published, so the destination is unchanged. */
static void
check_before (const char *path)
{
  struct stat status;

  if (fault_moved_away ("published"))
    return;

  switch (before)
    {
    case BEFORE_NOTHING:
      fault_assert (!path_exists (path));
      break;

    case BEFORE_FILE:
      fault_assert (lstat (path, &status) == 0 && S_ISREG (status.st_mode));
      break;

    case BEFORE_DIRECTORY:
    case BEFORE_BARRED:
    default:
      {
        g_autofree char *old = g_build_filename (path, "old", NULL);
        mode_t mode = before == BEFORE_BARRED ? 0 : 0755;

        /* If no mode can be changed any more, a repaired mode cannot be restored. */
        fault_assert (lstat (path, &status) == 0 &&
                      ((status.st_mode & 07777) == mode || fault_lasts ()));
        fault_assert (g_chmod (path, 0700) == 0);
        fault_assert (path_exists (old));
        fault_assert (g_chmod (path, mode) == 0);
      }
      break;
    }
}

/* Not published, so the directory is unchanged and in use. */
static void
check_unpublished (TmTemporaryDirectory *directory)
{
  g_autofree char *file = child_path (directory, "file");

  fault_assert (!tm_temporary_directory_is_closed (directory));
  fault_assert (path_exists (file));
  /* The fault prevented the mark from being restored. */
  if (fault_lasts ())
    fault_assert (g_chmod (tm_temporary_directory_get_path (directory), 01700) == 0);
  check_created (directory);
}

/* An unowned directory, which no cleaner considers abandoned. */
static void
check_published (TmTemporaryDirectory *directory, const char *path)
{
  g_autofree char *file = g_build_filename (path, "file", NULL);
  g_autofree char *old = g_build_filename (path, "old", NULL);
  int fd = open_directory (path);
  struct stat status;

  fault_assert (tm_temporary_directory_is_closed (directory));
  fault_assert (g_str_equal (tm_temporary_directory_get_path (directory), path));
  fault_assert (path_exists (file) && !path_exists (old));
  fault_assert (fstat (fd, &status) == 0 && (status.st_mode & 07777) == 0700);
  fault_assert (flock (fd, LOCK_EX | LOCK_NB) == 0);
  close (fd);
}

/* A replaced directory that could not be deleted expires like any other; only a file, which a
 * cleaner leaves alone, may stay. */
static void
clean_up_replaced (const char *parent, const char *name)
{
  g_autofree char *path = g_build_filename (parent, name, NULL);
  g_autoptr (TmRoot) root = open_reclaiming_root (parent);
  struct stat status;

  if (lstat (path, &status) == 0)
    {
      fault_assert (fault_was_met ());
      if (S_ISREG (status.st_mode))
        fault_assert (before == BEFORE_FILE && g_unlink (path) == 0);
      /* Unless the fault prevented the mark. */
      else if ((status.st_mode & S_ISVTX) == 0)
        make_old (path, 2 * HOUR);
    }

  fault_assert (tm_root_cleanup (root, NULL, NULL) >= 0);
  fault_assert (count_entries (parent) == 0);
}

static void
persist_scenario (const char *base)
{
  g_autofree char *parent = g_build_filename (base, "temporary", NULL);
  g_autofree char *path = g_build_filename (base, "published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *name = NULL;
  g_autofree char *file = NULL;
  g_autoptr (GError) error = NULL;
  gboolean published;

  make_directory (parent);
  directory = create_in (parent);
  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  file = child_path (directory, "file");
  fault_assert (mknod (file, S_IFREG | 0600, 0) == 0);
  make_before (path);
  fault_begin ();
  published = persist (directory, path, &error);
  fault_end ();

  fault_assert (published == (error == NULL));
  if (!published)
    {
      fault_assert (!fault_is_to_be_hidden ());
      fault_check_error (error, tm_temporary_directory_get_path (directory));
      check_before (path);
      if (fault_moved_away (name))
        fault_assert (tm_temporary_directory_close (directory, NULL, NULL));
      else
        {
          check_unpublished (directory);
          published = persist (directory, path, NULL);
          fault_assert (published);
        }
    }

  if (published)
    check_published (directory, path);
  clean_up_replaced (parent, name);
  fault_assert (!path_exists (path) ||
                tm_delete_recursively (destination, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
  fault_assert (g_rmdir (parent) == 0);
}

typedef struct
{
  const char *name;
  Before before;
  TmPersistFlags flags;
  gboolean without_flags; /* of the file system */
} Case;

static const Case cases[] = {
  { "new", BEFORE_NOTHING, TM_PERSIST_FLAGS_NONE, FALSE },
  { "new-without-flags", BEFORE_NOTHING, TM_PERSIST_FLAGS_NONE, TRUE },
  { "nothing-to-replace", BEFORE_NOTHING, TM_PERSIST_FLAGS_REPLACE, FALSE },
  { "replace-file", BEFORE_FILE, TM_PERSIST_FLAGS_REPLACE, FALSE },
  { "replace-directory", BEFORE_DIRECTORY, TM_PERSIST_FLAGS_REPLACE, FALSE },
  { "replace-barred", BEFORE_BARRED, TM_PERSIST_FLAGS_REPLACE, FALSE },
};

static void
set_case (const Case *test_case)
{
  before = test_case->before;
  flags = test_case->flags;
  refuse_rename_flags (test_case->without_flags);
}

static void
test_once (Sandbox *sandbox, gconstpointer data)
{
  set_case (data);
  run_each (sandbox, persist_scenario);
}

static void
test_lasting (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { persist_scenario };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      set_case (&cases[i]);
      run_each_lasting (sandbox, scenarios, G_N_ELEMENTS (scenarios));
    }
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { persist_scenario };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      set_case (&cases[i]);
      run_each_async (sandbox, scenarios, G_N_ELEMENTS (scenarios));
    }
}

/* Each look at the destination finds nothing there, and each move to it finds a file. */
static int
come_and_go_cb (const SystemCall *call, gpointer user_data)
{
  guint *n = user_data;

  if (!g_str_equal (call->name, "renameat2"))
    return 0;

  ++*n;
  return (call->flags & KERNEL_RENAME_EXCHANGE) != 0 ? ENOENT : EEXIST;
}

/* This ends at some time. */
static void
test_comes_and_goes (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *file = child_path (directory, "file");
  g_autoptr (GError) error = NULL;
  guint n = 0;

  set_case (&cases[4]);
  make_file (file);
  make_before (path);
  interpose (come_and_go_cb, &n);
  g_assert_false (persist (directory, path, &error));
  interpose_end ();

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpuint (n, >, 100);
  check_before (path);
  check_unpublished (directory);
  g_assert_true (persist (directory, path, NULL));
  check_published (directory, path);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strconcat ("/faults-persist/", cases[i].name, NULL);

      add_test_in_memory (name, &cases[i], of_descriptors (test_once));
    }
  add_test_in_memory ("/faults-persist/lasting", NULL, of_descriptors (test_lasting));
  add_test_in_memory ("/faults-persist/async", NULL, of_descriptors (test_async));
  add_test_in_memory ("/faults-persist/comes-and-goes", NULL, of_descriptors (test_comes_and_goes));

  return g_test_run ();
}
