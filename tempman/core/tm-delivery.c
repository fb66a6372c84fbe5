/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-delivery-private.h"

#include "core/tm-process-private.h"
#include "core/tm-task-private.h"

#include <pthread.h>

/* A queue that carries items from the threads of a call to its caller.
 *
 * The caller's function runs in the calling thread or, for an asynchronous call, in the main
 * context of the caller. No lock is held while it runs, and it never runs within itself: if it
 * iterates the main loop, the next item waits until it returns. The result of the call comes after
 * the last item. */

/* The length of a full queue: a few hundred kilobytes, so that a call seldom waits. */
#define MAX_WAITING 1024

/* How long each item waits for room in a full queue. A main context that does not run any more
 * slows a call down, but does not block it. */
#define MAX_WAIT (10 * G_TIME_SPAN_MILLISECOND)

/* The number of items after which the main context may dispatch other sources. */
#define MAX_PER_DISPATCH 100

struct _TmDelivery
{
  TmDeliveryFunc function;
  GDestroyNotify item_free;
  gpointer data; /* (owned): for function; freed with destroy */
  GDestroyNotify destroy;
  GTask *task;            /* (unowned) (nullable): of an asynchronous call; its data own this */
  TmProcessToken process; /* the creator; a forked child has a copy that no thread adds to */
  pthread_t thread;       /* the calling thread */
  gboolean is_holding;    /* the result is held back; used in the main context of the caller */

  GMutex mutex; /* guards the fields below */
  GCond changed;
  GQueue waiting;
  guint n_helpers;
  gboolean is_poked;
  gboolean is_scheduled; /* a source is attached or being dispatched */
};

/*
 * tm_delivery_new:
 * @task: (nullable): the task of an asynchronous call, in whose main context @function is called;
 *   its task data have to own the new queue
 * @function: called with each item, in the order in which they were added
 * @item_free: frees an item
 * @data: data for @function
 * @destroy: frees @data
 *
 * Returns: (transfer full): an empty queue; without @task, the calling thread delivers
 */
TmDelivery *
tm_delivery_new (GTask *task,
                 TmDeliveryFunc function,
                 GDestroyNotify item_free,
                 gpointer data,
                 GDestroyNotify destroy)
{
  TmDelivery *delivery = g_new0 (TmDelivery, 1);

  delivery->task = task;
  delivery->function = function;
  delivery->item_free = item_free;
  delivery->data = data;
  delivery->destroy = destroy;
  delivery->process = tm_process_get_token ();
  delivery->thread = pthread_self ();
  g_mutex_init (&delivery->mutex);
  g_cond_init (&delivery->changed);
  g_queue_init (&delivery->waiting);
  return delivery;
}

/* Called after the call has ended and all items are delivered. */
void
tm_delivery_free (TmDelivery *delivery)
{
  /* In a forked child, the mutex may be locked: a thread of the parent may have held it. */
  if (delivery->process == tm_process_get_token ())
    {
      g_cond_clear (&delivery->changed);
      g_mutex_clear (&delivery->mutex);
    }
  g_queue_clear_full (&delivery->waiting, delivery->item_free);
  delivery->destroy (delivery->data);
  g_free (delivery);
}

/* Takes the first item out of the queue, or NULL when it is empty and was poked. Returns FALSE if
 * there is nothing to deliver. */
static gboolean
take (TmDelivery *delivery, gpointer *item)
{
  gboolean found;

  g_mutex_lock (&delivery->mutex);
  *item = g_queue_pop_head (&delivery->waiting);
  found = *item != NULL || delivery->is_poked;
  if (*item != NULL)
    g_cond_broadcast (&delivery->changed);
  else
    delivery->is_poked = FALSE;
  g_mutex_unlock (&delivery->mutex);
  return found;
}

/* Delivers the first item. Returns FALSE if there is none. */
static gboolean
deliver_one (TmDelivery *delivery)
{
  gpointer item;

  if (!take (delivery, &item))
    return FALSE;

  delivery->function (item, delivery->data);
  if (item != NULL)
    delivery->item_free (item);
  return TRUE;
}

static gboolean deliver_cb (gpointer data);

/* The task owns the delivery. */
static void
release_task_cb (gpointer data)
{
  TmDelivery *delivery = data;

  g_object_unref (delivery->task);
}

static void
schedule_locked (TmDelivery *delivery)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  delivery->is_scheduled = TRUE;
  g_object_ref (delivery->task);
  /* The result has the same priority, and is scheduled after the last item. */
  g_source_set_priority (source, g_task_get_priority (delivery->task));
  g_source_set_callback (source, deliver_cb, delivery, release_task_cb);
  g_source_attach (source, g_task_get_context (delivery->task));
}

/* Runs in the main context of the caller. */
static gboolean
deliver_cb (gpointer data)
{
  TmDelivery *delivery = data;
  gboolean is_scheduled;

  /* A forked child inherits the source, but the parent delivers the items. */
  if (delivery->process != tm_process_get_token ())
    return G_SOURCE_REMOVE;

  if (!delivery->is_holding)
    tm_task_hold (delivery->task);
  delivery->is_holding = TRUE;

  /* If the function iterates the main loop, it is not called within itself: is_scheduled prevents
   * that another source is attached meanwhile. */
  for (guint i = 0; i < MAX_PER_DISPATCH && deliver_one (delivery); i++)
    ;

  g_mutex_lock (&delivery->mutex);
  is_scheduled = delivery->waiting.length > 0 || delivery->is_poked;
  if (is_scheduled)
    schedule_locked (delivery);
  else
    delivery->is_scheduled = FALSE;
  g_mutex_unlock (&delivery->mutex);

  if (!is_scheduled)
    {
      delivery->is_holding = FALSE;
      tm_task_unhold (delivery->task);
    }
  return G_SOURCE_REMOVE;
}

/* Whether the calling thread delivers the items. To wait for room would be useless there. */
static gboolean
is_delivering_thread (TmDelivery *delivery)
{
  return pthread_equal (pthread_self (), delivery->thread) ||
         (delivery->task != NULL && g_main_context_is_owner (g_task_get_context (delivery->task)));
}

/*
 * tm_delivery_add:
 * @delivery: a queue
 * @item: (transfer full): an item
 * @cancellable: (nullable): after its cancellation, the call does not wait for room
 *
 * Called in any thread of the call, without a lock.
 */
void
tm_delivery_add (TmDelivery *delivery, gpointer item, GCancellable *cancellable)
{
  gboolean may_wait = !is_delivering_thread (delivery) && !g_cancellable_is_cancelled (cancellable);
  gint64 end = g_get_monotonic_time () + MAX_WAIT;

  g_mutex_lock (&delivery->mutex);
  g_queue_push_tail (&delivery->waiting, item);
  if (delivery->task == NULL)
    g_cond_broadcast (&delivery->changed);
  else if (!delivery->is_scheduled)
    schedule_locked (delivery);

  while (may_wait && delivery->waiting.length > MAX_WAITING)
    may_wait = g_cond_wait_until (&delivery->changed, &delivery->mutex, end);
  g_mutex_unlock (&delivery->mutex);
}

/* Delivers a %NULL after the items that wait. If the main context is busy, several calls deliver
 * only one, so that they do not pile up. Called in any thread, without a lock. */
void
tm_delivery_poke (TmDelivery *delivery)
{
  g_mutex_lock (&delivery->mutex);
  delivery->is_poked = TRUE;
  if (delivery->task != NULL && !delivery->is_scheduled)
    schedule_locked (delivery);
  g_mutex_unlock (&delivery->mutex);
}

/*
 * tm_delivery_deliver:
 * @delivery: (nullable): a queue
 *
 * Delivers the items of a synchronous call in the calling thread. A call does this now and then,
 * without a lock, in each of its threads: in the others, it does nothing.
 */
void
tm_delivery_deliver (TmDelivery *delivery)
{
  if (delivery == NULL || delivery->task != NULL ||
      !pthread_equal (pthread_self (), delivery->thread))
    return;

  while (deliver_one (delivery))
    ;
}

/* Called before a helper thread is started. */
void
tm_delivery_begin_helper (TmDelivery *delivery)
{
  g_mutex_lock (&delivery->mutex);
  delivery->n_helpers++;
  g_mutex_unlock (&delivery->mutex);
}

/* Called by a helper after its last item, or in its place if it could not be started. */
void
tm_delivery_end_helper (TmDelivery *delivery)
{
  g_mutex_lock (&delivery->mutex);
  delivery->n_helpers--;
  g_cond_broadcast (&delivery->changed);
  g_mutex_unlock (&delivery->mutex);
}

/* Called in the thread that started the helpers. Until they have ended, delivers their items. Does
 * nothing for an asynchronous call, whose main context delivers them. */
void
tm_delivery_wait_for_helpers (TmDelivery *delivery)
{
  gboolean has_helpers = delivery->task == NULL;

  while (has_helpers)
    {
      tm_delivery_deliver (delivery);

      g_mutex_lock (&delivery->mutex);
      while (delivery->waiting.length == 0 && delivery->n_helpers > 0)
        g_cond_wait (&delivery->changed, &delivery->mutex);
      has_helpers = delivery->waiting.length > 0 || delivery->n_helpers > 0;
      g_mutex_unlock (&delivery->mutex);
    }
}
