/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>

/* The limits of a root: as they were written, and as they were understood. 0 is no limit. */
typedef struct
{
  char *max_entries_text; /* (owned) (nullable) */
  char *max_size_text;    /* (owned) (nullable) */
  char *min_free_text;    /* (owned) (nullable) */

  guint max_entries;
  guint64 max_size;
  guint64 min_free;         /* in bytes */
  guint64 min_free_percent; /* of the size of the file system */
} ToolLimits;

gboolean tool_limits_are_given (const ToolLimits *limits);
gboolean tool_limits_understand (ToolLimits *limits, GError **error);
gboolean tool_limits_apply (const ToolLimits *limits, TmRoot *root, GError **error);
gboolean tool_limits_are_exceeded (TmRoot *root, GListModel *entries);
void tool_limits_clear (ToolLimits *limits);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolLimits, tool_limits_clear)
