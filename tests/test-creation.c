/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The suffix and the mode that a program asks for when it creates a directory. */

#include "support/directories.h"
#include "support/fuse.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/served-file.h"
#include "support/support.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static TmTemporaryDirectory *
try_to_create (GFile *parent, const char *suffix, guint mode, GError **error)
{
  return g_initable_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL, error, "parent", parent, "prefix", "t",
                         "suffix", suffix, "mode", mode, NULL);
}

static TmTemporaryDirectory *
create_with (const char *path, const char *suffix, guint mode)
{
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = try_to_create (parent, suffix, mode, &error);

  g_assert_no_error (error);
  return directory;
}

/* What a test does to local files, and to remote ones. */
static GFile *
get_parent (Sandbox *sandbox, gboolean is_remote)
{
  return is_remote ? served_file_new (sandbox->path) : g_file_new_for_path (sandbox->path);
}

static void
test_suffixes (Sandbox *sandbox, gconstpointer data)
{
  static const char *const suffixes[] = { "",   ".",  ".build", "-tmp", "_1",
                                          "\n", " x", "\xff",   "..",   "é" };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (suffixes); i++)
    {
      const char *suffix = suffixes[i / 2];
      gboolean is_remote = i % 2 == 1;
      gboolean has_heartbeat = is_remote || !library_has_descriptors ();
      g_autoptr (GFile) parent = get_parent (sandbox, is_remote);
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory = try_to_create (parent, suffix, 0700, &error);
      g_autofree char *stored = NULL;
      g_autofree char *name = NULL;

      g_assert_no_error (error);
      name = g_file_get_basename (tm_temporary_directory_get_file (directory));
      g_assert_cmpuint (strlen (name), ==,
                        strlen (has_heartbeat ? "t-0" : "t-") + 20 + strlen (suffix));
      g_assert_true (g_str_has_prefix (name, "t-") && g_str_has_suffix (name, suffix));
      g_object_get (directory, "suffix", &stored, NULL);
      g_assert_cmpstr (stored, ==, suffix);
      close_successfully (directory);
    }
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_no_suffix (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_with (sandbox->path, NULL, 0700);
  g_autofree char *name = g_file_get_basename (tm_temporary_directory_get_file (directory));

  g_assert_cmpuint (strlen (name), ==, strlen (library_has_descriptors () ? "t-" : "t-0") + 20);
}

static void
test_bad_suffixes (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *too_long = g_strnfill (300, '.');
  /* Names that contain two random parts would be ambiguous. */
  const char *suffixes[] = { "/",
                             "./x",
                             ".x/../../y",
                             "x",
                             "2",
                             "9",
                             "Z",
                             "abcdefghijklmnopqrst",
                             "-abcdefghijklmnopqrst",
                             "-0abcdefghijklmnopqrst.x",
                             ".x-abcdefghijklmnopqrst",
                             too_long };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (suffixes); i++)
    {
      g_autoptr (GFile) parent = get_parent (sandbox, i % 2 == 1);
      g_autoptr (GError) error = NULL;

      g_assert_null (try_to_create (parent, suffixes[i / 2], 0700, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
      g_assert_nonnull (strstr (error->message, suffixes[i / 2]));
    }
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

typedef struct
{
  const char *path;
  const char *suffix;
  guint mode;
} Crash;

/* A process that ends without closing its directory. */
static void
crash_child (gpointer data)
{
  const Crash *crash = data;

  /* Its reference is never dropped. */
  create_with (crash->path, crash->suffix, crash->mode);
}

static void
crash (const char *path, const char *suffix, guint mode)
{
  Crash crash = { path, suffix, mode };

  assert_success_in_child (run_in_child (crash_child, &crash));
  g_assert_cmpuint (count_entries (path), ==, 1);
}

/* A name with a suffix is recognised too, also where the suffix is as long as a random part. */
static void
test_suffix_is_ours (Sandbox *sandbox, gconstpointer data)
{
  static const char *const suffixes[] = {
    ".build", "-", "-abc", "-abcdefghijklmnopqrs", ".abcdefghijklmnopqrst", ".0abcdefghijklmnopqrst"
  };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_with (sandbox->path, suffixes[i], 0700);

      assert_cleanup (root, 0);
      close_successfully (directory);
      crash (sandbox->path, suffixes[i], 0700);
      assert_cleanup (root, 1);
    }
}

static const mode_t masks[] = { 000, 022, 077, 0777 };

static void
test_modes (Sandbox *sandbox, gconstpointer data)
{
  static const guint modes[] = { 0, 0500, 0700, 0711, 0750, 0755, 0770, 0777 };

  for (guint i = 0; i < G_N_ELEMENTS (modes) * G_N_ELEMENTS (masks); i++)
    {
      guint mode = modes[i / G_N_ELEMENTS (masks)];
      mode_t former = umask (masks[i % G_N_ELEMENTS (masks)]);
      g_autoptr (TmTemporaryDirectory) directory = create_with (sandbox->path, NULL, mode);
      g_autoptr (TmTemporaryDirectory) other = create_with (sandbox->path, NULL, mode);
      g_autofree char *published = sandbox_path (sandbox, "published");
      g_autoptr (GFile) destination = g_file_new_for_path (published);
      const char *path = tm_temporary_directory_get_path (directory);
      g_autoptr (GError) error = NULL;
      guint stored;

      umask (former);
      g_object_get (directory, "mode", &stored, NULL);
      g_assert_cmphex (stored, ==, mode);
      /* The owner can always use it, and the mark is there. */
      g_assert_cmphex (get_mode (path), ==, mode | 01700);

      tm_temporary_directory_keep (directory, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmphex (get_mode (path), ==, mode | 0700);
      delete_tree (path);

      tm_temporary_directory_persist (other, destination, TM_PERSIST_FLAGS_NONE, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmphex (get_mode (published), ==, mode | 0700);
      delete_tree (published);
    }
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* Decimal 755 among them, which is 01363, and decimal 700. */
static void
test_bad_modes (Sandbox *sandbox, gconstpointer data)
{
  static const guint modes[] = { 755, 700, 777, 01000, 01755, 02755, 04755, 010000, G_MAXUINT };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GFile) parent = get_parent (sandbox, i % 2 == 1);
      g_autofree char *shown = g_strdup_printf ("%#o", modes[i / 2]);
      g_autoptr (GError) error = NULL;

      g_assert_null (try_to_create (parent, NULL, modes[i / 2], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, shown));
    }
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* The group of the parent is inherited, and so is the bit that passes it on. */
static void
test_set_group_id (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "parent");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;
  const char *path;

  if (skip_unless_root ())
    return;

  make_directory (parent);
  g_assert_no_errno (chown (parent, (uid_t) -1, TEST_UID));
  g_assert_no_errno (chmod (parent, 02755));
  directory = create_with (parent, NULL, 0755);
  path = tm_temporary_directory_get_path (directory);
  g_assert_cmphex (get_mode (path), ==, 03755);
  tm_temporary_directory_keep (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_no_errno (lstat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 02755);
  g_assert_cmpuint (status.st_gid, ==, TEST_UID);
}

/* After a crash the mark tells that it had an owner, unless other users may write to the directory:
 * they could have set the bit. */
static void
test_crash (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    guint mode;
    gboolean is_marked;
  } cases[] = { { 0700, TRUE },  { 0711, TRUE },  { 0755, TRUE },
                { 0770, FALSE }, { 0702, FALSE }, { 0777, FALSE } };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GDir) dir = NULL;
      g_autofree char *path = NULL;

      crash (sandbox->path, NULL, cases[i].mode);
      assert_cleanup (root, cases[i].is_marked ? 1 : 0);
      if (cases[i].is_marked)
        continue;

      dir = g_dir_open (sandbox->path, 0, NULL);
      path = sandbox_path (sandbox, g_dir_read_name (dir));
      make_old (path, 2 * HOUR);
      assert_cleanup (root, 1);
    }
}

/* Before it is locked, only its owner has access to it. */
static int
look_at_mode_cb (const SystemCall *call, gpointer user_data)
{
  const char *base = user_data;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!g_str_equal (call->name, "flock") && !g_str_equal (call->name, "fchmod"))
    return 0;

  dir = g_dir_open (base, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (base, name, NULL);

      g_assert_cmphex (get_mode (path) & 077, ==, 0);
    }
  return 0;
}

static void
test_closed_to_others_at_first (Sandbox *sandbox, gconstpointer data)
{
  mode_t former = umask (0);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  interpose (look_at_mode_cb, sandbox->path);
  directory = create_with (sandbox->path, NULL, 0777);
  interpose_end ();
  umask (former);
  g_assert_cmphex (get_mode (tm_temporary_directory_get_path (directory)), ==, 01777);
}

/* A file system without modes keeps its own mode; any other error fails the creation. */
static void
test_refused (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  fail_call ("fchmod", EPERM, 1);
  directory = create_with (sandbox->path, NULL, 0755);
  g_assert_cmpuint (fail_end (), ==, 1);
  g_assert_cmphex (get_mode (tm_temporary_directory_get_path (directory)), ==, 01700);
  close_successfully (directory);

  fail_call ("fchmod", EIO, 1);
  g_assert_null (try_to_create (parent, NULL, 0755, &error));
  g_assert_cmpuint (fail_end (), ==, 1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
work_without_modes (const char *target)
{
  g_autoptr (GFile) parent = g_file_new_for_path (target);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = try_to_create (parent, ".x", 0755, &error);
  g_autofree char *path = NULL;

  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
  path = child_path (directory, "file");
  make_file (path);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!path_exists (path));
}

/* bindfs that refuses every chmod(). */
static void
test_without_modes (Sandbox *sandbox, gconstpointer data)
{
  test_on_bindfs (sandbox->path, (const char *[]){ "--chmod-deny", NULL }, work_without_modes);
}

static void
test_modes_of_the_mount (Sandbox *sandbox, gconstpointer data)
{
  test_on_ntfs (sandbox->path, work_without_modes);
}

static void
test_remote (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = served_file_new (sandbox->path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = try_to_create (parent, ".x", 0511, &error);
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;

  g_assert_no_error (error);
  name = g_file_get_basename (tm_temporary_directory_get_file (directory));
  path = sandbox_path (sandbox, name);
  g_assert_cmphex (get_mode (path), ==, 01711);
  tm_temporary_directory_keep (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmphex (get_mode (path), ==, 0711);
}

/* The directories of a root have neither a suffix nor a mode of their own. */
static void
test_root (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = create_under (root);
  g_autofree char *suffix = NULL;
  guint mode;

  g_object_get (directory, "suffix", &suffix, "mode", &mode, NULL);
  g_assert_null (suffix);
  g_assert_cmphex (mode, ==, 0700);
}

/* The mark is set after mkdir() where that does not set it. */
static void
test_mark_by_chmod (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;

      pretend_shared (i == 1);
      strip_marks (TRUE);
      directory = create_in (sandbox->path);
      strip_marks (FALSE);
      g_assert_cmpuint (get_mode (tm_temporary_directory_get_path (directory)), ==, 01700);
      close_successfully (directory);
      pretend_shared (FALSE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/creation/suffix/valid", test_suffixes);
  add_test ("/creation/suffix/none", test_no_suffix);
  add_test ("/creation/suffix/invalid", test_bad_suffixes);
  add_test ("/creation/suffix/is-ours", of_descriptors (test_suffix_is_ours));
  add_test ("/creation/mode/kept", of_descriptors (test_modes));
  add_test ("/creation/mode/invalid", test_bad_modes);
  add_test ("/creation/mode/set-group-id", of_descriptors (test_set_group_id));
  add_test ("/creation/mode/after-a-crash", of_descriptors (test_crash));
  add_test ("/creation/mode/closed-at-first", of_descriptors (test_closed_to_others_at_first));
  add_test ("/creation/mode/refused", of_descriptors (test_refused));
  add_test ("/creation/mode/without-modes", of_descriptors (test_without_modes));
  add_test ("/creation/mode/of-the-mount", of_descriptors (test_modes_of_the_mount));
  add_test ("/creation/remote", test_remote);
  add_test ("/creation/root", test_root);
  add_test ("/creation/mark-by-chmod", of_descriptors (test_mark_by_chmod));

  return g_test_run ();
}
