/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-progress-private.h"

G_BEGIN_DECLS

gboolean tm_delete_tree_gio_make_directory (GFile *file, GError **error);
gboolean tm_delete_tree_gio_delete (GFile *file,
                                    TmProgress *progress,
                                    GCancellable *cancellable,
                                    GError **error);
gboolean tm_delete_tree_gio_delete_directory (GFile *file,
                                              const char *identity,
                                              GCancellable *cancellable,
                                              GError **error);

G_END_DECLS
