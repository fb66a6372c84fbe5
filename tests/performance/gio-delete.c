/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Deletes each PATH as applications do it with GIO. With --time, prints the nanoseconds that took;
 * with --version, does nothing but to name the version of GLib. */

#include <gio/gio.h>

static gboolean
delete_recursively (GFile *file, GError **error)
{
  g_autoptr (GFileEnumerator) enumerator = NULL;

  enumerator = g_file_enumerate_children (
      file, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
      G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, error);
  if (enumerator == NULL)
    return FALSE;

  while (TRUE)
    {
      GFileInfo *info;
      GFile *child;

      if (!g_file_enumerator_iterate (enumerator, &info, &child, NULL, error))
        return FALSE;
      if (info == NULL)
        break;
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
        {
          if (!delete_recursively (child, error))
            return FALSE;
        }
      else if (!g_file_delete (child, NULL, error))
        return FALSE;
    }

  return g_file_delete (file, NULL, error);
}

int
main (int argc, char *argv[])
{
  gboolean timed = argc > 1 && g_str_equal (argv[1], "--time");
  gint64 start = g_get_monotonic_time ();

  if (argc == 2 && g_str_equal (argv[1], "--version"))
    {
      g_print ("%u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
      return 0;
    }

  for (int i = timed ? 2 : 1; i < argc; i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (argv[i]);
      g_autoptr (GError) error = NULL;

      if (!delete_recursively (file, &error))
        {
          g_printerr ("%s\n", error->message);
          return 1;
        }
    }

  if (timed)
    g_print ("%" G_GINT64_FORMAT "\n", (g_get_monotonic_time () - start) * 1000);
  return 0;
}
