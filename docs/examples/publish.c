/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Unpacks an archive, adds a list of its files, and publishes both in one step.
 * Usage: publish ROOT ARCHIVE DESTINATION
 */

#include <tempman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the path of each regular file in the folder to its line in the list. */
static gboolean
find_files (GFile *top, GFile *folder, GTree *files, GError **error)
{
  g_autoptr (GFileEnumerator) children =
      g_file_enumerate_children (folder, "standard::name,standard::type,standard::size",
                                 G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, error);
  GFileInfo *info;
  GFile *child;

  if (children == NULL)
    return FALSE;

  while (g_file_enumerator_iterate (children, &info, &child, NULL, error))
    {
      if (info == NULL)
        return TRUE;

      if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
        {
          if (!find_files (top, child, files, error))
            return FALSE;
        }
      else if (g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR)
        {
          char *path = g_file_get_relative_path (top, child);

          g_tree_insert (
              files, path,
              g_strdup_printf ("%" G_GOFFSET_FORMAT " %s\n", g_file_info_get_size (info), path));
        }
    }
  return FALSE;
}

static gboolean
append_line (gpointer path, gpointer line, gpointer index)
{
  g_string_append (index, line);
  return FALSE;
}

static gboolean
publish (const char *folder, const char *archive, const char *destination, GError **error)
{
  g_autoptr (GFile) root_file = g_file_new_for_path (folder);
  g_autoptr (GFile) destination_file = g_file_new_for_path (destination);
  g_autoptr (TmRoot) root =
      tm_root_new (root_file, 24 * 60 * 60,
                   TM_ROOT_FLAGS_CREATE_DIRECTORY | TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, error);
  /* After an error, the directory is deleted with the last reference. */
  g_autoptr (TmTemporaryDirectory) directory =
      root != NULL ? tm_root_create_temp_dir (root, NULL, error) : NULL;
  g_autoptr (GSubprocess) tar = NULL;
  g_autoptr (GTree) files = g_tree_new_full ((GCompareDataFunc) strcmp, NULL, g_free, g_free);
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GFile) index = NULL;
  gssize n_deleted;

  if (directory == NULL)
    return FALSE;

  tar = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, error, "tar", "-xf", archive, "-C",
                          tm_temporary_directory_get_path (directory), NULL);
  if (tar == NULL || !g_subprocess_wait_check (tar, NULL, error))
    return FALSE;

  if (!find_files (tm_temporary_directory_get_file (directory),
                   tm_temporary_directory_get_file (directory), files, error))
    return FALSE;
  g_tree_foreach (files, append_line, lines);

  index = tm_temporary_directory_get_child (directory, "INDEX");
  if (!g_file_replace_contents (index, lines->str, lines->len, NULL, FALSE, G_FILE_CREATE_NONE,
                                NULL, NULL, error))
    return FALSE;

  if (!tm_temporary_directory_persist (directory, destination_file, TM_PERSIST_FLAGS_REPLACE, NULL,
                                       error))
    return FALSE;
  printf ("published %s: %d files\n", destination, g_tree_nnodes (files));

  n_deleted = tm_root_cleanup (root, NULL, error);
  if (n_deleted < 0)
    return FALSE;
  printf ("cleaned up %" G_GSSIZE_FORMAT " directories\n", n_deleted);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 4)
    {
      fprintf (stderr, "Usage: %s ROOT ARCHIVE DESTINATION\n", argv[0]);
      return EXIT_FAILURE;
    }
  if (!publish (argv[1], argv[2], argv[3], &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return EXIT_FAILURE;
    }
  return EXIT_SUCCESS;
}
