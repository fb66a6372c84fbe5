/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The end of a directory: closed, dropped with its last reference, or left behind by its
 * process. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"
#include "support/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_twice (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  close_successfully (directory);
  close_successfully (directory);
}

static void
test_use_after_close (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));
  g_autofree char *inside = child_path (directory, "x");
  g_autoptr (GFile) child = NULL;
  g_autoptr (GError) error = NULL;

  close_successfully (directory);
  child = tm_temporary_directory_get_child (directory, "x");
  g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, path);
  g_assert_cmpstr (g_file_peek_path (tm_temporary_directory_get_file (directory)), ==, path);
  g_assert_cmpstr (g_file_peek_path (child), ==, inside);
  g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
  g_assert_true (tm_temporary_directory_is_closed (directory));

  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  /* It was initialised, and cannot be initialised again. */
  g_assert_true (g_initable_init (G_INITABLE (directory), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_is_closed (directory));

  /* Another file has the name by now, and is not deleted. */
  make_directory (path);
  g_assert_true (tm_temporary_directory_close (directory, NULL, &error));
  g_clear_object (&directory);
  g_assert_true (path_exists (path));
}

static void
test_notify (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  guint n_notified = 0;

  g_signal_connect_swapped (directory, "notify::closed", G_CALLBACK (g_atomic_int_inc),
                            &n_notified);
  close_successfully (directory);
  close_successfully (directory);
  g_assert_cmpuint (n_notified, ==, 1);
}

/* Threads that close one directory, and the calls of the library meanwhile. */
typedef struct
{
  TmTemporaryDirectory *directory;
  int error_number; /* the error of each removal, or 0 */
  gint n_started;   /* atomic, all of them */
  gint n_deleters;  /* threads that have reached the disk */
  gint n_failed;
} Closers;

#define N_CLOSERS 8

static __thread gboolean is_deleter;

static int
watch_closers_cb (const SystemCall *call, gpointer user_data)
{
  Closers *closers = user_data;

  if (!is_deleter)
    {
      is_deleter = TRUE;
      g_atomic_int_inc (&closers->n_deleters);
      wait_for_number (&closers->n_started, N_CLOSERS);
      /* The last thread needs time to get from there into the call. */
      g_usleep (2000);
    }

  return g_str_equal (call->name, "unlinkat") ? closers->error_number : 0;
}

static gpointer
closer_thread (gpointer data)
{
  Closers *closers = data;
  g_autoptr (GError) error = NULL;

  g_atomic_int_inc (&closers->n_started);
  if (!tm_temporary_directory_close (closers->directory, NULL, &error))
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      g_atomic_int_inc (&closers->n_failed);
    }
  return NULL;
}

static void
close_from_threads (Closers *closers)
{
  GThread *threads[N_CLOSERS];

  interpose (watch_closers_cb, closers);
  for (guint i = 0; i < N_CLOSERS; i++)
    threads[i] = g_thread_new (NULL, closer_thread, closers);
  for (guint i = 0; i < N_CLOSERS; i++)
    g_thread_join (threads[i]);
  interpose_end ();
}

/* One thread deletes, and all calls get the result. */
static void
test_from_threads (Sandbox *sandbox, gconstpointer data)
{
  for (guint round = 0; round < 20; round++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *inside = child_path (directory, "inside");
      Closers closers = { .directory = directory };

      make_directory (inside);
      close_from_threads (&closers);
      g_assert_cmpint (closers.n_failed, ==, 0);
      g_assert_cmpint (closers.n_deleters, ==, 1);
      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

static void
test_failure_from_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  Closers closers = { .directory = directory, .error_number = EPERM };

  close_from_threads (&closers);
  g_assert_cmpint (closers.n_failed, ==, N_CLOSERS);
  /* A call that starts after the failure tries again; the others share the result. */
  g_assert_cmpint (closers.n_deleters, <, N_CLOSERS);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  assert_in_use (tm_temporary_directory_get_path (directory));
  close_successfully (directory);
}

static void
test_last_unref (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directory = create_in (sandbox->path);

  make_tree (tm_temporary_directory_get_path (directory));
  g_assert_finalize_object (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
test_last_unref_in_thread (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directory = create_in (sandbox->path);

  make_tree (tm_temporary_directory_get_path (directory));
  g_thread_join (g_thread_new (NULL, unref_thread, directory));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* No caller could get the error: a warning would end the process here. */
static void
test_last_unref_fails (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directory = create_in (sandbox->path);
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));
  g_autofree char *victim = child_path (directory, "victim");

  g_assert_no_errno (g_rmdir (path));
  make_directory (path);
  make_file (victim);
  g_assert_finalize_object (directory);
  g_assert_true (path_exists (victim));
}

static void
test_removed_by_another (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  g_assert_no_errno (g_rmdir (tm_temporary_directory_get_path (directory)));
  close_successfully (directory);
}

static void
test_parent_removed (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "a/b");
  g_autofree char *above = sandbox_path (sandbox, "a");
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (parent);
  directory = create_in (parent);
  g_assert_no_errno (g_rmdir (tm_temporary_directory_get_path (directory)));
  g_assert_no_errno (g_rmdir (parent));
  g_assert_no_errno (g_rmdir (above));
  close_successfully (directory);
}

static void
test_renamed_away (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *elsewhere = sandbox_path (sandbox, "elsewhere");
  g_autofree char *saved = g_build_filename (elsewhere, "file", NULL);

  g_assert_no_errno (g_rename (tm_temporary_directory_get_path (directory), elsewhere));
  make_file (saved);
  close_successfully (directory);
  g_assert_true (path_exists (saved));
}

/* Under the same name, too: the parent directory counts. */
static void
test_moved_to_another_parent (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *archive = sandbox_path (sandbox, "archive");
  g_autofree char *name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_autofree char *elsewhere = g_build_filename (archive, name, NULL);
  g_autofree char *saved = g_build_filename (elsewhere, "file", NULL);

  make_directory (archive);
  g_assert_no_errno (g_rename (tm_temporary_directory_get_path (directory), elsewhere));
  make_file (saved);
  close_successfully (directory);
  g_assert_true (path_exists (saved));
}

/* Its path leads to it, now by a link. */
static void
test_moved_with_its_path (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *before = sandbox_path (sandbox, "before");
  g_autofree char *after = sandbox_path (sandbox, "after");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *name = NULL;
  g_autofree char *moved = NULL;

  make_directory (before);
  make_directory (after);
  directory = create_in (before);
  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  moved = g_build_filename (after, name, NULL);
  g_assert_no_errno (g_rename (tm_temporary_directory_get_path (directory), moved));
  g_assert_no_errno (g_rmdir (before));
  g_assert_no_errno (symlink (after, before));
  make_tree (moved);

  close_successfully (directory);
  g_assert_cmpuint (count_entries (after), ==, 0);
}

static void
assert_name_is_taken (TmTemporaryDirectory *directory)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, tm_temporary_directory_get_path (directory)));
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
  g_assert_false (tm_temporary_directory_is_closed (directory));
}

static void
test_name_taken (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *victim = child_path (directory, "victim");
  g_autofree char *mine = sandbox_path (sandbox, "mine");
  g_autofree char *saved = g_build_filename (mine, "file", NULL);

  g_assert_no_errno (g_rename (path, mine));
  make_file (saved);

  make_directory (path);
  make_file (victim);
  assert_name_is_taken (directory);
  g_assert_no_errno (g_unlink (victim));
  g_assert_no_errno (g_rmdir (path));

  make_file (path);
  assert_name_is_taken (directory);
  g_assert_no_errno (g_unlink (path));

  g_assert_no_errno (symlink (mine, path));
  assert_name_is_taken (directory);
  g_assert_no_errno (g_unlink (path));
  g_assert_true (path_exists (saved));

  /* When the directory has its name again, it is deleted. */
  g_assert_no_errno (g_rename (mine, path));
  close_successfully (directory);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
unref_child (gpointer data)
{
  g_object_unref (data);
}

static void
close_child (gpointer data)
{
  g_autoptr (GError) error = NULL;

  child_assert (!tm_temporary_directory_keep (data, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
  child_assert (tm_temporary_directory_close (data, NULL, NULL));
  child_assert (tm_temporary_directory_is_closed (data));
  child_assert (tm_temporary_directory_get_fd (data) == -1);
}

/* A directory that the child creates belongs to the child. */
static void
create_in_child (gpointer data)
{
  g_autoptr (GFile) parent = g_file_get_parent (tm_temporary_directory_get_file (data));
  g_autoptr (TmTemporaryDirectory) own = tm_temporary_directory_new (parent, NULL, NULL, NULL);

  child_assert (own != NULL);
  make_tree (tm_temporary_directory_get_path (own));
  child_assert (tm_temporary_directory_close (own, NULL, NULL));
  child_assert (!path_exists (tm_temporary_directory_get_path (own)));
}

static void G_GNUC_NORETURN
exit_child (gpointer data)
{
  exit (0);
}

static void
test_fork (Sandbox *sandbox, gconstpointer data)
{
  static const ChildFunc children[] = { unref_child, close_child, create_in_child, exit_child };
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *inside = child_path (directory, "inside");

  make_file (inside);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      assert_success_in_child (run_in_child (children[i], directory));
      g_assert_true (path_exists (inside));
      assert_in_use (path);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
    }

  close_successfully (directory);
}

/* A process that creates a directory, and a child that outlives it. */
typedef struct
{
  TmRoot *root;
  int ready[2];  /* read by the test */
  int finish[2]; /* read by the heir, which exits at the end of file */
} Heir;

static Heir
heir_new (TmRoot *root)
{
  Heir heir = { .root = root };

  g_assert_no_errno (pipe (heir.ready));
  g_assert_no_errno (pipe (heir.finish));
  return heir;
}

static void
heir_wait_until_ready (Heir *heir)
{
  char byte;

  close (heir->ready[1]);
  g_assert_cmpint (read (heir->ready[0], &byte, 1), ==, 1);
}

/* The heir is not always a child of this process; but it keeps the pipe open as long as it
 * lives. */
static void
heir_end (Heir *heir)
{
  char byte;

  close (heir->finish[0]);
  close (heir->finish[1]);
  g_assert_cmpint (read (heir->ready[0], &byte, 1), ==, 0);
  close (heir->ready[0]);
}

static void
heir_child (gpointer data)
{
  Heir *heir = data;
  char byte;

  close (heir->finish[1]);
  child_assert (write (heir->ready[1], "", 1) == 1);
  child_assert (read (heir->finish[0], &byte, 1) == 0);
}

static void
owner_child (gpointer data)
{
  Heir *heir = data;

  child_assert (tm_root_create_temp_dir (heir->root, NULL, NULL) != NULL);
  start_child (heir_child, heir);
  kill (getpid (), SIGKILL);
}

/* The lock belongs to the open file description, which forked children share. */
static void
test_child_outlives_owner (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  Heir heir = heir_new (root);

  g_assert_cmpint (run_in_child (owner_child, &heir), ==, 128 + SIGKILL);
  heir_wait_until_ready (&heir);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
  assert_cleanup (root, 0);
  heir_end (&heir);
  assert_cleanup (root, 1);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void G_GNUC_NORETURN
exec_child (gpointer data)
{
  Heir *heir = data;
  TmTemporaryDirectory *directory = tm_root_create_temp_dir (heir->root, NULL, NULL);

  child_assert (directory != NULL);
  make_tree (tm_temporary_directory_get_path (directory));
  close (heir->finish[1]);
  child_assert (dup2 (heir->finish[0], STDIN_FILENO) >= 0);
  child_assert (dup2 (heir->ready[1], STDOUT_FILENO) >= 0);
  close (heir->ready[1]);
  execl ("/bin/sh", "sh", "-c", "echo; read line", NULL);
  _exit (1);
}

/* The process continues as another program: the directory has no owner any more. */
static void
test_exec (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  Heir heir = heir_new (root);
  pid_t pid = start_child (exec_child, &heir);

  heir_wait_until_ready (&heir);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
  assert_cleanup (root, 1);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
  heir_end (&heir);
  wait_for_child (pid);
}

/* The pointers stay reachable for a leak checker: they are in use until the end. */
static TmTemporaryDirectory *in_use[3];

static void G_GNUC_NORETURN
exit_in_use_child (gpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (in_use); i++)
    {
      in_use[i] = tm_root_create_temp_dir (data, NULL, NULL);
      child_assert (in_use[i] != NULL);
      make_tree (tm_temporary_directory_get_path (in_use[i]));
    }
  exit (0);
}

/* C has no hook at exit in which a deletion would be safe; but the next cleanup deletes the
 * directory. */
static void
test_exit_in_use (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autoptr (TmTemporaryDirectory) mine = create_in (sandbox->path);

  assert_success_in_child (run_in_child (exit_in_use_child, root));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1 + G_N_ELEMENTS (in_use));
  assert_cleanup (root, G_N_ELEMENTS (in_use));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
  close_successfully (mine);
}

/* Without a spare descriptor, files can be deleted, but no sub-directory can be entered. */
static void
close_all (GPtrArray *directories)
{
  TmTemporaryDirectory *first = directories->pdata[0];
  TmTemporaryDirectory *second = directories->pdata[1];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < directories->len; i++)
    {
      int fd = tm_temporary_directory_get_fd (directories->pdata[i]);

      child_assert (mknodat (fd, "file", S_IFREG | 0600, 0) == 0);
      child_assert (i == 0 || mkdirat (fd, "directory", 0700) == 0);
    }

  child_assert (!tm_temporary_directory_close (second, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES));
  child_assert (strstr (error->message, tm_temporary_directory_get_path (second)) != NULL);
  child_assert (tm_temporary_directory_close (first, NULL, NULL));
  for (guint i = 1; i < directories->len; i++)
    child_assert (tm_temporary_directory_close (directories->pdata[i], NULL, NULL));
}

static void
out_of_descriptors_child (gpointer data)
{
  const guint n_wanted = 10000;
  g_autoptr (GFile) parent = g_file_new_for_path (data);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmRoot) sweeping = NULL;
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  struct rlimit limit;

  /* In memory, where possible: so many files on a disk take a while. */
  if (enter_mount_namespace ())
    mount_tmpfs (data);

  root = open_root (data, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  sweeping = open_reclaiming_root (data);
  child_assert (getrlimit (RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = 1024;
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);

  /* A root has its directory open already, and fails only after it has created a directory
   * there. */
  for (guint i = 0; i < n_wanted; i++)
    {
      TmTemporaryDirectory *directory = i % 2 == 0
                                            ? tm_temporary_directory_new (parent, "t", NULL, &error)
                                            : tm_root_create_temp_dir (root, NULL, &error);

      if (directory != NULL)
        g_ptr_array_add (directories, directory);
      else
        {
          child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES));
          child_assert (strstr (error->message, data) != NULL);
          g_clear_error (&error);
        }
    }
  /* Without the number of its mount, each has a descriptor of its parent. */
  child_assert (directories->len > (kernel_names_mounts () ? 900 : 600) && directories->len < 1024);

  child_assert (tm_root_create_temp_dir (sweeping, NULL, &error) == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES));
  g_clear_error (&error);
  child_assert (tm_root_cleanup (sweeping, NULL, &error) == -1);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES));

  for (guint i = 0; i < directories->len; i++)
    child_assert (path_exists (tm_temporary_directory_get_path (directories->pdata[i])));
  close_all (directories);
  child_assert (count_entries (data) == 0);
}

static void
test_out_of_descriptors (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (out_of_descriptors_child, sandbox->path));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/close/twice", test_twice);
  add_test ("/close/use-afterwards", test_use_after_close);
  add_test ("/close/notify", test_notify);
  add_test ("/close/from-threads", test_from_threads);
  add_test ("/close/failure-from-threads", of_descriptors (test_failure_from_threads));
  add_test ("/close/last-unref", test_last_unref);
  add_test ("/close/last-unref-in-thread", test_last_unref_in_thread);
  add_test ("/close/last-unref-fails", test_last_unref_fails);
  add_test ("/close/removed-by-another", test_removed_by_another);
  add_test ("/close/parent-removed", test_parent_removed);
  add_test ("/close/renamed-away", test_renamed_away);
  add_test ("/close/moved-to-another-parent", test_moved_to_another_parent);
  add_test ("/close/moved-with-its-path", test_moved_with_its_path);
  add_test ("/close/name-taken", test_name_taken);
  add_test ("/close/fork", test_fork);
  add_test ("/close/child-outlives-owner", of_descriptors (test_child_outlives_owner));
  add_test ("/close/exec", of_descriptors (test_exec));
  add_test ("/close/exit-in-use", of_descriptors (test_exit_in_use));
  add_test ("/close/out-of-descriptors", of_descriptors (test_out_of_descriptors));

  return g_test_run ();
}
