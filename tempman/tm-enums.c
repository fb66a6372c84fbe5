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
                     G_DEFINE_ENUM_VALUE (TM_ROOT_FLAGS_EXPIRE_LIVE, "expire-live"))
