/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-file-system-private.h"

#include "local/tm-dirfd-private.h"

#include <linux/magic.h>
#include <unistd.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Not in <linux/magic.h> of every version. */
#define NTFS3_MAGIC 0x7366746e

/* What can be relied on, on which file system.
 *
 * A lock is seen by the processes of one kernel. On a file system that other machines use as well,
 * a directory whose lock is free may be in use on one of them. Only types that are known to belong
 * to one kernel are local; all others are shared: FUSE, NFS, SMB, Ceph, Lustre, 9p, virtiofs, the
 * folders of virtual machines, and whatever comes after them. So is one whose type cannot be found
 * out. GIO's filesystem::remote knows NFS and little else.
 *
 * Overlay is local. A lock on a directory of an overlay is on the inode of the overlay, and the
 * same directory in the upper layer does not show it. But to change a layer from outside while it
 * is mounted is undefined behaviour by the kernel's own documentation. eCryptfs is not local: what
 * lies below it may be on a server, where another machine mounts it too. */

typedef struct
{
  guint32 magic;     /* as statfs() tells it; in some versions of the C library that is signed */
  const char *names; /* as the mount table tells them, with a space between */
  gboolean keeps_owners; /* what is made belongs to the user that made it, whatever the options */
} LocalType;

static const LocalType local_types[] = {
  { TMPFS_MAGIC, "tmpfs devtmpfs", TRUE },
  { 0xef53, "ext2 ext3 ext4", TRUE },
  { 0x58465342, "xfs", TRUE },
  { BTRFS_SUPER_MAGIC, "btrfs", TRUE },
  { OVERLAYFS_SUPER_MAGIC, "overlay", TRUE },
  { RAMFS_MAGIC, "ramfs rootfs", TRUE },
  { 0xf2f52010, "f2fs", TRUE },
  { 0x2fc12fc1, "zfs", TRUE },
  { 0xca451a4e, "bcachefs", TRUE },
  { 0x3153464a, "jfs", TRUE },
  { NILFS_SUPER_MAGIC, "nilfs2", TRUE },
  { REISERFS_SUPER_MAGIC, "reiserfs", TRUE },
  { 0x24051905, "ubifs", TRUE },
  { 0x72b6, "jffs2", TRUE },
  { 0x2011bab0, "exfat", FALSE },
  { MSDOS_SUPER_MAGIC, "msdos vfat", FALSE },
  { NTFS3_MAGIC, "ntfs3", FALSE },
  { 0x5346544e, "ntfs", FALSE },
  { 0x4244, "hfs", FALSE },
  { 0x482b, "hfsplus", FALSE },
  { 0x15013346, "udf", FALSE },
};

/* Returns FALSE when it cannot be found out now. */
static gboolean
find_type (int dirfd, const LocalType **type)
{
  struct statfs status;

  *type = NULL;
  if (tm_dirfd_stat_file_system (dirfd, &status) < 0)
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (local_types); i++)
    if (local_types[i].magic == (guint32) status.f_type)
      *type = &local_types[i];
  return TRUE;
}

/*
 * tm_file_system_is_local:
 * @dirfd: a directory
 * @mount: a number of the mount that it was reached through which no other mount ever gets, or 0
 *
 * The last answer is remembered, in each thread, by the number of the mount. The number of the
 * device would not do: those of file systems without a disk are given to the next one that is
 * mounted.
 *
 * Returns: whether everybody who could use the directory is seen by its lock; %FALSE, too, when
 * that cannot be found out
 */
gboolean
tm_file_system_is_local (int dirfd, guint64 mount)
{
  static __thread guint64 last_mount = 0;
  static __thread gboolean last_answer;
  const LocalType *type;

  if (mount != 0 && mount == last_mount)
    return last_answer;

  if (find_type (dirfd, &type) && mount != 0)
    {
      last_mount = mount;
      last_answer = type != NULL;
    }

  return type != NULL;
}

/* Whether everything in the directory belongs to the user that made it, so that another owner means
 * another maker. Elsewhere the options of the mount, or a server, may decide about the owner. */
static gboolean
keeps_owners (int dirfd)
{
  const LocalType *type;

  return find_type (dirfd, &type) && type != NULL && type->keeps_owners;
}

/*
 * tm_file_system_shows_foreign_owner:
 * @fd: a file or directory that should be ours; it may have been opened with `O_PATH`
 * @status: its status
 * @parent: the directory that it is in, or -1 when that is not known
 * @is_new: whether it was made just now, so that nothing stood under its name before
 *
 * The owner shows nothing where the file system decides about owners: by an option of the mount, as
 * bindfs, ntfs-3g and vfat do, or on a server. There it matters only in a parent in which another
 * user could have put a file of their own: before ours was made, or, without the sticky bit, in its
 * place. Such a file system mostly has one owner for everything; and the owner of the parent, if
 * that is another user, could exchange the file at any later moment as well.
 *
 * Returns: whether the owner shows that it is not ours, but that of another user
 */
gboolean
tm_file_system_shows_foreign_owner (int fd, const struct stat *status, int parent, gboolean is_new)
{
  TmFileLook look;

  if (status->st_uid == geteuid () || status->st_uid == tm_dirfd_get_user ())
    return FALSE;
  if (keeps_owners (fd) || parent < 0 || tm_dirfd_look (parent, "", &look) < 0)
    return TRUE;
  if ((look.mode & (S_IWGRP | S_IWOTH)) == 0 || (is_new && (look.mode & S_ISVTX) != 0))
    return FALSE;

  return status->st_uid != look.owner;
}

/*
 * tm_file_system_name_is_local:
 * @name: a type of file system, as the mount table tells it
 *
 * The same without asking the file system, which a server that hangs would not answer.
 *
 * Returns: whether all file systems of that type belong to this kernel
 */
gboolean
tm_file_system_name_is_local (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (local_types); i++)
    {
      g_auto (GStrv) names = g_strsplit (local_types[i].names, " ", -1);

      if (g_strv_contains ((const char *const *) names, name))
        return TRUE;
    }

  return FALSE;
}

/* The mount table of this process, which the kernel has: no file system is asked to read it. See
 * proc_pid_mountinfo(5). */

#define MOUNT_TABLE "/proc/self/mountinfo"

typedef struct
{
  dev_t device;
  char *path; /* (owned) */
  char *type; /* (owned) */
} Mount;

static void
mount_clear (Mount *mount)
{
  g_clear_pointer (&mount->path, g_free);
  g_clear_pointer (&mount->type, g_free);
}

/* A line is "36 35 98:0 /subtree /mount/point options optional ... - type source options"; in the
 * paths, space, tab, newline and backslash are octal numbers. Returns FALSE when it is none. */
static gboolean
mount_parse (Mount *mount, const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", 6);
  guint n_major, n_minor;
  const char *type;

  if (g_strv_length (fields) < 6 || sscanf (fields[2], "%u:%u", &n_major, &n_minor) != 2)
    return FALSE;

  type = strstr (fields[5], " - ");
  if (type == NULL)
    return FALSE;

  type += strlen (" - ");
  mount->device = makedev (n_major, n_minor);
  mount->path = g_strcompress (fields[4]);
  mount->type = g_strndup (type, strcspn (type, " "));
  return TRUE;
}

/* A subvolume of btrfs has a device number of its own, which the table does not tell. */
static gboolean
mount_can_be_of (const Mount *mount, dev_t device)
{
  return mount->device == device || strcmp (mount->type, "btrfs") == 0;
}

/*
 * tm_mounts_can_hold:
 * @path: a mount point, without links
 * @device: of a directory that is looked for
 *
 * Whether it makes sense to look for the directory in what is mounted at @path. It does not in a
 * file system that is neither the directory's nor of this kernel alone, unless that of the
 * directory is mounted in it.
 *
 * Returns: %FALSE if it makes none; %TRUE, too, where that cannot be found out
 */
gboolean
tm_mounts_can_hold (const char *path, dev_t device)
{
  g_autofree char *table = NULL;
  g_autofree char *prefix = g_strconcat (path, G_DIR_SEPARATOR_S, NULL);
  g_auto (GStrv) lines = NULL;
  gboolean can_hold = TRUE;
  gboolean can_lie_below = FALSE;

  if (!g_file_get_contents (MOUNT_TABLE, &table, NULL, NULL))
    return TRUE;

  lines = g_strsplit (table, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      Mount mount;

      if (!mount_parse (&mount, lines[i]))
        continue;

      /* Of those at the same place the last one is seen. */
      if (strcmp (mount.path, path) == 0)
        can_hold = mount_can_be_of (&mount, device) || tm_file_system_name_is_local (mount.type);
      else if (g_str_has_prefix (mount.path, prefix))
        can_lie_below |= mount_can_be_of (&mount, device);
      mount_clear (&mount);
    }

  return can_hold || can_lie_below;
}
