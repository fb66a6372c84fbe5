/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-fork-mutex-private.h"

#include "core/tm-process-private.h"

/* A process that forks while another of its threads holds a mutex leaves the child a mutex that
 * nobody unlocks. Each process therefore has a mutex of its own: the first thread of a child that
 * comes to the lock replaces that of the parent.
 *
 * What the lock guards is a copy of what the parent had at that moment, and may be half changed: to
 * tell is up to those who use the lock. */

struct _TmLockState
{
  TmProcessToken process;
  GMutex mutex;
  GCond changed;
  guint n_waiting;             /* to wake nobody is a system call, too */
  TmForkMutexState *inherited; /* (owned) (nullable): of the parent; never used again */
};

static TmForkMutexState *
state_new (TmForkMutexState *inherited)
{
  TmForkMutexState *state = g_new0 (TmForkMutexState, 1);

  state->process = tm_process_get_token ();
  state->inherited = inherited;
  g_mutex_init (&state->mutex);
  g_cond_init (&state->changed);
  return state;
}

/* Its mutex and condition are not cleared where they may be in use: by a thread of the parent. */
static void
state_free (TmForkMutexState *state, gboolean is_in_use)
{
  if (!is_in_use)
    {
      g_cond_clear (&state->changed);
      g_mutex_clear (&state->mutex);
    }
  g_free (state);
}

static TmForkMutexState *
get_state (TmForkMutex *lock)
{
  TmForkMutexState *state = g_atomic_pointer_get (&lock->state);

  while (G_UNLIKELY (state->process != tm_process_get_token ()))
    {
      TmForkMutexState *own = state_new (state);

      if (!g_atomic_pointer_compare_and_exchange (&lock->state, state, own))
        state_free (own, FALSE);
      state = g_atomic_pointer_get (&lock->state);
    }

  return state;
}

void
tm_fork_mutex_init (TmForkMutex *lock)
{
  lock->state = state_new (NULL);
}

/* Called when no thread of this process uses the lock any more. */
void
tm_fork_mutex_clear (TmForkMutex *lock)
{
  TmForkMutexState *state = lock->state;

  while (state != NULL)
    {
      TmForkMutexState *inherited = state->inherited;

      state_free (state, state->process != tm_process_get_token ());
      state = inherited;
    }
}

void
tm_fork_mutex_lock (TmForkMutex *lock)
{
  g_mutex_lock (&get_state (lock)->mutex);
}

void
tm_fork_mutex_unlock (TmForkMutex *lock)
{
  g_mutex_unlock (&get_state (lock)->mutex);
}

/* Called with the lock held: releases it, and acquires it again when it is woken, or before. */
void
tm_fork_mutex_wait (TmForkMutex *lock)
{
  TmForkMutexState *state = get_state (lock);

  state->n_waiting++;
  g_cond_wait (&state->changed, &state->mutex);
  state->n_waiting--;
}

/* Called with the lock held. */
void
tm_fork_mutex_wake_all (TmForkMutex *lock)
{
  TmForkMutexState *state = get_state (lock);

  if (state->n_waiting > 0)
    g_cond_broadcast (&state->changed);
}
