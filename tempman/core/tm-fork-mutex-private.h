/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TmForkMutexState TmForkMutexState;

/* A mutex with a condition variable. A forked child finds it unlocked. */
typedef struct
{
  TmForkMutexState *state; /* (owned): atomic; that of the process that used it last */
} TmForkMutex;

void tm_fork_mutex_init (TmForkMutex *mutex);
void tm_fork_mutex_clear (TmForkMutex *mutex);

void tm_fork_mutex_lock (TmForkMutex *mutex);
void tm_fork_mutex_unlock (TmForkMutex *mutex);
void tm_fork_mutex_wait (TmForkMutex *mutex);
void tm_fork_mutex_wake_all (TmForkMutex *mutex);

/* Locks a mutex until the end of the scope. */
typedef TmForkMutex TmForkMutexLocker;

static inline TmForkMutexLocker *
tm_fork_mutex_locker_new (TmForkMutex *mutex)
{
  tm_fork_mutex_lock (mutex);
  return mutex;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmForkMutexLocker, tm_fork_mutex_unlock)

G_END_DECLS
