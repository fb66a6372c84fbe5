/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Roots, for tests of their entries and of cleanups. */
TmRoot *open_root (const char *path, double timeout, TmRootFlags flags);
TmRoot *open_root_of_file (GFile *file, double timeout, TmRootFlags flags);
TmRoot *open_reclaiming_root (const char *path);
TmTemporaryDirectory *create_under (TmRoot *root);
void assert_cleanup (TmRoot *root, gssize expected);
pid_t start_holder (TmRoot *root, guint n_directories);

G_END_DECLS
