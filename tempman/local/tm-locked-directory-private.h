/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"
#include "tm-enums.h"
#include "local/tm-parent-private.h"
#include "core/tm-backend-private.h"
#include "core/tm-policy-private.h"
#include "core/tm-progress-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A directory on which this process holds, or tries to hold, the lock. Not safe for use by several
 * threads at a time. */
typedef struct _TmLockedDirectory TmLockedDirectory;

TmLockedDirectory *tm_locked_directory_create (TmParent *parent,
                                               const char *parent_path,
                                               const TmCreation *creation,
                                               gboolean *is_stale,
                                               char **path_out,
                                               GCancellable *cancellable,
                                               GError **error);
void tm_locked_directory_describe (TmLockedDirectory *directory, TmCreationResult *result);
TmLockedDirectory *tm_locked_directory_open (TmParent *parent, const char *name);
TmLockedDirectory *tm_locked_directory_open_unchanged (TmParent *parent, const char *name);
gboolean tm_locked_directory_is_free (TmLockedDirectory *directory);
int tm_locked_directory_try_lock (TmLockedDirectory *directory,
                                  gboolean deletes_live,
                                  TmLockSign *lock,
                                  mode_t *mode);
gboolean tm_locked_directory_is_current (TmLockedDirectory *directory);
gboolean tm_locked_directory_is_left_to_its_owner (TmLockedDirectory *directory);
gboolean tm_locked_directory_may_be_removed (TmLockedDirectory *directory);
gboolean tm_locked_directory_has_repaired_mode (TmLockedDirectory *directory);
gboolean tm_locked_directory_delete (TmLockedDirectory *directory,
                                     const char *path,
                                     TmDeleteFlags flags,
                                     TmProgress *progress,
                                     GCancellable *cancellable,
                                     GError **error);
void tm_locked_directory_restore_times (TmLockedDirectory *directory);
gboolean tm_locked_directory_keep (TmLockedDirectory *directory, const char *path, GError **error);
void tm_locked_directory_mark (TmLockedDirectory *directory, gboolean is_in_use);
gboolean tm_locked_directory_adopt (TmLockedDirectory *directory, const char *path, GError **error);
void tm_locked_directory_release (TmLockedDirectory *directory);

int tm_locked_directory_get_fd (TmLockedDirectory *directory);
const char *tm_locked_directory_get_name (TmLockedDirectory *directory);
TmFileIdentity tm_locked_directory_get_identity (TmLockedDirectory *directory);
int tm_locked_directory_stat (TmLockedDirectory *directory, struct stat *status);
TmParent *tm_locked_directory_get_parent (TmLockedDirectory *directory);
mode_t tm_locked_directory_unmarked_mode (TmLockedDirectory *directory, mode_t mode);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmLockedDirectory, tm_locked_directory_release)

G_END_DECLS
