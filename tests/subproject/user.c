/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Also compiled as C++. */

#include <tempman.h>

int
main (void)
{
  GError *error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (NULL, "user", NULL, &error);

  if (directory == NULL || tm_get_major_version () != TM_MAJOR_VERSION)
    return 1;
  if (!g_file_test (tm_temporary_directory_get_path (directory), G_FILE_TEST_IS_DIR))
    return 2;
  if (!tm_temporary_directory_close (directory, NULL, &error))
    return 3;
  if (g_file_test (tm_temporary_directory_get_path (directory), G_FILE_TEST_EXISTS))
    return 4;

  g_object_unref (directory);
  return 0;
}
