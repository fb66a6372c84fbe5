/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

char *tm_name_new (const char *prefix, const char *suffix, gboolean is_local);
gboolean tm_name_suffix_is_valid (const char *suffix);
gboolean tm_name_is_ours (const char *name);

/* The sticky bit: mkdir() sets it in the same step and no umask takes it away. */
#define TM_MARK S_ISVTX

gboolean tm_mark_is_set (const char *name, mode_t mode);

G_END_DECLS
