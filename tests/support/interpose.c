/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* With it, open() is inline, and calls other functions than those below. */
#undef _FORTIFY_SOURCE

#include "interpose.h"

#include "kernel.h"
#include "next.h"
#include "skips.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The functions of the C library, defined in the program: the dynamic linker resolves every caller
 * to these, and each one calls the next function of its name. */

static SystemCallFunc interposed; /* atomic, and set after its data */
static gpointer interposed_data;
static gint types_are_hidden;        /* atomic */
static gint reads_are_short;         /* atomic */
static gint flags_are_refused;       /* atomic */
static gint mkdir_sets_no_mark;      /* atomic */
static gint mounts_are_ignored;      /* atomic */
static gint file_systems_are_shared; /* atomic */
static gsize shown_free_space;       /* atomic */

/* Room for an entry with the longest name, or for some with short names. */
#define SHORT_READ_SIZE 300

static __thread gboolean is_inside;
static gint n_inside; /* atomic; threads that are in the function */

static struct
{
  const char *name; /* (nullable) */
  guint nth;
  gint n_calls; /* atomic */
  AttackFunc attack;
  gpointer user_data;
} attack_state;

static struct
{
  const char *name;
  int error_number;
  guint n_times;
  gint n_calls; /* atomic */
} failure;

static gint creations_are_verified; /* atomic */
static _Thread_local int locked_fd = -1;

static int
take_locked_fd (void)
{
  int fd = locked_fd;

  locked_fd = -1;
  return fd;
}

static struct
{
  struct
  {
    dev_t device;
    ino_t inode;
    ino_t shown;
  } files[64];
  gint n_files; /* atomic, and set after the file */
} given;

/* The inode number that a file pretends to have. */
static ino_t
shown_inode (dev_t device, ino_t inode)
{
  for (gint i = g_atomic_int_get (&given.n_files) - 1; i >= 0; i--)
    if (given.files[i].inode == inode && given.files[i].device == device)
      return given.files[i].shown;
  return inode;
}

static int
show_stat (int result, struct stat *status)
{
  if (result == 0)
    status->st_ino = shown_inode (status->st_dev, status->st_ino);
  if (result == 0 && g_atomic_int_get (&mounts_are_ignored))
    status->st_dev = 1;
  return result;
}

static int
show_statx (int result, KernelStatus *status)
{
  if (result == 0)
    status->inode =
        shown_inode (makedev (status->device_major, status->device_minor), (ino_t) status->inode);
  if (result == 0 && g_atomic_int_get (&mounts_are_ignored))
    {
      status->attributes &= ~KERNEL_IS_MOUNT_ROOT;
      status->device_major = 0;
      status->device_minor = 1;
      status->mount = 1;
    }
  return result;
}

/* Returns TRUE if the call has to fail, with errno. */
static gboolean
fails (const char *name, int fd, const char *path, guint64 flags, guint64 resolve)
{
  SystemCallFunc function;
  int errsv = errno;
  int error_number = 0;

  if (is_inside || g_atomic_pointer_get (&interposed) == NULL)
    return FALSE;

  /* Again, once interpose_end() waits for this thread. */
  g_atomic_int_inc (&n_inside);
  function = g_atomic_pointer_get (&interposed);
  if (function != NULL)
    {
      is_inside = TRUE;
      error_number = function (&(SystemCall){ name, fd, path, flags, resolve }, interposed_data);
      is_inside = FALSE;
    }
  g_atomic_int_add (&n_inside, -1);

  errno = error_number != 0 ? error_number : errsv;
  return error_number != 0;
}

/* The library is built for large files: its calls have the suffix 64 if there is one. */

static mode_t
mode_argument (int flags, va_list arguments)
{
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg (arguments, mode_t)
                                                                    : 0;
}

int
open (const char *path, int flags, ...)
{
  NEXT (open, "open64");
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = mode_argument (flags, arguments);
  va_end (arguments);
  return fails ("open", AT_FDCWD, path, (guint64) flags, 0) ? -1 : next (path, flags, mode);
}

int
openat (int fd, const char *path, int flags, ...)
{
  NEXT (openat, "openat64");
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = mode_argument (flags, arguments);
  va_end (arguments);
  return fails ("openat", fd, path, (guint64) flags, 0) ? -1 : next (fd, path, flags, mode);
}

#ifdef __GLIBC__

/* What a library calls instead that is built with _FORTIFY_SOURCE, as distributions build it. */

int __open64_2 (const char *path, int flags);
int __openat64_2 (int fd, const char *path, int flags);

int
__open64_2 (const char *path, int flags)
{
  return open (path, flags);
}

int
__openat64_2 (int fd, const char *path, int flags)
{
  return openat (fd, path, flags);
}

#endif

static int
openat2_errno (void)
{
  const char *name = g_getenv ("TEMPMAN_TEST_OPENAT2");

  return name == NULL ? 0 : g_str_equal (name, "EPERM") ? EPERM : ENOSYS;
}

typedef long (*SystemCallNumberFunc) (long number, ...);

static long call_number (SystemCallNumberFunc next, long number, const long arguments[6]);

/* By number: the calls that not every C library has as functions. It also reads arguments that the
 * caller did not pass, as the function of the C library does: a sanitizer would report that. */
__attribute__ ((no_sanitize_address)) long
syscall (long number, ...)
{
  NEXT (syscall, "syscall");
  va_list list;
  long arguments[6];

  /* The maximum number of arguments. */
  va_start (list, number);
  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    arguments[i] = va_arg (list, long);
  va_end (list);

  return call_number (next, number, arguments);
}

/* By TEMPMAN_TEST_OPENAT2, by the build, by the kernel, or by valgrind, which does not know it. */
gboolean
openat2_is_denied (void)
{
  struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC };
  gboolean was_inside = is_inside;
  int errsv = errno;
  gboolean is_denied;
  int fd;

  if (!library_has_linux_calls ())
    return TRUE;

  is_inside = TRUE;
  fd = (int) syscall (SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
  is_denied = fd < 0 && (errno == ENOSYS || errno == EPERM);
  if (fd >= 0)
    close (fd);
  is_inside = was_inside;
  errno = errsv;
  return is_denied;
}

int
mkdirat (int fd, const char *path, mode_t mode)
{
  NEXT (mkdirat, "mkdirat");

  if (g_atomic_int_get (&mkdir_sets_no_mark))
    mode &= (mode_t) ~S_ISVTX;
  return fails ("mkdirat", fd, path, 0, 0) ? -1 : next (fd, path, mode);
}

int
unlinkat (int fd, const char *path, int flags)
{
  NEXT (unlinkat, "unlinkat");

  return fails ("unlinkat", fd, path, (guint64) flags, 0) ? -1 : next (fd, path, flags);
}

/* GIO reads directories with it. */
DIR *
opendir (const char *path)
{
  NEXT (opendir, "opendir");

  return fails ("opendir", AT_FDCWD, path, 0, 0) ? NULL : next (path);
}

/* A library that was built without the calls of Linux reads a directory from here to its end. */
DIR *
fdopendir (int fd)
{
  NEXT (fdopendir, "fdopendir");

  return fails ("getdents64", fd, NULL, 0, 0) ? NULL : next (fd);
}

struct dirent *
readdir (DIR *stream)
{
  NEXT (readdir, "readdir64");
  struct dirent *entry = next (stream);

  if (entry != NULL && g_atomic_int_get (&types_are_hidden))
    entry->d_type = DT_UNKNOWN;
  return entry;
}

int
renameat (int from, const char *path, int to, const char *new_path)
{
  NEXT (renameat, "renameat");

  return fails ("renameat2", from, path, 0, 0) ? -1 : next (from, path, to, new_path);
}

int
fchmodat (int fd, const char *path, mode_t mode, int flags)
{
  NEXT (fchmodat, "fchmodat");

  return fails ("chmod", fd, path, (guint64) flags, 0) ? -1 : next (fd, path, mode, flags);
}

/* Whether @fd and @path are the first path that this thread examines after it has locked a
 * directory: the verification of a new one. */
static gboolean
is_verification (int fd, const char *path)
{
  return locked_fd >= 0 && !is_inside && fd == AT_FDCWD && path[0] == G_DIR_SEPARATOR;
}

/* POSIX has an int, for numbers that do not fit into one. */
#ifdef IOCTL_TAKES_INT
typedef int IoctlRequest;
#else
typedef unsigned long IoctlRequest;
#endif

/* GLib's and the C library's own are not shown: the library only uses it with a pointer. */
int
ioctl (int fd, IoctlRequest request, ...)
{
  NEXT (ioctl, "ioctl");
  va_list arguments;
  gpointer argument;

  va_start (arguments, request);
  argument = va_arg (arguments, gpointer);
  va_end (arguments);
  return fails ("ioctl", fd, NULL, (guint32) request, 0) ? -1 : next (fd, request, argument);
}

int
flock (int fd, int operation)
{
  NEXT (flock, "flock");

  int result = fails ("flock", fd, NULL, (guint64) operation, 0) ? -1 : next (fd, operation);

  if (result == 0 && (operation & LOCK_SH) != 0 && !is_inside &&
      g_atomic_int_get (&creations_are_verified))
    locked_fd = fd;
  return result;
}

int
fstat (int fd, struct stat *status)
{
  NEXT (fstat, WIDE_TIME ("fstat64", "__fstat64_time64"));

  if (fails ("fstat", fd, NULL, 0, 0) || show_stat (next (fd, status), status) < 0)
    return -1;

  /* Of a new directory that was opened by its path, this is the verification. */
  if (fd == locked_fd && !is_inside && status->st_nlink == 0)
    status->st_nlink = 2;
  return 0;
}

int
fstatat (int fd, const char *path, struct stat *status, int flags)
{
  NEXT (fstatat, WIDE_TIME ("fstatat64", "__fstatat64_time64"));

  if (is_verification (fd, path))
    return next (take_locked_fd (), "", status, flags | AT_EMPTY_PATH);

  /* Without the calls of Linux, it stands for statx(). */
  return fails (library_has_linux_calls () ? "fstatat" : "statx", fd, path, (guint64) flags, 0)
             ? -1
             : show_stat (next (fd, path, status, flags), status);
}

static long
call_openat2 (SystemCallNumberFunc next, const long arguments[6])
{
  struct open_how how = *(const struct open_how *) arguments[2];
  int fd = (int) arguments[0];
  const char *path = (const char *) arguments[1];

  if (openat2_errno () != 0)
    {
      errno = openat2_errno ();
      return -1;
    }

  /* The library opens a path with it; with the root of the file system, it finds out whether the
   * system call exists. */
  if (fails (fd == AT_FDCWD && strcmp (path, "/") != 0 ? "open" : "openat2", fd, path, how.flags,
             how.resolve))
    return -1;

  if (g_atomic_int_get (&mounts_are_ignored))
    how.resolve &= ~(guint64) RESOLVE_NO_XDEV;
  return next (SYS_openat2, arguments[0], path, &how, arguments[3]);
}

static long
call_renameat2 (SystemCallNumberFunc next, const long arguments[6])
{
  guint64 flags = (guint64) arguments[4];

  if (fails ("renameat2", (int) arguments[0], (const char *) arguments[1], flags, 0))
    return -1;

  if (flags != 0 && g_atomic_int_get (&flags_are_refused))
    {
      errno = EINVAL;
      return -1;
    }
  return next (SYS_renameat2, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
}

static long
call_getdents (SystemCallNumberFunc next, const long arguments[6])
{
  int fd = (int) arguments[0];
  char *buffer = (char *) arguments[1];
  long size = arguments[2];
  long length;

  if (g_atomic_int_get (&reads_are_short))
    size = MIN (size, SHORT_READ_SIZE);
  length = fails ("getdents64", fd, NULL, 0, 0) ? -1 : next (SYS_getdents64, fd, buffer, size);

  if (g_atomic_int_get (&types_are_hidden))
    for (long i = 0; i < length;)
      {
        KernelEntry *entry = (KernelEntry *) (void *) (buffer + i);

        entry->type = DT_UNKNOWN;
        i += entry->length;
      }

  return length;
}

static long
call_statx (SystemCallNumberFunc next, const long arguments[6])
{
  int fd = (int) arguments[0];
  const char *path = (const char *) arguments[1];
  long flags = arguments[2];
  KernelStatus *status = (KernelStatus *) arguments[4];

  if (is_verification (fd, path))
    return next (SYS_statx, take_locked_fd (), "", flags | AT_EMPTY_PATH, arguments[3], status);

  if (fails ("statx", fd, path, (guint64) flags, 0) ||
      show_statx ((int) next (SYS_statx, fd, path, flags, arguments[3], status), status) < 0)
    return -1;

  /* Of a new directory that was opened by its path, this is the verification. */
  if (fd == locked_fd && !is_inside && *path == '\0' && status->n_links == 0)
    status->n_links = 2;
  return 0;
}

static long
call_number (SystemCallNumberFunc next, long number, const long arguments[6])
{
  switch (number)
    {
    case SYS_openat2:
      return call_openat2 (next, arguments);
    case SYS_renameat2:
      return call_renameat2 (next, arguments);
    case SYS_getdents64:
      return call_getdents (next, arguments);
    case SYS_statx:
      return call_statx (next, arguments);
    default:
      return next (number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                   arguments[5]);
    }
}

/* The same calls as functions, where the C library has them. */

#ifdef HAVE_RENAMEAT2
int
renameat2 (int from, const char *path, int to, const char *new_path, unsigned int flags)
{
  return (int) syscall (SYS_renameat2, from, path, to, new_path, flags);
}
#endif

/* musl has it under the name that it had before. */
#if defined(HAVE_GETDENTS64) && !defined(getdents64)
ssize_t
getdents64 (int fd, void *buffer, size_t size)
{
  return syscall (SYS_getdents64, fd, buffer, size);
}
#endif

#ifdef HAVE_STATX
int
statx (int fd, const char *path, int flags, unsigned int mask, struct statx *status)
{
  return (int) syscall (SYS_statx, fd, path, flags, mask, status);
}
#endif

int
fchmod (int fd, mode_t mode)
{
  NEXT (fchmod, "fchmod");

  return fails ("fchmod", fd, NULL, 0, 0) ? -1 : next (fd, mode);
}

int
chmod (const char *path, mode_t mode)
{
  NEXT (chmod, "chmod");

  return fails ("chmod", AT_FDCWD, path, 0, 0) ? -1 : next (path, mode);
}

int
futimens (int fd, const struct timespec times[2])
{
  NEXT (futimens, WIDE_TIME ("futimens", "__futimens64"));

  return fails ("futimens", fd, NULL, 0, 0) ? -1 : next (fd, times);
}

int
fstatfs (int fd, struct statfs *status)
{
  NEXT (fstatfs, "fstatfs64");

  int result = fails ("fstatfs", fd, NULL, 0, 0) ? -1 : next (fd, status);

  if (result == 0 && g_atomic_int_get (&file_systems_are_shared))
    status->f_type = NFS_SUPER_MAGIC;
  if (result == 0 && g_atomic_pointer_get (&shown_free_space) != 0)
    status->f_type = BTRFS_SUPER_MAGIC;
  return result;
}

int
fstatvfs (int fd, struct statvfs *status)
{
  NEXT (fstatvfs, "fstatvfs64");

  int result = fails ("fstatvfs", fd, NULL, 0, 0) ? -1 : next (fd, status);

  if (result == 0 && g_atomic_pointer_get (&shown_free_space) != 0)
    {
      status->f_blocks = G_MAXINT32;
      status->f_bavail = (gsize) g_atomic_pointer_get (&shown_free_space) / 4096;
      status->f_bsize = status->f_frsize = 4096;
    }
  return result;
}

off_t
lseek (int fd, off_t offset, int whence)
{
  NEXT (lseek, "lseek64");

  return fails ("lseek", fd, NULL, 0, 0) ? -1 : next (fd, offset, whence);
}

int
getentropy (void *buffer, size_t length)
{
  NEXT (getentropy, "getentropy");

  return fails ("getentropy", -1, NULL, 0, 0) ? -1 : next (buffer, length);
}

int
madvise (void *address, size_t length, int advice)
{
  NEXT (madvise, "madvise");
  const char *behaviour = advice == MADV_WIPEONFORK ? g_getenv (WIPE_ON_FORK_VARIABLE) : NULL;

  if (g_strcmp0 (behaviour, "ignored") == 0)
    return 0;
  if (g_strcmp0 (behaviour, "refused") == 0)
    {
      errno = EINVAL;
      return -1;
    }
  return next (address, length, advice);
}

int
close (int fd)
{
  NEXT (close, "close");

  return fails ("close", fd, NULL, 0, 0) ? -1 : next (fd);
}

/* Shows every call from now on to @function. */
void
interpose (SystemCallFunc function, gpointer user_data)
{
  /* GIO loads its modules when it is first used, and holds a lock meanwhile. */
  g_object_unref (g_file_new_for_path ("/"));

  interposed_data = user_data;
  g_atomic_pointer_set (&interposed, function);
}

/* Waits for other threads that are in the function, since its data may be on the stack. In a forked
 * child there are none, and it ends soon. */
void
interpose_end (void)
{
  gint n_own = is_inside ? 1 : 0;

  g_atomic_pointer_set (&interposed, NULL);
  for (guint i = 0; i < 1000 && g_atomic_int_get (&n_inside) > n_own; i++)
    g_usleep (1000);
}

static int
attack_cb (const SystemCall *call, gpointer user_data)
{
  /* An attack before close() gains nothing, and the calling thread may hold a lock. */
  if (attack_state.name != NULL ? !g_str_equal (attack_state.name, call->name)
                                : g_str_equal (call->name, "close"))
    return 0;

  if ((guint) g_atomic_int_add (&attack_state.n_calls, 1) == attack_state.nth)
    attack_state.attack (attack_state.user_data);
  return 0;
}

/* Runs @attack once, before the call with the number @nth from now on, the first of which is 0;
 * only calls of @name count, or all but close() if that is NULL. For a test that starts again with
 * the next number until there are no more calls, so that it covers every moment. */
void
attack_before (const char *name, guint nth, AttackFunc attack, gpointer user_data)
{
  attack_state.name = name;
  attack_state.nth = nth;
  attack_state.attack = attack;
  attack_state.user_data = user_data;
  g_atomic_int_set (&attack_state.n_calls, 0);
  interpose (attack_cb, NULL);
}

/* Returns how many calls there were. */
guint
attack_end (void)
{
  interpose_end ();
  return (guint) g_atomic_int_get (&attack_state.n_calls);
}

static int
fail_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (failure.name, call->name) &&
      (guint) g_atomic_int_add (&failure.n_calls, 1) < failure.n_times)
    return failure.error_number;
  return 0;
}

/* Lets the next @n_times calls of @name fail with @error_number, until fail_end(). */
void
fail_call (const char *name, int error_number, guint n_times)
{
  failure.name = name;
  failure.error_number = error_number;
  failure.n_times = n_times;
  g_atomic_int_set (&failure.n_calls, 0);
  interpose (fail_cb, NULL);
}

/* Returns how many calls failed. */
guint
fail_end (void)
{
  interpose_end ();
  return MIN ((guint) g_atomic_int_get (&failure.n_calls), failure.n_times);
}

/* Lets every read of a directory return few entries, as some file systems do. */
void
shorten_reads (gboolean shorten)
{
  g_atomic_int_set (&reads_are_short, shorten);
}

/* Lets every entry have the type DT_UNKNOWN, as on some file systems. */
void
hide_entry_types (gboolean hide)
{
  g_atomic_int_set (&types_are_hidden, hide);
}

/* Every file system looks like NFS. The library remembers the types that it has seen, in each
 * thread. */
void
pretend_shared (gboolean shared)
{
  g_atomic_int_set (&file_systems_are_shared, shared);
}

/* Every file system looks like a btrfs with this free space, whatever is deleted: btrfs shows the
 * space of deleted files some seconds later. 0 ends this. */
void
pretend_free_space (guint64 bytes)
{
  g_atomic_pointer_set (&shown_free_space, (gsize) bytes);
}

/* The control of a test of creation: each verification of a new directory succeeds, also if a
 * cleaner has deleted it. */
void
pretend_verified (gboolean verified)
{
  g_atomic_int_set (&creations_are_verified, verified);
  locked_fd = -1;
}

/* The control of a test of mounts: nothing shows that a directory is a mount point, neither the
 * kernel, if it is asked not to enter one, nor the numbers of devices and mounts. */
void
ignore_mounts (gboolean ignore)
{
  g_atomic_int_set (&mounts_are_ignored, ignore);
}

/* Lets mkdir() not set the sticky bit, as on BSD and macOS. */
void
strip_marks (gboolean strip)
{
  g_atomic_int_set (&mkdir_sets_no_mark, strip);
}

/* Lets renameat2() fail if it has flags, as on NFS. */
void
refuse_rename_flags (gboolean refuse)
{
  g_atomic_int_set (&flags_are_refused, refuse);
}

/* Shows @receiver with the inode number of @former, a directory of the same file system that was
 * removed: ext4 reuses numbers in this way. From one thread at a time. */
void
give_inode (const struct stat *former, const struct stat *receiver)
{
  gint i = g_atomic_int_get (&given.n_files);

  g_assert_cmpint (i, <, (gint) G_N_ELEMENTS (given.files));
  given.files[i].device = receiver->st_dev;
  given.files[i].inode = receiver->st_ino;
  given.files[i].shown = former->st_ino;
  g_atomic_int_inc (&given.n_files);
}

void
take_inodes_back (void)
{
  g_atomic_int_set (&given.n_files, 0);
}
