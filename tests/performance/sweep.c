/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Looks at every entry of DIRECTORY, of which none has expired, in the way that is named, and
 * prints the nanoseconds that took. */

#include "../support/kernel.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE_DAY (24.0 * 60 * 60)
#define BUFFER_SIZE 32768

typedef void (*SweepFunc) (const char *path);

/* What is the least that can be done: the answer is looked at, so that no call is for nothing. */
static gint64 oldest = G_MAXINT64;

static void
sweep_tempman (const char *path)
{
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = tm_root_new (directory, ONE_DAY, TM_ROOT_FLAGS_NONE, NULL, &error);

  if (root == NULL || tm_root_cleanup (root, NULL, &error) != 0)
    g_error ("Could not sweep, or something was deleted: %s", error == NULL ? "" : error->message);
}

typedef enum
{
  LOOK_AT_NAME,
  LOOK_AT_TIMES,
  LOOK_AT_TIMES_AND_LOCK,
} Look;

/* What it costs to look whether somebody uses every entry, and not those alone that are old. */
static void
lock_entry (int parent_fd, const char *name)
{
  int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0 || flock (fd, LOCK_EX | LOCK_NB) != 0)
    g_error ("Could not open or lock “%s”: %s", name, g_strerror (errno));
  close (fd);
}

static void
read_names (const char *path, Look look)
{
  static char buffer[BUFFER_SIZE] __attribute__ ((aligned (8)));
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  long length;

  while ((length = kernel_getdents (fd, buffer, sizeof buffer)) > 0)
    for (long position = 0; position < length;)
      {
        const KernelEntry *entry = (const void *) (buffer + position);
        KernelStatus status;

        position += entry->length;
        if (look == LOOK_AT_NAME || g_str_equal (entry->name, ".") ||
            g_str_equal (entry->name, ".."))
          continue;
        if (kernel_statx (fd, entry->name, AT_SYMLINK_NOFOLLOW, KERNEL_WANTS_TIMES, &status) != 0)
          g_error ("Could not ask about “%s”: %s", entry->name, g_strerror (errno));
        oldest = MIN (oldest, status.modified.seconds);
        if (look == LOOK_AT_TIMES_AND_LOCK)
          lock_entry (fd, entry->name);
      }
  close (fd);
}

static void
sweep_getdents (const char *path)
{
  read_names (path, LOOK_AT_NAME);
}

static void
sweep_statx (const char *path)
{
  read_names (path, LOOK_AT_TIMES);
}

static void
sweep_locks (const char *path)
{
  read_names (path, LOOK_AT_TIMES_AND_LOCK);
}

static void
sweep_gdir (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      GStatBuf status;

      if (g_lstat (child, &status) != 0)
        g_error ("Could not ask about “%s”: %s", child, g_strerror (errno));
      oldest = MIN (oldest, status.st_mtime);
    }
}

static void
enumerate_children (const char *path, const char *attributes)
{
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (GFileEnumerator) enumerator = g_file_enumerate_children (
      directory, attributes, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  GFileInfo *info;

  while (g_file_enumerator_iterate (enumerator, &info, NULL, NULL, NULL) && info != NULL)
    {
      guint64 modified = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED);

      oldest = MIN (oldest, (gint64) modified);
    }
}

static void
sweep_enumerator (const char *path)
{
  enumerate_children (path, G_FILE_ATTRIBUTE_STANDARD_NAME ",time::*");
}

static void
sweep_enumerator_standard (const char *path)
{
  enumerate_children (path, "standard::*,time::*");
}

static const struct
{
  const char *name;
  SweepFunc function;
} ways[] = {
  { "tempman", sweep_tempman },
  { "getdents", sweep_getdents },
  { "statx", sweep_statx },
  { "locks", sweep_locks },
  { "gdir", sweep_gdir },
  { "enumerator", sweep_enumerator },
  { "enumerator-standard", sweep_enumerator_standard },
};

int
main (int argc, char *argv[])
{
  SweepFunc function = NULL;
  gint64 start;

  for (gsize i = 0; argc == 3 && i < G_N_ELEMENTS (ways); i++)
    if (g_str_equal (ways[i].name, argv[1]))
      function = ways[i].function;
  if (function == NULL)
    {
      g_printerr ("Usage: sweep tempman|getdents|statx|locks|gdir|enumerator|enumerator-standard "
                  "DIRECTORY\n");
      return 2;
    }

  start = g_get_monotonic_time ();
  function (argv[2]);
  g_print ("%" G_GINT64_FORMAT "\n", (g_get_monotonic_time () - start) * 1000);
  return 0;
}
