/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-sweep-private.h"

G_BEGIN_DECLS

gssize
tm_sweep_remote (GFile *directory, const TmJudge *judge, GCancellable *cancellable, GError **error);
GArray *tm_sweep_remote_look (GFile *directory,
                              const TmJudge *judge,
                              GCancellable *cancellable,
                              GError **error);

G_END_DECLS
