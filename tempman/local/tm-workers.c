/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-workers-private.h"

#include "core/tm-thread-private.h"

/* The threads that delete one large tree, and the queue of their work items.
 *
 * A thread without work waits for an item. A thread with much work sees that another one waits, and
 * splits off half of its work as an item. Nothing is shared beforehand, so that a small tree needs
 * no lock.
 *
 * The threads are started for this tree only, by a thread that already works on it, and so inherit
 * exactly its rights. All have ended when the tree is freed. If no thread can be started, the
 * caller does all the work. */

/* On a file system where almost every deletion waits for the disk, threads keep several requests in
 * flight. More threads than this gain little. */
#define N_THREADS_BLOCKING 16

struct _TmWorkers
{
  TmWorkFunc work;

  GMutex mutex; /* guards the fields below */
  GCond changed;
  GQueue items;       /* (element-type gpointer): for the next idle thread */
  GPtrArray *threads; /* (owned) (element-type TmThread): started threads */
  guint n_to_start;   /* threads that may still be started */
  guint n_waiting;    /* threads without an item */
  gboolean finished;

  gint wanted; /* atomic: whether there are, or can be, more threads without an item than there are
                * items; read without the mutex, since a wrong answer does no harm */
};

/* Called with the mutex held. */
static void
update_wanted (TmWorkers *workers)
{
  g_atomic_int_set (&workers->wanted,
                    workers->n_waiting + workers->n_to_start > workers->items.length);
}

/* Works until the tree is finished. @progress: (nullable): reported from this thread. */
static void
work_on_items (TmWorkers *workers, TmProgress *progress)
{
  g_mutex_lock (&workers->mutex);
  while (!workers->finished)
    {
      gpointer item = g_queue_pop_head (&workers->items);

      if (item != NULL)
        {
          update_wanted (workers);
          g_mutex_unlock (&workers->mutex);
          workers->work (item);
          g_mutex_lock (&workers->mutex);
          continue;
        }

      workers->n_waiting++;
      update_wanted (workers);
      if (progress != NULL)
        {
          gint64 due;

          g_mutex_unlock (&workers->mutex);
          due = tm_progress_report_if_due (progress);
          g_mutex_lock (&workers->mutex);
          if (!workers->finished && workers->items.length == 0)
            g_cond_wait_until (&workers->changed, &workers->mutex, due);
        }
      else
        g_cond_wait (&workers->changed, &workers->mutex);
      workers->n_waiting--;
      update_wanted (workers);
    }
  g_mutex_unlock (&workers->mutex);
}

/* In a started thread. */
static void
help_cb (gpointer data)
{
  work_on_items (data, NULL);
}

/* Called with the mutex held. After a failure no thread is started any more: the cause, such as a
 * limit, usually lasts longer than a deletion. */
static void
start_thread_locked (TmWorkers *workers)
{
  TmThread *thread = tm_thread_try_start (help_cb, workers);

  if (thread != NULL)
    {
      g_ptr_array_add (workers->threads, thread);
      workers->n_to_start--;
    }
  else
    workers->n_to_start = 0;
}

/*
 * tm_workers_new:
 * @work: works on an item until it is finished or waits for others; called in any thread
 * @file_system_blocks: whether deletions wait for the disk rather than for the processor
 *
 * Returns: (transfer full): the workers of a large tree. At first only the calling thread works.
 *   Others are started when there are items for them: one for each processor or, if the file system
 *   blocks, more
 */
TmWorkers *
tm_workers_new (TmWorkFunc work, gboolean file_system_blocks)
{
  TmWorkers *workers = g_new0 (TmWorkers, 1);
  guint n_threads = g_get_num_processors ();

  if (file_system_blocks)
    n_threads = MAX (n_threads, N_THREADS_BLOCKING);

  workers->work = work;
  workers->n_to_start = n_threads - 1;
  workers->threads = g_ptr_array_new ();
  g_mutex_init (&workers->mutex);
  g_cond_init (&workers->changed);
  g_queue_init (&workers->items);
  update_wanted (workers);
  return workers;
}

/* Called when the tree is finished. Returns how many threads worked on it. */
guint
tm_workers_get_n_threads (TmWorkers *workers)
{
  return workers->threads->len + 1;
}

/* Called when the tree is finished. Waits until the threads have ended, which have no work left. */
void
tm_workers_free (TmWorkers *workers)
{
  for (guint i = 0; i < workers->threads->len; i++)
    tm_thread_join (g_ptr_array_index (workers->threads, i));

  g_assert (workers->finished && workers->items.length == 0 && workers->n_waiting == 0);

  g_ptr_array_unref (workers->threads);
  g_queue_clear (&workers->items);
  g_cond_clear (&workers->changed);
  g_mutex_clear (&workers->mutex);
  g_free (workers);
}

/* Whether a thread waits for an item, or can be started for one. */
gboolean
tm_workers_want_item (TmWorkers *workers)
{
  return g_atomic_int_get (&workers->wanted);
}

/* Guards the relations between the items of a tree. The lock outlives the items: another thread may
 * finish the last item while this thread releases the lock. */
void
tm_workers_lock (TmWorkers *workers)
{
  g_mutex_lock (&workers->mutex);
}

void
tm_workers_unlock (TmWorkers *workers)
{
  g_mutex_unlock (&workers->mutex);
}

/* Called with the lock held. */
void
tm_workers_add_item_locked (TmWorkers *workers, gpointer item)
{
  g_queue_push_tail (&workers->items, item);
  if (workers->n_waiting < workers->items.length && workers->n_to_start > 0)
    start_thread_locked (workers);
  update_wanted (workers);
  g_cond_signal (&workers->changed);
}

/*
 * tm_workers_work:
 * @workers: workers, with a first item
 * @progress: (nullable): reported from this thread
 *
 * Works on the tree until it is finished, together with the threads that are started.
 */
void
tm_workers_work (TmWorkers *workers, TmProgress *progress)
{
  work_on_items (workers, progress);
}

/* Called by the item that finishes the tree. Ends the threads. */
void
tm_workers_finish (TmWorkers *workers)
{
  g_mutex_lock (&workers->mutex);
  workers->finished = TRUE;
  g_cond_broadcast (&workers->changed);
  g_mutex_unlock (&workers->mutex);
}
