/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The same tests on local files and on remote ones, which GVfs serves: by its back end for tests,
 * and by SFTP from a server of our own. What is looked at, or done behind the library's back, is
 * done to the files themselves, by their paths. */

#include "support/directories.h"
#include "support/progress.h"
#include "support/roots.h"
#include "support/servers.h"
#include "support/support.h"

#include <tempman.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum
{
  KIND_LOCAL,
  KIND_GVFS,
  KIND_SFTP,
} Kind;

static const char *const kind_names[] = { "local", "gvfs", "sftp" };

typedef struct
{
  Sandbox sandbox;
  Kind kind;
  GFile *base; /* (owned): the sandbox, as it is served */
} Fixture;

static Server
get_server (Kind kind)
{
  return kind == KIND_SFTP ? SERVER_SFTP : SERVER_GVFS;
}

static GFile *
get_file (Kind kind, const char *path)
{
  g_autofree char *uri = NULL;

  if (kind == KIND_LOCAL)
    return g_file_new_for_path (path);

  uri = servers_get_uri (get_server (kind), path);
  return g_file_new_for_uri (uri);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->kind = (Kind) GPOINTER_TO_INT (data);
  sandbox_set_up (&fixture->sandbox, NULL);
  fixture->base = get_file (fixture->kind, fixture->sandbox.path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->base);
  sandbox_tear_down (&fixture->sandbox, NULL);
}

static gboolean
skip_unless_served (Fixture *fixture)
{
  if (fixture->kind == KIND_LOCAL || servers_have (get_server (fixture->kind)))
    return FALSE;

  g_test_skip ("needs GVfs, and for SFTP an SSH server");
  return TRUE;
}

static TmTemporaryDirectory *
create (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (fixture->base, "t", NULL, &error);

  g_assert_no_error (error);
  return directory;
}

/* The path under which a directory really is. */
static char *
get_real_path (Fixture *fixture, TmTemporaryDirectory *directory)
{
  g_autofree char *name = g_file_get_basename (tm_temporary_directory_get_file (directory));

  return sandbox_path (&fixture->sandbox, name);
}

static TmRoot *
open_root_with_basis (Fixture *fixture, double timeout, TmAgeBasis basis)
{
  TmRoot *root = open_root_of_file (fixture->base, timeout, TM_ROOT_FLAGS_NONE);

  tm_root_set_age_basis (root, basis);
  return root;
}

/* What was attempted comes first, and with what. */
static void
assert_says (const GError *error, const char *action, GFile *file)
{
  g_autofree char *name = g_file_is_native (file) ? g_file_get_path (file) : g_file_get_uri (file);
  g_autofree char *quoted = g_strdup_printf ("“%s”", name);

  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, action));
  g_assert_nonnull (strstr (error->message, quoted));
}

static void
test_create_and_close (Fixture *fixture, gconstpointer data)
{
  g_autofree char *treasure = sandbox_path (&fixture->sandbox, "treasure");
  g_autofree char *inside = g_build_filename (treasure, "inside", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GFile) parent = NULL;
  g_autofree char *path = NULL;
  g_autofree char *link = NULL;
  gboolean has_lock = fixture->kind == KIND_LOCAL && library_has_descriptors ();

  if (skip_unless_served (fixture))
    return;

  directory = create (fixture);
  path = get_real_path (fixture, directory);
  parent = g_file_get_parent (tm_temporary_directory_get_file (directory));
  g_assert_true (g_file_equal (parent, fixture->base));
  g_assert_cmpuint (strlen (strrchr (path, '-')), ==, strlen (has_lock ? "-" : "-0") + 20);
  g_assert_cmpuint (get_mode (path) & 0777, ==, 0700);

  if (fixture->kind == KIND_LOCAL)
    g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, path);
  else
    {
      g_assert_null (tm_temporary_directory_get_path (directory));
      g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
    }

  make_tree (path);
  make_directory (treasure);
  make_file (inside);
  link = g_build_filename (path, "link", NULL);
  g_assert_no_errno (symlink (treasure, link));

  close_successfully (directory);
  g_assert_false (path_exists (path));
  g_assert_true (path_exists (inside));
  close_successfully (directory);
}

static void
test_gone_and_kept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) gone = NULL;
  g_autoptr (TmTemporaryDirectory) kept = NULL;
  g_autofree char *gone_path = NULL;
  g_autofree char *kept_path = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  gone = create (fixture);
  gone_path = get_real_path (fixture, gone);
  g_assert_no_errno (g_rmdir (gone_path));
  close_successfully (gone);

  kept = create (fixture);
  kept_path = get_real_path (fixture, kept);
  make_tree (kept_path);
  tm_temporary_directory_keep (kept, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_is_closed (kept));
  g_assert_true (tm_temporary_directory_close (kept, NULL, NULL));
  g_clear_object (&kept);
  g_assert_true (path_exists (kept_path));
}

static void
test_last_unref (Fixture *fixture, gconstpointer data)
{
  TmTemporaryDirectory *directory;
  g_autofree char *path = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = create (fixture);
  path = get_real_path (fixture, directory);
  make_tree (path);
  g_object_unref (directory);
  g_assert_false (path_exists (path));
}

static void
test_bad_parents (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) missing = g_file_get_child (fixture->base, "missing");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *too_long = g_strnfill (300, 'n');
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = tm_temporary_directory_new (missing, "t", NULL, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_says (error, "Could not create a temporary directory in ", missing);
  g_assert_null (directory);
  g_clear_error (&error);

  directory = tm_temporary_directory_new (fixture->base, "a/b", NULL, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
  g_assert_null (directory);
  g_clear_error (&error);

  directory = tm_temporary_directory_new (fixture->base, too_long, NULL, &error);
  g_assert_nonnull (error);
  g_assert_null (directory);
  g_assert_cmpuint (count_entries (fixture->sandbox.path), ==, 0);
}

static void
assert_not_published (TmTemporaryDirectory *directory,
                      GFile *destination,
                      TmPersistFlags flags,
                      int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (tm_temporary_directory_persist (directory, destination, flags, NULL, &error));
  g_assert_error (error, G_IO_ERROR, code);
  assert_says (error, "Could not publish ", destination);
  g_assert_false (tm_temporary_directory_is_closed (directory));
}

static void
test_publish (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) destination = g_file_get_child (fixture->base, "published");
  g_autofree char *published = sandbox_path (&fixture->sandbox, "published");
  g_autofree char *content = g_build_filename (published, "plain", NULL);
  g_autoptr (GFile) nowhere = g_file_resolve_relative_path (fixture->base, "missing/x");
  g_autoptr (GFile) elsewhere =
      get_file (fixture->kind == KIND_LOCAL ? KIND_GVFS : KIND_LOCAL, fixture->sandbox.path);
  g_autoptr (GFile) in_other = g_file_get_child (elsewhere, "other");
  g_autoptr (TmTemporaryDirectory) first = NULL;
  g_autoptr (TmTemporaryDirectory) second = NULL;
  g_autoptr (GFile) inside = NULL;
  g_autofree char *first_path = NULL;
  g_autofree char *second_path = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  first = create (fixture);
  first_path = get_real_path (fixture, first);
  make_tree (first_path);
  inside = tm_temporary_directory_get_child (first, "inside");
  assert_not_published (first, inside, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_not_published (first, nowhere, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  assert_not_published (first, in_other, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_SUPPORTED);
  assert_not_published (first, fixture->base, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
  assert_not_published (first, fixture->base, TM_PERSIST_FLAGS_REPLACE,
                        G_IO_ERROR_INVALID_ARGUMENT);

  tm_temporary_directory_persist (first, destination, TM_PERSIST_FLAGS_REPLACE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_is_closed (first));
  g_assert_true (g_file_equal (tm_temporary_directory_get_file (first), destination));
  g_assert_true (path_exists (content));
  g_assert_false (path_exists (first_path));
  g_clear_object (&first);
  g_assert_true (path_exists (content));

  second = create (fixture);
  second_path = get_real_path (fixture, second);
  assert_not_published (second, destination, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
  if (fixture->kind != KIND_LOCAL)
    {
      assert_not_published (second, destination, TM_PERSIST_FLAGS_REPLACE,
                            G_IO_ERROR_NOT_SUPPORTED);
      g_assert_true (path_exists (content));
      g_assert_true (path_exists (second_path));
    }
  close_successfully (second);
  g_assert_false (path_exists (second_path));
}

static void
assert_root_fails (GFile *directory, TmRootFlags flags, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = tm_root_new (directory, TM_NO_TIMEOUT, flags, NULL, &error);

  g_assert_error (error, G_IO_ERROR, code);
  assert_says (error, "Could not open the root ", directory);
  g_assert_null (root);
}

static void
test_root (Fixture *fixture, gconstpointer data)
{
  static const char *const made[] = { "one", "one/two", "one/two/root" };
  g_autoptr (GFile) missing = g_file_resolve_relative_path (fixture->base, "one/two/root");
  g_autofree char *plain = sandbox_path (&fixture->sandbox, "plain");
  g_autoptr (GFile) file = g_file_get_child (fixture->base, "plain");
  g_autoptr (GFile) top = get_file (fixture->kind, "/");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GFile) parent = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  make_file (plain);
  assert_root_fails (missing, TM_ROOT_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  assert_root_fails (file, TM_ROOT_FLAGS_NONE, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails (file, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails (top, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);

  root = tm_root_new (missing, TM_NO_TIMEOUT, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autofree char *path = sandbox_path (&fixture->sandbox, made[i]);

      g_assert_cmpuint (get_mode (path), ==, 0700);
    }

  directory = tm_root_create_temp_dir (root, NULL, &error);
  g_assert_no_error (error);
  parent = g_file_get_parent (tm_temporary_directory_get_file (directory));
  g_assert_true (g_file_equal (parent, missing));
  close_successfully (directory);
}

/* It is there, and nothing can be made in it. */
static void
test_root_below_dangling_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *link = sandbox_path (&fixture->sandbox, "link");
  g_autoptr (GFile) file = g_file_resolve_relative_path (fixture->base, "link/root");

  if (skip_unless_served (fixture))
    return;

  g_assert_no_errno (symlink ("nowhere", link));
  assert_root_fails (file, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_IO_ERROR_NOT_FOUND);
}

static void
test_cleanup (Fixture *fixture, gconstpointer data)
{
  Sandbox *sandbox = &fixture->sandbox;
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *older = make_old_directory (sandbox, "older", 20 * HOUR);
  g_autofree char *young = make_old_directory (sandbox, "young", 1);
  g_autofree char *future = make_old_directory (sandbox, "future", -HOUR);
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmRoot) never = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *path = NULL;

  if (skip_unless_served (fixture))
    return;

  make_file (file);
  make_old (file, 20 * HOUR);
  g_assert_no_errno (symlink (young, link));
  make_old (link, 20 * HOUR);

  never = open_root_with_basis (fixture, TM_NO_TIMEOUT, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  assert_cleanup (never, 0);
  root = open_root_with_basis (fixture, HOUR, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  assert_cleanup (root, 2);
  g_assert_false (path_exists (old));
  g_assert_false (path_exists (older));
  g_assert_true (path_exists (young));
  g_assert_true (path_exists (future));
  g_assert_true (path_exists (file));
  g_assert_true (path_exists (link));
  assert_cleanup (root, 0);

  make_old (young, 2 * HOUR);
  directory = tm_root_create_temp_dir (root, NULL, NULL);
  path = get_real_path (fixture, directory);
  g_assert_false (path_exists (young));
  g_assert_true (path_exists (path));
  close_successfully (directory);
}

/* Its owner, on the machine of the server, has a lock that is not seen from here. */
static void
test_marked (Fixture *fixture, gconstpointer data)
{
  gboolean sees_lock = fixture->kind == KIND_LOCAL && library_has_descriptors ();
  g_autofree char *marked = make_old_directory (&fixture->sandbox, OUR_NAME ("marked"), 2 * HOUR);
  g_autofree char *sticky = make_old_directory (&fixture->sandbox, "sticky", 2 * HOUR);
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) entry = NULL;
  g_autoptr (TmRoot) root = NULL;

  if (skip_unless_served (fixture))
    return;

  g_assert_no_errno (g_chmod (marked, 01700));
  g_assert_no_errno (g_chmod (sticky, 01700));
  root = open_root_with_basis (fixture, HOUR, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  entry = g_list_model_get_item (entries, 0);
  g_assert_cmpint (tm_root_entry_get_state (entry), ==,
                   sees_lock ? TM_ROOT_ENTRY_STATE_ABANDONED : TM_ROOT_ENTRY_STATE_LIVE);
  assert_cleanup (root, sees_lock ? 2 : 1);
  g_assert_cmpint (path_exists (marked), ==, !sees_lock);
  g_assert_false (path_exists (sticky));
}

static void
test_ages (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *young; /* (nullable): below the entry */
    gboolean accessed; /* only its access time */
    TmAgeBasis basis;
    gboolean expires;
  } cases[] = {
    { "", TRUE, TM_AGE_BASIS_ACCESSED_OR_MODIFIED, FALSE },
    { "", TRUE, TM_AGE_BASIS_MODIFIED, TRUE },
    { "", FALSE, TM_AGE_BASIS_MODIFIED, FALSE },
    { "deep/er", FALSE, TM_AGE_BASIS_ACCESSED_OR_MODIFIED, TRUE },
    { "deep/er", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "deep/er/file", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "deep/er/file", TRUE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { NULL, FALSE, TM_AGE_BASIS_NEWEST_CONTENT, TRUE },
  };
  static const char *const all[] = { "deep/er/file", "deep/er", "deep", "" };

  if (skip_unless_served (fixture))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TmRoot) root = open_root_with_basis (fixture, HOUR, cases[i].basis);
      g_autofree char *entry = sandbox_path (&fixture->sandbox, "entry");
      g_autofree char *deep = g_build_filename (entry, "deep", "er", NULL);
      g_autofree char *file = g_build_filename (deep, "file", NULL);

      g_test_message ("case %u", i);
      make_directory (deep);
      make_file (file);
      for (guint j = 0; j < G_N_ELEMENTS (all); j++)
        {
          g_autofree char *path = g_build_filename (entry, all[j], NULL);

          make_old (path, 10 * HOUR);
        }
      if (cases[i].young != NULL)
        {
          g_autofree char *path = g_build_filename (entry, cases[i].young, NULL);
          struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };

          times[cases[i].accessed ? 1 : 0].tv_nsec = UTIME_OMIT;
          g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
        }

      assert_cleanup (root, cases[i].expires ? 1 : 0);
      g_assert_cmpint (path_exists (entry), ==, !cases[i].expires);
    }
}

static void
test_list (Fixture *fixture, gconstpointer data)
{
  Sandbox *sandbox = &fixture->sandbox;
  g_autofree char *old = make_old_directory (sandbox, "a-old", 2 * HOUR);
  g_autofree char *young = make_old_directory (sandbox, "b-young", 1);
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  make_file (file);
  root = open_root_with_basis (fixture, HOUR, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
      g_autoptr (GFile) expected = g_file_get_child (fixture->base, i == 0 ? "a-old" : "b-young");
      GDateTime *last_used = tm_root_entry_get_last_used (entry);
      struct stat status;

      g_assert_true (g_file_equal (tm_root_entry_get_file (entry), expected));
      g_assert_cmpint (tm_root_entry_get_state (entry), ==, TM_ROOT_ENTRY_STATE_UNOWNED);
      g_assert_cmpint (tm_root_entry_get_removable (entry), ==, i == 0);
      g_assert_no_errno (stat (i == 0 ? old : young, &status));
      g_assert_cmpint (g_date_time_to_unix (last_used), ==, status.st_mtim.tv_sec);
    }
  g_assert_true (path_exists (old));
  assert_cleanup (root, 1);
  g_assert_true (path_exists (young));
}

static void
make_files (const char *path, guint n_files)
{
  make_directory (path);
  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_assert_no_errno (mknod (file, S_IFREG | 0600, 0));
    }
}

static void
test_delete (Fixture *fixture, gconstpointer data)
{
  Sandbox *sandbox = &fixture->sandbox;
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autofree char *many = g_build_filename (tree, "many", NULL);
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *treasure = sandbox_path (sandbox, "treasure");
  g_autoptr (GFile) tree_file = g_file_get_child (fixture->base, "tree");
  g_autoptr (GFile) link_file = g_file_get_child (fixture->base, "link");
  g_autoptr (GError) error = NULL;
  Progress progress = { 0 };

  if (skip_unless_served (fixture))
    return;

  make_directory (treasure);
  g_assert_no_errno (symlink (treasure, link));
  tm_delete_recursively (link_file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (link));
  g_assert_true (path_exists (treasure));

  make_tree (tree);
  make_files (many, 30);
  tm_delete_recursively (tree_file, TM_DELETE_FLAGS_NONE, NULL, record_progress_cb, &progress,
                         &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (tree));
  /* 5 and 5 files, 2 links, a pipe, 4 directories, and those. */
  g_assert_cmpuint (progress.n_found, ==, 1 + 17 + 1 + 30);
  g_assert_cmpuint (progress.n_deleted, ==, progress.n_found);
  g_assert_cmpuint (progress.n_calls, >, 0);

  g_assert_false (
      tm_delete_recursively (tree_file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_says (error, "Could not delete ", tree_file);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  static const guint n_files[] = { 50000, 2000, 200 };
  Kind cost = library_has_descriptors () ? fixture->kind : MAX (fixture->kind, KIND_GVFS);
  g_autofree char *many = sandbox_path (&fixture->sandbox, "many");
  g_autoptr (GFile) many_file = g_file_get_child (fixture->base, "many");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (TmRoot) root = NULL;
  Progress progress = { .cancellable = cancellable };
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  g_cancellable_cancel (cancelled);
  g_assert_null (tm_temporary_directory_new (fixture->base, "t", cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (count_entries (fixture->sandbox.path), ==, 0);

  directory = create (fixture);
  g_assert_false (tm_temporary_directory_close (directory, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  root = open_root_with_basis (fixture, 0, TM_AGE_BASIS_MODIFIED);
  g_assert_cmpint (tm_root_cleanup (root, cancelled, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  close_successfully (directory);

  /* Enough to be at it for longer than a progress is kept to itself. While GVfs runs, it is asked
   * about each local file that GIO deletes, which takes as long as one that it serves. */
  make_files (many, n_files[cost]);
  g_assert_false (tm_delete_recursively (many_file, TM_DELETE_FLAGS_NONE, cancellable,
                                         record_progress_cb, &progress, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (path_exists (many));
  tm_delete_recursively (many_file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (many));
}

static void
test_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  tm_temporary_directory_new_async (fixture->base, "t", G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                    &created);
  directory = tm_temporary_directory_new_finish (wait_for_result (&created), &error);
  g_assert_no_error (error);
  path = get_real_path (fixture, directory);
  make_tree (path);

  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &closed);
  tm_temporary_directory_close_finish (directory, wait_for_result (&closed), &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (path));
}

static void
test_async_root (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = make_old_directory (&fixture->sandbox, "first", 2 * HOUR);
  g_autofree char *published = sandbox_path (&fixture->sandbox, "published");
  g_autoptr (GFile) destination = g_file_get_child (fixture->base, "published");
  GAsyncResult *results[6] = { NULL };
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  Progress progress = { 0 };

  if (skip_unless_served (fixture))
    return;

  tm_root_new_async (fixture->base, HOUR, TM_ROOT_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL,
                     keep_result_cb, &results[0]);
  root = tm_root_new_finish (wait_for_result (&results[0]), &error);
  g_assert_no_error (error);

  tm_root_list_entries_async (root, TM_LIST_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                              &results[1]);
  entries = tm_root_list_entries_finish (root, wait_for_result (&results[1]), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);

  tm_root_cleanup_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &results[2]);
  g_assert_cmpint (tm_root_cleanup_finish (root, wait_for_result (&results[2]), &error), ==, 1);
  g_assert_no_error (error);
  g_assert_false (path_exists (first));

  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &results[3]);
  directory = tm_root_create_temp_dir_finish (root, wait_for_result (&results[3]), &error);
  g_assert_no_error (error);

  tm_temporary_directory_persist_async (directory, destination, TM_PERSIST_FLAGS_NONE,
                                        G_PRIORITY_DEFAULT, NULL, keep_result_cb, &results[4]);
  tm_temporary_directory_persist_finish (directory, wait_for_result (&results[4]), &error);
  g_assert_no_error (error);
  g_assert_true (path_exists (published));

  tm_delete_recursively_async (destination, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL,
                               record_progress_cb, &progress, NULL, keep_result_cb, &results[5]);
  tm_delete_recursively_finish (wait_for_result (&results[5]), &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (published));
  g_assert_cmpuint (progress.n_deleted, ==, 1);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    g_object_unref (results[i]);
}

static void
assert_taken (Fixture *fixture, TmTemporaryDirectory *directory)
{
  g_autoptr (GFile) destination = g_file_get_child (fixture->base, "published");
  g_autoptr (GError) error = NULL;

  assert_not_published (directory, destination, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);

  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_says (error, "Could not delete ", tm_temporary_directory_get_file (directory));
  g_assert_false (tm_temporary_directory_is_closed (directory));
}

static void
test_name_taken (Fixture *fixture, gconstpointer data)
{
  g_autofree char *moved = sandbox_path (&fixture->sandbox, "moved");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *path = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = create (fixture);
  path = get_real_path (fixture, directory);
  g_assert_no_errno (g_rename (path, moved));
  make_file (path);
  assert_taken (fixture, directory);
  g_assert_true (path_exists (path));
  g_assert_no_errno (g_unlink (path));

  /* SFTP does not tell one directory from another. */
  if (fixture->kind != KIND_SFTP)
    {
      make_tree (path);
      assert_taken (fixture, directory);
      g_assert_cmpuint (count_entries (path), >, 0);
    }
}

/* Nothing is asked of it but that it be opened: that fails before anything is looked at in it. */
static void
test_home (Fixture *fixture, gconstpointer data)
{
  const char *home =
      fixture->kind == KIND_LOCAL ? g_get_home_dir () : getpwuid (geteuid ())->pw_dir;
  g_autofree char *above_home = g_path_get_dirname (home);
  g_autoptr (GFile) file = NULL;
  g_autoptr (GFile) above = NULL;

  if (skip_unless_served (fixture))
    return;

  file = get_file (fixture->kind, home);
  above = get_file (fixture->kind, above_home);
  assert_root_fails (file, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
  assert_root_fails (above, TM_ROOT_FLAGS_NONE, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
add_tests (const char *name, void (*function) (Fixture *, gconstpointer))
{
  for (guint i = 0; i < G_N_ELEMENTS (kind_names); i++)
    {
      g_autofree char *path = g_strdup_printf ("/remote/%s/%s", kind_names[i], name);

      g_test_add_vtable (path, sizeof (Fixture), GINT_TO_POINTER (i), (GTestFixtureFunc) set_up,
                         (GTestFixtureFunc) function, (GTestFixtureFunc) tear_down);
    }
}

int
main (int argc, char *argv[])
{
  Sandbox home;
  g_autofree char *user = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);

  /* Not right below "/", so that there is something above it that nothing else keeps from being a
   * root. */
  sandbox_set_up (&home, NULL);
  user = sandbox_path (&home, "home/user");
  make_directory (user);
  g_setenv ("HOME", user, TRUE);

  add_tests ("create-and-close", test_create_and_close);
  add_tests ("gone-and-kept", test_gone_and_kept);
  add_tests ("last-unref", test_last_unref);
  add_tests ("bad-parents", test_bad_parents);
  add_tests ("publish", test_publish);
  add_tests ("root", test_root);
  add_tests ("root-below-dangling-link", test_root_below_dangling_link);
  add_tests ("cleanup", test_cleanup);
  add_tests ("marked", test_marked);
  add_tests ("ages", test_ages);
  add_tests ("list", test_list);
  add_tests ("delete", test_delete);
  add_tests ("cancelled", test_cancelled);
  add_tests ("async", test_async);
  add_tests ("async-root", test_async_root);
  add_tests ("name-taken", test_name_taken);
  g_test_add ("/remote/local/home", Fixture, GINT_TO_POINTER (KIND_LOCAL), set_up, test_home,
              tear_down);
  g_test_add ("/remote/sftp/home", Fixture, GINT_TO_POINTER (KIND_SFTP), set_up, test_home,
              tear_down);

  servers_start ();
  status = g_test_run ();
  servers_stop ();
  sandbox_tear_down (&home, NULL);
  return status;
}
