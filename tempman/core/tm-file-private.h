/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GFile *tm_file_new_for_local_path (const char *path);
char *tm_file_get_path (GFile *file);
char *tm_file_get_display_name (GFile *file);
gboolean tm_file_info_is_directory_of (GFileInfo *info, const char *identity);

G_END_DECLS
