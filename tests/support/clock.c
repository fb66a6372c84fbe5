/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "clock.h"

#include "next.h"

static gint is_stopped; /* atomic, and set after the time */
static struct timespec stopped_time;

/* Replaces the function of the C library. */
int
clock_gettime (clockid_t clock, struct timespec *time)
{
  NEXT (clock_gettime, WIDE_TIME ("clock_gettime", "__clock_gettime64"));

  if (clock == CLOCK_REALTIME && g_atomic_int_get (&is_stopped))
    {
      *time = stopped_time;
      return 0;
    }

  return next (clock, time);
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

/* Waits until a new file has a later timestamp than one that was written before. Since Linux 6.13,
 * the time of a file may be finer than the coarse clock, and later than its next tick. */
void
wait_for_clock_tick (void)
{
  struct timespec begin, now;

  clock_gettime (CLOCK_REALTIME, &begin);
  do
    {
      g_usleep (1000);
      clock_gettime (CLOCK_REALTIME_COARSE, &now);
    }
  while (now.tv_sec < begin.tv_sec || (now.tv_sec == begin.tv_sec && now.tv_nsec <= begin.tv_nsec));
}

/* The seconds may have more digits than a long holds. */
void
append_time (GString *string, struct timespec time)
{
  g_string_append_printf (string, " %" G_GINT64_FORMAT ".%09ld", (gint64) time.tv_sec,
                          time.tv_nsec);
}
