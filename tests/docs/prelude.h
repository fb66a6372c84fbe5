/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names that a block of C in the documentation may use without a definition. The block becomes
 * the body of a function with these variables, unless it defines functions itself.
 */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void
work_in (const char *path)
{
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
}

#define GIVEN_OBJECTS                                                                              \
  g_autoptr (GFile) folder = g_file_new_for_path ("work");                                         \
  g_autoptr (TmRoot) root = tm_root_new (folder, 60, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL); \
  g_autoptr (TmTemporaryDirectory) directory = tm_root_create_temp_dir (root, NULL, NULL);         \
  g_autoptr (GFile) file = tm_temporary_directory_get_child (directory, "file");                   \
  g_autoptr (GFile) destination = g_file_get_child (folder, "published");                          \
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();                                     \
  GError *error = NULL;                                                                            \
  gpointer user_data = NULL;
