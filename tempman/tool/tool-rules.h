/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-operation.h"

#include <tempman.h>

/* How many options it has, and the end of them. */
#define TOOL_RULES_N_ENTRIES 4

/* What a cleanup of a root deletes: as it was written, and as it was understood. */
typedef struct
{
  char *timeout_text;   /* (owned) (nullable) */
  char *age_basis_text; /* (owned) (nullable) */
  gboolean reclaims;

  double timeout;
  TmAgeBasis age_basis;
} ToolRules;

void tool_rules_get_entries (ToolRules *rules, GOptionEntry entries[TOOL_RULES_N_ENTRIES]);
gboolean tool_rules_understand (ToolRules *rules, GError **error);
void tool_rules_clear (ToolRules *rules);

TmRoot *tool_rules_open_root (const ToolRules *rules, const char *path, GError **error);
GListModel *tool_rules_list (TmRoot *root, ToolOperation *operation, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolRules, tool_rules_clear)
