/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

typedef struct _ToolProgress ToolProgress;

ToolProgress *tool_progress_new (const char *title);
void tool_progress_free (ToolProgress *progress);
void tool_progress_set_counts (ToolProgress *progress, guint64 n_done, guint64 n_found);
void tool_progress_hide (ToolProgress *progress);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolProgress, tool_progress_free)
