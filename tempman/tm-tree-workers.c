/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-tree-workers-private.h"

#include "tm-credentials-private.h"
#include "tm-process-private.h"

/* Sharing a large tree over threads.
 *
 * A thread that has nothing to do waits for a part of the tree, and those that have much to do see
 * that somebody waits and give away half of it. Nothing is shared beforehand, so that a tree that
 * one thread is done with soon never costs a lock.
 *
 * The caller's thread never depends on the others. They come from a pool of GLib's, in which a
 * thread stays warm for some seconds and then ends, and they may come late or never: when the
 * process is at its limit of threads, for one. One that may do other things than the caller does
 * not help. */

/* On a file system where almost every deletion waits for the disk, threads are for having several
 * requests on the way; more than this gain little. */
#define N_THREADS_BLOCKING 16

struct _TmTreeWorkers
{
  gint ref_count; /* atomic: the caller's, and one of each thread that was called */
  TmTreeWorkFunc work;
  TmCredentials credentials; /* the caller's, in whose name everything is deleted */

  GMutex mutex; /* guards what follows */
  GCond changed;
  GQueue parts;    /* (element-type gpointer): to be worked on by whoever comes first */
  guint n_waiting; /* threads without a part */
  gboolean finished;

  gint wanted; /* atomic: whether more threads wait than there are parts; read without the mutex,
                * since a wrong answer does no harm */
};

static void
workers_unref (TmTreeWorkers *workers)
{
  if (!g_atomic_int_dec_and_test (&workers->ref_count))
    return;

  g_queue_clear (&workers->parts);
  g_cond_clear (&workers->changed);
  g_mutex_clear (&workers->mutex);
  g_free (workers);
}

/* Called with the mutex held. */
static void
update_wanted (TmTreeWorkers *workers)
{
  g_atomic_int_set (&workers->wanted, workers->n_waiting > workers->parts.length);
}

/* Works until the tree is finished. @progress is reported, if this is the thread to do so. */
static void
work_on_parts (TmTreeWorkers *workers, TmProgress *progress)
{
  g_mutex_lock (&workers->mutex);
  while (!workers->finished)
    {
      gpointer part = g_queue_pop_head (&workers->parts);

      if (part != NULL)
        {
          update_wanted (workers);
          g_mutex_unlock (&workers->mutex);
          workers->work (part);
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
          if (!workers->finished && workers->parts.length == 0)
            g_cond_wait_until (&workers->changed, &workers->mutex, due);
        }
      else
        g_cond_wait (&workers->changed, &workers->mutex);
      workers->n_waiting--;
      update_wanted (workers);
    }
  g_mutex_unlock (&workers->mutex);
}

/* In a thread of the pool. */
static void
help_cb (gpointer data, gpointer user_data)
{
  TmTreeWorkers *workers = data;
  TmCredentials credentials;

  /* A warm thread has those of whoever needed it first. */
  tm_credentials_of_thread (&credentials);
  if (tm_credentials_equal (&credentials, &workers->credentials))
    work_on_parts (workers, NULL);

  workers_unref (workers);
}

typedef struct
{
  GThreadPool *threads;
  pid_t process; /* a forked child has the pool, but none of its threads */
} Pool;

static Pool *
get_pool (void)
{
  static Pool *pool = NULL;

  if (g_once_init_enter (&pool))
    {
      Pool *new_pool = g_new0 (Pool, 1);
      int n_threads = MAX ((int) g_get_num_processors (), N_THREADS_BLOCKING);

      new_pool->process = tm_process_get_id ();
      /* Not exclusive: that is what makes its threads end when they have been idle. Several
       * deletions at a time share them. */
      new_pool->threads = g_thread_pool_new (help_cb, NULL, n_threads, FALSE, NULL);
      g_once_init_leave (&pool, new_pool);
    }

  return pool;
}

/*
 * tm_tree_workers_new:
 * @work: works on a part until it is done or waits for others; in any of the threads
 *
 * Returns: (transfer full): the workers of one tree, so far only the thread that calls
 */
TmTreeWorkers *
tm_tree_workers_new (TmTreeWorkFunc work)
{
  TmTreeWorkers *workers = g_new0 (TmTreeWorkers, 1);

  workers->ref_count = 1;
  workers->work = work;
  tm_credentials_of_thread (&workers->credentials);
  g_mutex_init (&workers->mutex);
  g_cond_init (&workers->changed);
  g_queue_init (&workers->parts);
  return workers;
}

/* Called when the tree is finished. A thread that was called and has not come yet finds nothing
 * left to do. */
void
tm_tree_workers_free (TmTreeWorkers *workers)
{
  g_clear_pointer (&workers, workers_unref);
}

/*
 * tm_tree_workers_call:
 * @workers: the workers of a tree that has turned out large
 * @file_system_blocks: whether deletions wait for the disk rather than for the processor
 *
 * Calls as many threads to help as are of use: one for each processor or, where the file system
 * blocks, more. Called once.
 */
void
tm_tree_workers_call (TmTreeWorkers *workers, gboolean file_system_blocks)
{
  guint n_threads = g_get_num_processors ();
  Pool *pool;

  if (file_system_blocks)
    n_threads = MAX (n_threads, N_THREADS_BLOCKING);
  if (n_threads == 1)
    return;

  pool = get_pool ();
  if (pool->process != tm_process_get_id ())
    return;

  for (guint i = 1; i < n_threads; i++)
    {
      g_atomic_int_inc (&workers->ref_count);
      /* Should it fail, the next thread that the pool gets finds it queued all the same. */
      g_thread_pool_push (pool->threads, workers, NULL);
    }
}

/* Whether a thread waits for a part. */
gboolean
tm_tree_workers_want_a_part (TmTreeWorkers *workers)
{
  return g_atomic_int_get (&workers->wanted);
}

/* For what the parts of a tree keep of each other. It outlives the tree: the last part may finish
 * it, and be freed by the caller, while another still leaves the lock. */
void
tm_tree_workers_lock (TmTreeWorkers *workers)
{
  g_mutex_lock (&workers->mutex);
}

void
tm_tree_workers_unlock (TmTreeWorkers *workers)
{
  g_mutex_unlock (&workers->mutex);
}

/* Called with the lock held. */
void
tm_tree_workers_add_part_locked (TmTreeWorkers *workers, gpointer part)
{
  g_queue_push_tail (&workers->parts, part);
  update_wanted (workers);
  g_cond_signal (&workers->changed);
}

/*
 * tm_tree_workers_work:
 * @workers: workers, with a first part
 * @progress: (nullable): to be reported from this thread
 *
 * Works on the tree, with those who come to help, until it is finished.
 */
void
tm_tree_workers_work (TmTreeWorkers *workers, TmProgress *progress)
{
  work_on_parts (workers, progress);
}

/* Called by the part that finishes the tree: sends all threads home. */
void
tm_tree_workers_finish (TmTreeWorkers *workers)
{
  g_mutex_lock (&workers->mutex);
  workers->finished = TRUE;
  g_cond_broadcast (&workers->changed);
  g_mutex_unlock (&workers->mutex);
}
