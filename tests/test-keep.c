/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mode of a directory that is kept: without the mark, as the program has changed it, and where
 * modes cannot be changed. */

#include "support/directories.h"
#include "support/fuse.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  mode_t before;
  mode_t after;
} Modes;

/* The mode that the program sets while the directory is temporary, and the mode after keeping
 * it. */
static const Modes modes[] = {
  { 01700, 00700 }, { 01770, 00770 }, { 01707, 00707 },
  { 01777, 00777 }, { 00755, 00755 }, { 03775, 02775 },
};

/* Neither now nor when the group and others lose their permission again. */
static void
assert_not_reclaimed (TmRoot *root, const char *path)
{
  mode_t mode = get_mode (path);

  assert_cleanup (root, 0);
  g_assert_no_errno (chmod (path, mode & ~(mode_t) (S_IWGRP | S_IWOTH)));
  assert_cleanup (root, 0);
  g_assert_true (path_exists (path));
}

static void
test_kept (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_under (root);
      const char *path = tm_temporary_directory_get_path (directory);
      g_autoptr (GError) error = NULL;

      g_assert_no_errno (chmod (path, modes[i].before));
      tm_temporary_directory_keep (directory, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmphex (get_mode (path), ==, modes[i].after);
      assert_not_reclaimed (root, path);
    }
}

static void
test_published (Sandbox *sandbox, gconstpointer data)
{
  static const TmPersistFlags flags[] = { TM_PERSIST_FLAGS_NONE, TM_PERSIST_FLAGS_REPLACE };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (modes) * G_N_ELEMENTS (flags); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_under (root);
      /* With a name that only the library creates. */
      g_autofree char *path =
          g_strconcat (tm_temporary_directory_get_path (directory), ".published", NULL);
      g_autoptr (GFile) destination = g_file_new_for_path (path);
      const Modes *of_directory = &modes[i / G_N_ELEMENTS (flags)];
      g_autoptr (GError) error = NULL;

      if (flags[i % G_N_ELEMENTS (flags)] == TM_PERSIST_FLAGS_REPLACE)
        make_directory (path);
      g_assert_no_errno (chmod (tm_temporary_directory_get_path (directory), of_directory->before));
      tm_temporary_directory_persist (directory, destination, flags[i % G_N_ELEMENTS (flags)], NULL,
                                      &error);
      g_assert_no_error (error);
      g_assert_cmphex (get_mode (path), ==, of_directory->after);
      assert_not_reclaimed (root, path);
    }
}

/* A publication that fails leaves the mark, and later calls know that. */
static void
test_kept_after_failure (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *taken = sandbox_path (sandbox, "taken");
  g_autoptr (GFile) destination = g_file_new_for_path (taken);
  g_autoptr (GError) error = NULL;

  make_directory (taken);
  g_assert_no_errno (chmod (path, 01770));
  g_assert_false (
      tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_cmphex (get_mode (path), ==, 01770);
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_cmphex (get_mode (path), ==, 0770);
}

static int
refuse_modes_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_has_suffix (call->name, "chmod") ? EPERM : 0;
}

/* As long as it has the mark it cannot be kept, but it can be used, and kept or closed later. */
static void
test_mark_that_stays (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *published = sandbox_path (sandbox, "published");
  g_autoptr (GFile) destination = g_file_new_for_path (published);
  g_autoptr (GError) error = NULL;

  interpose (refuse_modes_cb, NULL);
  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_assert_false (
      tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  interpose_end ();

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  assert_in_use (path);
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_cmphex (get_mode (path), ==, 0700);
}

/* A mode that would not change is not set. */
static void
test_no_mark_to_take_away (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *published = sandbox_path (sandbox, "published");
      g_autoptr (GFile) destination = g_file_new_for_path (published);
      g_autoptr (GError) error = NULL;

      g_assert_no_errno (chmod (tm_temporary_directory_get_path (directory), 0700));
      interpose (refuse_modes_cb, NULL);
      if (i == 0)
        tm_temporary_directory_keep (directory, NULL, &error);
      else
        tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL,
                                        &error);
      interpose_end ();
      g_assert_no_error (error);
      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
    }
}

static void
work_without_modes (const char *target)
{
  g_autoptr (GFile) parent = g_file_new_for_path (target);
  g_autofree char *published = g_build_filename (target, "published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (published);

  child_assert (chmod (target, 0711) < 0 && errno == EPERM);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent, "t", NULL, &error);
      g_autofree char *path = NULL;

      child_assert (error == NULL);
      path = g_strdup (tm_temporary_directory_get_path (directory));
      make_tree (path);
      child_assert ((get_mode (path) & 0777) == 0700);

      if (i == 0)
        tm_temporary_directory_keep (directory, NULL, &error);
      else if (i == 1)
        tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL,
                                        &error);
      else
        tm_temporary_directory_close (directory, NULL, &error);
      if (error != NULL)
        g_printerr ("%s\n", error->message);
      child_assert (error == NULL);
      child_assert (tm_temporary_directory_is_closed (directory));
      child_assert (path_exists (path) == (i == 0));
    }
  child_assert (path_exists (published));
}

/* A bindfs that refuses every chmod(), as a server does to all users but the owner. */
static void
test_without_modes (Sandbox *sandbox, gconstpointer data)
{
  test_on_bindfs (sandbox->path, (const char *[]){ "--chmod-deny", NULL }, work_without_modes);
}

static void
work_on_ntfs (const char *target)
{
  g_autoptr (GFile) parent = g_file_new_for_path (target);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory =
      tm_temporary_directory_new (parent, "t", NULL, &error);
  mode_t mode;

  child_assert (error == NULL);
  mode = get_mode (tm_temporary_directory_get_path (directory));
  child_assert (tm_temporary_directory_keep (directory, NULL, NULL));
  child_assert (get_mode (tm_temporary_directory_get_path (directory)) == mode);
}

/* All modes are those of the mount, also after chmod(). */
static void
test_modes_of_the_mount (Sandbox *sandbox, gconstpointer data)
{
  test_on_ntfs (sandbox->path, work_on_ntfs);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/keep/kept", of_descriptors (test_kept));
  add_test ("/keep/published", of_descriptors (test_published));
  add_test ("/keep/kept-after-failure", of_descriptors (test_kept_after_failure));
  add_test ("/keep/mark-that-stays", of_descriptors (test_mark_that_stays));
  add_test ("/keep/no-mark-to-take-away", of_descriptors (test_no_mark_to_take_away));
  add_test ("/keep/without-modes", of_descriptors (test_without_modes));
  add_test ("/keep/modes-of-the-mount", of_descriptors (test_modes_of_the_mount));

  return g_test_run ();
}
