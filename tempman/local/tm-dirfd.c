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
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <unistd.h>

/* A program that lacks one of the three standard descriptors gets its number for the next file that
 * is opened, and then closes it, as `dup2 (devnull, 1)` does. Takes @fd over. */
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

static int
open_at (int dirfd, const char *name, int flags)
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
 * Opens what a path leads to, through any link: for the top of a walk. Any other path is opened by
 * tm_path_open().
 *
 * Returns: an `O_PATH` descriptor, or -1
 */
int
tm_dirfd_open (const char *path, int flags)
{
  return tm_dirfd_keep_off_standard_numbers (
      RETRY_ON_EINTR (open (path, O_PATH | O_CLOEXEC | flags)));
}

/* Opens a directory of ours that its mode bars us from. O_PATH needs no permission on the
 * directory itself and pins the inode, so that the mode is changed of what was looked at, whatever
 * stands under the name by then. */
static int
open_child_repaired (int dirfd, const char *name, int flags, mode_t *repaired_mode)
{
  int pin = open_directory_at (dirfd, name, O_PATH);
  struct stat status;
  int fd = -1;
  int errsv;

  if (pin < 0)
    return -1;

  if (tm_dirfd_stat (pin, &status) == 0 && tm_dirfd_repair_mode (pin))
    {
      fd = open_at (pin, ".", O_RDONLY | O_DIRECTORY | flags);
      errsv = errno;
      /* Who wants to know may yet let it stay. */
      if (repaired_mode != NULL && fd >= 0)
        *repaired_mode = status.st_mode & 07777;
      else if (repaired_mode != NULL)
        tm_dirfd_restore_mode (pin, (status.st_mode & 07777) | TM_DIRFD_MODE_USABLE,
                               status.st_mode & 07777);
      errno = errsv;
    }

  errsv = errno;
  tm_dirfd_close (pin);
  errno = errsv;
  return fd;
}

/*
 * tm_dirfd_open_child:
 * @dirfd: a directory
 * @name: the name of an entry
 * @flags: 0, or `O_NOATIME` to leave the access time alone where we may
 * @repaired_mode: (out) (optional): the mode from before, when it had to be repaired, else
 *   `TM_DIRFD_MODE_UNTOUCHED`
 *
 * Opens a sub-directory for reading, without following a link and without crossing a mount point.
 * Its mode is repaired if it bars its own owner; that of @dirfd is not.
 *
 * Returns: a descriptor, or -1: `EXDEV` for a mount point, `ENOTDIR` for what is no directory
 */
int
tm_dirfd_open_child (int dirfd, const char *name, int flags, mode_t *repaired_mode)
{
  int fd;

  if (repaired_mode != NULL)
    *repaired_mode = TM_DIRFD_MODE_UNTOUCHED;

  fd = open_directory_at (dirfd, name, O_RDONLY | flags);

  if (fd < 0 && errno == EACCES)
    fd = open_child_repaired (dirfd, name, flags, repaired_mode);

  return fd;
}

/*
 * tm_dirfd_reopen:
 * @dirfd: a directory
 *
 * Opens the same directory once more, for reading from its beginning: duplicates of a descriptor
 * share one position.
 *
 * Returns: a descriptor, or -1
 */
int
tm_dirfd_reopen (int dirfd)
{
  return open_at (dirfd, ".", O_RDONLY | O_DIRECTORY);
}

/*
 * tm_dirfd_open_unchanged:
 * @dirfd: a directory
 * @name: the name of an entry, or "." for @dirfd itself
 *
 * Opens a sub-directory for reading as tm_dirfd_open_child() does, but changes nothing about it:
 * neither a mode nor, where we may leave it alone, the access time.
 *
 * Returns: a descriptor with a position of its own, or -1
 */
int
tm_dirfd_open_unchanged (int dirfd, const char *name)
{
  return open_directory_at (dirfd, name, O_RDONLY | O_NOATIME);
}

/* Whether reading the directory leaves its access time alone. */
gboolean
tm_dirfd_leaves_no_trace (int dirfd)
{
  int flags = fcntl (dirfd, F_GETFL);

  return flags >= 0 && (flags & O_NOATIME) != 0;
}

/*
 * tm_dirfd_pin:
 * @dirfd: a directory
 * @name: a name in it; ".." too
 *
 * Opens whatever stands under a name, a link itself, for nothing but to tell which file it is: for
 * as long as it is open that identity cannot come back with another. Needs no permission on it.
 *
 * Returns: an `O_PATH` descriptor, or -1
 */
int
tm_dirfd_pin (int dirfd, const char *name)
{
  return open_at (dirfd, name, O_PATH | O_NOFOLLOW);
}

/*
 * tm_dirfd_pin_directory:
 * @dirfd: a directory
 * @name: a name in it; ".." too
 *
 * Opens a directory as tm_dirfd_pin() does, mount points as well.
 *
 * Returns: an `O_PATH` descriptor, or -1: `ENOTDIR` for a link, too
 */
int
tm_dirfd_pin_directory (int dirfd, const char *name)
{
  return open_at (dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

/*
 * tm_dirfd_follow:
 * @dirfd: a directory
 * @name: the name of a link in it
 *
 * Has the kernel follow a link that only the kernel can: those in /proc lead to what a process has
 * open, and their text is for people.
 *
 * Returns: an `O_PATH` descriptor, or -1
 */
int
tm_dirfd_follow (int dirfd, const char *name)
{
  return open_at (dirfd, name, O_PATH);
}

/*
 * tm_dirfd_read_link:
 * @link: a link, opened with tm_dirfd_pin()
 *
 * Returns: (transfer full) (nullable): where the link leads, or %NULL with errno
 */
char *
tm_dirfd_read_link (int link)
{
  char target[PATH_MAX];
  gssize length = RETRY_ON_EINTR (readlinkat (link, "", target, sizeof target));

  return length < 0 ? NULL : g_strndup (target, (gsize) length);
}

/* The user by whom the kernel decides what the calling thread may do with files. */
uid_t
tm_dirfd_get_user (void)
{
  /* No user at all: that changes nothing, and returns the one there is. */
  return (uid_t) setfsuid ((uid_t) -1);
}

/*
 * tm_dirfd_find_write_error:
 * @dirfd: a directory
 * @name: the name of a directory in it, or "." for @dirfd itself
 *
 * Asks the kernel whether the calling thread may remove entries from a directory, as far as that
 * does not depend on the entry.
 *
 * Returns: 0 if it may or if there is no answer; otherwise `EACCES` or `EROFS`
 */
int
tm_dirfd_find_write_error (int dirfd, const char *name)
{
  if (RETRY_ON_EINTR (faccessat (dirfd, name, W_OK | X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW)) == 0)
    return 0;

  /* A filter that does not know the call says EPERM. */
  return errno == EACCES || errno == EROFS ? errno : 0;
}

/*
 * tm_dirfd_count_spare:
 * @dirfd: a descriptor
 *
 * Returns: how many more descriptors the process may open, about: since the lowest number that is
 *   free is always the next, few above it are in use
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

int
tm_dirfd_make (int dirfd, const char *name, mode_t mode)
{
  return RETRY_ON_EINTR (mkdirat (dirfd, name, mode));
}

/*
 * tm_dirfd_unlink:
 * @dirfd: a directory
 * @name: the name of an entry that is no directory
 *
 * Removes a file, link, socket, FIFO or device node, without ever opening it.
 *
 * Returns: 0, or -1: `EISDIR` for a directory
 */
int
tm_dirfd_unlink (int dirfd, const char *name)
{
  return RETRY_ON_EINTR (unlinkat (dirfd, name, 0));
}

/*
 * tm_dirfd_remove:
 * @dirfd: a directory
 * @name: the name of an empty directory in it
 *
 * Removes an empty directory.
 *
 * Returns: 0, or -1: `ENOTEMPTY` when something is in it
 */
int
tm_dirfd_remove (int dirfd, const char *name)
{
  int result = RETRY_ON_EINTR (unlinkat (dirfd, name, AT_REMOVEDIR));

  /* POSIX allows either. */
  if (result < 0 && errno == EEXIST)
    errno = ENOTEMPTY;

  return result;
}

/*
 * tm_dirfd_rename:
 * @from: a directory
 * @name: the name of an entry of it
 * @to: a directory
 * @new_name: a name in it; not followed when it is a link
 * @flags: `RENAME_NOREPLACE` or `RENAME_EXCHANGE`
 *
 * Renames in one step, which fails where the file system cannot do it as asked for.
 *
 * Returns: 0, or -1: `EINVAL` for flags that the file system does not know
 */
int
tm_dirfd_rename (int from, const char *name, int to, const char *new_name, guint flags)
{
  return RETRY_ON_EINTR (renameat2 (from, name, to, new_name, flags));
}

/*
 * tm_dirfd_read:
 * @dirfd: a directory
 * @buffer: (out caller-allocates): room for entries, aligned for them
 * @size: its size in bytes
 *
 * Reads the next entries of a directory, for TM_DIRFD_FOREACH_ENTRY().
 *
 * Returns: how many bytes of @buffer are filled, 0 at the end of the directory, or -1
 */
gssize
tm_dirfd_read (int dirfd, char *buffer, gsize size)
{
  return RETRY_ON_EINTR (getdents64 (dirfd, buffer, size));
}

/* Where tm_dirfd_read() goes on: a value for tm_dirfd_seek(), also on another descriptor of the
 * same directory. */
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
 * Takes a BSD lock without waiting for it. It lasts until the last duplicate of the descriptor is
 * closed, those of forked children included. That of an owner is never dropped by hand, which would
 * drop it for all of them.
 *
 * Returns: 0, or -1: `EWOULDBLOCK` when somebody holds a lock that excludes this one
 */
int
tm_dirfd_lock (int dirfd, int operation)
{
  return RETRY_ON_EINTR (flock (dirfd, operation | LOCK_NB));
}

/* Drops a lock that was taken to look, or to delete: also for the children that were forked since,
 * which have the descriptor as well and know nothing of it. */
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
 * @identity: of the file that it was opened for
 *
 * Makes sure that a descriptor is still ours: other code that closes one twice closes what has its
 * number by then, and the next file that is opened gets that number. No server is asked: the
 * release of a directory must not wait for one that has stopped.
 *
 * Returns: 0, or -1: `EBADF` when it is not, or why that cannot be told
 */
int
tm_dirfd_check (int fd, TmFileIdentity identity)
{
  TmFileLook look;

  if (tm_dirfd_look (fd, "", &look) < 0)
    return -1;

  if (!tm_file_identity_equal (look.identity, identity))
    {
      errno = EBADF;
      return -1;
    }

  return 0;
}

int
tm_dirfd_stat_file_system (int dirfd, struct statfs *status)
{
  return RETRY_ON_EINTR (fstatfs (dirfd, status));
}

/*
 * tm_dirfd_set_mode:
 * @dirfd: a directory, which may have been opened with `O_PATH`
 * @current: its mode, as tm_dirfd_stat() has just told it
 * @mode: its new permission bits
 *
 * Changes the permission bits of a directory. A change that changes nothing is not asked for: some
 * file systems refuse every change.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_set_mode (int dirfd, mode_t current, mode_t mode)
{
  int result;

  if ((current & 07777) == mode)
    return 0;

  result = RETRY_ON_EINTR (fchmod (dirfd, mode));

  /* fchmod() refuses an O_PATH descriptor; its link in /proc leads to the very same inode. */
  if (result < 0 && errno == EBADF)
    {
      g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", dirfd);

      result = RETRY_ON_EINTR (chmod (link, mode));
    }

  return result;
}

/*
 * tm_dirfd_restore_mode:
 * @dirfd: a directory, which may have been opened with `O_PATH`
 * @left: the permission bits that we left it with
 * @mode: those that it had before
 *
 * Gives a directory its mode back that was changed for a while. If the mode is not as it was left,
 * another process has changed it since, and that change stays.
 */
void
tm_dirfd_restore_mode (int dirfd, mode_t left, mode_t mode)
{
  struct stat status;

  if (left != mode && tm_dirfd_stat (dirfd, &status) == 0 && (status.st_mode & 07777) == left)
    tm_dirfd_set_mode (dirfd, status.st_mode, mode);
}

/*
 * tm_dirfd_set_times:
 * @dirfd: a directory
 * @times: its new times of access and modification
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_set_times (int dirfd, const struct timespec times[2])
{
  return RETRY_ON_EINTR (futimens (dirfd, times));
}

/*
 * tm_dirfd_make_usable:
 * @dirfd: a directory of ours, which may have been opened with `O_PATH`
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

  /* Without /proc there is no way to the mode of what was opened with O_PATH: which is not to say
   * that it is gone. */
  if (result < 0 && errno == ENOENT)
    errno = EACCES;
  return result;
}

/*
 * tm_dirfd_repair_mode:
 * @dirfd: a directory, which may have been opened with `O_PATH`
 *
 * Gives the owner of a directory the permissions to list, enter and empty it, if we are that
 * owner. The mode of what is no directory, or of somebody else's, is never changed. Only for a
 * directory that is to be deleted.
 *
 * Returns: %TRUE when the mode was changed, and what failed for want of permission is worth
 *   another try; else %FALSE with the errno of the failure: `EACCES` when there is nothing to
 *   repair, or why it could not be
 */
gboolean
tm_dirfd_repair_mode (int dirfd)
{
  struct stat status;

  if (tm_dirfd_stat (dirfd, &status) < 0)
    return FALSE;

  /* The kernel asks for the user of the file system, which a server that acts for its clients
   * changes alone. */
  if (!S_ISDIR (status.st_mode) || status.st_uid != tm_dirfd_get_user () ||
      (status.st_mode & TM_DIRFD_MODE_USABLE) == TM_DIRFD_MODE_USABLE)
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

/* The same, without what only tm_dirfd_look() can tell. */
TmFileLook
tm_file_look (const struct stat *status)
{
  return (TmFileLook){
    .identity = tm_file_identity (status),
    .mode = status->st_mode,
    .owner = status->st_uid,
    .size = (guint64) status->st_size,
    .modified = { .tv_sec = status->st_mtim.tv_sec, .tv_nsec = (guint32) status->st_mtim.tv_nsec },
  };
}

gboolean
tm_file_identity_equal (TmFileIdentity a, TmFileIdentity b)
{
  return a.device == b.device && a.inode == b.inode;
}

/*
 * tm_dirfd_is_beneath:
 * @dirfd: a directory, which may have been opened with `O_PATH`
 * @top: the identity of another
 *
 * Looks for @top on the way up from @dirfd, by identity: a link or a bind mount hides nothing. The
 * way ends where one is not ours to pass through; its mode is left as it is.
 *
 * Returns: whether @dirfd is @top or is seen to lie in it
 */
gboolean
tm_dirfd_is_beneath (int dirfd, TmFileIdentity top)
{
  TmFileIdentity previous = { 0, 0 };
  TmFileLook look;
  gboolean found = FALSE;
  int fd = dirfd;

  while (fd >= 0 && !found && tm_dirfd_look (fd, "", &look) == 0)
    {
      TmFileIdentity current = look.identity;
      int above;

      found = tm_file_identity_equal (current, top);

      /* The parent of the root of the file system is itself. */
      if (tm_file_identity_equal (current, previous))
        break;

      previous = current;
      above = tm_dirfd_pin (fd, "..");
      if (fd != dirfd)
        tm_dirfd_close (fd);
      fd = above;
    }

  if (fd != dirfd)
    tm_dirfd_close (fd);
  return found;
}
