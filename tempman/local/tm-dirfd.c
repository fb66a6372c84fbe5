/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The calls that every Unix has. */

/* Takes ownership of @fd, and returns a number above the standard ones. In a program that has
 * closed a standard descriptor, the next file gets its number, and dup2(devnull, 1), for example,
 * then closes that file. */
int
tm_dirfd_keep_off_standard_numbers (int fd)
{
  int higher, errsv;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;

  higher = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  errsv = errno;
  tm_dirfd_close (fd);
  errno = errsv;
  return higher;
}

int
tm_dirfd_open_at (int dirfd, const char *name, int flags)
{
  return tm_dirfd_keep_off_standard_numbers (
      RETRY_ON_EINTR (openat (dirfd, name, flags | O_CLOEXEC)));
}

static int
open_directory_at (int dirfd, const char *name, int flags)
{
  return tm_dirfd_open_beneath (dirfd, name, flags | O_DIRECTORY);
}

/*
 * tm_dirfd_open:
 * @path: an absolute path
 * @flags: `O_DIRECTORY`, or 0
 *
 * Opens a path and follows all links, for the start of a walk. All other paths are opened by
 * tm_path_open().
 *
 * Returns: a pin, or -1
 */
int
tm_dirfd_open (const char *path, int flags)
{
  return tm_dirfd_keep_off_standard_numbers (
      RETRY_ON_EINTR (open (path, TM_O_PIN | O_CLOEXEC | flags)));
}

/*
 * tm_dirfd_open_child:
 * @dirfd: a directory
 * @name: the name of an entry
 * @flags: 0, or `TM_O_KEEP_ATIME`
 * @repaired_mode: (out) (optional): the previous mode if it was repaired, else
 *   `TM_DIRFD_MODE_UNTOUCHED`
 *
 * Opens a sub-directory for reading, without following a link and without crossing a mount point.
 * Repairs its mode if that denies its owner access, but not the mode of @dirfd.
 *
 * Returns: a descriptor, or -1: `EXDEV` for a mount point, `ENOTDIR` for a file of another type
 */
int
tm_dirfd_open_child (int dirfd, const char *name, int flags, mode_t *repaired_mode)
{
  int fd;

  if (repaired_mode != NULL)
    *repaired_mode = TM_DIRFD_MODE_UNTOUCHED;

  fd = open_directory_at (dirfd, name, O_RDONLY | flags);

  if (fd < 0 && errno == EACCES)
    fd = tm_dirfd_open_repaired (dirfd, name, flags, repaired_mode);

  return fd;
}

/*
 * tm_dirfd_reopen:
 * @dirfd: a directory
 *
 * Opens the same directory again for reading, with its own position: duplicates of a descriptor
 * share the position.
 *
 * Returns: a descriptor, or -1
 */
int
tm_dirfd_reopen (int dirfd)
{
  return tm_dirfd_open_at (dirfd, ".", O_RDONLY | O_DIRECTORY);
}

/*
 * tm_dirfd_open_file:
 * @dirfd: a directory
 * @name: the name of a regular file
 *
 * Opens a file to try its lock, without setting its access time if permitted. If another process
 * has replaced it by a FIFO or a device, the call does not wait for that.
 *
 * Returns: a descriptor, or -1: `EWOULDBLOCK` if a process holds a lease on the file
 */
int
tm_dirfd_open_file (int dirfd, const char *name)
{
  int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  int fd = tm_dirfd_open_beneath (dirfd, name, flags | TM_O_KEEP_ATIME);

  return fd < 0 && errno == EPERM ? tm_dirfd_open_beneath (dirfd, name, flags) : fd;
}

/*
 * tm_dirfd_open_unchanged:
 * @dirfd: a directory
 * @name: the name of an entry, or "." for @dirfd itself
 *
 * Opens a sub-directory for reading as tm_dirfd_open_child(), but changes neither its mode nor, if
 * permitted, its access time.
 *
 * Returns: a descriptor with a position of its own, or -1
 */
int
tm_dirfd_open_unchanged (int dirfd, const char *name)
{
  return open_directory_at (dirfd, name, O_RDONLY | TM_O_KEEP_ATIME);
}

/* Whether a directory of @owner can be read without setting its access time. */
gboolean
tm_dirfd_keeps_atime (uid_t owner)
{
  return TM_O_KEEP_ATIME != 0 && owner == tm_dirfd_get_user ();
}

/* Whether reading the directory through this descriptor keeps its access time. */
gboolean
tm_dirfd_leaves_no_trace (int dirfd)
{
  int flags = fcntl (dirfd, F_GETFL);

  return flags >= 0 && (flags & TM_O_KEEP_ATIME) != 0;
}

/*
 * tm_dirfd_find_write_error:
 * @dirfd: a directory
 * @name: the name of a directory in it, or "." for @dirfd itself
 *
 * Asks the kernel whether the calling thread can remove entries from a directory, apart from the
 * permissions that depend on the entry.
 *
 * Returns: 0 if it can or if that is unknown; otherwise `EACCES` or `EROFS`
 */
int
tm_dirfd_find_write_error (int dirfd, const char *name)
{
  if (RETRY_ON_EINTR (faccessat (dirfd, name, W_OK | X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW)) == 0)
    return 0;

  /* A seccomp filter that does not know the call returns EPERM. */
  return errno == EACCES || errno == EROFS ? errno : 0;
}

/*
 * tm_dirfd_count_spare:
 * @dirfd: a descriptor
 *
 * Returns: the approximate number of descriptors that the process can still open: the kernel always
 *   assigns the lowest free number, so few numbers above it are in use
 */
guint
tm_dirfd_count_spare (int dirfd)
{
  struct rlimit limit;
  int next = fcntl (dirfd, F_DUPFD_CLOEXEC, 0);

  if (next < 0 || getrlimit (RLIMIT_NOFILE, &limit) < 0)
    {
      tm_dirfd_close (next);
      return 0;
    }

  tm_dirfd_close (next);
  return limit.rlim_cur > (rlim_t) next ? (guint) MIN (limit.rlim_cur - (rlim_t) next, G_MAXINT)
                                        : 0;
}

void
tm_dirfd_close (int dirfd)
{
  if (dirfd >= 0)
    close (dirfd);
}

/*
 * tm_dirfd_is_gone:
 * @error_number: why a call failed for a file
 *
 * A server returns `ESTALE` for a file that another machine has removed, as does FUSE for one that
 * another process has removed.
 *
 * Returns: whether it means that the file does not exist any more
 */
gboolean
tm_dirfd_is_gone (int error_number)
{
  return error_number == ENOENT || error_number == ESTALE;
}

/*
 * tm_dirfd_find_cause:
 * @dirfd: a directory
 * @name: the name of an entry in it
 * @error_number: why a call for the entry failed
 *
 * Finds out what is stale if the reason is `ESTALE`: the entry, or the directory, which the server
 * does not know any more. The kernel may still remember a name that another process removes at
 * this moment.
 *
 * Returns: the reason: `ENOENT` for an entry that is gone
 */
int
tm_dirfd_find_cause (int dirfd, const char *name, int error_number)
{
  TmFileStatus status;

  if (error_number != ESTALE || tm_dirfd_stat_times (dirfd, name, TRUE, &status) == 0)
    return error_number;
  if (errno != ESTALE)
    return errno;

  return tm_dirfd_stat_times (dirfd, "", TRUE, &status) == 0 ? ENOENT : ESTALE;
}

int
tm_dirfd_make (int dirfd, const char *name, mode_t mode)
{
  return RETRY_ON_EINTR (mkdirat (dirfd, name, mode));
}

/*
 * tm_dirfd_make_file:
 * @dirfd: a directory
 * @name: the name of the new file
 * @mode: its mode
 *
 * Creates an empty file.
 *
 * Returns: 0, or -1: `EEXIST` if anything has this name
 */
int
tm_dirfd_make_file (int dirfd, const char *name, mode_t mode)
{
  int fd = RETRY_ON_EINTR (
      openat (dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));

  if (fd < 0)
    return -1;

  close (fd);
  return 0;
}

/*
 * tm_dirfd_remove:
 * @dirfd: a directory
 * @name: the name of an empty directory in it
 *
 * Removes an empty directory.
 *
 * Returns: 0, or -1: `ENOTEMPTY` if it is not empty
 */
int
tm_dirfd_remove (int dirfd, const char *name)
{
  int result = RETRY_ON_EINTR (unlinkat (dirfd, name, AT_REMOVEDIR));

  /* POSIX allows either errno. */
  if (result < 0 && errno == EEXIST)
    errno = ENOTEMPTY;

  return result;
}

/*
 * tm_dirfd_link:
 * @dirfd: a directory
 * @name: the name of an entry of it that is not a directory; a link is not followed
 * @new_name: a second name for the file
 *
 * Returns: 0, or -1: `EEXIST` if another file has the name, `EPERM` for a directory or a file
 *   system without hard links
 */
int
tm_dirfd_link (int dirfd, const char *name, const char *new_name)
{
  return RETRY_ON_EINTR (linkat (dirfd, name, dirfd, new_name, 0));
}

/* Returns: the position of the next tm_dirfd_read(), for tm_dirfd_seek() on any descriptor of the
 * same directory */
off_t
tm_dirfd_tell (int dirfd)
{
  return lseek (dirfd, 0, SEEK_CUR);
}

int
tm_dirfd_seek (int dirfd, off_t position)
{
  return lseek (dirfd, position, SEEK_SET) < 0 ? -1 : 0;
}

/*
 * tm_dirfd_lock:
 * @dirfd: a directory
 * @operation: `LOCK_SH` or `LOCK_EX`
 *
 * Acquires a BSD lock without waiting. It is held until all duplicates of the descriptor are
 * closed, including those of forked children. The lock of an owner is never released explicitly,
 * since that would release it for all of them.
 *
 * Returns: 0, or -1: `EWOULDBLOCK` if another process holds a lock that excludes this one
 */
int
tm_dirfd_lock (int dirfd, int operation)
{
  return RETRY_ON_EINTR (flock (dirfd, operation | LOCK_NB));
}

/* Releases the lock of a cleaner or a list, also for forked children, which have a copy of the
 * descriptor and would keep the lock. */
void
tm_dirfd_unlock (int dirfd)
{
  RETRY_ON_EINTR (flock (dirfd, LOCK_UN));
}

int
tm_dirfd_stat (int dirfd, struct stat *status)
{
  return RETRY_ON_EINTR (fstat (dirfd, status));
}

/*
 * tm_dirfd_check:
 * @fd: a descriptor that was kept
 * @identity: the identity of the file for which it was opened
 *
 * Verifies that a descriptor still refers to the file. Code that closes a descriptor twice closes
 * the file that has the number by then, and the next file gets that number. Asks no server, since
 * the release of a directory must not wait for one that hangs.
 *
 * Returns: 0, or -1: `EBADF` if it does not, or another errno if that is unknown
 */
int
tm_dirfd_check (int fd, TmFileIdentity identity)
{
  TmFileStatus status;

  if (tm_dirfd_get_child_status (fd, "", &status) < 0)
    return -1;

  if (!tm_file_identity_equal (status.identity, identity))
    {
      errno = EBADF;
      return -1;
    }

  return 0;
}

/*
 * tm_dirfd_get_free_space:
 * @dirfd: a directory
 * @free_space: (out): the bytes that users other than root can still use, or %G_MAXUINT64 if the
 *   file system has no size, such as ramfs, a tmpfs without a limit or many of FUSE: it does not
 *   tell that it is full
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_get_free_space (int dirfd, guint64 *free_space)
{
  struct statvfs status;

  if (RETRY_ON_EINTR (fstatvfs (dirfd, &status)) < 0)
    return -1;

  if (status.f_blocks == 0 ||
      !g_uint64_checked_mul (free_space, status.f_bavail,
                             status.f_frsize > 0 ? status.f_frsize : status.f_bsize))
    *free_space = G_MAXUINT64;
  return 0;
}

/*
 * tm_dirfd_set_mode:
 * @dirfd: a directory, which may be a pin
 * @current: its current mode, from tm_dirfd_stat()
 * @mode: its new permission bits
 *
 * Changes the permission bits of a directory. Makes no call if they are the same already: some file
 * systems refuse every change.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_set_mode (int dirfd, mode_t current, mode_t mode)
{
  return (current & 07777) == mode ? 0 : tm_dirfd_change_mode (dirfd, mode);
}

/*
 * tm_dirfd_restore_mode:
 * @dirfd: a directory, which may be a pin
 * @left: the permission bits that this process has set
 * @mode: the previous permission bits
 *
 * Restores the mode of a directory. If the mode is not @left, another process has changed it since,
 * and it is kept.
 */
void
tm_dirfd_restore_mode (int dirfd, mode_t left, mode_t mode)
{
  struct stat status;

  if (left != mode && tm_dirfd_stat (dirfd, &status) == 0 && (status.st_mode & 07777) == left)
    tm_dirfd_set_mode (dirfd, status.st_mode, mode);
}

static struct timespec
timespec_from_timestamp (TmTimestamp timestamp)
{
  return (struct timespec){ .tv_sec = (time_t) timestamp.seconds,
                            .tv_nsec = (long) timestamp.nanoseconds };
}

/*
 * tm_dirfd_set_times:
 * @dirfd: a directory
 * @accessed: (nullable): its new access time, or %NULL to keep it
 * @modified: (nullable): its new modification time, or %NULL for the present
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_set_times (int dirfd, const TmTimestamp *accessed, const TmTimestamp *modified)
{
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };

  if (accessed != NULL)
    times[0] = timespec_from_timestamp (*accessed);
  if (modified != NULL)
    times[1] = timespec_from_timestamp (*modified);
  return RETRY_ON_EINTR (futimens (dirfd, times));
}

int
tm_dirfd_set_access_time (int dirfd, TmTimestamp accessed)
{
  const struct timespec times[2] = { timespec_from_timestamp (accessed),
                                     { .tv_nsec = UTIME_OMIT } };

  return RETRY_ON_EINTR (futimens (dirfd, times));
}

/* Sets both times to the present: by the clock of the server, or of this machine. */
int
tm_dirfd_touch (int dirfd)
{
  return RETRY_ON_EINTR (futimens (dirfd, NULL));
}

/*
 * tm_dirfd_make_usable:
 * @dirfd: a directory of this user; it may be a pin
 * @status: its status
 *
 * Gives its owner the permissions to list, enter and empty it.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_make_usable (int dirfd, const struct stat *status)
{
  int result =
      tm_dirfd_set_mode (dirfd, status->st_mode, (status->st_mode & 07777) | TM_DIRFD_MODE_USABLE);

  /* Without /proc, the mode of a pin cannot be changed. ENOENT would mean that the
   * directory does not exist. */
  if (result < 0 && errno == ENOENT)
    errno = EACCES;
  return result;
}

/*
 * tm_dirfd_may_repair_mode:
 * @status: a file
 *
 * The kernel checks the file system user ID of the thread, which can differ from the effective one,
 * as in a server that acts for its clients.
 *
 * Returns: whether it is a directory of this user that lacks permissions for its owner
 */
gboolean
tm_dirfd_may_repair_mode (const struct stat *status)
{
  return S_ISDIR (status->st_mode) && status->st_uid == tm_dirfd_get_user () &&
         (status->st_mode & TM_DIRFD_MODE_USABLE) != TM_DIRFD_MODE_USABLE;
}

/*
 * tm_dirfd_repair_mode:
 * @dirfd: a directory, which may be a pin
 *
 * Gives the owner of a directory the permissions to list, enter and empty it, if that is the user
 * of this thread. The mode of other files and of directories of other users is never changed. Only
 * for a directory that is to be deleted.
 *
 * Returns: %TRUE when the mode was changed, so that a call that failed with `EACCES` can be
 *   repeated; else %FALSE with errno: `EACCES` if no change is needed or permitted
 */
gboolean
tm_dirfd_repair_mode (int dirfd)
{
  struct stat status;

  if (tm_dirfd_stat (dirfd, &status) < 0)
    return FALSE;

  if (!tm_dirfd_may_repair_mode (&status))
    {
      errno = EACCES;
      return FALSE;
    }

  return tm_dirfd_make_usable (dirfd, &status) == 0;
}

TmFileIdentity
tm_file_identity (const struct stat *status)
{
  return (TmFileIdentity){ .device = status->st_dev, .inode = status->st_ino };
}

static TmTimestamp
timestamp_from_timespec (struct timespec time)
{
  return (TmTimestamp){ .seconds = time.tv_sec, .nanoseconds = (guint32) time.tv_nsec };
}

/* Those that POSIX has. */
TmTimes
tm_file_times (const struct stat *status)
{
  return (TmTimes){
    .mask = TM_TIMES_ACCESSED | TM_TIMES_MODIFIED | TM_TIMES_CHANGED,
    .accessed = timestamp_from_timespec (status->TM_CONFIG_ST_ATIM),
    .modified = timestamp_from_timespec (status->TM_CONFIG_ST_MTIM),
    .changed = timestamp_from_timespec (status->TM_CONFIG_ST_CTIM),
  };
}

/* As tm_dirfd_get_child_status(), without the fields that POSIX does not have. */
TmFileStatus
tm_file_status (const struct stat *status)
{
  return (TmFileStatus){
    .identity = tm_file_identity (status),
    .mode = status->st_mode,
    .owner = status->st_uid,
    .size = (guint64) status->st_size,
    .allocated = (guint64) status->st_blocks * TM_DIRFD_BLOCK_SIZE,
    .n_links = (guint) status->st_nlink,
    .times = tm_file_times (status),
  };
}

gboolean
tm_file_identity_equal (TmFileIdentity a, TmFileIdentity b)
{
  return a.device == b.device && a.inode == b.inode;
}

/*
 * tm_dirfd_is_beneath:
 * @dirfd: a directory, which may be a pin
 * @top: the identity of another directory
 *
 * Looks for @top among the ancestors of @dirfd, by identity: links and bind mounts make no
 * difference. Stops at a directory that this process cannot search, and does not change its mode.
 *
 * Returns: whether @dirfd is @top or is found to be in it
 */
gboolean
tm_dirfd_is_beneath (int dirfd, TmFileIdentity top)
{
  TmFileIdentity previous = { 0, 0 };
  TmFileStatus status;
  gboolean found = FALSE;
  int fd = dirfd;

  while (fd >= 0 && !found && tm_dirfd_get_child_status (fd, "", &status) == 0)
    {
      TmFileIdentity current = status.identity;
      int above;

      found = tm_file_identity_equal (current, top);

      /* The parent of the root of the file system is itself. */
      if (tm_file_identity_equal (current, previous))
        break;

      previous = current;
      above = tm_dirfd_pin_directory (fd, "..");
      if (fd != dirfd)
        tm_dirfd_close (fd);
      fd = above;
    }

  if (fd != dirfd)
    tm_dirfd_close (fd);
  return found;
}

/* Reserves room for @size bytes, and keeps the content. */
void
tm_dir_entries_reserve (TmDirEntries *entries, gsize size)
{
  if (entries->size >= size)
    return;

  entries->records = g_realloc (entries->records, size);
  entries->size = size;
}

/* Empties the buffer and frees its memory. */
void
tm_dir_entries_clear (TmDirEntries *entries)
{
  g_free (entries->records);
  *entries = (TmDirEntries){ 0 };
}
