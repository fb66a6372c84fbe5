/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-age-private.h"
#include "local/tm-locked-directory-private.h"
#include "tm-enums.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* By what the entries of one root are judged, in one pass. */
typedef struct
{
  TmAgeRule age;
  TmRootFlags flags;
  GStrv exclude;             /* (owned) (nullable): patterns of names that stay */
  gboolean lock_reaches_all; /* FALSE where locks of other machines are not seen */
} TmPolicy;

/* What is to become of a sub-directory, and why. */
typedef struct
{
  TmTimes times;         /* its own, as far as the file system tells them */
  TmTimestamp last_used; /* on the basis of the rule */
  TmEntryState state;
  gboolean goes; /* a cleanup deletes it */
} TmVerdict;

void tm_policy_clear (TmPolicy *policy);
gboolean tm_policy_may_take_any (const TmPolicy *policy);
gboolean tm_policy_decide (const TmPolicy *policy, TmEntryState state, TmTimestamp last_used);
gboolean tm_policy_look_at (const TmPolicy *policy,
                            TmParent *root,
                            const char *name,
                            GCancellable *cancellable,
                            TmVerdict *verdict);
TmLockedDirectory *tm_policy_take (const TmPolicy *policy,
                                   TmParent *root,
                                   const char *name,
                                   GCancellable *cancellable);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TmPolicy, tm_policy_clear)

G_END_DECLS
