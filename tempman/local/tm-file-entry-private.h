/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-policy-private.h"
#include "local/tm-entry-private.h"

G_BEGIN_DECLS

TmEntryResult tm_file_entry_remove (const TmPolicy *policy,
                                    TmParent *root,
                                    const char *name,
                                    TmVerdict *verdict,
                                    int *error_number);
gboolean tm_file_entry_examine (const TmPolicy *policy,
                                TmParent *root,
                                const char *name,
                                TmVerdict *verdict);

G_END_DECLS
