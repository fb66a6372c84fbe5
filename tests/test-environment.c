/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the library uses of its surroundings: TMPDIR, HOME, the working directory, directories that
 * other processes move or bar, and directories that it shares with a container. */

#include "support/directories.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* GLib reads the environment once in a process. Tests in a process of their own get their
 * environment and their sandbox from these variables. */
#define SANDBOX_VARIABLE "TEMPMAN_TEST_SANDBOX"
#define EXPECTED_VARIABLE "TEMPMAN_TEST_EXPECTED"

static void
set_or_unset (const char *variable, const char *value)
{
  if (value != NULL)
    g_setenv (variable, value, TRUE);
  else
    g_unsetenv (variable);
}

/* Runs a test with another environment in a process of its own. */
static void
run_with (Sandbox *sandbox,
          const char *test,
          const char *variable,
          const char *value,
          const char *expected)
{
  g_autofree char *saved = g_strdup (g_getenv (variable));

  g_test_message ("%s=%s", variable, value != NULL ? value : "(unset)");
  set_or_unset (variable, value);
  set_or_unset (SANDBOX_VARIABLE, sandbox->path);
  set_or_unset (EXPECTED_VARIABLE, expected);
  g_test_trap_subprocess (test, 0, 0);
  set_or_unset (variable, saved);
  g_test_trap_assert_passed ();
}

static char *
path_in_sandbox (const char *name)
{
  return g_build_filename (g_getenv (SANDBOX_VARIABLE), name, NULL);
}

static void
tmpdir_works_subprocess (void)
{
  g_autofree char *working_directory = path_in_sandbox ("wd");
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *parent = NULL;
  g_autofree char *resolved = NULL;
  g_autofree char *resolved_parent = NULL;
  g_autoptr (GFile) file = NULL;
  const char *path;

  g_assert_no_errno (g_chdir (working_directory));
  directory = tm_temporary_directory_new (NULL, "t", NULL, &error);
  g_assert_no_error (error);
  path = tm_temporary_directory_get_path (directory);
  parent = g_path_get_dirname (path);
  g_assert_cmpstr (parent, ==, g_getenv (EXPECTED_VARIABLE));
  g_object_get (directory, "parent", &file, NULL);
  resolved = realpath (g_file_peek_path (file), NULL);
  resolved_parent = realpath (parent, NULL);
  g_assert_cmpstr (resolved, ==, resolved_parent);

  g_assert_no_errno (g_chdir ("/"));
  g_assert_true (path_exists (path));
  make_tree (path);
  close_successfully (directory);
}

static void
tmpdir_fails_subprocess (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (tm_temporary_directory_new (NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, g_getenv (EXPECTED_VARIABLE)));
}

#define TMPDIR_WORKS "/environment/tmpdir/subprocess/works"
#define TMPDIR_FAILS "/environment/tmpdir/subprocess/fails"

static void
test_tmpdir (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *plain = sandbox_path (sandbox, "plain");
  g_autofree char *with_slash = g_strconcat (plain, "/", NULL);
  g_autofree char *spaces = sandbox_path (sandbox, " with  spaces\nand more ");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *missing = sandbox_path (sandbox, "missing");
  g_autofree char *working_directory = sandbox_path (sandbox, "wd");
  g_autofree char *relative = sandbox_path (sandbox, "wd/relative");

  make_directory (plain);
  make_directory (spaces);
  make_directory (relative);
  g_assert_no_errno (symlink (plain, link));

  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", plain, plain);
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", with_slash, plain);
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", spaces, spaces);
  /* A directory is named by its location, which GIO does not tell. */
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", link, library_has_descriptors () ? plain : link);
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", "relative", relative);
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", "../plain/../wd/./relative", relative);
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", ".", working_directory);
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", NULL, "/tmp");
  run_with (sandbox, TMPDIR_WORKS, "TMPDIR", "", "/tmp");
  run_with (sandbox, TMPDIR_FAILS, "TMPDIR", missing, missing);

  g_assert_cmpuint (count_entries (plain), ==, 0);
  g_assert_cmpuint (count_entries (spaces), ==, 0);
  g_assert_cmpuint (count_entries (relative), ==, 0);
  g_assert_false (path_exists (missing));
}

/* Its path is resolved once. */
static void
test_link_replaced (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *plain = sandbox_path (sandbox, "plain");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = NULL;
  g_autofree char *name = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (plain);
  g_assert_no_errno (symlink (plain, link));
  directory = create_in (link);
  make_tree (tm_temporary_directory_get_path (directory));

  name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  treasure = g_build_filename (victim, name, "treasure", NULL);
  make_directory (treasure);
  g_assert_no_errno (g_unlink (link));
  g_assert_no_errno (symlink (victim, link));

  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_true (path_exists (treasure));
  g_assert_cmpuint (count_entries (plain), ==, 0);
}

static void
relative_parent_child (gpointer data)
{
  g_autofree char *expected = g_build_filename (data, "relative", NULL);
  g_autoptr (GFile) parent = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) under_root = NULL;

  make_directory (expected);
  child_assert (g_chdir (data) == 0);
  parent = g_file_new_for_path ("relative");
  directory = tm_temporary_directory_new (parent, NULL, NULL, NULL);
  root = tm_root_new (parent, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE, NULL, NULL);
  child_assert (directory != NULL && root != NULL);

  child_assert (g_chdir ("/") == 0);
  under_root = tm_root_create_temp_dir (root, NULL, NULL);
  child_assert (under_root != NULL);
  child_assert (g_str_has_prefix (tm_temporary_directory_get_path (directory), expected));
  child_assert (g_str_has_prefix (tm_temporary_directory_get_path (under_root), expected));
  child_assert (count_entries (expected) == 2);
  close_successfully (directory);
  close_successfully (under_root);
  child_assert (count_entries (expected) == 0);
}

static void
test_relative_parent (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (relative_parent_child, sandbox->path));
}

static void
deleted_working_directory_child (gpointer data)
{
  g_autofree char *working_directory = g_build_filename (data, "wd", NULL);
  g_autofree char *root_path = g_build_filename (data, "root", NULL);
  g_autofree char *old = g_build_filename (root_path, "old", NULL);
  g_autoptr (GFile) relative = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) under_root = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  make_directory (working_directory);
  make_directory (old);
  make_old (old, 2 * HOUR);
  child_assert (g_chdir (working_directory) == 0);
  child_assert (g_rmdir (working_directory) == 0);

  directory = create_in (root_path);
  root = open_root (root_path, HOUR, TM_ROOT_FLAGS_NONE);
  under_root = create_under (root);
  child_assert (!path_exists (old));
  make_tree (tm_temporary_directory_get_path (directory));
  close_successfully (directory);
  close_successfully (under_root);

  relative = g_file_new_for_path ("relative-and-missing");
  child_assert (tm_temporary_directory_new (relative, NULL, NULL, &error) == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND));
  g_clear_error (&error);
  child_assert (tm_root_new (relative, 0, TM_ROOT_FLAGS_NONE, NULL, &error) == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND));
}

static void
test_deleted_working_directory (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (deleted_working_directory_child, sandbox->path));
}

static void
test_root_removed (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  make_directory (path);
  root = open_reclaiming_root (path);
  g_assert_no_errno (g_rmdir (path));

  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_false (path_exists (path));
}

/* The root is the directory, not its name. */
static void
test_root_replaced (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  g_autofree char *stranger = g_build_filename (path, "old", NULL);
  g_autofree char *own = g_build_filename (moved, "old", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  make_directory (path);
  root = open_reclaiming_root (path);
  g_assert_no_errno (g_rename (path, moved));
  make_directory (own);
  make_directory (stranger);
  make_old (own, 2 * HOUR);
  make_old (stranger, 2 * HOUR);

  assert_cleanup (root, 1);
  g_assert_false (path_exists (own));
  g_assert_true (path_exists (stranger));

  /* A directory that is created there could not be found by its path. */
  g_assert_null (tm_root_create_temp_dir (root, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (count_entries (moved), ==, 0);
  g_assert_cmpuint (count_entries (path), ==, 1);
}

/* The operations that work with a mode of the root. */
typedef struct
{
  mode_t mode;
  gboolean can_create; /* without a cleanup before */
  gboolean can_close;
  gboolean can_empty_own; /* deletes the contents of a directory that cannot be removed */
} Barred;

static void
barred_child (gpointer data)
{
  static const Barred cases[] = {
    { 0000, FALSE, FALSE, FALSE }, { 0100, FALSE, FALSE, TRUE },  { 0200, FALSE, FALSE, FALSE },
    { 0300, TRUE, TRUE, TRUE },    { 0400, FALSE, FALSE, FALSE }, { 0500, FALSE, FALSE, TRUE },
    { 0600, FALSE, FALSE, FALSE },
  };

  child_assert (become_ordinary_user ());
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Barred *barred = &cases[i];
      g_autofree char *path = g_build_filename (data, "barred", NULL);
      g_autofree char *old = g_build_filename (path, "old", NULL);
      g_autofree char *inside = g_build_filename (old, "inside", NULL);
      g_autofree char *file = NULL;
      g_autoptr (TmTemporaryDirectory) live = NULL;
      g_autoptr (TmTemporaryDirectory) created = NULL;
      g_autoptr (TmRoot) root = NULL;
      g_autoptr (GError) error = NULL;
      struct stat status;

      make_directory (inside);
      make_old (old, 2 * HOUR);
      live = create_in (path);
      file = child_path (live, "file");
      make_file (file);
      root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
      child_assert (g_chmod (path, barred->mode) == 0);

      child_assert (tm_root_cleanup (root, NULL, &error) == -1);
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      child_assert (strstr (error->message, path) != NULL);
      g_clear_error (&error);

      created = tm_root_create_temp_dir (root, NULL, &error);
      child_assert ((created != NULL) == barred->can_create);
      child_assert (barred->can_create ||
                    g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
      g_clear_error (&error);

      child_assert (tm_temporary_directory_close (live, NULL, &error) == barred->can_close);
      child_assert (barred->can_close ||
                    g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));

      /* The mode of the root is not changed, even if the root belongs to the user. */
      child_assert (lstat (path, &status) == 0 && (status.st_mode & 07777) == barred->mode);

      child_assert (g_chmod (path, 0700) == 0);
      /* A cleanup does not empty a directory that it cannot remove. */
      child_assert (path_exists (inside));
      child_assert (path_exists (file) == !barred->can_empty_own);
      assert_cleanup (root, 1);
      child_assert (tm_temporary_directory_close (live, NULL, NULL));
      g_clear_object (&created);
      child_assert (g_rmdir (path) == 0);
    }
}

static void
test_root_barred (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (barred_child, sandbox->path));
}

/* Paths in the sandbox. */
static void
assert_refused (const char *name)
{
  g_autofree char *path = path_in_sandbox (name);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  g_test_message ("%s", path);
  g_assert_null (tm_root_new (file, 0, TM_ROOT_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, g_file_peek_path (file)));
}

static void
assert_allowed (const char *name)
{
  g_autofree char *path = path_in_sandbox (name);
  g_autoptr (TmRoot) root = open_root (path, 0, TM_ROOT_FLAGS_NONE);

  g_assert_nonnull (root);
}

static void
home_subprocess (void)
{
  g_autofree char *above = g_path_get_dirname (g_getenv (SANDBOX_VARIABLE));
  g_autoptr (GFile) above_file = g_file_new_for_path (above);
  g_autoptr (GFile) top = g_file_new_for_path ("/");

  g_assert_null (tm_root_new (top, 0, TM_ROOT_FLAGS_NONE, NULL, NULL));
  g_assert_null (tm_root_new (above_file, 0, TM_ROOT_FLAGS_NONE, NULL, NULL));
  assert_refused ("");
  assert_refused ("home");
  assert_refused ("home/user");
  assert_refused ("home/user/");
  assert_refused ("home/user/cache/..");
  assert_refused ("link-to-home");
  assert_refused ("link-above-home");
  assert_refused ("link-to-top");
  assert_refused ("link-above-home/user");

  assert_allowed ("home/user/cache");
  assert_allowed ("home/another");
  assert_allowed ("link-to-home/cache");
  assert_allowed ("elsewhere");
}

/* If there is no home directory, the directories that would be its parents are refused all the
 * same. */
static void
missing_home_subprocess (void)
{
  assert_refused ("");
  assert_refused ("home");
  assert_refused ("link-above-home");
  assert_refused ("link-to-top");
  assert_allowed ("home/user");
}

/* Nor is it made accessible to find out. */
static void
barred_home_subprocess (void)
{
  static const mode_t modes[] = { 0600, 0400, 0000 };
  g_autofree char *home = path_in_sandbox ("barred/user");
  g_autofree char *above = path_in_sandbox ("barred");
  struct stat status;

  g_assert_true (become_ordinary_user ());
  make_directory (home);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_assert_no_errno (g_chmod (home, modes[i]));
      assert_refused ("");
      assert_refused ("barred");
      assert_refused ("barred/user");
      assert_allowed ("elsewhere");
      g_assert_no_errno (lstat (home, &status));
      g_assert_cmphex (status.st_mode & 07777, ==, modes[i]);

      g_assert_no_errno (g_chmod (above, modes[i]));
      assert_refused ("");
      assert_refused ("barred");
      assert_allowed ("elsewhere");
      g_assert_no_errno (lstat (above, &status));
      g_assert_cmphex (status.st_mode & 07777, ==, modes[i]);
      g_assert_no_errno (g_chmod (above, 0700));
    }
}

/* Mounted a second time, it is the same directory. */
static void
bound_home_subprocess (void)
{
  g_autofree char *home = path_in_sandbox ("home/user");
  g_autofree char *above = path_in_sandbox ("home");
  g_autofree char *target = path_in_sandbox ("bound");
  g_autofree char *target_above = path_in_sandbox ("bound-above");

  make_directory (target);
  make_directory (target_above);
  if (!enter_mount_namespace () || mount (home, target, "", MS_BIND, "") < 0 ||
      mount (above, target_above, "", MS_BIND, "") < 0)
    {
      g_printerr ("no mount namespaces here\n");
      return;
    }

  assert_refused ("bound");
  assert_refused ("bound-above");
  assert_refused ("bound-above/user");
  assert_allowed ("bound/cache");
}

static void
test_home (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *home = sandbox_path (sandbox, "home/user");
  g_autofree char *above = sandbox_path (sandbox, "home");
  g_autofree char *cache = sandbox_path (sandbox, "home/user/cache");
  g_autofree char *another = sandbox_path (sandbox, "home/another");
  g_autofree char *elsewhere = sandbox_path (sandbox, "elsewhere");
  g_autofree char *link = sandbox_path (sandbox, "link-to-home");
  g_autofree char *link_above = sandbox_path (sandbox, "link-above-home");
  g_autofree char *link_to_top = sandbox_path (sandbox, "link-to-top");
  g_autofree char *ghost = sandbox_path (sandbox, "home/ghost/deep");
  g_autofree char *barred = sandbox_path (sandbox, "barred/user");

  make_directory (cache);
  make_directory (another);
  make_directory (elsewhere);
  /* For the ordinary user, too. */
  g_assert_no_errno (g_chmod (elsewhere, 0777));
  g_assert_no_errno (symlink (home, link));
  g_assert_no_errno (symlink (above, link_above));
  g_assert_no_errno (symlink ("/", link_to_top));

  run_with (sandbox, "/environment/home/subprocess/plain", "HOME", home, NULL);
  run_with (sandbox, "/environment/home/subprocess/plain", "HOME", link, NULL);
  run_with (sandbox, "/environment/home/subprocess/bound", "HOME", home, NULL);
  run_with (sandbox, "/environment/home/subprocess/missing", "HOME", ghost, NULL);
  run_with (sandbox, "/environment/home/subprocess/barred", "HOME", barred, NULL);
}

#define CONTAINED_CLEANS "/environment/container/subprocess/cleans"
#define CONTAINED_HOLDS "/environment/container/subprocess/holds"

/* The same directory has another path in the container. */
#define ROOT_OUTSIDE "root"
#define ROOT_INSIDE "inside"

/* The container has a process namespace of its own: a cleaner that relied on process IDs would
 * delete the directories of all processes outside. */
static void
assert_is_contained (void)
{
  gint64 outside = g_ascii_strtoll (g_getenv (EXPECTED_VARIABLE), NULL, 10);

  g_assert_cmpint (kill ((pid_t) outside, 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
}

static TmRoot *
open_root_inside (void)
{
  g_autofree char *path = path_in_sandbox (ROOT_INSIDE);

  return open_reclaiming_root (path);
}

static void
contained_cleans_subprocess (void)
{
  g_autoptr (TmRoot) root = NULL;

  assert_is_contained ();
  root = open_root_inside ();
  assert_cleanup (root, 1);
}

static void G_GNUC_NORETURN
contained_holds_subprocess (void)
{
  g_autofree char *ready = path_in_sandbox ("ready");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  assert_is_contained ();
  root = open_root_inside ();
  directory = create_under (root);
  make_file (ready);
  wait_to_be_killed ();
}

typedef struct
{
  const char *sandbox;
  const char *test; /* (nullable) */
} Container;

/* Turns the process into a test in a process namespace of its own; or, without one, into a program
 * that only succeeds. */
static void G_GNUC_NORETURN
container_child (gpointer data)
{
  const Container *container = data;
  g_autofree char *outside = g_build_filename (container->sandbox, ROOT_OUTSIDE, NULL);
  g_autofree char *inside = g_build_filename (container->sandbox, ROOT_INSIDE, NULL);
  g_autofree char *program = find_own_program ();
  g_autofree char *parent = g_strdup_printf ("%d", (int) getppid ());
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  const char *const start[] = { "bwrap",
                                "--unshare-pid",
                                "--die-with-parent",
                                "--dev-bind",
                                "/",
                                "/",
                                "--proc",
                                "/proc",
                                "--bind",
                                outside,
                                inside,
                                "--" };

  for (guint i = 0; i < G_N_ELEMENTS (start); i++)
    g_ptr_array_add (command, (gpointer) start[i]);
  if (container->test != NULL)
    {
      g_ptr_array_add (command, program);
      g_ptr_array_add (command, (gpointer) "--GTestSubprocess");
      g_ptr_array_add (command, (gpointer) "-p");
      g_ptr_array_add (command, (gpointer) container->test);
    }
  else
    g_ptr_array_add (command, (gpointer) "true");
  g_ptr_array_add (command, NULL);

  set_or_unset (SANDBOX_VARIABLE, container->sandbox);
  set_or_unset (EXPECTED_VARIABLE, parent);
  /* The test outside writes the report. */
  dup2 (STDERR_FILENO, STDOUT_FILENO);
  execvp (start[0], (char **) command->pdata);
  _exit (CHILD_CANNOT);
}

static gboolean
can_contain (Sandbox *sandbox)
{
  Container container = { sandbox->path, NULL };

  return run_in_child (container_child, &container) == 0;
}

/* Returns the path of the entry beside @live. */
static char *
find_other (TmRoot *root, TmTemporaryDirectory *live)
{
  const char *path = g_file_peek_path (tm_root_get_directory (root));
  g_autofree char *live_name = g_path_get_basename (tm_temporary_directory_get_path (live));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (!g_str_equal (name, live_name))
      return g_build_filename (path, name, NULL);

  g_assert_not_reached ();
}

/* Waits until the owner has exited: the end of the container does not wait for that. */
static void
wait_until_unlocked (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_no_errno (fd);
  g_assert_no_errno (flock (fd, LOCK_EX));
  close (fd);
}

static void
test_container (Sandbox *sandbox, gconstpointer data)
{
  Container cleans = { sandbox->path, CONTAINED_CLEANS };
  Container holds = { sandbox->path, CONTAINED_HOLDS };
  g_autofree char *path = sandbox_path (sandbox, ROOT_OUTSIDE);
  g_autofree char *inside = sandbox_path (sandbox, ROOT_INSIDE);
  g_autofree char *ready = sandbox_path (sandbox, "ready");
  g_autofree char *held = NULL;
  g_autoptr (TmTemporaryDirectory) live = NULL;
  g_autoptr (TmRoot) root = NULL;
  pid_t pid;

  make_directory (path);
  make_directory (inside);
  if (!can_contain (sandbox))
    {
      g_test_skip ("bwrap is missing, or may not make namespaces here");
      return;
    }

  root = open_reclaiming_root (path);
  live = create_under (root);

  /* Of two directories that were created outside, the container deletes the one without an
   * owner. */
  pid = start_holder (root, 1);
  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_cmpint (wait_for_child (pid), ==, 128 + SIGKILL);
  g_assert_cmpuint (count_entries (path), ==, 2);
  g_assert_cmpint (run_in_child (container_child, &cleans), ==, 0);
  g_assert_cmpuint (count_entries (path), ==, 1);
  g_assert_true (path_exists (tm_temporary_directory_get_path (live)));

  /* A directory that was created in the container is kept as long as the container runs. */
  pid = start_child (container_child, &holds);
  while (!path_exists (ready) && waitpid (pid, NULL, WNOHANG) == 0)
    g_usleep (1000);
  g_assert_true (path_exists (ready));
  held = find_other (root, live);
  assert_cleanup (root, 0);
  g_assert_true (path_exists (held));

  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_cmpint (wait_for_child (pid), ==, 128 + SIGKILL);
  wait_until_unlocked (held);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (held));
  close_successfully (live);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/environment/tmpdir", test_tmpdir);
  g_test_add_func (TMPDIR_WORKS, tmpdir_works_subprocess);
  g_test_add_func (TMPDIR_FAILS, tmpdir_fails_subprocess);
  add_test ("/environment/link-replaced", of_descriptors (test_link_replaced));
  add_test ("/environment/relative-parent", test_relative_parent);
  add_test ("/environment/deleted-working-directory", test_deleted_working_directory);
  add_test ("/environment/root-removed", test_root_removed);
  add_test ("/environment/root-replaced", of_descriptors (test_root_replaced));
  add_test ("/environment/root-barred", of_descriptors (test_root_barred));
  add_test ("/environment/home", of_descriptors (test_home));
  g_test_add_func ("/environment/home/subprocess/plain", home_subprocess);
  g_test_add_func ("/environment/home/subprocess/bound", bound_home_subprocess);
  g_test_add_func ("/environment/home/subprocess/missing", missing_home_subprocess);
  g_test_add_func ("/environment/home/subprocess/barred", barred_home_subprocess);
  add_test ("/environment/container", of_descriptors (test_container));
  g_test_add_func (CONTAINED_CLEANS, contained_cleans_subprocess);
  g_test_add_func (CONTAINED_HOLDS, contained_holds_subprocess);

  return g_test_run ();
}
