/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>

G_BEGIN_DECLS

char *scratch_describe_age (GDateTime *last_used);
const char *scratch_describe_state (TmRootEntry *entry, gboolean is_ours);
const char *scratch_describe_outcome (TmRootEntry *entry);
const char *scratch_get_style_class (TmRootEntry *entry, gboolean is_ours);

G_END_DECLS
