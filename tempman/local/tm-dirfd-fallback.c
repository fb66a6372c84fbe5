/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-private.h"

#include <errno.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* openat2() and statx(): a kernel may lack them, and a seccomp filter of a container or of the
 * program may forbid them. Each has a fallback here, which needs more calls. No other file checks
 * whether they work.
 *
 * They open and examine the entries of a directory without crossing a mount point. Only the kernel
 * can identify a mount point: a bind mount has the device number of its source, and a btrfs
 * subvolume has one of its own without being a mount. No function here sends a request to a file
 * system that is mounted in the directory, since its server may never answer. */

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U
#endif

typedef enum
{
  CALL_OPENAT2, /* Linux 5.6 */
  CALL_STATX,   /* Linux 4.11 */
} NewCall;

/* The kernel returns EAGAIN after a concurrent rename. A tracer or a filter may return it forever.
 */
#define MAX_OPENAT2_ATTEMPTS 32

/* With AT_STATX_DONT_SYNC, the kernel uses cached attributes and sends no request to a server. */
#define STATX_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)
#define STATX_MASK                                                                                 \
  (STATX_TYPE | STATX_MODE | STATX_UID | STATX_INO | STATX_ATIME | STATX_MTIME | STATX_CTIME |     \
   STATX_BTIME)

/* A bit for each NewCall that is refused; atomic. */
static guint refused_calls;

static gboolean
is_usable (NewCall call)
{
  return ((guint) g_atomic_int_get (&refused_calls) & (1U << call)) == 0;
}

/* Whether the call works on the root directory, which always exists, with arguments that no filter
 * forbids. */
static gboolean
works_on_root (NewCall call)
{
  struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC };
  struct statx status;
  int fd;

  switch (call)
    {
    case CALL_OPENAT2:
      fd = (int) syscall (SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
      if (fd < 0)
        return errno != ENOSYS && errno != EPERM;
      tm_dirfd_close (fd);
      return TRUE;

    case CALL_STATX:
    default:
      return statx (AT_FDCWD, "/", AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0 ||
             (errno != ENOSYS && errno != EPERM);
    }
}

/* Whether a call that has just failed is refused as such: the kernel lacks it (ENOSYS) or a filter
 * forbids it (EPERM). A program can install a filter at any time, so this is checked after a
 * failure and not once at the start. A file system can return the same for one file: only if the
 * call fails on the root directory too, it is refused, and not used again. Keeps errno. */
static gboolean
is_refused (NewCall call)
{
  int errsv = errno;
  gboolean refused = (errsv == ENOSYS || errsv == EPERM) && !works_on_root (call);

  if (refused)
    g_atomic_int_or (&refused_calls, 1U << call);
  errno = errsv;
  return refused;
}

static int
call_openat2 (int dirfd, const char *name, int flags)
{
  struct open_how how = {
    .flags = (guint64) (flags | O_NOFOLLOW | O_CLOEXEC),
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
  };
  guint n_attempts = 0;
  int fd;

  do
    fd = (int) syscall (SYS_openat2, dirfd, name, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++n_attempts < MAX_OPENAT2_ATTEMPTS)));

  return tm_dirfd_keep_off_standard_numbers (fd);
}

/* Returns the mount through which a descriptor was opened, or -1 with errno. /proc has it on every
 * kernel, also without openat2(). */
static gint64
get_mount_id (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fdinfo/%d", fd);
  char contents[256];
  const char *line;
  gssize length;
  int fdinfo = RETRY_ON_EINTR (open (path, O_RDONLY | O_CLOEXEC));

  if (fdinfo < 0)
    return -1;

  length = RETRY_ON_EINTR (read (fdinfo, contents, sizeof contents - 1));
  tm_dirfd_close (fdinfo);
  contents[MAX (length, 0)] = '\0';

  line = strstr (contents, "mnt_id:");
  if (line == NULL)
    {
      errno = ENOENT;
      return -1;
    }

  return g_ascii_strtoll (line + strlen ("mnt_id:"), NULL, 10);
}

/* Whether two descriptors were opened through the same mount; FALSE if unknown. */
gboolean
tm_dirfd_is_in_mount_of (int dirfd, int other)
{
  gint64 mount = get_mount_id (dirfd);

  return mount >= 0 && mount == get_mount_id (other);
}

/* Returns 0, or -1: `EXDEV` if @o_path was opened through another mount than @dirfd. */
static int
compare_mounts (int dirfd, int o_path)
{
  gint64 above = get_mount_id (dirfd);
  gint64 below = above < 0 ? -1 : get_mount_id (o_path);

  if (below >= 0 && below == above)
    return 0;

  /* If the mount is unknown, the file counts as a mount point and is kept. But if descriptors have
   * run out, the caller can close some. */
  if (below >= 0 || (errno != EMFILE && errno != ENFILE))
    errno = EXDEV;
  return -1;
}

/*
 * tm_dirfd_reopen_o_path:
 * @o_path: a descriptor opened with `O_PATH`
 * @flags: as of open()
 *
 * Opens the same file through its link in /proc, which needs no search permission on a directory,
 * unlike ".".
 *
 * Returns: a descriptor, or -1
 */
int
tm_dirfd_reopen_o_path (int o_path, int flags)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", o_path);
  int fd = RETRY_ON_EINTR (open (link, flags | O_CLOEXEC));

  if (fd < 0 && errno == EPERM && (flags & O_NOATIME) != 0)
    fd = RETRY_ON_EINTR (open (link, (flags & ~O_NOATIME) | O_CLOEXEC));
  return tm_dirfd_keep_off_standard_numbers (fd);
}

/* The fallback of openat2(). Opening an O_PATH descriptor first sends no request to a file system
 * behind a mount point. */
static int
pin_and_open (int dirfd, const char *name, int flags)
{
  int o_path = RETRY_ON_EINTR (
      openat (dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (flags & O_DIRECTORY)));
  int fd, errsv;

  if (o_path < 0)
    return -1;

  fd = compare_mounts (dirfd, o_path);
  if (fd == 0 && (flags & O_PATH) != 0)
    return tm_dirfd_keep_off_standard_numbers (o_path);
  if (fd == 0)
    fd = tm_dirfd_reopen_o_path (o_path, flags);

  errsv = errno;
  tm_dirfd_close (o_path);
  errno = errsv;
  return fd;
}

/* Calls openat2() without O_NOATIME if only the owner of the file may use that flag. */
static int
call_openat2_as_user (int dirfd, const char *name, int flags)
{
  int fd = call_openat2 (dirfd, name, flags);

  if (fd < 0 && errno == EPERM && (flags & O_NOATIME) != 0)
    fd = call_openat2 (dirfd, name, flags & ~O_NOATIME);
  return fd;
}

/*
 * tm_dirfd_open_beneath:
 * @dirfd: a directory
 * @name: the name of an entry, or "."
 * @flags: as of open(); `O_NOATIME` is ignored on files of other users
 *
 * Opens an entry of a directory without crossing a mount point. A link itself is opened, not its
 * target.
 *
 * Returns: a descriptor, or -1: `EXDEV` for a mount point
 */
int
tm_dirfd_open_beneath (int dirfd, const char *name, int flags)
{
  int fd;

  if (!is_usable (CALL_OPENAT2))
    return pin_and_open (dirfd, name, flags);

  fd = call_openat2_as_user (dirfd, name, flags);
  if (fd < 0 && (errno == EAGAIN || is_refused (CALL_OPENAT2)))
    fd = pin_and_open (dirfd, name, flags);
  return fd;
}

/*
 * tm_dirfd_open_descendant:
 * @dirfd: a directory
 * @names: the names of nested directories, separated by slashes
 * @flags: as of tm_dirfd_open_beneath()
 *
 * Opens the innermost of nested directories in one call. Follows no link and crosses no mount point
 * on the way, as if each was opened separately. Repairs no mode.
 *
 * No fallback does that in one call: openat() would follow links on the way, and ask the server of
 * a file system that is mounted there.
 *
 * Returns: a descriptor, or -1: `ENOSYS` if the kernel does not support it
 */
int
tm_dirfd_open_descendant (int dirfd, const char *names, int flags)
{
  int fd = -1;

  if (is_usable (CALL_OPENAT2))
    fd = call_openat2_as_user (dirfd, names, flags | O_DIRECTORY);
  else
    errno = ENOSYS;

  if (fd < 0 && is_refused (CALL_OPENAT2))
    errno = ENOSYS;
  return fd;
}

/*
 * tm_dirfd_open_without_links:
 * @path: an absolute path
 * @flags: `O_DIRECTORY`; `O_NOFOLLOW` to open a link that is its last component; or 0
 *
 * Opens a path without links in one call.
 *
 * Returns: an `O_PATH` descriptor, or -1: `ELOOP` if the path contains a link, or if that is
 *   unknown
 */
int
tm_dirfd_open_without_links (const char *path, int flags)
{
  struct open_how how = {
    .flags = (guint64) (O_PATH | O_CLOEXEC | flags),
    .resolve = RESOLVE_NO_SYMLINKS,
  };

  int fd = -1;

  if (is_usable (CALL_OPENAT2))
    fd = tm_dirfd_keep_off_standard_numbers (
        (int) RETRY_ON_EINTR (syscall (SYS_openat2, AT_FDCWD, path, &how, sizeof how)));
  else
    errno = ELOOP;

  /* Each of these can also be due to the call itself. */
  if (fd < 0 && (errno == EAGAIN || errno == ENOSYS || errno == EPERM))
    {
      is_refused (CALL_OPENAT2);
      errno = ELOOP;
    }
  return fd;
}

static struct statx_timestamp
statx_timestamp (const struct timespec *time)
{
  return (struct statx_timestamp){ .tv_sec = time->tv_sec, .tv_nsec = (guint32) time->tv_nsec };
}

/* Of a descriptor. @flags: how to use what is cached. */
static int
stat_opened (int fd, int flags, struct statx *status)
{
  struct stat old_status;

  if (is_usable (CALL_STATX))
    {
      int result = RETRY_ON_EINTR (statx (fd, "", STATX_FLAGS | flags, STATX_MASK, status));

      if (result == 0 || !is_refused (CALL_STATX))
        return result;
    }

  if (tm_dirfd_stat (fd, &old_status) < 0)
    return -1;

  *status = (struct statx){
    .stx_mask = STATX_MASK & ~STATX_BTIME,
    .stx_mode = (guint16) old_status.st_mode,
    .stx_uid = old_status.st_uid,
    .stx_ino = old_status.st_ino,
    .stx_dev_major = major (old_status.st_dev),
    .stx_dev_minor = minor (old_status.st_dev),
    .stx_atime = statx_timestamp (&old_status.st_atim),
    .stx_mtime = statx_timestamp (&old_status.st_mtim),
    .stx_ctime = statx_timestamp (&old_status.st_ctim),
  };
  return 0;
}

/* The fallback where statx() does not report mount points, or cannot be used. */
static int
stat_through_o_path (int dirfd, const char *name, int flags, struct statx *status)
{
  int o_path = tm_dirfd_open_beneath (dirfd, name, O_PATH);
  int result, errsv;

  if (o_path < 0)
    return -1;

  result = stat_opened (o_path, flags, status);
  errsv = errno;
  tm_dirfd_close (o_path);
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
  int o_path = tm_dirfd_open_beneath (dirfd, name, O_PATH);
  gboolean is_crossing = o_path < 0 && errno == EXDEV;

  tm_dirfd_close (o_path);
  errno = errsv;
  return is_crossing;
}

/*
 * tm_dirfd_stat_times:
 * @dirfd: a directory
 * @name: the name of an entry, or "" for @dirfd itself
 * @is_shared: whether other machines can change the directory, so that cached attributes are not
 *   valid
 * @status: (out caller-allocates): type, mode, owner, inode, device and times, no other fields; for
 *   a mount point only the type, or 0
 *
 * Gets the status of an entry without a request to a file system that is mounted in the directory.
 *
 * Returns: 0, or -1: `EXDEV` for a mount point
 */
int
tm_dirfd_stat_times (int dirfd, const char *name, gboolean is_shared, struct statx *status)
{
  int flags = is_shared ? AT_STATX_FORCE_SYNC : AT_STATX_SYNC_AS_STAT;
  int result;

  status->stx_mode = 0;

  if (*name == '\0')
    return stat_opened (dirfd, flags, status);
  if (is_shared || !is_usable (CALL_STATX))
    return stat_through_o_path (dirfd, name, flags, status);

  result =
      RETRY_ON_EINTR (statx (dirfd, name, STATX_FLAGS | AT_STATX_DONT_SYNC, STATX_MASK, status));
  if (result == 0 && (status->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
    {
      errno = EXDEV;
      return -1;
    }

  /* Before Linux 5.8, statx() does not report mount points. */
  if (result == 0 ? (status->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0
                  : is_refused (CALL_STATX))
    return stat_through_o_path (dirfd, name, flags, status);

  /* The error may be of a mounted file system that only admits the user who mounted it. */
  if (result < 0 && errno != ENOENT && errno != ENOTDIR && tm_dirfd_is_mount_point (dirfd, name))
    errno = EXDEV;
  return result;
}

/* Gets the cached status of a file. The kernel accepts the flag since Linux 4.11, though only
 * statx() documents it. */
static int
stat_unsynced (int dirfd, const char *name, int flags, struct stat *status)
{
  int result;

  flags |= AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  result = RETRY_ON_EINTR (fstatat (dirfd, name, status, flags | AT_STATX_DONT_SYNC));
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
  int result = (flags & AT_STATX_DONT_SYNC) != 0 ? stat_unsynced (dirfd, name, flags, &status)
                                                 : tm_dirfd_stat (dirfd, &status);

  if (result == 0)
    *status_out = tm_file_status (&status);
  return result;
}

static int
get_status (int dirfd, const char *name, int flags, TmFileStatus *status_out)
{
  struct statx status;

  if (!is_usable (CALL_STATX))
    return get_status_without_statx (dirfd, name, flags, status_out);

  if (RETRY_ON_EINTR (statx (dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | flags,
                             STATX_BASIC_STATS | STATX_MNT_ID | STATX_MNT_ID_UNIQUE, &status)) < 0)
    return is_refused (CALL_STATX) ? get_status_without_statx (dirfd, name, flags, status_out) : -1;

  *status_out = (TmFileStatus){
    .identity = { .device = makedev (status.stx_dev_major, status.stx_dev_minor),
                  .inode = status.stx_ino },
    .mount = (status.stx_mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)) != 0 ? status.stx_mnt_id : 0,
    .mount_is_unique = (status.stx_mask & STATX_MNT_ID_UNIQUE) != 0,
    .is_mount_point = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
    .mode = status.stx_mode,
    .owner = status.stx_uid,
    .size = status.stx_size,
    .allocated = status.stx_blocks * TM_DIRFD_BLOCK_SIZE,
    .n_links = status.stx_nlink,
    .modified = status.stx_mtime,
  };
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
  return get_status (dirfd, name, AT_STATX_DONT_SYNC | (*name == '\0' ? AT_EMPTY_PATH : 0),
                     status_out);
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
