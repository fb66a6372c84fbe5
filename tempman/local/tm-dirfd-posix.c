/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-private.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In place of tm-dirfd-linux*.c, for systems without the calls of Linux. The functions have the
 * same comments there; here are only the differences.
 *
 * A mount point is recognised by its device number. So the mount of another directory of the same
 * file system is not recognised, and a request is sent to the server of a mounted file system,
 * which may hang. A name may refer to another file from one call to the next: what is opened is
 * compared with what was examined. */

/* The result of open() for a link differs: POSIX and Linux say ELOOP, FreeBSD EMLINK, NetBSD
 * EFTYPE. */
static gboolean
means_link (int error_number)
{
#ifdef EFTYPE
  if (error_number == EFTYPE)
    return TRUE;
#endif
  return error_number == ELOOP || error_number == EMLINK;
}

/* Without following a link. Returns a descriptor, or -1: `ENOTDIR` for a link, if @flags has
 * `O_DIRECTORY`, and else `ELOOP`. */
static int
open_no_link (int dirfd, const char *name, int flags)
{
  int fd = tm_dirfd_open_at (dirfd, name, flags | O_NOFOLLOW);

  if (fd < 0 && means_link (errno))
    errno = (flags & O_DIRECTORY) != 0 ? ENOTDIR : ELOOP;
  return fd;
}

/* Closes @fd and keeps errno. Returns -1. */
static int
fail_and_close (int fd, int error_number)
{
  tm_dirfd_close (fd);
  errno = error_number;
  return -1;
}

static int
stat_child (int dirfd, const char *name, struct stat *status)
{
  return RETRY_ON_EINTR (fstatat (dirfd, name, status, AT_SYMLINK_NOFOLLOW));
}

/* Whether a directory is on another file system than the one that it is in. An overlay gives files
 * the numbers of the devices below it. */
static gboolean
is_crossing (const struct stat *directory, const struct stat *status)
{
  return S_ISDIR (status->st_mode) && status->st_dev != directory->st_dev;
}

/* Gets the status of an entry. Returns 0, or -1: `EXDEV` for a mount point, with its status. */
static int
stat_beneath (int dirfd, const char *name, struct stat *status)
{
  struct stat directory;

  if (tm_dirfd_stat (dirfd, &directory) < 0 || stat_child (dirfd, name, status) < 0)
    return -1;

  if (is_crossing (&directory, status))
    {
      errno = EXDEV;
      return -1;
    }

  return 0;
}

/* Opens the file that has the status @expected. A device or a FIFO could wait, or do something. */
static int
open_expected (int dirfd, const char *name, int flags, const struct stat *expected)
{
  struct stat status;
  int fd;

  if (S_ISDIR (expected->st_mode))
    flags |= O_DIRECTORY;
  else if (S_ISREG (expected->st_mode))
    flags |= O_NONBLOCK | O_NOCTTY;
  else
    {
      errno = EOPNOTSUPP;
      return -1;
    }

  fd = open_no_link (dirfd, name, flags);
  if (fd < 0)
    return -1;
  if (tm_dirfd_stat (fd, &status) < 0)
    return fail_and_close (fd, errno);

  /* Another file has the name by now. As for one that was removed, its directory has changed. */
  return tm_file_identity_equal (tm_file_identity (&status), tm_file_identity (expected))
             ? fd
             : fail_and_close (fd, ENOENT);
}

int
tm_dirfd_open_beneath (int dirfd, const char *name, int flags)
{
  struct stat status;

  if (stat_beneath (dirfd, name, &status) < 0)
    return -1;

  if ((flags & O_DIRECTORY) != 0 && !S_ISDIR (status.st_mode))
    {
      errno = ENOTDIR;
      return -1;
    }

  return open_expected (dirfd, name, flags, &status);
}

int
tm_dirfd_open_descendant (int dirfd, const char *names, int flags)
{
  errno = ENOSYS;
  return -1;
}

int
tm_dirfd_open_without_links (const char *path, int flags)
{
  errno = ELOOP;
  return -1;
}

int
tm_dirfd_open_readable_without_links (const char *path)
{
  return tm_dirfd_open_without_links (path, 0);
}

/* A directory that denies access cannot be pinned: its mode is changed by its name. */
int
tm_dirfd_open_repaired (int dirfd, const char *name, int flags, mode_t *repaired_mode)
{
  struct stat status, after;
  mode_t mode, repaired;
  int fd, errsv;

  if (stat_beneath (dirfd, name, &status) < 0)
    return -1;

  mode = status.st_mode & 07777;
  repaired = mode | TM_DIRFD_MODE_USABLE;
  if (!tm_dirfd_may_repair_mode (&status))
    {
      errno = S_ISDIR (status.st_mode) ? EACCES : ENOTDIR;
      return -1;
    }

  if (RETRY_ON_EINTR (fchmodat (dirfd, name, repaired, AT_SYMLINK_NOFOLLOW)) < 0)
    {
      /* A link may have got the name. */
      if (errno == EOPNOTSUPP || means_link (errno))
        errno = ENOTDIR;
      return -1;
    }

  fd = open_expected (dirfd, name, O_RDONLY | flags, &status);
  errsv = errno;
  if (repaired_mode != NULL && fd >= 0)
    *repaired_mode = mode;
  else if (fd < 0 && stat_child (dirfd, name, &after) == 0 &&
           tm_file_identity_equal (tm_file_identity (&status), tm_file_identity (&after)))
    RETRY_ON_EINTR (fchmodat (dirfd, name, mode, AT_SYMLINK_NOFOLLOW));
  errno = errsv;
  return fd;
}

gboolean
tm_dirfd_is_in_mount_of (int dirfd, int other)
{
  struct stat a, b;

  return tm_dirfd_stat (dirfd, &a) == 0 && tm_dirfd_stat (other, &b) == 0 && a.st_dev == b.st_dev;
}

/* A pin of a file that is not a directory is open for reading. Other files cannot be pinned. */
int
tm_dirfd_pin (int dirfd, const char *name)
{
  struct stat status;

  if (stat_child (dirfd, name, &status) < 0)
    return -1;

  return open_expected (dirfd, name, S_ISDIR (status.st_mode) ? TM_O_PIN : O_RDONLY, &status);
}

int
tm_dirfd_pin_directory (int dirfd, const char *name)
{
  return open_no_link (dirfd, name, TM_O_PIN | O_DIRECTORY);
}

int
tm_dirfd_reopen_file (int pin, int flags)
{
  struct stat status;

  if (tm_dirfd_stat (pin, &status) < 0)
    return -1;

  return S_ISDIR (status.st_mode) ? tm_dirfd_open_at (pin, ".", flags | O_DIRECTORY)
                                  : fcntl (pin, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

int
tm_dirfd_follow (int dirfd, const char *name)
{
  return tm_dirfd_open_at (dirfd, name, TM_O_PIN | O_DIRECTORY);
}

/* The target is that of the link if the link is the same before and after. In a directory where
 * that matters, nobody but its owner can exchange it. */
int
tm_dirfd_read_link (int dirfd, const char *name, struct stat *status, char **target)
{
  char buffer[PATH_MAX];
  struct stat after;
  gssize length;

  *target = NULL;
  if (stat_child (dirfd, name, status) < 0)
    return -1;
  if (!S_ISLNK (status->st_mode))
    return 0;

  length = RETRY_ON_EINTR (readlinkat (dirfd, name, buffer, sizeof buffer));
  if (length < 0)
    return 0;
  if (stat_child (dirfd, name, &after) < 0)
    return -1;

  if (!tm_file_identity_equal (tm_file_identity (status), tm_file_identity (&after)))
    {
      errno = ENOENT;
      return -1;
    }

  *target = g_strndup (buffer, (gsize) length);
  return 0;
}

char *
tm_dirfd_find_path (int fd)
{
  return NULL;
}

uid_t
tm_dirfd_get_user (void)
{
  return geteuid ();
}

/* POSIX says EPERM for a directory. */
int
tm_dirfd_unlink (int dirfd, const char *name)
{
  int result = RETRY_ON_EINTR (unlinkat (dirfd, name, 0));
  struct stat status;

  if (result < 0 && errno == EPERM)
    errno = stat_child (dirfd, name, &status) == 0 && S_ISDIR (status.st_mode) ? EISDIR : EPERM;
  return result;
}

int
tm_dirfd_rename (int from, const char *name, int to, const char *new_name, TmRename how)
{
  switch (how)
    {
    case TM_RENAME_REPLACE:
      return RETRY_ON_EINTR (renameat (from, name, to, new_name));

#ifdef TM_CONFIG_HAVE_RENAMEATX_NP
    case TM_RENAME_NO_REPLACE:
      return RETRY_ON_EINTR (renameatx_np (from, name, to, new_name, RENAME_EXCL));

    case TM_RENAME_EXCHANGE:
      return RETRY_ON_EINTR (renameatx_np (from, name, to, new_name, RENAME_SWAP));
#else
    case TM_RENAME_NO_REPLACE:
    case TM_RENAME_EXCHANGE:
#endif
    default:
      errno = ENOSYS;
      return -1;
    }
}

/* Adds a copy of an entry. */
static void
add_entry (TmDirEntries *entries, const struct dirent *entry)
{
  gsize name_size = strlen (entry->d_name) + 1;
  gsize size = (G_STRUCT_OFFSET (TmDirEntry, name) + name_size + 7) & ~(gsize) 7;
  TmDirEntry *added;

  if (entries->size < entries->length + size)
    tm_dir_entries_reserve (entries, 2 * entries->size + size);

  added = tm_dir_entries_get (entries, entries->length);
  *added = (TmDirEntry){ .inode = entry->d_ino, .size = (guint16) size, .type = DT_UNKNOWN };
#ifdef TM_CONFIG_HAVE_D_TYPE
  added->type = entry->d_type;
#endif
  memcpy (added->name, entry->d_name, name_size);
  entries->length += size;
}

/* Returns NULL with errno. */
static DIR *
open_stream (int fd)
{
  DIR *stream;

  do
    stream = fdopendir (fd);
  while (stream == NULL && errno == EINTR);
  return stream;
}

/* Whether an open directory does not exist any more. readdir() finds it empty. */
static gboolean
is_removed (int dirfd)
{
  struct stat status;

  return tm_dirfd_stat (dirfd, &status) == 0 && status.st_nlink == 0;
}

/* Reads until the end of the directory: a stream of the C library does not tell where the next one
 * has to begin. */
gssize
tm_dirfd_read (int dirfd, TmDirEntries *entries, gsize size)
{
  gsize length_before = entries->length;
  int copy = fcntl (dirfd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  DIR *stream = copy >= 0 ? open_stream (copy) : NULL;
  const struct dirent *entry;
  gsize last = length_before;
  int errsv;

  if (stream == NULL)
    return fail_and_close (copy, errno);

  do
    {
      errno = 0;
      entry = readdir (stream);
      if (entry != NULL)
        {
          last = entries->length;
          add_entry (entries, entry);
        }
    }
  while (entry != NULL || errno == EINTR);

  errsv = errno;
  /* Both descriptors have the same position. */
  if (entries->length > length_before)
    tm_dir_entries_get (entries, last)->next = tm_dirfd_tell (dirfd);
  closedir (stream);

  if (errsv == 0 && entries->length == length_before && is_removed (dirfd))
    errsv = ENOENT;
  /* The entries before a failure are returned first; the next call fails again. */
  if (errsv != 0 && entries->length == length_before)
    {
      errno = errsv;
      return -1;
    }

  /* Room for one more shows the caller that this is all. */
  tm_dir_entries_reserve (entries, entries->length + TM_DIRFD_MAX_RECORD_SIZE);
  return (gssize) (entries->length - length_before);
}

int
tm_dirfd_change_mode (int dirfd, mode_t mode)
{
  return RETRY_ON_EINTR (fchmod (dirfd, mode));
}

gboolean
tm_dirfd_is_mount_point (int dirfd, const char *name)
{
  int errsv = errno;
  struct stat status;
  gboolean is_mount_point = stat_beneath (dirfd, name, &status) < 0 && errno == EXDEV;

  errno = errsv;
  return is_mount_point;
}

/* As tm_file_status(). The device is the best that is known of the mount; that of a file in an
 * overlay can be another one. */
static TmFileStatus
status_from_stat (const struct stat *status)
{
  TmFileStatus converted = tm_file_status (status);

  if (S_ISDIR (status->st_mode))
    converted.mount = (guint64) status->st_dev + 1;
  return converted;
}

int
tm_dirfd_stat_times (int dirfd, const char *name, gboolean is_shared, TmFileStatus *status_out)
{
  struct stat status;

  status_out->mode = 0;
  if (*name == '\0')
    return tm_dirfd_get_status (dirfd, status_out);

  if (stat_beneath (dirfd, name, &status) < 0)
    {
      if (errno == EXDEV)
        status_out->mode = status.st_mode;
      return -1;
    }

  *status_out = status_from_stat (&status);
  return 0;
}

int
tm_dirfd_stat_child (int dirfd, const char *name, struct stat *status)
{
  return stat_child (dirfd, name, status);
}

int
tm_dirfd_get_child_status (int dirfd, const char *name, TmFileStatus *status_out)
{
  struct stat directory, status;

  if (*name == '\0')
    return tm_dirfd_get_status (dirfd, status_out);
  if (stat_child (dirfd, name, &status) < 0)
    return -1;

  *status_out = status_from_stat (&status);
  status_out->is_mount_point = dirfd != AT_FDCWD && tm_dirfd_stat (dirfd, &directory) == 0 &&
                               is_crossing (&directory, &status);
  return 0;
}

int
tm_dirfd_get_status (int fd, TmFileStatus *status_out)
{
  struct stat status;

  if (tm_dirfd_stat (fd, &status) < 0)
    return -1;

  *status_out = status_from_stat (&status);
  return 0;
}

/* The attributes of Linux. Those of other systems are not cleared. */
guint
tm_dirfd_get_attributes (int fd, const struct stat *status)
{
  return 0;
}

int
tm_dirfd_change_attributes (int fd, guint attributes, gboolean is_set)
{
  errno = EOPNOTSUPP;
  return -1;
}

GArray *
tm_kernel_read_mounts (void)
{
  return NULL;
}

gboolean
tm_kernel_knows_lock (TmFileIdentity identity)
{
  return FALSE;
}

gboolean
tm_kernel_maps_user (uid_t user)
{
  return TRUE;
}

gboolean
tm_kernel_maps_group (gid_t group)
{
  return TRUE;
}

gboolean
tm_kernel_is_one_user (uid_t user)
{
  return TRUE;
}

gboolean
tm_kernel_grants_ownership (void)
{
  return geteuid () == 0;
}
