/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Usage: quickstart ROOT [hold]
 */

#include <tempman.h>

#include <stdlib.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) folder = g_file_new_for_commandline_arg (argc > 1 ? argv[1] : ".");
  g_autoptr (TmRoot) root =
      tm_root_new (folder, 60 * 60, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, &error);
  g_autoptr (TmTemporaryDirectory) directory =
      root != NULL ? tm_root_create_temp_dir (root, NULL, &error) : NULL;
  g_autoptr (GFile) file = NULL;

  if (directory == NULL)
    goto failed;

  g_print ("C created %s\n", tm_temporary_directory_get_path (directory));
  file = tm_temporary_directory_get_child (directory, "notes.txt");
  if (!g_file_replace_contents (file, "work", 4, NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL,
                                &error))
    goto failed;

  /* The script kills the process here, and the directory is left behind. */
  if (argc > 2)
    pause ();

  if (!tm_temporary_directory_close (directory, NULL, &error))
    goto failed;

  g_print ("C closed it\n");
  return EXIT_SUCCESS;

failed:
  g_printerr ("%s\n", error->message);
  return EXIT_FAILURE;
}
