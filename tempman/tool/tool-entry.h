/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-output.h"

#include <tempman.h>

void tool_entry_fit (TmRootEntry *entry, ToolColumns *columns);
void
tool_entry_print (TmRootEntry *entry, GDateTime *now, ToolCell outcome, const ToolColumns *columns);
void tool_entry_print_json (TmRootEntry *entry, GDateTime *now);
