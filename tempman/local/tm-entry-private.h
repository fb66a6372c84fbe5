/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-policy-private.h"
#include "local/tm-locked-directory-private.h"

G_BEGIN_DECLS

typedef enum
{
  TM_ENTRY_KEPT,
  TM_ENTRY_ACQUIRED, /* locked, for deletion */
  TM_ENTRY_FAILED
} TmEntryResult;

TmEntryResult tm_entry_acquire (const TmPolicy *policy,
                                TmParent *root,
                                const char *name,
                                GCancellable *cancellable,
                                TmLockedDirectory **taken,
                                TmVerdict *verdict,
                                int *error_number);
TmKeepReason tm_entry_find_exclusion (const TmPolicy *policy, int root_fd, const char *name);
gboolean tm_entry_examine (const TmPolicy *policy,
                           TmParent *root,
                           const char *name,
                           GCancellable *cancellable,
                           TmVerdict *verdict);

G_END_DECLS
