/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "core/tm-cleanup-log-private.h"
#include "core/tm-outcomes-private.h"
#include "core/tm-policy-private.h"

G_BEGIN_DECLS

gssize tm_cleanup_gio (TmBackendRoot *root,
                       const TmPolicy *policy,
                       TmOutcomes *outcomes,
                       TmCleanupLog *log,
                       GCancellable *cancellable,
                       GError **error);
GArray *tm_cleanup_gio_list (TmBackendRoot *root,
                             const TmPolicy *policy,
                             GCancellable *cancellable,
                             GError **error);

G_END_DECLS
