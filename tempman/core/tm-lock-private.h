/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TmLockState TmLockState;

/* A mutex with a condition, which a forked child always finds unlocked. */
typedef struct
{
  TmLockState *state; /* (owned): atomic; of the process that used it last */
} TmLock;

void tm_lock_init (TmLock *lock);
void tm_lock_clear (TmLock *lock);

void tm_lock_acquire (TmLock *lock);
void tm_lock_release (TmLock *lock);
void tm_lock_wait (TmLock *lock);
void tm_lock_wake_all (TmLock *lock);

/* Acquires a lock until the end of the scope. */
typedef TmLock TmLocker;

static inline TmLocker *
tm_locker_new (TmLock *lock)
{
  tm_lock_acquire (lock);
  return lock;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmLocker, tm_lock_release)

G_END_DECLS
