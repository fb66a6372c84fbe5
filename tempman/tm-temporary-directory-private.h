/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "tm-temporary-directory.h"

G_BEGIN_DECLS

TmTemporaryDirectory *tm_temporary_directory_new_in (TmBackendRoot *parent,
                                                     const char *prefix,
                                                     GCancellable *cancellable,
                                                     GError **error);

G_END_DECLS
