/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-age-private.h"
#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* More are not looked at: what cannot be known in a short time counts as used. */
#define TM_RESTORE_MAX_ENTRIES 10000

TmTimestamp tm_restore_begin (void);
gboolean tm_restore_is_newer (const TmTimes *times, gboolean is_directory, TmTimestamp begin);
void tm_restore_times (int dirfd, const struct timespec times[2], TmTimestamp begin);

G_END_DECLS
