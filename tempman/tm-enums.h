/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

#include "tm-version.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * TmRootFlags:
 * @TM_ROOT_FLAGS_NONE: the directory has to be there; only the timeout decides what
 *   a cleanup deletes, and never of a directory in use
 * @TM_ROOT_FLAGS_CREATE_DIRECTORY: make the directory, and its parents, with mode 0700
 *   when it is missing, and refuse one that belongs to somebody else
 * @TM_ROOT_FLAGS_RECLAIM_ABANDONED: a cleanup also deletes the directories whose owner
 *   is gone without having closed them, whatever their age
 * @TM_ROOT_FLAGS_EXPIRE_LIVE: the timeout holds for directories in use as well
 *
 * How a [class@Root] treats its directory and what a cleanup may delete.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_ROOT_FLAGS_NONE = 0,
  TM_ROOT_FLAGS_CREATE_DIRECTORY = 1 << 0,
  TM_ROOT_FLAGS_RECLAIM_ABANDONED = 1 << 1,
  TM_ROOT_FLAGS_EXPIRE_LIVE = 1 << 2,
} TmRootFlags;

TM_AVAILABLE_IN_1_0
GType tm_root_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_ROOT_FLAGS (tm_root_flags_get_type ())

G_END_DECLS
