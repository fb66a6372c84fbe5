/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-linux-private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The calls of Linux. Their numbers, structures and flags are the interface of the kernel, which
 * never changes, and are written down here: a C library may lack any of them, and the headers of
 * the kernel contradict those of musl.
 *
 * A kernel may lack openat2() and statx(), and a seccomp filter of a container or of the program
 * may forbid them. Each has a fallback, which needs more calls. Only the files tm-dirfd-linux*.c
 * check whether they work; tm-dirfd-linux-status.c has statx().
 *
 * They open and examine the entries of a directory without crossing a mount point. Only the kernel
 * can identify a mount point: a bind mount has the device number of its source, and a btrfs
 * subvolume has one of its own without being a mount. No function here sends a request to a file
 * system that is mounted in the directory, since its server may never answer. */

/* Where the C library is older than the call. */
#ifndef SYS_openat2
#define SYS_openat2 TM_LINUX_NO_CALL
#endif

/* As struct open_how in linux/openat2.h. */
typedef struct
{
  guint64 flags;
  guint64 mode;
  guint64 resolve;
} OpenHow;

/* Of OpenHow.resolve. */
enum
{
  OPEN_WITHOUT_MOUNTS = 0x01, /* RESOLVE_NO_XDEV */
  OPEN_WITHOUT_LINKS = 0x04,  /* RESOLVE_NO_SYMLINKS */
  OPEN_BENEATH = 0x08,        /* RESOLVE_BENEATH */
};

G_STATIC_ASSERT (sizeof (OpenHow) == 24);

/* As struct linux_dirent64: getdents64() fills a buffer with it. */
G_STATIC_ASSERT (G_STRUCT_OFFSET (TmDirEntry, size) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (TmDirEntry, name) == 19);

/* The kernel returns EAGAIN after a concurrent rename. A tracer or a filter may return it forever.
 */
#define MAX_OPENAT2_ATTEMPTS 32

/*
 * tm_linux_call_is_refused:
 * @call: a call that has just failed
 *
 * A program can install a filter at any time, so this is checked after a failure and not once at
 * the start. A file system can return the same errno for one file: only if the call fails on the
 * root directory too, it is refused, and not used again. Keeps errno.
 *
 * Returns: whether the kernel lacks the call (`ENOSYS`) or a filter forbids it (`EPERM`)
 */
gboolean
tm_linux_call_is_refused (TmLinuxCall *call)
{
  int errsv = errno;
  gboolean refused = (errsv == ENOSYS || errsv == EPERM) && call->call_on_root () < 0 &&
                     (errno == ENOSYS || errno == EPERM);

  if (refused)
    g_atomic_int_set (&call->is_refused, TRUE);
  errno = errsv;
  return refused;
}

gboolean
tm_linux_call_is_usable (TmLinuxCall *call)
{
  return !g_atomic_int_get (&call->is_refused);
}

static int
call_openat2_on_root (void)
{
  OpenHow how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC };
  int fd = (int) syscall (SYS_openat2, AT_FDCWD, "/", &how, sizeof how);

  if (fd < 0)
    return -1;

  tm_dirfd_close (fd);
  return 0;
}

/* Since Linux 5.6. */
static TmLinuxCall openat2_call = { FALSE, call_openat2_on_root };

static int
call_openat2 (int dirfd, const char *name, int flags)
{
  OpenHow how = {
    .flags = (guint64) (flags | O_NOFOLLOW | O_CLOEXEC),
    .resolve = OPEN_BENEATH | OPEN_WITHOUT_LINKS | OPEN_WITHOUT_MOUNTS,
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

/* Returns 0, or -1: `EXDEV` if @pin was opened through another mount than @dirfd. */
static int
compare_mounts (int dirfd, int pin)
{
  gint64 above = get_mount_id (dirfd);
  gint64 below = above < 0 ? -1 : get_mount_id (pin);

  if (below >= 0 && below == above)
    return 0;

  /* If the mount is unknown, the file counts as a mount point and is kept. But if descriptors have
   * run out, the caller can close some. */
  if (below >= 0 || (errno != EMFILE && errno != ENFILE))
    errno = EXDEV;
  return -1;
}

/*
 * tm_dirfd_reopen_file:
 * @pin: a pin
 * @flags: as of open()
 *
 * Opens the same file through its link in /proc, which needs no search permission on a directory,
 * unlike ".".
 *
 * Returns: a descriptor, or -1
 */
int
tm_dirfd_reopen_file (int pin, int flags)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", pin);
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
  int pin = RETRY_ON_EINTR (
      openat (dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (flags & O_DIRECTORY)));
  int fd, errsv;

  if (pin < 0)
    return -1;

  fd = compare_mounts (dirfd, pin);
  if (fd == 0 && (flags & O_PATH) != 0)
    return tm_dirfd_keep_off_standard_numbers (pin);
  if (fd == 0)
    fd = tm_dirfd_reopen_file (pin, flags);

  errsv = errno;
  tm_dirfd_close (pin);
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
 * @flags: as of open(), and `TM_O_KEEP_ATIME` or `TM_O_PIN`
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

  if (!tm_linux_call_is_usable (&openat2_call))
    return pin_and_open (dirfd, name, flags);

  fd = call_openat2_as_user (dirfd, name, flags);
  if (fd < 0 && (errno == EAGAIN || tm_linux_call_is_refused (&openat2_call)))
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

  if (tm_linux_call_is_usable (&openat2_call))
    fd = call_openat2_as_user (dirfd, names, flags | O_DIRECTORY);
  else
    errno = ENOSYS;

  if (fd < 0 && tm_linux_call_is_refused (&openat2_call))
    errno = ENOSYS;
  return fd;
}

static int
open_without_links (const char *path, int flags)
{
  OpenHow how = {
    .flags = (guint64) (O_DIRECTORY | O_CLOEXEC | flags),
    .resolve = OPEN_WITHOUT_LINKS,
  };

  int fd = -1;

  if (tm_linux_call_is_usable (&openat2_call))
    fd = tm_dirfd_keep_off_standard_numbers (
        (int) RETRY_ON_EINTR (syscall (SYS_openat2, AT_FDCWD, path, &how, sizeof how)));
  else
    errno = ELOOP;

  /* Each of these can also be due to the call itself. */
  if (fd < 0 && (errno == EAGAIN || errno == ENOSYS || errno == EPERM))
    {
      tm_linux_call_is_refused (&openat2_call);
      errno = ELOOP;
    }
  return fd;
}

/*
 * tm_dirfd_open_without_links:
 * @path: an absolute path
 * @flags: `O_NOFOLLOW` to fail with `ENOTDIR` if its last component is a link; or 0
 *
 * Opens a directory by a path without links in one call.
 *
 * Returns: a pin, or -1: `ELOOP` if the path contains a link, or if that is unknown
 */
int
tm_dirfd_open_without_links (const char *path, int flags)
{
  return open_without_links (path, O_PATH | flags);
}

/* As tm_dirfd_open_without_links(), for reading. */
int
tm_dirfd_open_readable_without_links (const char *path)
{
  return open_without_links (path, O_RDONLY);
}

/* Opens a directory of this user whose mode denies access. A pin needs no permission on the
 * directory and holds the inode, so that the mode is changed on the directory that was checked,
 * even if another file has the name by then. */
int
tm_dirfd_open_repaired (int dirfd, const char *name, int flags, mode_t *repaired_mode)
{
  int pin = tm_dirfd_open_beneath (dirfd, name, O_PATH | O_DIRECTORY);
  struct stat status;
  int fd = -1;
  int errsv;

  if (pin < 0)
    return -1;

  if (tm_dirfd_stat (pin, &status) == 0 && tm_dirfd_repair_mode (pin))
    {
      fd = tm_dirfd_open_at (pin, ".", O_RDONLY | O_DIRECTORY | flags);
      errsv = errno;
      /* A caller that asks for the mode restores it if the directory is kept. */
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
 * tm_dirfd_pin:
 * @dirfd: a directory
 * @name: a name in it
 *
 * Opens any file, or a link itself, only to hold its identity: while it is open, no other file gets
 * its inode number. Needs no permission on the file.
 *
 * Returns: a pin, or -1
 */
int
tm_dirfd_pin (int dirfd, const char *name)
{
  return tm_dirfd_open_at (dirfd, name, O_PATH | O_NOFOLLOW);
}

/*
 * tm_dirfd_pin_directory:
 * @dirfd: a directory
 * @name: a name in it; ".." too
 *
 * Opens a directory as tm_dirfd_pin() does. It may be a mount point.
 *
 * Returns: a pin, or -1: `ENOTDIR` also for a link
 */
int
tm_dirfd_pin_directory (int dirfd, const char *name)
{
  return tm_dirfd_open_at (dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

/*
 * tm_dirfd_follow:
 * @dirfd: a directory
 * @name: the name of a link in it
 *
 * Follows a link by the kernel. Links in /proc refer to open files of a process, and their text is
 * not always a path.
 *
 * Returns: a pin, or -1
 */
int
tm_dirfd_follow (int dirfd, const char *name)
{
  return tm_dirfd_open_at (dirfd, name, O_PATH);
}

/* Returns: (transfer full) (nullable): the target of a link that is open as a pin, or %NULL with
 * errno */
static char *
read_pinned_link (int pin)
{
  char target[PATH_MAX];
  gssize length = RETRY_ON_EINTR (readlinkat (pin, "", target, sizeof target));

  return length < 0 ? NULL : g_strndup (target, (gsize) length);
}

/*
 * tm_dirfd_read_link:
 * @dirfd: a directory
 * @name: the name of an entry
 * @status: (out caller-allocates): its status
 * @target: (out) (transfer full) (nullable): the target; %NULL if it is not a link, and with errno
 *   if the target cannot be read
 *
 * Gets the status and the target of a link; both are of the same link.
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_read_link (int dirfd, const char *name, struct stat *status, char **target)
{
  int pin = tm_dirfd_pin (dirfd, name);
  int result, errsv;

  *target = NULL;
  if (pin < 0)
    return -1;

  result = tm_dirfd_stat (pin, status);
  if (result == 0 && S_ISLNK (status->st_mode))
    *target = read_pinned_link (pin);

  errsv = errno;
  tm_dirfd_close (pin);
  errno = errsv;
  return result;
}

/* Returns: (transfer full) (nullable): a path of an open file, which may be wrong by now */
char *
tm_dirfd_find_path (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat status;
  char *path;

  return tm_dirfd_read_link (AT_FDCWD, link, &status, &path) == 0 ? path : NULL;
}

/* Returns: the user whose permissions on files the calling thread has */
uid_t
tm_dirfd_get_user (void)
{
  /* No user has the number -1: the call changes nothing, and returns the current user. */
  return (uid_t) setfsuid ((uid_t) -1);
}

/*
 * tm_dirfd_unlink:
 * @dirfd: a directory
 * @name: the name of an entry that is not a directory
 *
 * Removes a file, link, socket, FIFO or device node, without opening it.
 *
 * Returns: 0, or -1: `EISDIR` for a directory
 */
int
tm_dirfd_unlink (int dirfd, const char *name)
{
  return RETRY_ON_EINTR (unlinkat (dirfd, name, 0));
}

/*
 * tm_dirfd_rename:
 * @from: a directory
 * @name: the name of an entry of it
 * @to: a directory
 * @new_name: a name in it; a link is not followed
 * @how: what to do with a file that has the new name
 *
 * Renames in one atomic step.
 *
 * Returns: 0, or -1: `EINVAL`, `ENOSYS` or `EOPNOTSUPP` if the file system or the kernel cannot
 *   rename in this way
 */
int
tm_dirfd_rename (int from, const char *name, int to, const char *new_name, TmRename how)
{
  return (int) RETRY_ON_EINTR (syscall (SYS_renameat2, from, name, to, new_name, how));
}

/*
 * tm_dirfd_read:
 * @dirfd: a directory
 * @entries: the buffer to which they are added
 * @size: the number of bytes to read at most
 *
 * Reads the next entries of a directory.
 *
 * Returns: the number of bytes that were added, 0 at the end of the directory, or -1
 */
gssize
tm_dirfd_read (int dirfd, TmDirEntries *entries, gsize size)
{
  gssize length;

  tm_dir_entries_reserve (entries, entries->length + size);
  length =
      RETRY_ON_EINTR (syscall (SYS_getdents64, dirfd, entries->records + entries->length, size));
  entries->length += (gsize) MAX (length, 0);
  return length;
}

/*
 * tm_dirfd_change_mode:
 * @dirfd: a directory, which may be a pin
 * @mode: its new permission bits
 *
 * Returns: 0, or -1
 */
int
tm_dirfd_change_mode (int dirfd, mode_t mode)
{
  int result = RETRY_ON_EINTR (fchmod (dirfd, mode));

  /* fchmod() refuses an O_PATH descriptor, but its link in /proc refers to the same inode. */
  if (result < 0 && errno == EBADF)
    {
      g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", dirfd);

      result = RETRY_ON_EINTR (chmod (link, mode));
    }

  return result;
}
