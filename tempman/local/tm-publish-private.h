/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "local/tm-locked-directory-private.h"

G_BEGIN_DECLS

/* TmReplaced: the file that a publication has replaced, and that now has the former name of the
 * published directory. */

gboolean tm_publish (TmLockedDirectory *directory,
                     const char *path,
                     const char *destination,
                     gboolean replace,
                     TmReplaced **replaced,
                     GError **error);
gboolean tm_replaced_delete (TmReplaced *replaced, GError **error);
void tm_replaced_free (TmReplaced *replaced);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmReplaced, tm_replaced_free)

G_END_DECLS
