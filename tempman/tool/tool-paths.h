/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

GFile *tool_paths_new_directory (const char *path, GError **error);
gboolean tool_paths_find_victim (const char *path, GFile **file, GError **error);
