/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Deletes PATH and prints by how many KiB the peak of the resident memory rose above what was there
 * before, and how many are seen to rise when CONTROL are taken and given back. */

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The field in KiB. getrusage() does not do: it reports the peak of the program that was there
 * before exec(), too. */
static gint64
read_status (const char *field)
{
  g_autofree char *status = NULL;
  g_autoptr (GError) error = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, &error))
    g_error ("%s", error->message);
  line = strstr (status, field);
  return line == NULL ? 0 : g_ascii_strtoll (line + strlen (field), NULL, 10);
}

/* Forgets the peak of what came before, such as that of loading the libraries. Returns the memory
 * that there is. */
static gint64
begin (void)
{
  int fd = open ("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write (fd, "5", 1) != 1)
    g_error ("Could not reset the peak of memory: %s", g_strerror (errno));
  close (fd);
  return read_status ("VmRSS:");
}

static gint64
end (gint64 before)
{
  return MAX (read_status ("VmHWM:") - before, 0);
}

static gint64
measure_control (gsize size)
{
  gint64 before = begin ();
  char *memory = g_malloc (size);

  /* Touched in every page: what is not touched does not count. */
  for (gsize i = 0; i < size; i += 1024)
    ((volatile char *) memory)[i] = 1;
  g_free (memory);
  return end (before);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  gint64 before;
  gint64 used;

  if (argc != 3)
    {
      g_printerr ("Usage: memory PATH CONTROL\n");
      return 2;
    }

  file = g_file_new_for_path (argv[1]);
  before = begin ();
  if (!tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  used = end (before);
  g_print ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", used,
           measure_control (g_ascii_strtoull (argv[2], NULL, 10) * 1024));
  return 0;
}
