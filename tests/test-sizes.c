/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The sizes and types of entries as lists and signals report them, and the limits that a creation
 * applies, with both backends. */

#include "support/roots.h"
#include "support/served-file.h"
#include "support/support.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL GINT_TO_POINTER (FALSE)
#define SERVED GINT_TO_POINTER (TRUE)

#define FILE_SIZE 100000

static TmRoot *
open_root_of (Sandbox *sandbox, gconstpointer backend, double timeout, TmRootFlags flags)
{
  g_autoptr (GFile) file =
      backend == SERVED ? served_file_new (sandbox->path) : g_file_new_for_path (sandbox->path);

  return open_root_of_file (file, timeout, flags);
}

static guint64
get_allocated (const char *path)
{
  struct stat status;

  g_assert_no_errno (lstat (path, &status));
  return (guint64) status.st_blocks * 512;
}

/* Makes an entry with one file, last used that many seconds ago. Returns its size. */
static guint64
make_entry (Sandbox *sandbox, const char *name, gint64 age)
{
  g_autofree char *path = sandbox_path (sandbox, name);
  g_autofree char *file = g_build_filename (path, "file", NULL);
  g_autofree char *content = g_strnfill (FILE_SIZE, 'x');

  make_directory (path);
  g_assert_true (g_file_set_contents (file, content, FILE_SIZE, NULL));
  make_old (path, age);
  return get_allocated (path) + get_allocated (file);
}

/* The size in the list. */
static guint64
get_listed_size (GListModel *entries, const char *name)
{
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (tm_root_entry_get_name (entry), name))
        return tm_root_entry_get_size (entry);
    }

  g_assert_not_reached ();
}

static GListModel *
list (TmRoot *root, TmListFlags flags)
{
  g_autoptr (GError) error = NULL;
  GListModel *entries = tm_root_list_entries (root, flags, NULL, &error);

  g_assert_no_error (error);
  return entries;
}

static GListModel *
list_async (TmRoot *root, TmListFlags flags)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GListModel *entries;

  tm_root_list_entries_async (root, flags, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  entries = tm_root_list_entries_finish (root, wait_for_result (&result), &error);
  g_assert_no_error (error);
  return entries;
}

static void
assert_listed_size (TmRoot *root, TmListFlags flags, guint64 expected)
{
  g_autoptr (GListModel) entries = list (root, flags);
  g_autoptr (GListModel) entries_async = list_async (root, flags);

  g_assert_cmpuint (get_listed_size (entries, "entry"), ==, expected);
  g_assert_cmpuint (get_listed_size (entries_async, "entry"), ==, expected);
}

/* In seconds: measuring does not change it. */
static gint64
get_access_time (Sandbox *sandbox)
{
  g_autofree char *path = sandbox_path (sandbox, "entry");
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  return status.st_atim.tv_sec;
}

/* Only the flag and a limit that needs the size pay for measuring. The free space of a served file
 * is unknown: no limit of it applies. */
static void
test_lists (Sandbox *sandbox, gconstpointer backend)
{
  guint64 size = make_entry (sandbox, "entry", HOUR);
  gint64 access_time = get_access_time (sandbox);
  g_autoptr (TmRoot) root = open_root_of (sandbox, backend, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);

  g_assert_cmpuint (size, >=, FILE_SIZE);
  assert_listed_size (root, TM_LIST_FLAGS_NONE, 0);
  assert_listed_size (root, TM_LIST_FLAGS_MEASURE, size);

  tm_root_set_max_entries (root, 1);
  assert_listed_size (root, TM_LIST_FLAGS_NONE, 0);
  tm_root_set_min_free_space (root, 1);
  assert_listed_size (root, TM_LIST_FLAGS_NONE, 0);
  tm_root_set_min_free_space (root, G_MAXUINT64);
  assert_listed_size (root, TM_LIST_FLAGS_NONE, backend == LOCAL ? size : 0);
  tm_root_set_min_free_space (root, 0);
  tm_root_set_max_size (root, G_MAXUINT64);
  assert_listed_size (root, TM_LIST_FLAGS_NONE, size);
  tm_root_set_max_size (root, 0);
  assert_listed_size (root, TM_LIST_FLAGS_NONE, 0);
  g_assert_cmpint (get_access_time (sandbox), ==, access_time);
}

/* The removed entries of a cleanup. */
typedef struct
{
  GHashTable *sizes;   /* (element-type filename guint64) */
  GHashTable *reasons; /* (element-type filename TmRemovalReason) */
} Removed;

static void
removed_cb (TmRoot *root, TmRootEntry *entry, gpointer user_data)
{
  Removed *removed = user_data;
  guint64 size = tm_root_entry_get_size (entry);
  const char *name = tm_root_entry_get_name (entry);

  g_assert_true (tm_root_entry_get_removable (entry));
  g_hash_table_insert (removed->sizes, g_strdup (name), g_memdup2 (&size, sizeof size));
  g_hash_table_insert (removed->reasons, g_strdup (name),
                       GINT_TO_POINTER ((int) tm_root_entry_get_reason (entry)));
}

static void
removed_init (Removed *removed, TmRoot *root)
{
  removed->sizes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  removed->reasons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (root, "entry-removed", G_CALLBACK (removed_cb), removed);
}

static void
removed_clear (Removed *removed)
{
  g_hash_table_unref (removed->sizes);
  g_hash_table_unref (removed->reasons);
}

static void
assert_removed (Removed *removed, const char *name, TmRemovalReason reason, guint64 size)
{
  guint64 *found = g_hash_table_lookup (removed->sizes, name);

  g_assert_nonnull (found);
  g_assert_cmpuint (*found, ==, size);
  g_assert_cmpint (GPOINTER_TO_INT (g_hash_table_lookup (removed->reasons, name)), ==, reason);
}

static void
test_signals (Sandbox *sandbox, gconstpointer backend)
{
  g_autoptr (TmRoot) root = open_root_of (sandbox, backend, 5 * HOUR, TM_ROOT_FLAGS_NONE);
  guint64 size = make_entry (sandbox, "young", 0);
  Removed removed;

  make_entry (sandbox, "expired", 6 * HOUR);
  make_entry (sandbox, "older", 3 * HOUR);
  make_entry (sandbox, "old", 2 * HOUR);
  removed_init (&removed, root);

  /* For the expired one no size is known, and "old" is not measured for a number. */
  tm_root_set_max_size (root, 2 * size);
  assert_cleanup (root, 2);
  assert_removed (&removed, "expired", TM_REMOVAL_REASON_EXPIRED, 0);
  assert_removed (&removed, "older", TM_REMOVAL_REASON_OVER_SIZE, size);
  tm_root_set_max_size (root, 0);
  tm_root_set_max_entries (root, 1);
  assert_cleanup (root, 1);
  assert_removed (&removed, "old", TM_REMOVAL_REASON_OVER_COUNT, 0);
  tm_root_set_min_free_space (root, G_MAXUINT64);
  assert_cleanup (root, backend == LOCAL ? 1 : 0);
  if (backend == LOCAL)
    assert_removed (&removed, "young", TM_REMOVAL_REASON_LOW_SPACE, 0);
  removed_clear (&removed);
}

static TmTemporaryDirectory *
create_async (TmRoot *root)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory;

  tm_root_create_temp_dir_async (root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  directory = tm_root_create_temp_dir_finish (root, wait_for_result (&result), &error);
  g_assert_no_error (error);
  return directory;
}

/* Number and free space, with the new directory, and never the size. */
static void
test_creations (Sandbox *sandbox, gconstpointer backend)
{
  g_autoptr (TmRoot) root = open_root_of (sandbox, backend, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) first = NULL;
  g_autoptr (TmTemporaryDirectory) second = NULL;
  g_autofree char *young = sandbox_path (sandbox, "young");
  Removed removed;

  make_entry (sandbox, "oldest", 4 * HOUR);
  make_entry (sandbox, "older", 3 * HOUR);
  make_entry (sandbox, "old", 2 * HOUR);
  make_entry (sandbox, "young", HOUR);
  removed_init (&removed, root);

  tm_root_set_max_size (root, 1);
  tm_root_set_max_entries (root, 4);
  first = create_under (root);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 4);
  g_assert_cmpuint (g_hash_table_size (removed.sizes), ==, 1);
  assert_removed (&removed, "oldest", TM_REMOVAL_REASON_OVER_COUNT, 0);

  tm_root_set_max_entries (root, 3);
  second = create_async (root);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 3);
  assert_removed (&removed, "older", TM_REMOVAL_REASON_OVER_COUNT, 0);
  assert_removed (&removed, "old", TM_REMOVAL_REASON_OVER_COUNT, 0);

  g_assert_true (tm_temporary_directory_close (second, NULL, NULL));
  g_assert_true (path_exists (young));
  tm_root_set_min_free_space (root, G_MAXUINT64);
  g_clear_object (&second);
  second = create_under (root);
  if (backend == LOCAL)
    assert_removed (&removed, "young", TM_REMOVAL_REASON_LOW_SPACE, 0);
  g_assert_cmpint (path_exists (young), ==, backend != LOCAL);
  removed_clear (&removed);
}

static GFileType
get_type (GListModel *entries, guint position)
{
  g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, position);

  return g_file_info_get_file_type (tm_root_entry_get_info (entry));
}

static void
test_types (Sandbox *sandbox, gconstpointer backend)
{
  g_autofree char *directory = sandbox_path (sandbox, "a-directory");
  g_autofree char *file = sandbox_path (sandbox, "b-file");
  g_autofree char *link = sandbox_path (sandbox, "c-link");
  g_autofree char *pipe = sandbox_path (sandbox, "d-pipe");
  g_autoptr (TmRoot) plain = open_root_of (sandbox, backend, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) root =
      open_root_of (sandbox, backend, TM_NO_TIMEOUT, TM_ROOT_FLAGS_INCLUDE_FILES);
  g_autoptr (GListModel) directories = NULL;
  g_autoptr (GListModel) all = NULL;

  make_directory (directory);
  g_assert_true (g_file_set_contents (file, "content", -1, NULL));
  g_assert_no_errno (symlink ("a-directory", link));
  g_assert_no_errno (mkfifo (pipe, 0600));

  directories = list (plain, TM_LIST_FLAGS_MEASURE);
  g_assert_cmpuint (g_list_model_get_n_items (directories), ==, 1);
  g_assert_cmpint (get_type (directories, 0), ==, G_FILE_TYPE_DIRECTORY);

  all = list (root, TM_LIST_FLAGS_MEASURE);
  g_assert_cmpuint (g_list_model_get_n_items (all), ==, 4);
  g_assert_cmpint (get_type (all, 0), ==, G_FILE_TYPE_DIRECTORY);
  g_assert_cmpint (get_type (all, 1), ==, G_FILE_TYPE_REGULAR);
  g_assert_cmpint (get_type (all, 2), ==, G_FILE_TYPE_SYMBOLIC_LINK);
  g_assert_cmpint (get_type (all, 3), ==, G_FILE_TYPE_SPECIAL);
  g_assert_cmpuint (get_listed_size (all, "b-file"), ==, get_allocated (file));
}

static void
add_both (const char *name, SandboxFunc function)
{
  g_autofree char *local = g_strdup_printf ("/sizes/%s/local", name);
  g_autofree char *served = g_strdup_printf ("/sizes/%s/served", name);

  g_test_add (local, Sandbox, LOCAL, sandbox_set_up,
              on_this_platform (local, of_descriptors (function)), sandbox_tear_down);
  g_test_add (served, Sandbox, SERVED, sandbox_set_up, function, sandbox_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_both ("lists", test_lists);
  add_both ("signals", test_signals);
  add_both ("creations", test_creations);
  add_both ("types", test_types);

  return g_test_run ();
}
