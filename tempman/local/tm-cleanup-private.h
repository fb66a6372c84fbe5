/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-cleanup-log-private.h"
#include "core/tm-outcomes-private.h"
#include "core/tm-policy-private.h"
#include "local/tm-parent-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  TmParent *directory; /* (unowned): the root, opened for reading */
  const char *path;    /* (unowned): its path, for messages */
  TmPolicy policy;
} TmCleanupOptions;

gssize tm_cleanup (const TmCleanupOptions *options,
                   TmOutcomes *outcomes,
                   TmCleanupLog *log,
                   GCancellable *cancellable,
                   GError **error);
GArray *tm_cleanup_list (const TmCleanupOptions *options,
                         GCancellable *cancellable,
                         GError **error);

G_END_DECLS
