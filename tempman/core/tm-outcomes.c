/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-outcomes-private.h"

#include "core/tm-delivery-private.h"

/* The outcomes of a cleanup, which a delivery carries to the caller. */

struct _TmOutcomes
{
  TmOutcomeKinds kinds; /* outcomes of other kinds are dropped */
  TmOutcomeFunc function;
  gpointer data; /* (owned): for function; freed with destroy */
  GDestroyNotify destroy;
  TmDelivery *delivery; /* (owned) */
};

static void
outcome_free (gpointer data)
{
  TmOutcome *outcome = data;

  g_free (outcome->name);
  g_clear_error (&outcome->error);
  g_free (outcome);
}

static void
deliver_cb (gpointer item, gpointer data)
{
  TmOutcomes *outcomes = data;

  outcomes->function (item, outcomes->data);
}

/* Frees the outcomes with their delivery. */
static void
free_cb (gpointer data)
{
  TmOutcomes *outcomes = data;

  outcomes->destroy (outcomes->data);
  g_free (outcomes);
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
  outcomes->function = function;
  outcomes->data = data;
  outcomes->destroy = destroy;
  outcomes->delivery = tm_delivery_new (task, deliver_cb, outcome_free, outcomes, free_cb);
  return outcomes;
}

/* Called after the cleanup has ended and all outcomes are delivered. */
void
tm_outcomes_free (TmOutcomes *outcomes)
{
  tm_delivery_free (outcomes->delivery);
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

  outcome->name = g_strdup (name);
  outcome->verdict = *verdict;
  outcome->error = error;
  tm_delivery_add (outcomes->delivery, outcome, cancellable);
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
  if (outcomes != NULL)
    tm_delivery_deliver (outcomes->delivery);
}

/* Called before a helper thread is started. */
void
tm_outcomes_begin_helper (TmOutcomes *outcomes)
{
  if (outcomes != NULL)
    tm_delivery_begin_helper (outcomes->delivery);
}

/* Called by a helper after its last outcome, or in its place if it could not be started. */
void
tm_outcomes_end_helper (TmOutcomes *outcomes)
{
  if (outcomes != NULL)
    tm_delivery_end_helper (outcomes->delivery);
}

/* Called in the thread that started the helpers. Until they have ended, delivers their outcomes.
 * Does nothing for an asynchronous call, whose main context delivers them. */
void
tm_outcomes_wait_for_helpers (TmOutcomes *outcomes)
{
  if (outcomes != NULL)
    tm_delivery_wait_for_helpers (outcomes->delivery);
}
