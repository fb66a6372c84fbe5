/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

#include "tm-enums.h"
#include "tm-temporary-directory.h"
#include "tm-version.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * TM_NO_TIMEOUT:
 *
 * The timeout of a [class@Root] whose directories never expire.
 *
 * Since: 1.0
 */
#define TM_NO_TIMEOUT (-1)

/**
 * TM_DEFAULT_LEASE:
 *
 * The lease of a [class@Root], in seconds, unless the program sets another one.
 *
 * Since: 1.0
 */
#define TM_DEFAULT_LEASE 600.0

#define TM_TYPE_ROOT (tm_root_get_type ())

TM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (TmRoot, tm_root, TM, ROOT, GObject)

TM_AVAILABLE_IN_1_0
TmRoot *tm_root_new (GFile *directory,
                     double timeout,
                     TmRootFlags flags,
                     GCancellable *cancellable,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
TM_AVAILABLE_IN_1_0
void tm_root_new_async (GFile *directory,
                        double timeout,
                        TmRootFlags flags,
                        int io_priority,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
TM_AVAILABLE_IN_1_0
TmRoot *tm_root_new_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

TM_AVAILABLE_IN_1_0
GFile *tm_root_get_directory (TmRoot *self);
TM_AVAILABLE_IN_1_0
double tm_root_get_timeout (TmRoot *self);
TM_AVAILABLE_IN_1_0
TmRootFlags tm_root_get_flags (TmRoot *self);
TM_AVAILABLE_IN_1_0
const char *tm_root_get_prefix (TmRoot *self);
TM_AVAILABLE_IN_1_0
void tm_root_set_prefix (TmRoot *self, const char *prefix);
TM_AVAILABLE_IN_1_0
TmAgeBasis tm_root_get_age_basis (TmRoot *self);
TM_AVAILABLE_IN_1_0
void tm_root_set_age_basis (TmRoot *self, TmAgeBasis basis);
TM_AVAILABLE_IN_1_0
char **tm_root_get_exclude (TmRoot *self) G_GNUC_WARN_UNUSED_RESULT;
TM_AVAILABLE_IN_1_0
void tm_root_set_exclude (TmRoot *self, const char *const *exclude);
TM_AVAILABLE_IN_1_0
double tm_root_get_lease (TmRoot *self);
TM_AVAILABLE_IN_1_0
void tm_root_set_lease (TmRoot *self, double lease);
TM_AVAILABLE_IN_1_0
guint tm_root_get_max_entries (TmRoot *self);
TM_AVAILABLE_IN_1_0
void tm_root_set_max_entries (TmRoot *self, guint max_entries);
TM_AVAILABLE_IN_1_0
guint64 tm_root_get_max_size (TmRoot *self);
TM_AVAILABLE_IN_1_0
void tm_root_set_max_size (TmRoot *self, guint64 max_size);
TM_AVAILABLE_IN_1_0
guint64 tm_root_get_min_free_space (TmRoot *self);
TM_AVAILABLE_IN_1_0
void tm_root_set_min_free_space (TmRoot *self, guint64 min_free_space);

TM_AVAILABLE_IN_1_0
TmTemporaryDirectory *tm_root_create_temp_dir (TmRoot *self,
                                               GCancellable *cancellable,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
TM_AVAILABLE_IN_1_0
void tm_root_create_temp_dir_async (TmRoot *self,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
TM_AVAILABLE_IN_1_0
TmTemporaryDirectory *tm_root_create_temp_dir_finish (TmRoot *self,
                                                      GAsyncResult *result,
                                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

TM_AVAILABLE_IN_1_0
gssize tm_root_cleanup (TmRoot *self, GCancellable *cancellable, GError **error);
TM_AVAILABLE_IN_1_0
void tm_root_cleanup_async (TmRoot *self,
                            int io_priority,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
TM_AVAILABLE_IN_1_0
gssize tm_root_cleanup_finish (TmRoot *self, GAsyncResult *result, GError **error);
TM_AVAILABLE_IN_1_0
double tm_root_get_watch_time (TmRoot *self);

TM_AVAILABLE_IN_1_0
GListModel *tm_root_list_entries (TmRoot *self,
                                  TmListFlags flags,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
TM_AVAILABLE_IN_1_0
void tm_root_list_entries_async (TmRoot *self,
                                 TmListFlags flags,
                                 int io_priority,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
TM_AVAILABLE_IN_1_0
GListModel *tm_root_list_entries_finish (TmRoot *self,
                                         GAsyncResult *result,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
