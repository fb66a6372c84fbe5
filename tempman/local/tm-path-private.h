/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"

#include <gio/gio.h>

#include <fcntl.h>

G_BEGIN_DECLS

int tm_path_open (const char *path, int flags, char **resolved, char **refused);
char *tm_path_get_child (const char *path, const char *name);
int tm_path_make_directory (const char *path, char **refused);
gboolean tm_path_passes (const char *path, TmFileIdentity directory);

G_END_DECLS
