/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* System calls that not every C library declares, with the types of the kernel. For programs that
 * do not use GLib, too. */

typedef struct
{
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t reserved;
} KernelTime;

/* struct statx */
typedef struct
{
  uint32_t mask;
  uint32_t block_size;
  uint64_t attributes;
  uint32_t n_links;
  uint32_t owner;
  uint32_t group;
  uint16_t mode;
  uint16_t reserved;
  uint64_t inode;
  uint64_t size;
  uint64_t n_blocks;
  uint64_t attributes_mask;
  KernelTime accessed;
  KernelTime created;
  KernelTime changed;
  KernelTime modified;
  uint32_t of_major;
  uint32_t of_minor;
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t mount;
  uint64_t spare[13];
} KernelStatus;

_Static_assert(sizeof (KernelStatus) == 256, "struct statx has 256 bytes");

/* struct linux_dirent64 */
typedef struct
{
  uint64_t inode;
  int64_t position;
  uint16_t length;
  uint8_t type;
  char name[];
} KernelEntry;

#define KERNEL_DONT_SYNC 0x4000  /* AT_STATX_DONT_SYNC */
#define KERNEL_FORCE_SYNC 0x2000 /* AT_STATX_FORCE_SYNC */
#define KERNEL_WANTS_TYPE 0x0001 /* STATX_TYPE */
/* STATX_TYPE | STATX_MODE | STATX_ATIME | STATX_MTIME */
#define KERNEL_WANTS_TIMES 0x0063
#define KERNEL_WANTS_MODIFIED 0x0040             /* STATX_MTIME */
#define KERNEL_WANTS_MOUNT 0x1000                /* STATX_MNT_ID */
#define KERNEL_IS_MOUNT_ROOT ((uint64_t) 0x2000) /* STATX_ATTR_MOUNT_ROOT */

#define KERNEL_RENAME_NOREPLACE 1 /* RENAME_NOREPLACE */
#define KERNEL_RENAME_EXCHANGE 2  /* RENAME_EXCHANGE */

static inline int
kernel_statx (int fd, const char *path, int flags, unsigned int mask, KernelStatus *status)
{
  return (int) syscall (SYS_statx, fd, path, flags, mask, status);
}

static inline ssize_t
kernel_getdents (int fd, void *buffer, size_t size)
{
  return syscall (SYS_getdents64, fd, buffer, size);
}

static inline int
kernel_renameat2 (int from, const char *path, int to, const char *new_path, unsigned int flags)
{
  return (int) syscall (SYS_renameat2, from, path, to, new_path, flags);
}
