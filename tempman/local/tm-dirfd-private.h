/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <unistd.h>

G_BEGIN_DECLS

/* The system calls of this library, each relative to the descriptor of a directory. On failure they
 * return -1 and set errno, like the calls that they wrap; tm_error_set_from_errno() converts that
 * to a GError. */

/* Identifies a file, as long as a process has it open: after that, another file can get the same
 * inode number. */
typedef struct
{
  dev_t device;
  ino_t inode;
} TmFileIdentity;

/* The status of a file, from one call. */
typedef struct
{
  TmFileIdentity identity;
  guint64 mount;            /* the mount through which it was reached, or 0 if unknown */
  gboolean mount_is_unique; /* the number is never reused: since Linux 6.8 */
  gboolean is_mount_point;  /* FALSE if unknown */
  mode_t mode;
  uid_t owner;
  guint64 size;
  guint64 allocated; /* bytes on the disk */
  guint n_links;
  struct statx_timestamp modified;
} TmFileStatus;

/* A signal handler without SA_RESTART must not make a deletion fail. close() is not retried: Linux
 * closes the descriptor even when it returns EINTR. */
#define RETRY_ON_EINTR(expression) TEMP_FAILURE_RETRY (expression)

#define TM_DIRFD_BUFFER_SIZE (32 * 1024)

/* The unit of st_blocks, on all file systems: see stat(3type). */
#define TM_DIRFD_BLOCK_SIZE 512

/* Not a mode: tm_dirfd_open_child() has not repaired the mode. */
#define TM_DIRFD_MODE_UNTOUCHED ((mode_t) -1)

/* The mode bits that are needed to list, enter and empty a directory. */
#define TM_DIRFD_MODE_USABLE (S_IRUSR | S_IWUSR | S_IXUSR)

/* Attributes of a file or directory that keep it from being changed. */
typedef enum
{
  TM_ATTRIBUTE_IMMUTABLE = 0x10,
  TM_ATTRIBUTE_APPEND_ONLY = 0x20,
  TM_ATTRIBUTE_READ_ONLY_SUBVOLUME = 1 << 30, /* of btrfs, of which the file is the top */
} TmAttributes;

int tm_dirfd_open (const char *path, int flags);
int tm_dirfd_open_without_links (const char *path, int flags);
int tm_dirfd_open_beneath (int dirfd, const char *name, int flags);
int tm_dirfd_open_descendant (int dirfd, const char *names, int flags);
int tm_dirfd_open_child (int dirfd, const char *name, int flags, mode_t *repaired_mode);
int tm_dirfd_open_file (int dirfd, const char *name);
int tm_dirfd_reopen (int dirfd);
int tm_dirfd_reopen_o_path (int o_path, int flags);
int tm_dirfd_open_unchanged (int dirfd, const char *name);
gboolean tm_dirfd_leaves_no_trace (int dirfd);
gboolean tm_dirfd_is_in_mount_of (int dirfd, int other);
int tm_dirfd_open_o_path (int dirfd, const char *name);
int tm_dirfd_open_o_path_directory (int dirfd, const char *name);
int tm_dirfd_follow (int dirfd, const char *name);
char *tm_dirfd_read_link (int link);
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
int tm_dirfd_rename (int from, const char *name, int to, const char *new_name, guint flags);
int tm_dirfd_link (int dirfd, const char *name, const char *new_name);
gssize tm_dirfd_read (int dirfd, char *buffer, gsize size);
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
int tm_dirfd_stat_times (int dirfd, const char *name, gboolean is_shared, struct statx *status);
int tm_dirfd_stat_file_system (int dirfd, struct statfs *status);
int tm_dirfd_set_mode (int dirfd, mode_t current, mode_t mode);
void tm_dirfd_restore_mode (int dirfd, mode_t left, mode_t mode);
guint tm_dirfd_get_attributes (int fd, const struct stat *status);
int tm_dirfd_change_attributes (int fd, guint attributes, gboolean is_set);
int tm_dirfd_set_times (int dirfd, const struct timespec times[2]);
int tm_dirfd_touch (int dirfd);
int tm_dirfd_make_usable (int dirfd, const struct stat *status);
gboolean tm_dirfd_repair_mode (int dirfd);

TmFileIdentity tm_file_identity (const struct stat *status);
TmFileStatus tm_file_status (const struct stat *status);
gboolean tm_file_identity_equal (TmFileIdentity a, TmFileIdentity b);

gboolean tm_dirfd_is_beneath (int dirfd, TmFileIdentity top);

/* Iterates over the entries that tm_dirfd_read() has stored in @buffer, without "." and "..". */
#define TM_DIRFD_FOREACH_ENTRY(entry, buffer, length)                                              \
  for (struct dirent64 *entry = (struct dirent64 *) (void *) (buffer);                             \
       (char *) entry < (buffer) + (length);                                                       \
       entry = (struct dirent64 *) (void *) ((char *) entry + entry->d_reclen))                    \
    if (!tm_dirfd_is_dot_entry (entry->d_name))

static inline gboolean
tm_dirfd_is_dot_entry (const char *name)
{
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

G_END_DECLS
