/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-jobs-private.h"

#include "core/tm-process-private.h"
#include "core/tm-thread-private.h"

/* The threads of the asynchronous calls.
 *
 * The thread that adds a job starts a worker for it, because a worker has the rights of the thread
 * that starts it. If no worker can be started, the thread that adds the job runs it.
 *
 * Only MAX_THREADS workers run at a time. Other jobs wait in the queue of their main context. When
 * a worker ends, a source in each of these contexts starts workers for them.
 *
 * After its job, a worker runs jobs from the queue of the same context, but only those that were
 * added before the worker was started. The thread that runs the context added these jobs, and then
 * started the worker: they get rights that this thread had after it added them, as they do from a
 * worker that the source starts.
 *
 * If a main context does not run any more, only the jobs in its own queue have to wait.
 *
 * A thread may add a job whose result belongs to the main context of another thread, which may have
 * other rights. Such a job never waits, and its worker runs no other jobs. */

/* Jobs that wait for the disk or for a server leave the processors idle. More threads gain little,
 * because threads that work in one directory wait for each other. */
#define MAX_THREADS 16

/* If no job is done for this time, for example because a server hangs, one more worker starts. */
#define MILLISECONDS_OF_NO_PROGRESS 100

typedef struct
{
  TmJobFunc function;
  gpointer data; /* (unowned) */
  int priority;
  guint64 number; /* the number of jobs that were added before */
} Job;

typedef struct _Jobs Jobs;

/* The jobs of one main context that wait. */
typedef struct
{
  Jobs *jobs;            /* (unowned) */
  GMainContext *context; /* (owned) */
  GQueue waiting;        /* (element-type Job): by priority */
  GSource *starter;      /* (unowned) (nullable): attached; starts workers when there is room */
  GSource *timer;        /* (unowned) (nullable): attached; starts a worker without progress */
  guint n_done_before;   /* n_done when the timer was last dispatched */
} Queue;

/* The workers and queues of one process. A forked child begins without any: the workers of the
 * parent do not exist in it, and the waiting jobs are those of the parent. */
struct _Jobs
{
  TmProcessToken process;
  Jobs *inherited; /* (nullable): of the parent; never used, since its mutex may be locked */

  GMutex mutex; /* guards the fields below, and the queues */
  guint n_threads;
  guint n_done; /* it may wrap around */
  guint64 n_jobs;
  GHashTable *queues; /* (element-type GMainContext Queue): queues with a job or a source */
};

/* A thread that runs jobs. */
typedef struct
{
  Jobs *jobs;            /* (unowned) */
  GMainContext *context; /* (unowned) (nullable): selects the queue of its further jobs, which has
                          * a reference as long as there are any */
  Job *job;              /* (owned): its first job */
  guint64 n_jobs;        /* the number of jobs that were added before it was started */
} Worker;

static void
queue_free (gpointer data)
{
  Queue *queue = data;

  g_main_context_unref (queue->context);
  g_free (queue);
}

static Jobs *
get_jobs (void)
{
  static Jobs *current = NULL; /* atomic */
  Jobs *jobs = g_atomic_pointer_get (&current);
  TmProcessToken process = tm_process_get_token ();

  while (jobs == NULL || jobs->process != process)
    {
      Jobs *own = g_new0 (Jobs, 1);

      own->process = process;
      own->inherited = jobs;
      g_mutex_init (&own->mutex);
      own->queues = g_hash_table_new_full (NULL, NULL, NULL, queue_free);
      if (!g_atomic_pointer_compare_and_exchange (&current, jobs, own))
        {
          g_hash_table_unref (own->queues);
          g_mutex_clear (&own->mutex);
          g_free (own);
        }
      jobs = g_atomic_pointer_get (&current);
    }

  return jobs;
}

static void
job_run (Job *job)
{
  job->function (job->data);
  g_free (job);
}

static void attach_starters_locked (Jobs *jobs);

/* Removes the first of the jobs numbered below @n_jobs from a queue, and returns it. */
static Job *
pop_job_locked (Jobs *jobs, GMainContext *context, guint64 n_jobs)
{
  Queue *queue = g_hash_table_lookup (jobs->queues, context);

  if (queue == NULL)
    return NULL;

  for (GList *link = queue->waiting.head; link != NULL; link = link->next)
    {
      Job *job = link->data;

      if (job->number < n_jobs)
        {
          g_queue_delete_link (&queue->waiting, link);
          return job;
        }
    }

  return NULL;
}

/* Runs in the thread of a worker. */
static void
work_cb (gpointer data)
{
  g_autofree Worker *worker = data;
  Jobs *jobs = worker->jobs;
  Job *job = worker->job;

  while (job != NULL)
    {
      job_run (job);

      g_mutex_lock (&jobs->mutex);
      jobs->n_done++;
      /* The timers may have started more workers than MAX_THREADS. */
      job = jobs->n_threads > MAX_THREADS ? NULL
                                          : pop_job_locked (jobs, worker->context, worker->n_jobs);
      if (job == NULL)
        {
          jobs->n_threads--;
          attach_starters_locked (jobs);
        }
      g_mutex_unlock (&jobs->mutex);
    }
}

/* Starts a worker. Releases the mutex meanwhile. Returns FALSE if no worker could be started, and
 * the calling thread has run the job. */
static gboolean
start_worker_locked (Jobs *jobs, GMainContext *context, Job *job)
{
  Worker *worker = g_new (Worker, 1);

  worker->jobs = jobs;
  worker->context = context;
  worker->job = job;
  worker->n_jobs = jobs->n_jobs;
  jobs->n_threads++;

  g_mutex_unlock (&jobs->mutex);
  if (tm_thread_try_start_detached (work_cb, worker))
    {
      g_mutex_lock (&jobs->mutex);
      return TRUE;
    }

  g_free (worker);
  job_run (job);
  g_mutex_lock (&jobs->mutex);
  jobs->n_threads--;
  jobs->n_done++;
  return FALSE;
}

/* Frees a queue that has neither jobs nor sources. */
static void
queue_free_if_unused_locked (Queue *queue)
{
  if (queue->waiting.length == 0 && queue->starter == NULL && queue->timer == NULL)
    g_hash_table_remove (queue->jobs->queues, queue->context);
}

/* Runs in the main context of the queue. */
static gboolean
start_workers_cb (gpointer data)
{
  Queue *queue = data;
  Jobs *jobs = queue->jobs;
  gboolean started = TRUE;
  gboolean has_more;
  Job *job;

  /* A forked child inherits the source, but the parent starts the workers. */
  if (jobs->process != tm_process_get_token ())
    return G_SOURCE_REMOVE;

  g_mutex_lock (&jobs->mutex);
  while (started && jobs->n_threads < MAX_THREADS &&
         (job = g_queue_pop_head (&queue->waiting)) != NULL)
    started = start_worker_locked (jobs, queue->context, job);
  /* If this thread runs the jobs itself, other sources may be dispatched after each one. */
  has_more = !started && queue->waiting.length > 0;
  if (!has_more)
    queue->starter = NULL;
  queue_free_if_unused_locked (queue);
  g_mutex_unlock (&jobs->mutex);
  return has_more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Runs in the main context of the queue. */
static gboolean
check_progress_cb (gpointer data)
{
  Queue *queue = data;
  Jobs *jobs = queue->jobs;
  gboolean has_more;

  if (jobs->process != tm_process_get_token ())
    return G_SOURCE_REMOVE;

  g_mutex_lock (&jobs->mutex);
  if (queue->waiting.length > 0 && queue->n_done_before == jobs->n_done)
    start_worker_locked (jobs, queue->context, g_queue_pop_head (&queue->waiting));
  queue->n_done_before = jobs->n_done;
  has_more = queue->waiting.length > 0;
  if (!has_more)
    queue->timer = NULL;
  queue_free_if_unused_locked (queue);
  g_mutex_unlock (&jobs->mutex);
  return has_more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* @source: (transfer full). Returns (transfer none): @source, which is attached until @function
 * removes it. */
static GSource *
queue_attach (Queue *queue, GSource *source, GSourceFunc function)
{
  const Job *first = g_queue_peek_head (&queue->waiting);

  g_source_set_priority (source, first->priority);
  g_source_set_callback (source, function, queue, NULL);
  g_source_attach (source, queue->context);
  g_source_unref (source);
  return source;
}

/* Otherwise an urgent job would wait for a source with the priority of less urgent jobs, which a
 * busy main context dispatches late. */
static void
raise_priority (GSource *source, int priority)
{
  if (source != NULL && priority < g_source_get_priority (source))
    g_source_set_priority (source, priority);
}

/* If there is room for a worker, attaches a source to each main context whose jobs wait. */
static void
attach_starters_locked (Jobs *jobs)
{
  GHashTableIter iter;
  Queue *queue;

  if (jobs->n_threads >= MAX_THREADS)
    return;

  g_hash_table_iter_init (&iter, jobs->queues);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &queue))
    {
      if (queue->waiting.length > 0 && queue->starter == NULL)
        queue->starter = queue_attach (queue, g_idle_source_new (), start_workers_cb);
    }
}

static Queue *
wait_in_queue_locked (Jobs *jobs, GMainContext *context, Job *job)
{
  Queue *queue = g_hash_table_lookup (jobs->queues, context);
  GList *before;

  if (queue == NULL)
    {
      queue = g_new0 (Queue, 1);
      queue->jobs = jobs;
      queue->context = g_main_context_ref (context);
      g_queue_init (&queue->waiting);
      g_hash_table_insert (jobs->queues, context, queue);
    }

  /* Nearly always appends: most jobs have the same priority. */
  before = queue->waiting.tail;
  while (before != NULL && ((Job *) before->data)->priority > job->priority)
    before = before->prev;
  g_queue_insert_after (&queue->waiting, before, job);

  if (queue->timer == NULL)
    {
      queue->n_done_before = jobs->n_done;
      queue->timer = queue_attach (queue, g_timeout_source_new (MILLISECONDS_OF_NO_PROGRESS),
                                   check_progress_cb);
    }
  raise_priority (queue->timer, job->priority);
  raise_priority (queue->starter, job->priority);

  return queue;
}

/* Whether the calling thread is the one that runs @context. It owns a context that it runs now, or
 * that is its thread-default one. Otherwise @context is the global one: the main thread runs this
 * later, unless another thread owns it now. */
static gboolean
will_run (GMainContext *context)
{
  if (g_main_context_is_owner (context))
    return TRUE;
  if (!tm_thread_is_first () || !g_main_context_acquire (context))
    return FALSE;

  g_main_context_release (context);
  return TRUE;
}

/*
 * tm_jobs_add:
 * @context: the main context for the result
 * @priority: the priority among the waiting jobs
 * @function: called in the thread of a worker; if none can be started, called in the calling
 *   thread before this returns or, after the job has waited, in @context
 * @data: data for @function
 */
void
tm_jobs_add (GMainContext *context, int priority, TmJobFunc function, gpointer data)
{
  Jobs *jobs = get_jobs ();
  Job *job = g_new (Job, 1);
  gboolean has_room;

  job->function = function;
  job->data = data;
  job->priority = priority;

  g_mutex_lock (&jobs->mutex);
  job->number = jobs->n_jobs++;
  has_room = jobs->n_threads < MAX_THREADS;
  if (!will_run (context))
    start_worker_locked (jobs, NULL, job);
  else if (has_room && !g_hash_table_contains (jobs->queues, context))
    start_worker_locked (jobs, context, job);
  else
    {
      Queue *queue = wait_in_queue_locked (jobs, context, job);

      /* Other jobs may have waited longer. */
      if (has_room)
        start_worker_locked (jobs, context, g_queue_pop_head (&queue->waiting));
    }
  g_mutex_unlock (&jobs->mutex);
}
