/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Under the names of the C library's functions, each a symbol of its own below. */
#undef _FILE_OFFSET_BITS

#include "remote-file-system.h"

#include <dlfcn.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The functions by which GIO tells whether a file system is remote, defined in the program: the
 * dynamic linker takes these for every caller. Which of them that is depends on the version of
 * GLib, and on how it was compiled. */

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

/* Before, it did not tell the type. */
#if __GLIBC_PREREQ(2, 39)
static int
stat_volume (const char *path, struct statvfs *status)
{
  int (*next) (const char *, struct statvfs *) = dlsym (RTLD_NEXT, "statvfs");
  int result = next (path, status);

  if (result == 0 && g_atomic_int_get (&is_remote))
    status->f_type = NFS_SUPER_MAGIC;

  return result;
}

int
statvfs (const char *path, struct statvfs *status)
{
  return stat_volume (path, status);
}

int statvfs64_by_name (const char *path, struct statvfs *status) __asm__("statvfs64");

int
statvfs64_by_name (const char *path, struct statvfs *status)
{
  return stat_volume (path, status);
}
#endif
