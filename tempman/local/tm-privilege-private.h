/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* Who can remove an entry from a directory with the sticky bit. */

gboolean tm_privilege_is_needed (const struct stat *status, const TmFileStatus *parent);
gboolean tm_privilege_suffices (const struct stat *status);

G_END_DECLS
