/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-outcomes-private.h"

#include "core/tm-process-private.h"
#include "core/tm-task-private.h"

#include <pthread.h>

/* A queue that carries outcomes from the threads of a cleanup to the caller.
 *
 * The caller's function runs in the calling thread or, for an asynchronous call, in the main
 * context of the caller. No lock is held while it runs, and it never runs within itself: if it
 * iterates the main loop, the next outcome waits until it returns. The result of the call comes
 * after the last outcome. */

/* The length of a full queue: a few hundred kilobytes, so that a cleanup seldom waits. */
#define MAX_WAITING 1024

/* How long each outcome waits for room in a full queue. A main context that does not run any more
 * slows a cleanup down, but does not block it. */
#define MAX_WAIT (10 * G_TIME_SPAN_MILLISECOND)

/* The number of outcomes after which the main context may dispatch other sources. */
#define MAX_PER_DISPATCH 100

struct _TmOutcomes
{
  TmOutcomeKinds kinds; /* outcomes of other kinds are dropped */
  TmOutcomeFunc function;
  gpointer data; /* (owned): for function; freed with destroy */
  GDestroyNotify destroy;
  GTask *task;            /* (unowned) (nullable): of an asynchronous call; its task data is this */
  TmProcessToken process; /* the creator; a forked child has a copy that no thread adds to */
  pthread_t thread;       /* the calling thread */
  gboolean is_holding;    /* the result is held back; used in the main context of the caller */

  GMutex mutex; /* guards the fields below */
  GCond changed;
  GQueue waiting; /* (element-type TmOutcome) */
  guint n_helpers;
  gboolean is_scheduled; /* a source is attached or being dispatched */
};

static void
outcome_free (gpointer data)
{
  TmOutcome *outcome = data;

  g_free (outcome->name);
  g_clear_error (&outcome->error);
  g_free (outcome);
}

/*
 * tm_outcomes_new:
 * @kinds: the kinds of outcomes to deliver
 * @task: (nullable): the task of an asynchronous call, in whose main context @function is called;
 *   the new queue has to become its task data
 * @function: called with each outcome, in the order in which they were added
 * @data: data for @function
 * @destroy: frees @data
 *
 * Returns: (transfer full): an empty queue; without @task, the calling thread delivers
 */
TmOutcomes *
tm_outcomes_new (TmOutcomeKinds kinds,
                 GTask *task,
                 TmOutcomeFunc function,
                 gpointer data,
                 GDestroyNotify destroy)
{
  TmOutcomes *outcomes = g_new0 (TmOutcomes, 1);

  outcomes->kinds = kinds;
  outcomes->task = task;
  outcomes->function = function;
  outcomes->data = data;
  outcomes->destroy = destroy;
  outcomes->process = tm_process_get_token ();
  outcomes->thread = pthread_self ();
  g_mutex_init (&outcomes->mutex);
  g_cond_init (&outcomes->changed);
  g_queue_init (&outcomes->waiting);
  return outcomes;
}

/* Called after the cleanup has ended and all outcomes are delivered. */
void
tm_outcomes_free (TmOutcomes *outcomes)
{
  /* In a forked child, the mutex may be locked: a thread of the parent may have held it. */
  if (outcomes->process == tm_process_get_token ())
    {
      g_cond_clear (&outcomes->changed);
      g_mutex_clear (&outcomes->mutex);
    }
  g_queue_clear_full (&outcomes->waiting, outcome_free);
  outcomes->destroy (outcomes->data);
  g_free (outcomes);
}

static TmOutcome *
pop (TmOutcomes *outcomes)
{
  TmOutcome *outcome;

  g_mutex_lock (&outcomes->mutex);
  outcome = g_queue_pop_head (&outcomes->waiting);
  if (outcome != NULL)
    g_cond_broadcast (&outcomes->changed);
  g_mutex_unlock (&outcomes->mutex);
  return outcome;
}

/* Delivers the first outcome. Returns FALSE if there is none. */
static gboolean
deliver_one (TmOutcomes *outcomes)
{
  TmOutcome *outcome = pop (outcomes);

  if (outcome == NULL)
    return FALSE;

  outcomes->function (outcome, outcomes->data);
  outcome_free (outcome);
  return TRUE;
}

static gboolean deliver_cb (gpointer task);

static void
schedule_locked (TmOutcomes *outcomes)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  outcomes->is_scheduled = TRUE;
  /* The result has the same priority, and is scheduled after the last outcome. */
  g_source_set_priority (source, g_task_get_priority (outcomes->task));
  g_source_set_callback (source, deliver_cb, g_object_ref (outcomes->task), g_object_unref);
  g_source_attach (source, g_task_get_context (outcomes->task));
}

/* Runs in the main context of the caller. */
static gboolean
deliver_cb (gpointer task)
{
  TmOutcomes *outcomes = g_task_get_task_data (task);
  gboolean is_scheduled;

  /* A forked child inherits the source, but the parent delivers the outcomes. */
  if (outcomes->process != tm_process_get_token ())
    return G_SOURCE_REMOVE;

  if (!outcomes->is_holding)
    tm_task_hold (task);
  outcomes->is_holding = TRUE;

  /* If the function iterates the main loop, it is not called within itself: is_scheduled prevents
   * that another source is attached meanwhile. */
  for (guint i = 0; i < MAX_PER_DISPATCH && deliver_one (outcomes); i++)
    ;

  g_mutex_lock (&outcomes->mutex);
  is_scheduled = outcomes->waiting.length > 0;
  if (is_scheduled)
    schedule_locked (outcomes);
  else
    outcomes->is_scheduled = FALSE;
  g_mutex_unlock (&outcomes->mutex);

  if (!is_scheduled)
    {
      outcomes->is_holding = FALSE;
      tm_task_unhold (task);
    }
  return G_SOURCE_REMOVE;
}

/* Whether the calling thread delivers the outcomes. To wait for room would be useless there. */
static gboolean
is_delivering_thread (TmOutcomes *outcomes)
{
  return pthread_equal (pthread_self (), outcomes->thread) ||
         (outcomes->task != NULL && g_main_context_is_owner (g_task_get_context (outcomes->task)));
}

/* @error: (transfer full) (nullable) */
static void
add (TmOutcomes *outcomes,
     const char *name,
     const TmVerdict *verdict,
     GError *error,
     GCancellable *cancellable)
{
  TmOutcome *outcome = g_new (TmOutcome, 1);
  gboolean may_wait = !is_delivering_thread (outcomes) && !g_cancellable_is_cancelled (cancellable);
  gint64 end = g_get_monotonic_time () + MAX_WAIT;

  outcome->name = g_strdup (name);
  outcome->verdict = *verdict;
  outcome->error = error;

  g_mutex_lock (&outcomes->mutex);
  g_queue_push_tail (&outcomes->waiting, outcome);
  if (outcomes->task == NULL)
    g_cond_broadcast (&outcomes->changed);
  else if (!outcomes->is_scheduled)
    schedule_locked (outcomes);

  while (may_wait && outcomes->waiting.length > MAX_WAITING)
    may_wait = g_cond_wait_until (&outcomes->changed, &outcomes->mutex, end);
  g_mutex_unlock (&outcomes->mutex);
}

/*
 * tm_outcomes_add_removed:
 * @outcomes: (nullable): outcomes, or %NULL if the caller wants none
 * @name: the name of an entry that was removed
 * @verdict: the decision to remove it
 * @cancellable: (nullable): after its cancellation, the call does not wait for room
 *
 * Called in any thread of the cleanup, without a lock.
 */
void
tm_outcomes_add_removed (TmOutcomes *outcomes,
                         const char *name,
                         const TmVerdict *verdict,
                         GCancellable *cancellable)
{
  if (outcomes != NULL && (outcomes->kinds & TM_OUTCOME_REMOVED) != 0)
    add (outcomes, name, verdict, NULL, cancellable);
}

/* Like tm_outcomes_add_removed(), for an entry that could not be removed. */
void
tm_outcomes_add_failed (TmOutcomes *outcomes,
                        const char *name,
                        const TmVerdict *verdict,
                        const GError *error,
                        GCancellable *cancellable)
{
  if (outcomes != NULL && (outcomes->kinds & TM_OUTCOME_FAILED) != 0)
    add (outcomes, name, verdict, g_error_copy (error), cancellable);
}

/*
 * tm_outcomes_deliver:
 * @outcomes: (nullable): outcomes
 *
 * Delivers the outcomes of a synchronous call in the calling thread. A cleanup calls this now and
 * then, without a lock, in each of its threads: in the others, it does nothing.
 */
void
tm_outcomes_deliver (TmOutcomes *outcomes)
{
  if (outcomes == NULL || outcomes->task != NULL ||
      !pthread_equal (pthread_self (), outcomes->thread))
    return;

  while (deliver_one (outcomes))
    ;
}

/* Called before a helper thread is started. */
void
tm_outcomes_begin_helper (TmOutcomes *outcomes)
{
  if (outcomes == NULL)
    return;

  g_mutex_lock (&outcomes->mutex);
  outcomes->n_helpers++;
  g_mutex_unlock (&outcomes->mutex);
}

/* Called by a helper after its last outcome, or in its place if it could not be started. */
void
tm_outcomes_end_helper (TmOutcomes *outcomes)
{
  if (outcomes == NULL)
    return;

  g_mutex_lock (&outcomes->mutex);
  outcomes->n_helpers--;
  g_cond_broadcast (&outcomes->changed);
  g_mutex_unlock (&outcomes->mutex);
}

/* Called in the thread that started the helpers. Until they have ended, delivers their outcomes.
 * Does nothing for an asynchronous call, whose main context delivers them. */
void
tm_outcomes_wait_for_helpers (TmOutcomes *outcomes)
{
  gboolean has_helpers = outcomes != NULL && outcomes->task == NULL;

  while (has_helpers)
    {
      tm_outcomes_deliver (outcomes);

      g_mutex_lock (&outcomes->mutex);
      while (outcomes->waiting.length == 0 && outcomes->n_helpers > 0)
        g_cond_wait (&outcomes->changed, &outcomes->mutex);
      has_helpers = outcomes->waiting.length > 0 || outcomes->n_helpers > 0;
      g_mutex_unlock (&outcomes->mutex);
    }
}
