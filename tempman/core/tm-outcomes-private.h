/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-policy-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The result of a cleanup for one entry. */
typedef struct
{
  char *name; /* (owned) */
  TmVerdict verdict;
  GError *error; /* (owned) (nullable): set if the entry could not be removed */
} TmOutcome;

typedef enum
{
  TM_OUTCOME_REMOVED = 1 << 0,
  TM_OUTCOME_FAILED = 1 << 1
} TmOutcomeKinds;

/* The queue of the outcomes of one cleanup. */
typedef struct _TmOutcomes TmOutcomes;

typedef void (*TmOutcomeFunc) (const TmOutcome *outcome, gpointer data);

TmOutcomes *tm_outcomes_new (TmOutcomeKinds kinds,
                             GTask *task,
                             TmOutcomeFunc function,
                             gpointer data,
                             GDestroyNotify destroy);
void tm_outcomes_free (TmOutcomes *outcomes);

void tm_outcomes_add_removed (TmOutcomes *outcomes,
                              const char *name,
                              const TmVerdict *verdict,
                              GCancellable *cancellable);
void tm_outcomes_add_failed (TmOutcomes *outcomes,
                             const char *name,
                             const TmVerdict *verdict,
                             const GError *error,
                             GCancellable *cancellable);
void tm_outcomes_deliver (TmOutcomes *outcomes);

void tm_outcomes_begin_helper (TmOutcomes *outcomes);
void tm_outcomes_end_helper (TmOutcomes *outcomes);
void tm_outcomes_wait_for_helpers (TmOutcomes *outcomes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmOutcomes, tm_outcomes_free)

G_END_DECLS
