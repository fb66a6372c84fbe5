/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean enter_mount_namespace (void);
gboolean kernel_names_mounts (void);
gboolean mount_tmpfs (const char *path);
gboolean make_mountable (const char *path);
gboolean mount_tmpfs_of_size (const char *path, guint mebibytes);
gboolean mount_overlay (const char *base, const char *lower, const char *merged);

G_END_DECLS
