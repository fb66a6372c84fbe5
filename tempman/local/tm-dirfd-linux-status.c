/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-linux-private.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The status of files, by statx(), with its fallbacks. See tm-dirfd-linux.c. */

/* Where the C library is older than the call. */
#ifndef SYS_statx
#define SYS_statx TM_LINUX_NO_CALL
#endif

/* As struct statx_timestamp in linux/stat.h. */
typedef struct
{
  gint64 seconds;
  guint32 nanoseconds;
  gint32 reserved;
} KernelTime;

/* As struct statx in linux/stat.h. */
typedef struct
{
  guint32 mask;
  guint32 block_size;
  guint64 attributes;
  guint32 n_links;
  guint32 user;
  guint32 group;
  guint16 mode;
  guint16 reserved;
  guint64 inode;
  guint64 size;
  guint64 n_blocks;
  guint64 attributes_mask;
  KernelTime accessed;
  KernelTime created;
  KernelTime changed;
  KernelTime modified;
  guint32 special_major;
  guint32 special_minor;
  guint32 device_major;
  guint32 device_minor;
  guint64 mount;
  guint64 later_fields[13];
} KernelStatus;

G_STATIC_ASSERT (sizeof (KernelStatus) == 256);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KernelStatus, mount) == 0x90);

enum
{
  MASK_TYPE = 0x001,
  MASK_MODE = 0x002,
  MASK_USER = 0x008,
  MASK_ACCESSED = 0x020,
  MASK_MODIFIED = 0x040,
  MASK_CHANGED = 0x080,
  MASK_INODE = 0x100,
  MASK_BASIC = 0x7ff,
  MASK_CREATED = 0x800,
  MASK_MOUNT = 0x1000,
  MASK_UNIQUE_MOUNT = 0x4000,
};

enum
{
  ATTRIBUTE_IMMUTABLE = 0x10,
  ATTRIBUTE_APPEND_ONLY = 0x20,
  ATTRIBUTE_MOUNT_POINT = 0x2000,
};

/* How to use cached attributes: as fstatat(), never, or always. With SYNC_NEVER, the kernel sends
 * no request to a server. */
enum
{
  SYNC_AS_STAT = 0x0000,
  SYNC_ALWAYS = 0x2000,
  SYNC_NEVER = 0x4000,
};

#define STATUS_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)
#define MASK_FOR_AGE                                                                               \
  (MASK_TYPE | MASK_MODE | MASK_USER | MASK_INODE | MASK_ACCESSED | MASK_MODIFIED | MASK_CHANGED | \
   MASK_CREATED)

static int
call_statx (int dirfd, const char *name, int flags, guint mask, KernelStatus *status)
{
  return (int) RETRY_ON_EINTR (syscall (SYS_statx, dirfd, name, flags, mask, status));
}

static int
call_statx_on_root (void)
{
  KernelStatus status;

  return call_statx (AT_FDCWD, "/", SYNC_NEVER, MASK_TYPE, &status);
}

/* Since Linux 4.11. */
static TmLinuxCall statx_call = { FALSE, call_statx_on_root };

static TmTimestamp
timestamp_from_kernel (const KernelTime *time)
{
  return (TmTimestamp){ .seconds = time->seconds, .nanoseconds = time->nanoseconds };
}

static TmFileStatus
status_from_kernel (const KernelStatus *status)
{
  TmFileStatus converted = {
    .identity = { .device = makedev (status->device_major, status->device_minor),
                  .inode = status->inode },
    .mount = (status->mask & (MASK_MOUNT | MASK_UNIQUE_MOUNT)) != 0 ? status->mount : 0,
    .mount_is_unique = (status->mask & MASK_UNIQUE_MOUNT) != 0,
    .is_mount_point = (status->attributes & ATTRIBUTE_MOUNT_POINT) != 0,
    .is_fixed = (status->attributes & (ATTRIBUTE_IMMUTABLE | ATTRIBUTE_APPEND_ONLY)) != 0,
    .mode = status->mode,
    .owner = status->user,
    .size = status->size,
    .allocated = status->n_blocks * TM_DIRFD_BLOCK_SIZE,
    .n_links = status->n_links,
    .times = {
      .mask = TM_TIMES_ACCESSED | TM_TIMES_MODIFIED | TM_TIMES_CHANGED,
      .accessed = timestamp_from_kernel (&status->accessed),
      .modified = timestamp_from_kernel (&status->modified),
      .changed = timestamp_from_kernel (&status->changed),
      .created = timestamp_from_kernel (&status->created),
    },
  };

  if ((status->mask & MASK_CREATED) != 0)
    converted.times.mask |= TM_TIMES_CREATED;
  return converted;
}

/* Of a descriptor. @flags: how to use what is cached. */
static int
stat_opened (int fd, int flags, TmFileStatus *status_out)
{
  KernelStatus status;
  struct stat old_status;

  if (tm_linux_call_is_usable (&statx_call))
    {
      if (call_statx (fd, "", STATUS_FLAGS | flags, MASK_FOR_AGE, &status) == 0)
        {
          *status_out = status_from_kernel (&status);
          return 0;
        }
      if (!tm_linux_call_is_refused (&statx_call))
        return -1;
    }

  if (tm_dirfd_stat (fd, &old_status) < 0)
    return -1;

  *status_out = tm_file_status (&old_status);
  return 0;
}

/* The fallback where statx() does not report mount points, or cannot be used. */
static int
stat_through_pin (int dirfd, const char *name, int flags, TmFileStatus *status)
{
  int pin = tm_dirfd_open_beneath (dirfd, name, O_PATH);
  int result, errsv;

  if (pin < 0)
    return -1;

  result = stat_opened (pin, flags, status);
  errsv = errno;
  tm_dirfd_close (pin);
  errno = errsv;
  return result;
}

/*
 * tm_dirfd_is_mount_point:
 * @dirfd: a directory
 * @name: the name of an entry
 *
 * Returns: whether it is a mount point, on any kernel; errno is kept
 */
gboolean
tm_dirfd_is_mount_point (int dirfd, const char *name)
{
  int errsv = errno;
  int pin = tm_dirfd_open_beneath (dirfd, name, O_PATH);
  gboolean is_crossing = pin < 0 && errno == EXDEV;

  tm_dirfd_close (pin);
  errno = errsv;
  return is_crossing;
}

/*
 * tm_dirfd_stat_times:
 * @dirfd: a directory
 * @name: the name of an entry, or "" for @dirfd itself
 * @is_shared: whether other machines can change the directory, so that cached attributes are not
 *   valid
 * @status_out: (out caller-allocates): type, mode, owner, identity, times, and whether it is fixed;
 *   for a mount point only the type, or 0
 *
 * Gets the status of an entry without a request to a file system that is mounted in the directory.
 *
 * Returns: 0, or -1: `EXDEV` for a mount point
 */
int
tm_dirfd_stat_times (int dirfd, const char *name, gboolean is_shared, TmFileStatus *status_out)
{
  int flags = is_shared ? SYNC_ALWAYS : SYNC_AS_STAT;
  KernelStatus status;

  status_out->mode = 0;

  if (*name == '\0')
    return stat_opened (dirfd, flags, status_out);
  if (is_shared || !tm_linux_call_is_usable (&statx_call))
    return stat_through_pin (dirfd, name, flags, status_out);

  if (call_statx (dirfd, name, STATUS_FLAGS | SYNC_NEVER, MASK_FOR_AGE, &status) < 0)
    {
      if (tm_linux_call_is_refused (&statx_call))
        return stat_through_pin (dirfd, name, flags, status_out);

      /* The error may be of a mounted file system that only admits the user who mounted it. */
      if (errno != ENOENT && errno != ENOTDIR && tm_dirfd_is_mount_point (dirfd, name))
        errno = EXDEV;
      return -1;
    }

  *status_out = status_from_kernel (&status);
  if (status_out->is_mount_point)
    {
      errno = EXDEV;
      return -1;
    }

  /* Before Linux 5.8, statx() does not report mount points. */
  return (status.attributes_mask & ATTRIBUTE_MOUNT_POINT) != 0
             ? 0
             : stat_through_pin (dirfd, name, flags, status_out);
}

/* Gets the cached status of a file. The kernel accepts the flag since Linux 4.11, though only
 * statx() documents it. */
static int
stat_unsynced (int dirfd, const char *name, int flags, struct stat *status)
{
  int result;

  flags |= AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  result = RETRY_ON_EINTR (fstatat (dirfd, name, status, flags | SYNC_NEVER));
  if (result < 0 && errno == EINVAL)
    result = RETRY_ON_EINTR (fstatat (dirfd, name, status, flags));
  return result;
}

/*
 * tm_dirfd_stat_child:
 * @dirfd: a directory, or `AT_FDCWD` when @name is a path
 * @name: a name in it
 * @status: (out caller-allocates): the status of the file, or of the link itself
 *
 * Finds the identity of a file. Other attributes may be outdated, since they are cached: the server
 * of a file system that is mounted there may never answer.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_stat_child (int dirfd, const char *name, struct stat *status)
{
  return stat_unsynced (dirfd, name, 0, status);
}

static int
get_status_without_statx (int dirfd, const char *name, int flags, TmFileStatus *status_out)
{
  struct stat status;
  int result = (flags & SYNC_NEVER) != 0 ? stat_unsynced (dirfd, name, flags, &status)
                                         : tm_dirfd_stat (dirfd, &status);

  if (result == 0)
    *status_out = tm_file_status (&status);
  return result;
}

static int
get_status (int dirfd, const char *name, int flags, TmFileStatus *status_out)
{
  KernelStatus status;

  if (!tm_linux_call_is_usable (&statx_call))
    return get_status_without_statx (dirfd, name, flags, status_out);

  if (call_statx (dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | flags,
                  MASK_BASIC | MASK_MOUNT | MASK_UNIQUE_MOUNT, &status) < 0)
    return tm_linux_call_is_refused (&statx_call)
               ? get_status_without_statx (dirfd, name, flags, status_out)
               : -1;

  *status_out = status_from_kernel (&status);
  return 0;
}

/*
 * tm_dirfd_get_child_status:
 * @dirfd: a directory, or `AT_FDCWD` when @name is a path
 * @name: the name of an entry, or "" for @dirfd itself
 * @status_out: (out caller-allocates): the status of the file, or of the link itself
 *
 * Gets the status of a file without waiting for a server: one that is mounted under the name may
 * hang.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_get_child_status (int dirfd, const char *name, TmFileStatus *status_out)
{
  return get_status (dirfd, name, SYNC_NEVER | (*name == '\0' ? AT_EMPTY_PATH : 0), status_out);
}

/*
 * tm_dirfd_get_status:
 * @fd: a file
 * @status_out: (out caller-allocates): the status of the file
 *
 * Gets the status of a file that is about to be used, and asks its server: the root of a FUSE file
 * system has another inode number before the first request.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_get_status (int fd, TmFileStatus *status_out)
{
  return get_status (fd, "", AT_EMPTY_PATH, status_out);
}
