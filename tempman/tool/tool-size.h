/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

gboolean tool_size_parse (const char *text, guint64 *bytes, GError **error);
char *tool_size_format (guint64 bytes);
