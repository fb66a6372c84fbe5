/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-error-private.h"
#include "core/tm-heartbeat-private.h"
#include "local/tm-locked-directory-private.h"
#include "local/tm-restore-private.h"

G_BEGIN_DECLS

/* The fields of TmLockedDirectory, for tm-locked-directory*.c alone. */

/* Cleaners and lists hold a lock for microseconds when they only examine it. */
#define TM_LOCKED_DIRECTORY_MAX_LOCK_ATTEMPTS 10
#define TM_LOCKED_DIRECTORY_LOCK_RETRY_MICROSECONDS 100

/* What the heartbeat uses. */
typedef struct _TmBeat TmBeat;

struct _TmLockedDirectory
{
  int fd;           /* (owned): carries the lock, and is closed last of all but the parent */
  TmParent *parent; /* (owned): contains the name, even after a move of the parent */
  char *name;       /* (owned) */
  TmFileIdentity identity;
  mode_t repaired_mode;          /* restored on release if the mode is still left_mode */
  mode_t left_mode;              /* after the repair */
  TmTimes times;                 /* on creation or opening */
  TmTimestamp begin;             /* time of opening: newer content is of another process */
  guint64 size;                  /* of the directory itself, on creation or opening */
  gboolean needs_privilege;      /* to remove it: its parent has the sticky bit */
  gboolean is_left_to_its_owner; /* this thread lacks that privilege */
  gboolean has_lock;             /* from its creation */
  gboolean is_marked;            /* by this object, on creation */
  guint n_lost;               /* how many directories cleaners deleted before this one was locked */
  gboolean is_removed;        /* both descriptors were verified on removal */
  gboolean is_to_be_unlocked; /* a lock on the directory of another process */

  /* (owned) (nullable): of the owner, on a shared file system. */
  TmHeartbeat *heartbeat;
  TmBeat *beat;
};

TmLockedDirectory *
tm_locked_directory_new (int fd, TmParent *parent, const char *name, mode_t repaired_mode);
void tm_locked_directory_set_status (TmLockedDirectory *directory, const TmFileStatus *status);
int tm_locked_directory_ensure_status (TmLockedDirectory *directory);
void tm_beat_free (TmBeat *beat);
gboolean tm_locked_directory_start_heartbeat (TmLockedDirectory *directory,
                                              TmAction action,
                                              const char *path,
                                              GError **error);
gboolean tm_locked_directory_lock_is_unsupported (int error_number);

G_END_DECLS
