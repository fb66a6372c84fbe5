/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-dirfd-private.h"
#include "tm-enums.h"
#include "tm-parent-private.h"
#include "tm-progress-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A directory on which this process holds, or may hold, the lock. Not safe to share between
 * threads without a lock of the caller's. */
typedef struct _TmClaim TmClaim;

TmClaim *tm_claim_create (TmParent *parent,
                          const char *parent_path,
                          const char *prefix,
                          GCancellable *cancellable,
                          GError **error);
TmClaim *tm_claim_open (TmParent *parent, const char *name);
TmClaim *tm_claim_look_into (TmParent *parent, const char *name);
gboolean tm_claim_is_free (TmClaim *claim);
TmEntryState tm_claim_try_lock (TmClaim *claim, gboolean takes_live);
gboolean tm_claim_is_current (TmClaim *claim);
gboolean tm_claim_is_left_to_its_owner (TmClaim *claim);
gboolean tm_claim_may_be_removed (TmClaim *claim);
gboolean tm_claim_has_repaired_mode (TmClaim *claim);
gboolean tm_claim_delete (TmClaim *claim,
                          const char *path,
                          TmProgress *progress,
                          GCancellable *cancellable,
                          GError **error);
void tm_claim_restore_times (TmClaim *claim);
gboolean tm_claim_disown (TmClaim *claim, const char *path, GError **error);
void tm_claim_mark (TmClaim *claim, gboolean is_in_use);
void tm_claim_release (TmClaim *claim);

int tm_claim_get_fd (TmClaim *claim);
const char *tm_claim_get_name (TmClaim *claim);
TmFileIdentity tm_claim_get_identity (TmClaim *claim);
int tm_claim_stat (TmClaim *claim, struct stat *status);
TmParent *tm_claim_get_parent (TmClaim *claim);
mode_t tm_claim_unmarked_mode (TmClaim *claim, mode_t mode);
TmEntryState tm_claim_mode_state (const char *name, mode_t mode, gboolean lock_reaches_all);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmClaim, tm_claim_release)

G_END_DECLS
