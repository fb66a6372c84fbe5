/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-process-private.h"

#include "core/tm-random-private.h"

#include "tm-config.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* A token that identifies this process.
 *
 * A process ID is not enough: if the first process of a PID namespace forks into a new namespace,
 * the child has the ID 1 as well. Each process draws a random token at the first use. In a forked
 * child, two mechanisms reset the token, because each can fail: MADV_WIPEONFORK wipes the page of
 * the token, but an emulator such as qemu-user only pretends to do it; and a pthread_atfork()
 * handler resets the token, but only if the child was created with fork() of the C library. */

typedef struct
{
  TmProcessToken token; /* atomic; 0: not drawn yet */
  pid_t pid;            /* the process that drew the token; used only in the fallback */
} State;

/* The contents of the wiped page. */
typedef struct
{
  State state;
  _Alignas(16) guint8 scratch[TM_PROCESS_WIPED_SIZE];
} Page;

static State fallback;
static State *state = &fallback;

/* Asks the kernel to wipe the page in a forked child. */
static gboolean
is_wiped_at_fork (void *page, gsize size)
{
#if defined(TM_CONFIG_HAVE_MADV_WIPEONFORK)
  return madvise (page, size, MADV_WIPEONFORK) == 0;
#elif defined(TM_CONFIG_HAVE_INHERIT_ZERO)
  return minherit (page, size, INHERIT_ZERO) == 0;
#else
  return FALSE;
#endif
}

/* Returns NULL if the kernel cannot wipe the page in a forked child. */
static State *
map_page (void)
{
  gsize size = (gsize) sysconf (_SC_PAGESIZE);
  void *page = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (page == MAP_FAILED)
    return NULL;

  if (!is_wiped_at_fork (page, size))
    {
      munmap (page, size);
      return NULL;
    }

  return page;
}

/* Runs in a forked child before fork() returns. */
static void
reset (void)
{
  gpointer scratch = tm_process_get_wiped_memory ();

  state->token = 0;
  if (scratch != NULL)
    memset (scratch, 0, TM_PROCESS_WIPED_SIZE);
}

/* Runs when the library is loaded, not at the first use: if a thread forked while another one
 * initialised this, the child would wait forever for the end of the initialisation. */
static void __attribute__ ((constructor)) prepare (void)
{
  State *page = map_page ();

  /* The page is never unmapped. */
  if (page != NULL)
    state = page;
  pthread_atfork (NULL, NULL, reset);
}

static TmProcessToken
draw_token (void)
{
  TmProcessToken token = 0;
  struct timespec now;

  if (tm_random_draw (&token, sizeof token) == 0 && token != 0)
    return token;

  /* The time is enough: a token is compared only with those of ancestors, which are older. */
  clock_gettime (CLOCK_MONOTONIC, &now);
  return ((TmProcessToken) now.tv_sec * 1000000000u + (TmProcessToken) now.tv_nsec) | 1;
}

/*
 * tm_process_get_token:
 *
 * Distinguishes a forked child from its parent. Only the first call, and the fallback, make a
 * system call: this is called several times for each directory.
 *
 * Returns: the token of this process, never 0
 */
TmProcessToken
tm_process_get_token (void)
{
  TmProcessToken token;

  /* Before Linux 4.14, only the process ID reveals a child that was forked without the handler. */
  if (state == &fallback && state->pid != getpid ())
    {
      reset ();
      state->pid = getpid ();
    }

  token = g_atomic_pointer_get (&state->token);
  if (token == 0)
    {
      /* If several threads draw a token, the first one sets it. */
      g_atomic_pointer_compare_and_exchange (&state->token, (TmProcessToken) 0, draw_token ());
      token = g_atomic_pointer_get (&state->token);
    }

  return token;
}

/*
 * tm_process_get_wiped_memory:
 *
 * Returns: (nullable): `TM_PROCESS_WIPED_SIZE` bytes that are zero in a new process and in a
 *   forked child, or %NULL if the kernel cannot wipe a page
 */
gpointer
tm_process_get_wiped_memory (void)
{
  return state != &fallback ? ((Page *) (gpointer) state)->scratch : NULL;
}
