/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A deletion that keeps the directory itself, and one of a file that may be missing. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/progress.h"
#include "support/served-file.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* For every test that is run on local files and on remote ones. */
#define LOCAL GINT_TO_POINTER (FALSE)
#define REMOTE GINT_TO_POINTER (TRUE)

static GFile *
get_file (const char *path, gconstpointer data)
{
  return data == REMOTE ? served_file_new (path) : g_file_new_for_path (path);
}

static gboolean
delete_with (const char *path, gconstpointer data, TmDeleteFlags flags, GError **error)
{
  g_autoptr (GFile) file = get_file (path, data);

  return tm_delete_recursively (file, flags, NULL, NULL, NULL, error);
}

static void
make_links_and_files (const char *path)
{
  g_autofree char *below = g_build_filename (path, "one", "two", NULL);
  g_autofree char *file = g_build_filename (below, "file", NULL);
  g_autofree char *link = g_build_filename (path, "link", NULL);

  make_directory (below);
  make_file (file);
  g_assert_no_errno (symlink ("one", link));
}

/* one, two, file and link */
#define N_ENTRIES 4

static void
test_emptied (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = get_file (path, data);
  struct stat before, after;

  make_links_and_files (path);
  g_assert_no_errno (chmod (path, 0751));
  g_assert_no_errno (lstat (path, &before));

  /* The second time, it is empty already. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      Progress progress = { 0 };

      tm_delete_recursively (file, TM_DELETE_FLAGS_KEEP_DIRECTORY, NULL, record_progress_cb,
                             &progress, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (progress.n_deleted, ==, i == 0 ? N_ENTRIES : 0);
      g_assert_cmpuint (progress.n_found, ==, i == 0 ? N_ENTRIES : 0);
      g_assert_no_errno (lstat (path, &after));
      g_assert_cmpuint (after.st_ino, ==, before.st_ino);
      g_assert_cmphex (after.st_mode, ==, before.st_mode);
      g_assert_cmpuint (count_entries (path), ==, 0);
    }
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = get_file (path, data);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) missing = NULL;
  g_autoptr (GError) error = NULL;
  Progress progress = { 0 };

  make_links_and_files (path);
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_KEEP_DIRECTORY, G_PRIORITY_DEFAULT, NULL,
                               record_progress_cb, &progress, NULL, keep_result_cb, &result);
  tm_delete_recursively_finish (wait_for_result (&result), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (progress.n_deleted, ==, N_ENTRIES);
  g_assert_cmpuint (count_entries (path), ==, 0);

  g_assert_no_errno (g_rmdir (path));
  tm_delete_recursively_async (file, TM_DELETE_FLAGS_ALLOW_MISSING, G_PRIORITY_DEFAULT, NULL, NULL,
                               NULL, NULL, keep_result_cb, &missing);
  tm_delete_recursively_finish (wait_for_result (&missing), &error);
  g_assert_no_error (error);
}

/* A link is not followed, and only a directory can be emptied. */
static void
test_no_directory (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *dangling = sandbox_path (sandbox, "dangling");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *pipe = sandbox_path (sandbox, "pipe");
  const char *paths[] = { link, dangling, file, pipe };

  make_links_and_files (tree);
  make_file (file);
  g_assert_no_errno (symlink ("tree", link));
  g_assert_no_errno (symlink ("nowhere", dangling));
  g_assert_no_errno (mkfifo (pipe, 0600));

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (delete_with (
          paths[i], data, TM_DELETE_FLAGS_KEEP_DIRECTORY | TM_DELETE_FLAGS_ALLOW_MISSING, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
      g_assert_nonnull (strstr (error->message, paths[i]));
      g_assert_true (path_exists (paths[i]));
    }
  g_assert_cmpuint (count_entries (tree), ==, 2);
}

static void
unreadable_child (gpointer data)
{
  static const mode_t modes[] = { 0, 0100, 0300, 0400, 0500, 0600 };
  const char *base = data;
  g_autofree char *path = g_build_filename (base, "tree", NULL);
  g_autofree char *file = g_build_filename (path, "file", NULL);

  child_assert (become_ordinary_user ());
  make_directory (path);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;

      make_file (file);
      child_assert (chmod (path, modes[i]) == 0);
      delete_with (path, LOCAL, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error);
      if (error != NULL)
        g_printerr ("%o: %s\n", modes[i], error->message);
      child_assert (error == NULL);
      child_assert (get_mode (path) == modes[i]);
      child_assert (chmod (path, 0700) == 0);
      child_assert (!path_exists (file));
    }
}

/* A mode that bars its owner is repaired for the deletion, and then restored. */
static void
test_unreadable (Sandbox *sandbox, gconstpointer data)
{
  g_assert_no_errno (chmod (sandbox->path, 0777));
  assert_success_in_child (run_in_child (unreadable_child, sandbox->path));
}

static void
mount_point_child (gpointer data)
{
  const char *base = data;
  g_autofree char *path = g_build_filename (base, "mount-point", NULL);
  g_autofree char *inner = g_build_filename (path, "inner", NULL);
  g_autofree char *treasure = g_build_filename (inner, "treasure", NULL);
  g_autoptr (GError) error = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (path);
  child_assert (mount_tmpfs (path));
  make_links_and_files (path);
  child_assert (!delete_with (path, LOCAL, TM_DELETE_FLAGS_NONE, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  g_clear_error (&error);
  child_assert (count_entries (path) == 2);
  child_assert (delete_with (path, LOCAL, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error));
  child_assert (count_entries (path) == 0);

  /* A mounted file system in it is not entered. */
  make_links_and_files (path);
  make_directory (inner);
  child_assert (mount_tmpfs (inner));
  make_file (treasure);
  child_assert (!delete_with (path, LOCAL, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  child_assert (strstr (error->message, inner) != NULL);
  child_assert (path_exists (treasure) && count_entries (path) == 1);
  child_assert (umount (inner) == 0 && umount (path) == 0);
  child_assert (path_exists (path) && count_entries (path) == 0);
}

static void
test_mount_point (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mount_point_child, sandbox->path),
                          "no mount namespaces here");
}

/* The rest is deleted, and a second call deletes what the first one could not. */
static void
test_errors (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GError) error = NULL;

  make_links_and_files (path);
  fail_call ("unlinkat", EIO, 1);
  g_assert_false (delete_with (path, data, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error));
  g_assert_cmpuint (fail_end (), ==, 1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (count_entries (path), ==, 1);
  g_clear_error (&error);
  delete_with (path, data, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (path), ==, 0);
}

static gboolean
refuse_deletion (Request request, const char *path, gpointer data, GError **error)
{
  guint *n_left = data;

  if (request != REQUEST_DELETE || *n_left == 0)
    return TRUE;

  (*n_left)--;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "refused");
  return FALSE;
}

static void
test_remote_errors (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GError) error = NULL;
  guint n_left = 1;

  make_links_and_files (path);
  served_file_watch (refuse_deletion, &n_left);
  g_assert_false (delete_with (path, REMOTE, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error));
  served_file_watch (NULL, NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (count_entries (path), ==, 1);
  g_clear_error (&error);
  delete_with (path, REMOTE, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (path), ==, 0);
}

static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = get_file (path, data);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  make_links_and_files (path);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (tm_delete_recursively (
          file, TM_DELETE_FLAGS_KEEP_DIRECTORY | TM_DELETE_FLAGS_ALLOW_MISSING, cancellable, NULL,
          NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      /* Nor does a cancelled call succeed if the file is missing. */
      if (i > 0)
        break;
      g_assert_cmpuint (count_entries (path), ==, 2);
      delete_tree (path);
    }
}

static void
cancel_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
test_cancelled_amid (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  make_links_and_files (path);
  attack_before ("unlinkat", 0, cancel_cb, cancellable);
  g_assert_false (tm_delete_recursively (file, TM_DELETE_FLAGS_KEEP_DIRECTORY, cancellable, NULL,
                                         NULL, &error));
  attack_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  delete_with (path, LOCAL, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (path), ==, 0);
}

/* In parallel, as every large deletion. */
static void
test_large (Sandbox *sandbox, gconstpointer data)
{
  const guint n_directories = 100, n_files = 200;
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  Progress progress = { 0 };
  guint n_threads;

  for (guint i = 0; i < n_directories; i++)
    {
      g_autofree char *directory = g_strdup_printf ("%s/%u", path, i);

      make_directory (directory);
      for (guint j = 0; j < n_files; j++)
        {
          g_autofree char *name = g_strdup_printf ("%s/%u", directory, j);

          g_assert_no_errno (mknod (name, S_IFREG | 0600, 0));
        }
    }

  n_threads = thread_starts_count ();
  tm_delete_recursively (file, TM_DELETE_FLAGS_KEEP_DIRECTORY, NULL, record_progress_cb, &progress,
                         &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (path), ==, 0);
  g_assert_cmpuint (progress.n_deleted, ==, n_directories * (n_files + 1));
  g_assert_cmpuint (progress.n_found, ==, n_directories * (n_files + 1));
  if (g_get_num_processors () > 1)
    g_assert_cmpuint (thread_starts_count (), >, n_threads);
}

static void
test_missing (Sandbox *sandbox, gconstpointer data)
{
  static const TmDeleteFlags flags[] = { TM_DELETE_FLAGS_NONE, TM_DELETE_FLAGS_KEEP_DIRECTORY };
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autofree char *below = g_build_filename (missing, "one", "two", NULL);
  const char *paths[] = { missing, below };

  for (guint i = 0; i < G_N_ELEMENTS (paths) * G_N_ELEMENTS (flags); i++)
    {
      const char *path = paths[i / G_N_ELEMENTS (flags)];
      TmDeleteFlags other = flags[i % G_N_ELEMENTS (flags)];
      g_autoptr (GFile) file = get_file (path, data);
      g_autoptr (GError) error = NULL;
      Progress progress = { 0 };

      g_assert_false (delete_with (path, data, other, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, path));
      g_clear_error (&error);

      tm_delete_recursively (file, other | TM_DELETE_FLAGS_ALLOW_MISSING, NULL, record_progress_cb,
                             &progress, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (progress.n_calls, ==, 1);
      g_assert_cmpuint (progress.n_deleted, ==, 0);
      g_assert_cmpuint (progress.n_found, ==, 0);
    }
}

/* A deletion that finds a file deletes it, and fails as without the flag. */
static void
test_not_missing (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *below = g_build_filename (file, "below", NULL);
  g_autoptr (GFile) top = get_file ("/", data);
  g_autoptr (GError) error = NULL;

  make_links_and_files (path);
  make_file (file);
  delete_with (path, data, TM_DELETE_FLAGS_ALLOW_MISSING, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (path));

  g_assert_false (
      tm_delete_recursively (top, TM_DELETE_FLAGS_ALLOW_MISSING, NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  /* GIO returns NOT_FOUND for a path below a file. */
  if (data == LOCAL && library_has_descriptors ())
    {
      g_assert_false (delete_with (below, data, TM_DELETE_FLAGS_ALLOW_MISSING, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
      g_clear_error (&error);

      fail_call ("unlinkat", EIO, 1);
      g_assert_false (delete_with (file, data, TM_DELETE_FLAGS_ALLOW_MISSING, &error));
      g_assert_cmpuint (fail_end (), ==, 1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
    }
}

typedef struct
{
  const char *path;
  const char *elsewhere;
} Exchange;

static void
exchange_cb (gpointer user_data)
{
  const Exchange *exchange = user_data;

  /* Before the last calls it has been deleted. */
  if (g_rename (exchange->path, exchange->elsewhere) == 0)
    make_directory (exchange->path);
}

/* A directory whose name another one has taken is an error, although it is NOT_FOUND: there was
 * something to delete, and it is still there. */
static void
test_exchanged (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *elsewhere = sandbox_path (sandbox, "elsewhere");
  Exchange exchange = { path, elsewhere };
  guint n_failures = 0;

  for (guint i = 0;; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean is_over;

      make_links_and_files (path);
      attack_before ("statx", i, exchange_cb, &exchange);
      if (!delete_with (path, LOCAL, TM_DELETE_FLAGS_ALLOW_MISSING, &error))
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
          g_assert_true (path_exists (path));
          n_failures++;
        }
      is_over = attack_end () <= i;
      if (path_exists (path))
        delete_tree (path);
      if (path_exists (elsewhere))
        delete_tree (elsewhere);
      if (is_over)
        break;
    }
  g_assert_cmpuint (n_failures, >, 0);
}

/* A directory and a file, which have the same name in turn. */
typedef struct
{
  const char *path;
  const char *directory; /* while the path is that of the file */
  const char *file;
  guint n_times; /* how often the file takes the name */
} Turns;

static void
exchange_name (Turns *turns, const char *former, const char *next)
{
  g_assert_no_errno (g_rename (turns->path, former));
  g_assert_no_errno (g_rename (next, turns->path));
}

/* The file has the name while the library opens it, and the directory while the library deletes it.
 */
static int
take_turns_cb (const SystemCall *call, gpointer user_data)
{
  Turns *turns = user_data;

  if (call->path == NULL || !g_str_has_suffix (call->path, "child"))
    return 0;

  if (g_str_has_prefix (call->name, "open") && turns->n_times > 0 && path_exists (turns->file))
    {
      turns->n_times--;
      exchange_name (turns, turns->directory, turns->file);
    }
  else if (g_str_equal (call->name, "unlinkat") && path_exists (turns->directory))
    exchange_name (turns, turns->file, turns->directory);
  return 0;
}

/* Nothing else would find a directory that was a file when it was opened: the one that contains it
 * is not removed. */
static void
test_turns (Sandbox *sandbox, gconstpointer data)
{
  guint n_times = GPOINTER_TO_UINT (data);
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *child = sandbox_path (sandbox, "tree/child");
  g_autofree char *directory = sandbox_path (sandbox, "directory");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autoptr (GError) error = NULL;
  Turns turns = { child, directory, file, n_times };

  make_links_and_files (child);
  make_file (file);
  interpose (take_turns_cb, &turns);
  delete_with (path, LOCAL, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error);
  interpose_end ();
  g_assert_cmpuint (turns.n_times, <, n_times);
  if (turns.n_times == 0)
    {
      g_assert_no_error (error);
      g_assert_false (path_exists (child));
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
      g_assert_true (path_exists (child));
    }
}

/* Right before the library removes a directory that it has emptied, a file takes its name. */
static int
take_name_cb (const SystemCall *call, gpointer user_data)
{
  Turns *turns = user_data;

  if (g_str_equal (call->name, "unlinkat") && (call->flags & AT_REMOVEDIR) != 0 &&
      g_str_has_suffix (call->path, "child") && path_exists (turns->file))
    exchange_name (turns, turns->directory, turns->file);
  return 0;
}

static void
test_file_instead (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autofree char *child = sandbox_path (sandbox, "tree/child");
  g_autofree char *directory = sandbox_path (sandbox, "directory");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autoptr (GError) error = NULL;
  Turns turns = { child, directory, file, 1 };

  make_links_and_files (child);
  make_file (file);
  interpose (take_name_cb, &turns);
  g_assert_true (delete_with (path, LOCAL, TM_DELETE_FLAGS_KEEP_DIRECTORY, &error));
  interpose_end ();
  g_assert_no_error (error);
  g_assert_false (path_exists (child));
  g_assert_cmpuint (count_entries (directory), ==, 0);
}

#define add_test_of(name, data, function)                                                          \
  g_test_add (name, Sandbox, data, sandbox_set_up, function, sandbox_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_of ("/delete-flags/keep/emptied", LOCAL, test_emptied);
  add_test_of ("/delete-flags/keep/emptied/remote", REMOTE, test_emptied);
  add_test_of ("/delete-flags/async", LOCAL, test_async);
  add_test_of ("/delete-flags/async/remote", REMOTE, test_async);
  add_test_of ("/delete-flags/keep/no-directory", LOCAL, test_no_directory);
  add_test_of ("/delete-flags/keep/no-directory/remote", REMOTE, test_no_directory);
  add_test ("/delete-flags/keep/unreadable", of_descriptors (test_unreadable));
  add_test ("/delete-flags/keep/mount-point", of_descriptors (test_mount_point));
  add_test ("/delete-flags/keep/errors", of_descriptors (test_errors));
  add_test ("/delete-flags/keep/errors/remote", test_remote_errors);
  add_test_of ("/delete-flags/cancelled", LOCAL, test_cancelled);
  add_test_of ("/delete-flags/cancelled/remote", REMOTE, test_cancelled);
  add_test ("/delete-flags/keep/cancelled-amid", of_descriptors (test_cancelled_amid));
  add_test_in_memory ("/delete-flags/keep/large", NULL, of_descriptors (test_large));
  add_test_of ("/delete-flags/missing", LOCAL, test_missing);
  add_test_of ("/delete-flags/missing/remote", REMOTE, test_missing);
  add_test_of ("/delete-flags/not-missing", LOCAL, test_not_missing);
  add_test_of ("/delete-flags/not-missing/remote", REMOTE, test_not_missing);
  add_test ("/delete-flags/exchanged", of_descriptors (test_exchanged));
  add_test ("/delete-flags/keep/file-instead", of_descriptors (test_file_instead));
  add_test_of ("/delete-flags/keep/turns/few", GUINT_TO_POINTER (2), of_descriptors (test_turns));
  add_test_of ("/delete-flags/keep/turns/endless", GUINT_TO_POINTER (G_MAXUINT),
               of_descriptors (test_turns));

  return g_test_run ();
}
