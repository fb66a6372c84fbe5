/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The list of the entries of a root: it shows what a cleanup does, and changes no entry. */

#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <tempman.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  int error_number;
} Unseen;

/* Neither the library nor GIO can examine the directory with this name. */
static int
hide_cb (const SystemCall *call, gpointer user_data)
{
  const Unseen *unseen = user_data;
  gboolean is_look = g_str_equal (call->name, "statx") && g_strcmp0 (call->path, unseen->name) == 0;
  gboolean is_reading =
      g_str_equal (call->name, "opendir") && g_str_has_suffix (call->path, unseen->name);

  return is_look || is_reading ? unseen->error_number : 0;
}

static GListModel *
list (TmRoot *root)
{
  g_autoptr (GError) error = NULL;
  GListModel *entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_list_model_get_item_type (entries) == TM_TYPE_ROOT_ENTRY);
  return entries;
}

/* Returns the entry with that name, or NULL. */
static TmRootEntry *
find (GListModel *entries, const char *name)
{
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (strcmp (g_file_info_get_name (tm_root_entry_get_info (entry)), name) == 0)
        return g_steal_pointer (&entry);
    }
  return NULL;
}

static void
test_states (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = tm_root_create_temp_dir (root, NULL, NULL);
  g_autofree char *abandoned = sandbox_path (sandbox, OUR_NAME ("abandoned"));
  g_autofree char *unowned = sandbox_path (sandbox, "unowned");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) live_entry = NULL;
  g_autoptr (TmRootEntry) abandoned_entry = NULL;
  g_autoptr (TmRootEntry) unowned_entry = NULL;

  make_directory (abandoned);
  g_assert_no_errno (g_chmod (abandoned, 01700));
  make_directory (unowned);
  make_file (file);
  g_assert_no_errno (symlink (unowned, link));

  entries = list (root);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 3);
  live_entry = find (entries, name);
  abandoned_entry = find (entries, OUR_NAME ("abandoned"));
  unowned_entry = find (entries, "unowned");
  g_assert_cmpint (tm_root_entry_get_state (live_entry), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpint (tm_root_entry_get_state (abandoned_entry), ==, TM_ROOT_ENTRY_STATE_ABANDONED);
  g_assert_cmpint (tm_root_entry_get_state (unowned_entry), ==, TM_ROOT_ENTRY_STATE_UNOWNED);
  g_assert_true (g_file_equal (tm_root_entry_get_file (live_entry),
                               tm_temporary_directory_get_file (directory)));
  g_assert_cmpfloat (tm_root_entry_get_heartbeat_age (live_entry), ==, -1);
  g_assert_cmpfloat (tm_root_entry_get_heartbeat_age (abandoned_entry), ==, -1);
  g_assert_cmpfloat (tm_root_entry_get_heartbeat_age (unowned_entry), ==, -1);

  /* An entry is a snapshot. */
  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_cmpint (tm_root_entry_get_state (live_entry), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 3);
}

static void
test_properties (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *path = sandbox_path (sandbox, "bad \xff name");
  struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) entry = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (GDateTime) last_used = NULL;
  g_autoptr (GFileInfo) info = NULL;
  g_autofree char *name = NULL;
  g_autofree char *property_path = NULL;
  TmRootEntryState state;
  TmRemovalReason reason;
  gboolean removable;
  double heartbeat_age;
  guint64 size;

  make_directory (path);
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, 0));
  entries = list (root);
  entry = g_list_model_get_item (entries, 0);
  g_object_get (entry, "file", &file, "name", &name, "path", &property_path, "last-used",
                &last_used, "state", &state, "removable", &removable, "reason", &reason, "info",
                &info, "heartbeat-age", &heartbeat_age, "size", &size, NULL);

  g_assert_true (file == tm_root_entry_get_file (entry));
  g_assert_cmpfloat (heartbeat_age, ==, -1);
  g_assert_cmpuint (size, ==, 0);
  g_assert_true (last_used == tm_root_entry_get_last_used (entry));
  g_assert_true (info == tm_root_entry_get_info (entry));
  g_assert_cmpint (state, ==, TM_ROOT_ENTRY_STATE_UNOWNED);
  g_assert_true (removable && tm_root_entry_get_removable (entry));
  g_assert_cmpint (reason, ==, TM_REMOVAL_REASON_EXPIRED);
  g_assert_cmpint (tm_root_entry_get_reason (entry), ==, TM_REMOVAL_REASON_EXPIRED);
  g_assert_cmpstr (name, ==, "bad \xff name");
  g_assert_cmpstr (tm_root_entry_get_name (entry), ==, name);
  g_assert_cmpstr (property_path, ==, path);
  g_assert_cmpstr (tm_root_entry_get_path (entry), ==, path);

  g_assert_cmpstr (g_file_peek_path (file), ==, path);
  g_assert_cmpint (g_date_time_to_unix (last_used), ==, 1100000000);
  g_assert_cmpint (g_date_time_get_microsecond (last_used), ==, 987654);
  g_assert_cmpstr (g_file_info_get_name (info), ==, "bad \xff name");
  g_assert_true (g_utf8_validate (g_file_info_get_display_name (info), -1, NULL));
  g_assert_cmpint (g_file_info_get_file_type (info), ==, G_FILE_TYPE_DIRECTORY);
  g_assert_cmpuint (g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_ACCESS), ==,
                    1000000000);
  g_assert_cmpuint (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_TIME_ACCESS_USEC), ==,
                    123456);
  g_assert_cmpuint (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_TIME_ACCESS_NSEC), ==,
                    123456789);
  g_assert_cmpuint (g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED), ==,
                    1100000000);
  g_assert_cmpuint (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC),
                    ==, 987654);
  g_assert_cmpuint (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED_NSEC),
                    ==, 987654321);
}

static void
test_uninitialized (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRootEntry) entry = g_object_new (TM_TYPE_ROOT_ENTRY, NULL);
  g_autoptr (TmRoot) root = g_object_new (TM_TYPE_ROOT, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_root_entry_get_file (entry));
  g_assert_null (tm_root_entry_get_name (entry));
  g_assert_null (tm_root_entry_get_path (entry));
  g_assert_cmpint (tm_root_entry_get_reason (entry), ==, TM_REMOVAL_REASON_NONE);
  g_assert_null (tm_root_entry_get_last_used (entry));
  g_assert_null (tm_root_entry_get_info (entry));
  g_assert_false (tm_root_entry_get_removable (entry));
  g_assert_cmpuint (tm_root_entry_get_size (entry), ==, 0);
  g_assert_null (tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
}

static void
test_order (Sandbox *sandbox, gconstpointer data)
{
  static const char *const names[] = { "A", "B", "a", "a b", "a-b", "\xc3\xa9", "\xff" };
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (GListModel) entries = NULL;

  for (guint i = G_N_ELEMENTS (names); i > 0; i--)
    {
      g_autofree char *path = sandbox_path (sandbox, names[i - 1]);

      make_directory (path);
    }
  entries = list (root);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      g_assert_cmpstr (g_file_info_get_name (tm_root_entry_get_info (entry)), ==, names[i]);
    }
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *path = sandbox_path (sandbox, "entry");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (GError) error = NULL;

  make_directory (path);
  tm_root_list_entries_async (root, TM_LIST_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                              &result);
  entries = tm_root_list_entries_finish (root, wait_for_result (&result), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);

  g_cancellable_cancel (cancellable);
  g_assert_null (tm_root_list_entries (root, TM_LIST_FLAGS_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* One of each kind: its name tells which. */
typedef struct
{
  gint64 age;
  mode_t mode;
  int lock; /* LOCK_SH, LOCK_EX or none */
  gboolean young_content;
} Kind;

#define MAX_KINDS 128

static void
make_kinds (const char *path, gboolean with_content, Kind kinds[], int fds[], guint *n_kinds)
{
  static const gint64 ages[] = { 0, HOUR / 2, 2 * HOUR };
  static const mode_t modes[] = { 0755, 01700, 01777, 01000, 0300, 0000 };
  static const int locks[] = { 0, LOCK_SH, LOCK_EX };
  guint n = 0;

  for (guint age = 0; age < G_N_ELEMENTS (ages); age++)
    for (guint mode = 0; mode < G_N_ELEMENTS (modes); mode++)
      for (guint lock = 0; lock < G_N_ELEMENTS (locks); lock++)
        for (guint content = 0; content < (with_content ? 2 : 1); content++)
          {
            g_autofree char *name = g_strdup_printf ("%03u%s", n, OUR_NAME (""));
            g_autofree char *entry = g_build_filename (path, name, NULL);
            g_autofree char *inner = g_build_filename (entry, "a/b", NULL);
            g_autofree char *middle = g_path_get_dirname (inner);

            kinds[n] = (Kind){ ages[age], modes[mode], locks[lock], content == 1 };
            make_directory (with_content ? inner : entry);
            if (with_content)
              {
                make_old (inner, content == 1 ? 0 : ages[age]);
                make_old (middle, ages[age]);
              }
            fds[n] = open (entry, O_RDONLY);
            child_assert (fds[n] >= 0);
            child_assert (locks[lock] == 0 || flock (fds[n], locks[lock]) == 0);
            child_assert (fchmod (fds[n], modes[mode]) == 0);
            make_old (entry, ages[age]);
            n++;
          }

  *n_kinds = n;
  child_assert (n <= MAX_KINDS);
}

static void
assert_list_foretells_cleanup (const char *path,
                               double timeout,
                               TmRootFlags flags,
                               TmAgeBasis basis)
{
  g_autoptr (TmRoot) root = open_root (path, timeout, flags);
  g_autoptr (GListModel) entries = NULL;
  Kind kinds[MAX_KINDS];
  int fds[MAX_KINDS];
  guint n_kinds;
  g_autoptr (GError) error = NULL;
  gssize n_deleted;
  guint n_removable = 0;

  make_kinds (path, basis == TM_AGE_BASIS_NEWEST_CONTENT, kinds, fds, &n_kinds);
  tm_root_set_age_basis (root, basis);
  entries = list (root);
  child_assert (g_list_model_get_n_items (entries) == n_kinds);
  for (guint i = 0; i < n_kinds; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      n_removable += tm_root_entry_get_removable (entry) ? 1 : 0;
    }

  n_deleted = tm_root_cleanup (root, NULL, &error);
  for (guint i = 0; i < n_kinds; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
      const char *entry_path = g_file_peek_path (tm_root_entry_get_file (entry));

      if (tm_root_entry_get_removable (entry) == path_exists (entry_path))
        {
          g_printerr ("timeout %g, flags %u, basis %u, age %" G_GINT64_FORMAT
                      ", mode %o, lock %d, content %d: listed as %s\n",
                      timeout, flags, basis, kinds[i].age, kinds[i].mode, kinds[i].lock,
                      kinds[i].young_content,
                      tm_root_entry_get_removable (entry) ? "removable" : "kept");
          child_assert (FALSE);
        }
      close (fds[i]);
    }
  child_assert (error == NULL && n_deleted == (gssize) n_removable);

  /* Leaves an empty root. */
  {
    g_autoptr (TmRoot) everything = open_root (path, 0, TM_ROOT_FLAGS_NONE);

    g_usleep (1000);
    child_assert (tm_root_cleanup (everything, NULL, NULL) >= 0);
  }
}

static void
foretell (gpointer data)
{
  static const double timeouts[] = { TM_NO_TIMEOUT, 0, HOUR };
  static const TmRootFlags flags[] = {
    TM_ROOT_FLAGS_NONE,
    TM_ROOT_FLAGS_RECLAIM_ABANDONED,
    TM_ROOT_FLAGS_EXPIRE_LIVE,
    TM_ROOT_FLAGS_RECLAIM_ABANDONED | TM_ROOT_FLAGS_EXPIRE_LIVE,
  };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    for (guint j = 0; j < G_N_ELEMENTS (flags); j++)
      for (TmAgeBasis basis = 0; basis <= TM_AGE_BASIS_NEWEST_CONTENT; basis++)
        assert_list_foretells_cleanup (data, timeouts[i], flags[j], basis);
}

static void
foretell_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  foretell (data);
}

/* Every kind of entry under every kind of root: a cleanup deletes the removable ones. */
static void
test_foretells_cleanup (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (foretell_child, sandbox->path));
  /* The same for root, which is not subject to modes. */
  if (geteuid () == 0)
    assert_success_in_child (run_in_child (foretell, sandbox->path));
}

static GString *
take_snapshot (const char *path)
{
  static const char *const names[] = { "",         "/live",      "/" OUR_NAME ("abandoned"),
                                       "/unowned", "/unowned/a", "/unowned/a/b",
                                       "/barred",  "/live/a" };
  GString *snapshot = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_strconcat (path, names[i], NULL);
      struct stat status;

      child_assert (lstat (file, &status) == 0);
      g_string_append_printf (snapshot, "%s %o", names[i], status.st_mode);
      append_time (snapshot, status.st_atim);
      append_time (snapshot, status.st_mtim);
      append_time (snapshot, status.st_ctim);
      g_string_append_c (snapshot, '\n');
    }
  return snapshot;
}

static void
unchanged_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "root", NULL);
  static const char *const names[] = { "live/a", OUR_NAME ("abandoned") "/a", "unowned/a/b",
                                       "barred" };
  g_autofree char *live = g_build_filename (path, "live", NULL);
  g_autofree char *abandoned = g_build_filename (path, OUR_NAME ("abandoned"), NULL);
  g_autofree char *barred = g_build_filename (path, "barred", NULL);
  g_autoptr (TmRoot) root = NULL;
  int fd;

  child_assert (become_ordinary_user ());
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *directory = g_build_filename (path, names[i], NULL);

      make_directory (directory);
    }
  child_assert (g_chmod (abandoned, 01700) == 0);
  fd = open (live, O_RDONLY);
  child_assert (flock (fd, LOCK_SH) == 0);
  child_assert (g_chmod (barred, 0) == 0);

  root = open_reclaiming_root (path);
  for (TmAgeBasis basis = 0; basis <= TM_AGE_BASIS_NEWEST_CONTENT; basis++)
    {
      g_autoptr (GListModel) entries = NULL;
      g_autoptr (GString) before = NULL;
      g_autoptr (GString) after = NULL;

      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          g_autofree char *directory = g_build_filename (path, names[i], NULL);

          make_old (directory, 100 * HOUR);
        }
      make_old (live, 100 * HOUR);
      make_old (abandoned, 100 * HOUR);
      make_old (path, 100 * HOUR);

      tm_root_set_age_basis (root, basis);
      before = take_snapshot (path);
      entries = list (root);
      after = take_snapshot (path);
      child_assert (g_list_model_get_n_items (entries) == 4);
      if (!g_string_equal (before, after))
        g_printerr ("before:\n%safter:\n%s", before->str, after->str);
      child_assert (g_string_equal (before, after));
    }
}

/* Neither the mode of a directory that denies access, nor any access time, also not that of the
 * root. */
static void
test_changes_nothing (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (unchanged_child, sandbox->path));
}

static void
test_lock_is_let_go (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autofree char *path = sandbox_path (sandbox, OUR_NAME ("entry"));
  g_autoptr (GListModel) entries = NULL;
  guint n_descriptors;
  int fd;

  make_directory (path);
  g_assert_no_errno (g_chmod (path, 01700));
  n_descriptors = count_open_descriptors ();
  entries = list (root);
  g_assert_cmpuint (count_open_descriptors (), ==, n_descriptors);
  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_EX | LOCK_NB));
  close (fd);
}

/* Another process holds the lock while it examines the directory, for an instant or for longer: the
 * creator gets a directory, and leaves no other one behind. */
static void
test_creator_is_looked_at (Sandbox *sandbox, gconstpointer data)
{
  static const guint counts[] = { 1, 5, 25 };
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;
      g_autoptr (GError) error = NULL;

      fail_call ("flock", EWOULDBLOCK, counts[i]);
      directory = tm_root_create_temp_dir (root, NULL, &error);
      g_assert_cmpuint (fail_end (), ==, counts[i]);
      g_assert_no_error (error);
      g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
      g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
    }
}

static void
barred_child (gpointer data)
{
  const char *path = data;
  g_autofree char *mine = g_build_filename (path, OUR_NAME ("mine"), NULL);
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) foreign_entry = NULL;
  g_autoptr (TmRootEntry) mine_entry = NULL;
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  make_directory (mine);
  make_old (mine, 2 * HOUR);
  child_assert (g_chmod (mine, 01000) == 0);

  root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
  entries = list (root);
  mine_entry = find (entries, OUR_NAME ("mine"));
  child_assert (tm_root_entry_get_state (mine_entry) == TM_ROOT_ENTRY_STATE_ABANDONED);
  child_assert (tm_root_entry_get_removable (mine_entry));

  /* It exists if the test could create a second user's directory. */
  foreign_entry = find (entries, "foreign");
  if (foreign_entry != NULL)
    {
      child_assert (tm_root_entry_get_state (foreign_entry) == TM_ROOT_ENTRY_STATE_LIVE);
      child_assert (!tm_root_entry_get_removable (foreign_entry));
    }
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

static void
test_barred (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *foreign = sandbox_path (sandbox, "foreign");

  if (geteuid () == 0)
    {
      make_directory (foreign);
      make_old (foreign, 2 * HOUR);
      g_assert_no_errno (g_chmod (foreign, 0700));
    }
  assert_success_in_child (run_in_child (barred_child, sandbox->path));
  g_assert_cmpint (path_exists (foreign), ==, geteuid () == 0);
}

static void
sticky_child (gpointer data)
{
  const char *path = data;
  g_autofree char *mine = g_build_filename (path, OUR_NAME ("mine"), NULL);
  g_autofree char *foreign = g_build_filename (path, "foreign", NULL);
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) foreign_entry = NULL;
  g_autoptr (TmRootEntry) mine_entry = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  make_directory (mine);
  make_old (mine, 2 * HOUR);

  root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
  entries = list (root);
  mine_entry = find (entries, OUR_NAME ("mine"));
  foreign_entry = find (entries, "foreign");
  child_assert (tm_root_entry_get_removable (mine_entry));
  child_assert (!tm_root_entry_get_removable (foreign_entry));
  child_assert (tm_root_cleanup (root, NULL, &error) == 1);
  child_assert (error == NULL);
  child_assert (!path_exists (mine) && path_exists (foreign));
}

/* A directory that GIO cannot read is listed, and cleanup keeps it. */
static void
test_unread (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autofree char *unread = sandbox_path (sandbox, "unread");
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) old_entry = NULL;
  g_autoptr (TmRootEntry) unread_entry = NULL;
  g_autoptr (GError) error = NULL;
  Unseen hidden = { "unread", EIO };

  make_directory (old);
  make_old (old, 2 * HOUR);
  make_directory (unread);
  make_old (unread, 2 * HOUR);
  tm_root_set_age_basis (root, TM_AGE_BASIS_NEWEST_CONTENT);
  interpose (hide_cb, &hidden);
  entries = list (root);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  interpose_end ();

  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 2);
  old_entry = find (entries, "old");
  unread_entry = find (entries, "unread");
  g_assert_true (tm_root_entry_get_removable (old_entry));
  g_assert_false (tm_root_entry_get_removable (unread_entry));
  g_assert_true (g_file_info_has_attribute (tm_root_entry_get_info (unread_entry),
                                            G_FILE_ATTRIBUTE_TIME_MODIFIED));
  g_assert_nonnull (strstr (error->message, "unread"));
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (unread));
}

/* As a mount point whose file system does not answer, or denies access. */
static void
test_unseen (Sandbox *sandbox, gconstpointer data)
{
  static const int error_numbers[] = { ENOTCONN, EACCES, EIO, ESTALE };

  for (guint i = 0; i < G_N_ELEMENTS (error_numbers); i++)
    {
      g_autofree char *old = sandbox_path (sandbox, "old");
      g_autofree char *unseen = sandbox_path (sandbox, "unseen");
      g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
      g_autoptr (GDateTime) before = g_date_time_new_now_utc ();
      g_autoptr (GListModel) entries = NULL;
      g_autoptr (TmRootEntry) old_entry = NULL;
      g_autoptr (TmRootEntry) unseen_entry = NULL;
      g_autoptr (GError) error = NULL;
      Unseen hidden = { "unseen", error_numbers[i] };
      GFileInfo *info;

      make_directory (old);
      make_old (old, 2 * HOUR);
      if (!path_exists (unseen))
        make_directory (unseen);
      g_assert_no_errno (g_chmod (unseen, 01700));
      make_old (unseen, 2 * HOUR);

      interpose (hide_cb, &hidden);
      entries = list (root);
      g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
      interpose_end ();

      g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 2);
      old_entry = find (entries, "old");
      unseen_entry = find (entries, "unseen");
      g_assert_true (tm_root_entry_get_removable (old_entry));
      g_assert_false (tm_root_entry_get_removable (unseen_entry));
      g_assert_cmpint (tm_root_entry_get_state (unseen_entry), ==, TM_ROOT_ENTRY_STATE_LIVE);
      /* In seconds: the list uses the clock of the kernel's timestamps. */
      g_assert_cmpint (g_date_time_to_unix (tm_root_entry_get_last_used (unseen_entry)), >=,
                       g_date_time_to_unix (before) - 1);
      info = tm_root_entry_get_info (unseen_entry);
      g_assert_false (g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_TIME_MODIFIED));
      g_assert_false (g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_TIME_ACCESS));

      /* The cleanup did the same as the list, and returned an error. */
      g_assert_nonnull (strstr (error->message, "unseen"));
      g_assert_false (path_exists (old));
      g_assert_true (path_exists (unseen));
    }
}

/* Lists the entries of the root, and cleans up. Returns the number of deleted entries; each of
 * those was listed as removable, and no other one. */
static guint
compare_list_with_cleanup (TmRoot *root, GError **error)
{
  g_autoptr (GListModel) entries = list (root);
  gssize n_deleted = tm_root_cleanup (root, NULL, error);
  guint n_expired = 0;

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
      const char *path = g_file_peek_path (tm_root_entry_get_file (entry));

      if (tm_root_entry_get_removable (entry) == path_exists (path))
        g_printerr ("%s: listed as %s\n", path,
                    tm_root_entry_get_removable (entry) ? "expired" : "kept");
      child_assert (tm_root_entry_get_removable (entry) != path_exists (path));
      n_expired += tm_root_entry_get_removable (entry) ? 1 : 0;
    }

  child_assert (n_deleted == -1 || n_deleted == (gssize) n_expired);
  return n_expired;
}

static void
unwritable_root_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "root", NULL);
  g_autofree char *content = g_build_filename (path, "old/content", NULL);
  g_autofree char *old = g_path_get_dirname (content);
  g_autofree char *young = g_build_filename (path, "young", NULL);
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  make_directory (content);
  make_directory (young);
  root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
  for (TmAgeBasis basis = 0; basis <= TM_AGE_BASIS_NEWEST_CONTENT; basis++)
    {
      g_autoptr (GError) error = NULL;

      if (basis == TM_AGE_BASIS_CHANGED)
        continue;
      tm_root_set_age_basis (root, basis);
      make_old (content, 2 * HOUR);
      make_old (old, 2 * HOUR);
      child_assert (g_chmod (path, 0500) == 0);
      child_assert (compare_list_with_cleanup (root, &error) == 0);
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      child_assert (strstr (error->message, old) != NULL);
      child_assert (path_exists (content));

      /* If no entry is to be deleted, the cleanup does not fail. */
      child_assert (utimensat (AT_FDCWD, old, NULL, 0) == 0);
      child_assert (utimensat (AT_FDCWD, content, NULL, 0) == 0);
      child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
      child_assert (g_chmod (path, 0700) == 0);
    }

  make_old (content, 2 * HOUR);
  make_old (old, 2 * HOUR);
  child_assert (compare_list_with_cleanup (root, NULL) == 1);
}

/* No entry can be removed from the root, and none is emptied. */
static void
test_unwritable_root (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (unwritable_root_child, sandbox->path));
}

static void
foreign_entries_child (gpointer data)
{
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  child_assert (become_ordinary_user ());
  root = open_root (data, HOUR, TM_ROOT_FLAGS_NONE);
  /* The entries that every user may read. */
  child_assert (compare_list_with_cleanup (root, &error) == 2);
  child_assert (error == NULL);
}

/* In a root of the user, who may remove empty directories, but not empty directories that deny
 * access. */
static void
test_foreign_entries (Sandbox *sandbox, gconstpointer data)
{
  static const mode_t modes[] = { 0700, 0755, 0777 };

  if (skip_unless_root ())
    return;

  for (guint i = 0; i < 2 * G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *name = g_strdup_printf ("foreign-%u/%s", i, i % 2 == 0 ? "" : "content");
      g_autofree char *path = sandbox_path (sandbox, name);
      g_autofree char *entry = g_strndup (path, strlen (sandbox->path) + strlen ("/foreign-0"));

      make_directory (path);
      make_old (path, 2 * HOUR);
      make_old (entry, 2 * HOUR);
      g_assert_no_errno (chown (entry, TEST_UID + 1, TEST_UID + 1));
      g_assert_no_errno (g_chmod (entry, modes[i / 2]));
    }
  g_assert_no_errno (chown (sandbox->path, TEST_UID, TEST_UID));
  assert_success_in_child (run_in_child (foreign_entries_child, sandbox->path));
}

static void
test_attributes (Sandbox *sandbox, gconstpointer data)
{
  static const int attributes[] = { FS_IMMUTABLE_FL, FS_APPEND_FL };
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      g_autofree char *content = sandbox_path (sandbox, "locked/content");
      g_autofree char *entry = sandbox_path (sandbox, "locked");
      g_autoptr (GError) error = NULL;
      int none = 0;
      int fd;

      make_directory (content);
      make_old (content, 2 * HOUR);
      make_old (entry, 2 * HOUR);
      fd = open (entry, O_RDONLY);
      if (ioctl (fd, FS_IOC_SETFLAGS, &attributes[i]) < 0)
        {
          g_test_skip ("needs root and a file system with such attributes");
          close (fd);
          return;
        }
      g_assert_cmpuint (compare_list_with_cleanup (root, &error), ==, 0);
      g_assert_no_error (error);
      g_assert_true (path_exists (content));
      g_assert_no_errno (ioctl (fd, FS_IOC_SETFLAGS, &none));
      close (fd);
      g_assert_cmpuint (compare_list_with_cleanup (root, &error), ==, 1);
    }
}

static void
test_sticky_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *foreign = sandbox_path (sandbox, "foreign");

  if (skip_unless_root ())
    return;

  make_directory (foreign);
  make_old (foreign, 2 * HOUR);
  g_assert_no_errno (g_chmod (sandbox->path, 01777));
  assert_success_in_child (run_in_child (sticky_child, sandbox->path));
}

static void
closed_root_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "root", NULL);
  g_autofree char *old = g_build_filename (path, "old", NULL);
  static const mode_t modes[] = { 0, 0200, 0300, 0400 };
  g_autoptr (TmRoot) root = NULL;
  struct stat status;

  child_assert (become_ordinary_user ());
  make_directory (old);
  make_old (old, 2 * HOUR);
  root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;

      child_assert (g_chmod (path, modes[i]) == 0);
      child_assert (tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error) == NULL);
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      child_assert (strstr (error->message, path) != NULL);
      g_clear_error (&error);
      child_assert (tm_root_cleanup (root, NULL, &error) == -1);
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      child_assert (lstat (path, &status) == 0 && (status.st_mode & 07777) == modes[i]);
    }
  child_assert (g_chmod (path, 0700) == 0);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

/* Closed after it was opened: the list shows that, and the directory is neither treated as empty
 * nor repaired. */
static void
test_closed_root (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (closed_root_child, sandbox->path));
}

static void
mounts_child (gpointer data)
{
  const char *path = data;
  g_autofree char *mounted = g_build_filename (path, "mounted", NULL);
  g_autofree char *past = g_build_filename (mounted, "past", NULL);
  g_autofree char *future = g_build_filename (mounted, "future", NULL);
  struct timespec long_ago[2] = { { -90000000000, 5 }, { -90000000000, 5 } };
  struct timespec far_off[2] = { { 900000000000, 5 }, { 900000000000, 5 } };
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmRoot) inner = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (GListModel) inner_entries = NULL;
  g_autoptr (TmRootEntry) entry = NULL;
  g_autoptr (TmRootEntry) first = NULL;
  g_autoptr (TmRootEntry) second = NULL;
  struct stat status;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (mounted);
  child_assert (mount_tmpfs (mounted));
  make_old (mounted, 2 * HOUR);
  root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
  entries = list (root);
  entry = g_list_model_get_item (entries, 0);
  child_assert (tm_root_entry_get_state (entry) == TM_ROOT_ENTRY_STATE_LIVE);
  child_assert (!tm_root_entry_get_removable (entry));
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);

  make_directory (past);
  make_directory (future);
  child_assert (utimensat (AT_FDCWD, past, long_ago, 0) == 0);
  child_assert (utimensat (AT_FDCWD, future, far_off, 0) == 0);
  child_assert (lstat (past, &status) == 0 && status.st_mtim.tv_sec == -90000000000);
  inner = open_root (mounted, HOUR, TM_ROOT_FLAGS_NONE);
  inner_entries = list (inner);
  first = find (inner_entries, "future");
  second = find (inner_entries, "past");
  /* A modification time in the future is wrong: the change time counts instead. */
  child_assert (g_date_time_to_unix (tm_root_entry_get_last_used (first)) <= time (NULL));
  child_assert (g_date_time_to_unix (tm_root_entry_get_last_used (first)) > time (NULL) - HOUR);
  child_assert ((gint64) g_file_info_get_attribute_uint64 (tm_root_entry_get_info (first),
                                                           G_FILE_ATTRIBUTE_TIME_MODIFIED) ==
                900000000000);
  child_assert (!tm_root_entry_get_removable (first));
  child_assert (g_date_time_get_year (tm_root_entry_get_last_used (second)) == 1);
  child_assert (tm_root_entry_get_removable (second));
  child_assert ((gint64) g_file_info_get_attribute_uint64 (tm_root_entry_get_info (second),
                                                           G_FILE_ATTRIBUTE_TIME_MODIFIED) ==
                -90000000000);
}

/* A mount point is never deleted; and on tmpfs a timestamp can have any value. */
static void
test_mounts_and_times (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounts_child, sandbox->path), "no mount namespaces here");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/root-entry/states", of_descriptors (test_states));
  add_test ("/root-entry/properties", test_properties);
  add_test ("/root-entry/uninitialized", test_uninitialized);
  add_test ("/root-entry/order", test_order);
  add_test ("/root-entry/async", test_async);
  add_test ("/root-entry/foretells-cleanup", of_descriptors (test_foretells_cleanup));
  add_test ("/root-entry/changes-nothing", of_descriptors (test_changes_nothing));
  add_test ("/root-entry/lock-is-let-go", test_lock_is_let_go);
  add_test ("/root-entry/creator-is-looked-at", of_descriptors (test_creator_is_looked_at));
  add_test ("/root-entry/barred", of_descriptors (test_barred));
  add_test ("/root-entry/unwritable-root", of_descriptors (test_unwritable_root));
  add_test ("/root-entry/foreign-entries", of_descriptors (test_foreign_entries));
  add_test ("/root-entry/attributes", of_descriptors (test_attributes));
  if (!library_has_descriptors ())
    add_test ("/root-entry/unread", test_unread);
  add_test ("/root-entry/unseen", of_descriptors (test_unseen));
  add_test ("/root-entry/sticky-root", of_descriptors (test_sticky_root));
  add_test ("/root-entry/closed-root", of_descriptors (test_closed_root));
  add_test ("/root-entry/mounts-and-times", test_mounts_and_times);

  return g_test_run ();
}
