/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TmLockState TmForkMutexState;

/* A mutex with a condition, which a forked child always finds unlocked. */
typedef struct
{
  TmForkMutexState *state; /* (owned): atomic; of the process that used it last */
} TmForkMutex;

void tm_fork_mutex_init (TmForkMutex *lock);
void tm_fork_mutex_clear (TmForkMutex *lock);

void tm_fork_mutex_lock (TmForkMutex *lock);
void tm_fork_mutex_unlock (TmForkMutex *lock);
void tm_fork_mutex_wait (TmForkMutex *lock);
void tm_fork_mutex_wake_all (TmForkMutex *lock);

/* Acquires a lock until the end of the scope. */
typedef TmForkMutex TmForkMutexLocker;

static inline TmForkMutexLocker *
tm_fork_mutex_locker_new (TmForkMutex *lock)
{
  tm_fork_mutex_lock (lock);
  return lock;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmForkMutexLocker, tm_fork_mutex_unlock)

G_END_DECLS
