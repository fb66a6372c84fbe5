/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean tm_exclude_matches (const char *const *patterns, const char *name);
gboolean tm_exclude_is_well_known (const char *name);

G_END_DECLS
