/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "persist.h"

#include "directories.h"

#include <string.h>
#include <sys/stat.h>

/* The parent of the directory: a test counts its entries afterwards. */
char *
temporary_parent (Sandbox *sandbox)
{
  char *path = sandbox_path (sandbox, "temporary");

  make_directory (path);
  return path;
}

TmTemporaryDirectory *
create_with_content (const char *parent)
{
  TmTemporaryDirectory *directory = create_in (parent);
  g_autofree char *content = child_path (directory, "content");

  make_file (content);
  return directory;
}

gboolean
has_content (const char *path)
{
  g_autofree char *content = g_build_filename (path, "content", NULL);

  return path_exists (content);
}

void
assert_persists (TmTemporaryDirectory *directory, const char *path, TmPersistFlags flags)
{
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  gboolean published = tm_temporary_directory_persist (directory, destination, flags, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (published);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
  g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, path);
  g_assert_true (g_file_equal (tm_temporary_directory_get_file (directory), destination));
  g_assert_true (has_content (path));
}

/* Also asserts that the object is unchanged. */
void
assert_persist_fails (TmTemporaryDirectory *directory,
                      const char *path,
                      TmPersistFlags flags,
                      int code)
{
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autofree char *before = g_strdup (tm_temporary_directory_get_path (directory));
  g_autoptr (GError) error = NULL;
  int fd = tm_temporary_directory_get_fd (directory);
  struct stat status;

  g_assert_false (tm_temporary_directory_persist (directory, destination, flags, NULL, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, before));
  g_assert_false (tm_temporary_directory_is_closed (directory));
  g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, before);
  g_assert_cmpint (fd >= 0, ==, library_has_descriptors ());
  if (library_has_descriptors ())
    {
      g_assert_no_errno (fstat (fd, &status));
      g_assert_cmphex (status.st_mode & 07777, ==, 01700);
    }
}
