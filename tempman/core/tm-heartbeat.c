/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-heartbeat-private.h"

#include "core/tm-age-private.h"
#include "core/tm-heartbeat-intervals-private.h"
#include "core/tm-process-private.h"
#include "core/tm-thread-private.h"

/* The heartbeats of this process.
 *
 * The owner of a directory on a shared file system sets its modification time at each interval, so
 * that cleaners on other machines see that it lives. A beat waits for a server, which may hang: the
 * thread that schedules the beats leaves them to other threads.
 *
 * The scheduler is one thread, which exists while there are heartbeats. It moves each heartbeat
 * that is due to the queue of its server, and starts a worker for that server. A worker makes the
 * beats of its queue one after the other, and ends. A server that hangs blocks its own workers
 * only. If the queue is not empty in time, the scheduler starts another worker for that server, up
 * to MAX_WORKERS: the file system may hang for one directory and not for the next, or take long for
 * each of many.
 *
 * A thread inherits the rights of the thread that starts it. The scheduler has those of the thread
 * that created the first directory. A program whose threads have different users must not use
 * shared file systems, and one that changes its user must still be able to write to the directory.
 *
 * A forked child has no thread of its parent, and makes no beats: see get_heartbeats(). */

/* The maximum for one server. A server that hangs forever blocks this many threads. */
#define MAX_WORKERS 4

/* If a beat is due for longer, another worker helps with the beats of the server. */
#define MAX_DELAY_MICROSECONDS G_USEC_PER_SEC

/* How long tm_heartbeat_stop() waits for a beat in flight. A beat that takes longer waits for a
 * server that hangs. */
#define MAX_WAIT_MICROSECONDS (G_USEC_PER_SEC / 5)

#define INTERVAL (TM_HEARTBEAT_INTERVAL_SECONDS * G_USEC_PER_SEC)

typedef struct _Heartbeats Heartbeats;

/* A server, or one of its file systems: if one beat hangs, the others may hang as well. */
typedef struct
{
  Heartbeats *heartbeats; /* (unowned) */
  char *name;             /* (owned) */
  GQueue due;             /* (element-type TmHeartbeat): no worker has started their beats */
  guint n_workers;
  gint64 last_start; /* monotonic time of the last start of a worker */
} Server;

typedef enum
{
  STATE_SCHEDULED, /* in the schedule */
  STATE_DUE,       /* in the queue of its server */
  STATE_IN_FLIGHT, /* a worker makes a beat */
  STATE_ENDED      /* the directory does not exist any more */
} State;

struct _TmHeartbeat
{
  TmProcessToken process;
  Server *server;       /* (unowned): outlives this */
  TmHeartbeatFunc beat; /* called by one thread at a time */
  gpointer data;        /* (unowned): for beat */

  /* Guarded by the mutex. */
  State state;
  GList link;             /* in the schedule, or in the queue of the server */
  gint64 due;             /* monotonic time */
  gint64 last;            /* boot time of the last beat, or of the start */
  GDestroyNotify stopped; /* (nullable): called by the worker at the end of the beat */
  gpointer stopped_data;  /* (unowned) */
};

/* The heartbeats of one process. */
struct _Heartbeats
{
  TmProcessToken process;
  Heartbeats *inherited; /* (nullable): of the parent; never used, since its mutex may be locked */

  GMutex mutex; /* guards the fields below, the servers and the heartbeats */
  GCond changed;
  GCond beat_ended;
  GQueue schedule;    /* (element-type TmHeartbeat): by time */
  GPtrArray *servers; /* (element-type Server): never removed, since beats refer to them */
  guint n_heartbeats; /* the number of those that are not stopped or ended */
  gboolean has_scheduler;
};

static Heartbeats *
heartbeats_new (TmProcessToken process, Heartbeats *inherited)
{
  Heartbeats *heartbeats = g_new0 (Heartbeats, 1);

  heartbeats->process = process;
  heartbeats->inherited = inherited;
  g_mutex_init (&heartbeats->mutex);
  g_cond_init (&heartbeats->changed);
  g_cond_init (&heartbeats->beat_ended);
  g_queue_init (&heartbeats->schedule);
  heartbeats->servers = g_ptr_array_new ();
  return heartbeats;
}

static void
heartbeats_free (Heartbeats *heartbeats)
{
  g_ptr_array_unref (heartbeats->servers);
  g_cond_clear (&heartbeats->beat_ended);
  g_cond_clear (&heartbeats->changed);
  g_mutex_clear (&heartbeats->mutex);
  g_free (heartbeats);
}

/* Returns the heartbeats of this process. A forked child begins without any: the threads of the
 * parent do not exist in it, and the mutex of the parent may be locked. */
static Heartbeats *
get_heartbeats (void)
{
  static Heartbeats *current = NULL; /* atomic */
  Heartbeats *heartbeats = g_atomic_pointer_get (&current);
  TmProcessToken process = tm_process_get_token ();

  while (heartbeats == NULL || heartbeats->process != process)
    {
      Heartbeats *own = heartbeats_new (process, heartbeats);

      if (!g_atomic_pointer_compare_and_exchange (&current, heartbeats, own))
        heartbeats_free (own);
      heartbeats = g_atomic_pointer_get (&current);
    }

  return heartbeats;
}

static Server *
get_server_locked (Heartbeats *heartbeats, const char *name)
{
  Server *server;

  for (guint i = 0; i < heartbeats->servers->len; i++)
    {
      server = g_ptr_array_index (heartbeats->servers, i);
      if (g_str_equal (server->name, name))
        return server;
    }

  server = g_new0 (Server, 1);
  server->heartbeats = heartbeats;
  server->name = g_strdup (name);
  g_queue_init (&server->due);
  g_ptr_array_add (heartbeats->servers, server);
  return server;
}

/* Nearly always appends: all intervals are equal. */
static void
schedule_locked (Heartbeats *heartbeats, TmHeartbeat *heartbeat, gint64 due)
{
  GList *before = heartbeats->schedule.tail;

  heartbeat->state = STATE_SCHEDULED;
  heartbeat->due = due;
  while (before != NULL && ((TmHeartbeat *) before->data)->due > due)
    before = before->prev;
  g_queue_insert_after_link (&heartbeats->schedule, before, &heartbeat->link);
  if (before == NULL)
    g_cond_signal (&heartbeats->changed);
}

/* Makes the first beat of the queue. Releases the mutex meanwhile. */
static void
beat_locked (Server *server)
{
  Heartbeats *heartbeats = server->heartbeats;
  GList *link = g_queue_pop_head_link (&server->due);
  TmHeartbeat *heartbeat = link->data;
  gint64 now = tm_timestamp_get_boot_time ();
  gboolean is_late = now - heartbeat->last > 2 * INTERVAL;
  TmBeatResult result;

  heartbeat->state = STATE_IN_FLIGHT;
  g_mutex_unlock (&heartbeats->mutex);
  result = heartbeat->beat (heartbeat->data, is_late);
  g_mutex_lock (&heartbeats->mutex);

  /* The server may have received it at any time since. */
  if (result == TM_BEAT_DONE)
    heartbeat->last = now;
  if (heartbeat->stopped != NULL)
    {
      GDestroyNotify stopped = heartbeat->stopped;
      gpointer data = heartbeat->stopped_data;

      g_free (heartbeat);
      g_mutex_unlock (&heartbeats->mutex);
      stopped (data);
      g_mutex_lock (&heartbeats->mutex);
    }
  else if (result != TM_BEAT_LOST)
    schedule_locked (heartbeats, heartbeat, g_get_monotonic_time () + INTERVAL);
  else
    {
      heartbeat->state = STATE_ENDED;
      heartbeats->n_heartbeats--;
      g_cond_signal (&heartbeats->changed);
    }
  g_cond_broadcast (&heartbeats->beat_ended);
}

static void
worker_cb (gpointer data)
{
  Server *server = data;
  Heartbeats *heartbeats = server->heartbeats;

  g_mutex_lock (&heartbeats->mutex);
  while (server->due.length > 0)
    beat_locked (server);
  server->n_workers--;
  g_mutex_unlock (&heartbeats->mutex);
}

/* Starts a worker for the due beats of a server if necessary. Returns the monotonic time of the
 * next check. */
static gint64
serve_locked (Server *server, gint64 now)
{
  const TmHeartbeat *first = g_queue_peek_head (&server->due);
  gint64 next;

  if (first == NULL || server->n_workers == MAX_WORKERS)
    return G_MAXINT64;

  next = MAX (first->due, server->last_start) + MAX_DELAY_MICROSECONDS;
  if (server->n_workers > 0 && now < next)
    return next;

  server->last_start = now;
  if (tm_thread_try_start_detached (worker_cb, server))
    server->n_workers++;
  /* If no thread can be started, the scheduler makes the beats, although they may hang. */
  else if (server->n_workers == 0)
    while (server->due.length > 0)
      beat_locked (server);

  return server->due.length > 0 ? now + MAX_DELAY_MICROSECONDS : G_MAXINT64;
}

/* Starts workers for all due beats. Returns the monotonic time of the next check. */
static gint64
run_due_locked (Heartbeats *heartbeats)
{
  gint64 now = g_get_monotonic_time ();
  gint64 next = G_MAXINT64;
  TmHeartbeat *first;

  while ((first = g_queue_peek_head (&heartbeats->schedule)) != NULL && first->due <= now)
    {
      g_queue_unlink (&heartbeats->schedule, &first->link);
      g_queue_push_tail_link (&first->server->due, &first->link);
      first->state = STATE_DUE;
    }

  /* The mutex can be released meanwhile, and servers be added. */
  for (guint i = 0; i < heartbeats->servers->len; i++)
    next = MIN (next, serve_locked (g_ptr_array_index (heartbeats->servers, i), now));

  first = g_queue_peek_head (&heartbeats->schedule);
  return first != NULL ? MIN (next, first->due) : next;
}

static void
scheduler_cb (gpointer data)
{
  Heartbeats *heartbeats = data;

  g_mutex_lock (&heartbeats->mutex);
  while (heartbeats->n_heartbeats > 0)
    {
      gint64 next = run_due_locked (heartbeats);

      if (heartbeats->n_heartbeats == 0)
        break;
      if (next == G_MAXINT64)
        g_cond_wait (&heartbeats->changed, &heartbeats->mutex);
      else
        g_cond_wait_until (&heartbeats->changed, &heartbeats->mutex, next);
    }
  heartbeats->has_scheduler = FALSE;
  g_mutex_unlock (&heartbeats->mutex);
}

/*
 * tm_heartbeat_start:
 * @server: the name of a server or of a file system: if a beat hangs, others with this name may
 * hang as well
 * @beat: makes a beat
 * @data: data for @beat; exists until tm_heartbeat_stop() calls back
 *
 * Starts the heartbeat of a directory. The creation of the directory counts as the first beat.
 *
 * Returns: (transfer full) (nullable): the heartbeat, or %NULL if no thread can be started
 */
TmHeartbeat *
tm_heartbeat_start (const char *server, TmHeartbeatFunc beat, gpointer data)
{
  Heartbeats *heartbeats = get_heartbeats ();
  TmHeartbeat *heartbeat = g_new0 (TmHeartbeat, 1);

  heartbeat->process = heartbeats->process;
  heartbeat->beat = beat;
  heartbeat->data = data;
  heartbeat->link.data = heartbeat;
  heartbeat->last = tm_timestamp_get_boot_time ();

  g_mutex_lock (&heartbeats->mutex);
  if (!heartbeats->has_scheduler)
    heartbeats->has_scheduler = tm_thread_try_start_detached (scheduler_cb, heartbeats);
  if (heartbeats->has_scheduler)
    {
      heartbeat->server = get_server_locked (heartbeats, server);
      heartbeats->n_heartbeats++;
      schedule_locked (heartbeats, heartbeat, g_get_monotonic_time () + INTERVAL);
    }
  else
    g_clear_pointer (&heartbeat, g_free);
  g_mutex_unlock (&heartbeats->mutex);

  return heartbeat;
}

/* Returns FALSE if the beat in flight does not end soon. */
static gboolean
wait_for_beat_locked (Heartbeats *heartbeats, TmHeartbeat *heartbeat)
{
  gint64 end = g_get_monotonic_time () + MAX_WAIT_MICROSECONDS;

  while (heartbeat->state == STATE_IN_FLIGHT)
    if (!g_cond_wait_until (&heartbeats->beat_ended, &heartbeats->mutex, end))
      return heartbeat->state != STATE_IN_FLIGHT;

  return TRUE;
}

/* Removes a heartbeat whose beat is not in flight from the schedule or the queue. */
static void
unschedule_locked (Heartbeats *heartbeats, TmHeartbeat *heartbeat)
{
  switch (heartbeat->state)
    {
    case STATE_SCHEDULED:
      g_queue_unlink (&heartbeats->schedule, &heartbeat->link);
      break;
    case STATE_DUE:
      g_queue_unlink (&heartbeat->server->due, &heartbeat->link);
      break;
    case STATE_IN_FLIGHT:
    case STATE_ENDED:
    default:
      break;
    }
}

/*
 * tm_heartbeat_stop:
 * @heartbeat: (transfer full): a heartbeat
 * @stopped: called when no beat uses the data any more
 * @data: data for @stopped
 *
 * Ends a heartbeat. @stopped is called before this returns or, if a beat hangs, at the end of that
 * beat in the thread of its worker. In a forked child, which makes no beats, it is called at once.
 */
void
tm_heartbeat_stop (TmHeartbeat *heartbeat, GDestroyNotify stopped, gpointer data)
{
  if (heartbeat->process == tm_process_get_token ())
    {
      Heartbeats *heartbeats = heartbeat->server->heartbeats;
      gboolean is_idle;

      g_mutex_lock (&heartbeats->mutex);
      is_idle = wait_for_beat_locked (heartbeats, heartbeat);
      if (heartbeat->state != STATE_ENDED && --heartbeats->n_heartbeats == 0)
        g_cond_signal (&heartbeats->changed);
      if (is_idle)
        unschedule_locked (heartbeats, heartbeat);
      else
        {
          heartbeat->stopped = stopped;
          heartbeat->stopped_data = data;
        }
      g_mutex_unlock (&heartbeats->mutex);

      if (!is_idle)
        return;
    }

  g_free (heartbeat);
  stopped (data);
}
