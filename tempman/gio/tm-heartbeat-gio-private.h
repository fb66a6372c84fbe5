/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-heartbeat-private.h"
#include "core/tm-watch-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The heartbeat of a directory that GIO serves, and the clock of its file system. */
typedef struct _TmHeartbeatGio TmHeartbeatGio;

gboolean tm_heartbeat_gio_beat (GFile *file, GError **error);
TmHeartbeatGio *tm_heartbeat_gio_start (GFile *file, const char *identity);
void tm_heartbeat_gio_stop (TmHeartbeatGio *heartbeat);

gboolean tm_heartbeat_gio_read_signs (GFile *root,
                                      GCancellable *cancellable,
                                      TmFileSystemSigns *signs);

G_END_DECLS
