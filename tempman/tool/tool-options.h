/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-command.h"

gboolean tool_options_parse (const ToolCommand *command,
                             const GOptionEntry *entries,
                             const GOptionEntry *shared_entries,
                             gboolean is_strict,
                             char ***arguments,
                             int *status);
int tool_options_refuse (const ToolCommand *command, GError *error);
