/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Describes an entry of a root in words. */

#include "scratch-describe.h"

#include <glib/gi18n.h>

char *
scratch_describe_age (GDateTime *last_used)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  GTimeSpan span = MAX (g_date_time_difference (now, last_used), 0);
  guint minutes = (guint) (span / G_TIME_SPAN_MINUTE);
  guint hours = minutes / 60;
  guint days = hours / 24;

  if (minutes < 1)
    return g_strdup (_ ("just now"));
  if (hours < 1)
    return g_strdup_printf (ngettext ("%u minute ago", "%u minutes ago", minutes), minutes);
  if (days < 1)
    return g_strdup_printf (ngettext ("%u hour ago", "%u hours ago", hours), hours);
  return g_strdup_printf (ngettext ("%u day ago", "%u days ago", days), days);
}

const char *
scratch_describe_state (TmRootEntry *entry, gboolean is_ours)
{
  if (is_ours)
    /* Translators: the state of a directory: this program has created it. */
    return C_ ("state", "ours");

  switch (tm_root_entry_get_state (entry))
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      return C_ ("state", "in use");
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      return C_ ("state", "abandoned");
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      return C_ ("state", "no owner");
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
      /* Translators: what a cleanup does with a directory, and why. */
      return _ ("delete: expired");
    case TM_REMOVAL_REASON_ABANDONED:
      return _ ("delete: abandoned");
    case TM_REMOVAL_REASON_OVER_COUNT:
      return _ ("delete: too many");
    case TM_REMOVAL_REASON_OVER_SIZE:
      return _ ("delete: too large");
    case TM_REMOVAL_REASON_LOW_SPACE:
      return _ ("delete: disk full");
    case TM_REMOVAL_REASON_NONE:
    default:
      return tm_root_entry_get_state (entry) == TM_ROOT_ENTRY_STATE_LIVE ? _ ("keep: in use")
                                                                         : _ ("keep: not expired");
    }
}
