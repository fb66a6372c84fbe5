/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *tm_name_new (const char *prefix, const char *suffix, gboolean is_local);
gboolean tm_name_suffix_is_valid (const char *suffix);
gboolean tm_name_is_ours (const char *name);

G_END_DECLS
