/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-policy-private.h"
#include "tm-root-entry.h"

G_BEGIN_DECLS

TmRootEntry *tm_root_entry_new (GFile *root, const char *name, const TmVerdict *verdict);

G_END_DECLS
