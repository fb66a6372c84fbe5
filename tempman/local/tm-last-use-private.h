/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-age-private.h"
#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

int tm_last_use_find (const TmAgeRule *rule,
                      int directory,
                      const char *name,
                      const TmFileStatus *status,
                      gboolean exactly,
                      GCancellable *cancellable,
                      TmTimestamp *last_used);

G_END_DECLS
