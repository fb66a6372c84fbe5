/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-thread-private.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Every thread of the library is started here, by the thread that needs it and for that work alone.
 *
 * A new thread inherits what the kernel judges its creator by: user and groups, capabilities,
 * Landlock domain, seccomp filters. A thread of a pool has those of the thread that needed it
 * first, and in a forked child a pool counts on threads that are not there.
 *
 * Not g_thread_try_new(): that ends the process where a seccomp filter refuses new threads, since
 * it expects no error but EAGAIN. */

struct _TmThread
{
  pthread_t thread; /* of one that is joined */
  TmThreadFunc function;
  gpointer data;
};

static void *
run_joined (void *data)
{
  const TmThread *thread = data;

  thread->function (thread->data);
  return NULL;
}

/*
 * tm_thread_try_start:
 * @function: called in the new thread
 * @data: data for @function
 *
 * Returns: (nullable): a thread, to be given to tm_thread_join(); %NULL where none can be started
 */
TmThread *
tm_thread_try_start (TmThreadFunc function, gpointer data)
{
  TmThread *thread = g_new (TmThread, 1);

  thread->function = function;
  thread->data = data;
  if (pthread_create (&thread->thread, NULL, run_joined, thread) != 0)
    g_clear_pointer (&thread, g_free);

  return thread;
}

/* Waits until the function of the thread has returned. */
void
tm_thread_join (TmThread *thread)
{
  pthread_join (thread->thread, NULL);
  g_free (thread);
}

static void *
run_detached (void *data)
{
  g_autofree TmThread *thread = data;

  thread->function (thread->data);
  return NULL;
}

/*
 * tm_thread_try_start_detached:
 * @function: called in the new thread
 * @data: data for @function
 *
 * Starts a thread that nothing waits for. The last thing that @function does has to be to pass on
 * its result.
 *
 * Returns: %FALSE where no thread can be started
 */
gboolean
tm_thread_try_start_detached (TmThreadFunc function, gpointer data)
{
  TmThread *thread = g_new (TmThread, 1);
  pthread_attr_t attributes;
  pthread_t started_thread; /* the thread itself may have freed its own by then */
  gboolean started = FALSE;

  thread->function = function;
  thread->data = data;
  if (pthread_attr_init (&attributes) == 0)
    {
      started = pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                pthread_create (&started_thread, &attributes, run_detached, thread) == 0;
      pthread_attr_destroy (&attributes);
    }
  if (!started)
    g_free (thread);

  return started;
}

/* Whether this is the thread that the process began with, or that it was forked by. */
gboolean
tm_thread_is_first (void)
{
  return syscall (SYS_gettid) == getpid ();
}
