/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

#include "tm-enums.h"
#include "tm-version.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define TM_TYPE_DELETION (tm_deletion_get_type ())

TM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (TmDeletion, tm_deletion, TM, DELETION, GObject)

TM_AVAILABLE_IN_1_0
TmDeletion *tm_deletion_new (GFile *file, TmDeleteFlags flags) G_GNUC_WARN_UNUSED_RESULT;

TM_AVAILABLE_IN_1_0
gboolean tm_deletion_run (TmDeletion *self, GCancellable *cancellable, GError **error);
TM_AVAILABLE_IN_1_0
void tm_deletion_run_async (TmDeletion *self,
                            int io_priority,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
TM_AVAILABLE_IN_1_0
gboolean tm_deletion_run_finish (TmDeletion *self, GAsyncResult *result, GError **error);

TM_AVAILABLE_IN_1_0
GFile *tm_deletion_get_file (TmDeletion *self);
TM_AVAILABLE_IN_1_0
TmDeleteFlags tm_deletion_get_flags (TmDeletion *self);
TM_AVAILABLE_IN_1_0
guint64 tm_deletion_get_n_found (TmDeletion *self);
TM_AVAILABLE_IN_1_0
guint64 tm_deletion_get_n_deleted (TmDeletion *self);
TM_AVAILABLE_IN_1_0
guint64 tm_deletion_get_bytes_freed (TmDeletion *self);
TM_AVAILABLE_IN_1_0
double tm_deletion_get_fraction (TmDeletion *self);

G_END_DECLS
