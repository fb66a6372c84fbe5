/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The library as a program: deletes each PATH. With --time, prints the nanoseconds that took. */

#include <tempman.h>

int
main (int argc, char *argv[])
{
  gboolean timed = argc > 1 && g_str_equal (argv[1], "--time");
  gint64 start = g_get_monotonic_time ();

  for (int i = timed ? 2 : 1; i < argc; i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (argv[i]);
      g_autoptr (GError) error = NULL;

      if (!tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error))
        {
          g_printerr ("%s\n", error->message);
          return 1;
        }
    }

  if (timed)
    g_print ("%" G_GINT64_FORMAT "\n", (g_get_monotonic_time () - start) * 1000);
  return 0;
}
