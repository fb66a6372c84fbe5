/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-age-private.h"

#include "tm-config.h"

#include <time.h>

/* Times of files, and when one is so long ago that an entry expires. What a file system or a
 * server tells comes from the backends; nothing here touches the disk. */

#define NANOSECONDS_PER_SECOND 1e9

static gboolean
is_before (TmTimestamp a, TmTimestamp b)
{
  return a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds;
}

/* As strcmp(). */
int
tm_timestamp_compare (TmTimestamp a, TmTimestamp b)
{
  return is_before (a, b) ? -1 : is_before (b, a);
}

TmTimestamp
tm_timestamp_max (TmTimestamp a, TmTimestamp b)
{
  return is_before (a, b) ? b : a;
}

gboolean
tm_timestamp_equal (TmTimestamp a, TmTimestamp b)
{
  return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds;
}

/* Adds a time that is not negative. */
TmTimestamp
tm_timestamp_add (TmTimestamp time, gint64 microseconds)
{
  guint64 nanoseconds = time.nanoseconds + (guint64) (microseconds % G_USEC_PER_SEC) * 1000;

  time.seconds += microseconds / G_USEC_PER_SEC + (gint64) (nanoseconds / 1000000000);
  time.nanoseconds = (guint32) (nanoseconds % 1000000000);
  return time;
}

/* Returns the seconds from @b to @a. */
double
tm_timestamp_subtract (TmTimestamp a, TmTimestamp b)
{
  /* The difference of the seconds may not fit into an integer. */
  return ((double) a.seconds - (double) b.seconds) +
         ((double) a.nanoseconds - (double) b.nanoseconds) / NANOSECONDS_PER_SECOND;
}

/* Returns a time in microseconds that, if the system has such a clock, also advances while the
 * machine sleeps, unlike that of g_get_monotonic_time(). */
gint64
tm_timestamp_get_boot_time (void)
{
  struct timespec now;

  clock_gettime (TM_CONFIG_CLOCK_BOOTTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static TmTimestamp
read_clock (void)
{
  struct timespec now;

  /* Not g_get_real_time(): rounded down to microseconds, a file that has just been used would have
   * a time in the future. */
  clock_gettime (CLOCK_REALTIME, &now);
  return (TmTimestamp){ .seconds = now.tv_sec, .nanoseconds = (guint32) now.tv_nsec };
}

/* The whole nanoseconds in the fraction of @timeout, rounded down. A fraction such as 0.3 lies
 * between two doubles and stands for the nanosecond that is nearest; `volatile` keeps an x87 from
 * comparing with more digits than a double has. */
static guint32
get_nanoseconds (double timeout, gint64 seconds)
{
  volatile double nanoseconds = (timeout - (double) seconds) * NANOSECONDS_PER_SECOND;
  guint32 nearest = (guint32) (nanoseconds + 0.5);
  volatile double fraction = nearest / NANOSECONDS_PER_SECOND;
  volatile double sum = (double) seconds + fraction;

  return sum > timeout ? nearest - 1 : nearest;
}

/* Subtracts @timeout, which is not negative, in integers: a comparison of doubles depends on the
 * digits that the processor keeps. A timeout longer than the time that has passed since the oldest
 * timestamp there is, as infinity, leaves that oldest one. */
static TmTimestamp
subtract_timeout (TmTimestamp time, double timeout)
{
  TmTimestamp oldest = { .seconds = G_MININT64, .nanoseconds = 0 };
  guint32 nanoseconds;
  gint64 seconds;

  /* The first double that is too large for a gint64 is 2^63. */
  if (timeout >= -(double) G_MININT64)
    return oldest;

  seconds = (gint64) timeout;
  nanoseconds = get_nanoseconds (timeout, seconds);

  /* One more, for the nanoseconds that may have to be borrowed. */
  if (time.seconds < G_MININT64 + seconds + 1)
    return oldest;

  oldest.seconds = time.seconds - seconds;
  oldest.nanoseconds = time.nanoseconds;
  if (oldest.nanoseconds < nanoseconds)
    {
      oldest.seconds--;
      oldest.nanoseconds += (guint32) NANOSECONDS_PER_SECOND;
    }
  oldest.nanoseconds -= nanoseconds;
  return oldest;
}

/*
 * tm_age_rule_init:
 * @rule: (out caller-allocates): the rule
 * @basis: from when the age runs
 * @timeout: the age in seconds; negative for never
 *
 * Makes a rule for a scan that begins now.
 */
void
tm_age_rule_init (TmAgeRule *rule, TmAgeBasis basis, double timeout)
{
  *rule = (TmAgeRule){ .basis = basis, .timeout = timeout, .has_timeout = timeout >= 0 };
  tm_age_rule_set_now (rule, read_clock ());
}

/*
 * tm_age_rule_set_now:
 * @rule: a rule
 * @now: the present time, by the clock of the file system
 *
 * Sets the time against which the ages are measured. On a local file system that is the clock of
 * this machine, which tm_age_rule_init() reads.
 */
void
tm_age_rule_set_now (TmAgeRule *rule, TmTimestamp now)
{
  rule->now = now;
  rule->begin = g_get_monotonic_time ();
  if (rule->has_timeout)
    rule->oldest = subtract_timeout (now, rule->timeout);
}

/*
 * tm_age_rule_is_expired:
 * @rule: a rule
 * @last_used: when an entry was last used
 *
 * Returns: whether that is longer ago than the timeout; exactly as long ago is not
 */
gboolean
tm_age_rule_is_expired (const TmAgeRule *rule, TmTimestamp last_used)
{
  return rule->has_timeout && is_before (last_used, rule->oldest);
}

/* Returns the present time of the file system. */
static TmTimestamp
get_present (const TmAgeRule *rule)
{
  return rule->is_shared ? tm_timestamp_add (rule->now, g_get_monotonic_time () - rule->begin)
                         : read_clock ();
}

/* What to make of a time of a file. One in the future is wrong, whether a program has set it or the
 * clock was: the change time counts instead, which no program can set. If that lies in the future
 * too, or is not told, the file counts as just used. */
static TmTimestamp
correct (const TmAgeRule *rule, TmTimestamp time, const TmTimes *times)
{
  TmTimestamp now;

  if (!is_before (rule->now, time))
    return time;

  /* It may have been used since the scan began. */
  now = get_present (rule);
  if (!is_before (now, time))
    return rule->now;

  if ((times->mask & TM_TIMES_CHANGED) == 0 || is_before (rule->now, times->changed))
    return rule->now;

  return times->changed;
}

/*
 * tm_age_rule_latest:
 * @rule: the rule of the scan
 * @times: the times of a file
 * @mask: which of them count
 *
 * Returns: the latest of those that count and are told, none of them later than now; one of those
 *   has to be told
 */
TmTimestamp
tm_age_rule_latest (const TmAgeRule *rule, const TmTimes *times, TmTimesMask mask)
{
  const TmTimestamp all[] = { times->accessed, times->modified, times->changed, times->created };
  TmTimestamp latest = { .seconds = G_MININT64 };

  mask &= times->mask;
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if ((mask & (1U << i)) != 0)
      latest = tm_timestamp_max (latest, correct (rule, all[i], times));
  return latest;
}

/*
 * tm_age_rule_own_last_use:
 * @rule: from when the age runs
 * @times: the times of an entry
 *
 * Returns: when the entry was last used by its own times, of those of which the basis speaks; now
 *   where the file system tells no modification time
 */
TmTimestamp
tm_age_rule_own_last_use (const TmAgeRule *rule, const TmTimes *times)
{
  if ((times->mask & TM_TIMES_MODIFIED) == 0)
    return rule->now;

  switch (rule->basis)
    {
    case TM_AGE_BASIS_ACCESSED_OR_MODIFIED:
      return tm_age_rule_latest (rule, times, TM_TIMES_ACCESSED | TM_TIMES_MODIFIED);
    case TM_AGE_BASIS_CHANGED:
      return tm_age_rule_latest (
          rule, times, TM_TIMES_ACCESSED | TM_TIMES_MODIFIED | TM_TIMES_CHANGED | TM_TIMES_CREATED);
    case TM_AGE_BASIS_MODIFIED:
    case TM_AGE_BASIS_NEWEST_CONTENT:
    default:
      return tm_age_rule_latest (rule, times, TM_TIMES_MODIFIED);
    }
}

/*
 * tm_age_begin:
 *
 * Returns: a moment before which nothing is newer, on the clock by which the kernel sets the times
 *   of files
 */
TmTimestamp
tm_age_begin (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME_COARSE, &now);
  return (TmTimestamp){ .seconds = now.tv_sec, .nanoseconds = (guint32) now.tv_nsec };
}

/* A time without a fraction may be one that was cut off. */
static gboolean
is_since (TmTimestamp time, TmTimestamp begin)
{
  return time.seconds > begin.seconds ||
         (time.seconds == begin.seconds &&
          (time.nanoseconds == 0 || time.nanoseconds >= begin.nanoseconds));
}

/*
 * tm_age_is_newer:
 * @times: the times of something in the directory
 * @is_directory: whether it is a directory, in which the cleanup may have deleted something
 * @begin: from tm_age_begin(), before anything was deleted
 *
 * Returns: whether another process may have written or created it since
 */
gboolean
tm_age_is_newer (const TmTimes *times, gboolean is_directory, TmTimestamp begin)
{
  TmTimesMask telling = TM_TIMES_CREATED;

  if (!is_directory || (times->mask & TM_TIMES_CREATED) == 0)
    telling |= TM_TIMES_CHANGED;
  if ((times->mask & telling) == 0)
    telling |= TM_TIMES_MODIFIED;
  telling &= times->mask;

  return telling == 0 || ((telling & TM_TIMES_CREATED) != 0 && is_since (times->created, begin)) ||
         ((telling & TM_TIMES_CHANGED) != 0 && is_since (times->changed, begin)) ||
         ((telling & TM_TIMES_MODIFIED) != 0 && is_since (times->modified, begin));
}
