/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-limits.h"
#include "tool-operation.h"

#include <tempman.h>

#define TOOL_CREATION_N_ENTRIES 11

/* The parameters of a new directory: its parent or root, its name and its mode. */
typedef struct
{
  char *parent_path;    /* (owned) (nullable) */
  char *root_path;      /* (owned) (nullable) */
  char *timeout_text;   /* (owned) (nullable) */
  char *prefix;         /* (owned) (nullable) */
  char *suffix;         /* (owned) (nullable) */
  char *mode_text;      /* (owned) (nullable) */
  char *age_basis_text; /* (owned) (nullable) */
  char **exclude;       /* (owned) (nullable): patterns of names */

  ToolLimits limits; /* without a size: no creation measures */
  guint mode;
  double timeout;
  TmAgeBasis age_basis;
} ToolCreation;

void tool_creation_get_entries (ToolCreation *creation,
                                GOptionEntry entries[TOOL_CREATION_N_ENTRIES]);
gboolean tool_creation_understand (ToolCreation *creation, GError **error);
void tool_creation_clear (ToolCreation *creation);

TmTemporaryDirectory *tool_creation_run (const ToolCreation *creation,
                                         ToolOperation *operation,
                                         GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolCreation, tool_creation_clear)
