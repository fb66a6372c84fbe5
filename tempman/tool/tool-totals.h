/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-rules.h"

char *tool_totals_describe_list (const ToolRules *rules,
                                 guint n_entries,
                                 const char *size,
                                 guint n_removable,
                                 const char *removable_size);
char *tool_totals_describe_cleanup (const ToolRules *rules,
                                    gulong n_removed,
                                    const char *size,
                                    gboolean is_dry_run);
