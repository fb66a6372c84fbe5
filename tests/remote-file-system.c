/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Under the names of the C library's functions, each a symbol of its own below. */
#undef _FILE_OFFSET_BITS

#include "remote-file-system.h"

#include <gio/gio.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The function by which GIO tells the type of a file system, defined in the program under both its
 * names: the dynamic linker takes these for every caller. */

static gint is_remote; /* atomic */

/*
 * pretend_remote:
 * @remote: whether every file system is to look like NFS from now on
 */
void
pretend_remote (gboolean remote)
{
  g_atomic_int_set (&is_remote, remote);
}

/* Newer versions of GLib look a file system up in the table of mounts to tell whether it is remote:
 * they cannot be deceived so. */
gboolean
skip_unless_deceived (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info = NULL;

  pretend_remote (TRUE);
  info = g_file_query_filesystem_info (file, G_FILE_ATTRIBUTE_FILESYSTEM_REMOTE, NULL, NULL);
  pretend_remote (FALSE);
  g_assert_nonnull (info);
  if (g_file_info_get_attribute_boolean (info, G_FILE_ATTRIBUTE_FILESYSTEM_REMOTE))
    return FALSE;

  g_test_skip ("this GLib goes by the table of mounts, and none of a remote file system is there");
  return TRUE;
}

static int
stat_file_system (const char *path, struct statfs *status)
{
  int result = (int) syscall (SYS_statfs, path, status);

  if (result == 0 && g_atomic_int_get (&is_remote))
    status->f_type = NFS_SUPER_MAGIC;

  return result;
}

int
statfs (const char *path, struct statfs *status)
{
  return stat_file_system (path, status);
}

int statfs64_by_name (const char *path, struct statfs *status) __asm__("statfs64");

int
statfs64_by_name (const char *path, struct statfs *status)
{
  return stat_file_system (path, status);
}
