/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-process-private.h"

#include <sys/mman.h>
#include <unistd.h>

/* A page for the number of this process, which the kernel empties in a child of a fork, however
 * that was made: a handler of pthread_atfork() would not learn of every one. NULL where the kernel
 * cannot do that. */
static pid_t *
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

/*
 * tm_process_get_id:
 *
 * Tells the processes of a fork apart as getpid() does, but without a system call: it is asked for
 * twice in the life of each directory.
 *
 * Returns: the number of the process that calls
 */
pid_t
tm_process_get_id (void)
{
  static gsize is_mapped = 0;
  static pid_t *page; /* (owned) (nullable): for as long as the process lives */
  pid_t process;

  if (g_once_init_enter (&is_mapped))
    {
      page = map_page ();
      g_once_init_leave (&is_mapped, 1);
    }

  if (page == NULL)
    return getpid ();

  process = g_atomic_int_get (page);
  if (process == 0)
    {
      process = getpid ();
      g_atomic_int_set (page, process);
    }

  return process;
}
