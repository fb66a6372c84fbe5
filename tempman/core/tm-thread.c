/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-thread-private.h"

#include "tm-config.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* The threads of the library. A thread that needs another one starts it, and for this work only.
 *
 * A new thread inherits the rights of its creator: user and groups, capabilities, Landlock domain,
 * seccomp filters. A thread of a pool has the rights of the thread that needed it first, and in a
 * forked child, a pool relies on threads that do not exist there.
 *
 * g_thread_try_new() handles no error but EAGAIN: it aborts if a seccomp filter refuses new
 * threads. */

struct _TmThread
{
  pthread_t thread; /* set only for tm_thread_join() */
  TmThreadFunc function;
  gpointer data;
};

/* Blocks all signals in the new thread, as GLib does in its own: the program expects its signals in
 * its own threads, and may block them there to receive them otherwise, as by signalfd(). Returns 0,
 * or an error number. */
static int
start_without_signals (pthread_t *thread,
                       const pthread_attr_t *attributes,
                       void *(*function) (void *),
                       void *data)
{
  sigset_t all, former;
  int error_number;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &former);
  error_number = pthread_create (thread, attributes, function, data);
  pthread_sigmask (SIG_SETMASK, &former, NULL);
  return error_number;
}

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
 * Returns: (transfer full) (nullable): a thread for tm_thread_join(), or %NULL if none can be
 *   started
 */
TmThread *
tm_thread_try_start (TmThreadFunc function, gpointer data)
{
  TmThread *thread = g_new (TmThread, 1);

  thread->function = function;
  thread->data = data;
  if (start_without_signals (&thread->thread, NULL, run_joined, thread) != 0)
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
 * Starts a detached thread. The last action of @function has to be to pass on its result.
 *
 * Returns: %FALSE if no thread can be started
 */
gboolean
tm_thread_try_start_detached (TmThreadFunc function, gpointer data)
{
  TmThread *thread = g_new (TmThread, 1);
  pthread_attr_t attributes;
  pthread_t started_thread; /* not a field of thread, which the new thread may have freed */
  gboolean started = FALSE;

  thread->function = function;
  thread->data = data;
  if (pthread_attr_init (&attributes) == 0)
    {
      started = pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                start_without_signals (&started_thread, &attributes, run_detached, thread) == 0;
      pthread_attr_destroy (&attributes);
    }
  if (!started)
    g_free (thread);

  return started;
}

#if defined(TM_CONFIG_HAVE_GETTID)

static gboolean
is_first (void)
{
  return gettid () == getpid ();
}

#elif defined(TM_CONFIG_HAVE_PTHREAD_MAIN_NP)

static gboolean
is_first (void)
{
  return pthread_main_np () != 0;
}

#else

static pthread_t first;

static void
note_first (void)
{
  first = pthread_self ();
}

/* The thread that loads the library: in most programs, the main thread. */
static void __attribute__ ((constructor)) prepare (void)
{
  note_first ();
  pthread_atfork (NULL, NULL, note_first);
}

static gboolean
is_first (void)
{
  return pthread_equal (pthread_self (), first) != 0;
}

#endif

/* Whether this is the main thread, which in a forked child is the thread that called fork(). */
gboolean
tm_thread_is_first (void)
{
  return is_first ();
}
