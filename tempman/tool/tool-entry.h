/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-outcome.h"
#include "tool-output.h"

#include <tempman.h>

void tool_entry_fit (TmRootEntry *entry,
                     GDateTime *now,
                     ToolOutcome outcome,
                     gboolean shows_size,
                     ToolColumns *columns);
void tool_entry_print (TmRootEntry *entry,
                       GDateTime *now,
                       ToolOutcome outcome,
                       ToolColor outcome_color,
                       gboolean shows_size,
                       const ToolColumns *columns);
void tool_entry_print_json (TmRootEntry *entry, GDateTime *now, gboolean is_measured);
