/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-process-private.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Which process this is.
 *
 * Not by its number: a process that is the first of a PID namespace and forks into a new one has a
 * child with the number 1 as well. Each process draws a random token when it is first asked, and a
 * child of a fork loses that of its parent in two ways, since neither is certain: the kernel wipes
 * the page that it is in, but an emulator such as qemu-user only says so; and a handler of the C
 * library resets it, but only in a child that was made by its fork(). */

typedef struct
{
  TmProcessToken token; /* atomic; 0: not drawn yet */
  pid_t number;         /* of the process that drew it, where there is no page */
} State;

/* What the page has room for, behind the token. */
typedef struct
{
  State state;
  _Alignas(16) guint8 scratch[TM_PROCESS_WIPED_SIZE];
} Page;

static State fallback;
static State *state = &fallback;

/* Returns NULL where the kernel cannot wipe it. */
static State *
map_page (void)
{
  gsize size = (gsize) sysconf (_SC_PAGESIZE);
  void *page = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (page == MAP_FAILED)
    return NULL;

  if (madvise (page, size, MADV_WIPEONFORK) < 0)
    {
      munmap (page, size);
      return NULL;
    }

  return page;
}

/* In the child of a fork, before anything else runs there. */
static void
forget (void)
{
  gpointer scratch = tm_process_get_wiped_memory ();

  state->token = 0;
  if (scratch != NULL)
    memset (scratch, 0, TM_PROCESS_WIPED_SIZE);
}

/* When the library is loaded, and not when it is first needed: a thread that is about to do so
 * while another one forks would leave the child waiting for it. */
static void __attribute__ ((constructor)) prepare (void)
{
  State *page = map_page ();

  /* For as long as the process lives. */
  if (page != NULL)
    state = page;
  pthread_atfork (NULL, NULL, forget);
}

static TmProcessToken
draw_token (void)
{
  TmProcessToken token = 0;
  struct timespec now;

  if (getentropy (&token, sizeof token) == 0 && token != 0)
    return token;

  /* Only those of ancestors are ever compared with it, which were drawn earlier. */
  clock_gettime (CLOCK_MONOTONIC, &now);
  return ((TmProcessToken) now.tv_sec * 1000000000u + (TmProcessToken) now.tv_nsec) | 1;
}

/*
 * tm_process_get_token:
 *
 * Tells the processes of a fork apart, without a system call but for the first: it is asked for
 * twice in the life of each directory.
 *
 * Returns: what no other process has, never 0
 */
TmProcessToken
tm_process_get_token (void)
{
  TmProcessToken token;

  /* Before Linux 4.14. The number is all that is left to tell a child by that was made past the
   * handler. */
  if (state == &fallback && state->number != getpid ())
    {
      forget ();
      state->number = getpid ();
    }

  token = g_atomic_pointer_get (&state->token);
  if (token == 0)
    {
      /* Of several threads, the first one draws. */
      g_atomic_pointer_compare_and_exchange (&state->token, (TmProcessToken) 0, draw_token ());
      token = g_atomic_pointer_get (&state->token);
    }

  return token;
}

/*
 * tm_process_get_wiped_memory:
 *
 * Returns: (nullable): `TM_PROCESS_WIPED_SIZE` bytes that are zero in a new process and in the
 *   child of a fork, or %NULL where the kernel cannot wipe a page
 */
gpointer
tm_process_get_wiped_memory (void)
{
  return state != &fallback ? ((Page *) (gpointer) state)->scratch : NULL;
}
