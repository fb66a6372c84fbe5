/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What several tests of roots do with one. */
TmTemporaryDirectory *create_under (TmRoot *root);
void assert_cleanup (TmRoot *root, gssize expected);
pid_t start_holder (TmRoot *root, guint n_directories);

G_END_DECLS
