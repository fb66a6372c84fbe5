/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "sandbox.h"

#include <sys/types.h>

G_BEGIN_DECLS

void make_directory (const char *path);
void make_file (const char *path);
void make_tree (const char *path);
void make_old (const char *path, gint64 seconds);
char *make_old_directory (Sandbox *sandbox, const char *name, gint64 seconds);
char *make_old_with_mode (Sandbox *sandbox, const char *name, mode_t mode, gint64 seconds);

gboolean path_exists (const char *path);
mode_t get_mode (const char *path);
guint count_entries (const char *path);
guint count_open_descriptors (void);

/* A name as the library creates them: only with such a name is the sticky bit the mark. */
#define RANDOM_PART "abcdefghijklmnopqrst"
#define OUR_NAME(prefix) prefix "-" RANDOM_PART

G_END_DECLS
