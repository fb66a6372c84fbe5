/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every system call of every operation of a root fails with each errno that it can return, one in
 * each run, as in test-faults.c. */

#include "support/directories.h"
#include "support/fault-scenarios.h"
#include "support/roots.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static TmTemporaryDirectory *
create_in_root (TmRoot *root, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_root_create_temp_dir (root, NULL, error);

  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  return tm_root_create_temp_dir_finish (root, wait_for_result (&result), error);
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

static GListModel *
list_entries (TmRoot *root, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!is_async)
    return tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, error);

  tm_root_list_entries_async (root, TM_LIST_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                              &result);
  return tm_root_list_entries_finish (root, wait_for_result (&result), error);
}

static gboolean
delete_entry (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

#define N_DELETED_ENTRIES 4

/* Which entries of a root are deleted and which are kept. */
static const struct
{
  const char *name;
  mode_t mode;
  gint64 age;
  gboolean is_deleted;
} entries[] = {
  { OUR_NAME ("abandoned"), 01700, 0, TRUE },
  { OUR_NAME ("abandoned-and-barred"), 01000, 0, TRUE },
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

/* Whether this cleaner decides about it. It does not if another process moved the entry away; and
 * without locks, only its age tells whether it is in use. */
static gboolean
entry_counts (guint i)
{
  return !fault_moved_away (entries[i].name) &&
         !(entries[i].mode == 0 && !entries[i].is_deleted && fault_was_that_there_are_no_locks ());
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

static void
clear_entries (const char *base, int lock)
{
  close (lock);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);

      fault_assert (!path_exists (path) || delete_entry (path));
    }
}

/* How many entries are still to be deleted. */
static gssize
count_left (const char *base)
{
  gssize n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);

      if (entries[i].is_deleted && entry_counts (i))
        n += path_exists (path);
    }

  return n;
}

static void
check_what_stays (const char *base)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    if (!entries[i].is_deleted && entry_counts (i))
      {
        g_autofree char *path = entry_path (base, i);
        struct stat status;

        fault_assert (stat (path, &status) == 0);
        /* A call that only examined it leaves it unchanged, if it can, and if it can see that no
         * other process has changed it since. */
        if (!fault_was_of ("fchmod") && !fault_was_of ("chmod") && !fault_was_of ("fstat") &&
            !fault_lasts ())
          fault_assert ((status.st_mode & 07777) == entries[i].mode);
        fault_assert (g_chmod (path, entries[i].mode | 0700) == 0);
        fault_assert (count_entries (path) == 1);
        fault_assert (g_chmod (path, entries[i].mode) == 0);
      }
}

/* A cleaner keeps an entry that it cannot lock, a mount point and an entry of another user, and
 * reports no error. */
static gboolean
fault_is_a_reason_to_keep (void)
{
  return fault_was_of ("flock") || fault_was_of ("fstat") || fault_was_of ("fstatfs") ||
         fault_hid_a_mount () || fault_was (EACCES) || fault_was (EXDEV) || fault_was (ENOTDIR);
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
  n_gone = N_DELETED_ENTRIES - n_left;
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
      /* An entry that was moved away at the last moment may be counted or not. */
      fault_assert (n_left == 0);
      fault_assert (n_deleted == n_gone || n_deleted == n_gone - 1);
    }
  else
    {
      fault_assert (n_deleted == n_gone || fault_was_that_there_are_no_locks ());
      fault_assert (n_left == 0 || fault_is_a_reason_to_keep ());
    }

  /* The fault prevented the timestamps from being restored. */
  if (fault_lasts ())
    make_entries_old (base);
  fault_assert (clean_up (root, NULL) == n_left);
  fault_assert (count_left (base) == 0);
  check_what_stays (base);
  fault_assert (path_exists (live_file) || fault_moved_away (live_name));
  fault_assert (tm_temporary_directory_close (live, NULL, NULL));

  clear_entries (base, lock);
}

/* The age basis of the list. */
static TmAgeBasis age_basis;

typedef struct
{
  struct stat status[G_N_ELEMENTS (entries)]; /* the mode of a missing entry is 0 */
} Snapshot;

static void
take_snapshot (const char *base, Snapshot *snapshot)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *path = entry_path (base, i);

      if (lstat (path, &snapshot->status[i]) < 0)
        snapshot->status[i].st_mode = 0;
    }
}

static gboolean
times_are_equal (const struct timespec *a, const struct timespec *b)
{
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Returns the number of entries. */
static guint
check_unchanged (const char *base, const Snapshot *before)
{
  Snapshot after;
  guint n = 0;

  take_snapshot (base, &after);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      const struct stat *status = &after.status[i];

      if (fault_moved_away (entries[i].name))
        continue;

      n++;
      fault_assert (status->st_mode == before->status[i].st_mode);
      fault_assert (status->st_ino == before->status[i].st_ino);
      /* The fault may prevent it from restoring a mode; and the content may have been moved
       * away. */
      fault_assert (fault_was (ENOENT) ||
                    times_are_equal (&status->st_mtim, &before->status[i].st_mtim));
      fault_assert (fault_was (ENOENT) || fault_was (EPERM) ||
                    times_are_equal (&status->st_atim, &before->status[i].st_atim));
    }
  return n;
}

/* Whether a process that does not change its mode can find out whether the entry is in use. */
static gboolean
entry_can_be_looked_at (guint i)
{
  return (geteuid () == 0 || (entries[i].mode & 0500) == 0500) && !fault_was (EACCES);
}

/* A kept entry is never listed as expired; and a deleted one is, unless it could not be
 * examined. */
static void
check_listed (GListModel *list)
{
  guint n = g_list_model_get_n_items (list);

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    for (guint j = 0; j < n; j++)
      {
        g_autoptr (TmRootEntry) entry = g_list_model_get_item (list, j);
        g_autofree char *name = g_file_get_basename (tm_root_entry_get_file (entry));

        if (!g_str_equal (name, entries[i].name) || !entry_counts (i))
          continue;

        if (!entries[i].is_deleted && entry_can_be_looked_at (i))
          fault_assert (!tm_root_entry_get_removable (entry));
        if (entries[i].is_deleted && fault_is_to_be_hidden () && !fault_is_a_reason_to_keep () &&
            age_basis != TM_AGE_BASIS_NEWEST_CONTENT)
          fault_assert (tm_root_entry_get_removable (entry));
      }
}

/* The list changes nothing, whatever the fault is, and lists no entry as expired that is not. */
static void
list_scenario (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);
  g_autoptr (TmTemporaryDirectory) live = create_in (base);
  g_autofree char *live_name = g_path_get_basename (tm_temporary_directory_get_path (live));
  int lock = make_entries (base);
  g_autoptr (GListModel) list = NULL;
  g_autoptr (GListModel) list_again = NULL;
  g_autoptr (GError) error = NULL;
  Snapshot before;
  guint n_there;

  tm_root_set_age_basis (root, age_basis);
  take_snapshot (base, &before);
  fault_begin ();
  list = list_entries (root, &error);
  fault_end ();

  n_there = check_unchanged (base, &before);
  if (!fault_moved_away (live_name))
    {
      check_created (live);
      n_there++;
    }

  fault_assert ((list != NULL) == (error == NULL));
  if (list == NULL)
    {
      fault_assert (!fault_is_to_be_hidden ());
      /* It needs to read the root, but not to examine an entry. */
      fault_assert (fault_lasts () || (!fault_was_of_name ("statx") && !fault_was_of ("flock")));
      fault_check_error (error, base);
    }
  else
    {
      /* An entry that the fault hides is not listed. */
      gboolean seems_gone = fault_was (ENOENT) || fault_was (ENOTDIR);

      fault_assert (g_list_model_get_n_items (list) + (seems_gone ? 1 : 0) >= n_there);
      check_listed (list);
    }

  list_again = list_entries (root, NULL);
  fault_assert (list_again != NULL && g_list_model_get_n_items (list_again) == n_there);
  fault_assert (tm_temporary_directory_close (live, NULL, NULL));
  clear_entries (base, lock);
}

/* With the cleanup that precedes it, whose failures do not fail the creation. */
static void
create_in_root_scenario (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);
  g_autofree char *abandoned = g_build_filename (base, OUR_NAME ("abandoned"), NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  gssize n_left;

  make_directory (abandoned);
  fault_assert (g_chmod (abandoned, 01700) == 0);
  fill_small (abandoned);
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

/* The root itself. */
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
test_cleanup (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, cleanup_scenario);
}

static void
test_list (Sandbox *sandbox, gconstpointer data)
{
  run_each (sandbox, list_scenario);
}

static void
test_list_by_content (Sandbox *sandbox, gconstpointer data)
{
  age_basis = TM_AGE_BASIS_NEWEST_CONTENT;
  run_each (sandbox, list_scenario);
  age_basis = TM_AGE_BASIS_ACCESSED_OR_MODIFIED;
}

static void
test_lasting (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { create_in_root_scenario, cleanup_scenario,
                                            list_scenario };

  run_each_lasting (sandbox, scenarios, G_N_ELEMENTS (scenarios));
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  static const ScenarioFunc scenarios[] = { create_in_root_scenario, cleanup_scenario,
                                            list_scenario };

  run_each_async (sandbox, scenarios, G_N_ELEMENTS (scenarios));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_in_memory ("/faults-root/new", NULL, of_descriptors (test_root));
  add_test_in_memory ("/faults-root/create", NULL, of_descriptors (test_create_in_root));
  add_test_in_memory ("/faults-root/cleanup", NULL, of_descriptors (test_cleanup));
  add_test_in_memory ("/faults-root/list", NULL, of_descriptors (test_list));
  add_test_in_memory ("/faults-root/list-by-content", NULL, of_descriptors (test_list_by_content));
  add_test_in_memory ("/faults-root/lasting", NULL, of_descriptors (test_lasting));
  add_test_in_memory ("/faults-root/async", NULL, of_descriptors (test_async));

  return g_test_run ();
}
