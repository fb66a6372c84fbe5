/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "threads.h"

#include <dlfcn.h>
#include <pthread.h>

/* Functions of the C library and of GLib, defined in the program: the dynamic linker takes these
 * for every caller in another library. */

static gint refusal;     /* atomic; the error number, or 0 */
static gint n_starts;    /* atomic */
static gint n_pool_uses; /* atomic */

/* From now on no thread can be started, as at the limit of threads with EAGAIN, or where a seccomp
 * filter forbids it with EPERM. With 0 they can again. */
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
  static gpointer next = NULL; /* atomic: of several threads, each may be the first to ask */
  int error_number = g_atomic_int_get (&refusal);

  if (error_number != 0)
    return error_number;

  if (g_atomic_pointer_get (&next) == NULL)
    g_atomic_pointer_set (&next, dlsym (RTLD_NEXT, "pthread_create"));

  g_atomic_int_inc (&n_starts);
  return ((__typeof__ (&pthread_create)) g_atomic_pointer_get (&next)) (thread, attributes,
                                                                        function, data);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  static gpointer next = NULL; /* likewise */

  if (g_atomic_pointer_get (&next) == NULL)
    g_atomic_pointer_set (&next, dlsym (RTLD_NEXT, "g_thread_pool_push"));

  g_atomic_int_inc (&n_pool_uses);
  return ((__typeof__ (&g_thread_pool_push)) g_atomic_pointer_get (&next)) (pool, data, error);
}
