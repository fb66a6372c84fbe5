/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-proc-locks-private.h"

#include <stdio.h>

/* The kernel's table of locks, for a directory that cannot be opened to try its lock. The table
 * omits the locks of processes in other PID namespaces. See proc_locks(5). */

#define LOCK_TABLE "/proc/locks"

/* A line is "1: FLOCK  ADVISORY  READ 1234 fd:00:5678 0 EOF", with the device in hexadecimal. A
 * process that still waits for the lock has "->" before the type, and does not match. */
static gboolean
is_lock_of (const char *line, const struct statx *status)
{
  guint n_major, n_minor;
  guint64 inode;

  if (sscanf (line, "%*u: FLOCK %*s %*s %*d %x:%x:%" G_GINT64_MODIFIER "u", &n_major, &n_minor,
              &inode) != 3)
    return FALSE;

  /* A btrfs subvolume has a device number of its own, which the table does not contain. */
  return inode == status->stx_ino && n_major == status->stx_dev_major &&
         (n_minor == status->stx_dev_minor || n_major == 0);
}

/*
 * tm_proc_locks_contain:
 * @status: a file
 *
 * Returns: whether a process is known to hold a BSD lock on it
 */
gboolean
tm_proc_locks_contain (const struct statx *status)
{
  g_autofree char *table = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (LOCK_TABLE, &table, NULL, NULL))
    return FALSE;

  lines = g_strsplit (table, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (is_lock_of (lines[i], status))
      return TRUE;

  return FALSE;
}
