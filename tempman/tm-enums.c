/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-enums.h"

G_DEFINE_FLAGS_TYPE (TmRootFlags,
                     tm_root_flags,
                     G_DEFINE_ENUM_VALUE (TM_ROOT_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (TM_ROOT_FLAGS_CREATE_DIRECTORY, "create-directory"),
                     G_DEFINE_ENUM_VALUE (TM_ROOT_FLAGS_RECLAIM_ABANDONED, "reclaim-abandoned"),
                     G_DEFINE_ENUM_VALUE (TM_ROOT_FLAGS_EXPIRE_LIVE, "expire-live"),
                     G_DEFINE_ENUM_VALUE (TM_ROOT_FLAGS_INCLUDE_FILES, "include-files"))

G_DEFINE_ENUM_TYPE (TmAgeBasis,
                    tm_age_basis,
                    G_DEFINE_ENUM_VALUE (TM_AGE_BASIS_ACCESSED_OR_MODIFIED, "accessed-or-modified"),
                    G_DEFINE_ENUM_VALUE (TM_AGE_BASIS_MODIFIED, "modified"),
                    G_DEFINE_ENUM_VALUE (TM_AGE_BASIS_CHANGED, "changed"),
                    G_DEFINE_ENUM_VALUE (TM_AGE_BASIS_NEWEST_CONTENT, "newest-content"))

G_DEFINE_FLAGS_TYPE (TmListFlags,
                     tm_list_flags,
                     G_DEFINE_ENUM_VALUE (TM_LIST_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (TM_LIST_FLAGS_MEASURE, "measure"))

G_DEFINE_ENUM_TYPE (TmRootEntryState,
                    tm_root_entry_state,
                    G_DEFINE_ENUM_VALUE (TM_ROOT_ENTRY_STATE_LIVE, "live"),
                    G_DEFINE_ENUM_VALUE (TM_ROOT_ENTRY_STATE_ABANDONED, "abandoned"),
                    G_DEFINE_ENUM_VALUE (TM_ROOT_ENTRY_STATE_UNOWNED, "unowned"))

G_DEFINE_ENUM_TYPE (TmRemovalReason,
                    tm_removal_reason,
                    G_DEFINE_ENUM_VALUE (TM_REMOVAL_REASON_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (TM_REMOVAL_REASON_EXPIRED, "expired"),
                    G_DEFINE_ENUM_VALUE (TM_REMOVAL_REASON_ABANDONED, "abandoned"),
                    G_DEFINE_ENUM_VALUE (TM_REMOVAL_REASON_OVER_COUNT, "over-count"),
                    G_DEFINE_ENUM_VALUE (TM_REMOVAL_REASON_OVER_SIZE, "over-size"),
                    G_DEFINE_ENUM_VALUE (TM_REMOVAL_REASON_LOW_SPACE, "low-space"))

G_DEFINE_FLAGS_TYPE (TmDeleteFlags,
                     tm_delete_flags,
                     G_DEFINE_ENUM_VALUE (TM_DELETE_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (TM_DELETE_FLAGS_KEEP_DIRECTORY, "keep-directory"),
                     G_DEFINE_ENUM_VALUE (TM_DELETE_FLAGS_ALLOW_MISSING, "allow-missing"),
                     G_DEFINE_ENUM_VALUE (TM_DELETE_FLAGS_FORCE, "force"))

G_DEFINE_FLAGS_TYPE (TmPersistFlags,
                     tm_persist_flags,
                     G_DEFINE_ENUM_VALUE (TM_PERSIST_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (TM_PERSIST_FLAGS_REPLACE, "replace"))
