/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lists the root DIRECTORY with the sizes of its entries, and prints the sum, as du(1) does. */

#include <tempman.h>

int
main (int argc, char *argv[])
{
  g_autoptr (GFile) directory = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (GError) error = NULL;
  guint64 size = 0;

  if (argc != 2)
    {
      g_printerr ("Usage: size DIRECTORY\n");
      return 2;
    }

  directory = g_file_new_for_path (argv[1]);
  root = tm_root_new (directory, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE, NULL, &error);
  if (root != NULL)
    entries = tm_root_list_entries (root, TM_LIST_FLAGS_MEASURE, NULL, &error);
  if (entries == NULL)
    g_error ("%s", error->message);

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      size += tm_root_entry_get_size (entry);
    }
  g_print ("%" G_GUINT64_FORMAT "\n", size);
  return 0;
}
