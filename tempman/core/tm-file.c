/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-file-private.h"

/*
 * tm_file_new_for_local_path:
 * @path: an absolute path
 *
 * Like g_file_new_for_path(), but never returns a file of GVfs, which serves some paths.
 *
 * Returns: (transfer full): the file
 */
GFile *
tm_file_new_for_local_path (const char *path)
{
  return g_vfs_get_file_for_path (g_vfs_get_local (), path);
}

/*
 * tm_file_get_path:
 * @file: a file
 *
 * Returns: (transfer full) (nullable): the path for callers, or %NULL if the file is not native
 */
char *
tm_file_get_path (GFile *file)
{
  return g_file_is_native (file) ? g_file_get_path (file) : NULL;
}

/*
 * tm_file_get_display_name:
 * @file: a file
 *
 * Returns: (transfer full): its path or its URI, for messages
 */
char *
tm_file_get_display_name (GFile *file)
{
  return g_file_is_native (file) ? g_filename_display_name (g_file_peek_path (file))
                                 : g_file_get_uri (file);
}

/*
 * tm_file_info_is_directory_of:
 * @info: the `standard::type` and `id::file` of the file that now has the name of a directory
 * @identity: (nullable): the `id::file` of that directory, or %NULL if GIO provides none
 *
 * Returns: %FALSE if it is certainly another file
 */
gboolean
tm_file_info_is_directory_of (GFileInfo *info, const char *identity)
{
  const char *found = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILE);

  return g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY &&
         (identity == NULL || found == NULL || g_str_equal (found, identity));
}
