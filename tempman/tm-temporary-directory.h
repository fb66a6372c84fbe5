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

#define TM_TYPE_TEMPORARY_DIRECTORY (tm_temporary_directory_get_type ())

TM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (TmTemporaryDirectory,
                      tm_temporary_directory,
                      TM,
                      TEMPORARY_DIRECTORY,
                      GObject)

TM_AVAILABLE_IN_1_0
TmTemporaryDirectory *tm_temporary_directory_new (GFile *parent,
                                                  const char *prefix,
                                                  GCancellable *cancellable,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
TM_AVAILABLE_IN_1_0
void tm_temporary_directory_new_async (GFile *parent,
                                       const char *prefix,
                                       int io_priority,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
TM_AVAILABLE_IN_1_0
TmTemporaryDirectory *tm_temporary_directory_new_finish (GAsyncResult *result,
                                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

TM_AVAILABLE_IN_1_0
GFile *tm_temporary_directory_get_file (TmTemporaryDirectory *self);
TM_AVAILABLE_IN_1_0
const char *tm_temporary_directory_get_path (TmTemporaryDirectory *self);
TM_AVAILABLE_IN_1_0
int tm_temporary_directory_get_fd (TmTemporaryDirectory *self);
TM_AVAILABLE_IN_1_0
GFile *tm_temporary_directory_get_child (TmTemporaryDirectory *self,
                                         const char *name) G_GNUC_WARN_UNUSED_RESULT;
TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_is_closed (TmTemporaryDirectory *self);

TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_close (TmTemporaryDirectory *self,
                                       GCancellable *cancellable,
                                       GError **error);
TM_AVAILABLE_IN_1_0
void tm_temporary_directory_close_async (TmTemporaryDirectory *self,
                                         int io_priority,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_close_finish (TmTemporaryDirectory *self,
                                              GAsyncResult *result,
                                              GError **error);

TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_adopt (TmTemporaryDirectory *self, GError **error);

TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_keep (TmTemporaryDirectory *self,
                                      GCancellable *cancellable,
                                      GError **error);
TM_AVAILABLE_IN_1_0
void tm_temporary_directory_keep_async (TmTemporaryDirectory *self,
                                        int io_priority,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_keep_finish (TmTemporaryDirectory *self,
                                             GAsyncResult *result,
                                             GError **error);

TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_persist (TmTemporaryDirectory *self,
                                         GFile *destination,
                                         TmPersistFlags flags,
                                         GCancellable *cancellable,
                                         GError **error);
TM_AVAILABLE_IN_1_0
void tm_temporary_directory_persist_async (TmTemporaryDirectory *self,
                                           GFile *destination,
                                           TmPersistFlags flags,
                                           int io_priority,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
TM_AVAILABLE_IN_1_0
gboolean tm_temporary_directory_persist_finish (TmTemporaryDirectory *self,
                                                GAsyncResult *result,
                                                GError **error);

G_END_DECLS
