/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every system call of every operation fails with each errno that it can return, one in each run:
 * no success is reported that is none, nothing is left open or behind, and once the fault is over
 * the same call finishes the job. */

#include "directories.h"
#include "faults.h"
#include "interpose.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR 3600

/* More than the engine holds open. */
#define N_LEVELS 18

/* Enough for several threads, where there are as many processors. */
#define N_DIRECTORIES_OF_LARGE_TREE 40
#define N_FILES_IN_EACH 10

/* Which way an operation is called; the scenarios are the same. */
static gboolean is_async;

/* What the directories contain. */
static void (*fill) (const char *path);

static int
open_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  fault_assert (fd >= 0);
  return fd;
}

static void
fill_small (const char *path)
{
  int fd = open_directory (path);

  fault_assert (mknodat (fd, "file", S_IFREG | 0600, 0) == 0);
  fault_assert (mkdirat (fd, "1", 0700) == 0);
  fault_assert (mkdirat (fd, "1/2", 0700) == 0);
  fault_assert (mknodat (fd, "1/2/file", S_IFREG | 0400, 0) == 0);
  fault_assert (mknodat (fd, "1/2/fifo", S_IFIFO | 0600, 0) == 0);
  fault_assert (symlinkat ("..", fd, "1/link") == 0);
  fault_assert (symlinkat ("/nowhere", fd, "dangling") == 0);
  fault_assert (mkdirat (fd, "barred", 0700) == 0);
  fault_assert (mkdirat (fd, "barred/1", 0) == 0);
  fault_assert (mknodat (fd, "barred/file", S_IFREG, 0) == 0);
  fault_assert (fchmodat (fd, "barred", 0, 0) == 0);
  close (fd);
}

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

static TmTemporaryDirectory *
create_in_root (TmRoot *root, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_root_create_temp_dir (root, NULL, error);

  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  return tm_root_create_temp_dir_finish (root, wait_for_result (&result), error);
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

static gssize
clean_up (TmRoot *root, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_root_cleanup (root, NULL, error);

  tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  return tm_root_cleanup_finish (root, wait_for_result (&result), error);
}

static gboolean
delete_path (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_delete_recursively (file, NULL, NULL, NULL, error);

  tm_delete_recursively_async (file, G_PRIORITY_DEFAULT, NULL, NULL, NULL, NULL, keep_result_cb,
                               &result);
  return tm_delete_recursively_finish (wait_for_result (&result), error);
}

static TmRoot *
open_reclaiming_root (const char *path)
{
  return open_root (path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
}

/* Nothing of it is seen by whoever deletes: what it says of the world at that moment is no
 * hindrance by the time it is looked at again. */
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
  /* Before it was begun with. */
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

static gboolean
fault_was_that_there_are_no_locks (void)
{
  return fault_was_of ("flock") &&
         (fault_was (ENOSYS) || fault_was (EOPNOTSUPP) || fault_was (EINVAL));
}

/* It is there, it is ours alone, marked, and in use. */
static void
check_created (TmTemporaryDirectory *directory)
{
  const char *path = tm_temporary_directory_get_path (directory);
  int fd = open_directory (path);
  gboolean is_locked = flock (fd, LOCK_EX | LOCK_NB) < 0;
  struct stat by_path, by_fd;

  fault_assert (fstat (fd, &by_path) == 0);
  fault_assert (fstat (tm_temporary_directory_get_fd (directory), &by_fd) == 0);
  fault_assert (by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev);
  fault_assert (is_locked || fault_was_that_there_are_no_locks ());
  fault_assert ((by_fd.st_mode & 07777) == (is_locked ? 01700 : 0700));
  close (fd);
}

/* What a failed creation leaves is to be nothing, unless it was not allowed to remove it. */
static void
check_not_created (const char *base, const GError *error)
{
  fault_assert (!fault_is_to_be_hidden ());
  /* Another name will do. */
  fault_assert (!(fault_was (EEXIST) && fault_was_of ("mkdirat")));
  fault_check_error (error, base);

  if (fault_lasts ())
    {
      g_autoptr (TmRoot) root = open_reclaiming_root (base);

      fault_assert (tm_root_cleanup (root, NULL, NULL) >= 0);
    }
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
  kept = tm_temporary_directory_keep (directory, &error);
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
      fault_assert (tm_temporary_directory_keep (directory, NULL));
    }
  fault_assert (g_rmdir (path) == 0);
}

#define N_ENTRIES_TO_GO 4

/* What goes and what stays in a root. */
static const struct
{
  const char *name;
  mode_t mode;
  gint64 age;
  gboolean goes;
} entries[] = {
  { "abandoned", 01700, 0, TRUE },
  { "abandoned-and-barred", 01000, 0, TRUE },
  { "expired", 0755, 2 * HOUR, TRUE },
  { "young", 0700, 0, FALSE },
  { "expired-and-barred", 0, 2 * HOUR, TRUE },
  { "in-use-and-barred", 0, 2 * HOUR, FALSE },
};

static char *
entry_path (const char *base, guint i)
{
  return g_build_filename (base, entries[i].name, NULL);
}

/* Returns the lock on the last. */
static int
make_entries (const char *base)
{
  int lock = -1;

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);
      g_autofree char *file = g_build_filename (path, "file", NULL);

      make_directory (path);
      fault_assert (mknod (file, S_IFREG | 0600, 0) == 0);
      if (lock >= 0)
        close (lock);
      lock = open_directory (path);
      fault_assert (g_chmod (path, entries[i].mode) == 0);
      make_old (path, entries[i].age);
    }

  fault_assert (flock (lock, LOCK_SH | LOCK_NB) == 0);
  return lock;
}

/* Whether it is decided here what becomes of it. One that somebody else moved away is none of the
 * cleaner's; and where there are no locks, nothing but its age says whether it is in use. */
static gboolean
entry_counts (guint i)
{
  return !fault_moved_away (entries[i].name) &&
         !(entries[i].mode == 0 && !entries[i].goes && fault_was_that_there_are_no_locks ());
}

static void
make_entries_old (const char *base)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);

      if (path_exists (path))
        make_old (path, entries[i].age);
    }
}

/* How many are still to go. */
static gssize
count_left (const char *base)
{
  gssize n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);

      if (entries[i].goes && entry_counts (i))
        n += path_exists (path);
    }

  return n;
}

static void
check_what_stays (const char *base)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    if (!entries[i].goes && entry_counts (i))
      {
        g_autofree char *path = entry_path (base, i);
        struct stat status;

        fault_assert (stat (path, &status) == 0);
        /* Who only looked at it leaves it as it was, if he can. */
        if (!fault_was_of ("fchmod") && !fault_was_of ("chmod") && !fault_lasts ())
          fault_assert ((status.st_mode & 07777) == entries[i].mode);
        fault_assert (g_chmod (path, entries[i].mode | 0700) == 0);
        fault_assert (count_entries (path) == 1);
        fault_assert (g_chmod (path, entries[i].mode) == 0);
      }
}

/* What cannot be locked, or is a mount point, or somebody else's, is none of a cleaner's business:
 * then it keeps the entry and says nothing. */
static gboolean
fault_is_a_reason_to_keep (void)
{
  return fault_was_of ("flock") || fault_was_of ("fstat") || fault_hid_a_mount () ||
         fault_was (EACCES) || fault_was (EXDEV) || fault_was (ENOTDIR);
}

static void
cleanup_scenario (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);
  g_autoptr (TmTemporaryDirectory) live = create_in (base);
  g_autofree char *live_name = g_path_get_basename (tm_temporary_directory_get_path (live));
  g_autofree char *live_file = child_path (live, "file");
  int lock = make_entries (base);
  g_autoptr (GError) error = NULL;
  gssize n_deleted, n_gone, n_left;

  make_file (live_file);
  fault_begin ();
  n_deleted = clean_up (root, &error);
  fault_end ();

  n_left = count_left (base);
  n_gone = N_ENTRIES_TO_GO - n_left;
  check_what_stays (base);
  fault_assert (path_exists (live_file) || fault_moved_away (live_name));
  fault_assert ((n_deleted >= 0) == (error == NULL));
  if (n_deleted < 0)
    {
      fault_assert (!fault_is_to_be_hidden ());
      fault_check_error (error, base);
    }
  else if (fault_was (ENOENT))
    {
      /* Whether it counts what was moved away at the last moment is of no importance. */
      fault_assert (n_left == 0);
      fault_assert (n_deleted == n_gone || n_deleted == n_gone - 1);
    }
  else
    {
      fault_assert (n_deleted == n_gone || fault_was_that_there_are_no_locks ());
      fault_assert (n_left == 0 || fault_is_a_reason_to_keep ());
    }

  /* It was not allowed to give them their age back. */
  if (fault_lasts ())
    make_entries_old (base);
  fault_assert (clean_up (root, NULL) == n_left);
  fault_assert (count_left (base) == 0);
  check_what_stays (base);
  fault_assert (path_exists (live_file) || fault_moved_away (live_name));
  fault_assert (tm_temporary_directory_close (live, NULL, NULL));

  close (lock);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);

      fault_assert (!path_exists (path) || delete_path (path, NULL));
    }
}

/* With the sweep that comes before it, whose failures are not the creation's. */
static void
create_in_root_scenario (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);
  g_autofree char *abandoned = g_build_filename (base, "abandoned", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  gssize n_left;

  make_directory (abandoned);
  fault_assert (g_chmod (abandoned, 01700) == 0);
  fill (abandoned);
  fault_begin ();
  directory = create_in_root (root, &error);
  fault_end ();

  fault_assert ((directory != NULL) == (error == NULL));
  if (directory == NULL)
    check_not_created (base, error);
  else
    check_created (directory);

  n_left = path_exists (abandoned) ? 1 : 0;
  fault_assert (tm_root_cleanup (root, NULL, NULL) == n_left);
  fault_assert (count_entries (base) == (directory != NULL ? 1 : 0));
  fault_assert (directory == NULL || tm_temporary_directory_close (directory, NULL, NULL));
}

/* A root itself. */
static void
root_scenario (const char *base)
{
  g_autofree char *path = g_build_filename (base, "root", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  fault_begin ();
  root = tm_root_new (file, HOUR, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
  fault_end ();

  fault_assert ((root != NULL) == (error == NULL));
  if (root == NULL)
    {
      fault_assert (!fault_is_to_be_hidden ());
      fault_check_error (error, path);
      root = tm_root_new (file, HOUR, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, NULL);
    }

  fault_assert (root != NULL);
  {
    g_autoptr (TmTemporaryDirectory) directory = tm_root_create_temp_dir (root, NULL, NULL);

    fault_assert (directory != NULL);
    fault_assert (tm_temporary_directory_close (directory, NULL, NULL));
  }
  fault_assert (g_rmdir (path) == 0);
}

typedef struct
{
  ScenarioFunc scenario;
  const char *base;
} UserRun;

static void
user_child (gpointer data)
{
  const UserRun *run = data;

  child_assert (become_ordinary_user ());
  /* Else its own descriptors could not be listed. */
  child_assert (prctl (PR_SET_DUMPABLE, 1) == 0);
  child_assert (fault_each (run->scenario, run->base, 1) > 0);
}

/* As whoever runs the test, and as an ordinary user, whom a mode bars from his own directories. */
static void
run_each (Sandbox *sandbox, ScenarioFunc scenario)
{
  g_autofree char *base = sandbox_path (sandbox, "base");
  g_autofree char *user_base = sandbox_path (sandbox, "user");
  UserRun user_run = { scenario, user_base };
  guint n;

  fill = fill_small;
  n = fault_each (scenario, base, 1);
  g_assert_cmpuint (n, >, 0);
  g_test_message ("%u faults", n);
  if (geteuid () == 0)
    assert_success_in_child (run_in_child (user_child, &user_run));
}

static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, create_scenario);
}

static void
test_create_in_root (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, create_in_root_scenario);
}

static void
test_root (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, root_scenario);
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
test_cleanup (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, cleanup_scenario);
}

static void
test_delete (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, delete_scenario);
}

/* More levels than are held open at once. */
static void
test_deep (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *base = sandbox_path (sandbox, "base");

  fill = fill_deep;
  g_assert_cmpuint (fault_each (close_scenario, base, 1), >, 0);
}

/* With several threads. Not every call, since there are many. */
static void
test_large (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *base = sandbox_path (sandbox, "base");

  fill = fill_large;
  g_assert_cmpuint (fault_each (close_scenario, base, 97), >, 0);
}

/* Each call and all after it, as when a disk dies, and then it is back. */
static void
test_lasting (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { create_scenario,         close_scenario,
                                            create_in_root_scenario, cleanup_scenario,
                                            delete_scenario,         keep_scenario };
  static const int errors[] = { EIO, ESTALE, EROFS, EACCES };
  g_autofree char *base = sandbox_path (sandbox, "base");

  make_directory (base);
  fill = fill_small;
  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      guint n = 0;

      for (guint j = 0; j < G_N_ELEMENTS (errors); j++)
        n += fault_each_of (scenarios[i], base, 1, errors[j], FAULT_FROM_THEN_ON);
      g_assert_cmpuint (n, >, 0);
    }
}

/* Nobody closes a descriptor for as long as the deletion waits for one. */
static void
test_lasting_want_of_descriptors (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { EMFILE, ENFILE };
  g_autofree char *base = sandbox_path (sandbox, "base");

  make_directory (base);
  fill = fill_small;
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    g_assert_cmpuint (fault_each_of (close_scenario, base, 1, errors[i], FAULT_FROM_THEN_ON), >, 0);
}

/* The error arrives with the result. */
static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { create_scenario, close_scenario,
                                            create_in_root_scenario, cleanup_scenario,
                                            delete_scenario };
  static const int errors[] = { EINTR, EIO, ENOSPC, EMFILE };
  g_autofree char *base = sandbox_path (sandbox, "base");

  make_directory (base);
  fill = fill_small;
  is_async = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      scenarios[i](base);
      for (guint j = 0; j < G_N_ELEMENTS (errors); j++)
        g_assert_cmpuint (fault_each_of (scenarios[i], base, 1, errors[j], FAULT_ONCE), >, 0);
    }
  is_async = FALSE;
}

/* Somebody who looks at the lock of a new directory is held up: it is given up, and not left. */
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

  add_test_in_memory ("/faults/create", NULL, test_create);
  add_test_in_memory ("/faults/create-in-root", NULL, test_create_in_root);
  add_test_in_memory ("/faults/root", NULL, test_root);
  add_test_in_memory ("/faults/close", NULL, test_close);
  add_test_in_memory ("/faults/keep", NULL, test_keep);
  add_test_in_memory ("/faults/cleanup", NULL, test_cleanup);
  add_test_in_memory ("/faults/delete", NULL, test_delete);
  add_test_in_memory ("/faults/deep", NULL, test_deep);
  add_test_in_memory ("/faults/large", NULL, test_large);
  add_test_in_memory ("/faults/lasting", NULL, test_lasting);
  add_test_in_memory ("/faults/lasting-want-of-descriptors", NULL,
                      test_lasting_want_of_descriptors);
  add_test_in_memory ("/faults/async", NULL, test_async);
  add_test_in_memory ("/faults/lock-held", NULL, test_lock_held);

  return g_test_run ();
}
