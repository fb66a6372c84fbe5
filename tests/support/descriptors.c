/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "descriptors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The descriptor of this process that leads to @path, or -1. */
int
find_descriptor (const char *path)
{
  struct stat wanted, status;

  g_assert_no_errno (stat (path, &wanted));
  for (int fd = 0; fd < 1024; fd++)
    if (fstat (fd, &status) == 0 && status.st_ino == wanted.st_ino &&
        status.st_dev == wanted.st_dev)
      return fd;

  return -1;
}

/* Other code closes @fd by mistake, and opens a directory that gets its number: one whose contents
 * must not be lost. Returns a copy of the earlier descriptor, to restore it. */
int
replace_descriptor (int fd, const char *victim)
{
  int saved = fcntl (fd, F_DUPFD_CLOEXEC, 100);
  int other = open (victim, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_no_errno (saved);
  g_assert_no_errno (other);
  g_assert_no_errno (dup3 (other, fd, O_CLOEXEC));
  close (other);
  return saved;
}

void
put_descriptor_back (int fd, int saved)
{
  g_assert_no_errno (dup3 (saved, fd, O_CLOEXEC));
  close (saved);
}

gboolean
descriptor_is (int fd, const char *path)
{
  struct stat wanted, status;

  return stat (path, &wanted) == 0 && fstat (fd, &status) == 0 && status.st_ino == wanted.st_ino &&
         status.st_dev == wanted.st_dev;
}
