/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-age-private.h"
#include "tm-claim-private.h"
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
} TmJudge;

/* What is to become of a sub-directory, and why. */
typedef struct
{
  TmTimes times;         /* its own, as far as the file system tells them */
  TmTimestamp last_used; /* on the basis of the rule */
  TmEntryState state;
  gboolean goes; /* a cleanup deletes it */
} TmVerdict;

void tm_judge_clear (TmJudge *judge);
gboolean tm_judge_may_take_any (const TmJudge *judge);
gboolean tm_judge_decide (const TmJudge *judge, TmEntryState state, TmTimestamp last_used);
gboolean tm_judge_look_at (const TmJudge *judge,
                           TmParent *root,
                           const char *name,
                           GCancellable *cancellable,
                           TmVerdict *verdict);
TmClaim *
tm_judge_take (const TmJudge *judge, TmParent *root, const char *name, GCancellable *cancellable);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TmJudge, tm_judge_clear)

G_END_DECLS
