/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/* The system calls of the library, shown to a test before the kernel executes them: the test does
 * at that moment what another process could do, in every run.
 *
 * Calls that a test makes itself are shown too, so that a naive deletion meets the same attack;
 * calls from within the functions below are not.
 *
 * With TEMPMAN_TEST_OPENAT2=ENOSYS or EPERM in the environment, every openat2() fails with that
 * error, as on an old kernel or in a container that forbids it. */

/* With "ignored" in this environment variable, the kernel reports that it wipes a page at a fork,
 * but does not, as qemu-user; with "refused", it reports an error, as before Linux 4.14. */
#define WIPE_ON_FORK_VARIABLE "TEMPMAN_TEST_WIPEONFORK"

typedef struct
{
  const char *name; /* the name that the kernel has for it */
  int fd;           /* the open file, or the directory of the path; AT_FDCWD for a path alone */
  const char *path; /* (nullable) */
  guint64 flags;    /* the flags to open, unlink, rename or lock */
  guint64 resolve;  /* of openat2() */
} SystemCall;

/* Returns 0 to let the call through, or the errno with which it fails. Several threads may run the
 * function at the same time. */
typedef int (*SystemCallFunc) (const SystemCall *call, gpointer user_data);

void interpose (SystemCallFunc function, gpointer user_data);
void interpose_end (void);

typedef void (*AttackFunc) (gpointer user_data);

void attack_before (const char *name, guint nth, AttackFunc attack, gpointer user_data);
guint attack_end (void);

void fail_call (const char *name, int error_number, guint n_times);
guint fail_end (void);

gboolean openat2_is_denied (void);
void hide_entry_types (gboolean hide);
void shorten_reads (gboolean shorten);
void refuse_rename_flags (gboolean refuse);
void strip_marks (gboolean strip);
void ignore_mounts (gboolean ignore);
void pretend_shared (gboolean shared);
void pretend_free_space (guint64 bytes);
void pretend_verified (gboolean verified);
void give_inode (const struct stat *former, const struct stat *receiver);
void take_inodes_back (void);

G_END_DECLS
