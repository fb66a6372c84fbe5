/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support.h"

#include <tempman.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR 3600

static TmRoot *
open_root (Sandbox *sandbox, double timeout, TmRootFlags flags)
{
  g_autoptr (GFile) directory = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  TmRoot *root = tm_root_new (directory, timeout, flags, NULL, &error);

  g_assert_no_error (error);
  return root;
}

static TmTemporaryDirectory *
create (TmRoot *root)
{
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_root_create_temp_dir (root, NULL, &error);

  g_assert_no_error (error);
  return directory;
}

static void
assert_cleanup (TmRoot *root, gssize expected)
{
  g_autoptr (GError) error = NULL;
  gssize n_deleted = tm_root_cleanup (root, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n_deleted, ==, expected);
}

static char *
make_old_directory (Sandbox *sandbox, const char *name, gint64 seconds)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  make_tree (path);
  make_old (path, seconds);
  return path;
}

/* A marked directory that nobody holds any more. */
static char *
make_abandoned_directory (Sandbox *sandbox, const char *name)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  g_assert_no_errno (g_chmod (path, 01700));
  return path;
}

static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *name = NULL;

  g_assert_null (tm_root_get_prefix (root));
  tm_root_set_prefix (root, "mine");
  g_assert_cmpstr (tm_root_get_prefix (root), ==, "mine");
  directory = create (root);
  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_assert_true (g_str_has_prefix (name, "mine-"));
  g_assert_true (g_file_has_prefix (tm_temporary_directory_get_file (directory),
                                    tm_root_get_directory (root)));
  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_properties (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, INFINITY, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_autoptr (GFile) directory = NULL;
  g_autofree char *prefix = NULL;
  TmRootFlags flags;
  double timeout;

  g_object_set (root, "prefix", "p", NULL);
  g_object_get (root, "directory", &directory, "timeout", &timeout, "flags", &flags, "prefix",
                &prefix, NULL);
  g_assert_true (directory == tm_root_get_directory (root));
  g_assert_cmpstr (g_file_peek_path (directory), ==, sandbox->path);
  g_assert_true (isinf (timeout) && isinf (tm_root_get_timeout (root)));
  g_assert_cmpuint (flags, ==, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_assert_cmpuint (flags, ==, tm_root_get_flags (root));
  g_assert_cmpstr (prefix, ==, "p");
}

static void
test_expiry (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *young = make_old_directory (sandbox, "young", HOUR / 2);
  g_autofree char *future = make_old_directory (sandbox, "future", -HOUR);

  assert_cleanup (root, 1);
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (young));
  g_assert_true (path_exists (future));
}

/* The later of the two times counts. */
static void
test_either_time (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_NONE);
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
    { 0, 0, TRUE },
    { 1e-9, 1, TRUE },
    { 0.5, 1, TRUE },
    { 1e300, HOUR, FALSE },
    { INFINITY, HOUR, FALSE },
    /* Beyond what nanoseconds in 64 bits can hold. */
    { HOUR, G_GINT64_CONSTANT (20000000000), TRUE },
    { HOUR, G_GINT64_CONSTANT (-20000000000), FALSE },
    { 0, -2, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TmRoot) root = open_root (sandbox, cases[i].timeout, TM_ROOT_FLAGS_NONE);
      g_autofree char *path = sandbox_path (sandbox, "d");

      make_directory (path);
      make_old (path, cases[i].age);
      g_test_message ("timeout %g, age %" G_GINT64_FORMAT, cases[i].timeout, cases[i].age);
      assert_cleanup (root, cases[i].expires ? 1 : 0);
      g_assert_cmpint (path_exists (path), !=, cases[i].expires);
      if (!cases[i].expires)
        g_assert_no_errno (g_rmdir (path));
    }
}

static void
test_only_directories (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *fifo = sandbox_path (sandbox, "fifo");
  g_autofree char *victim = g_dir_make_tmp ("tempman-victim-XXXXXX", NULL);

  make_file (file);
  g_assert_no_errno (symlink (victim, link));
  g_assert_no_errno (mkfifo (fifo, 0600));
  make_old (file, HOUR);
  make_old (link, HOUR);
  make_old (victim, HOUR);
  assert_cleanup (root, 0);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 3);
  g_assert_true (path_exists (victim));
  g_assert_no_errno (g_rmdir (victim));
}

static void
test_live_stays (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmTemporaryDirectory) directory = create (root);

  make_old (tm_temporary_directory_get_path (directory), HOUR);
  assert_cleanup (root, 0);
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
}

static void
test_expire_live (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_autoptr (TmTemporaryDirectory) old = create (root);
  g_autoptr (TmTemporaryDirectory) young = create (root);

  make_old (tm_temporary_directory_get_path (old), 2 * HOUR);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (tm_temporary_directory_get_path (old)));
  g_assert_true (path_exists (tm_temporary_directory_get_path (young)));
  g_assert_true (tm_temporary_directory_close (old, NULL, NULL));
}

static void
test_abandoned (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmRoot) patient = open_root (sandbox, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *abandoned = make_abandoned_directory (sandbox, "abandoned");
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

typedef struct
{
  TmRoot *root;
  int ready;
} HolderData;

/* By the test; or by the clock, should the test fail before. */
static void
wait_to_be_killed (void)
{
  alarm (60);
  pause ();
}

static void
holder_child (gpointer data)
{
  HolderData *holder = data;

  for (guint i = 0; i < 100; i++)
    child_assert (tm_root_create_temp_dir (holder->root, NULL, NULL) != NULL);
  child_assert (write (holder->ready, "", 1) == 1);
  wait_to_be_killed ();
}

/* Exactly those of the process that was killed. */
static void
test_killed_owner (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmTemporaryDirectory) mine = create (root);
  g_autofree char *unowned = sandbox_path (sandbox, "unowned");
  HolderData holder = { .root = root };
  char byte;
  int ready[2];
  pid_t pid;

  make_directory (unowned);
  g_assert_no_errno (pipe (ready));
  holder.ready = ready[1];
  pid = start_child (holder_child, &holder);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);

  assert_cleanup (root, 0);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 102);
  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_cmpint (wait_for_child (pid), ==, 128 + SIGKILL);
  assert_cleanup (root, 100);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 2);
  g_assert_true (path_exists (unowned));
  g_assert_true (path_exists (tm_temporary_directory_get_path (mine)));
  close (ready[0]);
  close (ready[1]);
}

static void
inheriting_child (gpointer data)
{
  wait_to_be_killed ();
}

static void
owner_child (gpointer data)
{
  HolderData *holder = data;
  TmTemporaryDirectory *directory = tm_root_create_temp_dir (holder->root, NULL, NULL);
  pid_t pid;

  child_assert (directory != NULL);
  pid = start_child (inheriting_child, NULL);
  child_assert (write (holder->ready, &pid, sizeof pid) == sizeof pid);
  kill (getpid (), SIGKILL);
}

static void
test_child_outlives_owner (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  HolderData holder = { .root = root };
  int ready[2];
  pid_t heir;

  g_assert_no_errno (pipe (ready));
  holder.ready = ready[1];
  g_assert_cmpint (run_in_child (owner_child, &holder), ==, 128 + SIGKILL);
  g_assert_cmpint (read (ready[0], &heir, sizeof heir), ==, sizeof heir);
  assert_cleanup (root, 0);
  g_assert_no_errno (kill (heir, SIGKILL));

  /* It is not our child to wait for. */
  while (kill (heir, 0) == 0 && count_entries (sandbox->path) > 0)
    {
      tm_root_cleanup (root, NULL, NULL);
      g_usleep (1000);
    }
  tm_root_cleanup (root, NULL, NULL);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
  close (ready[0]);
  close (ready[1]);
}

static void
test_sweeps_before_creating (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (TmTemporaryDirectory) directory = create (root);

  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
  g_assert_false (path_exists (old));
}

/* Looking at an entry must not make it young. */
static void
test_scan_leaves_times (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autofree char *live = make_abandoned_directory (sandbox, "live");
  struct stat before, after;
  int fd = open (live, O_RDONLY);

  make_old (live, 2 * HOUR);
  g_assert_no_errno (flock (fd, LOCK_SH));
  g_assert_no_errno (lstat (live, &before));
  assert_cleanup (root, 0);
  g_assert_no_errno (lstat (live, &after));
  g_assert_cmpint (before.st_atim.tv_sec, ==, after.st_atim.tv_sec);
  g_assert_cmpint (before.st_mtim.tv_sec, ==, after.st_mtim.tv_sec);
  g_assert_cmpint (before.st_ctim.tv_nsec, ==, after.st_ctim.tv_nsec);
  close (fd);
  assert_cleanup (root, 1);
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

static void
assert_root_fails (const char *path, double timeout, TmRootFlags flags, int code)
{
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  TmRoot *root = tm_root_new (directory, timeout, flags, NULL, &error);

  g_assert_error (error, G_IO_ERROR, code);
  g_assert_null (root);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_bad_roots (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *home = sandbox_path (sandbox, "home");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *above = g_path_get_dirname (g_get_home_dir ());

  make_file (file);
  make_directory (home);
  g_assert_no_errno (symlink (g_get_home_dir (), link));
  assert_root_fails (missing, 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  assert_root_fails (file, 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails (file, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails ("/", 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_root_fails (g_get_home_dir (), 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_root_fails (above, 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_root_fails (link, 0, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_root_fails (sandbox->path, NAN, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_create_directory (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) directory = sandbox_file (sandbox, "a/b/c");
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root =
      tm_root_new (directory, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
  struct stat status;

  g_assert_no_error (error);
  g_assert_true (g_file_equal (tm_root_get_directory (root), directory));
  g_assert_no_errno (lstat (g_file_peek_path (directory), &status));
  g_assert_cmphex (status.st_mode & 0777, ==, 0700);
}

static void
test_uninitialized (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = g_object_new (TM_TYPE_ROOT, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_root_get_directory (root));
  g_assert_cmpfloat (tm_root_get_timeout (root), ==, TM_NO_TIMEOUT);
  g_assert_null (tm_root_get_prefix (root));
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);
  g_assert_false (g_initable_init (G_INITABLE (root), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) cleaned = NULL;
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  tm_root_new_async (file, HOUR, TM_ROOT_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                     &opened);
  root = tm_root_new_finish (wait_for_result (&opened), &error);
  g_assert_no_error (error);

  tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &cleaned);
  g_assert_cmpint (tm_root_cleanup_finish (root, wait_for_result (&cleaned), &error), ==, 1);
  g_assert_no_error (error);
  g_assert_false (path_exists (old));

  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &created);
  directory = tm_root_create_temp_dir_finish (root, wait_for_result (&created), &error);
  g_assert_no_error (error);
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
}

static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_cmpint (tm_root_cleanup (root, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (tm_root_create_temp_dir (root, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (path_exists (old));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

/* The link is looked at once: changing it leads neither new directories nor the cleanup away. */
static void
test_link_is_pinned (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *real = sandbox_path (sandbox, "real");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (link);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (real);
  make_directory (treasure);
  make_old (treasure, HOUR);
  g_assert_no_errno (symlink (real, link));
  root = tm_root_new (file, 0, TM_ROOT_FLAGS_NONE, NULL, NULL);
  g_assert_nonnull (root);

  g_assert_no_errno (g_unlink (link));
  g_assert_no_errno (symlink (victim, link));
  assert_cleanup (root, 0);
  g_assert_true (path_exists (treasure));
  directory = create (root);
  g_assert_true (g_str_has_prefix (tm_temporary_directory_get_path (directory), real));
}

/* A path that nobody would find its directory by is not handed out. */
static void
test_replaced_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  make_directory (path);
  root = tm_root_new (file, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE, NULL, NULL);
  g_assert_no_errno (g_rename (path, moved));
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  make_directory (path);
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_cmpuint (count_entries (path) + count_entries (moved), ==, 0);

  g_assert_no_errno (g_rmdir (moved));
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_foreign_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "foreign");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *mine = sandbox_path (sandbox, "mine");

  if (geteuid () != 0)
    {
      g_test_skip ("needs a second user: only root has one");
      return;
    }

  make_directory (path);
  make_directory (mine);
  g_assert_no_errno (symlink (mine, link));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  g_assert_no_errno (lchown (link, TEST_UID, TEST_UID));
  assert_root_fails (path, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_PERMISSION_DENIED);
  assert_root_fails (link, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_PERMISSION_DENIED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/root/create", test_create);
  add_test ("/root/properties", test_properties);
  add_test ("/root/cleanup/expiry", test_expiry);
  add_test ("/root/cleanup/either-time", test_either_time);
  add_test ("/root/cleanup/timeouts", test_timeouts);
  add_test ("/root/cleanup/only-directories", test_only_directories);
  add_test ("/root/cleanup/live-stays", test_live_stays);
  add_test ("/root/cleanup/expire-live", test_expire_live);
  add_test ("/root/cleanup/abandoned", test_abandoned);
  add_test ("/root/cleanup/killed-owner", test_killed_owner);
  add_test ("/root/cleanup/child-outlives-owner", test_child_outlives_owner);
  add_test ("/root/cleanup/before-creating", test_sweeps_before_creating);
  add_test ("/root/cleanup/leaves-times", test_scan_leaves_times);
  add_test ("/root/cleanup/unreadable-entries", test_unreadable_entries);
  add_test ("/root/cleanup/cancelled", test_cancelled);
  add_test ("/root/async", test_async);
  add_test ("/root/uninitialized", test_uninitialized);
  add_test ("/root/bad", test_bad_roots);
  add_test ("/root/create-directory", test_create_directory);
  add_test ("/root/link-is-pinned", test_link_is_pinned);
  add_test ("/root/replaced", test_replaced_root);
  add_test ("/root/foreign-owner", test_foreign_root);

  return g_test_run ();
}
