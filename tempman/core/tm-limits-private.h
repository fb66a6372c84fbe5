/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-policy-private.h"

G_BEGIN_DECLS

/* Removes an entry for @reason. Returns whether it did. */
typedef gboolean (*TmLimitsRemoveFunc) (gpointer data,
                                        TmListedEntry *entry,
                                        TmRemovalReason reason);

/* Whether an entry that could not be removed still exists. */
typedef gboolean (*TmLimitsExistsFunc) (gpointer data, const TmListedEntry *entry);

/* Returns the free space of the file system in bytes, or G_MAXUINT64 if it is unknown. */
typedef guint64 (*TmLimitsFreeSpaceFunc) (gpointer data);

/* What is known of the free space of a file system that shows freed space late. */
typedef struct
{
  guint64 first; /* the free space before the first deletion */
  guint64 freed; /* by deletions, as measured before them */
} TmFreedSpace;

gboolean tm_limits_are_set (const TmLimits *limits);
gboolean tm_limits_are_reason (TmRemovalReason reason);
guint64 tm_limits_predict_free_space (const TmFreedSpace *space, guint64 reported);
gboolean tm_limits_need_sizes (const TmPolicy *policy,
                               gboolean is_list,
                               TmLimitsFreeSpaceFunc get_free_space,
                               gpointer data);
void tm_limits_apply (const TmPolicy *policy,
                      gboolean is_list,
                      GArray *entries,
                      TmLimitsRemoveFunc remove,
                      TmLimitsExistsFunc exists,
                      TmLimitsFreeSpaceFunc get_free_space,
                      gpointer data);

G_END_DECLS
