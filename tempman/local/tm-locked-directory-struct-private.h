/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-locked-directory-private.h"
#include "local/tm-restore-private.h"

G_BEGIN_DECLS

/* The inside of a TmLockedDirectory, for tm-claim.c, tm-claim-create.c and tm-claim-delete.c alone.
 */

/* A cleaner or a list that only looks at the lock holds it for microseconds. */
#define TM_LOCKED_DIRECTORY_MAX_LOCK_ATTEMPTS 10
#define TM_LOCKED_DIRECTORY_LOCK_RETRY_MICROSECONDS 100

struct _TmLockedDirectory
{
  int fd;           /* (owned): carries the lock, and is closed last of all but the parent */
  TmParent *parent; /* (owned): where the name is, wherever that directory may have been moved */
  char *name;       /* (owned) */
  TmFileIdentity identity;
  mode_t repaired_mode;          /* to be restored when the directory stays as we left it */
  mode_t left_mode;              /* as we left it, if it is to be restored */
  struct timespec times[2];      /* of access and modification, when it was created or opened */
  TmTimestamp begin;             /* when it was opened: what is in it and newer is not ours */
  off_t size;                    /* of the directory itself, then */
  gboolean needs_privilege;      /* since the parent has the sticky bit, and neither is ours */
  gboolean is_left_to_its_owner; /* for want of that */
  gboolean has_lock;             /* since we created it */
  gboolean is_marked;            /* by us, when we created it */
  guint n_lost;                  /* before it was created: to cleaners, which deleted others */
  gboolean is_removed;           /* both descriptors were seen to be ours when it was removed */
  gboolean is_to_be_unlocked;    /* we took a lock on a directory of another process */
};

TmLockedDirectory *
tm_locked_directory_new (int fd, TmParent *parent, const char *name, mode_t repaired_mode);
void tm_locked_directory_remember (TmLockedDirectory *directory, const struct stat *status);
int tm_locked_directory_ensure_learnt (TmLockedDirectory *directory);
gboolean tm_locked_directory_lock_is_unsupported (int error_number);

G_END_DECLS
