/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Permissions, owners and attributes that prevent a deletion, and what the library may do about
 * them: it repairs the mode of its own directories, and never that of other files. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/kernel.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const mode_t modes[] = { 0, 0100, 0200, 0300, 0400, 0500, 0600 };

/* A directory and a file of the user, which a repair of modes must not reach. */
static void
make_victim (const char *path)
{
  g_autofree char *file = g_build_filename (path, "file", NULL);

  make_directory (path);
  unlink (file);
  make_file (file);
  child_assert (g_chmod (file, 0600) == 0 && g_chmod (path, 0755) == 0);
}

static gboolean
victim_is_whole (const char *path)
{
  g_autofree char *file = g_build_filename (path, "file", NULL);
  g_autofree char *contents = NULL;
  struct stat status;

  return lstat (path, &status) == 0 && (status.st_mode & 07777) == 0755 &&
         lstat (file, &status) == 0 && S_ISREG (status.st_mode) &&
         (status.st_mode & 07777) == 0600 && status.st_uid == geteuid () &&
         g_file_get_contents (file, &contents, NULL, NULL) && g_str_equal (contents, "kept");
}

typedef enum
{
  LINK_TO_FILE,
  LINK_TO_DIRECTORY,
  HARD_LINK,
} LinkType;

typedef struct
{
  const char *base;
  LinkType type;
} ModesTest;

static int
link_victim (const ModesTest *test, const char *victim, const char *link)
{
  g_autofree char *file = g_build_filename (victim, "file", NULL);

  if (test->type == HARD_LINK)
    return linkat (AT_FDCWD, file, AT_FDCWD, link, 0);
  return symlink (test->type == LINK_TO_FILE ? file : victim, link);
}

/* Returns whether the victim was changed by the deletion of the directory. */
static gboolean
changes_through_link (const ModesTest *test, Deleter delete)
{
  g_autofree char *victim = g_build_filename (test->base, "victim", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (test->base);
  g_autofree char *barred = child_path (directory, "barred");
  g_autofree char *above = child_path (directory, "read-only");
  g_autofree char *link = g_build_filename (above, "link", NULL);

  make_victim (victim);
  make_directory (barred);
  make_directory (above);
  child_assert (link_victim (test, victim, link) == 0);
  child_assert (g_chmod (barred, 0) == 0);
  child_assert (g_chmod (above, 0500) == 0);
  delete (directory);
  return !victim_is_whole (victim);
}

typedef struct
{
  const ModesTest *test;
  const char *victim;
  const char *barred;
  const char *link;
} ModesAttack;

/* The link is created beside the directory that it is exchanged with: to move it there, the
 * directory would have to be writable. And only now, when the entries beside it have been read. */
static void
exchange_with_link_cb (gpointer user_data)
{
  const ModesAttack *attack = user_data;

  if (link_victim (attack->test, attack->victim, attack->link) == 0)
    kernel_renameat2 (AT_FDCWD, attack->barred, AT_FDCWD, attack->link, KERNEL_RENAME_EXCHANGE);
}

/* Returns how often the victim was changed when the directory that denied access was exchanged with
 * a link to it, before each of the calls. */
static guint
count_changes (const ModesTest *test, Deleter delete)
{
  g_autofree char *victim = g_build_filename (test->base, "victim", NULL);
  guint n_calls = 1;
  guint n_changes = 0;

  for (guint nth = 0; nth < n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (test->base);
      g_autofree char *above = child_path (directory, "d");
      g_autofree char *barred = g_build_filename (above, "barred", NULL);
      g_autofree char *below = g_build_filename (barred, "directory", NULL);
      g_autofree char *link = g_build_filename (above, "link", NULL);
      ModesAttack attack = { test, victim, barred, link };

      make_victim (victim);
      make_directory (below);
      child_assert (g_chmod (barred, 0) == 0);

      attack_before (NULL, nth, exchange_with_link_cb, &attack);
      delete (directory);
      n_calls = attack_end ();

      if (!victim_is_whole (victim))
        n_changes++;
      delete_path (above);
    }

  return n_changes;
}

static void
modes_child (gpointer data)
{
  const ModesTest *test = data;

  /* Not as an ordinary user, who has all access there. */
  if (geteuid () == 0 && enter_mount_namespace ())
    mount_tmpfs (test->base);
  child_assert (become_ordinary_user ());

  child_assert (!changes_through_link (test, delete_by_library));
  child_assert (changes_through_link (test, delete_by_path));
  child_assert (count_changes (test, delete_by_library) == 0);
  child_assert (count_changes (test, delete_by_path) > 0);
}

/* CVE-2023-6597: without an exchange. CPython 157579, CVE-2017-6512: the directory that denied
 * access is exchanged before access is tried again. */
static void
test_modes_through_links (Sandbox *sandbox, gconstpointer data)
{
  for (guint type = LINK_TO_FILE; type <= HARD_LINK; type++)
    {
      ModesTest test = { sandbox->path, type };

      assert_success_in_child (run_in_child (modes_child, &test));
    }
}

static void
every_mode_child (gpointer data)
{
  const char *path = data;
  g_autofree char *victim = g_build_filename (path, "victim", NULL);
  ModesTest symbolic = { path, LINK_TO_FILE };
  ModesTest hard = { path, HARD_LINK };

  child_assert (become_ordinary_user ());
  make_victim (victim);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (path);
      g_autofree char *barred = child_path (directory, "barred");
      g_autofree char *inside = g_build_filename (barred, "directory", NULL);
      g_autofree char *link = g_build_filename (barred, "link", NULL);
      g_autofree char *hard_link = g_build_filename (barred, "hard", NULL);

      make_directory (inside);
      make_tree (inside);
      child_assert (link_victim (&symbolic, victim, link) == 0);
      child_assert (link_victim (&hard, victim, hard_link) == 0);
      child_assert (g_chmod (inside, modes[i]) == 0);
      child_assert (g_chmod (barred, modes[i]) == 0);
      child_assert (g_chmod (tm_temporary_directory_get_path (directory), modes[i]) == 0);
      delete_by_library (directory);
      child_assert (victim_is_whole (victim));
    }
}

/* The directory is empty: no deletion in it makes it accessible. */
static void
empty_child (gpointer data)
{
  child_assert (become_ordinary_user ());

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (data);
      const char *path = tm_temporary_directory_get_path (directory);

      child_assert (g_chmod (path, modes[i]) == 0);
      child_assert (tm_temporary_directory_close (directory, NULL, NULL));
      child_assert (!path_exists (path));
    }
}

static void
test_empty (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (empty_child, sandbox->path));
}

/* CVE-2018-6954, CVE-2013-4392 */
static void
test_hard_links (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (every_mode_child, sandbox->path));
}

/* Returns FALSE if the file system or the user does not allow it. */
static gboolean
change_attributes (const char *path, int set, int clear)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  gboolean changed;
  int flags = 0;

  changed = fd >= 0 && ioctl (fd, FS_IOC_GETFLAGS, &flags) == 0;
  flags = (flags | set) & ~clear;
  changed = changed && ioctl (fd, FS_IOC_SETFLAGS, &flags) == 0;
  close (fd);
  return changed;
}

/* Immutable and append-only files and directories stay, with the directories above them; the rest
 * is deleted. */
static void
test_immutable (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    const char *path;
    int attribute;
  } stubborn[] = {
    { "1/immutable", FS_IMMUTABLE_FL }, { "2/append-only", FS_APPEND_FL },
    { "3/immutable/file", 0 },          { "3/immutable", FS_IMMUTABLE_FL },
    { "4/append-only/file", 0 },        { "4/append-only", FS_APPEND_FL },
  };
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *ordinary = child_path (directory, "5/ordinary");
  g_autoptr (GError) error = NULL;
  gboolean named = FALSE;

  make_tree (ordinary);
  for (guint i = 0; i < G_N_ELEMENTS (stubborn); i++)
    {
      g_autofree char *path = child_path (directory, stubborn[i].path);
      g_autofree char *parent = g_path_get_dirname (path);

      make_directory (parent);
      if (!path_exists (path))
        make_file (path);
      if (stubborn[i].attribute != 0 && !change_attributes (path, stubborn[i].attribute, 0))
        {
          g_test_skip ("neither immutable nor append-only files here");
          return;
        }
    }

  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (path_exists (ordinary));
  for (guint i = 0; i < G_N_ELEMENTS (stubborn); i++)
    {
      g_autofree char *path = child_path (directory, stubborn[i].path);

      g_assert_true (path_exists (path));
      named |= strstr (error->message, path) != NULL;
    }
  g_assert_true (named);
  g_assert_cmpuint (count_entries (tm_temporary_directory_get_path (directory)), ==, 4);

  for (guint i = 0; i < G_N_ELEMENTS (stubborn); i++)
    {
      g_autofree char *path = child_path (directory, stubborn[i].path);

      change_attributes (path, 0, FS_IMMUTABLE_FL | FS_APPEND_FL);
    }
  close_successfully (directory);
}

/* Gives @path to root, as a process that was an ordinary user before. */
static void
give_to_root (const char *path, mode_t mode)
{
  child_assert (seteuid (0) == 0);
  child_assert (lchown (path, 0, 0) == 0 && g_chmod (path, mode) == 0);
  child_assert (seteuid (TEST_UID) == 0);
}

static void
foreign_child (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *closed = NULL;
  g_autofree char *closed_file = NULL;
  g_autofree char *sticky = NULL;
  g_autofree char *sticky_file = NULL;
  g_autofree char *mine = NULL;
  g_autofree char *lent = NULL;
  g_autofree char *lent_tree = NULL;
  g_autofree char *other = NULL;

  child_assert (seteuid (TEST_UID) == 0);
  directory = create_in (data);
  closed = child_path (directory, "closed");
  closed_file = g_build_filename (closed, "file", NULL);
  sticky = child_path (directory, "sticky");
  sticky_file = g_build_filename (sticky, "foreign", NULL);
  mine = g_build_filename (sticky, "mine", NULL);
  lent = child_path (directory, "lent");
  lent_tree = g_build_filename (lent, "tree", NULL);
  other = child_path (directory, "other");
  make_directory (closed);
  make_directory (sticky);
  make_file (closed_file);
  make_file (sticky_file);
  make_file (mine);
  make_tree (lent_tree);
  make_tree (other);
  give_to_root (closed_file, 0644);
  give_to_root (closed, 0755);
  give_to_root (sticky_file, 0644);
  give_to_root (sticky, 01777);
  /* Only the owner may open a file without a change of its access time. */
  give_to_root (lent, 0777);

  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, closed_file) != NULL ||
                strstr (error->message, sticky_file) != NULL);
  child_assert (!path_exists (other));
  child_assert (!path_exists (mine));
  child_assert (!path_exists (lent));
  child_assert (path_exists (closed_file));
  child_assert (path_exists (sticky_file));
  child_assert (count_entries (tm_temporary_directory_get_path (directory)) == 2);
  child_assert (seteuid (0) == 0);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

/* Files of another user stay, and the rest is deleted. */
static void
test_foreign_files (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    assert_success_in_child (run_in_child (foreign_child, sandbox->path));
}

static void
foreign_modes_child (gpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (data);
  g_autofree char *foreign = child_path (directory, "foreign");
  g_autofree char *inside = g_build_filename (foreign, "inside", NULL);
  g_autofree char *mine = child_path (directory, "mine");
  g_autofree char *other = g_build_filename (mine, "inside", NULL);
  g_autoptr (GError) error = NULL;
  struct stat status;

  make_directory (inside);
  make_directory (other);
  child_assert (chown (foreign, TEST_UID, TEST_UID) == 0);
  child_assert (g_chmod (foreign, 0) == 0 && g_chmod (mine, 0) == 0);
  child_assert (drop_access_to_everything ());

  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, foreign) != NULL);
  child_assert (!path_exists (mine));
  child_assert (lstat (foreign, &status) == 0 && (status.st_mode & 07777) == 0);
}

/* The mode of another user's directory is not repaired, even where the process could. */
static void
test_foreign_modes (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    assert_success_in_child (run_in_child (foreign_modes_child, sandbox->path));
}

static void
foreign_entries_child (gpointer data)
{
  const char *path = data;
  g_autofree char *closed = g_build_filename (path, "closed", NULL);
  g_autofree char *open_to_all = g_build_filename (path, "open", NULL);
  g_autofree char *mine = g_build_filename (path, "mine", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  make_tree (closed);
  make_directory (open_to_all);
  child_assert (g_chmod (closed, 0700) == 0 && g_chmod (open_to_all, 0777) == 0);
  make_old (closed, 2 * HOUR);
  make_old (open_to_all, 2 * HOUR);
  child_assert (become_ordinary_user ());
  make_directory (mine);
  make_old (mine, 2 * HOUR);

  /* If a directory cannot be opened, the cleanup cannot tell whether it is in use: it keeps the
   * directory, which is no error. */
  root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
  child_assert (tm_root_cleanup (root, NULL, &error) == 2 && error == NULL);
  child_assert (!path_exists (mine) && !path_exists (open_to_all));
  child_assert (path_exists (closed));
}

static void
test_foreign_entries (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_unless_root ())
    assert_success_in_child (run_in_child (foreign_entries_child, sandbox->path));
}

static void
deep_modes_child (gpointer data)
{
  const guint n_levels = 150;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  int fds[151];

  child_assert (become_ordinary_user ());
  directory = create_in (data);
  fds[0] = dup (tm_temporary_directory_get_fd (directory));
  for (guint i = 0; i < n_levels; i++)
    {
      child_assert (mkdirat (fds[i], "d", 0700) == 0);
      child_assert (mknodat (fds[i], "file", S_IFREG | 0600, 0) == 0);
      fds[i + 1] = openat (fds[i], "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      child_assert (fds[i + 1] >= 0);
    }

  /* From the lowest up: the last one can only be listed. */
  for (guint i = n_levels; i > 0; i--)
    {
      child_assert (fchmod (fds[i], i == n_levels ? 0400 : modes[i % G_N_ELEMENTS (modes)]) == 0);
      close (fds[i]);
    }
  close (fds[0]);
  close_successfully (directory);
}

/* Directories that deny access to their owner, so deep that the way back is not open any more. */
static void
test_deep_modes (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (deep_modes_child, sandbox->path));
}

typedef struct
{
  guint n_denied;
  guint n_mode_changes;
} Denial;

/* Denies access that every mode permits, as a security module does. */
static int
deny_cb (const SystemCall *call, gpointer user_data)
{
  Denial *denial = user_data;

  if (g_str_equal (call->name, "fchmod") || g_str_equal (call->name, "chmod"))
    denial->n_mode_changes++;
  if (!g_str_equal (call->name, "unlinkat") || (call->flags & AT_REMOVEDIR) != 0)
    return 0;

  denial->n_denied++;
  return EACCES;
}

/* If the mode is not the reason, there is no mode to repair. */
static void
test_modes_left_alone (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *parent = child_path (directory, "1");
  g_autofree char *file = g_build_filename (parent, "file", NULL);
  g_autoptr (GError) error = NULL;
  Denial denial = { 0 };

  make_directory (parent);
  make_file (file);
  interpose (deny_cb, &denial);
  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, file));
  g_assert_cmpuint (denial.n_denied, ==, 1);
  g_assert_cmpuint (denial.n_mode_changes, ==, 0);
  close_successfully (directory);
}

static void
barred_entry_child (gpointer data)
{
  const char *path = data;
  g_autofree char *entry = g_build_filename (path, OUR_NAME ("entry"), NULL);
  g_autofree char *inside = g_build_filename (entry, "inside", NULL);
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  root = open_reclaiming_root (path);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      struct stat status;
      int fd;

      make_tree (inside);
      fd = open (entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      child_assert (flock (fd, LOCK_SH) == 0);
      child_assert (g_chmod (inside, modes[i]) == 0);
      make_old (entry, 2 * HOUR);
      child_assert (g_chmod (entry, modes[i] | S_ISVTX) == 0);

      /* In use: unchanged. */
      child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
      child_assert (lstat (entry, &status) == 0);
      child_assert ((status.st_mode & 07777) == (modes[i] | S_ISVTX));

      close (fd);
      child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
      child_assert (!path_exists (entry));
    }
}

/* An entry that cannot be read cannot be locked either: its mode is repaired for that, and restored
 * if it is in use. */
static void
test_barred_entries (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (barred_entry_child, sandbox->path));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/permissions/modes-through-links", of_descriptors (test_modes_through_links));
  add_test ("/permissions/hard-links", of_descriptors (test_hard_links));
  add_test ("/permissions/empty", of_descriptors (test_empty));
  add_test ("/permissions/immutable", test_immutable);
  add_test ("/permissions/foreign-files", test_foreign_files);
  add_test ("/permissions/foreign-modes", of_descriptors (test_foreign_modes));
  add_test ("/permissions/foreign-entries", of_descriptors (test_foreign_entries));
  add_test ("/permissions/deep", of_descriptors (test_deep_modes));
  add_test ("/permissions/left-alone", of_descriptors (test_modes_left_alone));
  add_test ("/permissions/barred-entries", of_descriptors (test_barred_entries));

  return g_test_run ();
}
