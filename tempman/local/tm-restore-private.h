/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-age-private.h"
#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

void tm_restore_times (int dirfd, const TmTimes *times, TmTimestamp begin);

G_END_DECLS
