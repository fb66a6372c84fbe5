/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

/* How often the line is drawn. */
#define TOOL_PROGRESS_INTERVAL_MS 100

typedef struct _ToolProgress ToolProgress;

ToolProgress *tool_progress_new (const char *title);
void tool_progress_free (ToolProgress *progress);
gboolean tool_progress_is_drawn (ToolProgress *progress);
void tool_progress_tick (ToolProgress *progress);
void tool_progress_set_counts (ToolProgress *progress, guint64 n_done, guint64 n_found);
void tool_progress_set_deadline (ToolProgress *progress, gint64 deadline);
void tool_progress_hide (ToolProgress *progress);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolProgress, tool_progress_free)
