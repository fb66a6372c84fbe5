/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>

gboolean tool_age_parse (const char *text, double *seconds, GError **error);
gint64 tool_age_since (GDateTime *then, GDateTime *now);
gint64 tool_age_to_seconds (double seconds);
char *tool_age_format (gint64 seconds);
gboolean tool_age_parse_basis (const char *text, TmAgeBasis *basis, GError **error);
gboolean tool_age_check_exclude (char **patterns, GError **error);
