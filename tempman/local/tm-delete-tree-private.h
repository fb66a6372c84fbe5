/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-progress-private.h"
#include "tm-enums.h"

G_BEGIN_DECLS

gboolean tm_delete_tree_empty (int dirfd,
                               const char *path,
                               TmDeleteFlags flags,
                               gboolean is_removed_next,
                               TmProgress *progress,
                               GCancellable *cancellable,
                               GError **error);

G_END_DECLS
