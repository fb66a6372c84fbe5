/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-delete.h"
#include "tm-deletion.h"

G_BEGIN_DECLS

TmDeletion *tm_deletion_new_with_progress (GFile *file,
                                           TmDeleteFlags flags,
                                           TmDeleteProgressCallback progress,
                                           gpointer progress_data,
                                           GDestroyNotify progress_data_destroy);
void tm_deletion_start (TmDeletion *self,
                        gpointer source,
                        gpointer source_tag,
                        int io_priority,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);

G_END_DECLS
