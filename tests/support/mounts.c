/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "mounts.h"

#include "files.h"
#include "kernel.h"
#include "skips.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static gboolean
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY);
  gboolean written = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  close (fd);
  return written;
}

/* Maps an ordinary user to the same number: without a map the user could not create files. */
static gboolean
enter_user_namespace (void)
{
  g_autofree char *uid_map = g_strdup_printf ("%u %u 1", geteuid (), geteuid ());
  g_autofree char *gid_map = g_strdup_printf ("%u %u 1", getegid (), getegid ());

  return unshare (CLONE_NEWUSER) == 0 && write_text ("/proc/self/setgroups", "deny") &&
         write_text ("/proc/self/uid_map", uid_map) && write_text ("/proc/self/gid_map", gid_map);
}

/* In a child: no other process sees its mounts from then on. */
gboolean
enter_mount_namespace (void)
{
  return (geteuid () == 0 || enter_user_namespace ()) && unshare (CLONE_NEWNS) == 0 &&
         mount ("none", "/", "", MS_REC | MS_PRIVATE, "") == 0;
}

/* Whether the kernel tells through which mount a file was opened, as Linux does since 5.8.
 * qemu-user leaves it out. */
gboolean
kernel_names_mounts (void)
{
  KernelStatus status;

  return kernel_statx (AT_FDCWD, "/", 0, KERNEL_WANTS_MOUNT, &status) == 0 && status.mount != 0;
}

/* In a child with a mount namespace of its own. The files use no disk, and vanish with the
 * child. */
gboolean
mount_tmpfs (const char *path)
{
  return mount ("none", path, "tmpfs", 0, "") == 0;
}

/* Makes a directory that a test mounts elsewhere: on a file system of its own where the library
 * recognises mount points by their device. */
gboolean
make_mountable (const char *path)
{
  make_directory (path);
  return library_has_linux_calls () || mount_tmpfs (path);
}

/* Returns FALSE with errno. */
gboolean
mount_tmpfs_of_size (const char *path, guint mebibytes)
{
  g_autofree char *options = g_strdup_printf ("size=%um", mebibytes);

  return mount ("none", path, "tmpfs", 0, options) == 0;
}

/* Mounts on @merged an overlay over @lower; the other layer is created in @base, which may not be
 * on an overlay itself. Returns FALSE with errno. */
gboolean
mount_overlay (const char *base, const char *lower, const char *merged)
{
  g_autofree char *upper = g_build_filename (base, "upper", NULL);
  g_autofree char *work = g_build_filename (base, "work", NULL);
  g_autofree char *options = g_strdup_printf ("lowerdir=%s,upperdir=%s,workdir=%s%s", lower, upper,
                                              work, geteuid () == 0 ? "" : ",userxattr");

  make_directory (upper);
  make_directory (work);
  make_directory (merged);
  return mount ("none", merged, "overlay", 0, options) == 0;
}
