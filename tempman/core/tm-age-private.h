/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

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
  double timeout;       /* in seconds; negative: nothing expires */
  gboolean has_timeout; /* whether it is not */
  TmTimestamp oldest;   /* an entry that was last used before this is expired */
  TmTimestamp now;      /* by the clock of the file system; the same for all entries of one scan */
  gint64 begin;         /* the same on the monotonic clock of this machine */
  gboolean is_shared;   /* whether other machines change the entries too */
} TmAgeRule;

/* The times of one file. What its file system does not tell is not in the mask. */
typedef enum /*< flags >*/
{
  TM_TIMES_ACCESSED = 1 << 0,
  TM_TIMES_MODIFIED = 1 << 1,
  TM_TIMES_CHANGED = 1 << 2,
  TM_TIMES_CREATED = 1 << 3,
} TmTimesMask;

typedef struct
{
  TmTimesMask mask;
  TmTimestamp accessed;
  TmTimestamp modified;
  TmTimestamp changed;
  TmTimestamp created;
} TmTimes;

void tm_age_rule_init (TmAgeRule *rule, TmAgeBasis basis, double timeout);
gboolean tm_age_rule_is_expired (const TmAgeRule *rule, TmTimestamp last_used);
void tm_age_rule_set_now (TmAgeRule *rule, TmTimestamp now);
gboolean tm_timestamp_equal (TmTimestamp a, TmTimestamp b);
int tm_timestamp_compare (TmTimestamp a, TmTimestamp b);
TmTimestamp tm_timestamp_max (TmTimestamp a, TmTimestamp b);
TmTimestamp tm_timestamp_add (TmTimestamp time, gint64 microseconds);
double tm_timestamp_subtract (TmTimestamp a, TmTimestamp b);
gint64 tm_timestamp_get_boot_time (void);
TmTimestamp tm_age_rule_latest (const TmAgeRule *rule, const TmTimes *times, TmTimesMask mask);
TmTimestamp tm_age_rule_own_last_use (const TmAgeRule *rule, const TmTimes *times);
/* A search for newer entries ends after this many, and counts as successful: what cannot be known
 * in a short time counts as used. */
#define TM_AGE_MAX_ENTRIES 10000

TmTimestamp tm_age_begin (void);
gboolean tm_age_is_newer (const TmTimes *times, gboolean is_directory, TmTimestamp begin);

G_END_DECLS
