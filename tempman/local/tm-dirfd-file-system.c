/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-private.h"

#include <string.h>

#ifdef TM_CONFIG_HAVE_SYS_STATFS_H
#include <sys/statfs.h>
#else
#include <sys/param.h>

#include <sys/mount.h>
#endif

/* The type of a file system: Linux tells a number, BSD and macOS tell a name. */

typedef struct
{
  TmFileSystemType type;
  guint32 magic;     /* as of statfs() of Linux, or 0 */
  const char *names; /* as in the mount table, separated by spaces */
} KnownType;

static const KnownType known_types[] = {
  { TM_FILE_SYSTEM_TMPFS, 0x01021994, "tmpfs devtmpfs mfs" },
  { TM_FILE_SYSTEM_EXT4, 0xef53, "ext2 ext3 ext4 ext2fs" },
  { TM_FILE_SYSTEM_XFS, 0x58465342, "xfs" },
  { TM_FILE_SYSTEM_BTRFS, 0x9123683e, "btrfs" },
  { TM_FILE_SYSTEM_OVERLAY, 0x794c7630, "overlay" },
  { TM_FILE_SYSTEM_RAMFS, 0x858458f6, "ramfs rootfs" },
  { TM_FILE_SYSTEM_F2FS, 0xf2f52010, "f2fs" },
  { TM_FILE_SYSTEM_ZFS, 0x2fc12fc1, "zfs" },
  { TM_FILE_SYSTEM_BCACHEFS, 0xca451a4e, "bcachefs" },
  { TM_FILE_SYSTEM_JFS, 0x3153464a, "jfs" },
  { TM_FILE_SYSTEM_NILFS2, 0x3434, "nilfs2" },
  { TM_FILE_SYSTEM_REISERFS, 0x52654973, "reiserfs" },
  { TM_FILE_SYSTEM_UBIFS, 0x24051905, "ubifs" },
  { TM_FILE_SYSTEM_JFFS2, 0x72b6, "jffs2" },
  { TM_FILE_SYSTEM_EXFAT, 0x2011bab0, "exfat" },
  { TM_FILE_SYSTEM_VFAT, 0x4d44, "msdos vfat msdosfs" },
  { TM_FILE_SYSTEM_NTFS, 0x7366746e, "ntfs3" },
  { TM_FILE_SYSTEM_NTFS, 0x5346544e, "ntfs" },
  { TM_FILE_SYSTEM_HFS, 0x4244, "hfs" },
  { TM_FILE_SYSTEM_HFS, 0x482b, "hfsplus" },
  { TM_FILE_SYSTEM_UDF, 0x15013346, "udf" },
  { TM_FILE_SYSTEM_PROC, 0x9fa0, "proc" },
  { TM_FILE_SYSTEM_FFS, 0, "ffs ufs" },
  { TM_FILE_SYSTEM_APFS, 0, "apfs" },
};

/*
 * tm_file_system_type_from_name:
 * @name: a type of file system, as in the mount table
 *
 * Returns: the type
 */
TmFileSystemType
tm_file_system_type_from_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_types); i++)
    {
      g_auto (GStrv) names = g_strsplit (known_types[i].names, " ", -1);

      if (g_strv_contains ((const char *const *) names, name))
        return known_types[i].type;
    }

  return TM_FILE_SYSTEM_UNKNOWN;
}

/*
 * tm_dirfd_get_file_system_type:
 * @dirfd: a directory
 * @type: (out): the type of its file system
 *
 * Returns: 0, or -1 with %TM_FILE_SYSTEM_UNKNOWN
 */
int
tm_dirfd_get_file_system_type (int dirfd, TmFileSystemType *type)
{
  struct statfs status;

  *type = TM_FILE_SYSTEM_UNKNOWN;
  if (RETRY_ON_EINTR (fstatfs (dirfd, &status)) < 0)
    return -1;

#ifdef TM_CONFIG_HAVE_F_FSTYPENAME
  *type = tm_file_system_type_from_name (status.f_fstypename);
#else
  /* The field is signed in some C libraries. */
  for (guint i = 0; i < G_N_ELEMENTS (known_types); i++)
    if (known_types[i].magic != 0 && known_types[i].magic == (guint32) status.f_type)
      *type = known_types[i].type;
#endif
  return 0;
}
