/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Describes an entry of a root in words. */

#include "scratch-describe.h"

static char *
describe_time (int n, const char *unit)
{
  return g_strdup_printf ("%d %s%s ago", n, unit, n == 1 ? "" : "s");
}

char *
scratch_describe_age (GDateTime *last_used)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  int minutes = (int) (g_date_time_difference (now, last_used) / G_TIME_SPAN_MINUTE);

  if (minutes < 1)
    return g_strdup ("just now");
  if (minutes < 60)
    return describe_time (minutes, "minute");
  if (minutes < 24 * 60)
    return describe_time (minutes / 60, "hour");
  return describe_time (minutes / (24 * 60), "day");
}

const char *
scratch_describe_state (TmRootEntry *entry, gboolean is_ours)
{
  if (is_ours)
    return "ours";

  switch (tm_root_entry_get_state (entry))
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      return "in use";
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      return "abandoned";
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      return "no owner";
    }
}

const char *
scratch_get_style_class (TmRootEntry *entry, gboolean is_ours)
{
  if (is_ours)
    return "ours";

  switch (tm_root_entry_get_state (entry))
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      return "live";
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      return "abandoned";
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      return "unowned";
    }
}

const char *
scratch_describe_outcome (TmRootEntry *entry)
{
  switch (tm_root_entry_get_reason (entry))
    {
    case TM_REMOVAL_REASON_EXPIRED:
      return "delete: expired";
    case TM_REMOVAL_REASON_ABANDONED:
      return "delete: abandoned";
    case TM_REMOVAL_REASON_OVER_COUNT:
      return "delete: too many";
    case TM_REMOVAL_REASON_OVER_SIZE:
      return "delete: too large";
    case TM_REMOVAL_REASON_LOW_SPACE:
      return "delete: disk full";
    case TM_REMOVAL_REASON_NONE:
    default:
      return tm_root_entry_get_state (entry) == TM_ROOT_ENTRY_STATE_LIVE ? "keep: in use"
                                                                         : "keep: not expired";
    }
}
