/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-judge-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  TmParent *directory; /* (unowned): the root, opened for reading */
  const char *path;    /* (unowned): its path, for messages */
  TmJudge judge;
} TmSweepOptions;

/* One sub-directory of a root. */
typedef struct
{
  char *name; /* (owned) */
  TmVerdict verdict;
} TmSweepEntry;

GArray *tm_sweep_entries_new (void);
void tm_sweep_entries_sort (GArray *entries);

gssize tm_sweep (const TmSweepOptions *options, GCancellable *cancellable, GError **error);
GArray *tm_sweep_look (const TmSweepOptions *options, GCancellable *cancellable, GError **error);

G_END_DECLS
