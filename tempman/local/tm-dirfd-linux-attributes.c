/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-private.h"

#include <errno.h>
#include <sys/ioctl.h>

/* The attributes that chattr sets, and the flag of a read-only snapshot of btrfs. */

/* As FS_IOC_GETFLAGS and FS_IOC_SETFLAGS in linux/fs.h, which not every system has. The kernel
 * reads and writes an int, although the type of the request is long. */
#define GET_FLAGS _IOR ('f', 1, long)
#define SET_FLAGS _IOW ('f', 2, long)

/* As BTRFS_IOC_SUBVOL_GETFLAGS, BTRFS_IOC_SUBVOL_SETFLAGS and BTRFS_SUBVOL_RDONLY in linux/btrfs.h.
 */
#define GET_SUBVOLUME_FLAGS _IOR (0x94, 25, guint64)
#define SET_SUBVOLUME_FLAGS _IOW (0x94, 26, guint64)
#define SUBVOLUME_READ_ONLY ((guint64) 1 << 1)

/* The inode number of the top of each subvolume: BTRFS_FIRST_FREE_OBJECTID in linux/btrfs_tree.h.
 */
#define SUBVOLUME_INODE 256

static int
get_flags (int fd, int *flags)
{
  return RETRY_ON_EINTR (ioctl (fd, GET_FLAGS, flags));
}

/* Whether @fd is the top of a subvolume, and the flags of that. */
static gboolean
get_subvolume_flags (int fd, const struct stat *status, guint64 *flags)
{
  TmFileSystemType type;

  return S_ISDIR (status->st_mode) && status->st_ino == SUBVOLUME_INODE &&
         tm_dirfd_get_file_system_type (fd, &type) == 0 && type == TM_FILE_SYSTEM_BTRFS &&
         RETRY_ON_EINTR (ioctl (fd, GET_SUBVOLUME_FLAGS, flags)) == 0;
}

/*
 * tm_dirfd_get_attributes:
 * @fd: a file or directory, opened for reading
 * @status: its status
 *
 * Gets the attributes that keep a file, or the entries of a directory, from being deleted.
 *
 * Returns: bits of #TmAttributes; 0 also on a file system without attributes
 */
guint
tm_dirfd_get_attributes (int fd, const struct stat *status)
{
  guint attributes = 0;
  guint64 subvolume_flags;
  int flags;

  if (get_flags (fd, &flags) == 0)
    attributes = (guint) flags & (TM_ATTRIBUTE_IMMUTABLE | TM_ATTRIBUTE_APPEND_ONLY);
  if (get_subvolume_flags (fd, status, &subvolume_flags) &&
      (subvolume_flags & SUBVOLUME_READ_ONLY) != 0)
    attributes |= TM_ATTRIBUTE_READ_ONLY_SUBVOLUME;

  return attributes;
}

static int
change_flags (int fd, guint changed, gboolean is_set)
{
  int flags;

  if (get_flags (fd, &flags) < 0)
    return -1;

  flags = is_set ? flags | (int) changed : flags & ~(int) changed;
  return RETRY_ON_EINTR (ioctl (fd, SET_FLAGS, &flags));
}

static int
change_subvolume (int fd, gboolean is_read_only)
{
  guint64 flags;

  if (RETRY_ON_EINTR (ioctl (fd, GET_SUBVOLUME_FLAGS, &flags)) < 0)
    return -1;

  flags = is_read_only ? flags | SUBVOLUME_READ_ONLY : flags & ~SUBVOLUME_READ_ONLY;
  return RETRY_ON_EINTR (ioctl (fd, SET_SUBVOLUME_FLAGS, &flags));
}

/*
 * tm_dirfd_change_attributes:
 * @fd: a file or directory, opened for reading
 * @attributes: bits of #TmAttributes
 * @is_set: whether to set or to clear them
 *
 * Changes these attributes and no others.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_change_attributes (int fd, guint attributes, gboolean is_set)
{
  guint flags = attributes & (TM_ATTRIBUTE_IMMUTABLE | TM_ATTRIBUTE_APPEND_ONLY);
  int result = 0;

  /* A read-only subvolume accepts no other change. */
  if (!is_set && (attributes & TM_ATTRIBUTE_READ_ONLY_SUBVOLUME) != 0)
    result = change_subvolume (fd, FALSE);
  if (result == 0 && flags != 0)
    result = change_flags (fd, flags, is_set);
  if (result == 0 && is_set && (attributes & TM_ATTRIBUTE_READ_ONLY_SUBVOLUME) != 0)
    result = change_subvolume (fd, TRUE);

  return result;
}
