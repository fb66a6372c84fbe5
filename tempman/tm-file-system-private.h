/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean tm_file_system_is_local (int dirfd, guint64 mount);
gboolean tm_file_system_keeps_owners (int dirfd);
gboolean tm_file_system_keeps_handles (int dirfd);

G_END_DECLS
