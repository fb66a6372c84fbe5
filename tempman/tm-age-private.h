/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-dirfd-private.h"
#include "tm-enums.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A time as file systems store it: neither microseconds in 64 bits nor a GDateTime can hold all of
 * them. */
typedef struct
{
  gint64 seconds;      /* since 1970, rounded down */
  guint32 nanoseconds; /* after that */
} TmTimestamp;

/* When an entry counts as old. */
typedef struct
{
  TmAgeBasis basis;
  double timeout;  /* in seconds; negative for never */
  TmTimestamp now; /* the same for all entries of one pass */
} TmAgeRule;

void tm_age_rule_init (TmAgeRule *rule, TmAgeBasis basis, double timeout);
gboolean tm_age_rule_is_expired (const TmAgeRule *rule, TmTimestamp last_used);
TmTimestamp tm_timestamp (const struct statx_timestamp *time);
TmTimestamp tm_timestamp_max (TmTimestamp a, TmTimestamp b);

int tm_age_find_last_use (const TmAgeRule *rule,
                          int directory,
                          const char *name,
                          const struct statx *status,
                          gboolean exactly,
                          GCancellable *cancellable,
                          TmTimestamp *last_used);

G_END_DECLS
