/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-command.h"
#include "tool-limits.h"

#include <tempman.h>

/* What a cleanup deletes, and where: as it was written, and as it was understood. */
typedef struct
{
  char **paths;         /* (owned) (nullable) */
  char *timeout_text;   /* (owned) (nullable) */
  char *age_basis_text; /* (owned) (nullable) */
  char *lease_text;     /* (owned) (nullable) */
  char **exclude;       /* (owned) (nullable): patterns of names */
  gboolean reclaims;
  gboolean includes_files;
  ToolLimits limits;

  const char *path; /* (unowned): the only one of them, the directory of the root */
  double timeout;
  TmAgeBasis age_basis;
  double lease;
} ToolRules;

TmRoot *tool_rules_read (ToolRules *rules,
                         const ToolCommand *command,
                         const GOptionEntry *own_entries,
                         gboolean needs_rule,
                         char ***arguments,
                         int *status);
void tool_rules_clear (ToolRules *rules);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolRules, tool_rules_clear)
