/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every system call of every operation fails with each errno that it can return, one in each run: a
 * failure is never reported as success, no descriptor and no file is left, and once the fault is
 * over the same call finishes the job.
 *
 * Those of a root are in test-faults-root.c, those of persist() in test-faults-persist.c. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/fault-scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* More levels than the library keeps open. */
#define N_LEVELS 34

/* Enough for several threads, where there are as many processors. */
#define N_DIRECTORIES_OF_LARGE_TREE 40
#define N_FILES_IN_EACH 10

/* What the directories contain. */
static void (*fill) (const char *path) = fill_small;

static void
fill_deep (const char *path)
{
  int fd = open_directory (path);

  for (guint i = 0; i < N_LEVELS; i++)
    {
      int below;

      fault_assert (mkdirat (fd, "below", 0700) == 0);
      fault_assert (mkdirat (fd, "beside", 0700) == 0);
      below = openat (fd, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      fault_assert (below >= 0);
      close (fd);
      fd = below;
    }
  close (fd);
}

static void
fill_large (const char *path)
{
  int fd = open_directory (path);

  for (guint i = 0; i < N_DIRECTORIES_OF_LARGE_TREE; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "%u", i);
      fault_assert (mkdirat (fd, name, 0700) == 0);
      for (guint j = 0; j < N_FILES_IN_EACH; j++)
        {
          g_snprintf (name, sizeof name, "%u/%u", i, j);
          fault_assert (mknodat (fd, name, S_IFREG | 0600, 0) == 0);
        }
    }
  close (fd);
}

static TmTemporaryDirectory *
create_new (const char *base, GError **error)
{
  g_autoptr (GFile) parent = g_file_new_for_path (base);
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_temporary_directory_new (parent, "t", NULL, error);

  tm_temporary_directory_new_async (parent, "t", G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  return tm_temporary_directory_new_finish (wait_for_result (&result), error);
}

static gboolean
close_directory (TmTemporaryDirectory *directory, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_temporary_directory_close (directory, NULL, error);

  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  return tm_temporary_directory_close_finish (directory, wait_for_result (&result), error);
}

static gboolean
delete_path (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, error);

  tm_delete_recursively_async (file, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, NULL, NULL,
                               NULL, keep_result_cb, &result);
  return tm_delete_recursively_finish (wait_for_result (&result), error);
}

/* Whether the deletion has to succeed in spite of the fault: it looks again later, and the fault is
 * over by then. */
static gboolean
fault_is_to_be_hidden_by_deletion (void)
{
  return fault_is_to_be_hidden () || (fault_was (ENOENT) && !fault_hid_a_mount ()) ||
         fault_was (EISDIR) || fault_was (ENOTEMPTY) || fault_was (EEXIST);
}

static gboolean
fault_is_want_of_descriptors (void)
{
  return fault_was (EMFILE) || fault_was (ENFILE);
}

static void
close_scenario (const char *base)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (base);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autoptr (GError) error = NULL;
  gboolean closed;

  fill (path);
  fault_begin ();
  closed = close_directory (directory, &error);
  fault_end ();

  fault_assert (closed == (error == NULL));
  fault_assert (closed == tm_temporary_directory_is_closed (directory));
  if (!closed)
    {
      fault_assert (!fault_is_to_be_hidden_by_deletion ());
      fault_assert (!fault_is_want_of_descriptors () || fault_lasts ());
      fault_check_error (error, path);
      fault_assert (path_exists (path));
      fault_assert (close_directory (directory, NULL));
    }
  fault_assert (!path_exists (path));
}

static void
delete_scenario (const char *base)
{
  g_autofree char *path = g_build_filename (base, "tree", NULL);
  g_autoptr (GError) error = NULL;
  gboolean deleted;

  make_directory (path);
  fill (path);
  fault_begin ();
  deleted = delete_path (path, &error);
  fault_end ();

  fault_assert (deleted == (error == NULL));
  /* Before the operation has started. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    fault_assert (fault_was (ENOENT) && !path_exists (path));
  else if (!deleted)
    {
      fault_assert (!fault_is_to_be_hidden_by_deletion ());
      fault_check_error (error, path);
      fault_assert (path_exists (path));
      fault_assert (delete_path (path, NULL));
    }
  fault_assert (!path_exists (path));
}

static void
create_scenario (const char *base)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  mode_t old_umask = umask (0777);

  fault_begin ();
  directory = create_new (base, &error);
  fault_end ();
  umask (old_umask);

  fault_assert ((directory != NULL) == (error == NULL));
  if (directory == NULL)
    {
      check_not_created (base, error);
      fault_assert (count_entries (base) == 0);
      return;
    }

  check_created (directory);
  fault_assert (count_entries (base) == 1);
  fault_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

static void
keep_scenario (const char *base)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (base);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autoptr (GError) error = NULL;
  struct stat status;
  gboolean kept;

  fault_begin ();
  kept = tm_temporary_directory_keep (directory, NULL, &error);
  fault_end ();

  fault_assert (kept == (error == NULL));
  fault_assert (kept == tm_temporary_directory_is_closed (directory));
  fault_assert (stat (path, &status) == 0);
  fault_assert ((status.st_mode & 07777) == (kept ? 0700 : 01700));
  if (!kept)
    {
      fault_assert (!fault_is_to_be_hidden ());
      fault_check_error (error, path);
      check_created (directory);
      fault_assert (tm_temporary_directory_keep (directory, NULL, NULL));
    }
  fault_assert (g_rmdir (path) == 0);
}

static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, create_scenario);
}

static void
test_close (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, close_scenario);
}

static void
test_keep (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, keep_scenario);
}

static void
test_delete (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, delete_scenario);
}

/* More levels than are kept open at once. */
static void
test_deep (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *base = sandbox_path (sandbox, "base");

  fill = fill_deep;
  g_assert_cmpuint (fault_each (close_scenario, base, 1), >, 0);
  fill = fill_small;
}

/* With several threads. Not every call, since there are many. */
static void
test_large (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *base = sandbox_path (sandbox, "base");

  fill = fill_large;
  g_assert_cmpuint (fault_each (close_scenario, base, 97), >, 0);
  fill = fill_small;
}

static void
test_lasting (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { create_scenario, close_scenario, delete_scenario,
                                            keep_scenario };

  run_each_lasting (sandbox, scenarios, G_N_ELEMENTS (scenarios));
}

/* No other thread closes a descriptor while the deletion waits for one. */
static void
test_lasting_want_of_descriptors (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { EMFILE, ENFILE };
  g_autofree char *base = sandbox_path (sandbox, "base");

  make_directory (base);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    g_assert_cmpuint (fault_each_of (close_scenario, base, 1, errors[i], FAULT_FROM_THEN_ON), >, 0);
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { create_scenario, close_scenario, delete_scenario };

  run_each_async (sandbox, scenarios, G_N_ELEMENTS (scenarios));
}

/* Another process holds the lock of a new directory: the creation gives up the directory, and does
 * not leave it behind. */
static void
test_lock_held (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  fail_call ("flock", EWOULDBLOCK, 15);
  directory = create_in (sandbox->path);
  interpose_end ();
  check_created (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
  close_successfully (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_in_memory ("/faults/create", NULL, of_descriptors (test_create));
  add_test_in_memory ("/faults/close", NULL, of_descriptors (test_close));
  add_test_in_memory ("/faults/keep", NULL, of_descriptors (test_keep));
  add_test_in_memory ("/faults/delete", NULL, of_descriptors (test_delete));
  add_test_in_memory ("/faults/deep", NULL, of_descriptors (test_deep));
  add_test_in_memory ("/faults/large", NULL, of_descriptors (test_large));
  add_test_in_memory ("/faults/lasting", NULL, of_descriptors (test_lasting));
  add_test_in_memory ("/faults/lasting-want-of-descriptors", NULL,
                      of_descriptors (test_lasting_want_of_descriptors));
  add_test_in_memory ("/faults/async", NULL, of_descriptors (test_async));
  add_test_in_memory ("/faults/lock-held", NULL, of_descriptors (test_lock_held));

  return g_test_run ();
}
