/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Deletes PATH and prints by how many KiB the peak of the resident memory rose above what was there
 * before. */

#include <tempman.h>

#include <string.h>

/* The field in KiB. getrusage() does not do: it reports the peak of the program that was there
 * before exec(), too. */
static guint64
read_status (const char *field)
{
  g_autofree char *status = NULL;
  g_autoptr (GError) error = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, &error))
    g_error ("%s", error->message);
  line = strstr (status, field);
  return line == NULL ? 0 : g_ascii_strtoull (line + strlen (field), NULL, 10);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  guint64 before;

  if (argc != 2)
    {
      g_printerr ("Usage: memory PATH\n");
      return 2;
    }

  file = g_file_new_for_path (argv[1]);
  before = read_status ("VmHWM:");
  if (!tm_delete_recursively (file, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  g_print ("%" G_GUINT64_FORMAT "\n", read_status ("VmHWM:") - before);
  return 0;
}
