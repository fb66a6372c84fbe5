/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-progress.h"

#include <gio/gio.h>

typedef enum
{
  TOOL_INTERRUPTION_ANY,         /* any signal that asks the program to end */
  TOOL_INTERRUPTION_BY_KEY_ONLY, /* only Ctrl+C, or a second signal */
} ToolInterruption;

typedef struct _ToolOperation ToolOperation;

ToolOperation *tool_operation_new (ToolInterruption interruption, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
void tool_operation_free (ToolOperation *operation);

GCancellable *tool_operation_get_cancellable (ToolOperation *operation);
ToolProgress *tool_operation_get_progress (ToolOperation *operation);

gboolean tool_operation_is_interrupted (ToolOperation *operation);
gboolean tool_operation_wait (ToolOperation *operation, double seconds);
void tool_operation_fail (ToolOperation *operation, GError *error);
int tool_operation_end (ToolOperation *operation, int failed_status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolOperation, tool_operation_free)
