/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-jobs-private.h"

#include "core/tm-process-private.h"
#include "core/tm-thread-private.h"

/* The threads of the asynchronous calls.
 *
 * A thread is started by the thread that asks, so that it may do what that one may and nothing
 * else. Where none can be started, the thread that asks does the work itself.
 *
 * So many requests at a time have a thread each. Those that come on top wait in a queue of their
 * main context. When a thread is done with its request, it goes on with one that has waited in the
 * queue of the same context since before the thread was started: such a request has been made by a
 * thread that starts threads with the rights that it has at that time, as it does when it comes to
 * the queue itself. To do so, it is told in its main context each time that there is room.
 *
 * A main context that is never run again has no part in this: only its own requests wait. Nor has a
 * thread that asks for the result in a main context of another one, which may have other rights:
 * none of its requests waits, and the threads it starts take nothing from the queue. */

/* Requests that wait for the disk or for a server leave the processors idle, and threads that work
 * in one directory wait for each other; more than this gains little. */
#define MAX_THREADS 16

/* When no request has been done for so long, as on a server that hangs, one more has a thread. */
#define MILLISECONDS_OF_NO_PROGRESS 100

typedef struct
{
  TmJobFunc function;
  gpointer data; /* (unowned) */
  int priority;
  guint64 number; /* in the order in which they came */
} Job;

typedef struct _Jobs Jobs;

/* The requests of one main context that wait. */
typedef struct
{
  Jobs *jobs;            /* (unowned) */
  GMainContext *context; /* (owned) */
  GQueue waiting;        /* (element-type Job): by priority */
  GSource *call;         /* (unowned) (nullable): attached, to tell it that there is room */
  GSource *timer;        /* (unowned) (nullable): attached, to look for progress */
  guint n_done_before;   /* when the timer was last looked at */
} Queue;

/* Those of one process. A forked child begins with none: it has no thread of its parent, and what
 * waits there is not its to do. */
struct _Jobs
{
  TmProcessToken process;
  Jobs *inherited; /* (nullable): of the parent, with its mutex in whatever state it was */

  GMutex mutex; /* guards what follows, and the queues */
  guint n_threads;
  guint n_done; /* it may wrap around */
  guint64 n_jobs;
  GHashTable *queues; /* (element-type GMainContext Queue): those in which something waits, or a
                       * source is still attached */
};

/* A thread, and what it works on. */
typedef struct
{
  Jobs *jobs;            /* (unowned) */
  GMainContext *context; /* (unowned) (nullable): from whose queue it goes on; what waits there
                          * since before the start keeps it */
  Job *job;              /* (owned) */
  guint64 n_jobs;        /* that there were when it was started */
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

static void call_lines_locked (Jobs *jobs);

/* Takes the first request of a queue that came before @n_jobs others had come. */
static Job *
take_from_line_locked (Jobs *jobs, GMainContext *context, guint64 n_jobs)
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

/* In a thread that was started. */
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
      /* More than there are to be at a time were started while nothing was done. */
      job = jobs->n_threads > MAX_THREADS
                ? NULL
                : take_from_line_locked (jobs, worker->context, worker->n_jobs);
      if (job == NULL)
        {
          jobs->n_threads--;
          call_lines_locked (jobs);
        }
      g_mutex_unlock (&jobs->mutex);
    }
}

/* Called with the mutex held, which is released meanwhile. Returns FALSE when there was no thread
 * for it, and this one has done the work. */
static gboolean
start_locked (Jobs *jobs, GMainContext *context, Job *job)
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

/* A queue without requests and sources is forgotten. */
static void
queue_settle_locked (Queue *queue)
{
  if (queue->waiting.length == 0 && queue->call == NULL && queue->timer == NULL)
    g_hash_table_remove (queue->jobs->queues, queue->context);
}

/* In the main context of the queue. */
static gboolean
there_is_room_cb (gpointer data)
{
  Queue *queue = data;
  Jobs *jobs = queue->jobs;
  gboolean started = TRUE;
  gboolean goes_on;
  Job *job;

  /* Of a source that a forked child has inherited, the parent takes care. */
  if (jobs->process != tm_process_get_token ())
    return G_SOURCE_REMOVE;

  g_mutex_lock (&jobs->mutex);
  while (started && jobs->n_threads < MAX_THREADS &&
         (job = g_queue_pop_head (&queue->waiting)) != NULL)
    started = start_locked (jobs, queue->context, job);
  /* Between what this thread does itself, it sees to the other sources. */
  goes_on = !started && queue->waiting.length > 0;
  if (!goes_on)
    queue->call = NULL;
  queue_settle_locked (queue);
  g_mutex_unlock (&jobs->mutex);
  return goes_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* In the main context of the queue. */
static gboolean
look_for_progress_cb (gpointer data)
{
  Queue *queue = data;
  Jobs *jobs = queue->jobs;
  gboolean goes_on;

  if (jobs->process != tm_process_get_token ())
    return G_SOURCE_REMOVE;

  g_mutex_lock (&jobs->mutex);
  if (queue->waiting.length > 0 && queue->n_done_before == jobs->n_done)
    start_locked (jobs, queue->context, g_queue_pop_head (&queue->waiting));
  queue->n_done_before = jobs->n_done;
  goes_on = queue->waiting.length > 0;
  if (!goes_on)
    queue->timer = NULL;
  queue_settle_locked (queue);
  g_mutex_unlock (&jobs->mutex);
  return goes_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Returns @source, which lasts until @function removes it. */
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

/* What is more urgent than all that waits must not come as late as they do, in a main context that
 * is busy with what is more urgent than they are. */
static void
raise_priority (GSource *source, int priority)
{
  if (source != NULL && priority < g_source_get_priority (source))
    g_source_set_priority (source, priority);
}

/* Tells those whose requests wait that there is room. */
static void
call_lines_locked (Jobs *jobs)
{
  GHashTableIter iter;
  Queue *queue;

  if (jobs->n_threads >= MAX_THREADS)
    return;

  g_hash_table_iter_init (&iter, jobs->queues);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &queue))
    {
      if (queue->waiting.length > 0 && queue->call == NULL)
        queue->call = queue_attach (queue, g_idle_source_new (), there_is_room_cb);
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

  /* Nearly always last. */
  before = queue->waiting.tail;
  while (before != NULL && ((Job *) before->data)->priority > job->priority)
    before = before->prev;
  g_queue_insert_after (&queue->waiting, before, job);

  if (queue->timer == NULL)
    {
      queue->n_done_before = jobs->n_done;
      queue->timer = queue_attach (queue, g_timeout_source_new (MILLISECONDS_OF_NO_PROGRESS),
                                   look_for_progress_cb);
    }
  raise_priority (queue->timer, job->priority);
  raise_priority (queue->call, job->priority);

  return queue;
}

/* Whether the thread that calls is the one that will come to the queue of @context. One that has
 * made it its default, or runs it, owns it. Else it is the global one, which the first thread runs
 * later if no other thread does now. */
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
 * @context: the main context in which the calling thread waits for the result
 * @priority: which of those that wait is first
 * @function: called in a thread of its own or, where none can be started, before this returns or
 *   when its turn comes, in @context
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
    start_locked (jobs, NULL, job);
  else if (has_room && !g_hash_table_contains (jobs->queues, context))
    start_locked (jobs, context, job);
  else
    {
      Queue *queue = wait_in_queue_locked (jobs, context, job);

      /* Others were here before. */
      if (has_room)
        start_locked (jobs, context, g_queue_pop_head (&queue->waiting));
    }
  g_mutex_unlock (&jobs->mutex);
}
