/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-config.h"

#include "core/tm-age-private.h"

#include <gio/gio.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

G_BEGIN_DECLS

/* The system calls of this library, each relative to the descriptor of a directory. On failure they
 * return -1 and set errno, like the calls that they wrap; tm_error_set_from_errno() converts that
 * to a GError.
 *
 * tm-dirfd.c has the calls that every Unix has. Meson chooses the file for the others:
 * tm-dirfd-linux.c, or tm-dirfd-posix.c for a system that lacks the calls of Linux.
 * docs/platforms.md tells what is then weaker. */

/* Identifies a file, as long as a process has it open: after that, another file can get the same
 * inode number. */
typedef struct
{
  dev_t device;
  ino_t inode;
} TmFileIdentity;

/* The status of a file, from one call. The functions that return it say which fields it has. */
typedef struct
{
  TmFileIdentity identity;
  guint64 mount;            /* the mount through which it was reached, or 0 if unknown */
  gboolean mount_is_unique; /* the number is never reused: since Linux 6.8 */
  gboolean is_mount_point;  /* FALSE if unknown */
  gboolean is_fixed;        /* immutable or append-only; FALSE if unknown */
  mode_t mode;
  uid_t owner;
  guint64 size;
  guint64 allocated; /* bytes on the disk */
  guint n_links;
  TmTimes times;
} TmFileStatus;

/* An entry of a directory, as Linux returns it. */
typedef struct
{
  guint64 inode;
  gint64 next;  /* the position behind it, for tm_dirfd_seek() */
  guint16 size; /* of this record, a multiple of 8 */
  guint8 type;  /* of the file, as DT_DIR, or DT_UNKNOWN */
  char name[];
} TmDirEntry;

/* Entries of a directory, one behind the other. All zeros is an empty buffer. */
typedef struct
{
  char *records; /* (owned) (nullable) */
  gsize size;    /* allocated bytes */
  gsize length;  /* filled bytes */
} TmDirEntries;

/* How to rename: see tm_dirfd_rename(). The values are those of Linux. */
typedef enum
{
  TM_RENAME_REPLACE = 0,
  TM_RENAME_NO_REPLACE = 1,
  TM_RENAME_EXCHANGE = 2,
} TmRename;

/* The types of file systems that the library distinguishes. */
typedef enum
{
  TM_FILE_SYSTEM_UNKNOWN,
  TM_FILE_SYSTEM_APFS,
  TM_FILE_SYSTEM_BCACHEFS,
  TM_FILE_SYSTEM_BTRFS,
  TM_FILE_SYSTEM_EXFAT,
  TM_FILE_SYSTEM_EXT4, /* and its predecessors */
  TM_FILE_SYSTEM_F2FS,
  TM_FILE_SYSTEM_FFS,
  TM_FILE_SYSTEM_HFS,
  TM_FILE_SYSTEM_JFFS2,
  TM_FILE_SYSTEM_JFS,
  TM_FILE_SYSTEM_NILFS2,
  TM_FILE_SYSTEM_NTFS,
  TM_FILE_SYSTEM_OVERLAY,
  TM_FILE_SYSTEM_PROC,
  TM_FILE_SYSTEM_RAMFS,
  TM_FILE_SYSTEM_REISERFS,
  TM_FILE_SYSTEM_TMPFS,
  TM_FILE_SYSTEM_UBIFS,
  TM_FILE_SYSTEM_UDF,
  TM_FILE_SYSTEM_VFAT,
  TM_FILE_SYSTEM_XFS,
  TM_FILE_SYSTEM_ZFS,
} TmFileSystemType;

/* A line of the table of mounts. */
typedef struct
{
  dev_t device;
  char *path; /* (owned) */
  TmFileSystemType type;
} TmMount;

/* Flags for the functions that open a file, which not every system has. */
#define TM_O_KEEP_ATIME TM_CONFIG_O_NOATIME /* without setting the access time, if permitted */
#define TM_O_PIN TM_CONFIG_O_PIN /* only to hold the file, and to open others from there */

/* A signal handler without SA_RESTART must not make a deletion fail. close() is not retried: Linux
 * closes the descriptor even when it returns EINTR. */
#define RETRY_ON_EINTR(expression)                                                                 \
  G_GNUC_EXTENSION ({                                                                              \
    __typeof__ (expression) retried_result;                                                        \
    do                                                                                             \
      retried_result = (expression);                                                               \
    while (retried_result == -1 && errno == EINTR);                                                \
    retried_result;                                                                                \
  })

#define TM_DIRFD_BUFFER_SIZE (32 * 1024)

/* No record is longer: a name has at most 255 bytes. */
#define TM_DIRFD_MAX_RECORD_SIZE (G_STRUCT_OFFSET (TmDirEntry, name) + 256)

/* The unit of st_blocks, on all file systems: see stat(3type). */
#define TM_DIRFD_BLOCK_SIZE 512

/* Not a mode: tm_dirfd_open_child() has not repaired the mode. */
#define TM_DIRFD_MODE_UNTOUCHED ((mode_t) -1)

/* The mode bits that are needed to list, enter and empty a directory. */
#define TM_DIRFD_MODE_USABLE (S_IRUSR | S_IWUSR | S_IXUSR)

/* Attributes of a file or directory that keep it from being changed. The first two have the values
 * of Linux. */
typedef enum
{
  TM_ATTRIBUTE_IMMUTABLE = 0x10,
  TM_ATTRIBUTE_APPEND_ONLY = 0x20,
  TM_ATTRIBUTE_READ_ONLY_SUBVOLUME = 1 << 30, /* of btrfs, of which the file is the top */
} TmAttributes;

int tm_dirfd_open_at (int dirfd, const char *name, int flags);
int tm_dirfd_open (const char *path, int flags);
int tm_dirfd_open_without_links (const char *path, int flags);
int tm_dirfd_open_readable_without_links (const char *path);
int tm_dirfd_open_beneath (int dirfd, const char *name, int flags);
int tm_dirfd_open_descendant (int dirfd, const char *names, int flags);
int tm_dirfd_open_child (int dirfd, const char *name, int flags, mode_t *repaired_mode);
int tm_dirfd_open_repaired (int dirfd, const char *name, int flags, mode_t *repaired_mode);
int tm_dirfd_open_file (int dirfd, const char *name);
int tm_dirfd_reopen (int dirfd);
int tm_dirfd_reopen_file (int pin, int flags);
int tm_dirfd_open_unchanged (int dirfd, const char *name);
gboolean tm_dirfd_keeps_atime (uid_t owner);
gboolean tm_dirfd_leaves_no_trace (int dirfd);
gboolean tm_dirfd_is_in_mount_of (int dirfd, int other);
int tm_dirfd_pin (int dirfd, const char *name);
int tm_dirfd_pin_directory (int dirfd, const char *name);
int tm_dirfd_follow (int dirfd, const char *name);
int tm_dirfd_read_link (int dirfd, const char *name, struct stat *status, char **target);
char *tm_dirfd_find_path (int fd);
uid_t tm_dirfd_get_user (void);
int tm_dirfd_find_write_error (int dirfd, const char *name);
guint tm_dirfd_count_spare (int dirfd);
int tm_dirfd_keep_off_standard_numbers (int fd);
void tm_dirfd_close (int dirfd);

gboolean tm_dirfd_is_gone (int error_number);
int tm_dirfd_find_cause (int dirfd, const char *name, int error_number);
int tm_dirfd_make (int dirfd, const char *name, mode_t mode);
int tm_dirfd_make_file (int dirfd, const char *name, mode_t mode);
int tm_dirfd_unlink (int dirfd, const char *name);
int tm_dirfd_remove (int dirfd, const char *name);
int tm_dirfd_rename (int from, const char *name, int to, const char *new_name, TmRename how);
int tm_dirfd_link (int dirfd, const char *name, const char *new_name);
gssize tm_dirfd_read (int dirfd, TmDirEntries *entries, gsize size);
off_t tm_dirfd_tell (int dirfd);
int tm_dirfd_seek (int dirfd, off_t position);
int tm_dirfd_lock (int dirfd, int operation);
void tm_dirfd_unlock (int dirfd);

int tm_dirfd_stat (int dirfd, struct stat *status);
int tm_dirfd_stat_child (int dirfd, const char *name, struct stat *status);
int tm_dirfd_get_child_status (int dirfd, const char *name, TmFileStatus *status);
int tm_dirfd_get_status (int fd, TmFileStatus *status);
gboolean tm_dirfd_is_mount_point (int dirfd, const char *name);
int tm_dirfd_check (int fd, TmFileIdentity identity);
int tm_dirfd_stat_times (int dirfd, const char *name, gboolean is_shared, TmFileStatus *status);
int tm_dirfd_get_file_system_type (int dirfd, TmFileSystemType *type);
TmFileSystemType tm_file_system_type_from_name (const char *name);
int tm_dirfd_get_free_space (int dirfd, guint64 *free_space);
int tm_dirfd_change_mode (int dirfd, mode_t mode);
int tm_dirfd_set_mode (int dirfd, mode_t current, mode_t mode);
void tm_dirfd_restore_mode (int dirfd, mode_t left, mode_t mode);
guint tm_dirfd_get_attributes (int fd, const struct stat *status);
int tm_dirfd_change_attributes (int fd, guint attributes, gboolean is_set);
int tm_dirfd_set_times (int dirfd, const TmTimestamp *accessed, const TmTimestamp *modified);
int tm_dirfd_set_access_time (int dirfd, TmTimestamp accessed);
int tm_dirfd_touch (int dirfd);
int tm_dirfd_make_usable (int dirfd, const struct stat *status);
gboolean tm_dirfd_may_repair_mode (const struct stat *status);
gboolean tm_dirfd_repair_mode (int dirfd);

TmFileIdentity tm_file_identity (const struct stat *status);
TmFileStatus tm_file_status (const struct stat *status);
gboolean tm_file_identity_equal (TmFileIdentity a, TmFileIdentity b);
TmTimes tm_file_times (const struct stat *status);

/* What the kernel tells of itself and of the calling thread, without a descriptor. */
GArray *tm_kernel_read_mounts (void);
gboolean tm_kernel_knows_lock (TmFileIdentity identity);
gboolean tm_kernel_maps_user (uid_t user);
gboolean tm_kernel_maps_group (gid_t group);
gboolean tm_kernel_is_one_user (uid_t user);
gboolean tm_kernel_grants_ownership (void);

gboolean tm_dirfd_is_beneath (int dirfd, TmFileIdentity top);

void tm_dir_entries_reserve (TmDirEntries *entries, gsize size);
void tm_dir_entries_clear (TmDirEntries *entries);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TmDirEntries, tm_dir_entries_clear)

/* Returns: the entry at an offset */
static inline TmDirEntry *
tm_dir_entries_get (const TmDirEntries *entries, gsize offset)
{
  return (TmDirEntry *) (gpointer) (entries->records + offset);
}

/* Iterates over entries, without "." and "..". */
#define TM_DIR_ENTRIES_FOREACH(entry, entries)                                                     \
  for (TmDirEntry *entry = tm_dir_entries_get (entries, 0);                                        \
       (char *) entry < (entries)->records + (entries)->length;                                    \
       entry = (TmDirEntry *) (gpointer) ((char *) entry + entry->size))                           \
    if (!tm_dirfd_is_dot_entry (entry->name))

static inline gboolean
tm_dirfd_is_dot_entry (const char *name)
{
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

G_END_DECLS
