/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-output.h"

#include <tempman.h>

#define TOOL_ENTRY_SIZE_CELL 4

void tool_entry_fit (TmRootEntry *entry, gboolean shows_size, ToolColumns *columns);
void tool_entry_print (TmRootEntry *entry,
                       GDateTime *now,
                       ToolCell outcome,
                       gboolean shows_size,
                       const ToolColumns *columns);
void tool_entry_print_json (TmRootEntry *entry, GDateTime *now, gboolean is_measured);
