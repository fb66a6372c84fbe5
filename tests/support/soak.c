/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "soak.h"

/* Whether this is the soak suite. */
gboolean
is_soak (void)
{
  return g_getenv ("TEMPMAN_SOAK") != NULL;
}

static guint64
get_number (const char *variable, guint64 otherwise)
{
  const char *value = g_getenv (variable);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : otherwise;
}

Limit
limit_from_now (double seconds)
{
  return (Limit){ g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC), G_MAXUINT64 };
}

/* Returns the limit of a test that proves more the longer it runs: @otherwise seconds, but in the
 * soak suite the time or the count from the environment, whichever is reached first. */
Limit
limit_of_soak (double otherwise)
{
  guint64 count = get_number ("TEMPMAN_SOAK_COUNT", G_MAXUINT64);
  guint64 seconds = get_number ("TEMPMAN_SOAK_SECONDS", 60);
  Limit limit;

  if (!is_soak ())
    return limit_from_now (otherwise);

  limit = limit_from_now ((double) seconds);
  limit.count = count;
  if (count != G_MAXUINT64 && g_getenv ("TEMPMAN_SOAK_SECONDS") == NULL)
    limit.end = G_MAXINT64;
  return limit;
}

gboolean
limit_is_reached (const Limit *limit, guint64 count)
{
  return count >= limit->count || g_get_monotonic_time () >= limit->end;
}
