/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "support.h"

#include <tempman.h>

G_BEGIN_DECLS

char *temporary_parent (Sandbox *sandbox);
TmTemporaryDirectory *create_with_content (const char *parent);
gboolean has_content (const char *path);
void assert_persists (TmTemporaryDirectory *directory, const char *path, TmPersistFlags flags);
void assert_persist_fails (TmTemporaryDirectory *directory,
                           const char *path,
                           TmPersistFlags flags,
                           int code);

G_END_DECLS
