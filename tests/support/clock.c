/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "clock.h"

#include <sys/syscall.h>
#include <unistd.h>

static gint is_stopped; /* atomic, and set after the time */
static struct timespec stopped_time;

/* In place of the C library's. */
int
clock_gettime (clockid_t clock, struct timespec *time)
{
  if (clock == CLOCK_REALTIME && g_atomic_int_get (&is_stopped))
    {
      *time = stopped_time;
      return 0;
    }

#ifdef SYS_clock_gettime64
  /* On a 32-bit system, where the other one has times of 32 bits. */
  if (sizeof (time_t) > sizeof (long))
    return (int) syscall (SYS_clock_gettime64, clock, time);
#endif
  return (int) syscall (SYS_clock_gettime, clock, time);
}

void
stop_clock (const struct timespec *time)
{
  stopped_time = *time;
  g_atomic_int_set (&is_stopped, TRUE);
}

void
start_clock (void)
{
  g_atomic_int_set (&is_stopped, FALSE);
}
