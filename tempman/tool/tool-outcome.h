/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* What a cleanup does with an entry. */
typedef enum
{
  TOOL_OUTCOME_KEPT,
  TOOL_OUTCOME_REMOVABLE,
  TOOL_OUTCOME_REMOVED,
  TOOL_OUTCOME_FAILED,
} ToolOutcome;
