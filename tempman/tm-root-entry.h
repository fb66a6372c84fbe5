/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

#include "tm-enums.h"
#include "tm-version.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define TM_TYPE_ROOT_ENTRY (tm_root_entry_get_type ())

TM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (TmRootEntry, tm_root_entry, TM, ROOT_ENTRY, GObject)

TM_AVAILABLE_IN_1_0
GFile *tm_root_entry_get_file (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
const char *tm_root_entry_get_name (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
const char *tm_root_entry_get_path (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
GDateTime *tm_root_entry_get_last_used (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
TmRootEntryState tm_root_entry_get_state (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
gboolean tm_root_entry_get_removable (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
TmRemovalReason tm_root_entry_get_reason (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
GFileInfo *tm_root_entry_get_info (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
double tm_root_entry_get_heartbeat_age (TmRootEntry *self);
TM_AVAILABLE_IN_1_0
guint64 tm_root_entry_get_size (TmRootEntry *self);

G_END_DECLS
