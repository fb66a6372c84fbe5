/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

G_BEGIN_DECLS

/* System calls that not every C library declares, with the types of the kernel. */

typedef struct
{
  gint64 seconds;
  guint32 nanoseconds;
  gint32 reserved;
} KernelTime;

/* struct statx */
typedef struct
{
  guint32 mask;
  guint32 block_size;
  guint64 attributes;
  guint32 n_links;
  guint32 owner;
  guint32 group;
  guint16 mode;
  guint16 reserved;
  guint64 inode;
  guint64 size;
  guint64 n_blocks;
  guint64 attributes_mask;
  KernelTime accessed;
  KernelTime created;
  KernelTime changed;
  KernelTime modified;
  guint32 of_major;
  guint32 of_minor;
  guint32 device_major;
  guint32 device_minor;
  guint64 spare[14];
} KernelStatus;

G_STATIC_ASSERT (sizeof (KernelStatus) == 256);

/* struct linux_dirent64 */
typedef struct
{
  guint64 inode;
  gint64 position;
  guint16 length;
  guint8 type;
  char name[];
} KernelEntry;

#define KERNEL_DONT_SYNC 0x4000                 /* AT_STATX_DONT_SYNC */
#define KERNEL_FORCE_SYNC 0x2000                /* AT_STATX_FORCE_SYNC */
#define KERNEL_WANTS_TYPE 0x0001                /* STATX_TYPE */
#define KERNEL_WANTS_MODIFIED 0x0040            /* STATX_MTIME */
#define KERNEL_IS_MOUNT_ROOT ((guint64) 0x2000) /* STATX_ATTR_MOUNT_ROOT */

static inline int
kernel_statx (int fd, const char *path, int flags, guint mask, KernelStatus *status)
{
  return (int) syscall (SYS_statx, fd, path, flags, mask, status);
}

static inline ssize_t
kernel_getdents (int fd, void *buffer, gsize size)
{
  return syscall (SYS_getdents64, fd, buffer, size);
}

G_END_DECLS
