/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <tempman.h>

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>

/* A library for LD_PRELOAD, so that the command finds heartbeats where no file system is shared. It
 * replaces functions of the public interface, as its environment variables say:
 *
 * TEMPMAN_TEST_HEARTBEAT_AGE: the age of a heartbeat, in seconds; TEMPMAN_TEST_HEARTBEAT_PREFIX:
 * the beginning of the names of the entries that have it. TEMPMAN_TEST_WATCH_TIMES: the results of
 * successive calls of tm_root_get_watch_time(), separated by spaces; then 0.
 * TEMPMAN_TEST_WATCH_MOVES: pairs of lines, the old and the new path of a file; each such call
 * renames the next file. TEMPMAN_TEST_SETTINGS: a file that receives each lease and limit that is
 * set. TEMPMAN_TEST_SHARED: every file system seems to be NFS. */

#define NFS_MAGIC 0x6969

double
tm_root_entry_get_heartbeat_age (TmRootEntry *self)
{
  double (*real) (TmRootEntry *) = dlsym (RTLD_NEXT, "tm_root_entry_get_heartbeat_age");
  const char *age = g_getenv ("TEMPMAN_TEST_HEARTBEAT_AGE");
  const char *prefix = g_getenv ("TEMPMAN_TEST_HEARTBEAT_PREFIX");

  return age != NULL && g_str_has_prefix (tm_root_entry_get_name (self), prefix)
             ? g_ascii_strtod (age, NULL)
             : real (self);
}

static void
move_next (guint n)
{
  const char *moves = g_getenv ("TEMPMAN_TEST_WATCH_MOVES");
  g_auto (GStrv) paths = g_strsplit (moves != NULL ? moves : "", "\n", -1);

  if (2 * n + 1 < g_strv_length (paths) && g_rename (paths[2 * n], paths[2 * n + 1]) < 0)
    abort ();
}

double
tm_root_get_watch_time (TmRoot *self)
{
  static guint n_calls;
  guint n = n_calls++;
  double (*real) (TmRoot *) = dlsym (RTLD_NEXT, "tm_root_get_watch_time");
  const char *text = g_getenv ("TEMPMAN_TEST_WATCH_TIMES");
  g_auto (GStrv) times = NULL;

  if (text == NULL)
    return real (self);

  move_next (n);
  times = g_strsplit (text, " ", -1);
  return n < g_strv_length (times) ? g_ascii_strtod (times[n], NULL) : 0;
}

G_GNUC_PRINTF (1, 2)
static void
record (const char *format, ...)
{
  const char *path = g_getenv ("TEMPMAN_TEST_SETTINGS");
  FILE *file = path != NULL ? fopen (path, "ae") : NULL;
  va_list args;

  if (file == NULL)
    return;

  va_start (args, format);
  vfprintf (file, format, args);
  va_end (args);
  fclose (file);
}

void
tm_root_set_lease (TmRoot *self, double lease)
{
  void (*real) (TmRoot *, double) = dlsym (RTLD_NEXT, "tm_root_set_lease");

  record ("lease %g\n", lease);
  real (self, lease);
}

void
tm_root_set_max_entries (TmRoot *self, guint max_entries)
{
  void (*real) (TmRoot *, guint) = dlsym (RTLD_NEXT, "tm_root_set_max_entries");

  record ("max-entries %u\n", max_entries);
  real (self, max_entries);
}

void
tm_root_set_max_size (TmRoot *self, guint64 max_size)
{
  void (*real) (TmRoot *, guint64) = dlsym (RTLD_NEXT, "tm_root_set_max_size");

  record ("max-size %" G_GUINT64_FORMAT "\n", max_size);
  real (self, max_size);
}

void
tm_root_set_min_free_space (TmRoot *self, guint64 min_free_space)
{
  void (*real) (TmRoot *, guint64) = dlsym (RTLD_NEXT, "tm_root_set_min_free_space");

  record ("min-free-space %" G_GUINT64_FORMAT "\n", min_free_space);
  real (self, min_free_space);
}

int
fstatfs (int fd, struct statfs *status)
{
  /* Not every C library has a second name for large files. */
  gpointer large = dlsym (RTLD_NEXT, "fstatfs64");
  int (*real) (int, struct statfs *) = large != NULL ? large : dlsym (RTLD_NEXT, "fstatfs");
  int result = real (fd, status);

  if (result == 0 && g_getenv ("TEMPMAN_TEST_SHARED") != NULL)
    status->f_type = NFS_MAGIC;
  return result;
}
