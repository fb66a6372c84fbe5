/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>

G_BEGIN_DECLS

/* Temporary directories, for tests of their content and of their end. */
TmTemporaryDirectory *create_in (const char *parent);
char *child_path (TmTemporaryDirectory *directory, const char *name);
gboolean is_at_its_path (TmTemporaryDirectory *directory);
void assert_in_use (const char *path);
void close_successfully (TmTemporaryDirectory *directory);
void delete_tree (const char *path);
gboolean clean_with_systemd (const char *path);
void lay_out (const char *path);
gboolean is_whole (const char *path);

G_END_DECLS
