/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-fork-mutex-private.h"

#include "core/tm-process-private.h"

/* If a process forks while another of its threads holds a mutex, no thread of the child unlocks it.
 * Each process therefore has a mutex of its own: the first thread of a forked child that uses it
 * replaces the one of the parent.
 *
 * The guarded data in the child may be half changed. The users of the mutex have to detect this. */

struct _TmForkMutexState
{
  TmProcessToken process;
  GMutex mutex;
  GCond changed;
  guint n_waiting;             /* to save a system call if no thread waits */
  TmForkMutexState *inherited; /* (owned) (nullable): that of the parent; never used again */
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

/* @is_inherited: whether a thread of the parent may have used the mutex at the fork: then it must
 * not be cleared */
static void
state_free (TmForkMutexState *state, gboolean is_inherited)
{
  if (!is_inherited)
    {
      g_cond_clear (&state->changed);
      g_mutex_clear (&state->mutex);
    }
  g_free (state);
}

static TmForkMutexState *
get_state (TmForkMutex *mutex)
{
  TmForkMutexState *state = g_atomic_pointer_get (&mutex->state);

  while (G_UNLIKELY (state->process != tm_process_get_token ()))
    {
      TmForkMutexState *own = state_new (state);

      if (!g_atomic_pointer_compare_and_exchange (&mutex->state, state, own))
        state_free (own, FALSE);
      state = g_atomic_pointer_get (&mutex->state);
    }

  return state;
}

void
tm_fork_mutex_init (TmForkMutex *mutex)
{
  mutex->state = state_new (NULL);
}

/* Called when no thread of this process uses the mutex any more. */
void
tm_fork_mutex_clear (TmForkMutex *mutex)
{
  TmForkMutexState *state = mutex->state;

  while (state != NULL)
    {
      TmForkMutexState *inherited = state->inherited;

      state_free (state, state->process != tm_process_get_token ());
      state = inherited;
    }
}

void
tm_fork_mutex_lock (TmForkMutex *mutex)
{
  g_mutex_lock (&get_state (mutex)->mutex);
}

void
tm_fork_mutex_unlock (TmForkMutex *mutex)
{
  g_mutex_unlock (&get_state (mutex)->mutex);
}

/* Called with the mutex held. Unlocks it while it waits for tm_fork_mutex_wake_all(), and may also
 * return without it. */
void
tm_fork_mutex_wait (TmForkMutex *mutex)
{
  TmForkMutexState *state = get_state (mutex);

  state->n_waiting++;
  g_cond_wait (&state->changed, &state->mutex);
  state->n_waiting--;
}

/* Called with the mutex held. */
void
tm_fork_mutex_wake_all (TmForkMutex *mutex)
{
  TmForkMutexState *state = get_state (mutex);

  if (state->n_waiting > 0)
    g_cond_broadcast (&state->changed);
}
