/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* When a sub-directory expires: its timestamps decide, and a cleanup does not change them. */

#include "support/directories.h"
#include "support/roots.h"
#include "support/clock.h"
#include "support/support.h"

#include <fcntl.h>
#include <float.h>
#include <glib/gstdio.h>
#include <math.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_expiry (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *young = make_old_directory (sandbox, "young", HOUR / 2);
  g_autofree char *future = make_old_directory (sandbox, "future", -2 * HOUR);

  assert_cleanup (root, 1);
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (young));
  g_assert_true (path_exists (future));
}

/* The later of the two times counts. */
static void
test_either_time (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *read = make_old_directory (sandbox, "read", 2 * HOUR);
  g_autofree char *written = make_old_directory (sandbox, "written", 2 * HOUR);
  struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };

  g_assert_no_errno (utimensat (AT_FDCWD, read, times, 0));
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_nsec = UTIME_NOW;
  g_assert_no_errno (utimensat (AT_FDCWD, written, times, 0));
  assert_cleanup (root, 0);
  g_assert_true (path_exists (read));
  g_assert_true (path_exists (written));
}

static void
test_timeouts (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    double timeout;
    gint64 age;
    gboolean expires;
  } cases[] = {
    { TM_NO_TIMEOUT, HOUR, FALSE },
    { -INFINITY, HOUR, FALSE },
    { -1e-9, HOUR, FALSE },
    { -DBL_MIN, HOUR, FALSE },
    { -0.0, 1, TRUE },
    { 0, 0, TRUE },
    { DBL_TRUE_MIN, 1, TRUE },
    { 1e-9, 1, TRUE },
    { 0.5, 1, TRUE },
    { 1e300, HOUR, FALSE },
    { DBL_MAX, HOUR, FALSE },
    { INFINITY, HOUR, FALSE },
    { INFINITY, G_GINT64_CONSTANT (20000000000), FALSE },
    /* Outside the range of nanoseconds in 64 bits. */
    { HOUR, G_GINT64_CONSTANT (20000000000), TRUE },
    { HOUR, G_GINT64_CONSTANT (-20000000000), FALSE },
    /* It was changed right before. */
    { 0, -2, TRUE },
    { HOUR, -2, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TmRoot) root = open_root (sandbox->path, cases[i].timeout, TM_ROOT_FLAGS_NONE);
      g_autofree char *path = sandbox_path (sandbox, "d");

      make_directory (path);
      make_old (path, cases[i].age);
      /* The clock of the file system, which GIO reads there, ticks slowly. */
      if (!library_has_descriptors ())
        wait_for_clock_tick ();
      g_test_message ("timeout %g, age %" G_GINT64_FORMAT, cases[i].timeout, cases[i].age);
      assert_cleanup (root, cases[i].expires ? 1 : 0);
      g_assert_cmpint (path_exists (path), !=, cases[i].expires);
      if (!cases[i].expires)
        g_assert_no_errno (g_rmdir (path));
    }
}

static void
set_times (const char *path, struct timespec accessed, struct timespec modified)
{
  const struct timespec times[] = { accessed, modified };

  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

/* Creates an entry that was last used at @last_used. Returns whether the cleanup deletes it. */
static gboolean
is_taken (TmRoot *root, struct timespec last_used)
{
  g_autoptr (GFile) file = g_file_get_child (tm_root_get_directory (root), "entry");
  const char *path = g_file_peek_path (file);
  g_autoptr (GError) error = NULL;
  struct stat status;
  gssize n_deleted;
  gboolean taken;

  make_directory (path);
  set_times (path, last_used, last_used);
  g_assert_no_errno (lstat (path, &status));
  g_assert_cmpint (status.st_mtim.tv_sec, ==, last_used.tv_sec);
  g_assert_cmpint (status.st_mtim.tv_nsec, ==, last_used.tv_nsec);

  n_deleted = tm_root_cleanup (root, NULL, &error);
  g_assert_no_error (error);
  taken = n_deleted == 1;
  g_assert_cmpint (path_exists (path), ==, !taken);
  g_rmdir (path);
  return taken;
}

/* Older means strictly older. */
static void
test_exact_limit (Sandbox *sandbox, gconstpointer data)
{
  static const struct timespec last_used = { 1700000000, 999999999 };
  static const struct
  {
    double timeout;
    struct timespec limit;
  } cases[] = {
    { 0, { 1700000000, 999999999 } },
    { 1e-9, { 1700000001, 0 } },
    { 0.5, { 1700000001, 499999999 } },
    { 1, { 1700000001, 999999999 } },
    { HOUR, { 1700003600, 999999999 } },
    /* No double is exactly this value: the nearest nanosecond counts. */
    { 0.1, { 1700000001, 99999999 } },
    { 0.3, { 1700000001, 299999999 } },
    { 0.7, { 1700000001, 699999999 } },
    { 86400.3, { 1700086401, 299999999 } },
    /* Less than a nanosecond counts as 0. */
    { DBL_TRUE_MIN, { 1700000000, 999999999 } },
    { DBL_MIN, { 1700000000, 999999999 } },
    { 0.9e-9, { 1700000000, 999999999 } },
    { 1.9e-9, { 1700000001, 0 } },
    { 0.9999999999, { 1700000001, 999999998 } },
    { -0.0, { 1700000000, 999999999 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TmRoot) root = open_root (sandbox->path, cases[i].timeout, TM_ROOT_FLAGS_NONE);
      struct timespec after = cases[i].limit;

      if (++after.tv_nsec == 1000000000)
        after = (struct timespec){ after.tv_sec + 1, 0 };

      g_test_message ("timeout %g", cases[i].timeout);
      stop_clock (&cases[i].limit);
      g_assert_false (is_taken (root, last_used));
      stop_clock (&after);
      g_assert_true (is_taken (root, last_used));
      start_clock ();
    }
}

/* The last use is then in the future. */
static void
test_clock_set_back (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_NONE);
  g_autofree char *unowned = sandbox_path (sandbox, "unowned");
  struct timespec now, earlier;

  clock_gettime (CLOCK_REALTIME, &now);
  earlier = now;
  earlier.tv_sec -= 10 * HOUR;

  make_directory (unowned);
  stop_clock (&earlier);
  assert_cleanup (root, 0);
  g_assert_true (path_exists (unowned));
  start_clock ();

  /* And once it is right again: */
  make_old (unowned, 1);
  assert_cleanup (root, 1);
}

/* The clock of this process only: the file system has another one. */
static void
set_clock_ahead (gint64 seconds)
{
  struct timespec now;

  start_clock ();
  clock_gettime (CLOCK_REALTIME, &now);
  now.tv_sec += seconds;
  stop_clock (&now);
}

static TmRoot *
open_root_with_basis (const char *path, TmAgeBasis basis)
{
  TmRoot *root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);

  tm_root_set_age_basis (root, basis);
  return root;
}

/* A time in the future does not keep an entry for ever: the change time counts instead. */
static void
test_future (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    TmAgeBasis basis;
    const char *young;
    gint64 accessed; /* in hours from now */
    gint64 modified;
  } cases[] = {
    { TM_AGE_BASIS_ACCESSED_OR_MODIFIED, ".", 1000, 1000 },
    { TM_AGE_BASIS_ACCESSED_OR_MODIFIED, ".", -1000, 1000 },
    { TM_AGE_BASIS_ACCESSED_OR_MODIFIED, ".", 1000, -1000 },
    { TM_AGE_BASIS_MODIFIED, ".", -1000, 1000 },
    { TM_AGE_BASIS_CHANGED, ".", 1000, 1000 },
    { TM_AGE_BASIS_NEWEST_CONTENT, ".", -1000, 1000 },
    { TM_AGE_BASIS_NEWEST_CONTENT, "a/b/c/plain", -1000, 1000 },
    { TM_AGE_BASIS_NEWEST_CONTENT, "a/b/c/plain", 1000, -1000 },
    { TM_AGE_BASIS_NEWEST_CONTENT, "a/b", -1000, 1000 },
    { TM_AGE_BASIS_NEWEST_CONTENT, "a/b", 1000, -1000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *entry = sandbox_path (sandbox, "entry");
      g_autofree char *young = g_build_filename (entry, cases[i].young, NULL);
      g_autoptr (TmRoot) root = open_root_with_basis (sandbox->path, cases[i].basis);
      gint64 now = time (NULL);

      make_tree (entry);
      set_times (young, (struct timespec){ now + cases[i].accessed * HOUR, 0 },
                 (struct timespec){ now + cases[i].modified * HOUR, 0 });

      g_test_message ("basis %d, %s, %d, %d", cases[i].basis, cases[i].young,
                      (int) cases[i].accessed, (int) cases[i].modified);
      assert_cleanup (root, 0);
      set_clock_ahead (2 * HOUR);
      assert_cleanup (root, 1);

      /* With the clock set back, the change time is in the future too. */
      make_tree (entry);
      set_clock_ahead (-2 * HOUR);
      assert_cleanup (root, 0);
      set_clock_ahead (2 * HOUR);
      assert_cleanup (root, 1);
      start_clock ();
    }
}

/* Of all the timestamps of an entry, an archive does not restore the change time. */
static void
test_changed (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root_with_basis (sandbox->path, TM_AGE_BASIS_CHANGED);
  g_autoptr (TmRoot) control = open_root_with_basis (sandbox->path, TM_AGE_BASIS_MODIFIED);
  g_autofree char *unpacked = sandbox_path (sandbox, "unpacked");
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) entry = NULL;
  gint64 now = time (NULL);

  make_directory (unpacked);
  make_old (unpacked, 1000 * HOUR);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  entry = g_list_model_get_item (entries, 0);
  g_assert_false (tm_root_entry_get_removable (entry));
  g_assert_cmpint (g_date_time_to_unix (tm_root_entry_get_last_used (entry)), >, now - HOUR);
  assert_cleanup (root, 0);
  assert_cleanup (control, 1);
  g_assert_false (path_exists (unpacked));

  /* It expires as well. */
  make_directory (unpacked);
  make_old (unpacked, 1000 * HOUR);
  set_clock_ahead (2 * HOUR);
  assert_cleanup (root, 1);

  /* The access time counts too. */
  make_directory (unpacked);
  set_times (unpacked, (struct timespec){ now + HOUR + HOUR / 2, 0 }, (struct timespec){ 0, 0 });
  assert_cleanup (root, 0);
  start_clock ();
}

static void
repaired_child (gpointer data)
{
  g_autofree char *entry = g_build_filename (data, "entry", NULL);
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  root = open_root (data, 0.5, TM_ROOT_FLAGS_NONE);
  tm_root_set_age_basis (root, TM_AGE_BASIS_CHANGED);
  make_directory (entry);
  child_assert (g_chmod (entry, 0) == 0);
  g_usleep (G_USEC_PER_SEC);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

/* A cleanup changes a mode that denies access to a directory, and with it the change time. That
 * does not count as use. */
static void
test_changed_by_cleanup (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (repaired_child, sandbox->path));
}

static void
extreme_times_child (gpointer data)
{
  /* Before 1601, 1900 and 1970; the fraction of a second counts upwards there, too. */
  static const struct timespec past[] = { { G_MININT64, 0 },
                                          { G_MININT64 + 1, 999999999 },
                                          { G_GINT64_CONSTANT (-11644473601), 0 },
                                          { G_GINT64_CONSTANT (-2208988801), 0 },
                                          { G_MININT32, 0 },
                                          { -1, 999999999 },
                                          { 0, 0 } };
  /* After 2038, 2106, 2262 and 9999. */
  static const struct timespec future[] = {
    { G_GINT64_CONSTANT (1) << 31, 0 },    { G_GINT64_CONSTANT (1) << 32, 0 },
    { G_GINT64_CONSTANT (9223372037), 0 }, { G_GINT64_CONSTANT (253402300800), 0 },
    { G_MAXINT64 / 1000000, 0 },           { G_MAXINT64, 0 }
  };
  static const double timeouts[] = { 0, HOUR };

  if (!enter_mount_namespace () || !mount_tmpfs (data))
    _exit (CHILD_CANNOT);

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr (TmRoot) root = open_root (data, timeouts[i], TM_ROOT_FLAGS_NONE);

      for (guint j = 0; j < G_N_ELEMENTS (past); j++)
        child_assert (is_taken (root, past[j]));
      /* Then the change time counts, which is a moment ago: the clock of the file system, which GIO
       * reads there, ticks too slowly to see that. */
      for (guint j = 0; library_has_descriptors () && j < G_N_ELEMENTS (future); j++)
        child_assert (is_taken (root, future[j]) == (timeouts[i] == 0));
    }
}

static void
test_extreme_times (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (extreme_times_child, sandbox->path),
                          "no mount namespaces here");
}

/* Sets a time that does not fit into 32 bits on all files of make_tree(). Returns FALSE if the file
 * system cannot store it either. */
static gboolean
make_tree_of_time (const char *path, struct timespec time)
{
  static const char *const names[] = { "a/b/c/plain", "a/b/c", "a/b", "a", "plain", "loop", "." };
  struct stat status;

  make_directory (path);
  make_tree (path);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_build_filename (path, names[i], NULL);

      set_times (file, time, time);
    }

  g_assert_no_errno (lstat (path, &status));
  return status.st_mtim.tv_sec == time.tv_sec;
}

static void
assert_listed (TmRoot *root, gint64 last_used, gboolean expired)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);
  g_autoptr (TmRootEntry) entry = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
  entry = g_list_model_get_item (entries, 0);
  g_assert_cmpint (g_date_time_to_unix (tm_root_entry_get_last_used (entry)), ==, last_used);
  g_assert_cmpint (tm_root_entry_get_removable (entry), ==, expired);
}

/* A time_t of 32 bits ends in 2038; after that, the C library cannot even stat a file
 * (EOVERFLOW). */
static void
test_after_2038 (Sandbox *sandbox, gconstpointer data)
{
  static const TmAgeBasis bases[] = { TM_AGE_BASIS_ACCESSED_OR_MODIFIED, TM_AGE_BASIS_MODIFIED,
                                      TM_AGE_BASIS_NEWEST_CONTENT };
  static const struct timespec last_used = { G_GINT64_CONSTANT (10000000000), 0 };
  static const struct timespec young = { G_GINT64_CONSTANT (10000000000) + HOUR / 2, 0 };
  static const struct timespec old = { G_GINT64_CONSTANT (10000000000) + 2 * HOUR, 0 };
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *entry = g_build_filename (root_path, "entry", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (entry);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  make_directory (root_path);
  if (!make_tree_of_time (entry, last_used))
    {
      g_test_skip ("the file system holds no time after 2038");
      return;
    }

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (entry));

  for (guint i = 0; i < G_N_ELEMENTS (bases); i++)
    {
      g_autoptr (TmRoot) root = open_root_with_basis (root_path, bases[i]);

      g_test_message ("basis %d", bases[i]);
      make_tree_of_time (entry, last_used);
      stop_clock (&young);
      assert_listed (root, last_used.tv_sec, FALSE);
      assert_cleanup (root, 0);
      stop_clock (&old);
      assert_listed (root, last_used.tv_sec, TRUE);
      assert_cleanup (root, 1);
      start_clock ();
    }

  directory = create_in (root_path);
  make_tree_of_time (tm_temporary_directory_get_path (directory), last_used);
  close_successfully (directory);
}

static void
read_directory (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  child_assert (dir != NULL);
  while (g_dir_read_name (dir) != NULL)
    ;
}

static gboolean
times_are_equal (const struct stat *a, const struct stat *b)
{
  return a->st_atim.tv_sec == b->st_atim.tv_sec && a->st_atim.tv_nsec == b->st_atim.tv_nsec &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void
access_times_child (gpointer data)
{
  static const struct
  {
    unsigned long flags;
    gboolean reading_counts;
  } options[] = { { MS_STRICTATIME, TRUE }, { MS_RELATIME, TRUE }, { MS_NOATIME, FALSE } };

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *path = g_build_filename (data, "old", NULL);
      g_autofree char *inside = g_build_filename (path, "mount", NULL);
      g_autoptr (TmRoot) root = NULL;
      struct stat before, after;

      if (mount ("none", data, "tmpfs", options[i].flags, "") < 0)
        _exit (CHILD_CANNOT);
      root = open_root (data, HOUR, TM_ROOT_FLAGS_NONE);

      /* It cannot be deleted, although the cleanup reads it all. That does not count as use: the
       * next time it is as old. */
      make_directory (inside);
      child_assert (mount_tmpfs (inside));
      make_old (path, 100 * HOUR);
      child_assert (lstat (path, &before) == 0);
      for (guint j = 0; j < 2; j++)
        {
          g_autoptr (GError) error = NULL;

          child_assert (tm_root_cleanup (root, NULL, &error) == -1);
          child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
          child_assert (lstat (path, &after) == 0 && times_are_equal (&before, &after));
        }
      child_assert (umount (inside) == 0);

      /* Another process uses it: if the file system records that. */
      make_old (path, 100 * HOUR);
      read_directory (path);
      child_assert (tm_root_cleanup (root, NULL, NULL) == (options[i].reading_counts ? 0 : 1));
      child_assert (path_exists (path) == options[i].reading_counts);
      g_clear_object (&root);
      child_assert (umount (data) == 0);
    }
}

static void
test_access_times (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (access_times_child, sandbox->path),
                          "no mount namespaces here");
}

/* Neither examining an entry nor checking its lock changes it. */
static void
test_scan_leaves_times (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autofree char *live = make_old_directory (sandbox, "live", 2 * HOUR);
  struct stat before, after;
  int fd = open (live, O_RDONLY | O_CLOEXEC);

  make_old (live, 2 * HOUR);
  g_assert_no_errno (flock (fd, LOCK_SH));
  g_assert_no_errno (lstat (live, &before));
  assert_cleanup (root, 0);
  g_assert_no_errno (lstat (live, &after));
  g_assert_true (times_are_equal (&before, &after));
  g_assert_cmpint (before.st_ctim.tv_sec, ==, after.st_ctim.tv_sec);
  g_assert_cmpint (before.st_ctim.tv_nsec, ==, after.st_ctim.tv_nsec);
  close (fd);
  assert_cleanup (root, 1);
}

static void
run_tar (const char *option, const char *archive, const char *directory)
{
  const char *command[] = { "tar", option, archive, "-C", directory, ".", NULL };
  g_autoptr (GError) error = NULL;
  int wait_status;

  g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                &wait_status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (wait_status, &error);
  g_assert_no_error (error);
}

/* An archive restores timestamps and the mode, without the mark: only the lock protects the
 * directory. */
static void
test_unpacked_archive (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *source = sandbox_path (sandbox, "source");
  g_autofree char *archive = sandbox_path (sandbox, "archive.tar");
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *file = g_build_filename (source, "file", NULL);
  struct stat status, now;

  make_directory (source);
  make_directory (root_path);
  make_file (file);
  make_old (file, 1000 * HOUR);
  make_old (source, 1000 * HOUR);
  run_tar ("-cf", archive, source);

  root = open_reclaiming_root (root_path);
  directory = create_under (root);
  run_tar ("-xpf", archive, tm_temporary_directory_get_path (directory));
  g_assert_no_errno (lstat (tm_temporary_directory_get_path (directory), &status));
  g_assert_no_errno (lstat (archive, &now));
  g_assert_cmpint (status.st_mtim.tv_sec, <, now.st_mtim.tv_sec - 999 * HOUR);
  g_assert_cmphex (status.st_mode & 07777, ==, 0755);
  /* tar sets the time of the extraction. */
  set_times (tm_temporary_directory_get_path (directory), status.st_mtim, status.st_mtim);

  assert_cleanup (root, 0);
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));

  /* Without the lock: */
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  set_times (tm_temporary_directory_get_path (directory), status.st_mtim, status.st_mtim);
  assert_cleanup (root, 1);
}

static void
skip_stopped_clock (Sandbox *sandbox, gconstpointer data)
{
  g_test_skip ("through GIO, ages run by the clock of the file system, which no test can stop");
}

/* For a test that stops the clock of this process. Returns the function to run in its place. */
static SandboxFunc
of_stopped_clock (SandboxFunc function)
{
  return library_has_descriptors () ? function : skip_stopped_clock;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/expiry/age", test_expiry);
  add_test ("/expiry/either-time", test_either_time);
  add_test ("/expiry/timeouts", test_timeouts);
  add_test ("/expiry/exact-limit", of_stopped_clock (test_exact_limit));
  add_test ("/expiry/clock-set-back", of_stopped_clock (test_clock_set_back));
  add_test ("/expiry/future", of_stopped_clock (test_future));
  add_test ("/expiry/changed", of_stopped_clock (test_changed));
  add_test ("/expiry/changed-by-cleanup", of_descriptors (test_changed_by_cleanup));
  add_test ("/expiry/extreme-times", test_extreme_times);
  add_test ("/expiry/after-2038", of_stopped_clock (test_after_2038));
  add_test ("/expiry/access-times", of_descriptors (test_access_times));
  add_test ("/expiry/leaves-times", of_descriptors (test_scan_leaves_times));
  add_test ("/expiry/unpacked-archive", of_descriptors (test_unpacked_archive));

  return g_test_run ();
}
