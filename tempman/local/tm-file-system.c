/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-file-system-private.h"

#include "core/tm-name-private.h"
#include "local/tm-dirfd-private.h"

#include <unistd.h>

/* Which properties of a file system the library relies on.
 *
 * A lock is visible to the processes of one kernel. On a file system that other machines use too, a
 * directory whose lock is free may be in use on another machine. Only types that are known to
 * belong to one kernel are trusted; all others are shared: FUSE, NFS, SMB, Ceph, Lustre, 9p,
 * virtiofs, shared folders of virtual machines, and unknown types. GIO's filesystem::remote knows
 * little more than NFS.
 *
 * Overlay is trusted. A lock on a directory of an overlay is on the inode of the overlay, and is
 * not visible on the same directory in the upper layer. But changing a layer while it is mounted is
 * undefined behaviour according to the kernel's documentation. eCryptfs is not trusted: its lower
 * directory may be on a server, and mounted by another machine too. */

typedef enum
{
  NO_TRAITS = 0,
  KEEPS_OWNERS = 1 << 0,       /* files belong to their creator with any mount option */
  COUNTS_DIRECTORIES = 1 << 1, /* by the links of the directory that contains them */
  FREES_AT_ONCE = 1 << 2,      /* statfs() shows the space of a deleted file right afterwards */
  CLEARS_LINKS = 1 << 3,       /* of a directory that is removed; tested for each of these */
} Traits;

typedef struct
{
  TmFileSystemType type;
  Traits traits; /* what is certain */
} TrustedType;

static const TrustedType trusted_types[] = {
  { TM_FILE_SYSTEM_TMPFS, KEEPS_OWNERS | COUNTS_DIRECTORIES | FREES_AT_ONCE | CLEARS_LINKS },
  { TM_FILE_SYSTEM_EXT4, KEEPS_OWNERS | COUNTS_DIRECTORIES | FREES_AT_ONCE | CLEARS_LINKS },
  { TM_FILE_SYSTEM_XFS, KEEPS_OWNERS | COUNTS_DIRECTORIES | CLEARS_LINKS },
  { TM_FILE_SYSTEM_BTRFS, KEEPS_OWNERS | CLEARS_LINKS },
  { TM_FILE_SYSTEM_OVERLAY, KEEPS_OWNERS | CLEARS_LINKS },
  { TM_FILE_SYSTEM_RAMFS, KEEPS_OWNERS | FREES_AT_ONCE },
  { TM_FILE_SYSTEM_F2FS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_ZFS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_BCACHEFS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_JFS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_NILFS2, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_REISERFS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_UBIFS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_JFFS2, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_FFS, KEEPS_OWNERS },
  { TM_FILE_SYSTEM_APFS, NO_TRAITS },
  { TM_FILE_SYSTEM_EXFAT, FREES_AT_ONCE },
  { TM_FILE_SYSTEM_VFAT, FREES_AT_ONCE },
  { TM_FILE_SYSTEM_NTFS, NO_TRAITS },
  { TM_FILE_SYSTEM_HFS, NO_TRAITS },
  { TM_FILE_SYSTEM_UDF, NO_TRAITS },
};

/* Returns NULL if the type is not trusted. */
static const TrustedType *
find_trusted (TmFileSystemType type)
{
  for (guint i = 0; i < G_N_ELEMENTS (trusted_types); i++)
    if (trusted_types[i].type == type)
      return &trusted_types[i];
  return NULL;
}

/* Returns FALSE when the type is unknown. */
static gboolean
find_type (int dirfd, const TrustedType **trusted)
{
  TmFileSystemType type;
  gboolean is_known = tm_dirfd_get_file_system_type (dirfd, &type) == 0;

  *trusted = find_trusted (type);
  return is_known;
}

/* As find_type(). The last answer is remembered for each thread, by the number of the mount. The
 * number of the device does not suffice: those of file systems without a disk are reused. Returns
 * NULL if the type is not trusted, or unknown. */
static const TrustedType *
find_type_of_mount (int dirfd, guint64 mount)
{
  static __thread guint64 last_mount = 0;
  static __thread const TrustedType *last_type;
  const TrustedType *type;

  if (mount != 0 && mount == last_mount)
    return last_type;

  if (find_type (dirfd, &type) && mount != 0)
    {
      last_mount = mount;
      last_type = type;
    }

  return type;
}

/*
 * tm_file_system_is_shared:
 * @dirfd: a directory
 * @mount: the unique number of the mount that it was reached through, or 0
 *
 * Returns: whether processes that do not see a lock can reach the directory; %TRUE if that is
 *   unknown
 */
gboolean
tm_file_system_is_shared (int dirfd, guint64 mount)
{
  return find_type_of_mount (dirfd, mount) == NULL;
}

/* Whether an open directory that has been removed has no links. @mount: as of
 * tm_file_system_is_shared() */
gboolean
tm_file_system_clears_links (int dirfd, guint64 mount)
{
  const TrustedType *type = find_type_of_mount (dirfd, mount);

  return type != NULL && (type->traits & CLEARS_LINKS) != 0;
}

/*
 * tm_file_system_count_directories:
 * @dirfd: a directory
 * @n_directories: (out): the number of its sub-directories
 *
 * Counts the sub-directories without reading the directory: the entry ".." of each one is a link to
 * it. Its own name and "." are the other two. ext4 sets the number of links to 1 if it is too
 * large.
 *
 * Returns: %FALSE if the file system does not count links in this way
 */
gboolean
tm_file_system_count_directories (int dirfd, guint64 *n_directories)
{
  const TrustedType *type;
  struct stat status;

  if (!find_type (dirfd, &type) || type == NULL || (type->traits & COUNTS_DIRECTORIES) == 0 ||
      tm_dirfd_stat (dirfd, &status) < 0 || status.st_nlink < 2)
    return FALSE;

  *n_directories = status.st_nlink - 2;
  return TRUE;
}

/*
 * tm_file_system_frees_at_once:
 * @dirfd: a directory
 *
 * btrfs, ZFS and bcachefs free the space of a deleted file with their next transaction, XFS in the
 * background, and a network file system shows what it has cached. An overlay has the answers of
 * another file system.
 *
 * Returns: whether the free space that the file system reports includes that of files which were
 *   deleted just before; %FALSE if that is unknown
 */
gboolean
tm_file_system_frees_at_once (int dirfd)
{
  const TrustedType *type;

  return find_type (dirfd, &type) && type != NULL && (type->traits & FREES_AT_ONCE) != 0;
}

/* Whether files in the directory belong to the user that created them, so that another owner means
 * another creator. On other file systems a mount option, or a server, may determine the owner. */
static gboolean
keeps_owners (int dirfd)
{
  const TrustedType *type;

  return find_type (dirfd, &type) && type != NULL && (type->traits & KEEPS_OWNERS) != 0;
}

/*
 * tm_file_system_shows_foreign_owner:
 * @fd: a file that this user is expected to own; it may be a pin
 * @owner: its owner
 * @parent: the directory that contains it, or -1 if unknown
 * @is_new: whether it was created just now, under a name that did not exist
 *
 * The owner is not meaningful where the file system determines it: by a mount option, as with
 * bindfs, ntfs-3g and vfat, or on a server. There it only matters in a parent in which another user
 * could have created the file before, or, without the sticky bit, replaced it. Such a file system
 * mostly has one owner for all files. And if the owner of the parent is another user, that user can
 * replace the file at any time anyway.
 *
 * Returns: whether the owner shows that the file belongs to another user
 */
gboolean
tm_file_system_shows_foreign_owner (int fd, uid_t owner, int parent, gboolean is_new)
{
  TmFileStatus parent_status;

  if (owner == geteuid () || owner == tm_dirfd_get_user ())
    return FALSE;
  if (keeps_owners (fd) || parent < 0 || tm_dirfd_get_child_status (parent, "", &parent_status) < 0)
    return TRUE;
  if ((parent_status.mode & (S_IWGRP | S_IWOTH)) == 0 ||
      (is_new && (parent_status.mode & S_ISVTX) != 0))
    return FALSE;

  return owner != parent_status.owner;
}

/* Estimates the present time when nothing can be created, as on a disk without free inodes: by the
 * last change of the directory, which is never later. */
static void
estimate_signs (int dirfd, TmFileSystemSigns *signs)
{
  TmFileStatus status;

  *signs = (TmFileSystemSigns){ .now = { .seconds = G_MININT64 } };
  if (tm_dirfd_stat_times (dirfd, "", TRUE, &status) == 0)
    signs->now = status.times.changed;
}

/* Returns FALSE if the file cannot be examined. */
static gboolean
read_signs (int dirfd, const char *name, TmFileSystemSigns *signs)
{
  TmFileStatus status;

  if (tm_dirfd_stat_times (dirfd, name, TRUE, &status) < 0)
    return FALSE;

  *signs = (TmFileSystemSigns){
    .now = status.times.modified,
    .has_marks = (status.mode & TM_MARK) != 0,
  };
  return TRUE;
}

/*
 * tm_file_system_read_signs:
 * @dirfd: a directory on a shared file system
 * @signs: (out caller-allocates): the present time of its clock, and whether it has marks
 *
 * Creates a directory to see which time it gets: no other call tells the clock of a server. The
 * directory has the name and the mark of a temporary directory, so that a cleanup reclaims it if
 * this process ends before it removes it.
 *
 * On a full disk an empty file can often be created, which needs no block. If this process ends
 * before it removes the file, the file stays.
 *
 * Returns: %FALSE if nothing can be created: then @signs is an estimate, which makes entries look
 *   younger than they are, and owners live. See tm_watch_add_estimate().
 */
gboolean
tm_file_system_read_signs (int dirfd, TmFileSystemSigns *signs)
{
  g_autofree char *name = tm_name_new (TM_NAME_PREFIX_CLOCK, "", TM_NAME_BEATING);
  gboolean is_read = FALSE;

  if (name != NULL && tm_dirfd_make (dirfd, name, TM_MARK | S_IRWXU) == 0)
    {
      is_read = read_signs (dirfd, name, signs);
      tm_dirfd_remove (dirfd, name);
    }
  else if (name != NULL && tm_dirfd_make_file (dirfd, name, TM_MARK | S_IRUSR | S_IWUSR) == 0)
    {
      is_read = read_signs (dirfd, name, signs);
      tm_dirfd_unlink (dirfd, name);
    }

  if (!is_read)
    estimate_signs (dirfd, signs);
  return is_read;
}

/* A btrfs subvolume has a device number of its own, which the table does not contain. */
static gboolean
mount_can_be_of (const TmMount *mount, dev_t device)
{
  return mount->device == device || mount->type == TM_FILE_SYSTEM_BTRFS;
}

/*
 * tm_mounts_can_hold:
 * @path: a mount point, without links
 * @device: the device of a wanted directory
 *
 * Whether the file system that is mounted at @path can contain the directory. It cannot if it is
 * shared and not the file system of the directory, unless that one is mounted below it. Sends no
 * request to a file system, whose server may hang.
 *
 * Returns: %FALSE if it cannot; %TRUE if that is unknown
 */
gboolean
tm_mounts_can_hold (const char *path, dev_t device)
{
  g_autoptr (GArray) mounts = tm_kernel_read_mounts ();
  g_autofree char *prefix = g_strconcat (path, G_DIR_SEPARATOR_S, NULL);
  gboolean can_hold = TRUE;
  gboolean can_lie_below = FALSE;

  if (mounts == NULL)
    return TRUE;

  for (guint i = 0; i < mounts->len; i++)
    {
      const TmMount *mount = &g_array_index (mounts, TmMount, i);

      /* Of several mounts at the same path, the last one is visible. */
      if (g_str_equal (mount->path, path))
        can_hold = mount_can_be_of (mount, device) || find_trusted (mount->type) != NULL;
      else if (g_str_has_prefix (mount->path, prefix))
        can_lie_below |= mount_can_be_of (mount, device);
    }

  return can_hold || can_lie_below;
}
