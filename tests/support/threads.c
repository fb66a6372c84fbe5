/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "threads.h"

#include "files.h"
#include "next.h"

#include <pthread.h>

/* How long to wait for another thread, on a busy machine. */
#define PATIENCE (60 * G_USEC_PER_SEC)

static gint refusal;     /* atomic; the error number, or 0 */
static gint n_starts;    /* atomic */
static gint n_pool_uses; /* atomic */

/* From now on no thread can be started: with EAGAIN as at the limit of threads, with EPERM as under
 * a seccomp filter. With 0 they can be started again. */
void
thread_starts_fail (int error_number)
{
  g_atomic_int_set (&refusal, error_number);
}

guint
thread_starts_count (void)
{
  return (guint) g_atomic_int_get (&n_starts);
}

guint
thread_pool_uses_count (void)
{
  return (guint) g_atomic_int_get (&n_pool_uses);
}

int
pthread_create (pthread_t *thread,
                const pthread_attr_t *attributes,
                void *(*function) (void *),
                void *data)
{
  NEXT (pthread_create, "pthread_create");
  int error_number = g_atomic_int_get (&refusal);

  if (error_number != 0)
    return error_number;

  g_atomic_int_inc (&n_starts);
  return next (thread, attributes, function, data);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  NEXT (g_thread_pool_push, "g_thread_pool_push");

  g_atomic_int_inc (&n_pool_uses);
  return next (pool, data, error);
}

/* Returns the number of threads of this process, the main thread included. */
guint
count_threads (void)
{
  return count_entries ("/proc/self/task");
}

/* Raises @maximum to at least @n, atomically, for several threads. */
void
raise_maximum (gint *maximum, gint n)
{
  gint previous;

  while ((previous = g_atomic_int_get (maximum)) < n &&
         !g_atomic_int_compare_and_exchange (maximum, previous, n))
    ;
}

/* Waits until @number, which other threads count up atomically, is @n. */
void
wait_for_number (gint *number, gint n)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  while (g_atomic_int_get (number) < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (100);
    }
}
