/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "core/tm-progress-private.h"

G_BEGIN_DECLS

gboolean tm_delete_tree_gio_make_directory (GFile *file,
                                            guint mode,
                                            GCancellable *cancellable,
                                            GError **error);
TmDeleteResult tm_delete_tree_gio_delete (GFile *file,
                                          gboolean keeps_directory,
                                          TmProgress *progress,
                                          GCancellable *cancellable,
                                          GError **error);
gboolean tm_delete_tree_gio_delete_directory (GFile *file,
                                              const char *identity,
                                              GCancellable *cancellable,
                                              GError **error);

G_END_DECLS
