/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Roots that include entries that are not directories. */

#include "support/interpose.h"
#include "support/roots.h"
#include "support/served-file.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static TmRoot *
open_file_root (const char *path, double timeout)
{
  return open_root (path, timeout, TM_ROOT_FLAGS_INCLUDE_FILES | TM_ROOT_FLAGS_RECLAIM_ABANDONED);
}

static char *
make_old_file (Sandbox *sandbox, const char *name, gint64 seconds)
{
  char *path = sandbox_path (sandbox, name);

  make_file (path);
  make_old (path, seconds);
  return path;
}

static void
make_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  close (fd);
}

static void
make_old_link (const char *target, const char *path)
{
  const struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };

  g_assert_no_errno (symlink (target, path));
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

/* Without the flag they stay, with it the old ones go, and none of them is opened or followed. */
static void
test_kinds (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *victim = make_old_file (sandbox, "victim", 2 * HOUR);
  g_autofree char *file = g_build_filename (root_path, "file", NULL);
  g_autofree char *young = g_build_filename (root_path, "young", NULL);
  g_autofree char *fifo = g_build_filename (root_path, "fifo", NULL);
  g_autofree char *unix_socket = g_build_filename (root_path, "socket", NULL);
  g_autofree char *link_path = g_build_filename (root_path, "link", NULL);
  g_autofree char *dangling = g_build_filename (root_path, "dangling", NULL);
  g_autofree char *directory = g_build_filename (root_path, "directory", NULL);
  g_autoptr (TmRoot) plain = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;

  make_directory (directory);
  make_file (file);
  make_file (young);
  g_assert_no_errno (mkfifo (fifo, 0600));
  make_socket (unix_socket);
  make_old_link (victim, link_path);
  make_old_link ("nowhere", dangling);
  make_old (directory, 2 * HOUR);
  make_old (file, 2 * HOUR);
  make_old (fifo, 2 * HOUR);
  make_old (unix_socket, 2 * HOUR);

  plain = open_root (root_path, HOUR, TM_ROOT_FLAGS_NONE);
  root = open_file_root (root_path, HOUR);
  assert_cleanup (plain, 1);
  g_assert_cmpuint (count_entries (root_path), ==, 6);

  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 6);
  assert_cleanup (root, 5);
  g_assert_true (path_exists (young));
  g_assert_true (path_exists (victim));
  g_assert_cmpuint (count_entries (root_path), ==, 1);
}

static void
test_locked (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_old_file (sandbox, "file", 2 * HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, HOUR);
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) entry = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOATIME);

  g_assert_no_errno (fd);
  g_assert_no_errno (flock (fd, LOCK_SH | LOCK_NB));
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  entry = g_list_model_get_item (entries, 0);
  g_assert_cmpint (tm_root_entry_get_state (entry), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_false (tm_root_entry_get_removable (entry));
  assert_cleanup (root, 0);
  close (fd);
  assert_cleanup (root, 1);
}

/* A program that saves a new version at that moment loses nothing. */
typedef struct
{
  const char *call;
  const char *from;
  const char *to;
  gboolean is_done;
} Save;

static int
save_cb (const SystemCall *call, gpointer user_data)
{
  Save *save = user_data;

  if (!save->is_done && g_str_equal (call->name, save->call))
    {
      save->is_done = TRUE;
      g_assert_no_errno (g_rename (save->from, save->to));
    }
  return 0;
}

static void
test_replaced (Sandbox *sandbox, gconstpointer data)
{
  static const char *const calls[] = { "flock", "renameat2" };

  /* With and without flags of rename, as on NFS. */
  for (guint i = 0; i < 2 * G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *root_path = sandbox_path (sandbox, "root");
      g_autofree char *draft = g_build_filename (root_path, "draft", NULL);
      g_autofree char *new_draft = sandbox_path (sandbox, "new-draft");
      g_autofree char *content = NULL;
      g_autoptr (TmRoot) root = NULL;
      Save save = { calls[i / 2], new_draft, draft, FALSE };

      make_directory (root_path);
      make_file (draft);
      make_old (draft, 2 * HOUR);
      g_assert_true (g_file_set_contents (new_draft, "new", -1, NULL));
      root = open_file_root (root_path, HOUR);
      refuse_rename_flags (i % 2 == 1);
      interpose (save_cb, &save);
      assert_cleanup (root, 0);
      interpose_end ();
      refuse_rename_flags (FALSE);
      g_assert_true (save.is_done);
      g_assert_true (g_file_get_contents (draft, &content, NULL, NULL));
      g_assert_cmpstr (content, ==, "new");
      g_assert_cmpuint (count_entries (root_path), ==, 1);
      g_assert_no_errno (unlink (draft));
    }
}

/* A program that writes to the file at that moment keeps it, and none gets its lock. */
static int
write_cb (const SystemCall *call, gpointer user_data)
{
  gboolean *is_done = user_data;
  int fd;

  if (!*is_done && g_str_equal (call->name, "renameat2"))
    {
      *is_done = TRUE;
      fd = openat (call->fd, call->path, O_WRONLY | O_APPEND | O_CLOEXEC);
      g_assert_no_errno (fd);
      g_assert_cmpint (flock (fd, LOCK_SH | LOCK_NB), ==, -1);
      g_assert_cmpint (errno, ==, EWOULDBLOCK);
      g_assert_cmpint (write (fd, "new", 3), ==, 3);
      close (fd);
    }
  return 0;
}

static void
test_written (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_old_file (sandbox, "file", 2 * HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, HOUR);
  gboolean is_done = FALSE;

  interpose (write_cb, &is_done);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_true (is_done);
  g_assert_true (path_exists (path));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

/* A file that another cleaner removes before it is opened does not count, so that no other file is
 * evicted in its place. */
typedef struct
{
  const char *path;
  gboolean is_done;
} Removal;

static int
remove_cb (const SystemCall *call, gpointer user_data)
{
  Removal *removal = user_data;

  if (!removal->is_done && g_str_has_prefix (call->name, "openat") &&
      g_strcmp0 (call->path, "oldest") == 0 && (call->flags & (O_NONBLOCK | O_PATH)) != 0)
    {
      removal->is_done = TRUE;
      g_assert_no_errno (unlink (removal->path));
    }
  return 0;
}

static void
test_vanished (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *oldest = make_old_file (sandbox, "oldest", 3 * HOUR);
  g_autofree char *old = make_old_file (sandbox, "old", 2 * HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, TM_NO_TIMEOUT);
  Removal removal = { .path = oldest };

  tm_root_set_max_entries (root, 1);
  interpose (remove_cb, &removal);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_true (removal.is_done);
  g_assert_true (path_exists (old));
}

static void
test_unreadable (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_old_file (sandbox, "file", 2 * HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, HOUR);

  g_assert_no_errno (chmod (path, 0));
  make_old (path, 2 * HOUR);
  assert_cleanup (root, 1);
}

static void
test_limits (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *oldest = make_old_file (sandbox, "oldest", 3 * HOUR);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *young = make_old_file (sandbox, "young", HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, TM_NO_TIMEOUT);

  tm_root_set_max_entries (root, 2);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (oldest));
  tm_root_set_max_entries (root, 1);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (young));
}

static void
test_excluded (Sandbox *sandbox, gconstpointer data)
{
  static const char *const exclude[] = { "*.keep", NULL };
  g_autofree char *kept = make_old_file (sandbox, "a.keep", 2 * HOUR);
  g_autofree char *G_GNUC_UNUSED removed = make_old_file (sandbox, "b", 2 * HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, HOUR);

  tm_root_set_exclude (root, exclude);
  assert_cleanup (root, 1);
  g_assert_true (path_exists (kept));
}

/* A killed cleanup leaves a file behind under the name to which it has moved the file, or by which
 * it has read a clock. A pattern for hidden files does not keep it. */
static void
test_left_aside (Sandbox *sandbox, gconstpointer data)
{
  static const char *const exclude[] = { ".*", NULL };
  g_autofree char *aside = make_old_file (sandbox, OUR_NAME (".tempman-removed"), 2 * HOUR);
  g_autofree char *clock_file = make_old_file (sandbox, ".tempman-clock-0" RANDOM_PART, 2 * HOUR);
  g_autofree char *hidden = make_old_file (sandbox, ".hidden", 2 * HOUR);
  g_autofree char *similar = make_old_file (sandbox, ".tempman-removed-later", 2 * HOUR);
  g_autoptr (TmRoot) root = open_file_root (sandbox->path, HOUR);

  tm_root_set_exclude (root, exclude);
  assert_cleanup (root, 2);
  g_assert_false (path_exists (aside));
  g_assert_false (path_exists (clock_file));
  g_assert_true (path_exists (hidden));
  g_assert_true (path_exists (similar));
}

/* Through GIO alone. */
static void
test_remote (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *old = make_old_file (sandbox, "old", 2 * HOUR);
  g_autofree char *young = make_old_file (sandbox, "young", 0);
  g_autofree char *G_GNUC_UNUSED directory = make_old_directory (sandbox, "directory", 2 * HOUR);
  g_autoptr (GFile) file = served_file_new (sandbox->path);
  g_autoptr (TmRoot) plain = open_root_of_file (file, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) root = open_root_of_file (file, HOUR, TM_ROOT_FLAGS_INCLUDE_FILES);

  assert_cleanup (plain, 1);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (young));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/include-files/kinds", of_descriptors (test_kinds));
  add_test ("/include-files/locked", of_descriptors (test_locked));
  add_test ("/include-files/replaced", of_descriptors (test_replaced));
  add_test ("/include-files/written", of_descriptors (test_written));
  add_test ("/include-files/vanished", of_descriptors (test_vanished));
  add_test ("/include-files/unreadable", test_unreadable);
  add_test ("/include-files/limits", test_limits);
  add_test ("/include-files/excluded", test_excluded);
  add_test ("/include-files/left-aside", test_left_aside);
  add_test ("/include-files/remote", test_remote);

  return g_test_run ();
}
