/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-watch-private.h"

#include <glib.h>

#include <sys/stat.h>
#include <sys/types.h>

G_BEGIN_DECLS

gboolean tm_file_system_is_shared (int dirfd, guint64 mount);
gboolean tm_file_system_clears_links (int dirfd, guint64 mount);
gboolean tm_file_system_count_directories (int dirfd, guint64 *n_directories);
gboolean tm_file_system_frees_at_once (int dirfd);
gboolean tm_file_system_read_signs (int dirfd, TmFileSystemSigns *signs);
gboolean tm_file_system_shows_foreign_owner (int fd, uid_t owner, int parent, gboolean is_new);

gboolean tm_mounts_can_hold (const char *path, dev_t device);

G_END_DECLS
