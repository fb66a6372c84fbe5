/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-operation.h"

#include "tool-command.h"
#include "tool-output.h"
#include "tool-signals.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* An operation that signals can interrupt, and that shows its progress.
 *
 * The main thread makes the blocking calls. A second thread, the watcher, waits for the signals,
 * which are blocked in all threads, and draws the progress. The first signal cancels the operation.
 * The second signal ends the program at once, even if the main thread waits for a server that does
 * not respond.
 *
 * If the watcher cannot be started, the operation continues without it, and the first signal ends
 * the program. */

/* A second signal that comes earlier than this is a duplicate: timeout(1) sends one to the process,
 * and then one to its group. */
#define REPEATED_AFTER_US (G_USEC_PER_SEC / 10)

/* Wakes the watcher when the operation is over. By default, a process ignores this signal. */
#define WAKE_UP SIGWINCH

/* A small stack is enough: the watcher calls few functions, and libraries start their threads from
 * the main thread. */
#define WATCHER_STACK_SIZE (256 * 1024)

struct _ToolOperation
{
  ToolInterruption interruption;
  GCancellable *cancellable; /* (owned) */
  ToolProgress *progress;    /* (owned) */
  gboolean has_failed;

  pthread_t watcher;
  gboolean has_watcher;
  int is_over;        /* atomic */
  int interrupted_by; /* atomic: a signal, or 0 */
};

static gboolean
interrupts (ToolOperation *operation, int signal_number)
{
  return operation->interruption == TOOL_INTERRUPTION_ANY || signal_number == SIGINT;
}

static gpointer
watch (gpointer user_data)
{
  ToolOperation *operation = user_data;
  const struct timespec interval = { .tv_nsec = TOOL_PROGRESS_INTERVAL_MS * 1000000L };
  sigset_t set = tool_signals_make_heeded_set (tool_signals_to_end);
  gint64 first_time = 0;

  sigaddset (&set, WAKE_UP);
  while (!g_atomic_int_get (&operation->is_over))
    {
      int signal_number = tool_progress_is_drawn (operation->progress)
                              ? sigtimedwait (&set, NULL, &interval)
                              : sigwaitinfo (&set, NULL);

      if (signal_number < 0 || signal_number == WAKE_UP)
        {
          tool_progress_tick (operation->progress);
          continue;
        }

      if (first_time == 0)
        first_time = g_get_monotonic_time ();
      else if (g_get_monotonic_time () - first_time >= REPEATED_AFTER_US)
        _exit (tool_signals_end_by (signal_number));

      if (interrupts (operation, signal_number))
        {
          g_atomic_int_compare_and_exchange (&operation->interrupted_by, 0, signal_number);
          g_cancellable_cancel (operation->cancellable);
        }
    }

  return NULL;
}

static gboolean
start_watcher (ToolOperation *operation)
{
  pthread_attr_t attributes;
  int error_number;

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, WATCHER_STACK_SIZE);
  error_number = pthread_create (&operation->watcher, &attributes, watch, operation);
  pthread_attr_destroy (&attributes);
  return error_number == 0;
}

/* Leaves ignored signals unblocked: if they were blocked, they would become pending. */
static void
block (void)
{
  sigset_t set = tool_signals_make_heeded_set (tool_signals_to_end);

  sigaddset (&set, WAKE_UP);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

static void
ignore_once (int signal_number)
{
}

/* Lets the signals end the program. One that does not interrupt the operation is ignored once. */
static void
do_without_watcher (ToolOperation *operation)
{
  struct sigaction action = { .sa_handler = ignore_once, .sa_flags = SA_RESETHAND | SA_RESTART };
  sigset_t set = tool_signals_make_heeded_set (tool_signals_to_end);

  sigemptyset (&action.sa_mask);
  for (const int *signals = tool_signals_to_end; *signals != 0; signals++)
    {
      if (sigismember (&set, *signals) == 1 && !interrupts (operation, *signals))
        sigaction (*signals, &action, NULL);
    }
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

static void
stop_watching (ToolOperation *operation)
{
  if (g_atomic_int_get (&operation->is_over))
    return;

  g_atomic_int_set (&operation->is_over, TRUE);
  if (operation->has_watcher)
    {
      pthread_kill (operation->watcher, WAKE_UP);
      pthread_join (operation->watcher, NULL);
    }
  else
    block ();
}

/*
 * tool_operation_new:
 * @interruption: the signals that interrupt the operation
 * @format: the title of the operation
 * @...: arguments of @format
 *
 * Starts an operation. The signals are blocked from here on, even after the operation has ended.
 */
ToolOperation *
tool_operation_new (ToolInterruption interruption, const char *format, ...)
{
  ToolOperation *operation = g_new0 (ToolOperation, 1);
  g_autofree char *title = NULL;
  va_list args;

  va_start (args, format);
  title = g_strdup_vprintf (format, args);
  va_end (args);

  operation->interruption = interruption;
  operation->cancellable = g_cancellable_new ();
  operation->progress = tool_progress_new (title);

  block ();
  operation->has_watcher = start_watcher (operation);
  if (!operation->has_watcher)
    do_without_watcher (operation);
  return operation;
}

void
tool_operation_free (ToolOperation *operation)
{
  stop_watching (operation);
  tool_progress_free (operation->progress);
  g_object_unref (operation->cancellable);
  g_free (operation);
}

GCancellable *
tool_operation_get_cancellable (ToolOperation *operation)
{
  return operation->cancellable;
}

ToolProgress *
tool_operation_get_progress (ToolOperation *operation)
{
  return operation->progress;
}

gboolean
tool_operation_is_interrupted (ToolOperation *operation)
{
  return g_atomic_int_get (&operation->interrupted_by) != 0;
}

typedef struct
{
  GMutex mutex;
  GCond cond;
} Wait;

static void
wake_up_cb (GCancellable *cancellable, gpointer user_data)
{
  Wait *wait = user_data;

  g_mutex_lock (&wait->mutex);
  g_cond_broadcast (&wait->cond);
  g_mutex_unlock (&wait->mutex);
}

/*
 * tool_operation_wait:
 * @operation: an operation
 * @seconds: a time
 *
 * Waits, and shows the time left. Needs no descriptor.
 *
 * Returns: %FALSE if the operation was interrupted
 */
gboolean
tool_operation_wait (ToolOperation *operation, double seconds)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC) + 1;
  Wait wait;
  gulong handler;

  g_mutex_init (&wait.mutex);
  g_cond_init (&wait.cond);
  handler = g_cancellable_connect (operation->cancellable, G_CALLBACK (wake_up_cb), &wait, NULL);
  tool_progress_set_deadline (operation->progress, deadline);

  g_mutex_lock (&wait.mutex);
  while (!g_cancellable_is_cancelled (operation->cancellable) &&
         g_cond_wait_until (&wait.cond, &wait.mutex, deadline))
    continue;
  g_mutex_unlock (&wait.mutex);

  tool_progress_set_deadline (operation->progress, 0);
  g_cancellable_disconnect (operation->cancellable, handler);
  g_cond_clear (&wait.cond);
  g_mutex_clear (&wait.mutex);
  return !tool_operation_is_interrupted (operation);
}

/*
 * tool_operation_fail:
 * @operation: an operation
 * @error: (transfer full): an error of the operation
 *
 * Prints the error, unless it is the cancellation after an interruption.
 */
void
tool_operation_fail (ToolOperation *operation, GError *error)
{
  operation->has_failed = TRUE;
  if (!tool_operation_is_interrupted (operation) ||
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      tool_progress_hide (operation->progress);
      tool_complain ("%s", error->message);
    }
  g_error_free (error);
}

/*
 * tool_operation_end:
 * @operation: an operation that is done
 * @failed_status: the status if the operation has failed
 *
 * Stops the watcher. A later signal is pending until the next operation, or until it is unblocked.
 *
 * Returns: the status of the command
 */
int
tool_operation_end (ToolOperation *operation, int failed_status)
{
  stop_watching (operation);
  if (tool_operation_is_interrupted (operation))
    return TOOL_STATUS_ENDED_BY (g_atomic_int_get (&operation->interrupted_by));

  return operation->has_failed ? failed_status : TOOL_STATUS_DONE;
}
